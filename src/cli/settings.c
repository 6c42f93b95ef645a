#include "cli/settings.h"

#include "base/buf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SETTINGS_ARENA_MAX (size_t)(4 << 20)
#define FILE_MAX (1 << 20)
#define NAME_MAX_LEN 64

#define AT(member) offsetof(struct lk_settings, member)
#define MEBI ((int64_t)1 << 20)
#define DAY (INT64_C(24) * 3600000)

static const struct cli_setting table[] = {
    {"data", "DIR", NULL, "The data directory, made by `latchkey init`.", AT(data), 0, 0, CLI_STRING, false},
    {"config", "FILE", NULL, "A file of settings: one NAME = value a line.", AT(config), 0, 0, CLI_STRING, false},
    {"master-key-file", "FILE", NULL, "The master key, when it is not DIR/master.key.", AT(master_key_file), 0, 0, CLI_STRING, false},
    {"listen", "ADDR:PORT", "127.0.0.1:5390", "Where to serve; port 0 lets the system choose. unix:PATH is a Unix socket.", AT(listen), 0,
     0, CLI_LIST, false},
    {"ops-listen", "ADDR:PORT", "127.0.0.1:5391", "Where to serve /metrics, /healthz and /readyz; empty for nowhere.", AT(ops_listen), 0, 0,
     CLI_STRING, false},
    {"insecure-listen", NULL, "false", "Allows clear text beyond loopback, for a server behind a proxy that encrypts.", AT(insecure_listen),
     0, 0, CLI_BOOL, false},
    {"trusted-proxy", "CIDR", NULL, "A proxy's address, or block of addresses, whose X-Forwarded-For is believed.", AT(trusted_proxies), 0,
     0, CLI_LIST, false},
    {"auth-rate-status", "403|429", "403", "What forward auth answers over a rate limit; not every proxy passes 429 on.",
     AT(auth_rate_status), 0, 0, CLI_CHOICE, false},
    {"rate-limit-account", "N/TIME", "", "Most GraphQL requests of one account, such as 30/1m; empty for no limit.", AT(rate_limit_account),
     1, 10000000, CLI_RATE, false},
    {"rate-limit-key", "N/TIME", "", "Most GraphQL requests with one API key, such as 1/1s; empty for no limit.", AT(rate_limit_key), 1,
     10000000, CLI_RATE, false},
    {"socket-mode", "MODE", "0660", "Who may use Unix sockets, as for chmod.", AT(socket_mode), 0, 0, CLI_STRING, false},
    {"tls-cert", "FILE", "", "Certificate chain in PEM form: --listen then speaks TLS (Unix sockets do not).", AT(tls_cert), 0, 0,
     CLI_STRING, false},
    {"tls-key", "FILE", "", "The certificate's key in PEM form, readable by its owner only.", AT(tls_key), 0, 0, CLI_STRING, false},
    {"tls-client-ca", "FILE", "", "Clients must show a certificate that one of these issued.", AT(tls_client_ca), 0, 0, CLI_STRING, false},
    {"tls-min-version", "1.2|1.3", "1.2", "The oldest TLS that is spoken.", AT(tls_min_version), 0, 0, CLI_CHOICE, false},
    {"leak-public-keys", "FILE", "",
     "GitHub's public keys (its answer at /meta/public_keys/secret_scanning): offers POST /v1/leaks/github.", AT(leak_public_keys), 0, 0,
     CLI_STRING, false},
    {"sandbox", "auto|on|off", "auto",
     "Give up what the server does not need once it serves: on refuses to start where a part is missing, auto says so in the log.",
     AT(sandbox), 0, 0, CLI_CHOICE, false},
    {"log-level", "debug|info|warn|error", "info", "The least important messages that are logged.", AT(log_level), 0, 0, CLI_CHOICE, false},
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
     CLI_TIME, false},
    {"store-queue", "N", "1024", "Requests that may wait for the database; more are answered 503.", AT(store_queue), 1, 1000000, CLI_COUNT,
     false},
    {"store-batch", "N", "64", "Most requests that share one commit.", AT(store_batch), 1, 10000, CLI_COUNT, false},
    {"background-queue", "N", "64", "Passwords that may wait to be checked or set; more are answered 503.", AT(background_queue), 1, 100000,
     CLI_COUNT, false},
    {"login-failures", "N", "5", "Wrong passwords that lock a user.", AT(login_failures), 1, 1000000, CLI_COUNT, false},
    {"login-window", "TIME", "15m", "How close together they must be.", AT(login_window_ms), 1000, 31 * DAY, CLI_TIME, false},
    {"login-lock", "TIME", "15m", "For how long the user is locked.", AT(login_lock_ms), 1000, 31 * DAY, CLI_TIME, false},
    {"login-rate", "N/TIME", "120/1m", "Most logins that one client address may try; empty for no limit.", AT(login_rate), 1, 10000000,
     CLI_RATE, false},
    {"session-idle", "TIME", "12h", "A session ends when it is not used for so long.", AT(session_idle_ms), 1000, 366 * DAY, CLI_TIME,
     false},
    {"session-ttl", "TIME", "168h", "A session ends so long after the login, however much it is used.", AT(session_ttl_ms), 1000, 366 * DAY,
     CLI_TIME, false},
    {"graphql-tokens", "N", "20000", "Most tokens in a GraphQL document.", AT(graphql_tokens), 0, 10000000, CLI_COUNT, false},
    {"graphql-depth", "N", "10", "Deepest nesting of fields in a GraphQL document.", AT(graphql_depth), 0, 100, CLI_COUNT, false},
    {"graphql-introspection-depth", "N", "20", "Deepest nesting of fields below __schema and __type.", AT(graphql_introspection_depth), 0,
     100, CLI_COUNT, false},
    {"graphql-aliases", "N", "100", "Most aliases in a GraphQL document.", AT(graphql_aliases), 0, 1000000, CLI_COUNT, false},
    {"graphql-root-fields", "N", "50", "Most fields at the root of a GraphQL operation.", AT(graphql_root_fields), 0, 1000000, CLI_COUNT,
     false},
    {"graphql-directives", "N", "100", "Most directives in a GraphQL document.", AT(graphql_directives), 0, 1000000, CLI_COUNT, false},
    {"graphql-complexity", "N", "250000", "Most fields that a GraphQL document may ask for, page sizes multiplied.", AT(graphql_complexity),
     0, 1000000000, CLI_COUNT, false},
    {"graphql-batch", "N", "10", "Most requests in a JSON array; 0 refuses arrays.", AT(graphql_batch), 0, 1000, CLI_COUNT, false},
    {"graphql-cache", "BYTES", "16MiB", "Memory for parsed GraphQL documents, which may then be sent by their SHA-256 hash; 0 keeps none.",
     AT(graphql_cache), 0, 1024 * (int64_t)MEBI, CLI_BYTES, false},
    {"graphql-introspection", NULL, "true", "Answers __schema and __type.", AT(graphql_introspection), 0, 0, CLI_BOOL, false},
    {"graphql-suggestions", NULL, "true", "Errors name what may have been meant.", AT(graphql_suggestions), 0, 0, CLI_BOOL, false},
};

#define TABLE_LEN (sizeof(table) / sizeof(table[0]))

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
        if (help == NULL)
            return NULL;
        options[i] = (struct cli_option){table[i].name, table[i].value, help, table[i].type == CLI_LIST};
    }
    *ret_len = TABLE_LEN;
    return options;
}

/* One value of a setting, and where it came from for the error. */
struct source {
    const struct cli_setting *setting;
    const char *value;
    const char *where; /* "--threads", "LATCHKEY_THREADS", "threads in FILE" */
};

static void *member(struct lk_settings *settings, const struct cli_setting *setting) {
    return (char *)settings + setting->offset;
}

static int bad_value(const struct source *from, struct lk_problem *problem, const char *wanted) {
    return lk_problem_set(problem, LK_EINVAL, "%s: \"%.100s\" is not %s", from->where, from->value, wanted);
}

static int64_t unit_factor(enum cli_setting_type type, const char *unit) {
    static const struct {
        enum cli_setting_type type;
        const char *unit;
        int64_t factor;
    } units[] = {
        {CLI_BYTES, "KiB", 1024}, {CLI_BYTES, "MiB", MEBI}, {CLI_BYTES, "GiB", 1024 * MEBI}, {CLI_TIME, "ms", 1},
        {CLI_TIME, "s", 1000},    {CLI_TIME, "m", 60000},   {CLI_TIME, "h", 3600000},
    };
    if (*unit == '\0')
        return 1;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (units[i].type == type && strcmp(units[i].unit, unit) == 0)
            return units[i].factor;
    }
    return 0;
}

static int set_number(struct lk_settings *settings, const struct source *from, struct lk_problem *problem) {
    static const char *const wanted[] = {
        [CLI_COUNT] = "a whole number",
        [CLI_BYTES] = "a number of bytes, such as 4096, 64KiB or 2MiB",
        [CLI_TIME] = "a time, such as 500ms, 30s, 5m or 1h",
    };
    const struct cli_setting *setting = from->setting;
    if (!isdigit((unsigned char)from->value[0]))
        return bad_value(from, problem, wanted[setting->type]);
    errno = 0;
    char *end;
    int64_t number = strtoll(from->value, &end, 10);
    int64_t factor = unit_factor(setting->type, end);
    if (factor == 0)
        return bad_value(from, problem, wanted[setting->type]);
    if (errno != 0 || __builtin_mul_overflow(number, factor, &number) || number < setting->least || number > setting->most)
        return lk_problem_set(problem, LK_EINVAL, "%s: %.40s is out of bounds: from %" PRId64 " to %" PRId64, from->where, from->value,
                              setting->least, setting->most);
    memcpy(member(settings, setting), &number, sizeof(number));
    return 0;
}

/* "30/1m". */
static int set_rate(struct lk_settings *settings, const struct source *from, struct lk_problem *problem) {
    static const char wanted[] = "a rate, such as 30/1m or 1/1s, and at most 24h long";
    const struct cli_setting *setting = from->setting;
    struct lk_rate rate = {0, 0};
    char *end = NULL;
    if (from->value[0] == '\0') {
        memcpy(member(settings, setting), &rate, sizeof(rate));
        return 0;
    }
    if (!isdigit((unsigned char)from->value[0]))
        return bad_value(from, problem, wanted);
    errno = 0;
    int64_t limit = strtoll(from->value, &end, 10);
    if (*end != '/' || !isdigit((unsigned char)end[1]))
        return bad_value(from, problem, wanted);
    int64_t window = strtoll(end + 1, &end, 10);
    int64_t factor = unit_factor(CLI_TIME, end);
    if (errno != 0 || factor == 0 || __builtin_mul_overflow(window, factor, &window) || window < 1 || window > DAY)
        return bad_value(from, problem, wanted);
    if (limit < setting->least || limit > setting->most)
        return lk_problem_set(problem, LK_EINVAL, "%s: %.40s is out of bounds: from %" PRId64 " to %" PRId64 " in a time", from->where,
                              from->value, setting->least, setting->most);
    rate = (struct lk_rate){(uint32_t)limit, (uint32_t)window};
    memcpy(member(settings, setting), &rate, sizeof(rate));
    return 0;
}

static int set_bool(struct lk_settings *settings, const struct source *from, struct lk_problem *problem) {
    bool value = strcmp(from->value, "true") == 0;
    if (!value && strcmp(from->value, "false") != 0)
        return bad_value(from, problem, "true or false");
    memcpy(member(settings, from->setting), &value, sizeof(value));
    return 0;
}

static bool is_choice(const char *choices, const char *value) {
    size_t len = strlen(value);
    for (const char *at = choices;; at++) {
        size_t span = strcspn(at, "|");
        if (span == len && memcmp(at, value, len) == 0)
            return true;
        at += span;
        if (*at == '\0')
            return false;
    }
}

static int set_string(struct lk_settings *settings, const struct source *from, struct lk_problem *problem) {
    if (from->setting->type == CLI_CHOICE && !is_choice(from->setting->value, from->value))
        return lk_problem_set(problem, LK_EINVAL, "%s: \"%.100s\" is none of %s", from->where, from->value, from->setting->value);
    const char *copy = lk_arena_strdup(&settings->arena, lk_slice_cstr(from->value));
    if (copy == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    memcpy(member(settings, from->setting), &copy, sizeof(copy));
    return 0;
}

static int add_item(struct lk_settings *settings, struct lk_setting_list *list, struct lk_slice item, struct lk_problem *problem) {
    const char **items = lk_arena_calloc(&settings->arena, list->len + 1, sizeof(*items));
    const char *copy = lk_arena_strdup(&settings->arena, item);
    if (items == NULL || copy == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    if (list->len > 0)
        memcpy(items, list->items, list->len * sizeof(*items));
    items[list->len] = copy;
    *list = (struct lk_setting_list){items, list->len + 1};
    return 0;
}

/* Appends the items of a list written with commas. */
static int add_items(struct lk_settings *settings, const struct source *from, struct lk_problem *problem) {
    struct lk_setting_list *list = member(settings, from->setting);
    const char *at = from->value;
    for (;;) {
        size_t len = strcspn(at, ",");
        struct lk_slice item = lk_slice_trim(lk_slice_make(at, len));
        if (item.len > 0) {
            int code = add_item(settings, list, item, problem);
            if (code != 0)
                return code;
        }
        if (at[len] == '\0')
            return 0;
        at += len + 1;
    }
}

static int set_value(struct lk_settings *settings, const struct source *from, struct lk_problem *problem) {
    switch (from->setting->type) {
    case CLI_STRING:
    case CLI_CHOICE: return set_string(settings, from, problem);
    case CLI_LIST: return add_items(settings, from, problem);
    case CLI_BOOL: return set_bool(settings, from, problem);
    case CLI_COUNT:
    case CLI_BYTES:
    case CLI_TIME: return set_number(settings, from, problem);
    case CLI_RATE: return set_rate(settings, from, problem);
    }
    return LK_EINTERNAL;
}

/* A list is replaced, not extended, by a stronger source. */
static void clear_list(struct lk_settings *settings, const struct cli_setting *setting) {
    if (setting->type == CLI_LIST)
        memset(member(settings, setting), 0, sizeof(struct lk_setting_list));
}

static int set_defaults(struct lk_settings *settings, struct lk_problem *problem) {
    for (size_t i = 0; i < TABLE_LEN; i++) {
        struct source from = {&table[i], table[i].fallback, table[i].name};
        int code = from.value == NULL ? 0 : set_value(settings, &from, problem);
        if (code != 0)
            return code;
    }
    return 0;
}

static const struct cli_setting *find_setting(const char *name) {
    for (size_t i = 0; i < TABLE_LEN; i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

/* --- the file --- */

static int read_file(const char *path, struct lk_buf *out, struct lk_problem *problem) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return lk_problem_set(problem, errno == ENOENT ? LK_ENOTFOUND : LK_EFORBIDDEN, "Cannot read the settings file %s: %s", path,
                              strerror(errno));
    int code = 0;
    for (;;) {
        code = lk_buf_reserve(out, 4096);
        if (code != 0) {
            lk_problem_set(problem, code, "The settings file %s is larger than %d bytes", path, FILE_MAX);
            break;
        }
        ssize_t got = read(fd, out->ptr + out->len, 4096);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            code = lk_problem_set(problem, LK_EIO, "Cannot read the settings file %s: %s", path, strerror(errno));
        if (got <= 0)
            break;
        out->len += (size_t)got;
    }
    close(fd);
    return code;
}

struct file_line {
    const char *path;
    unsigned number;
    char *text; /* NUL-terminated, may be changed */
};

static int apply_line(struct lk_settings *settings, const struct file_line *line, bool *seen, struct lk_problem *problem) {
    struct lk_slice text = lk_slice_trim(lk_slice_cstr(line->text));
    if (text.len == 0 || text.ptr[0] == '#' || text.ptr[0] == ';')
        return 0;
    const char *equals = memchr(text.ptr, '=', text.len);
    if (equals == NULL)
        return lk_problem_set(problem, LK_EINVAL, "%s line %u: a setting is written NAME = value", line->path, line->number);
    struct lk_slice name = lk_slice_trim(lk_slice_make(text.ptr, (size_t)(equals - text.ptr)));
    struct lk_slice value = lk_slice_trim(lk_slice_make(equals + 1, text.len - (size_t)(equals + 1 - text.ptr)));
    char *name_text = lk_arena_strdup(&settings->arena, name);
    char *value_text = lk_arena_strdup(&settings->arena, value);
    char *where = lk_arena_printf(&settings->arena, "%s line %u: %s", line->path, line->number, name_text == NULL ? "" : name_text);
    if (name_text == NULL || value_text == NULL || where == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    const struct cli_setting *setting = find_setting(name_text);
    if (setting == NULL || setting->offset == AT(config)) {
        const char *near = cli_nearest(name_text, table, TABLE_LEN, sizeof(table[0]));
        return lk_problem_set(problem, LK_EINVAL, "%s line %u: unknown setting \"%.60s\"%s%s%s", line->path, line->number, name_text,
                              near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near, near == NULL ? "" : "\"?");
    }
    size_t index = (size_t)(setting - table);
    if (!seen[index])
        clear_list(settings, setting);
    else if (setting->type != CLI_LIST)
        return lk_problem_set(problem, LK_EINVAL, "%s line %u: %s is given twice", line->path, line->number, name_text);
    seen[index] = true;
    struct source from = {setting, value_text, where};
    return set_value(settings, &from, problem);
}

static int apply_file(struct lk_settings *settings, const char *path, struct lk_problem *problem) {
    struct lk_buf content;
    lk_buf_init(&content, FILE_MAX);
    bool seen[TABLE_LEN] = {false};
    int code = read_file(path, &content, problem);
    if (code == 0 && content.len > 0 && memchr(content.ptr, '\0', content.len) != NULL)
        code = lk_problem_set(problem, LK_EINVAL, "The settings file %s is not text", path);
    if (code == 0)
        code = lk_buf_add_char(&content, '\0');
    struct file_line line = {path, 0, content.ptr};
    while (code == 0 && line.text != NULL) {
        char *newline = strchr(line.text, '\n');
        if (newline != NULL)
            *newline = '\0';
        line.number++;
        code = apply_line(settings, &line, seen, problem);
        line.text = newline == NULL ? NULL : newline + 1;
    }
    lk_buf_free(&content);
    return code;
}

/* --- environment and flags --- */

/* "LATCHKEY_LOG_LEVEL" of "log-level". */
static void environment_name(const char *name, char out[NAME_MAX_LEN]) {
    size_t len = (size_t)snprintf(out, NAME_MAX_LEN, "LATCHKEY_%s", name);
    for (size_t i = 0; i < len; i++)
        out[i] = out[i] == '-' ? '_' : (char)toupper((unsigned char)out[i]);
}

static int apply_environment(struct lk_settings *settings, struct lk_problem *problem) {
    for (size_t i = 0; i < TABLE_LEN; i++) {
        char name[NAME_MAX_LEN];
        environment_name(table[i].name, name);
        struct source from = {&table[i], getenv(name), name};
        if (from.value == NULL)
            continue;
        clear_list(settings, &table[i]);
        int code = set_value(settings, &from, problem);
        if (code != 0)
            return code;
    }
    return 0;
}

static int apply_flags(struct lk_settings *settings, const struct cli_args *args, struct lk_problem *problem) {
    bool seen[TABLE_LEN] = {false};
    for (size_t i = 0; i < args->given_len; i++) {
        const struct cli_setting *setting = find_setting(args->given[i].name);
        if (setting == NULL)
            continue;
        size_t index = (size_t)(setting - table);
        if (!seen[index])
            clear_list(settings, setting);
        seen[index] = true;
        char where[NAME_MAX_LEN];
        snprintf(where, sizeof(where), "--%s", setting->name);
        struct source from = {setting, args->given[i].value, where};
        int code = set_value(settings, &from, problem);
        if (code != 0)
            return code;
    }
    return 0;
}

int cli_settings_load(const struct cli_args *args, struct lk_settings *ret, struct lk_problem *problem) {
    struct lk_settings settings;
    memset(&settings, 0, sizeof(settings));
    lk_arena_init(&settings.arena, SETTINGS_ARENA_MAX);
    int code = set_defaults(&settings, problem);
    const char *file = cli_args_get(args, "config");
    if (file == NULL)
        file = getenv("LATCHKEY_CONFIG");
    if (code == 0 && file != NULL)
        code = apply_file(&settings, file, problem);
    if (code == 0)
        code = apply_environment(&settings, problem);
    if (code == 0)
        code = apply_flags(&settings, args, problem);
    if (code != 0) {
        lk_arena_free(&settings.arena);
        return code;
    }
    *ret = settings;
    return 0;
}

void cli_settings_free(struct lk_settings *settings) {
    lk_arena_free(&settings->arena);
    memset(settings, 0, sizeof(*settings));
}
