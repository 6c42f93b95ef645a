/* What there is to measure, and where it comes from. docs/operations.md lists it; a test compares. */
#include "api/health.h"
#include "api/metrics_text.h"
#include "api/process.h"
#include "api/router.h"
#include "base/log.h"
#include "domain/audit.h"
#include "http/url.h"

#include <stdio.h>

static void counter(struct lk_metrics_writer *w, const char *name, const char *help, uint64_t value) {
    lk_metrics_family(w, LK_METRIC_COUNTER, name, help);
    lk_metrics_count(w, "", value);
}

static void gauge(struct lk_metrics_writer *w, const char *name, const char *help, uint64_t value) {
    lk_metrics_family(w, LK_METRIC_GAUGE, name, help);
    lk_metrics_gauge(w, value);
}

#define PREFIX "latchkey_"

/* By the names that Prometheus' own libraries give them. */
static void write_process(struct lk_metrics_writer *w, const struct lk_health *health) {
    uint64_t resident = 0;
    w->prefix = "process_";
    lk_metrics_family(w, LK_METRIC_COUNTER, "cpu_seconds", "Processor time of all threads.");
    lk_metrics_count_seconds(w, lk_process_cpu_ms());
    if (lk_process_resident(health->process, &resident))
        gauge(w, "resident_memory_bytes", "Memory of the process.", resident);
    w->prefix = PREFIX;
}

static void write_server(struct lk_metrics_writer *w, const struct lk_health *health) {
    char labels[96];
    snprintf(labels, sizeof(labels), "version=\"%s\"", health->version);
    lk_metrics_family(w, LK_METRIC_INFO, "build", "The version that runs.");
    lk_metrics_info(w, labels);
    lk_metrics_family(w, LK_METRIC_GAUGE, "start_time_seconds", "When the server started, in seconds since 1970-01-01 UTC.");
    lk_metrics_seconds(w, health->started_at);
    lk_metrics_family(w, LK_METRIC_COUNTER, "reloads", "SIGHUPs, by whether all that they renew was renewed.");
    lk_metrics_count(w, "result=\"ok\"", atomic_load_explicit(&health->reloads, memory_order_relaxed));
    lk_metrics_count(w, "result=\"failed\"", atomic_load_explicit(&health->reloads_failed, memory_order_relaxed));
    counter(w, "log_lines_lost", "Lines of the log that nobody took, or that could not be written.", lk_log_lost());
}

/* --- HTTP --- */

static void write_answers(struct lk_metrics_writer *w, const struct http_stats *stats) {
    static const char *const routes[LK_ROUTE_CLASSES] = {
        [LK_ROUTE_OTHER] = "other",     [LK_ROUTE_AUTH] = "auth",   [LK_ROUTE_VERIFY] = "verify",   [LK_ROUTE_OAUTH] = "oauth",
        [LK_ROUTE_GRAPHQL] = "graphql", [LK_ROUTE_LOGIN] = "login", [LK_ROUTE_CONSOLE] = "console", [LK_ROUTE_OPERATIONS] = "operations",
    };
    lk_metrics_family(w, LK_METRIC_COUNTER, "http_requests", "Requests answered, by what was asked for and the class of the status.");
    for (size_t route = 0; route < LK_ROUTE_CLASSES; route++) {
        for (size_t status = 1; status < HTTP_STATUS_CLASSES; status++) {
            char labels[64];
            snprintf(labels, sizeof(labels), "route=\"%s\",status=\"%zuxx\"", routes[route], status + 1);
            lk_metrics_count(w, labels, stats->answers[route][status]);
        }
    }
}

static void write_http(struct lk_metrics_writer *w, const struct http_server *server) {
    struct http_stats stats;
    http_server_stats(server, &stats);
    gauge(w, "http_connections", "Open connections.", stats.connections_open);
    counter(w, "http_connections_accepted", "Connections accepted.", stats.connections_total);
    counter(w, "http_connections_refused", "Connections refused because there were too many.", stats.connections_refused);
    write_answers(w, &stats);
    counter(w, "http_bad_requests", "Requests refused as malformed or over a limit of HTTP.", stats.bad_requests_total);
    counter(w, "http_timeouts", "Connections closed because the client was too slow.", stats.timeouts_total);
    counter(w, "http_tls_failures", "TLS handshakes that failed, and connections to a TLS port that spoke no TLS.",
            stats.tls_failures_total);
}

/* --- the other threads --- */

static void write_store(struct lk_metrics_writer *w, const struct lk_health *health) {
    struct lk_executor_stats stats;
    lk_executor_stats(health->executor, &stats);
    counter(w, "store_jobs", "Requests and other work that the store thread has done.", stats.jobs);
    counter(w, "store_commits", "Transactions that ended, each for a group of requests.", stats.commits);
    counter(w, "store_failed_commits", "Transactions that could not be kept.", stats.failed_commits);
    int64_t bounds[LK_COMMIT_SIZES - 1];
    for (size_t i = 0; i < LK_COMMIT_SIZES - 1; i++)
        bounds[i] = (int64_t)1 << i;
    lk_metrics_family(w, LK_METRIC_HISTOGRAM, "store_commit_jobs", "Jobs in each transaction that changed something and was kept.");
    lk_metrics_histogram(w, "", stats.sizes, bounds, LK_COMMIT_SIZES, stats.writing_jobs, 1);
    gauge(w, "store_cache_bytes", "Memory that holds pages of the database.", stats.cache_bytes);
    gauge(w, "store_queue_length", "Jobs that wait for the store thread.", stats.waiting);
    gauge(w, "background_queue_length", "Jobs that wait for the background thread: passwords to be hashed.",
          lk_background_waiting(health->background));
    counter(w, "audit_entries", "Entries appended to the audit log.", lk_audit_appended(health->domain));
}

static void write_graphql(struct lk_metrics_writer *w, struct lk_graphql_service *service) {
    static const char *const operations[LK_GRAPHQL_OPERATIONS] = {
        [LK_GRAPHQL_NONE] = "none",
        [LK_GRAPHQL_QUERY] = "query",
        [LK_GRAPHQL_MUTATION] = "mutation",
    };
    static const char *const results[LK_GRAPHQL_RESULTS] = {
        [LK_GRAPHQL_OK] = "ok",
        [LK_GRAPHQL_ERRORS] = "errors",
        [LK_GRAPHQL_REFUSED] = "refused",
        [LK_GRAPHQL_UNAUTHENTICATED] = "unauthenticated",
        [LK_GRAPHQL_UNAVAILABLE] = "unavailable",
    };
    lk_metrics_family(w, LK_METRIC_COUNTER, "graphql_requests", "GraphQL requests answered, by type of operation and what came of them.");
    for (size_t operation = 0; operation < LK_GRAPHQL_OPERATIONS; operation++) {
        for (size_t result = 0; result < LK_GRAPHQL_RESULTS; result++) {
            char labels[64];
            snprintf(labels, sizeof(labels), "operation=\"%s\",result=\"%s\"", operations[operation], results[result]);
            lk_metrics_count(w, labels, atomic_load_explicit(&service->results[operation][result], memory_order_relaxed));
        }
    }
}

/* --- verification --- */

static void write_durations(struct lk_metrics_writer *w, const struct lk_lanes *lanes) {
    static const char *const names[LK_INTERFACES] = {
        [LK_BY_AUTH] = "interface=\"auth\"",
        [LK_BY_VERIFY] = "interface=\"verify\"",
        [LK_BY_BATCH_VERIFY] = "interface=\"batchVerify\"",
    };
    lk_metrics_family(w, LK_METRIC_HISTOGRAM, "verification_duration_seconds",
                      "How long requests to verify took on the I/O thread, up to the answer. One in 8 is measured.");
    for (size_t i = 0; i < LK_INTERFACES; i++) {
        uint64_t counts[LK_LATENCY_BUCKETS] = {0};
        uint64_t sum = 0;
        for (unsigned lane = 0; lane < lanes->len; lane++) {
            const struct lk_latency *latency = &lanes->items[lane].latency[i];
            for (size_t bucket = 0; bucket < LK_LATENCY_BUCKETS; bucket++)
                counts[bucket] += atomic_load_explicit(&latency->buckets[bucket], memory_order_relaxed);
            sum += atomic_load_explicit(&latency->sum_ns, memory_order_relaxed);
        }
        lk_metrics_histogram(w, names[i], counts, lk_latency_bounds_ns, LK_LATENCY_BUCKETS, sum, 1000000000);
    }
}

static void write_verification(struct lk_metrics_writer *w, const struct lk_health *health) {
    uint64_t outcomes[LK_VERIFY_CODES];
    lk_lanes_outcomes(health->lanes, outcomes);
    lk_metrics_family(w, LK_METRIC_COUNTER, "verifications", "Keys verified, by what came of it.");
    for (int code = 0; code < LK_VERIFY_CODES; code++) {
        char labels[64];
        snprintf(labels, sizeof(labels), "code=\"%s\"", lk_verify_code_name((enum lk_verify_code)code));
        lk_metrics_count(w, labels, outcomes[code]);
    }
    write_durations(w, health->lanes);
    struct lk_keyring_stats stats;
    lk_keyring_stats(health->keyring, &stats);
    gauge(w, "keys", "API keys that there are.", stats.keys);
    gauge(w, "keyring_bytes", "Memory of the keyring, room for more keys included.", stats.bytes);
    struct lk_usage_service_stats usage;
    lk_usage_service_stats(health->usage, &usage);
    gauge(w, "usage_waiting_keys", "Keys whose counts are collected and wait to be written.", usage.waiting);
    counter(w, "usage_lost", "Verifications that were not counted for their key because too many keys were in use at once.", usage.lost);
}

void lk_health_metrics(struct http_request *request, void *health) {
    const struct lk_health *h = health;
    struct lk_metrics_writer w = {
        .out = http_body(request),
        .prefix = PREFIX,
        .open_metrics = http_accept_prefers(http_request_header(request, "accept"), "application/openmetrics-text", "text/plain"),
    };
    write_server(&w, h);
    write_process(&w, h);
    write_http(&w, h->server);
    write_store(&w, h);
    write_graphql(&w, h->graphql);
    write_verification(&w, h);
    lk_metrics_end(&w);
    http_add_header(request, "Content-Type",
                    lk_slice_cstr(w.open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                                 : "text/plain; version=0.0.4; charset=utf-8"));
    http_add_header(request, "Cache-Control", lk_slice_cstr("no-store"));
    http_add_header(request, "Vary", lk_slice_cstr("Accept"));
    http_send(request);
}
