/*
 * The SQLite implementation of store/db.h: statements and transactions. Opening is in sqlite_open.c.
 *
 * A transaction can fail in the middle: on a full disk, an I/O error or lack of memory SQLite may roll all of it back by itself and go on in
 * autocommit mode, where the next statement would be committed alone. So each failure looks whether the transaction is still there; if not,
 * `failed` keeps the reason, and nothing runs until the caller has ended the transaction.
 */
#include "store/sqlite.h"
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Highest parameter number: $1 to $99. */
#define PARAMETERS_MAX 99

bool lk_sqlite_no_room(struct lk_db *db, int result, int which) {
    sqlite3_file *file = NULL;
    int error = 0;
    if (result != SQLITE_IOERR_WRITE || sqlite3_file_control(db->handle, "main", which, &file) != SQLITE_OK || file == NULL ||
        file->pMethods == NULL || file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error) != SQLITE_OK)
        return false;
    return error == EDQUOT || error == EFBIG;
}

static int code_of_sqlite(struct lk_db *db, int result) {
    switch (result) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID: return LK_ECONFLICT;
    case SQLITE_IOERR_NOMEM: return LK_ENOMEM;
    default: break;
    }
    switch (result & 0xFF) {
    case SQLITE_CONSTRAINT: return LK_EINVAL;
    case SQLITE_TOOBIG: return LK_ELIMIT;
    case SQLITE_FULL: return LK_EFULL;
    case SQLITE_NOMEM: return LK_ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return LK_EBUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return LK_ECORRUPT;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return LK_EFORBIDDEN;
    case SQLITE_CANTOPEN: return lk_code_of_errno(sqlite3_system_errno(db->handle));
    case SQLITE_IOERR: break;
    default: return LK_EINTERNAL;
    }
    return lk_sqlite_no_room(db, result, SQLITE_FCNTL_JOURNAL_POINTER) ? LK_EFULL : LK_EIO;
}

/* Once broken, the message stays the one that says why. */
static int fail_with(struct lk_db *db, int code, const char *message) {
    if (!db->broken)
        snprintf(db->message, sizeof db->message, "%s", message);
    return code;
}

int lk_sqlite_fail(struct lk_db *db, int result) {
    int code = code_of_sqlite(db, result);
    if (!db->broken)
        snprintf(db->message, sizeof db->message, "%s (%d)", sqlite3_errmsg(db->handle), result);
    if (code == LK_EIO)
        db->broken = true;
    if (code == LK_ECORRUPT)
        db->keep_log = true;
    if (code == LK_EFULL)
        db->full = true;
    if (db->in_transaction && db->failed == 0 && sqlite3_get_autocommit(db->handle) != 0)
        db->failed = code;
    return code;
}

/* Why nothing may run now, or 0. */
static int refusal(struct lk_db *db) {
    if (db->broken)
        return LK_EIO;
    return db->failed != 0 ? fail_with(db, db->failed, "the transaction failed before") : 0;
}

/* ---- statements ---- */

static struct lk_stmt **bucket_of(struct lk_db *db, const char *sql) {
    uint64_t hash = (uint64_t)(uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15);
    return &db->buckets[hash >> (64 - LK_SQLITE_BUCKET_BITS)];
}

/* N for "$N" within bounds, else 0. (SQLite reads a cast, "$1::text", as part of the name: that is refused here as well.) */
static unsigned parameter_number(const char *name) {
    if (name == NULL || name[0] != '$' || name[1] < '1' || name[1] > '9')
        return 0;
    unsigned number = 0;
    for (const char *c = name + 1; *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || number > PARAMETERS_MAX)
            return 0;
        number = number * 10 + (unsigned)(*c - '0');
    }
    return number <= PARAMETERS_MAX ? number : 0;
}

/* SQLite numbers named parameters in the order of their first appearance; this finds which number each $N got. */
static int map_parameters(struct lk_stmt *stmt) {
    int count = sqlite3_bind_parameter_count(stmt->handle);
    unsigned highest = 0;
    for (int i = 1; i <= count; i++) {
        unsigned number = parameter_number(sqlite3_bind_parameter_name(stmt->handle, i));
        if (number == 0)
            return fail_with(stmt->db, LK_EINTERNAL, "a parameter is not one of $1 to $99");
        highest = number > highest ? number : highest;
    }
    unsigned char *positions = calloc(highest > 0 ? highest : 1, 1);
    if (positions == NULL)
        return fail_with(stmt->db, LK_ENOMEM, "out of memory");
    for (int i = 1; i <= count; i++)
        positions[parameter_number(sqlite3_bind_parameter_name(stmt->handle, i)) - 1] = (unsigned char)i;
    stmt->positions = positions;
    stmt->parameters = (int)highest;
    return 0;
}

static int compile(struct lk_stmt *stmt) {
    struct lk_db *db = stmt->db;
    const char *rest = NULL;
    int result = sqlite3_prepare_v3(db->handle, stmt->sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->handle, &rest);
    int code = 0;
    if (result != SQLITE_OK)
        code = lk_sqlite_fail(db, result);
    else if (stmt->handle == NULL || rest[strspn(rest, " \t\r\n;")] != '\0')
        code = fail_with(db, LK_EINTERNAL, "not exactly one statement");
    else
        code = map_parameters(stmt);
    if (code != 0) {
        sqlite3_finalize(stmt->handle);
        stmt->handle = NULL;
    }
    return code;
}

/* A new cache entry, not compiled yet; NULL when out of memory. */
static struct lk_stmt *add_statement(struct lk_db *db, const char *sql) {
    struct lk_stmt *stmt = calloc(1, sizeof *stmt);
    if (stmt == NULL)
        return NULL;
    struct lk_stmt **bucket = bucket_of(db, sql);
    *stmt = (struct lk_stmt){.next = *bucket, .db = db, .sql = sql};
    *bucket = stmt;
    return stmt;
}

struct lk_stmt *lk_db_stmt(struct lk_db *db, const char *sql) {
    struct lk_stmt *stmt = *bucket_of(db, sql);
    while (stmt != NULL && stmt->sql != sql)
        stmt = stmt->next;
    if (stmt == NULL)
        stmt = add_statement(db, sql);
    if (stmt == NULL)
        return &db->no_memory;
    if (stmt->handle == NULL) {
        /* Tried anew each time: what it needs may have been created since. */
        stmt->code = compile(stmt);
        return stmt;
    }
    sqlite3_reset(stmt->handle);
    sqlite3_clear_bindings(stmt->handle);
    stmt->code = 0;
    return stmt;
}

void lk_sqlite_drop_statements(struct lk_db *db) {
    for (size_t i = 0; i < LK_SQLITE_BUCKETS; i++) {
        while (db->buckets[i] != NULL) {
            struct lk_stmt *stmt = db->buckets[i];
            db->buckets[i] = stmt->next;
            sqlite3_finalize(stmt->handle);
            free(stmt->positions);
            free(stmt);
        }
    }
}

/* SQLite's number for $index, or 0 after noting why the statement cannot run. */
static int position(struct lk_stmt *stmt, int index) {
    if (stmt->code != 0)
        return 0;
    if (index < 1 || index > stmt->parameters || stmt->positions[index - 1] == 0) {
        stmt->code = fail_with(stmt->db, LK_EINTERNAL, "bound a parameter that is not in the statement");
        return 0;
    }
    return stmt->positions[index - 1];
}

static void bound(struct lk_stmt *stmt, int result) {
    if (result != SQLITE_OK)
        stmt->code = lk_sqlite_fail(stmt->db, result);
}

void lk_bind_int(struct lk_stmt *stmt, int index, int64_t value) {
    int at = position(stmt, index);
    if (at != 0)
        bound(stmt, sqlite3_bind_int64(stmt->handle, at, value));
}

void lk_bind_text(struct lk_stmt *stmt, int index, struct lk_slice value) {
    int at = position(stmt, index);
    if (at != 0)
        bound(stmt, sqlite3_bind_text64(stmt->handle, at, value.ptr, value.len, SQLITE_STATIC, SQLITE_UTF8));
}

void lk_bind_blob(struct lk_stmt *stmt, int index, struct lk_slice value) {
    int at = position(stmt, index);
    if (at != 0)
        bound(stmt, sqlite3_bind_blob64(stmt->handle, at, value.ptr, value.len, SQLITE_STATIC));
}

void lk_bind_id(struct lk_stmt *stmt, int index, const struct lk_id *value) {
    lk_bind_blob(stmt, index, lk_slice_make(value == NULL ? NULL : (const char *)value->bytes, value == NULL ? 0 : LK_ID_BYTES));
}

void lk_bind_null(struct lk_stmt *stmt, int index) {
    int at = position(stmt, index);
    if (at != 0)
        bound(stmt, sqlite3_bind_null(stmt->handle, at));
}

/* lk_step without looking at the state of the transaction. */
static int step(struct lk_stmt *stmt) {
    if (stmt->code != 0)
        return stmt->code;
    int result = sqlite3_step(stmt->handle);
    if (result == SQLITE_ROW)
        return 1;
    int code = result == SQLITE_DONE ? 0 : lk_sqlite_fail(stmt->db, sqlite3_extended_errcode(stmt->db->handle));
    sqlite3_reset(stmt->handle);
    return code;
}

int lk_step(struct lk_stmt *stmt) {
    int code = refusal(stmt->db);
    return code != 0 ? code : step(stmt);
}

int lk_run(struct lk_stmt *stmt) {
    int code = lk_step(stmt);
    if (code <= 0)
        return code;
    sqlite3_reset(stmt->handle);
    return fail_with(stmt->db, LK_EINTERNAL, "a statement run for its effect returned a row");
}

void lk_stmt_reset(struct lk_stmt *stmt) {
    sqlite3_reset(stmt->handle);
}

int64_t lk_column_int(struct lk_stmt *stmt, int index) {
    return sqlite3_column_int64(stmt->handle, index);
}

struct lk_slice lk_column_blob(struct lk_stmt *stmt, int index) {
    if (sqlite3_column_type(stmt->handle, index) == SQLITE_NULL)
        return lk_slice_make(NULL, 0);
    const char *bytes = sqlite3_column_blob(stmt->handle, index);
    int len = sqlite3_column_bytes(stmt->handle, index);
    /* SQLite gives NULL for an empty value. */
    return bytes == NULL ? lk_slice_make("", 0) : lk_slice_make(bytes, (size_t)len);
}

struct lk_slice lk_column_text(struct lk_stmt *stmt, int index) {
    /* Text as it lies there: sqlite3_column_text would copy it for the sake of a NUL. */
    return lk_column_blob(stmt, index);
}

bool lk_column_is_null(struct lk_stmt *stmt, int index) {
    return sqlite3_column_type(stmt->handle, index) == SQLITE_NULL;
}

int lk_column_id(struct lk_stmt *stmt, int index, struct lk_id *ret) {
    struct lk_slice bytes = lk_column_blob(stmt, index);
    if (bytes.len != LK_ID_BYTES || sqlite3_column_type(stmt->handle, index) != SQLITE_BLOB)
        return fail_with(stmt->db, LK_ECORRUPT, "an id is not 16 bytes");
    memcpy(ret->bytes, bytes.ptr, LK_ID_BYTES);
    return 0;
}

int64_t lk_db_changes(struct lk_db *db) {
    return sqlite3_changes64(db->handle);
}

int lk_db_exec(struct lk_db *db, const char *sql) {
    int code = refusal(db);
    if (code != 0)
        return code;
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        code = lk_sqlite_fail(db, sqlite3_extended_errcode(db->handle));
    return code;
}

/* ---- transactions ---- */

/* A reader left open would keep checkpoints from ending, and the log growing. */
static void reset_all(struct lk_db *db) {
    for (sqlite3_stmt *s = sqlite3_next_stmt(db->handle, NULL); s != NULL; s = sqlite3_next_stmt(db->handle, s)) {
        if (sqlite3_stmt_busy(s))
            sqlite3_reset(s);
    }
}

int lk_db_begin(struct lk_db *db) {
    int code = refusal(db);
    if (code != 0)
        return code;
    if (db->in_transaction)
        return fail_with(db, LK_EINTERNAL, "a transaction is open already");
    code = step(lk_db_stmt(db, "BEGIN DEFERRED"));
    if (code == 0)
        db->in_transaction = true;
    return code;
}

static int try_commit(struct lk_db *db) {
    int code = refusal(db);
    if (code != 0)
        return code;
    if (!db->in_transaction)
        return fail_with(db, LK_EINTERNAL, "no transaction is open");
    if (db->depth != 0)
        return fail_with(db, LK_EINTERNAL, "a savepoint is still open");
    reset_all(db);
    return step(lk_db_stmt(db, "COMMIT"));
}

int lk_db_commit(struct lk_db *db) {
    int code = try_commit(db);
    if (code != 0) {
        lk_db_rollback(db);
        return code;
    }
    db->in_transaction = false;
    return 0;
}

void lk_db_rollback(struct lk_db *db) {
    reset_all(db);
    /* Not through the cache: it must not need memory, nor disturb the message of the failure that led here. SQLite forgets the transaction even
     * when undoing it meets an I/O error; the next read takes the state from the log. */
    if (sqlite3_get_autocommit(db->handle) == 0 && (sqlite3_step(db->rollback) & 0xFF) == SQLITE_IOERR)
        db->broken = true;
    sqlite3_reset(db->rollback);
    db->in_transaction = false;
    db->failed = 0;
    db->depth = 0;
    if (db->full && !db->broken)
        lk_sqlite_relieve(db);
    db->full = false;
}

enum { SAVEPOINT, RELEASE, ROLLBACK_TO };

/* SQLite finds the innermost savepoint of a name, so one name serves every depth. */
static int savepoint_command(struct lk_db *db, int command) {
    static const char *const text[] = {"SAVEPOINT lk", "RELEASE lk", "ROLLBACK TO lk"};
    return step(lk_db_stmt(db, text[command]));
}

int lk_db_savepoint(struct lk_db *db) {
    int code = refusal(db);
    if (code != 0)
        return code;
    if (!db->in_transaction)
        return fail_with(db, LK_EINTERNAL, "a savepoint needs a transaction");
    code = savepoint_command(db, SAVEPOINT);
    if (code == 0)
        db->depth++;
    return code;
}

/* The end of the innermost savepoint, one way or the other. If it does not come about, what the transaction holds is unknown: it must not commit. */
static int end_savepoint(struct lk_db *db, bool undo) {
    if (db->depth == 0)
        return fail_with(db, LK_EINTERNAL, "no savepoint is open");
    db->depth--;
    int code = refusal(db);
    if (code == 0 && undo)
        code = savepoint_command(db, ROLLBACK_TO);
    if (code == 0)
        code = savepoint_command(db, RELEASE);
    if (code != 0 && db->failed == 0)
        db->failed = code;
    return code;
}

int lk_db_release(struct lk_db *db) {
    return end_savepoint(db, false);
}

int lk_db_rollback_to(struct lk_db *db) {
    return end_savepoint(db, true);
}

int lk_db_transaction_code(const struct lk_db *db) {
    return db->broken ? LK_EIO : db->failed;
}

bool lk_db_is_writing(const struct lk_db *db) {
    return sqlite3_txn_state(db->handle, NULL) == SQLITE_TXN_WRITE;
}

const char *lk_db_message(struct lk_db *db) {
    return db->message;
}

uint64_t lk_db_cache_bytes(const struct lk_db *db) {
    int bytes = 0, most;
    return sqlite3_db_status(db->handle, SQLITE_DBSTATUS_CACHE_USED, &bytes, &most, 0) == SQLITE_OK && bytes > 0 ? (uint64_t)bytes : 0;
}

bool lk_db_is_broken(const struct lk_db *db) {
    return db->broken;
}

void lk_db_keep_log(struct lk_db *db) {
    db->keep_log = true;
}

/* Without the heading that SQLite puts over what it finds in one database of several. */
static struct lk_slice without_heading(struct lk_slice finding) {
    static const struct lk_slice heading = LK_SLICE("*** in database main ***\n");
    bool has = finding.len > heading.len && memcmp(finding.ptr, heading.ptr, heading.len) == 0;
    return has ? lk_slice_make(finding.ptr + heading.len, finding.len - heading.len) : finding;
}

int lk_db_check(struct lk_db *db, struct lk_problem *problem) {
    struct lk_stmt *stmt = lk_db_stmt(db, "PRAGMA integrity_check(1)");
    int code = lk_step(stmt);
    if (code == 1) {
        struct lk_slice finding = without_heading(lk_column_text(stmt, 0));
        code = lk_slice_is(finding, "ok")
                   ? 0
                   : lk_problem_set(problem, LK_ECORRUPT, "The database is damaged: %.*s", (int)finding.len, finding.ptr);
        lk_stmt_reset(stmt);
        db->keep_log = db->keep_log || code != 0;
        if (code != 0)
            return code;
    }
    if (code == 0) {
        stmt = lk_db_stmt(db, "PRAGMA foreign_key_check");
        code = lk_step(stmt);
    }
    if (code == 1) {
        struct lk_slice table = lk_column_text(stmt, 0);
        code = lk_problem_set(problem, LK_ECORRUPT, "The database is damaged: a row of %.*s refers to nothing", (int)table.len, table.ptr);
        lk_stmt_reset(stmt);
        return code;
    }
    return code == 0 ? 0 : lk_problem_set(problem, code, "The database cannot be checked: %s", lk_db_message(db));
}
