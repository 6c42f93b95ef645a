#include "api/health.h"

#include <inttypes.h>

static void answer_text(struct http_request *request, int status, const char *text) {
    http_set_status(request, status);
    http_add_header(request, "Content-Type", lk_slice_cstr("text/plain; charset=utf-8"));
    http_add_header(request, "Cache-Control", lk_slice_cstr("no-store"));
    http_set_body(request, lk_slice_cstr(text));
    http_send(request);
}

void lk_health_live(struct http_request *request, void *health) {
    (void)health;
    answer_text(request, 200, "ok\n");
}

void lk_health_ready(struct http_request *request, void *health) {
    const struct lk_health *h = health;
    if (atomic_load_explicit(&h->ready, memory_order_relaxed))
        answer_text(request, 200, "ready\n");
    else
        answer_text(request, 503, "not ready\n");
}

static void metric(struct lk_buf *out, const char *name, const char *type, const char *help, uint64_t value) {
    lk_buf_addf(out, "# HELP latchkey_%s %s\n# TYPE latchkey_%s %s\nlatchkey_%s %" PRIu64 "\n", name, help, name, type, name, value);
}

static void http_metrics(struct lk_buf *out, const struct http_server *server) {
    struct http_stats stats;
    http_server_stats(server, &stats);
    metric(out, "http_connections", "gauge", "Open connections.", stats.connections_open);
    metric(out, "http_connections_total", "counter", "Connections accepted.", stats.connections_total);
    metric(out, "http_connections_refused_total", "counter", "Connections refused because there were too many.", stats.connections_refused);
    metric(out, "http_requests_total", "counter", "Requests read.", stats.requests_total);
    metric(out, "http_bad_requests_total", "counter", "Requests refused as malformed or over a limit of HTTP.", stats.bad_requests_total);
    metric(out, "http_timeouts_total", "counter", "Connections closed because the client was too slow.", stats.timeouts_total);
    metric(out, "http_tls_failures_total", "counter", "TLS handshakes that failed, and connections to a TLS port that spoke no TLS.",
           stats.tls_failures_total);
}

static void store_metrics(struct lk_buf *out, struct lk_executor *executor) {
    struct lk_executor_stats stats;
    lk_executor_stats(executor, &stats);
    metric(out, "store_jobs_total", "counter", "Requests that the store thread has worked on.", stats.jobs);
    metric(out, "store_commits_total", "counter", "Transactions that ended, each for a group of requests.", stats.commits);
    metric(out, "store_writing_commits_total", "counter", "Transactions that changed something.", stats.writing_commits);
    metric(out, "store_failed_commits_total", "counter", "Transactions that could not be kept.", stats.failed_commits);
    metric(out, "store_queue_length", "gauge", "Requests that wait for the store thread.", stats.waiting);
}

static void graphql_metrics(struct lk_buf *out, struct lk_graphql_service *service) {
    static const char *const names[LK_GRAPHQL_RESULTS] = {
        [LK_GRAPHQL_OK] = "ok",
        [LK_GRAPHQL_ERRORS] = "errors",
        [LK_GRAPHQL_REFUSED] = "refused",
        [LK_GRAPHQL_UNAUTHENTICATED] = "unauthenticated",
        [LK_GRAPHQL_UNAVAILABLE] = "unavailable",
    };
    lk_buf_add_cstr(out, "# HELP latchkey_graphql_requests_total GraphQL requests answered, by what came of them.\n"
                         "# TYPE latchkey_graphql_requests_total counter\n");
    for (int i = 0; i < LK_GRAPHQL_RESULTS; i++)
        lk_buf_addf(out, "latchkey_graphql_requests_total{result=\"%s\"} %" PRIuLEAST64 "\n", names[i],
                    atomic_load_explicit(&service->results[i], memory_order_relaxed));
}

static void verification_metrics(struct lk_buf *out, const struct lk_health *health) {
    uint64_t outcomes[LK_VERIFY_CODES];
    lk_lanes_outcomes(health->lanes, outcomes);
    lk_buf_add_cstr(out, "# HELP latchkey_verifications_total Keys verified, by what came of it.\n"
                         "# TYPE latchkey_verifications_total counter\n");
    for (int code = 0; code < LK_VERIFY_CODES; code++)
        lk_buf_addf(out, "latchkey_verifications_total{code=\"%s\"} %" PRIu64 "\n", lk_verify_code_name((enum lk_verify_code)code),
                    outcomes[code]);
    struct lk_keyring_stats stats;
    lk_keyring_stats(health->keyring, &stats);
    metric(out, "keys", "gauge", "API keys that there are.", stats.keys);
    metric(out, "keyring_bytes", "gauge", "Memory of the keyring, room for more keys included.", stats.bytes);
}

void lk_health_metrics(struct http_request *request, void *health) {
    struct lk_health *h = health;
    struct lk_buf *out = http_body(request);
    lk_buf_addf(out,
                "# HELP latchkey_build_info The version that runs.\n# TYPE latchkey_build_info gauge\n"
                "latchkey_build_info{version=\"%s\"} 1\n",
                h->version);
    lk_buf_addf(out,
                "# HELP latchkey_start_time_seconds When the server started, in seconds since 1970-01-01 UTC.\n"
                "# TYPE latchkey_start_time_seconds gauge\nlatchkey_start_time_seconds %" PRId64 ".%03d\n",
                h->started_at / 1000, (int)(h->started_at % 1000));
    http_metrics(out, h->server);
    store_metrics(out, h->executor);
    graphql_metrics(out, h->graphql);
    verification_metrics(out, h);
    http_add_header(request, "Content-Type", lk_slice_cstr("text/plain; version=0.0.4; charset=utf-8"));
    http_send(request);
}
