/*
 * The floor that createApiKey is measured against: SQLite in the server's own mode (WAL, synchronous=FULL), one key row and one audit row of about the
 * server's sizes a transaction, so one fsync a key. Usage: sqlite_floor DIRECTORY SECONDS; prints transactions a second.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void check(int code, int wanted, sqlite3 *db) {
    if (code != wanted) {
        fprintf(stderr, "sqlite_floor: %s\n", db == NULL ? "cannot open the database" : sqlite3_errmsg(db));
        exit(1);
    }
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
    sqlite3_stmt *stmt = NULL;
    check(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK, db);
    return stmt;
}

static void run(sqlite3 *db, sqlite3_stmt *stmt) {
    check(sqlite3_step(stmt), SQLITE_DONE, db);
    sqlite3_reset(stmt);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: sqlite_floor DIRECTORY SECONDS\n");
        return 2;
    }
    char path[4096];
    snprintf(path, sizeof(path), "%s/floor.db", argv[1]);
    double seconds = strtod(argv[2], NULL);
    sqlite3 *db = NULL;
    check(sqlite3_open(path, &db), SQLITE_OK, db);
    check(sqlite3_exec(db,
                       "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA locking_mode=EXCLUSIVE;"
                       "CREATE TABLE api_key (id BLOB PRIMARY KEY, digest BLOB UNIQUE, sealed BLOB, name TEXT UNIQUE) WITHOUT ROWID;"
                       "CREATE TABLE audit_entry (seq INTEGER PRIMARY KEY, mac BLOB, entry TEXT);",
                       NULL, NULL, NULL),
          SQLITE_OK, db);
    sqlite3_stmt *begin = prepare(db, "BEGIN");
    sqlite3_stmt *commit = prepare(db, "COMMIT");
    sqlite3_stmt *key = prepare(db, "INSERT INTO api_key VALUES (randomblob(16), randomblob(32), randomblob(128), hex(randomblob(8)))");
    sqlite3_stmt *audit = prepare(db, "INSERT INTO audit_entry (mac, entry) VALUES (randomblob(32), hex(randomblob(200)))");
    double start = now();
    long count = 0;
    while (now() - start < seconds) {
        run(db, begin);
        run(db, key);
        run(db, audit);
        run(db, commit);
        count++;
    }
    printf("%.0f\n", (double)count / (now() - start));
    sqlite3_stmt *const all[] = {begin, commit, key, audit};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        sqlite3_finalize(all[i]);
    sqlite3_close(db);
    return 0;
}
