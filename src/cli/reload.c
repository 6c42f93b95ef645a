#include "cli/reload.h"

#include "base/buf.h"
#include "base/log.h"

#include <sys/stat.h>

int cli_reload_load(const struct cli_args *args, struct lk_settings *ret, struct lk_problem *problem) {
    struct lk_settings settings;
    int code = cli_settings_load(args, &settings, problem);
    if (code != 0)
        return code;
    code = lk_settings_check(&settings, problem);
    if (code == 0)
        *ret = settings;
    else
        cli_settings_free(&settings);
    return code;
}

static enum lk_log_level level_of(const struct lk_settings *settings) {
    static const struct {
        const char *name;
        enum lk_log_level level;
    } levels[] = {{"debug", LK_LOG_DEBUG}, {"info", LK_LOG_INFO}, {"warn", LK_LOG_WARN}, {"error", LK_LOG_ERROR}};
    enum lk_log_level level = LK_LOG_INFO;
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strcmp(levels[i].name, settings->log_level) == 0)
            level = levels[i].level;
    }
    return level;
}

void cli_reload_set_up_log(const struct lk_settings *settings) {
    lk_log_setup(level_of(settings), strcmp(settings->log_format, "json") == 0);
}

/* What was read from a pipe cannot be read again; trying would wait for a writer that never comes. */
static int check_file(const char *path, struct lk_problem *problem) {
    struct stat file;
    if (stat(path, &file) != 0 || S_ISREG(file.st_mode)) /* why it is not there is said by who reads it */
        return 0;
    return lk_problem_set(problem, LK_EINVAL, "The settings file %s is no regular file, which alone can be read again", path);
}

int cli_reload_again(void *context, const struct lk_settings **ret_settings, struct lk_problem *problem) {
    struct cli_reload *reload = context;
    struct lk_settings *next = &reload->slots[1 - reload->taken];
    *ret_settings = NULL;
    if (reload->start->config == NULL) /* flags and environment stay what they were */
        return 0;
    cli_settings_free(next);
    int code = check_file(reload->start->config, problem);
    if (code == 0)
        code = cli_reload_load(reload->args, next, problem);
    if (code == 0)
        *ret_settings = next;
    return code;
}

/* Logs the names of the settings that differ, of those that may change while the server runs or of the others. Whether there are any. */
static bool log_changed(const struct lk_settings *before, const struct lk_settings *after, bool reloadable) {
    struct lk_buf names;
    lk_buf_init(&names, 0);
    size_t len;
    const struct cli_setting *table = cli_settings_table(&len);
    for (size_t i = 0; i < len; i++) {
        if (table[i].reloadable == reloadable && cli_setting_differs(&table[i], before, after))
            lk_buf_addf(&names, "%s%s", names.len == 0 ? "" : ", ", table[i].name);
    }
    bool any = names.len > 0;
    if (any && reloadable)
        lk_log(LK_LOG_INFO, "SIGHUP: changed and in force now: %.*s", (int)names.len, names.ptr);
    else if (any)
        lk_log(LK_LOG_WARN, "SIGHUP: changed, but in force only after a restart: %.*s", (int)names.len, names.ptr);
    lk_buf_free(&names);
    return any;
}

void cli_reload_taken(void *context) {
    struct cli_reload *reload = context;
    struct lk_settings *before = &reload->slots[reload->taken];
    reload->taken = 1 - reload->taken;
    const struct lk_settings *now = &reload->slots[reload->taken];
    lk_log_set_level(level_of(now));
    bool changed = log_changed(before->data == NULL ? reload->start : before, now, true);
    bool waits = log_changed(reload->start, now, false);
    if (!changed && !waits)
        lk_log(LK_LOG_INFO, "SIGHUP: no setting has changed");
    cli_settings_free(before);
}

void cli_reload_free(struct cli_reload *reload) {
    cli_settings_free(&reload->slots[0]);
    cli_settings_free(&reload->slots[1]);
}
