/*
 * The database, as one connection. One interface, two implementations (SQLite now; PostgreSQL later): SQL is written once in the subset both speak,
 * with $1 parameters. A connection and its statements belong to one thread at a time.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "base/error.h"
#include "base/id.h"
#include "base/slice.h"

#include <stdint.h>

struct lk_db;
struct lk_stmt;

/* Opens (creating it when create is true) the SQLite database DIR/latchkey.db: WAL, synchronous=FULL, foreign keys on, exclusive use. The
 * caller holds the directory's lock (store/datadir.h). LK_EIO, LK_EFULL, LK_ECORRUPT, LK_ENOTFOUND, LK_EBUSY; problem is a sentence with the path. */
int lk_db_open_sqlite(const char *path, bool create, struct lk_db **ret, struct lk_problem *problem);

/* Checkpoints and closes. Statements of it become invalid. NULL is fine. A log that was there when it was opened is left as it is, and the database too, when
 * something was found damaged: a log beside a database that is another's makes it look so, and taking it over would destroy that. */
void lk_db_close(struct lk_db *db);

/* For who only looks at it: closing it leaves such a log, and the database, as they are in any case. */
void lk_db_keep_log(struct lk_db *db);

/* The prepared statement of sql, ready to bind: reset, parameters NULL. Statements are cached by the address of sql, which must be a string
 * literal or otherwise live as long as the connection. Never NULL-checks at call sites: a statement that does not compile gives one whose
 * every step fails, and lk_db_problem tells why. */
struct lk_stmt *lk_db_stmt(struct lk_db *db, const char *sql);

/* Parameters count from 1. Text and blobs must stay put until the statement's last step. */
void lk_bind_int(struct lk_stmt *stmt, int index, int64_t value);
void lk_bind_text(struct lk_stmt *stmt, int index, struct lk_slice value);   /* ptr NULL binds NULL */
void lk_bind_blob(struct lk_stmt *stmt, int index, struct lk_slice value);   /* ptr NULL binds NULL */
void lk_bind_id(struct lk_stmt *stmt, int index, const struct lk_id *value); /* NULL binds NULL */
void lk_bind_null(struct lk_stmt *stmt, int index);

/* 1: a row is there; 0: done (and reset); negative: failed (and reset): LK_ECONFLICT for a UNIQUE, LK_EINVAL for another constraint, LK_EFULL, LK_EIO,
 * LK_ECORRUPT, LK_ENOMEM, LK_EINTERNAL. */
int lk_step(struct lk_stmt *stmt);

/* Steps a statement that returns no rows. 0 or negative. */
int lk_run(struct lk_stmt *stmt);

/* Ends a statement early; needed when a row was read and the next step will not come. */
void lk_stmt_reset(struct lk_stmt *stmt);

/* Columns count from 0. Slices live until the next step or reset: copy what must last. */
int64_t lk_column_int(struct lk_stmt *stmt, int index);
struct lk_slice lk_column_text(struct lk_stmt *stmt, int index); /* ptr NULL for NULL */
struct lk_slice lk_column_blob(struct lk_stmt *stmt, int index);
bool lk_column_is_null(struct lk_stmt *stmt, int index);
int lk_column_id(struct lk_stmt *stmt, int index, struct lk_id *ret); /* LK_ECORRUPT when it is not 16 bytes */

/* Rows changed by the last statement run. */
int64_t lk_db_changes(struct lk_db *db);

/* Runs SQL text of several statements (migrations). */
int lk_db_exec(struct lk_db *db, const char *sql);

/* begin is deferred: reads cost no write lock and a commit without changes no fsync. commit: 0 means durable (synced). After a failed commit the
 * transaction is rolled back; after LK_EIO (from any call) the connection refuses all further work (a failed fsync leaves the kernel's pages in doubt). */
int lk_db_begin(struct lk_db *db);
int lk_db_commit(struct lk_db *db);
void lk_db_rollback(struct lk_db *db);

/* Savepoints nest; names are managed here. Only within a transaction; each is released or rolled back before the commit (LK_EINTERNAL else). */
int lk_db_savepoint(struct lk_db *db);
int lk_db_release(struct lk_db *db);
int lk_db_rollback_to(struct lk_db *db); /* undoes and drops the innermost savepoint */

/* 0 while the open transaction can still commit. Negative: it cannot, because the database rolled it back by itself (a full disk, an I/O error, no memory)
 * or a savepoint could not be undone; every step and the commit then give this code, and rollback ends it. */
int lk_db_transaction_code(const struct lk_db *db);

/* Whether the open transaction has written. */
bool lk_db_is_writing(const struct lk_db *db);

/* Why the last call failed, in the database's words. Valid until the next call; once the
 * connection is broken, why that is. */
const char *lk_db_message(struct lk_db *db);

/* Memory that holds pages of the database. */
uint64_t lk_db_cache_bytes(const struct lk_db *db);

/* Whether the connection refuses further work after an I/O failure. */
bool lk_db_is_broken(const struct lk_db *db);

/* PRAGMA integrity_check; 0 or LK_ECORRUPT with the first finding. */
int lk_db_check(struct lk_db *db, struct lk_problem *problem);

#endif
