#include "cli/cli.h"

#include "api/errors.h"
#include "base/log.h"
#include "cli/session.h"
#include "cli/settings.h"
#include "crypto/crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define ARGS_ARENA_MAX (size_t)(4 << 20)

static int run_help(const struct cli_command *command, const struct cli_args *args);
static int run_version(const struct cli_command *command, const struct cli_args *args);

static const struct cli_command version_command = {.name = "version", .usage = "", .summary = "Print the version.", .run = run_version};

const struct cli_command cli_help_command = {
    .name = "help", .usage = "[COMMAND]", .summary = "Explain a command.", .words = 2, .run = run_help};

static const struct cli_command *const commands[] = {
    &cli_init_command,       &cli_serve_command,  &cli_key_command,     &cli_group_command,  &cli_user_command,
    &cli_audit_command,      &cli_doctor_command, &cli_recover_command, &cli_backup_command, &cli_restore_command,
    &cli_completion_command, &cli_manual_command, &version_command,     &cli_help_command,   NULL,
};

const struct cli_command *const *cli_commands(void) {
    return commands;
}

/* --- output --- */

int cli_begin_crypto(struct lk_problem *problem) {
    return lk_crypto_init() == 0 ? 0 : lk_problem_set(problem, LK_EINTERNAL, "The cryptographic libraries cannot run on this machine");
}

int cli_failed(const struct lk_problem *problem) {
    struct lk_problem shown = *problem;
    struct lk_buf text;
    lk_conceal_tokens(shown.text); /* a word in the wrong place may be a key, and who keeps a script's output must not get it */
    lk_buf_init(&text, 0);
    cli_add_printable(&text, lk_slice_cstr(shown.text)); /* it may name what others have named, or be the sentence of a server */
    fprintf(stderr, "%slatchkey: %.*s\n", lk_log_mark(LK_LOG_ERROR), (int)text.len, text.len > 0 ? text.ptr : "");
    lk_buf_free(&text);
    return CLI_FAILED;
}

int cli_usage_error(const struct cli_command *command, const char *format, ...) {
    struct lk_problem problem = {.code = LK_EINVAL};
    va_list args;
    va_start(args, format);
    vsnprintf(problem.text, sizeof(problem.text), format, args);
    va_end(args);
    cli_failed(&problem);
    if (command == NULL)
        fprintf(stderr, "Run `latchkey help` for the commands.\n");
    else
        fprintf(stderr, "Run `latchkey help %s` for how to use it.\n", command->name);
    return CLI_USAGE;
}

ssize_t cli_read(int fd, void *bytes, size_t len) {
    for (;;) {
        ssize_t n = read(fd, bytes, len);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd more = {.fd = fd, .events = POLLIN};
            poll(&more, 1, -1);
        } else if (n >= 0 || errno != EINTR) {
            return n;
        }
    }
}

int cli_write_all(int fd, struct lk_slice bytes) {
    while (bytes.len > 0) {
        ssize_t written = write(fd, bytes.ptr, bytes.len);
        if (written < 0 && errno == EAGAIN) { /* as of cli_read */
            struct pollfd room = {.fd = fd, .events = POLLOUT};
            poll(&room, 1, -1);
        } else if (written < 0 && errno != EINTR) {
            return LK_EIO;
        }
        size_t done = written > 0 ? (size_t)written : 0;
        bytes = lk_slice_make(bytes.ptr + done, bytes.len - done);
    }
    return 0;
}

int cli_print(const struct lk_buf *text, struct lk_problem *problem) {
    if (text->failed)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    if (cli_write_all(STDOUT_FILENO, lk_buf_slice(text)) != 0)
        return lk_problem_set(problem, LK_EIO, "Cannot write to standard output: %s", strerror(errno));
    return 0;
}

int cli_print_and_free(struct lk_buf *text) {
    struct lk_problem problem;
    int code = cli_print(text, &problem);
    lk_buf_free(text);
    return code == 0 ? CLI_DONE : cli_failed(&problem);
}

/* --- finding commands --- */

/* The last word of a command's name. */
static const char *last_word(const struct cli_command *command) {
    const char *space = strrchr(command->name, ' ');
    return space == NULL ? command->name : space + 1;
}

static const struct cli_command *find_in(const struct cli_command *const *list, const char *word) {
    for (; *list != NULL; list++) {
        if (strcmp(last_word(*list), word) == 0)
            return *list;
    }
    return NULL;
}

const struct cli_command *cli_find_command(const char *const *words, size_t len, size_t *ret_used) {
    const struct cli_command *found = len == 0 ? NULL : find_in(commands, words[0]);
    *ret_used = found == NULL ? 0 : 1;
    if (found == NULL || found->verbs == NULL || len < 2)
        return found;
    const struct cli_command *verb = find_in(found->verbs, words[1]);
    if (verb != NULL)
        *ret_used = 2;
    return verb != NULL ? verb : found;
}

#define LIST_MAX 32

static const char *nearest_in(const struct cli_command *const *list, const char *word) {
    const char *names[LIST_MAX];
    size_t len = 0;
    for (; *list != NULL && len < LIST_MAX; list++)
        names[len++] = last_word(*list);
    return cli_nearest(word, names, len, sizeof(names[0]));
}

static int unknown_command(const char *word) {
    const char *near = nearest_in(commands, word);
    if (near != NULL)
        return cli_usage_error(NULL, "Unknown command %.60s; did you mean %s?", word, near);
    return cli_usage_error(NULL, "Unknown command %.60s", word);
}

static int unknown_verb(const struct cli_command *group, const char *word) {
    const char *near = nearest_in(group->verbs, word);
    if (near != NULL)
        return cli_usage_error(group, "Unknown command %s %.60s; did you mean %s %s?", group->name, word, group->name, near);
    return cli_usage_error(group, "Unknown command %s %.60s", group->name, word);
}

/* --- running --- */

static int run_help(const struct cli_command *command, const struct cli_args *args) {
    if (args->words_len == 0)
        return cli_help(NULL);
    size_t used = 0;
    const struct cli_command *about = cli_find_command(args->words, args->words_len, &used);
    if (about == NULL)
        return unknown_command(args->words[0]);
    if (used < args->words_len)
        return about->verbs != NULL ? unknown_verb(about, args->words[used])
                                    : cli_usage_error(command, "%.60s is not understood here", args->words[used]);
    return cli_help(about);
}

static int run_version(const struct cli_command *command, const struct cli_args *args) {
    (void)command;
    (void)args;
    struct lk_buf out;
    lk_buf_init(&out, 0);
    lk_buf_add_cstr(&out, "latchkey " LK_VERSION "\n");
    return cli_print_and_free(&out);
}

const struct cli_option *cli_command_options(const struct cli_command *command, struct lk_arena *arena, size_t *ret_len) {
    static const struct cli_option none[1];
    switch (command->options_kind) {
    case CLI_OPTIONS_SETTINGS: return cli_settings_options(arena, ret_len);
    case CLI_OPTIONS_CLIENT:
    case CLI_OPTIONS_MAYBE_CLIENT: return cli_session_options(command, arena, ret_len);
    case CLI_OPTIONS_OWN: break;
    }
    *ret_len = command->options_len;
    return command->options == NULL ? none : command->options;
}

static int run_parsed(const struct cli_command *command, const struct cli_args *args) {
    if (cli_args_flag(args, "help"))
        return cli_help(command);
    if (args->words_len > command->words && command->words >= CLI_WORDS_MANY)
        return cli_usage_error(command, "These are %zu; at most %zu can be named at once", args->words_len, command->words);
    if (args->words_len > command->words)
        return cli_usage_error(command, "%.60s is not understood here", args->words[command->words]);
    return command->act != NULL ? cli_session_run(command, args) : command->run(command, args);
}

/* An option that names a place or a key and is empty: a variable of a script was not set, and what stands for nothing said could be the wrong one. A setting may
 * be empty, which is its value then. */
static int check_places(const struct cli_command *command, const struct cli_args *args, const struct cli_option *options, size_t len,
                        struct lk_problem *problem) {
    static const char *const places[] = {"DIR", "FILE", "KEY", "URL"};
    for (size_t i = 0; i < len && command->options_kind != CLI_OPTIONS_SETTINGS; i++) {
        const char *value = options[i].value == NULL ? NULL : cli_args_get(args, options[i].name);
        for (size_t j = 0; value != NULL && *value == '\0' && j < sizeof(places) / sizeof(places[0]); j++) {
            if (strcmp(options[i].value, places[j]) == 0)
                return lk_problem_set(problem, LK_EINVAL, "Option --%s needs a value, not an empty one: --%s %s", options[i].name,
                                      options[i].name, places[j]);
        }
    }
    return 0;
}

static int read_args(const struct cli_command *command, int argc, char **argv, const struct cli_option *options, size_t len,
                     struct lk_arena *arena, struct cli_args *ret, struct lk_problem *problem) {
    int code = cli_args_parse(argc, argv, options, len, arena, ret, problem);
    return code == 0 ? check_places(command, ret, options, len, problem) : code;
}

static int run_command(const struct cli_command *command, int argc, char **argv) {
    struct lk_arena arena;
    lk_arena_init(&arena, ARGS_ARENA_MAX);
    struct lk_problem problem = {0};
    struct cli_args args = {0};
    size_t len = 0;
    const struct cli_option *options = cli_command_options(command, &arena, &len);
    int code = options == NULL ? lk_problem_set(&problem, LK_ENOMEM, "Out of memory")
                               : read_args(command, argc, argv, options, len, &arena, &args, &problem);
    int exit_code;
    if (code == 0)
        exit_code = run_parsed(command, &args);
    else
        exit_code = code == LK_ENOMEM ? cli_failed(&problem) : cli_usage_error(command, "%s", problem.text);
    lk_arena_free(&arena);
    return exit_code;
}

static int run_group(const struct cli_command *group, int argc, char **argv) {
    if (argc == 0)
        return cli_usage_error(group, "Say what to do: %s", group->usage);
    if (argv[0][0] == '-')
        return strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0
                   ? cli_help(group)
                   : cli_usage_error(group, "What to do comes before the options: latchkey %s %s", group->name, group->usage);
    return unknown_verb(group, argv[0]);
}

/* The number of a standard stream that is closed would be that of the next file opened: what is printed, a key perhaps, would go into the lock of a data
 * directory or to a server. In its place comes what can neither be read nor written. */
static int hold_standard_streams(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/", O_PATH | O_CLOEXEC) != fd)
            return LK_EIO;
    }
    return 0;
}

#define WORDS_MAX 2

int cli_main(int argc, char **argv) {
    if (hold_standard_streams() != 0)
        return CLI_FAILED;
    lk_log_begin();
    if (lk_crypto_protect_process() != 0)
        lk_log(LK_LOG_WARN, "core dumps could not be switched off: they would hold secrets");
    if (argc < 2)
        return cli_usage_error(NULL, "A command is missing");
    const char *words[WORDS_MAX] = {argv[1], argc > 2 ? argv[2] : ""};
    if (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0)
        words[0] = "help";
    if (strcmp(words[0], "--version") == 0)
        words[0] = "version";
    size_t used = 0;
    const struct cli_command *command = cli_find_command(words, argc > 2 ? WORDS_MAX : 1, &used);
    if (command == NULL && words[0][0] == '-')
        return cli_usage_error(NULL, "The command comes before the options: latchkey COMMAND [OPTION]...");
    if (command == NULL)
        return unknown_command(words[0]);
    int skip = 1 + (int)used;
    return command->verbs != NULL ? run_group(command, argc - skip, argv + skip) : run_command(command, argc - skip, argv + skip);
}
