/* Migrations: schema/sql/NNNN_name.sql, embedded in the binary, each run once in a transaction and recorded in schema_migration. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "store/db.h"

/* Brings the database to this binary's version. Refuses (LK_ECONFLICT) one that is newer, or whose recorded migrations differ from ours by checksum
 * (LK_ECORRUPT), and says so in problem. 0 when there is nothing to do. */
int lk_migrate(struct lk_db *db, struct lk_problem *problem);

/* Newest migration known to this binary. */
unsigned lk_migrate_version(void);

#endif
