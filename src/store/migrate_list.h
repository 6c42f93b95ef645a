/* lk_migrate with the migrations as a parameter: for it and its tests. */
#ifndef STORE_MIGRATE_LIST_H
#define STORE_MIGRATE_LIST_H

#include "store/db.h"
#include "store/embedded.h"
#include "store/migrate.h"

/* files: named NNNN_what.sql, ascending without a gap from 0001, ended by an entry without a name. Else as lk_migrate. */
int lk_migrate_list(struct lk_db *db, const struct lk_embedded_file *files, const struct lk_migrate_hook *hook, struct lk_problem *problem);

#endif
