/*
 * Opening and closing the SQLite database.
 *
 * One connection in exclusive locking mode: the index of the write-ahead log is then in our own memory, no other process can open the database, and the
 * corruption that SQLite before 3.51.3 can meet when two connections reset the log cannot happen. synchronous=FULL syncs the log at each
 * commit that wrote.
 */
#include "base/clock.h"
#include "base/file.h"
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Pages in the log from which on a commit is followed by a checkpoint: 64 MiB of 4 KiB pages. Keys land all over the index of digests, so a longer log
 * holds more changes of the same page, which a checkpoint copies once. */
#define CHECKPOINT_PAGES 16384

static pthread_once_t configured = PTHREAD_ONCE_INIT;

static void configure(void) {
    /* Savepoints undo from memory: there is no temporary file that could be full, or read by others. Refused when SQLite is in use already,
     * which only costs that. */
    sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
    /* Its own count of memory costs a lock at every allocation, and nobody reads it. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* An empty file with mode 0600 if there is none. SQLite gives the log the mode of the database. */
static int create_file(const char *path, struct lk_problem *problem) {
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return 0;
    int error = fd < 0 ? errno : lk_file_make_private(fd, path);
    if (fd >= 0)
        close(fd);
    if (error == 0)
        error = lk_sync_directory_of(path);
    return error == 0 ? 0 : lk_problem_set(problem, lk_code_of_errno(error), "Cannot create the database %s: %s", path, strerror(error));
}

static int check_file(const char *path, struct lk_problem *problem) {
    struct stat status;
    if (stat(path, &status) != 0) {
        int code = lk_code_of_errno(errno);
        if (code == LK_ENOTFOUND)
            return lk_problem_set(problem, code, "There is no database at %s: run latchkey init first", path);
        return lk_problem_set(problem, code, "Cannot open the database %s: %s", path, strerror(errno));
    }
    return S_ISREG(status.st_mode) ? 0 : lk_problem_set(problem, LK_EIO, "The database %s is not a regular file", path);
}

/* How often a full disk makes it look for room in the log. */
#define RELIEVE_NS ((int64_t)1000000000)

static void note_checkpoint(struct lk_db *db, sqlite3 *handle, int result) {
    if ((result & 0xFF) == SQLITE_IOERR && !lk_sqlite_no_room(db, result, SQLITE_FCNTL_FILE_POINTER)) {
        snprintf(db->message, sizeof db->message, "%s (%d)", sqlite3_errmsg(handle), result);
        db->broken = true;
    }
}

/* The log grows to CHECKPOINT_PAGES before its place is used again, which on a small disk may be what fills it. */
void lk_sqlite_relieve(struct lk_db *db) {
    int64_t now = lk_clock_mono_ns();
    if (db->relieved_at != 0 && now - db->relieved_at < RELIEVE_NS)
        return;
    db->relieved_at = now;
    note_checkpoint(db, db->handle, sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL));
}

/* After each commit, with the pages in the log. SQLite's own automatic checkpoint does the same but keeps an I/O error to itself. The commit is durable in
 * any case; a full disk only means that the log grows until there is room. */
static int after_commit(void *context, sqlite3 *handle, const char *name, int pages) {
    struct lk_db *db = context;
    if (pages < db->checkpoint_pages)
        return SQLITE_OK;
    note_checkpoint(db, handle, sqlite3_wal_checkpoint_v2(handle, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL));
    return SQLITE_OK;
}

static bool set_option(sqlite3 *handle, int option, int value) {
    int now = -1;
    return sqlite3_db_config(handle, option, value, &now) == SQLITE_OK && now == value;
}

static int configure_connection(struct lk_db *db) {
    sqlite3_extended_result_codes(db->handle, 1);
    if (!set_option(db->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1) || !set_option(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1) ||
        !set_option(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0) || !set_option(db->handle, SQLITE_DBCONFIG_DQS_DML, 0) ||
        !set_option(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0))
        return LK_EINTERNAL;
    return lk_db_exec(db, "PRAGMA locking_mode = EXCLUSIVE;"
                          "PRAGMA synchronous = FULL;"
                          "PRAGMA temp_store = MEMORY;"
                          "PRAGMA cell_size_check = ON;"
                          "PRAGMA secure_delete = ON;" /* what is under a master key that was replaced may not stay in free pages */
                          "PRAGMA mmap_size = 0;"
                          "PRAGMA cache_size = -131072;"
                          "PRAGMA journal_size_limit = 67108864");
}

/* Takes the database's lock, replays the log, and reads the schema. */
static int enter(struct lk_db *db) {
    struct lk_stmt *stmt = lk_db_stmt(db, "PRAGMA journal_mode = WAL");
    int code = lk_step(stmt);
    if (code == 1) {
        code = lk_slice_is(lk_column_text(stmt, 0), "wal") ? 0 : LK_EIO;
        lk_stmt_reset(stmt);
    }
    if (code != 0)
        return code;
    sqlite3_wal_hook(db->handle, after_commit, db);
    stmt = lk_db_stmt(db, "SELECT count(*) FROM sqlite_schema");
    code = lk_step(stmt);
    lk_stmt_reset(stmt);
    if (code < 0)
        return code;
    int result = sqlite3_prepare_v3(db->handle, "ROLLBACK", -1, SQLITE_PREPARE_PERSISTENT, &db->rollback, NULL);
    return result == SQLITE_OK ? 0 : lk_sqlite_fail(db, result);
}

static bool is_barred(const char *path, int mode) {
    return path != NULL && faccessat(AT_FDCWD, path, mode, AT_EACCESS) != 0 && lk_code_of_errno(errno) == LK_EFORBIDDEN;
}

/* What its place lacks SQLite tells by a number, or as an error of the disk: a right, or an inode for the log. 0: neither. */
static int place_problem(const char *path, struct lk_problem *problem) {
    const char *end = strrchr(path, '/');
    char *dir = end == NULL ? strdup("./") : strndup(path, (size_t)(end - path) + 1);
    char *log = NULL;
    if (asprintf(&log, "%s-wal", path) < 0)
        log = NULL;
    const char *barred = is_barred(path, R_OK | W_OK) ? path : is_barred(log, R_OK | W_OK) ? log : is_barred(dir, W_OK | X_OK) ? dir : NULL;
    int code = 0;
    if (barred != NULL)
        code = lk_problem_set(problem, LK_EFORBIDDEN, "Cannot open the database %s: this user may not write %s (%s)", path, barred,
                              strerror(errno));
    struct statvfs room;
    if (code == 0 && dir != NULL && statvfs(dir, &room) == 0 && room.f_files > 0 && room.f_favail == 0)
        code = lk_problem_set(problem, LK_EFULL, "Cannot open the database %s: its file system has no inode left for its log: remove files",
                              path);
    free(dir);
    free(log);
    return code;
}

static int open_problem(struct lk_db *db, const char *path, int code, struct lk_problem *problem) {
    switch (code) {
    case LK_EBUSY: return lk_problem_set(problem, code, "Another program has the database %s open: close it and start again", path);
    case LK_ECORRUPT:
        return lk_problem_set(problem, code, "The database %s is damaged or is no database (%s): restore a backup", path, db->message);
    case LK_EFULL: return lk_problem_set(problem, code, "There is no space left for the database %s: free some and start again", path);
    default: break;
    }
    int lacking = place_problem(path, problem);
    return lacking != 0 ? lacking : lk_problem_set(problem, code, "Cannot open the database %s: %s", path, db->message);
}

/* Whether there is something in the log. */
static int find_log(const char *path, bool *ret, struct lk_problem *problem) {
    struct stat status;
    char *log = NULL;
    if (asprintf(&log, "%s-wal", path) < 0)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    int code = 0;
    if (stat(log, &status) == 0)
        *ret = status.st_size > 0;
    else if (errno != ENOENT)
        code = lk_problem_set(problem, lk_code_of_errno(errno), "Cannot open %s: %s", log, strerror(errno));
    free(log);
    return code;
}

int lk_db_open_sqlite(const char *path, bool create, struct lk_db **ret, struct lk_problem *problem) {
    pthread_once(&configured, configure);
    bool log_found = false;
    int code = create ? create_file(path, problem) : 0;
    if (code == 0)
        code = check_file(path, problem);
    if (code == 0)
        code = find_log(path, &log_found, problem);
    if (code != 0)
        return code;

    struct lk_db *db = calloc(1, sizeof *db);
    if (db == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    db->no_memory = (struct lk_stmt){.db = db, .code = LK_ENOMEM};
    db->checkpoint_pages = CHECKPOINT_PAGES;
    db->log_found = log_found;
    int result = sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (result != SQLITE_OK)
        code = lk_sqlite_fail(db, result);
    if (code == 0)
        code = configure_connection(db);
    if (code == 0)
        code = enter(db);
    if (code != 0) {
        code = open_problem(db, path, code, problem);
        lk_db_close(db);
        return code;
    }
    *ret = db;
    return 0;
}

void lk_db_close(struct lk_db *db) {
    if (db == NULL)
        return;
    sqlite3_finalize(db->rollback);
    lk_sqlite_drop_statements(db);
    /* The last connection checkpoints when it closes. After an I/O error nothing more is written: the next start works from the log. */
    if (db->broken || (db->keep_log && db->log_found))
        set_option(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1);
    sqlite3_close(db->handle);
    free(db);
}
