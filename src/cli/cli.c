#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HELP_ARENA_MAX (size_t)(1 << 20)

static int run_help(const struct cli_command *command, int argc, char **argv);
static int run_version(const struct cli_command *command, int argc, char **argv);

static const struct cli_option *no_options(struct lk_arena *arena, size_t *ret_len) {
    static const struct cli_option none[1];
    (void)arena;
    *ret_len = 0;
    return none;
}

static const struct cli_command version_command = {
    "version", "", "Print the version.", NULL, run_version, no_options,
};

static const struct cli_command help_command = {
    "help", "[COMMAND]", "Explain a command.", NULL, run_help, no_options,
};

static const struct cli_command *const commands[] = {
    &cli_init_command, &cli_serve_command, &cli_audit_command, &version_command, &help_command,
};

#define COMMANDS_LEN (sizeof(commands) / sizeof(commands[0]))

/* --- output --- */

int cli_failed(const struct lk_problem *problem) {
    fprintf(stderr, "latchkey: %s\n", problem->text);
    return CLI_FAILED;
}

int cli_usage_error(const struct cli_command *command, const char *format, ...) {
    char text[LK_PROBLEM_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (command == NULL)
        fprintf(stderr, "latchkey: %s\nRun `latchkey help` for the commands.\n", text);
    else
        fprintf(stderr, "latchkey: %s\nRun `latchkey help %s` for its options.\n", text, command->name);
    return CLI_USAGE;
}

int cli_print(const struct lk_buf *text, struct lk_problem *problem) {
    if (text->failed)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    size_t done = 0;
    while (done < text->len) {
        ssize_t written = write(STDOUT_FILENO, text->ptr + done, text->len - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return lk_problem_set(problem, LK_EIO, "Cannot write to standard output: %s", strerror(errno));
        done += (size_t)written;
    }
    return 0;
}

static int print_and_free(struct lk_buf *text) {
    struct lk_problem problem;
    int code = cli_print(text, &problem);
    lk_buf_free(text);
    return code == 0 ? CLI_DONE : cli_failed(&problem);
}

static void describe_option(struct lk_buf *out, const struct cli_option *option) {
    lk_buf_addf(out, "  --%s%s%s%s\n      %s\n", option->name, option->value == NULL ? "" : " ", option->value == NULL ? "" : option->value,
                option->repeat ? " ..." : "", option->help);
}

static void describe_command(struct lk_buf *out, const struct cli_command *command) {
    lk_buf_addf(out, "Usage: latchkey %s%s%s\n\n%s\n", command->name, command->usage[0] == '\0' ? "" : " ", command->usage,
                command->summary);
    if (command->help != NULL)
        lk_buf_addf(out, "\n%s", command->help);
    struct lk_arena arena;
    lk_arena_init(&arena, HELP_ARENA_MAX);
    size_t len = 0;
    const struct cli_option *options = command->options(&arena, &len);
    if (options != NULL && len > 0) {
        lk_buf_add_cstr(out, "\nOptions:\n");
        for (size_t i = 0; i < len; i++)
            describe_option(out, &options[i]);
    }
    lk_arena_free(&arena);
}

int cli_help(const struct cli_command *command) {
    struct lk_buf out;
    lk_buf_init(&out, 0);
    if (command != NULL) {
        describe_command(&out, command);
        return print_and_free(&out);
    }
    lk_buf_add_cstr(&out, "Usage: latchkey COMMAND [OPTION]...\n\nLatchkey is an API-key server.\n\nCommands:\n");
    for (size_t i = 0; i < COMMANDS_LEN; i++)
        lk_buf_addf(&out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    lk_buf_add_cstr(&out, "\nTo begin:\n  latchkey init --data ./data\n  latchkey serve --data ./data\n\n"
                          "`latchkey help COMMAND` explains a command.\n");
    return print_and_free(&out);
}

/* --- commands --- */

static const struct cli_command *find_command(const char *name) {
    for (size_t i = 0; i < COMMANDS_LEN; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

static int unknown_command(const char *name) {
    const char *names[COMMANDS_LEN];
    for (size_t i = 0; i < COMMANDS_LEN; i++)
        names[i] = commands[i]->name;
    const char *near = cli_nearest(name, names, COMMANDS_LEN, sizeof(names[0]));
    if (near != NULL)
        return cli_usage_error(NULL, "Unknown command %.60s; did you mean %s?", name, near);
    return cli_usage_error(NULL, "Unknown command %.60s", name);
}

static int run_help(const struct cli_command *command, int argc, char **argv) {
    if (argc > 1)
        return cli_usage_error(command, "Help takes one command");
    if (argc == 0 || argv[0][0] == '-')
        return cli_help(NULL);
    const struct cli_command *about = find_command(argv[0]);
    return about == NULL ? unknown_command(argv[0]) : cli_help(about);
}

static int run_version(const struct cli_command *command, int argc, char **argv) {
    (void)argv;
    if (argc > 0)
        return cli_usage_error(command, "Version takes no arguments");
    struct lk_buf out;
    lk_buf_init(&out, 0);
    lk_buf_add_cstr(&out, "latchkey " LK_VERSION "\n");
    return print_and_free(&out);
}

int cli_parse(const struct cli_command *command, int argc, char **argv, size_t words, struct lk_arena *arena, struct cli_args *ret) {
    struct lk_problem problem = {0};
    size_t len = 0;
    const struct cli_option *options = command->options(arena, &len);
    int code = options == NULL ? lk_problem_set(&problem, LK_ENOMEM, "Out of memory")
                               : cli_args_parse(argc, argv, options, len, arena, ret, &problem);
    if (code == LK_ENOMEM)
        return cli_failed(&problem) + 1;
    if (code != 0)
        return cli_usage_error(command, "%s", problem.text) + 1;
    if (cli_args_flag(ret, "help"))
        return cli_help(command) + 1;
    if (ret->words_len > words)
        return cli_usage_error(command, "%.60s is not understood here", ret->words[words]) + 1;
    return 0;
}

int cli_main(int argc, char **argv) {
    if (argc < 2)
        return cli_usage_error(NULL, "A command is missing");
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    if (strcmp(name, "--version") == 0)
        name = "version";
    const struct cli_command *command = find_command(name);
    return command == NULL ? unknown_command(name) : command->run(command, argc - 2, argv + 2);
}
