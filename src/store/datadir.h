/* The data directory: mode 0700, one process at a time. */
#ifndef STORE_DATADIR_H
#define STORE_DATADIR_H

#include "base/error.h"

#include <stdbool.h>

#define LK_DATABASE_FILE "latchkey.db"

struct lk_datadir;

/* Opens dir, creating it (and not its parents) when create is true, and takes its lock (flock on DIR/lock), which ends with the process. Refuses a
 * directory that others may read or write. LK_EBUSY when another process has it, LK_ENOTFOUND, LK_EFORBIDDEN, LK_EIO; problem is one sentence that
 * says what to do. */
int lk_datadir_open(const char *dir, bool create, struct lk_datadir **ret, struct lk_problem *problem);
void lk_datadir_close(struct lk_datadir *datadir);

/* Path of a file in it, "DIR/name", malloc'd; NULL when out of memory. */
char *lk_datadir_path(const struct lk_datadir *datadir, const char *name);

#endif
