/* The command line: `latchkey COMMAND ...`. Exit codes: 0 done, 1 refused or failed, 2 usage. */
#ifndef LK_CLI_CLI_H
#define LK_CLI_CLI_H

#include "base/buf.h"
#include "cli/args.h"

#define CLI_DONE 0
#define CLI_FAILED 1
#define CLI_USAGE 2

/* Runs the command that argv names. Returns the exit code. */
int cli_main(int argc, char **argv);

/* One command. */
struct cli_command {
    const char *name;
    const char *usage;   /* what follows the name: "--data DIR [--json]" */
    const char *summary; /* a line for the list of commands */
    const char *help;    /* paragraphs for its own help; may be NULL */
    int (*run)(const struct cli_command *command, int argc, char **argv);
    /* Its options, for parsing and help; in arena where they are computed. NULL when out of memory. */
    const struct cli_option *(*options)(struct lk_arena *arena, size_t *ret_len);
};

extern const struct cli_command cli_init_command;
extern const struct cli_command cli_serve_command;
extern const struct cli_command cli_audit_command;

/* Parses a command's arguments. 0 with *ret; else prints why (or the help, when that was asked for) and returns the exit code plus one, so that
 * `if (done) return done - 1`. words is how many words it takes at most. */
int cli_parse(const struct cli_command *command, int argc, char **argv, size_t words, struct lk_arena *arena, struct cli_args *ret);

/* Prints "latchkey: SENTENCE" on standard error and returns CLI_FAILED. */
int cli_failed(const struct lk_problem *problem);

/* Prints the sentence and where the help is; returns CLI_USAGE. */
int cli_usage_error(const struct cli_command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes all of text to standard output at once, so that nothing of it stays in a buffer. 0 or LK_EIO with a problem. */
int cli_print(const struct lk_buf *text, struct lk_problem *problem);

/* Prints the help of a command (NULL: of the program). Returns the exit code. */
int cli_help(const struct cli_command *command);

#endif
