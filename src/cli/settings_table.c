#include "cli/settings.h"

#define AT(member) offsetof(struct lk_settings, member)
#define MEBI ((int64_t)1 << 20)
#define DAY (INT64_C(24) * 3600000)

static const struct cli_setting table[] = {
    {"data", "DIR", NULL, "The data directory, made by `latchkey init`.", AT(data), 0, 0, CLI_STRING, false},
    {"config", "FILE", NULL, "A file of settings: one NAME = value a line.", AT(config), 0, 0, CLI_STRING, false},
    {"master-key-file", "FILE", NULL, "The master key, when it is not DIR/master.key.", AT(master_key_file), 0, 0, CLI_STRING, false},
    {"listen", "ADDR:PORT", "127.0.0.1:5390",
     "Where to serve; port 0 lets the system choose. [::] is every IPv6 address, and no IPv4 one: add 0.0.0.0. unix:PATH is a Unix socket.",
     AT(listen), 0, 0, CLI_ADDRESSES, false},
    {"ops-listen", "ADDR:PORT", "127.0.0.1:5391", "Where to serve /metrics, /healthz and /readyz; empty for nowhere.", AT(ops_listen), 0, 0,
     CLI_ADDRESS, false},
    {"insecure-listen", NULL, "false",
     "Allows clear text beyond loopback, for a server behind a proxy that encrypts, and for --ops-listen.", AT(insecure_listen), 0, 0,
     CLI_BOOL, false},
    {"trusted-proxy", "CIDR", NULL,
     "A proxy's address, or block of addresses, whose X-Forwarded-For is believed; unix: that of whoever connects by a Unix socket.",
     AT(trusted_proxies), 0, 0, CLI_PROXIES, true},
    {"auth-rate-status", "403|429", "403", "What forward auth answers over a rate or without credits; not every proxy passes 429 on.",
     AT(auth_rate_status), 0, 0, CLI_CHOICE, true},
    {"rate-limit-account", "N/TIME", "", "Most GraphQL requests of one account, such as 30/1m; empty for no limit.", AT(rate_limit_account),
     1, 10000000, CLI_RATE, true},
    {"rate-limit-key", "N/TIME", "", "Most GraphQL requests with one API key, such as 1/1s; empty for no limit.", AT(rate_limit_key), 1,
     10000000, CLI_RATE, true},
    {"socket-mode", "MODE", "0660", "Who may use Unix sockets, as for chmod.", AT(socket_mode), 0, 0, CLI_MODE, false},
    {"tls-cert", "FILE", "", "Certificate chain in PEM form: --listen then speaks TLS (Unix sockets do not).", AT(tls_cert), 0, 0,
     CLI_STRING, false},
    {"tls-key", "FILE", "", "The certificate's key in PEM form, readable by its owner only.", AT(tls_key), 0, 0, CLI_STRING, false},
    {"tls-client-ca", "FILE", "", "Clients must show a certificate that one of these issued. Revocation lists in the file hold.",
     AT(tls_client_ca), 0, 0, CLI_STRING, false},
    {"tls-min-version", "1.2|1.3", "1.2", "The oldest TLS that is spoken.", AT(tls_min_version), 0, 0, CLI_CHOICE, false},
    {"leak-public-keys", "FILE", "",
     "GitHub's public keys (its answer at /meta/public_keys/secret_scanning): offers POST /v1/leaks/github.", AT(leak_public_keys), 0, 0,
     CLI_STRING, false},
    {"sandbox", "auto|on|off", "auto",
     "Give up what the server does not need once it serves: on refuses to start where a part is missing, auto says so in the log.",
     AT(sandbox), 0, 0, CLI_CHOICE, false},
    {"log-level", "debug|info|warn|error", "info", "The least important messages that are logged.", AT(log_level), 0, 0, CLI_CHOICE, true},
    {"log-format", "text|json", "text", "The form of the log on standard error.", AT(log_format), 0, 0, CLI_CHOICE, false},
    {"threads", "N", "0", "I/O threads; 0 for one a core.", AT(threads), 0, 256, CLI_COUNT, false},
    {"connections-max", "N", "10000", "Most open connections.", AT(connections_max), 1, 10000000, CLI_COUNT, false},
    {"body-max", "BYTES", "2MiB", "Largest request body.", AT(body_max), 1024, 1024 * (int64_t)MEBI, CLI_BYTES, false},
    {"header-timeout", "TIME", "10s", "Longest time for a request's header to arrive.", AT(header_timeout_ms), 10, 3600000, CLI_TIME,
     false},
    {"body-timeout", "TIME", "30s", "Longest time for a request's body to arrive.", AT(body_timeout_ms), 10, 3600000, CLI_TIME, false},
    {"idle-timeout", "TIME", "75s", "How long a connection may wait between requests.", AT(idle_timeout_ms), 10, 86400000, CLI_TIME, false},
    {"write-timeout", "TIME", "30s", "How long a client may take no byte of its answer.", AT(write_timeout_ms), 10, 3600000, CLI_TIME,
     false},
    {"drain-timeout", "TIME", "10s", "How long requests under way may take when the server stops.", AT(drain_timeout_ms), 0, 3600000,
     CLI_TIME, true},
    {"store-queue", "N", "1024", "Requests that may wait for the database; more are answered 503.", AT(store_queue), 1, 1000000, CLI_COUNT,
     false},
    {"store-batch", "N", "64", "Most requests that share one commit.", AT(store_batch), 1, 10000, CLI_COUNT, false},
    {"background-queue", "N", "64", "Passwords that may wait to be checked or set; more are answered 503.", AT(background_queue), 1, 100000,
     CLI_COUNT, false},
    {"login-failures", "N", "5", "Wrong passwords that lock a user.", AT(login_failures), 1, 1000000, CLI_COUNT, false},
    {"login-window", "TIME", "15m", "How close together they must be.", AT(login_window_ms), 1000, 31 * DAY, CLI_TIME, false},
    {"login-lock", "TIME", "15m", "For how long the user is locked.", AT(login_lock_ms), 1000, 31 * DAY, CLI_TIME, false},
    {"login-rate", "N/TIME", "120/1m", "Most logins that one client address may try; empty for no limit.", AT(login_rate), 1, 10000000,
     CLI_RATE, true},
    {"session-idle", "TIME", "12h", "A session ends when it is not used for so long.", AT(session_idle_ms), 1000, 366 * DAY, CLI_TIME,
     false},
    {"session-ttl", "TIME", "168h", "A session ends so long after the login, however much it is used.", AT(session_ttl_ms), 1000, 366 * DAY,
     CLI_TIME, false},
    {"graphql-tokens", "N", "20000", "Most tokens in a GraphQL document, or in all new ones of a JSON array; 0 for no limit.",
     AT(graphql_tokens), 0, 10000000, CLI_COUNT, false},
    {"graphql-depth", "N", "10", "Deepest nesting of fields in a GraphQL document; 0 for no limit.", AT(graphql_depth), 0, 100, CLI_COUNT,
     false},
    {"graphql-introspection-depth", "N", "20", "Deepest nesting of fields below __schema and __type; 0 for no limit.",
     AT(graphql_introspection_depth), 0, 100, CLI_COUNT, false},
    {"graphql-aliases", "N", "100", "Most aliases in a GraphQL document; 0 for no limit.", AT(graphql_aliases), 0, 1000000, CLI_COUNT,
     false},
    {"graphql-root-fields", "N", "50", "Most fields at the root of a GraphQL operation; 0 for no limit.", AT(graphql_root_fields), 0,
     1000000, CLI_COUNT, false},
    {"graphql-directives", "N", "100", "Most directives in a GraphQL document; 0 for no limit.", AT(graphql_directives), 0, 1000000,
     CLI_COUNT, false},
    {"graphql-complexity", "N", "250000", "Most fields that a GraphQL document may ask for, page sizes multiplied; 0 for no limit.",
     AT(graphql_complexity), 0, 1000000000, CLI_COUNT, false},
    {"graphql-batch", "N", "10", "Most requests in a JSON array; 0 refuses arrays.", AT(graphql_batch), 0, 1000, CLI_COUNT, false},
    {"graphql-time", "TIME", "2s", "How long a GraphQL request may have the database, its first field apart; 0 for no limit.",
     AT(graphql_time_ms), 0, 3600000, CLI_TIME, false},
    {"graphql-cache", "BYTES", "16MiB", "Memory for parsed GraphQL documents, which may then be sent by their SHA-256 hash; 0 keeps none.",
     AT(graphql_cache), 0, 1024 * (int64_t)MEBI, CLI_BYTES, false},
    {"graphql-introspection", NULL, "true", "Answers __schema and __type.", AT(graphql_introspection), 0, 0, CLI_BOOL, false},
    {"graphql-suggestions", NULL, "true", "Errors name what may have been meant.", AT(graphql_suggestions), 0, 0, CLI_BOOL, false},
};

#define TABLE_LEN (sizeof(table) / sizeof(table[0]))

_Static_assert(TABLE_LEN <= CLI_SETTINGS_MAX, "who loads them has room");

const struct cli_setting *cli_settings_table(size_t *ret_len) {
    *ret_len = TABLE_LEN;
    return table;
}

const struct cli_option *cli_settings_options(struct lk_arena *arena, size_t *ret_len) {
    struct cli_option *options = lk_arena_calloc(arena, TABLE_LEN, sizeof(*options));
    if (options == NULL)
        return NULL;
    for (size_t i = 0; i < TABLE_LEN; i++) {
        const char *help = table[i].help;
        if (table[i].fallback != NULL && table[i].fallback[0] != '\0')
            help = lk_arena_printf(arena, "%s Default: %s.", help, table[i].fallback);
        if (help != NULL && table[i].reloadable)
            help = lk_arena_printf(arena, "%s SIGHUP changes it.", help);
        if (help == NULL)
            return NULL;
        options[i] = (struct cli_option){table[i].name, table[i].value, help, cli_setting_is_list(&table[i])};
    }
    *ret_len = TABLE_LEN;
    return options;
}

const struct cli_setting *cli_settings_find(const char *name) {
    for (size_t i = 0; i < TABLE_LEN; i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

bool cli_setting_is_list(const struct cli_setting *setting) {
    return setting->type == CLI_ADDRESSES || setting->type == CLI_PROXIES;
}

bool cli_setting_is_place(const struct cli_setting *setting) {
    return setting->type == CLI_STRING && setting->fallback == NULL;
}

static bool texts_differ(const char *a, const char *b) {
    return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

static bool lists_differ(const struct lk_setting_list *a, const struct lk_setting_list *b) {
    bool differ = a->len != b->len;
    for (size_t i = 0; i < a->len && !differ; i++)
        differ = texts_differ(a->items[i], b->items[i]);
    return differ;
}

bool cli_setting_differs(const struct cli_setting *setting, const struct lk_settings *a, const struct lk_settings *b) {
    const void *ours = (const char *)a + setting->offset;
    const void *theirs = (const char *)b + setting->offset;
    switch (setting->type) {
    case CLI_STRING:
    case CLI_CHOICE:
    case CLI_MODE:
    case CLI_ADDRESS: return texts_differ(*(const char *const *)ours, *(const char *const *)theirs);
    case CLI_ADDRESSES:
    case CLI_PROXIES: return lists_differ(ours, theirs);
    case CLI_BOOL: return memcmp(ours, theirs, sizeof(bool)) != 0;
    case CLI_COUNT:
    case CLI_BYTES:
    case CLI_TIME: return memcmp(ours, theirs, sizeof(int64_t)) != 0;
    case CLI_RATE: return memcmp(ours, theirs, sizeof(struct lk_rate)) != 0;
    }
    return false;
}
