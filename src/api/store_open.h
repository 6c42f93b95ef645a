/* A data directory with everything that makes it usable: its lock, the master key's keys, the database at this binary's version, the domain. */
#ifndef LK_API_STORE_OPEN_H
#define LK_API_STORE_OPEN_H

#include "crypto/keys.h"
#include "domain/call.h"
#include "store/datadir.h"

#define LK_MASTER_KEY_FILE "master.key"

/* What follows the name of the master key's file in that of the one which a rotation is about to put in its place, and, before the time, of the one that
 * was there. */
#define LK_NEW_MASTER_KEY_SUFFIX ".new"
#define LK_REPLACED_MASTER_KEY_SUFFIX ".replaced-"

/* Zeroed: nothing is open. */
struct lk_store {
    struct lk_datadir *datadir;
    struct lk_keys *keys;
    struct lk_db *db;
    struct lk_domain *domain;
};

/* Opens an initialised directory. master_key_file may be NULL: the one in the directory. 0, or an error with one sentence that says what to do
 * (not initialised, in use, not readable, wrong master key, newer database, ...); nothing is open then. */
int lk_store_open(const char *dir, const char *master_key_file, struct lk_store *ret, struct lk_problem *problem);

/* The same for who only looks: the database is as this binary's version has it, and on the disk as it was. One that an older binary wrote can still be served
 * by that one afterwards. */
int lk_store_look(const char *dir, const char *master_key_file, struct lk_store *ret, struct lk_problem *problem);

/* Opens the database and the domain of a store whose datadir and keys are set. create: the database must not exist yet. On failure what was
 * set stays set, for lk_store_close. */
int lk_store_open_database(struct lk_store *store, const char *database_path, bool create, struct lk_problem *problem);

/* Closes what is open, secrets wiped. */
void lk_store_close(struct lk_store *store);

#endif
