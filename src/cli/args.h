/*
 * Command line arguments: `--name value`, `--name=value`, flags without a value, and the words between them. `--` ends the options. An option that is
 * not in the table is an error that names the nearest one that is.
 */
#ifndef LK_CLI_ARGS_H
#define LK_CLI_ARGS_H

#include "base/arena.h"
#include "base/error.h"

struct cli_option {
    const char *name;  /* without the dashes */
    const char *value; /* what its value is called in the help; NULL: it takes none (but `=true` and `=false` are understood) */
    const char *help;  /* a sentence */
    bool repeat;       /* may be given more than once */
};

struct cli_given {
    const char *name;  /* the table's */
    const char *value; /* "true" for one without a value */
};

struct cli_args {
    struct cli_given *given; /* in the order given */
    size_t given_len;
    const char **words; /* what is no option */
    size_t words_len;
};

/* Reads argv[0 .. argc-1] (without program and command names) against the table. Everything lives in arena and argv. 0, LK_EINVAL (problem is a sentence) or
 * LK_ENOMEM. `--help` is always known, as an option without a value. */
int cli_args_parse(int argc, char **argv, const struct cli_option *options, size_t options_len, struct lk_arena *arena,
                   struct cli_args *ret, struct lk_problem *problem);

/* The value of an option, the last one given; NULL when it was not given. */
const char *cli_args_get(const struct cli_args *args, const char *name);

/* The value of an option, or else of an environment variable, of which an empty one says nothing. NULL: neither. */
const char *cli_args_or_environment(const struct cli_args *args, const char *name, const char *variable);

/* Whether an option without a value was given (and not as `=false`). */
bool cli_args_flag(const struct cli_args *args, const char *name);

/* The word of words[0 .. len-1] nearest to text, or NULL when none is near enough to be meant. stride is the size of one element, whose first member
 * is the word's pointer. */
const char *cli_nearest(const char *text, const void *words, size_t len, size_t stride);

#endif
