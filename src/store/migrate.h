/* Migrations: schema/sql/NNNN_name.sql, embedded in the binary, each run once in a transaction and recorded in schema_migration. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "store/db.h"

/* What migrating needs besides SQL. Each gives 0, or what migrating gives then, with problem set. */
struct lk_migrate_hook {
    /* Runs before anything is done to a database that has some migrations and not all. Not 0: nothing is done. */
    int (*before)(const void *context, struct lk_db *db, struct lk_problem *problem);
    const char *after; /* the migration's name without its number: "what.sql" */
    /* Runs after its SQL, in its transaction, when it is applied: never for a database that has it. Not 0: the migration is undone. */
    int (*run)(const void *context, struct lk_db *db, struct lk_problem *problem);
    const void *context;
    bool trial; /* in a transaction that the caller has begun, and will not commit */
};

/* Brings the database to this binary's version. hook may be NULL. Refuses (LK_ECONFLICT) one that is newer, or whose recorded migrations differ from ours
 * by checksum (LK_ECORRUPT), and says so in problem. 0 when there is nothing to do. */
int lk_migrate(struct lk_db *db, const struct lk_migrate_hook *hook, struct lk_problem *problem);

/* For a database that must be there already: LK_ECORRUPT, with a sentence, when no latchkey has made anything in it, as in another program's, or in what
 * SQLite takes for a new one. Changes nothing. */
int lk_migrate_check_begun(struct lk_db *db, const char *path, struct lk_problem *problem);

/* Newest migration known to this binary. */
unsigned lk_migrate_version(void);

#endif
