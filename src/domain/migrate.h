/* Migrations that need more than SQL: what they write is under the server's keys. */
#ifndef DOMAIN_MIGRATE_H
#define DOMAIN_MIGRATE_H

#include "base/error.h"
#include "crypto/keys.h"
#include "store/db.h"

/* Brings a database to this binary's version, before lk_domain_open: 0, or as lk_migrate (store/migrate.h) and lk_migrate_check_keys, with a sentence in
 * problem. A migration that fails is undone as a whole; under the wrong keys none is begun. */
int lk_domain_migrate(struct lk_db *db, const struct lk_keys *keys, struct lk_problem *problem);

/* The same in a transaction that is open then, and undone when the database is closed: for who only looks at it. */
int lk_domain_migrate_trial(struct lk_db *db, const struct lk_keys *keys, struct lk_problem *problem);

/* On the first use of a database, records which master key belongs to it; afterwards LK_ECORRUPT, with a sentence for the operator, when keys come from
 * another one. */
int lk_migrate_check_keys(struct lk_db *db, const struct lk_keys *keys, struct lk_problem *problem);

#endif
