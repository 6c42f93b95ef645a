#include "cli/settings.h"

#include "base/buf.h"
#include "cli/settings_value.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SETTINGS_ARENA_MAX (size_t)(4 << 20)
#define FILE_MAX (1 << 20)
#define NAME_MAX_LEN CLI_VARIABLE_MAX

/* A list is replaced, not extended, by a stronger source. */
static void clear_list(struct lk_settings *settings, const struct cli_setting *setting) {
    if (cli_setting_is_list(setting))
        memset((char *)settings + setting->offset, 0, sizeof(struct lk_setting_list));
}

static int set_defaults(struct lk_settings *settings, struct lk_problem *problem) {
    size_t len;
    const struct cli_setting *table = cli_settings_table(&len);
    for (size_t i = 0; i < len; i++) {
        struct cli_setting_source from = {&table[i], table[i].fallback, table[i].name};
        int code = from.value == NULL ? 0 : cli_setting_set(settings, &from, problem);
        if (code != 0)
            return code;
    }
    return 0;
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
    size_t len;
    const struct cli_setting *table = cli_settings_table(&len);
    const struct cli_setting *setting = cli_settings_find(name_text);
    if (setting == NULL) {
        const char *near = cli_nearest(name_text, table, len, sizeof(table[0]));
        return lk_problem_set(problem, LK_EINVAL, "%s line %u: unknown setting \"%.60s\"%s%s%s", line->path, line->number, name_text,
                              near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near, near == NULL ? "" : "\"?");
    }
    if (setting->offset == offsetof(struct lk_settings, config))
        return lk_problem_set(problem, LK_EINVAL, "%s line %u: a file cannot name another: give --config or LATCHKEY_CONFIG", line->path,
                              line->number);
    size_t index = (size_t)(setting - table);
    if (!seen[index])
        clear_list(settings, setting);
    else if (!cli_setting_is_list(setting))
        return lk_problem_set(problem, LK_EINVAL, "%s line %u: %s is given twice", line->path, line->number, name_text);
    seen[index] = true;
    struct cli_setting_source from = {setting, value_text, where};
    return cli_setting_set(settings, &from, problem);
}

/* Past the byte order mark that some editors put at the beginning of UTF-8. */
static char *skip_mark(char *text) {
    static const char mark[] = "\xEF\xBB\xBF";
    return strncmp(text, mark, sizeof(mark) - 1) == 0 ? text + sizeof(mark) - 1 : text;
}

static int apply_file(struct lk_settings *settings, const char *path, struct lk_problem *problem) {
    struct lk_buf content;
    lk_buf_init(&content, FILE_MAX);
    bool seen[CLI_SETTINGS_MAX] = {false};
    int code = read_file(path, &content, problem);
    if (code == 0 && content.len > 0 && memchr(content.ptr, '\0', content.len) != NULL)
        code = lk_problem_set(problem, LK_EINVAL, "The settings file %s is not text", path);
    if (code == 0)
        code = lk_buf_add_char(&content, '\0');
    struct file_line line = {path, 0, code == 0 ? skip_mark(content.ptr) : NULL};
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

/* "log-level" of "LATCHKEY_LOG_LEVEL=debug". False when it is none of ours. */
static bool setting_name(const char *variable, char out[NAME_MAX_LEN]) {
    static const char prefix[] = "LATCHKEY_";
    const size_t skip = sizeof(prefix) - 1;
    size_t len = strcspn(variable, "=");
    if (strncmp(variable, prefix, skip) != 0 || len - skip >= NAME_MAX_LEN)
        return false;
    for (size_t i = skip; i < len; i++)
        out[i - skip] = variable[i] == '_' ? '-' : (char)tolower((unsigned char)variable[i]);
    out[len - skip] = '\0';
    return true;
}

bool cli_settings_mistaken(const char *variable, char ret_meant[CLI_VARIABLE_MAX]) {
    static const char *const others[] = {"url", "api-key", "key", "ca", "client-cert", "client-key"}; /* of other commands */
    char name[NAME_MAX_LEN];
    size_t len;
    const struct cli_setting *table = cli_settings_table(&len);
    if (!setting_name(variable, name) || cli_settings_find(name) != NULL)
        return false;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(others[i], name) == 0)
            return false;
    }
    const char *near = cli_nearest(name, table, len, sizeof(table[0]));
    if (near != NULL)
        environment_name(near, ret_meant);
    return near != NULL;
}

static int apply_environment(struct lk_settings *settings, struct lk_problem *problem) {
    size_t len;
    const struct cli_setting *table = cli_settings_table(&len);
    for (size_t i = 0; i < len; i++) {
        char name[NAME_MAX_LEN];
        environment_name(table[i].name, name);
        struct cli_setting_source from = {&table[i], getenv(name), name};
        if (from.value == NULL || (from.value[0] == '\0' && cli_setting_is_place(&table[i])))
            continue;
        clear_list(settings, &table[i]);
        int code = cli_setting_set(settings, &from, problem);
        if (code != 0)
            return code;
    }
    return 0;
}

static int apply_flags(struct lk_settings *settings, const struct cli_args *args, struct lk_problem *problem) {
    size_t len;
    const struct cli_setting *table = cli_settings_table(&len);
    bool seen[CLI_SETTINGS_MAX] = {false};
    for (size_t i = 0; i < args->given_len; i++) {
        const struct cli_setting *setting = cli_settings_find(args->given[i].name);
        if (setting == NULL)
            continue;
        size_t index = (size_t)(setting - table);
        if (!seen[index])
            clear_list(settings, setting);
        seen[index] = true;
        char where[NAME_MAX_LEN];
        snprintf(where, sizeof(where), "--%s", setting->name);
        struct cli_setting_source from = {setting, args->given[i].value, where};
        int code = cli_setting_set(settings, &from, problem);
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
    const char *file = cli_args_or_environment(args, "config", "LATCHKEY_CONFIG");
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
