/* Comma-separated values as RFC 4180 has them: quotes around what holds a comma, a quote (doubled) or a line end. Lines may end in LF or CRLF. */
#ifndef LK_CLI_CSV_H
#define LK_CLI_CSV_H

#include "base/arena.h"
#include "base/error.h"

#define CLI_CSV_FIELDS_MAX 32

struct cli_csv {
    struct lk_slice rest; /* what is not yet read */
    size_t line;          /* that it begins with; from 1 */
    size_t first;         /* that the record read last began with */
};

/* Reads the next record into ret, its fields in arena. 1: there was one; 0: the end; LK_EINVAL, LK_ELIMIT or LK_ENOMEM with a sentence that names the line. Empty
 * lines are skipped. */
int cli_csv_next(struct cli_csv *csv, struct lk_arena *arena, struct lk_slice ret[CLI_CSV_FIELDS_MAX], size_t *ret_len,
                 struct lk_problem *problem);

#endif
