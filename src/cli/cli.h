/* The command line: `latchkey COMMAND ...`. Exit codes: 0 done, 1 refused or failed, 2 usage. */
#ifndef LK_CLI_CLI_H
#define LK_CLI_CLI_H

#include "base/buf.h"
#include "cli/args.h"

#include <sys/types.h>

#define CLI_DONE 0
#define CLI_FAILED 1
#define CLI_USAGE 2

/* Runs the command that argv names, in a process that leaves no core dump, since that would hold secrets. Returns the exit code. */
int cli_main(int argc, char **argv);

struct cli_session;

/* Where a command's options come from. */
enum cli_options_kind {
    CLI_OPTIONS_OWN,          /* its own table */
    CLI_OPTIONS_CLIENT,       /* its own, and those of every command that talks to a server: it acts */
    CLI_OPTIONS_MAYBE_CLIENT, /* the same of a command that runs, and talks to a server only when it is told of one */
    CLI_OPTIONS_SETTINGS,     /* the settings of the server */
};

/* The words of a command that takes any number, as far as one can type. */
#define CLI_WORDS_MANY 1000

/* A command, or a group of commands ("key") with verbs below it ("key create"). */
struct cli_command {
    const char *name;                       /* the whole: "key create" */
    const char *usage;                      /* what follows the name: "NAME [--group GROUP]..." */
    const char *summary;                    /* a sentence for lists of commands */
    const char *help;                       /* paragraphs for its own help, each line ended; NULL: none */
    const char *examples;                   /* command lines, each line ended; NULL: none */
    const struct cli_command *const *verbs; /* a group's, ended by NULL; NULL for a command */
    size_t words;                           /* most words that are no options */
    enum cli_options_kind options_kind;
    const struct cli_option *options;
    size_t options_len;
    /* One of the two. run: with what was parsed; the exit code. act: as a client of a server; 0, or negative with session->problem set, or
     * CLI_USAGE after cli_usage_error. */
    int (*run)(const struct cli_command *command, const struct cli_args *args);
    int (*act)(struct cli_session *session);
};

/* The commands, ended by NULL, in the order of the help. */
const struct cli_command *const *cli_commands(void);

/* The command that the words name, as far as they do; *ret_used is how many words that took. NULL when the first names none. */
const struct cli_command *cli_find_command(const char *const *words, size_t len, size_t *ret_used);

/* All options of a command, in arena or static. NULL when out of memory. */
const struct cli_option *cli_command_options(const struct cli_command *command, struct lk_arena *arena, size_t *ret_len);

extern const struct cli_command cli_init_command, cli_serve_command, cli_completion_command, cli_manual_command, cli_help_command;
extern const struct cli_command cli_key_command, cli_group_command, cli_user_command, cli_audit_command, cli_doctor_command,
    cli_recover_command;
extern const struct cli_command cli_backup_command, cli_restore_command;

/* What a command that opens a data directory begins with. 0 or LK_EINTERNAL. */
int cli_begin_crypto(struct lk_problem *problem);

/* Prints "latchkey: SENTENCE" on standard error, control characters escaped and keys starred out, and returns CLI_FAILED. */
int cli_failed(const struct lk_problem *problem);

/* Prints the sentence and where the help is; returns CLI_USAGE. */
int cli_usage_error(const struct cli_command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes all of the bytes, waiting where the descriptor does not. 0, or LK_EIO with errno set. */
int cli_write_all(int fd, struct lk_slice bytes);

/* As read(2), but waits where the descriptor does not: who shares a pipe or terminal with others may have made it so for all of them. */
ssize_t cli_read(int fd, void *bytes, size_t len);

/* Writes all of text to standard output at once, so that nothing of it stays in a buffer. 0 or LK_EIO with a problem. */
int cli_print(const struct lk_buf *text, struct lk_problem *problem);

/* Prints and frees text. Returns the exit code. */
int cli_print_and_free(struct lk_buf *text);

/* Prints the help of a command (NULL: of the program). Returns the exit code. */
int cli_help(const struct cli_command *command);

#endif
