/*
 * Order of start: data directory (its lock), keys, database, domain, schema, the HTTP server (bound, not running), the sandbox, which threads inherit and
 * so comes before them, keyring (with every key), background, store and backup threads, I/O threads, ticker. At the stop HTTP is first: it waits for
 * the requests that the other threads still have; then these threads, then what they counted is written, then the keyring and the database.
 */
#include "api/server.h"

#include "api/auth.h"
#include "api/backup.h"
#include "api/confine.h"
#include "api/console.h"
#include "api/console_session.h"
#include "api/descriptors.h"
#include "api/graphql_endpoint.h"
#include "api/graphql_schema.h"
#include "api/health.h"
#include "api/key_clock.h"
#include "api/keyring_feed.h"
#include "api/lanes.h"
#include "api/leaks.h"
#include "api/login.h"
#include "api/memory.h"
#include "api/notify.h"
#include "api/oauth.h"
#include "api/process.h"
#include "api/refusals.h"
#include "api/router.h"
#include "api/store_open.h"
#include "api/ticker.h"
#include "api/usage.h"
#include "api/verify.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/random.h"
#include "domain/audit.h"
#include "domain/session.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MAIN_ROUTES 23
#define OPS_CONNECTIONS 64 /* past --connections-max: health and metrics are needed most when all are taken */
#define OPS_ROUTES 3

struct server {
    const struct lk_settings *settings; /* of the start */
    const struct lk_server_events *events;
    struct lk_store store;
    struct lk_keyring_feed feed;
    struct lk_lanes lanes;
    struct gql_schema *schema;
    struct lk_document_cache *cache;
    struct lk_executor *executor;
    struct lk_background *background;
    struct lk_key_clock *key_clock;
    struct lk_backup_service *backup;
    struct lk_usage_service *usage;
    struct lk_ticker *ticker;
    struct lk_rate_table *refusals;
    struct lk_turns turns;
    struct http_thread_hooks hooks;
    struct http_server *http;
    struct lk_graphql_service graphql;
    struct lk_auth_service auth;
    struct lk_verify_service verify;
    struct lk_oauth_service oauth;
    struct lk_login_service login;
    struct lk_leak_service leaks;
    struct lk_console_session_service console_session;
    struct lk_health health;
    struct lk_route main_routes[MAIN_ROUTES];
    struct lk_route ops_routes[OPS_ROUTES];
    struct lk_router main_router;
    struct lk_router ops_router;
    struct http_tls_config tls; /* of the main TCP listeners; certificate_file NULL: clear text */
    struct lk_notify notify;    /* the service manager */
    size_t connections_max;     /* that there is room for */
    unsigned drain_timeout_ms;
    bool told_to_stop; /* before all keys were loaded */
    atomic_bool database_failed;
};

/* --- putting it together --- */

static void database_broke(void *context) {
    struct server *server = context;
    atomic_store(&server->database_failed, true);
    atomic_store(&server->health.ready, false);
    /* Only a new start, which reads back what is really on the disk, can go on from here. */
    kill(getpid(), SIGTERM);
}

/* Told while it loads, which may take long, it need not go on. */
static bool is_told_to_stop(void *context) {
    struct server *server = context;
    const struct timespec at_once = {0, 0};
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    server->told_to_stop = server->told_to_stop || sigtimedwait(&signals, NULL, &at_once) > 0;
    return server->told_to_stop;
}

/* Nothing is answered before every key is known: no request is refused for want of a key that is there. After the sandbox, since a large keyring has a
 * thread of its own; who connects meanwhile waits. */
static int load_keyring(struct server *server, struct lk_problem *problem) {
    struct lk_store *store = &server->store;
    const struct lk_keyring_load how = {isatty(STDERR_FILENO) == 1, is_told_to_stop, server};
    int code = lk_key_clock_catch_up(store->db, store->domain, problem);
    if (code == 0)
        code = lk_keyring_feed_open(&server->feed, store->db, store->keys, &how, problem);
    if (code == 0)
        lk_domain_observe(store->domain, &server->feed.observer);
    return code;
}

/* The system says EAGAIN for want of memory and of threads alike. */
static int no_thread(struct lk_problem *problem, int code, const char *which) {
    return lk_problem_set(
        problem, code,
        "Cannot start the %s: there is no memory for it, or no more threads may be started (ulimit -u, TasksMax= of systemd, "
        "the limit of a container)",
        which);
}

/* Context of the executor's hooks is the server. */
static void batch_began(void *context) {
    lk_keyring_feed_begin(&((struct server *)context)->feed);
}

static void batch_committed(void *context, int code) {
    struct server *server = context;
    lk_keyring_feed_committed(&server->feed, code);
    lk_audit_committed(server->store.domain, code == 0);
}

static int start_executor(struct server *server, struct lk_problem *problem) {
    const struct lk_executor_config config = {
        .db = server->store.db,
        .queue_max = (size_t)server->settings->store_queue,
        .batch_max = (size_t)server->settings->store_batch,
        .broken = database_broke,
        .context = server,
        .begin = batch_began,
        .committed = batch_committed,
    };
    int code = lk_executor_start(&config, &server->executor);
    if (code != 0)
        no_thread(problem, code, "store thread");
    return code;
}

static int open_key_clock(struct server *server, struct lk_problem *problem) {
    int code = lk_key_clock_open(server->executor, server->store.domain, server->feed.keyring, &server->key_clock);
    return code == 0 ? 0 : lk_problem_set(problem, code, "Out of memory");
}

static int start_backup(struct server *server, struct lk_problem *problem) {
    const struct lk_backup_config config = {
        .db = server->store.db,
        .executor = server->executor,
        .domain = server->store.domain,
        .keys = server->store.keys,
        .lanes = &server->lanes,
        .refusals = server->refusals,
        .turns = &server->turns,
        .data = server->settings->data,
    };
    int code = lk_backup_service_start(&config, &server->backup);
    return code == 0 ? 0 : no_thread(problem, code, "backup thread");
}

static int make_cache(struct server *server, struct lk_problem *problem) {
    server->cache = lk_document_cache_new((size_t)server->settings->graphql_cache);
    return server->cache != NULL ? 0 : lk_problem_set(problem, LK_ENOMEM, "Out of memory");
}

static void set_up_graphql(struct server *server) {
    const struct lk_settings *settings = server->settings;
    struct lk_graphql_service *service = &server->graphql;
    service->schema = server->schema;
    service->parse_limits = (struct gql_parse_limits){.tokens = (size_t)settings->graphql_tokens};
    service->limits = (struct gql_limits){
        .depth = (unsigned)settings->graphql_depth,
        .introspection_depth = (unsigned)settings->graphql_introspection_depth,
        .aliases = (unsigned)settings->graphql_aliases,
        .root_fields = (unsigned)settings->graphql_root_fields,
        .directives = (unsigned)settings->graphql_directives,
        .complexity = (unsigned)settings->graphql_complexity,
        .no_introspection = !settings->graphql_introspection,
        .no_suggestions = !settings->graphql_suggestions,
    };
    service->batch_max = (size_t)settings->graphql_batch;
    service->time_ms = settings->graphql_time_ms;
    service->cache = server->cache;
    service->domain = server->store.domain;
    service->executor = server->executor;
    service->background = server->background;
    service->refusals = server->refusals;
    service->turns = &server->turns;
}

static int set_up_login(struct server *server, struct lk_problem *problem) {
    const struct lk_settings *settings = server->settings;
    int code = lk_background_start((size_t)settings->background_queue, &server->background);
    if (code != 0)
        return no_thread(problem, code, "background thread");
    const struct lk_login_rules rules = {
        .failures_max = settings->login_failures,
        .window_ms = settings->login_window_ms,
        .lock_ms = settings->login_lock_ms,
        .idle_ms = settings->session_idle_ms,
        .ttl_ms = settings->session_ttl_ms,
    };
    lk_domain_set_login_rules(server->store.domain, &rules);
    server->login = (struct lk_login_service){.domain = server->store.domain, .background = server->background};
    server->console_session = (struct lk_console_session_service){&server->login, &server->lanes, settings->session_ttl_ms};
    return 0;
}

static void set_up_routes(struct server *server) {
    static const char graphql_methods[] = "GET, POST, HEAD";
    struct lk_graphql_service *graphql = &server->graphql;
    struct lk_health *health = &server->health;
    struct lk_login_service *login = &server->login;
    const struct lk_route main_routes[MAIN_ROUTES] = {
        {LK_SLICE(LK_AUTH_PATH), NULL, lk_auth_handle, &server->auth, .below = true, .class = LK_ROUTE_AUTH, .foresee = lk_auth_foresee},
        {LK_SLICE("/v1/keys:verify"), "POST", lk_verify_handle, &server->verify, .class = LK_ROUTE_VERIFY, .body_max = LK_BODY_SMALL,
         .admits = lk_verify_admits},
        {LK_SLICE("/v1/keys:batchVerify"), "POST", lk_verify_handle_batch, &server->verify, .class = LK_ROUTE_VERIFY,
         .body_max = LK_BODY_ANY, .admits = lk_verify_admits},
        {LK_SLICE("/v1/introspect"), "POST", lk_oauth_introspect, &server->oauth, .class = LK_ROUTE_OAUTH, .body_max = LK_BODY_SMALL},
        {LK_SLICE("/v1/revoke"), "POST", lk_oauth_revoke, &server->oauth, .class = LK_ROUTE_OAUTH, .body_max = LK_BODY_SMALL},
        {LK_SLICE("/v1/leaks/github"), "POST", lk_leaks_handle_github, &server->leaks, .class = LK_ROUTE_OAUTH, .body_max = LK_BODY_ANY},
        {LK_SLICE("/v1/revoke-leaked"), "POST", lk_leaks_handle_finder, &server->leaks, .class = LK_ROUTE_OAUTH, .body_max = LK_BODY_ANY},
        {LK_SLICE("/v1/backup"), "GET", lk_backup_handle, server->backup, .class = LK_ROUTE_OPERATIONS},
        {LK_SLICE("/graphql"), graphql_methods, lk_graphql_handle, graphql, .class = LK_ROUTE_GRAPHQL, .body_max = LK_BODY_ANY,
         .admits = lk_graphql_admits},
        {LK_SLICE("/api/graphql"), graphql_methods, lk_graphql_handle, graphql, .class = LK_ROUTE_GRAPHQL, .body_max = LK_BODY_ANY,
         .admits = lk_graphql_admits},
        {LK_SLICE("/gateway/api/graphql"), graphql_methods, lk_graphql_handle, graphql, .class = LK_ROUTE_GRAPHQL, .body_max = LK_BODY_ANY,
         .admits = lk_graphql_admits},
        {LK_SLICE("/gateway/api/graphql-api"), "POST", lk_graphql_handle_form, graphql, .class = LK_ROUTE_GRAPHQL, .body_max = LK_BODY_ANY},
        {LK_SLICE("/api/setup-as-code/yaml/directory"), "GET", lk_graphql_handle_tree, graphql, .class = LK_ROUTE_GRAPHQL},
        {LK_SLICE("/gateway/api/setup-as-code/yaml/directory"), "GET", lk_graphql_handle_tree, graphql, .class = LK_ROUTE_GRAPHQL},
        {LK_SLICE("/api/users/login"), "POST", lk_login_handle, login, .class = LK_ROUTE_LOGIN, .body_max = LK_BODY_SMALL},
        {LK_SLICE("/gateway/api/users/login"), "POST", lk_login_handle, login, .class = LK_ROUTE_LOGIN, .body_max = LK_BODY_SMALL},
        {LK_SLICE("/api/users/logout"), "POST", lk_logout_handle, login, .class = LK_ROUTE_LOGIN, .body_max = LK_BODY_SMALL},
        {LK_SLICE("/gateway/api/users/logout"), "POST", lk_logout_handle, login, .class = LK_ROUTE_LOGIN, .body_max = LK_BODY_SMALL},
        {LK_SLICE("/console/session"), "GET, HEAD, POST, DELETE", lk_console_session_handle, &server->console_session,
         .class = LK_ROUTE_LOGIN, .body_max = LK_BODY_SMALL},
        {LK_SLICE("/console"), "GET, HEAD", lk_console_handle, NULL, .below = true, .class = LK_ROUTE_CONSOLE},
        {LK_SLICE("/explorer"), "GET, HEAD", lk_console_handle_explorer, NULL, .class = LK_ROUTE_CONSOLE},
        {LK_SLICE("/"), "GET, HEAD", lk_console_handle_root, NULL, .class = LK_ROUTE_CONSOLE},
        {LK_SLICE("/healthz"), "GET, HEAD", lk_health_live, health, .class = LK_ROUTE_OPERATIONS},
    };
    const struct lk_route ops_routes[OPS_ROUTES] = {
        {LK_SLICE("/healthz"), "GET, HEAD", lk_health_live, health, .class = LK_ROUTE_OPERATIONS},
        {LK_SLICE("/readyz"), "GET, HEAD", lk_health_ready, health, .class = LK_ROUTE_OPERATIONS},
        {LK_SLICE("/metrics"), "GET, HEAD", lk_health_metrics, health, .class = LK_ROUTE_OPERATIONS},
    };
    memcpy(server->main_routes, main_routes, sizeof(main_routes));
    memcpy(server->ops_routes, ops_routes, sizeof(ops_routes));
    server->main_router = (struct lk_router){server->main_routes, MAIN_ROUTES};
    server->ops_router = (struct lk_router){server->ops_routes, OPS_ROUTES};
}

static int set_up_usage(struct server *server, struct lk_problem *problem) {
    const struct lk_usage_config config = {.lanes = &server->lanes, .executor = server->executor};
    int code = lk_usage_service_open(&config, &server->usage);
    server->graphql.usage = server->usage;
    return code == 0 ? 0 : lk_problem_set(problem, code, "Out of memory");
}

static int start_ticker(struct server *server, struct lk_problem *problem) {
    enum { COLLECT, KEY_CLOCK, FLUSH, SWEEP, GIVE_BACK };
    const struct lk_tick ticks[] = {
        [COLLECT] = {lk_usage_collect, server->usage, LK_USAGE_COLLECT_MS},
        [KEY_CLOCK] = {lk_key_clock_tick, server->key_clock, LK_KEY_CLOCK_PERIOD_MS},
        [FLUSH] = {lk_usage_flush, server->usage, LK_USAGE_FLUSH_MS},
        [SWEEP] = {lk_usage_sweep_old, server->usage, LK_USAGE_SWEEP_MS},
        [GIVE_BACK] = {lk_memory_give_back, NULL, LK_MEMORY_GIVE_BACK_MS},
    };
    int code = lk_ticker_start(ticks, sizeof(ticks) / sizeof(ticks[0]), &server->ticker);
    if (code != 0)
        return no_thread(problem, code, "ticker");
    server->lanes.ticker = server->ticker;
    server->lanes.collect = COLLECT;
    return 0;
}

static void set_up_health(struct server *server) {
    server->health.server = server->http;
    server->health.executor = server->executor;
    server->health.graphql = &server->graphql;
    server->health.lanes = &server->lanes;
    server->health.keyring = server->feed.keyring;
    server->health.usage = server->usage;
    server->health.domain = server->store.domain;
    server->health.background = server->background;
    server->health.version = server->events->version;
    server->health.started_at = lk_clock_wall_ms();
}

/* The largest body finds room even while its buffer grows, which takes three times its size for a moment. */
#define INPUT_BODIES 4

static struct http_config http_settings(const struct lk_settings *settings) {
    struct http_config config = http_config_defaults();
    config.threads = (unsigned)settings->threads;
    config.body_max = (size_t)settings->body_max;
    if (config.input_max < INPUT_BODIES * config.body_max)
        config.input_max = INPUT_BODIES * config.body_max;
    config.header_timeout_ms = (unsigned)settings->header_timeout_ms;
    config.body_timeout_ms = (unsigned)settings->body_timeout_ms;
    config.idle_timeout_ms = (unsigned)settings->idle_timeout_ms;
    config.write_timeout_ms = (unsigned)settings->write_timeout_ms;
    config.describe_error = lk_router_describe_error;
    return config;
}

static struct http_tls_config tls_settings(const struct lk_settings *settings) {
    if (settings->tls_cert[0] == '\0')
        return (struct http_tls_config){0};
    return (struct http_tls_config){
        .certificate_file = settings->tls_cert,
        .key_file = settings->tls_key,
        .client_ca_file = settings->tls_client_ca[0] != '\0' ? settings->tls_client_ca : NULL,
        .min_version = strcmp(settings->tls_min_version, "1.3") == 0 ? HTTP_TLS_1_3 : HTTP_TLS_1_2,
    };
}

/* Clients will refuse it, or the server theirs: whoever renewed the wrong file, or none, learns of it here and not from them. */
static void warn_of_date(const char *sentence) {
    lk_log(LK_LOG_WARN, "%s: whoever checks it refuses the connection", sentence);
}

static void check_certificates(const struct server *server) {
    if (server->tls.certificate_file != NULL)
        http_tls_check_dates(&server->tls, warn_of_date);
}

static int create_http(struct server *server, struct lk_problem *problem) {
    const struct lk_settings *settings = server->settings;
    size_t len = settings->listen.len;
    struct http_listener *listeners = calloc(len + 1, sizeof(*listeners));
    if (listeners == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    server->tls = tls_settings(settings);
    unsigned mode = (unsigned)strtoul(settings->socket_mode, NULL, 8);
    for (size_t i = 0; i < len; i++) {
        listeners[i] = (struct http_listener){settings->listen.items[i], lk_router_handle,  &server->main_router, NULL, mode,
                                              lk_router_foresee,         lk_router_body_max};
        if (server->tls.certificate_file != NULL && !lk_address_is_unix(settings->listen.items[i]))
            listeners[i].tls = &server->tls;
    }
    if (settings->ops_listen[0] != '\0')
        listeners[len++] = (struct http_listener){settings->ops_listen, lk_router_handle, &server->ops_router, NULL, mode, NULL,
                                                  lk_router_body_max,   OPS_CONNECTIONS};
    struct http_config config = http_settings(settings);
    config.connections_max = server->connections_max;
    server->hooks = lk_lanes_hooks(&server->lanes);
    config.hooks = &server->hooks;
    config.listeners = listeners;
    config.listeners_len = len;
    int code = http_server_create(&config, &server->http, problem);
    if (code == 0)
        check_certificates(server);
    free(listeners);
    return code;
}

static int auth_rate_status(const struct lk_settings *settings) {
    return strcmp(settings->auth_rate_status, "429") == 0 ? 429 : 403;
}

static int set_up_verification(struct server *server, struct lk_problem *problem) {
    const struct lk_settings *settings = server->settings;
    int code = lk_lanes_open(server->feed.keyring, http_server_threads(server->http), settings->trusted_proxies.items,
                             settings->trusted_proxies.len, &server->lanes, problem);
    if (code != 0)
        return code;
    server->auth = (struct lk_auth_service){&server->lanes, auth_rate_status(settings)};
    server->oauth = (struct lk_oauth_service){&server->verify, server->store.domain, server->executor, server->refusals, &server->turns};
    code = lk_verify_service_open(&server->lanes, &server->verify);
    return code == 0 ? 0 : lk_problem_set(problem, code, "Out of memory");
}

static int set_up_rates(struct server *server, struct lk_problem *problem) {
    const struct lk_settings *settings = server->settings;
    server->graphql.lanes = &server->lanes;
    server->login.lanes = &server->lanes;
    server->login.turns = &server->turns;
    lk_random_bytes(&server->turns.seed, sizeof(server->turns.seed));
    int code = lk_rate_table_new(&settings->rate_limit_account, &server->graphql.account_requests);
    if (code == 0)
        code = lk_rate_table_new(&settings->rate_limit_key, &server->graphql.key_requests);
    if (code == 0)
        code = lk_rate_table_new(&settings->login_rate, &server->login.attempts);
    if (code == 0)
        code = lk_rate_table_new(&lk_console_key_rate, &server->login.key_attempts);
    if (code == 0)
        code = lk_rate_table_new(&lk_refusals_rate, &server->refusals);
    return code == 0 ? 0 : lk_problem_set(problem, code, "Out of memory");
}

/* What runs, and what it runs for. */
static int start_threads(struct server *server, struct lk_problem *problem) {
    int code = lk_confine(server->settings, problem);
    if (code == 0)
        code = load_keyring(server, problem);
    if (code == 0)
        code = set_up_login(server, problem);
    if (code == 0)
        code = set_up_rates(server, problem);
    if (code == 0)
        code = start_executor(server, problem);
    if (code == 0)
        code = open_key_clock(server, problem);
    if (code == 0)
        code = start_backup(server, problem);
    if (code != 0)
        return code;
    set_up_routes(server);
    server->login.executor = server->executor;
    server->leaks.lanes = &server->lanes;
    server->leaks.domain = server->store.domain;
    server->leaks.executor = server->executor;
    server->leaks.turns = &server->turns;
    set_up_graphql(server);
    code = set_up_verification(server, problem);
    if (code == 0)
        code = set_up_usage(server, problem);
    if (code == 0)
        code = start_ticker(server, problem);
    if (code != 0)
        return code;
    set_up_health(server);
    atomic_store(&server->health.ready, true); /* all else is: whoever gets an answer is not told otherwise */
    code = http_server_start(server->http);
    return code == 0 ? 0 : no_thread(problem, code, "I/O threads");
}

static int start(struct server *server, struct lk_problem *problem) {
    const struct lk_settings *settings = server->settings;
    server->connections_max = lk_descriptors_make_room((size_t)settings->connections_max);
    int code = lk_store_open(settings->data, settings->master_key_file, &server->store, problem);
    if (code == 0)
        code = lk_graphql_schema_load(&server->schema, problem);
    if (code == 0)
        code = make_cache(server, problem);
    if (code == 0)
        code = lk_leak_service_open(settings->leak_public_keys, &server->leaks, problem);
    if (code != 0)
        return code;
    code = create_http(server, problem);
    if (code == 0)
        code = start_threads(server, problem);
    if (code != 0) {
        http_server_free(server->http); /* it was not started */
        server->http = NULL;
        return code;
    }
    lk_usage_sweep_old(server->usage);
    return 0;
}

static void stop(struct server *server) {
    lk_backup_service_cancel(server->backup);
    if (server->http != NULL)
        http_server_stop(server->http, server->drain_timeout_ms);
    lk_ticker_stop(server->ticker);
    lk_background_stop(server->background);
    lk_backup_service_stop(server->backup);
    lk_executor_stop(server->executor);
    lk_key_clock_close(server->key_clock, atomic_load(&server->database_failed) ? NULL : server->store.db);
    if (server->usage != NULL)
        lk_usage_finish(server->usage, server->store.db);
    lk_usage_service_close(server->usage);
    http_server_free(server->http);
    lk_leak_service_close(&server->leaks);
    lk_backup_service_free(server->backup);
    lk_verify_service_close(&server->verify);
    lk_lanes_close(&server->lanes);
    lk_rate_table_free(server->graphql.account_requests);
    lk_rate_table_free(server->graphql.key_requests);
    lk_rate_table_free(server->login.attempts);
    lk_rate_table_free(server->login.key_attempts);
    lk_rate_table_free(server->refusals);
    lk_keyring_feed_close(&server->feed);
    lk_document_cache_free(server->cache);
    gql_schema_free(server->schema);
    lk_store_close(&server->store);
    if (server->health.process >= 0)
        close(server->health.process);
}

/* --- announcing --- */

static void announce(const struct server *server, size_t index, const char *what, const char *address) {
    bool tls = strcmp(what, "main") == 0 && server->tls.certificate_file != NULL;
    char url[160];
    int host_len = (int)(strrchr(address, ':') - address);
    if (lk_address_is_unix(address))
        snprintf(url, sizeof(url), "%s", address);
    else
        snprintf(url, sizeof(url), "%s://%.*s:%u", tls ? "https" : "http", host_len, address, http_server_port(server->http, index));
    lk_log(LK_LOG_INFO, "%s listener on %s", what, url);
    server->events->listening(server->events->context, what, url);
}

static void announce_all(const struct server *server) {
    const struct lk_settings *settings = server->settings;
    for (size_t i = 0; i < settings->listen.len; i++)
        announce(server, i, "main", settings->listen.items[i]);
    if (settings->ops_listen[0] != '\0')
        announce(server, settings->listen.len, "ops", settings->ops_listen);
}

/* --- SIGHUP --- */

/* Puts in force what may change while the server runs, all of it or, for want of memory, nothing. */
static int take_settings(struct server *server, const struct lk_settings *settings, struct lk_problem *problem) {
    const struct {
        struct lk_rate_table *table;
        const struct lk_rate *rate;
    } rates[] = {
        {server->graphql.account_requests, &settings->rate_limit_account},
        {server->graphql.key_requests, &settings->rate_limit_key},
        {server->login.attempts, &settings->login_rate},
    };
    const size_t rates_len = sizeof(rates) / sizeof(rates[0]);
    for (size_t i = 0; i < rates_len; i++) {
        if (lk_rate_table_make_room(rates[i].table, rates[i].rate) != 0)
            return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    }
    struct lk_proxies *proxies;
    int code = lk_proxies_new(settings->trusted_proxies.items, settings->trusted_proxies.len, &proxies, problem);
    if (code != 0)
        return code;
    lk_lanes_trust(&server->lanes, proxies);
    for (size_t i = 0; i < rates_len; i++)
        lk_rate_table_change(rates[i].table, rates[i].rate, lk_clock_mono_ns());
    atomic_store_explicit(&server->auth.rate_status, auth_rate_status(settings), memory_order_relaxed);
    server->drain_timeout_ms = (unsigned)settings->drain_timeout_ms;
    return 0;
}

static bool reload_settings(struct server *server) {
    const struct lk_server_events *events = server->events;
    const struct lk_settings *settings = NULL;
    struct lk_problem problem = {0};
    int code = events->settings_again(events->context, &settings, &problem);
    if (code == 0 && settings != NULL)
        code = take_settings(server, settings, &problem);
    if (code != 0)
        lk_log(LK_LOG_ERROR, "SIGHUP: the old settings stay in force. %s", problem.text);
    else if (settings != NULL)
        events->settings_taken(events->context);
    return code == 0;
}

static bool reload_certificates(struct server *server) {
    struct lk_problem problem = {0};
    if (server->tls.certificate_file == NULL)
        return true;
    if (http_server_reload(server->http, &problem) != 0) {
        lk_log(LK_LOG_ERROR, "SIGHUP: the old certificates stay in use. %s", problem.text);
        return false;
    }
    lk_log(LK_LOG_INFO, "SIGHUP: new connections use the certificates as they are now");
    check_certificates(server);
    return true;
}

static bool reload_public_keys(struct server *server) {
    const char *file = server->settings->leak_public_keys;
    struct lk_problem problem = {0};
    if (file[0] == '\0')
        return true;
    bool done = lk_leak_service_reload(&server->leaks, file, &problem) == 0;
    if (done)
        lk_log(LK_LOG_INFO, "SIGHUP: GitHub's reports are checked with the public keys as they are now");
    else
        lk_log(LK_LOG_ERROR, "SIGHUP: the old public keys stay in use. %s", problem.text);
    return done;
}

/* The files that are renewed while the server runs. What cannot be read leaves what is there in use: a mistake in one keeps no other from being renewed. */
static void reload(struct server *server) {
    lk_notify_send(&server->notify, "RELOADING=1");
    if (server->settings->config == NULL && server->tls.certificate_file == NULL && server->settings->leak_public_keys[0] == '\0')
        lk_log(LK_LOG_INFO, "SIGHUP: there is nothing that could be reloaded");
    bool settings = reload_settings(server);
    bool certificates = reload_certificates(server);
    bool public_keys = reload_public_keys(server);
    bool all = settings && certificates && public_keys;
    atomic_fetch_add_explicit(all ? &server->health.reloads : &server->health.reloads_failed, 1, memory_order_relaxed);
    lk_notify_send(&server->notify, "READY=1");
}

/* --- running --- */

/* The service manager gets its sign of life unless the store thread has left requests waiting since the last one. */
static void show_life(struct server *server, uint64_t *jobs) {
    struct lk_executor_stats stats;
    lk_executor_stats(server->executor, &stats);
    if (stats.waiting == 0 || stats.jobs != *jobs)
        lk_notify_send(&server->notify, "WATCHDOG=1");
    *jobs = stats.jobs;
}

/* For a signal, no longer than until a time on the monotonic clock. Negative: none came. */
static int await_signal(const sigset_t *signals, int64_t until_ns) {
    int64_t left = until_ns - lk_clock_mono_ns();
    left = left > 0 ? left : 0;
    const struct timespec wait = {left / 1000000000, left % 1000000000};
    return sigtimedwait(signals, NULL, &wait);
}

/* Until a signal says stop. The sign of life is due at its time, however many others come before. */
static void wait_for_stop(struct server *server, const sigset_t *signals) {
    const bool watched = server->notify.watchdog_ms > 0;
    const int64_t interval_ns = (watched ? server->notify.watchdog_ms : 3600000) * 1000000;
    int64_t due = lk_clock_mono_ns() + interval_ns;
    uint64_t jobs = 0;
    for (;;) {
        int signal_number = await_signal(signals, due);
        if (lk_clock_mono_ns() >= due) {
            due = lk_clock_mono_ns() + interval_ns;
            if (watched)
                show_life(server, &jobs);
        }
        if (signal_number == SIGHUP)
            reload(server);
        else if (signal_number > 0)
            break;
    }
    lk_log(LK_LOG_INFO, "stopping: requests under way may end");
    lk_notify_send(&server->notify, "STOPPING=1");
}

/* Until it is told to stop. */
static int serve(struct server *server, const sigset_t *signals, struct lk_problem *problem) {
    announce_all(server);
    lk_notify_send(&server->notify, "READY=1");
    wait_for_stop(server, signals);
    atomic_store(&server->health.ready, false);
    if (!atomic_load(&server->database_failed))
        return 0;
    return lk_problem_set(problem, LK_EIO, "The database failed; the log says why. Start the server again when the disk is well");
}

static int stop_early(const struct server *server) {
    lk_log(LK_LOG_INFO, "stopping: not all keys are loaded");
    lk_notify_send(&server->notify, "STOPPING=1");
    return 0;
}

int lk_server_run(const struct lk_settings *settings, const struct lk_server_events *events, struct lk_problem *problem) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    lk_memory_configure();

    struct server *server = calloc(1, sizeof(*server));
    if (server == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    server->settings = settings;
    server->events = events;
    server->drain_timeout_ms = (unsigned)settings->drain_timeout_ms;
    server->health.process = lk_process_open();
    int code = lk_notify_open(&server->notify, problem);
    if (code == 0)
        code = start(server, problem);
    if (code == 0)
        code = serve(server, &signals, problem);
    else if (server->told_to_stop)
        code = stop_early(server);
    stop(server);
    lk_notify_close(&server->notify);
    free(server);
    if (code == 0)
        lk_log(LK_LOG_INFO, "stopped");
    return code;
}
