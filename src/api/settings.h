/* What a server is told: filled from the settings table of cli/settings.h, and not changed afterwards: SIGHUP brings others, and the server takes over what may change. */
#ifndef LK_API_SETTINGS_H
#define LK_API_SETTINGS_H

#include "base/arena.h"
#include "base/error.h"
#include "keyring/limit.h"

#include <stdint.h>

struct lk_setting_list {
    const char **items;
    size_t len;
};

struct lk_settings {
    struct lk_arena arena; /* everything below points into it or is static */

    const char *data;            /* the data directory; NULL: not given */
    const char *config;          /* the settings file; NULL: none */
    const char *master_key_file; /* NULL: DIR/master.key */

    struct lk_setting_list listen;          /* "ADDR:PORT" or "unix:PATH" */
    const char *ops_listen;                 /* "ADDR:PORT"; empty: none */
    struct lk_setting_list trusted_proxies; /* addresses and CIDR blocks whose X-Forwarded-For is believed */
    struct lk_rate rate_limit_account;      /* GraphQL requests; limit 0: as many as they like */
    struct lk_rate rate_limit_key;
    struct lk_rate login_rate;    /* of one address */
    const char *auth_rate_status; /* "403" or "429": forward auth over a limit */
    const char *socket_mode;      /* of Unix sockets, octal */
    bool insecure_listen;         /* clear text beyond loopback is wanted */

    const char *tls_cert; /* PEM files of the main TCP listeners; empty: clear text */
    const char *tls_key;
    const char *tls_client_ca;   /* clients must show a certificate of these; empty: they need none */
    const char *tls_min_version; /* 1.2 or 1.3 */

    const char *leak_public_keys; /* GitHub's, to check its reports of leaked keys with; empty: none are taken */

    const char *sandbox; /* auto, on or off */

    const char *log_level;  /* debug, info, warn or error */
    const char *log_format; /* text or json */

    int64_t threads; /* I/O threads; 0: one a core */
    int64_t connections_max;
    int64_t body_max;
    int64_t header_timeout_ms;
    int64_t body_timeout_ms;
    int64_t idle_timeout_ms;
    int64_t write_timeout_ms;
    int64_t drain_timeout_ms;

    int64_t store_queue;
    int64_t store_batch;

    int64_t background_queue;
    int64_t login_failures;
    int64_t login_window_ms;
    int64_t login_lock_ms;
    int64_t session_idle_ms;
    int64_t session_ttl_ms;

    int64_t graphql_tokens;
    int64_t graphql_depth;
    int64_t graphql_introspection_depth;
    int64_t graphql_aliases;
    int64_t graphql_root_fields;
    int64_t graphql_directives;
    int64_t graphql_complexity;
    int64_t graphql_batch;   /* requests in a JSON array */
    int64_t graphql_time_ms; /* that a request may have the store thread, its first field apart */
    int64_t graphql_cache;   /* bytes of parsed documents */
    bool graphql_introspection;
    bool graphql_suggestions;
};

/* What no value shows by itself, since it lies in how they go together. 0; LK_EINVAL: something is missing; LK_EFORBIDDEN: it would be unsafe; with a sentence. */
int lk_settings_check(const struct lk_settings *settings, struct lk_problem *problem);

/* Of what may be listened on: whether it is a Unix socket ("unix:PATH"); whether it is an address of this machine only (127.0.0.0/8, ::1), false as well for what
 * is no "ADDR:PORT". */
bool lk_address_is_unix(const char *address);
bool lk_address_is_loopback(const char *address);

#endif
