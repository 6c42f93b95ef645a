/*
 * A database that comes into being: it is made under another name and renamed when it is whole, so a directory without DIR/latchkey.db is not initialised,
 * whatever a failed attempt left in it.
 */
#ifndef LK_CLI_FRESH_H
#define LK_CLI_FRESH_H

#include "api/store_open.h"

#define CLI_FRESH_DATABASE_FILE LK_DATABASE_FILE ".new"

/* Touches nothing. LK_ECONFLICT when dir holds a database; LK_EINVAL when it holds the log of one that is gone, or files that are not latchkey's (it was named by
 * mistake), which the sentence names. */
int cli_fresh_check(const char *dir, struct lk_problem *problem);

/* Removes the unfinished database at path and what SQLite puts beside it. */
void cli_fresh_remove(const char *path);

/* Gives the finished and closed database its name, durably. There is none under either name after a failure that came late. */
int cli_fresh_publish(const char *path, const char *final_path, struct lk_problem *problem);

#endif
