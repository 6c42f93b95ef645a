/* What sqlite.c and sqlite_open.c share. Private to the SQLite implementation of store/db.h. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "store/db.h"

#include <sqlite3.h>

/* The statement cache: there are some hundreds of statements in the program. */
#define LK_SQLITE_BUCKET_BITS 8
#define LK_SQLITE_BUCKETS (1U << LK_SQLITE_BUCKET_BITS)

struct lk_stmt {
    struct lk_stmt *next; /* in its bucket */
    struct lk_db *db;
    const char *sql;          /* its identity is the address */
    sqlite3_stmt *handle;     /* NULL when it did not compile */
    int code;                 /* why it cannot be stepped: not compiled, or a parameter not bound; 0 else */
    unsigned char *positions; /* $N is SQLite's parameter positions[N - 1]; 0 when it is not in the statement */
    int parameters;           /* entries of positions */
};

struct lk_db {
    sqlite3 *handle;
    sqlite3_stmt *rollback;
    struct lk_stmt *buckets[LK_SQLITE_BUCKETS];
    struct lk_stmt no_memory; /* given out when there is no memory for a statement */
    int failed;               /* why the open transaction cannot commit; 0 while it can */
    int depth;                /* open savepoints */
    int checkpoint_pages;     /* in the log, from which on a commit is followed by a checkpoint */
    bool in_transaction;      /* between begin and commit or rollback, whatever SQLite thinks */
    bool broken;              /* after an I/O error, for good */
    bool log_found;           /* there was something in the log when it was opened, as after a crash */
    bool keep_log;            /* who only looks, or has found damage, does not write to the database what was found in the log */
    bool full;                /* something found no room since the last transaction ended */
    int64_t relieved_at;      /* when room was last looked for in the log, monotonic ns; 0: never */
    char message[256];
};

/* Notes a failure that SQLite reported (extended result code) and gives our code for it. */
int lk_sqlite_fail(struct lk_db *db, int result);

/* Whether result is a write that a quota or a limit on the size of files refused: as harmless as a full disk, but SQLite knows only ENOSPC as one. which
 * file was written: SQLITE_FCNTL_FILE_POINTER for the database, SQLITE_FCNTL_JOURNAL_POINTER for the log. */
bool lk_sqlite_no_room(struct lk_db *db, int result, int which);

/* Takes the log's changes over into the database and cuts the log off, unless that was tried a moment ago. No transaction is open. */
void lk_sqlite_relieve(struct lk_db *db);

void lk_sqlite_drop_statements(struct lk_db *db);

#endif
