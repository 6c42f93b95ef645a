/* latchkey serve */
#include "api/server.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/settings.h"

#include <stdio.h>

static void listening(void *context, const char *what, const char *url) {
    (void)context;
    if (strcmp(what, "ops") == 0)
        printf("Operations on %s (/metrics, /healthz, /readyz)\n", url);
    else
        printf("Latchkey serves on %s\n", url);
    fflush(stdout);
}

static void set_up_log(const struct lk_settings *settings) {
    static const struct {
        const char *name;
        enum lk_log_level level;
    } levels[] = {{"debug", LK_LOG_DEBUG}, {"info", LK_LOG_INFO}, {"warn", LK_LOG_WARN}, {"error", LK_LOG_ERROR}};
    enum lk_log_level level = LK_LOG_INFO;
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strcmp(levels[i].name, settings->log_level) == 0)
            level = levels[i].level;
    }
    lk_log_setup(level, strcmp(settings->log_format, "json") == 0);
}

static int serve(const struct lk_settings *settings) {
    struct lk_problem problem = {0};
    set_up_log(settings);
    if (cli_begin_crypto(&problem) != 0)
        return cli_failed(&problem);
    const struct lk_server_events events = {.version = LK_VERSION, .listening = listening};
    return lk_server_run(settings, &events, &problem) == 0 ? CLI_DONE : cli_failed(&problem);
}

/* All that can be said of settings before anything is opened. */
static int load(const struct cli_args *args, struct lk_settings *ret, struct lk_problem *problem) {
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

static int run(const struct cli_command *command, const struct cli_args *args) {
    struct lk_settings settings;
    struct lk_problem problem = {0};
    int code = load(args, &settings, &problem);
    if (code != 0)
        return code == LK_EINVAL ? cli_usage_error(command, "%s", problem.text) : cli_failed(&problem);
    int exit_code = serve(&settings);
    cli_settings_free(&settings);
    return exit_code;
}

const struct cli_command cli_serve_command = {
    .name = "serve",
    .usage = "--data DIR [OPTION]...",
    .summary = "Serve a data directory over HTTP.",
    .help = "Every option is also an environment variable (--log-level is LATCHKEY_LOG_LEVEL) and a line in the file that --config names\n"
            "(log-level = debug). A flag beats the environment, which beats the file.\n\n"
            "SIGTERM lets requests under way end and stops. SIGHUP reads the TLS certificates again.\n",
    .examples = "  latchkey serve --data ./data\n  latchkey serve --data /var/lib/latchkey --listen 0.0.0.0:5390 --insecure-listen\n",
    .options_kind = CLI_OPTIONS_SETTINGS,
    .run = run,
};
