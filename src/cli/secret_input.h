/* Secrets that a command is given: from a file, standard input or the environment, never from the command line, which others can see. */
#ifndef LK_CLI_SECRET_INPUT_H
#define LK_CLI_SECRET_INPUT_H

#include "base/error.h"
#include "base/slice.h"

#define CLI_SECRET_MAX 4096

/* Reads a secret and trims it. file: its path, "-" for standard input, or NULL: the environment variable named env where it is not empty, else standard input, at a
 * terminal after asking for `what` without showing what is typed. ret lies in buffer, which the caller wipes. 0, or negative with a sentence. */
int cli_read_secret(const char *file, const char *env, const char *what, char buffer[CLI_SECRET_MAX], struct lk_slice *ret,
                    struct lk_problem *problem);

/* The same of a file alone; what it is to hold is named in the sentence: "the API key". */
int cli_read_secret_file(const char *path, const char *what, char buffer[CLI_SECRET_MAX], struct lk_slice *ret, struct lk_problem *problem);

#endif
