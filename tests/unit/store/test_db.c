#include "../unit.h"

#include "store/sqlite.h"
#include "tempdir.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct lk_db *open_db(const struct tempdir *dir) {
    struct lk_db *db = NULL;
    struct lk_problem problem = {0};
    if (lk_db_open_sqlite(dir->file, true, &db, &problem) != 0)
        fail_msg("%s", problem.text);
    return db;
}

static struct lk_db *open_with_table(const struct tempdir *dir) {
    struct lk_db *db = open_db(dir);
    assert_int_equal(
        lk_db_exec(db,
                   "CREATE TABLE item (id BLOB NOT NULL PRIMARY KEY, name TEXT UNIQUE, number BIGINT CHECK (number < 100)) WITHOUT ROWID;"
                   "CREATE TABLE part (item BLOB NOT NULL REFERENCES item (id), name TEXT)"),
        0);
    return db;
}

static struct lk_id id_of(uint32_t n) {
    struct lk_id id = {{1}};
    memcpy(id.bytes + 8, &n, sizeof n);
    return id;
}

static int insert(struct lk_db *db, uint32_t n, const char *name, int64_t number) {
    struct lk_id id = id_of(n);
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO item (id, name, number) VALUES ($1, $2, $3)");
    lk_bind_id(stmt, 1, &id);
    lk_bind_text(stmt, 2, lk_slice_cstr(name));
    lk_bind_int(stmt, 3, number);
    return lk_run(stmt);
}

static int64_t one_number(struct lk_db *db, const char *sql) {
    struct lk_stmt *stmt = lk_db_stmt(db, sql);
    assert_int_equal(lk_step(stmt), 1);
    int64_t value = lk_column_int(stmt, 0);
    lk_stmt_reset(stmt);
    return value;
}

static int64_t count(struct lk_db *db) {
    return one_number(db, "SELECT count(*) FROM item");
}

static unsigned mode_of(const char *path) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777U;
}

static void test_open(void **state) {
    struct tempdir *dir = *state;
    struct lk_db *db = NULL;
    struct lk_problem problem = {0};
    assert_int_equal(lk_db_open_sqlite(dir->file, false, &db, &problem), LK_ENOTFOUND);
    assert_non_null(strstr(problem.text, dir->file));
    assert_null(db);
    assert_int_equal(access(dir->file, F_OK), -1);

    mode_t before = umask(0);
    db = open_with_table(dir);
    char wal[128];
    snprintf(wal, sizeof wal, "%s-wal", dir->file);
    assert_int_equal(mode_of(dir->file), 0600);
    assert_int_equal(mode_of(wal), 0600);
    char shm[128];
    snprintf(shm, sizeof shm, "%s-shm", dir->file);
    assert_int_equal(access(shm, F_OK), -1);
    umask(before);

    assert_int_equal(one_number(db, "PRAGMA synchronous"), 2);
    assert_int_equal(one_number(db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(one_number(db, "PRAGMA trusted_schema"), 0);
    assert_int_equal(one_number(db, "PRAGMA temp_store"), 2);
    assert_int_equal(one_number(db, "PRAGMA busy_timeout"), 0);
    assert_int_equal(one_number(db, "PRAGMA cell_size_check"), 1);
    assert_int_equal(one_number(db, "PRAGMA secure_delete"), 1);
    struct lk_stmt *stmt = lk_db_stmt(db, "PRAGMA locking_mode");
    assert_int_equal(lk_step(stmt), 1);
    assert_true(lk_slice_is(lk_column_text(stmt, 0), "exclusive"));
    lk_stmt_reset(stmt);
    stmt = lk_db_stmt(db, "PRAGMA journal_mode");
    assert_int_equal(lk_step(stmt), 1);
    assert_true(lk_slice_is(lk_column_text(stmt, 0), "wal"));
    lk_stmt_reset(stmt);

    assert_int_equal(insert(db, 1, "one", 1), 0);
    assert_int_equal(lk_db_check(db, &problem), 0);
    lk_db_close(db);
    assert_int_equal(access(wal, F_OK), -1); /* closing checkpoints */

    assert_int_equal(lk_db_open_sqlite(dir->file, false, &db, &problem), 0);
    assert_int_equal(count(db), 1);
    lk_db_close(db);
    lk_db_close(NULL);
}

static void test_umask_does_not_matter(void **state) {
    struct tempdir *dir = *state;
    mode_t before = umask(0377);
    struct lk_db *db = open_db(dir);
    umask(before);
    assert_int_equal(mode_of(dir->file), 0600);
    lk_db_close(db);
}

static void write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void test_open_refuses(void **state) {
    struct tempdir *dir = *state;
    struct lk_db *db = NULL;
    struct lk_problem problem = {0};
    char junk[4096];
    memset(junk, 'x', sizeof junk - 1);
    junk[sizeof junk - 1] = '\0';
    write_file(dir->file, junk);
    assert_int_equal(lk_db_open_sqlite(dir->file, true, &db, &problem), LK_ECORRUPT);
    assert_non_null(strstr(problem.text, dir->file));

    assert_int_equal(lk_db_open_sqlite(dir->path, false, &db, &problem), LK_EIO); /* a directory */
    char path[128];
    snprintf(path, sizeof path, "%s/none/latchkey.db", dir->path);
    assert_int_equal(lk_db_open_sqlite(path, true, &db, &problem), LK_ENOTFOUND);
    assert_null(db);
}

/* Another process cannot get in, not even to read. (Locks of POSIX are a process's, so it takes one.) */
static void test_exclusive(void **state) {
    struct tempdir *dir = *state;
    struct lk_db *db = open_with_table(dir);
    pid_t child = fork();
    if (child == 0) {
        struct lk_db *second = NULL;
        struct lk_problem problem;
        _exit(lk_db_open_sqlite(dir->file, false, &second, &problem) == LK_EBUSY ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(insert(db, 1, "one", 1), 0);
    lk_db_close(db);
}

static void test_values(void **state) {
    struct lk_db *db = open_db(*state);
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT $1, $2, $3, $4, $5, $6, $7");
    struct lk_id id = id_of(7);
    lk_bind_int(stmt, 1, INT64_MIN);
    lk_bind_text(stmt, 2, lk_slice_make("a\0b", 3));
    lk_bind_blob(stmt, 3, lk_slice_make("\0\xFF", 2));
    lk_bind_id(stmt, 4, &id);
    lk_bind_null(stmt, 5);
    lk_bind_text(stmt, 6, lk_slice_make("", 0));
    lk_bind_blob(stmt, 7, lk_slice_make("", 0));
    assert_int_equal(lk_step(stmt), 1);
    assert_true(lk_column_int(stmt, 0) == INT64_MIN);
    assert_true(lk_slice_equal(lk_column_text(stmt, 1), lk_slice_make("a\0b", 3)));
    assert_true(lk_slice_equal(lk_column_blob(stmt, 2), lk_slice_make("\0\xFF", 2)));
    struct lk_id got = id_of(1);
    assert_int_equal(lk_column_id(stmt, 3, &got), 0);
    assert_true(lk_id_equal(&got, &id));
    assert_int_equal(lk_column_id(stmt, 2, &got), LK_ECORRUPT);
    assert_int_equal(lk_column_id(stmt, 4, &got), LK_ECORRUPT);
    assert_true(lk_id_equal(&got, &id));
    assert_true(lk_column_is_null(stmt, 4));
    assert_null(lk_column_text(stmt, 4).ptr);
    assert_false(lk_column_is_null(stmt, 5));
    assert_non_null(lk_column_text(stmt, 5).ptr);
    assert_non_null(lk_column_blob(stmt, 6).ptr);
    assert_int_equal(lk_column_blob(stmt, 6).len, 0);
    assert_int_equal(lk_step(stmt), 0);

    stmt = lk_db_stmt(db, "SELECT $1, $2, $3, $4, $5, $6, $7"); /* another literal may have the same address: NULL again either way */
    lk_bind_text(stmt, 1, lk_slice_make(NULL, 0));
    lk_bind_id(stmt, 4, NULL);
    assert_int_equal(lk_step(stmt), 1);
    for (int i = 0; i < 7; i++)
        assert_true(lk_column_is_null(stmt, i));
    lk_stmt_reset(stmt);
    lk_db_close(db);
}

/* $N is N however often and in whatever order it appears. */
static void test_parameter_numbers(void **state) {
    struct lk_db *db = open_db(*state);
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT $3, $1, $2, $1, $12");
    lk_bind_int(stmt, 1, 10);
    lk_bind_int(stmt, 2, 20);
    lk_bind_int(stmt, 3, 30);
    lk_bind_int(stmt, 12, 120);
    assert_int_equal(lk_step(stmt), 1);
    const int64_t expected[] = {30, 10, 20, 10, 120};
    for (int i = 0; i < 5; i++)
        assert_int_equal(lk_column_int(stmt, i), expected[i]);
    lk_stmt_reset(stmt);

    static const char *const bad[] = {"SELECT ?", "SELECT :a", "SELECT $0", "SELECT $100", "SELECT $1::text", "SELECT @1", "SELECT $1x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(lk_step(lk_db_stmt(db, bad[i])), LK_EINTERNAL);

    static const int missing[] = {0, -1, 2, 4, 13};
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
        stmt = lk_db_stmt(db, "SELECT $1, $3");
        lk_bind_int(stmt, missing[i], 1);
        assert_int_equal(lk_step(stmt), LK_EINTERNAL);
    }
    lk_db_close(db);
}

static void test_bad_sql(void **state) {
    struct lk_db *db = open_db(*state);
    struct lk_stmt *stmt = lk_db_stmt(db, "SELEKT");
    lk_bind_int(stmt, 1, 1);
    assert_int_equal(lk_step(stmt), LK_EINTERNAL);
    assert_int_equal(lk_run(stmt), LK_EINTERNAL);
    assert_non_null(strstr(lk_db_message(db), "syntax error"));
    lk_stmt_reset(stmt);
    assert_int_equal(lk_step(lk_db_stmt(db, "")), LK_EINTERNAL);
    assert_int_equal(lk_step(lk_db_stmt(db, "SELECT 1; SELECT 2")), LK_EINTERNAL);
    assert_int_equal(lk_step(lk_db_stmt(db, "SELECT \"no such column\"")), LK_EINTERNAL); /* not a string, as old SQLite has it */
    assert_int_equal(lk_run(lk_db_stmt(db, "SELECT 1")), LK_EINTERNAL);

    /* One that did not compile compiles when what it needs is there. */
    static const char later[] = "SELECT count(*) FROM later";
    assert_int_equal(lk_step(lk_db_stmt(db, later)), LK_EINTERNAL);
    assert_int_equal(lk_db_exec(db, "CREATE TABLE later (a)"), 0);
    assert_int_equal(lk_step(lk_db_stmt(db, later)), 1);
    assert_int_equal(lk_db_exec(db, "CREATE TABLE (;"), LK_EINTERNAL);
    lk_db_close(db);
}

static void test_cache(void **state) {
    struct lk_db *db = open_db(*state);
    static char text[2000][16];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 2000; i++) {
            snprintf(text[i], sizeof text[i], "SELECT %d", i);
            struct lk_stmt *stmt = lk_db_stmt(db, text[i]);
            assert_ptr_equal(stmt, lk_db_stmt(db, text[i]));
            assert_int_equal(lk_step(stmt), 1);
            assert_int_equal(lk_column_int(stmt, 0), i);
        }
    }
    lk_db_close(db);
}

static void test_constraints(void **state) {
    struct lk_db *db = open_with_table(*state);
    assert_int_equal(lk_db_begin(db), 0);
    assert_int_equal(insert(db, 1, "one", 1), 0);
    assert_int_equal(insert(db, 1, "other", 1), LK_ECONFLICT);
    assert_int_equal(insert(db, 2, "one", 1), LK_ECONFLICT);
    assert_int_equal(insert(db, 2, "two", 100), LK_EINVAL);
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO part (item) VALUES ($1)");
    assert_int_equal(lk_run(stmt), LK_EINVAL); /* NOT NULL */
    struct lk_id nobody = id_of(9);
    stmt = lk_db_stmt(db, "INSERT INTO part (item) VALUES ($1)");
    lk_bind_id(stmt, 1, &nobody);
    assert_int_equal(lk_run(stmt), LK_EINVAL); /* foreign key */
    assert_int_equal(lk_db_transaction_code(db), 0);
    assert_int_equal(lk_db_commit(db), 0);
    assert_int_equal(count(db), 1);
    stmt = lk_db_stmt(db, "UPDATE item SET number = $1");
    lk_bind_int(stmt, 1, 5);
    assert_int_equal(lk_run(stmt), 0);
    assert_int_equal(lk_db_changes(db), 1);
    lk_db_close(db);
}

static void test_transactions(void **state) {
    struct lk_db *db = open_with_table(*state);
    assert_int_equal(lk_db_commit(db), LK_EINTERNAL);
    assert_int_equal(lk_db_savepoint(db), LK_EINTERNAL);
    assert_int_equal(lk_db_release(db), LK_EINTERNAL);
    lk_db_rollback(db);

    assert_int_equal(lk_db_begin(db), 0);
    assert_int_equal(lk_db_begin(db), LK_EINTERNAL);
    assert_false(lk_db_is_writing(db));
    assert_int_equal(insert(db, 1, "one", 1), 0);
    assert_true(lk_db_is_writing(db));
    assert_int_equal(lk_db_savepoint(db), 0);
    assert_int_equal(insert(db, 2, "two", 2), 0);
    assert_int_equal(lk_db_savepoint(db), 0);
    assert_int_equal(insert(db, 3, "three", 3), 0);
    assert_int_equal(lk_db_rollback_to(db), 0);
    assert_int_equal(count(db), 2);
    assert_int_equal(lk_db_release(db), 0);
    assert_int_equal(lk_db_savepoint(db), 0);
    assert_int_equal(insert(db, 4, "four", 4), 0);
    assert_int_equal(lk_db_rollback_to(db), 0);
    assert_int_equal(lk_db_commit(db), 0);
    assert_int_equal(count(db), 2);

    assert_int_equal(lk_db_begin(db), 0);
    assert_int_equal(insert(db, 5, "five", 5), 0);
    lk_db_rollback(db);
    assert_int_equal(count(db), 2);

    /* A savepoint that was forgotten is a defect, and its work must not be committed by accident. */
    assert_int_equal(lk_db_begin(db), 0);
    assert_int_equal(lk_db_savepoint(db), 0);
    assert_int_equal(insert(db, 6, "six", 6), 0);
    assert_int_equal(lk_db_commit(db), LK_EINTERNAL);
    assert_int_equal(count(db), 2);
    assert_int_equal(lk_db_begin(db), 0);
    assert_int_equal(lk_db_commit(db), 0);
    lk_db_close(db);
}

static int refuse_undo(void *context, int action, const char *command, const char *name, const char *database, const char *trigger) {
    (void)context;
    (void)name;
    (void)database;
    (void)trigger;
    return action == SQLITE_SAVEPOINT && strcmp(command, "ROLLBACK") == 0 ? SQLITE_DENY : SQLITE_OK;
}

/* A savepoint that cannot be undone holds work that its owner believes gone: the transaction must not commit. */
static void test_undo_fails(void **state) {
    struct lk_db *db = open_with_table(*state);
    assert_int_equal(sqlite3_set_authorizer(db->handle, refuse_undo, NULL), SQLITE_OK);
    assert_int_equal(lk_db_begin(db), 0);
    assert_int_equal(insert(db, 1, "one", 1), 0);
    assert_int_equal(lk_db_savepoint(db), 0);
    assert_int_equal(insert(db, 2, "two", 2), 0);
    assert_int_equal(lk_db_rollback_to(db), LK_EFORBIDDEN);
    assert_int_equal(lk_db_transaction_code(db), LK_EFORBIDDEN);
    assert_int_equal(insert(db, 3, "three", 3), LK_EFORBIDDEN);
    assert_int_equal(lk_db_commit(db), LK_EFORBIDDEN);
    assert_int_equal(lk_db_transaction_code(db), 0);
    assert_int_equal(count(db), 0);
    lk_db_close(db);
}

/* A reader that was not reset does not keep the commit's checkpoint from the log for ever. */
static void test_open_reader(void **state) {
    struct lk_db *db = open_with_table(*state);
    assert_int_equal(insert(db, 1, "one", 1), 0);
    assert_int_equal(insert(db, 2, "two", 2), 0);
    assert_int_equal(lk_db_begin(db), 0);
    struct lk_stmt *reader = lk_db_stmt(db, "SELECT name FROM item");
    assert_int_equal(lk_step(reader), 1);
    assert_int_equal(insert(db, 3, "three", 3), 0);
    assert_int_equal(lk_db_commit(db), 0);
    struct lk_stmt *checkpoint = lk_db_stmt(db, "PRAGMA wal_checkpoint(TRUNCATE)");
    assert_int_equal(lk_step(checkpoint), 1);
    assert_int_equal(lk_column_int(checkpoint, 0), 0);
    lk_stmt_reset(checkpoint);
    assert_int_equal(lk_db_begin(db), 0);
    assert_int_equal(lk_step(lk_db_stmt(db, "SELECT name FROM item")), 1);
    lk_db_rollback(db);
    assert_int_equal(count(db), 3);
    lk_db_close(db);
}

static void test_check_finds_damage(void **state) {
    struct tempdir *dir = *state;
    struct lk_db *db = open_with_table(dir);
    assert_int_equal(lk_db_begin(db), 0);
    for (int i = 0; i < 100; i++) {
        char name[300];
        memset(name, 'n', sizeof name);
        snprintf(name, sizeof name, "%d", i);
        name[strlen(name)] = ' ';
        name[sizeof name - 1] = '\0';
        assert_int_equal(insert(db, (uint32_t)i, name, i), 0);
    }
    assert_int_equal(lk_db_commit(db), 0);
    lk_db_close(db);

    int fd = open(dir->file, O_RDWR);
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    static const char junk[64] = {1, 2, 3};
    for (off_t at = 4096 * 3 + 1000; at < status.st_size; at += 4096)
        assert_int_equal(pwrite(fd, junk, sizeof junk, at), (ssize_t)sizeof junk);
    close(fd);

    struct lk_problem problem = {0};
    assert_int_equal(lk_db_open_sqlite(dir->file, false, &db, &problem), 0);
    assert_int_equal(lk_db_check(db, &problem), LK_ECORRUPT);
    assert_int_equal(problem.code, LK_ECORRUPT);
    lk_db_close(db);
}

/* Foreign keys that point nowhere are damage that integrity_check does not see. */
static void test_check_finds_orphans(void **state) {
    struct tempdir *dir = *state;
    lk_db_close(open_with_table(dir));
    sqlite3 *raw = NULL;
    assert_int_equal(sqlite3_open(dir->file, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, "INSERT INTO part (item) VALUES (x'00')", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
    struct lk_db *db = open_db(dir);
    struct lk_problem problem = {0};
    assert_int_equal(lk_db_check(db, &problem), LK_ECORRUPT);
    assert_non_null(strstr(problem.text, "part"));
    lk_db_close(db);
}

/* kill -9 in the middle of commits, again and again: whatever was acknowledged through the pipe is there afterwards, and nothing is half there. */
static void test_kill(void **state) {
    struct tempdir *dir = *state;
    lk_db_close(open_with_table(dir));
    uint32_t acknowledged = 0;
    for (int round = 0; round < 6; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            struct lk_db *db = NULL;
            if (lk_db_open_sqlite(dir->file, false, &db, NULL) != 0)
                _exit(1);
            for (uint32_t n = (uint32_t)(count(db) + 1);; n++) {
                char name[16];
                snprintf(name, sizeof name, "%u", n);
                struct lk_id id = id_of(n);
                bool good = lk_db_begin(db) == 0 && insert(db, n, name, n % 100) == 0;
                struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO part (item) VALUES ($1)");
                lk_bind_id(stmt, 1, &id);
                good = good && lk_run(stmt) == 0 && lk_db_commit(db) == 0;
                if (!good || write(ends[1], &n, sizeof n) != sizeof n)
                    _exit(1);
            }
        }
        close(ends[1]);
        for (int i = 0; i < 5 + round; i++)
            assert_int_equal(read(ends[0], &acknowledged, sizeof acknowledged), sizeof acknowledged);
        assert_int_equal(kill(child, SIGKILL), 0);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        uint32_t late;
        while (read(ends[0], &late, sizeof late) == sizeof late)
            acknowledged = late;
        close(ends[0]);

        struct lk_db *db = open_db(dir);
        struct lk_problem problem = {0};
        assert_int_equal(lk_db_check(db, &problem), 0);
        assert_true(count(db) >= acknowledged);
        assert_int_equal(count(db), one_number(db, "SELECT count(*) FROM part"));
        lk_db_close(db);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_open, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_umask_does_not_matter, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_open_refuses, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_exclusive, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_values, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_parameter_numbers, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_bad_sql, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_cache, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_constraints, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_transactions, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_undo_fails, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_open_reader, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_check_finds_damage, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_check_finds_orphans, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_kill, tempdir_setup, tempdir_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
