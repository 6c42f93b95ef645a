/* latchkey serve */
#include "api/server.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/reload.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 1000

/* Of a pipe that nobody reads it is not waited for a reader: the thread that prints is the one that hears of the stop. */
static bool is_read(int fd) {
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    return poll(&room, 1, PATIENCE_MS) != 0;
}

static void listening(void *context, const char *what, const char *url) {
    (void)context;
    if (!is_read(STDOUT_FILENO))
        return;
    if (strcmp(what, "ops") == 0)
        printf("Operations on %s (/metrics, /healthz, /readyz)\n", url);
    else
        printf("Latchkey serves on %s\n", url);
    fflush(stdout);
}

/* In the form of the log, whose last line it is. */
static int failed(const struct lk_problem *problem) {
    lk_log_end("latchkey", problem->text);
    return CLI_FAILED;
}

/* A flag or a line of the file that is unknown is an error. The environment is others' too, so there it is a warning. */
static void warn_of_variables(void) {
    char meant[CLI_VARIABLE_MAX];
    for (char **line = environ; *line != NULL; line++) {
        if (cli_settings_mistaken(*line, meant))
            lk_log(LK_LOG_WARN, "the environment variable %.*s is no setting; did you mean %s?", (int)strcspn(*line, "="), *line, meant);
    }
}

static int serve(const struct lk_settings *settings, struct cli_reload *reload) {
    struct lk_problem problem = {0};
    cli_reload_set_up_log(settings);
    warn_of_variables();
    if (cli_begin_crypto(&problem) != 0)
        return failed(&problem);
    const struct lk_server_events events = {
        .version = LK_VERSION,
        .listening = listening,
        .settings_again = cli_reload_again,
        .settings_taken = cli_reload_taken,
        .context = reload,
    };
    return lk_server_run(settings, &events, &problem) == 0 ? CLI_DONE : failed(&problem);
}

static int run(const struct cli_command *command, const struct cli_args *args) {
    struct lk_settings settings;
    struct lk_problem problem = {0};
    int code = cli_reload_load(args, &settings, &problem);
    if (code != 0)
        return code == LK_EINVAL ? cli_usage_error(command, "%s", problem.text) : cli_failed(&problem);
    struct cli_reload reload = {.args = args, .start = &settings};
    int exit_code = serve(&settings, &reload);
    cli_reload_free(&reload);
    cli_settings_free(&settings);
    return exit_code;
}

const struct cli_command cli_serve_command = {
    .name = "serve",
    .usage = "--data DIR [OPTION]...",
    .summary = "Serve a data directory over HTTP.",
    .help = "Every option is also an environment variable (--log-level is LATCHKEY_LOG_LEVEL) and a line in the file that --config names\n"
            "(log-level = debug). A flag beats the environment, which beats the file. In the last two, values of what can be given several "
            "times (...)\n"
            "are separated by commas. What is on by default is switched off by --NAME=false.\n\n"
            "SIGTERM lets requests under way end and stops. SIGHUP reads the files again that are named here: certificates, public keys, "
            "and settings,\n"
            "of which those marked \"SIGHUP changes it\" take effect at once, and others with the next start. A file with a mistake "
            "changes nothing.\n",
    .examples = "  latchkey serve --data ./data\n  latchkey serve --data /var/lib/latchkey --listen 0.0.0.0:5390 --insecure-listen\n",
    .options_kind = CLI_OPTIONS_SETTINGS,
    .run = run,
};
