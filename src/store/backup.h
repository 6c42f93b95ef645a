/*
 * A consistent copy of the open database, made through its own connection (there must be no second one), in steps between its transactions: what is
 * committed between two steps goes into the copy as well, so the copy is the database as it is at the last step. All on the store thread.
 */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include "store/db.h"

struct lk_db_copy;

/* What must stay free beside the copy, so that the copy is not what fills the disk under the database, whose log grows to as much. */
#define LK_DB_COPY_MARGIN_BYTES ((uint64_t)64 << 20)

/* Makes an empty file at path, mode 0600, in place of what a copy that was cut short left there. LK_EFULL when the file system has no room for the copy and
 * as much again as a margin for the database to go on; LK_EIO, LK_ENOMEM, LK_EFORBIDDEN. problem is a sentence. No file is left on failure. */
int lk_db_copy_begin(struct lk_db *db, const char *path, struct lk_db_copy **ret, struct lk_problem *problem);

/* Copies at most so many pages; no transaction is open. 1: there is more; 0: the copy is whole; negative: it cannot be made, and end is all that is left to do:
 * LK_EFULL, LK_EIO, LK_ENOMEM. A failure of the copy's file does no harm to the database. */
int lk_db_copy_step(struct lk_db_copy *copy, int pages, struct lk_problem *problem);

/* Closes the copy. Its file stays, as far as it has come. NULL is fine. */
void lk_db_copy_end(struct lk_db_copy *copy);

/* How many accounts and keys a database holds. */
int lk_store_backup_counts(struct lk_db *db, int64_t *ret_accounts, int64_t *ret_keys);

#endif
