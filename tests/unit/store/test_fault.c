/* The connection when the device fails: full, short, unsynced; each Nth operation in turn. */
#include "../unit.h"

#include "fault_vfs.h"
#include "store/sqlite.h"
#include "tempdir.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
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
    assert_int_equal(lk_db_exec(db, "CREATE TABLE item (number BIGINT NOT NULL PRIMARY KEY, filling TEXT)"), 0);
    return db;
}

static int insert(struct lk_db *db, int64_t number, size_t filling) {
    static char text[1 << 20];
    memset(text, 'f', sizeof text);
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO item (number, filling) VALUES ($1, $2)");
    lk_bind_int(stmt, 1, number);
    lk_bind_text(stmt, 2, lk_slice_make(text, filling));
    return lk_run(stmt);
}

static int64_t count(struct lk_db *db) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT count(*) FROM item");
    assert_int_equal(lk_step(stmt), 1);
    int64_t value = lk_column_int(stmt, 0);
    lk_stmt_reset(stmt);
    return value;
}

static const struct fault_plan no_fault = {FAULT_NONE, 0, 0, false, 0};

/* A failed sync leaves the connection broken: not even a later commit that would succeed is tried. */
static void test_sync_fails(void **state) {
    struct tempdir *dir = *state;
    struct lk_db *db = open_with_table(dir);
    assert_int_equal(insert(db, 1, 10), 0);
    assert_int_equal(lk_db_begin(db), 0);
    assert_int_equal(insert(db, 2, 10), 0);
    fault_vfs_plan((struct fault_plan){FAULT_SYNC, 0, SQLITE_IOERR_FSYNC, true, 0});
    assert_int_equal(lk_db_commit(db), LK_EIO);
    assert_true(lk_db_is_broken(db));
    assert_non_null(strstr(lk_db_message(db), "disk I/O error"));
    assert_int_equal(lk_db_begin(db), LK_EIO);
    assert_int_equal(insert(db, 3, 10), LK_EIO);
    assert_int_equal(lk_step(lk_db_stmt(db, "SELECT 1")), LK_EIO);
    assert_int_equal(lk_db_exec(db, "SELECT 1"), LK_EIO);
    assert_int_equal(lk_db_commit(db), LK_EIO);
    assert_non_null(strstr(lk_db_message(db), "disk I/O error")); /* still */
    lk_db_close(db);

    db = open_db(dir);
    assert_in_range(count(db), 1, 2); /* the failed one may be there or not: nobody was told that it was */
    lk_db_close(db);
}

static void test_commit_without_changes_does_not_sync(void **state) {
    struct lk_db *db = open_with_table(*state);
    fault_vfs_plan(no_fault);
    assert_int_equal(lk_db_begin(db), 0);
    assert_int_equal(count(db), 0);
    assert_int_equal(lk_db_savepoint(db), 0);
    assert_int_equal(lk_db_release(db), 0);
    assert_int_equal(lk_db_commit(db), 0);
    assert_int_equal(fault_vfs_count(FAULT_SYNC), 0);
    assert_int_equal(fault_vfs_count(FAULT_WRITE), 0);
    assert_int_equal(lk_db_begin(db), 0);
    assert_int_equal(insert(db, 1, 10), 0);
    assert_int_equal(lk_db_commit(db), 0);
    assert_int_equal(fault_vfs_count(FAULT_SYNC), 1);
    lk_db_close(db);
}

/* A full disk at the commit: nothing of the transaction is there, and the connection goes on as soon as there is room. */
static void test_full_at_commit(void **state) {
    struct tempdir *dir = *state;
    struct lk_db *db = open_with_table(dir);
    assert_int_equal(lk_db_begin(db), 0);
    assert_int_equal(insert(db, 1, 20000), 0);
    fault_vfs_plan((struct fault_plan){FAULT_WRITE, 1, SQLITE_FULL, false, 0});
    assert_int_equal(lk_db_commit(db), LK_EFULL);
    assert_false(lk_db_is_broken(db));
    assert_int_equal(lk_db_begin(db), 0);
    assert_int_equal(count(db), 0);
    assert_int_equal(lk_db_commit(db), 0);
    fault_vfs_plan(no_fault);
    assert_int_equal(lk_db_begin(db), 0);
    assert_int_equal(insert(db, 2, 20000), 0);
    assert_int_equal(lk_db_commit(db), 0);
    struct lk_problem problem;
    assert_int_equal(lk_db_check(db, &problem), 0);
    lk_db_close(db);
    db = open_db(dir);
    assert_int_equal(count(db), 1);
    lk_db_close(db);
}

/* A quota is a full disk too, though SQLite calls it an I/O error. */
static void test_quota(void **state) {
    struct lk_db *db = open_with_table(*state);
    assert_int_equal(lk_db_begin(db), 0);
    assert_int_equal(insert(db, 1, 20000), 0);
    fault_vfs_plan((struct fault_plan){FAULT_WRITE, 0, SQLITE_IOERR_WRITE, true, EDQUOT});
    assert_int_equal(lk_db_commit(db), LK_EFULL);
    assert_false(lk_db_is_broken(db));
    assert_int_equal(count(db), 0);
    lk_db_close(db);
}

/* The real thing, from the kernel: a limit on the size of files. */
static void test_file_size_limit(void **state) {
    struct tempdir *dir = *state;
    lk_db_close(open_with_table(dir));
    pid_t child = fork();
    if (child == 0) {
        struct lk_db *db = NULL;
        const struct rlimit limit = {200000, RLIM_INFINITY};
        const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
        signal(SIGXFSZ, SIG_IGN);
        bool good = lk_db_open_sqlite(dir->file, false, &db, NULL) == 0 && insert(db, 1, 10) == 0;
        good = good && setrlimit(RLIMIT_FSIZE, &limit) == 0 && insert(db, 2, 500000) == LK_EFULL && insert(db, 3, 10) == 0;
        good = good && setrlimit(RLIMIT_FSIZE, &none) == 0 && insert(db, 4, 500000) == 0;
        lk_db_close(db);
        _exit(good ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    struct lk_db *db = open_db(dir);
    assert_int_equal(count(db), 3);
    lk_db_close(db);
}

/* A statement that finds no room inside a savepoint. SQLite may undo the statement alone or the whole transaction; in the latter case nothing may
 * run any more, or it would be committed by itself. */
static void test_full_in_statement(void **state) {
    struct tempdir *dir = *state;
    struct lk_db *db = open_with_table(dir);
    assert_int_equal(insert(db, 0, 10), 0);
    struct lk_stmt *limit = lk_db_stmt(db, "PRAGMA max_page_count = 20");
    assert_int_equal(lk_step(limit), 1);
    lk_stmt_reset(limit);

    assert_int_equal(lk_db_begin(db), 0);
    assert_int_equal(insert(db, 1, 10), 0);
    assert_int_equal(lk_db_savepoint(db), 0);
    assert_int_equal(insert(db, 2, 1 << 20), LK_EFULL);
    int doomed = lk_db_transaction_code(db);
    assert_int_equal(lk_db_rollback_to(db), doomed);
    assert_int_equal(insert(db, 3, 10), doomed);
    assert_int_equal(lk_db_commit(db), doomed);
    assert_int_equal(count(db), doomed == 0 ? 3 : 1);
    assert_int_equal(lk_db_transaction_code(db), 0);

    assert_int_equal(lk_db_begin(db), 0);
    assert_int_equal(insert(db, 4, 10), 0);
    assert_int_equal(lk_db_commit(db), 0);
    lk_db_close(db);
}

/* The log fills the disk in the middle of a transaction too large for the cache. SQLite then undoes all of it by itself and leaves the transaction. */
static void test_spill_fails(void **state) {
    (void)state;
    static const struct {
        int result;
        int code;
    } cases[] = {{SQLITE_FULL, LK_EFULL}, {SQLITE_IOERR_WRITE, LK_EIO}};
    for (size_t c = 0; c < 2; c++) {
        struct tempdir *own = NULL;
        assert_int_equal(tempdir_setup((void **)&own), 0);
        struct lk_db *db = open_with_table(own);
        assert_int_equal(lk_db_exec(db, "PRAGMA cache_size = 10"), 0);
        assert_int_equal(insert(db, 0, 10), 0);
        assert_int_equal(lk_db_begin(db), 0);
        assert_int_equal(insert(db, 1, 10), 0);
        assert_int_equal(lk_db_savepoint(db), 0);
        fault_vfs_plan((struct fault_plan){FAULT_WRITE, 20, cases[c].result, false, 0});
        assert_int_equal(insert(db, 2, 1 << 20), cases[c].code);
        fault_vfs_plan(no_fault);
        assert_int_equal(lk_db_transaction_code(db), cases[c].code);
        assert_int_equal(lk_db_rollback_to(db), cases[c].code);
        assert_int_equal(insert(db, 3, 10), cases[c].code);
        assert_int_equal(lk_step(lk_db_stmt(db, "SELECT 1")), cases[c].code);
        assert_int_equal(lk_db_commit(db), cases[c].code);
        assert_int_equal(lk_db_is_broken(db), cases[c].code == LK_EIO);
        lk_db_close(db);
        db = open_db(own);
        assert_int_equal(count(db), 1);
        struct lk_problem problem;
        assert_int_equal(lk_db_check(db, &problem), 0);
        lk_db_close(db);
        assert_int_equal(tempdir_teardown((void **)&own), 0);
    }
}

/* One transaction with a savepoint that is undone when its work fails, and a commit whatever came of that: what the store thread does. Whether it is
 * acknowledged. */
static bool work_once(struct lk_db *db, int64_t number) {
    if (lk_db_begin(db) != 0)
        return false;
    int code = lk_db_savepoint(db);
    if (code == 0) {
        code = insert(db, number, 10);
        if (code == 0)
            code = insert(db, number + 100, 30000);
        if (code == 0)
            code = lk_db_release(db);
        else
            lk_db_rollback_to(db);
    }
    return lk_db_commit(db) == 0 && code == 0;
}

/* Two transactions and a checkpoint; returns how many of the two were acknowledged. */
static int work(struct lk_db *db) {
    int acknowledged = 0;
    for (int64_t i = 1; i <= 2; i++)
        acknowledged += work_once(db, i) ? 1 : 0;
    struct lk_stmt *checkpoint = lk_db_stmt(db, "PRAGMA wal_checkpoint(TRUNCATE)");
    lk_step(checkpoint);
    lk_stmt_reset(checkpoint);
    return acknowledged;
}

/* SQLite's own method: fail operation 1, 2, 3, ... until a run meets no failure. Whatever was acknowledged is there after a new start, and the
 * database is whole. */
static void fail_each(enum fault_operation operation, int result, bool once) {
    for (int after = 0;; after++) {
        struct tempdir *dir = NULL;
        assert_int_equal(tempdir_setup((void **)&dir), 0);
        struct lk_db *db = open_with_table(dir);
        fault_vfs_plan((struct fault_plan){operation, after, result, once});
        int acknowledged = work(db);
        bool done = fault_vfs_count(operation) <= after;
        lk_db_close(db);
        fault_vfs_plan(no_fault);

        db = open_db(dir);
        struct lk_problem problem = {0};
        if (lk_db_check(db, &problem) != 0)
            fail_msg("operation %d, after %d: %s", operation, after, problem.text);
        int64_t rows = count(db);
        if (rows < 2 * acknowledged || rows % 2 != 0 || (done && rows != 4))
            fail_msg("operation %d, after %d: %d acknowledged, %d there", operation, after, acknowledged, (int)rows);
        lk_db_close(db);
        assert_int_equal(tempdir_teardown((void **)&dir), 0);
        if (done)
            return;
    }
}

static void test_each_write(void **state) {
    (void)state;
    fail_each(FAULT_WRITE, SQLITE_FULL, true);
    fail_each(FAULT_WRITE, SQLITE_FULL, false);
    fail_each(FAULT_WRITE, SQLITE_IOERR_WRITE, true);
    fail_each(FAULT_WRITE, SQLITE_IOERR_WRITE, false);
}

static void test_each_sync(void **state) {
    (void)state;
    fail_each(FAULT_SYNC, SQLITE_IOERR_FSYNC, true);
    fail_each(FAULT_SYNC, SQLITE_IOERR_FSYNC, false);
}

static void test_each_read(void **state) {
    (void)state;
    fail_each(FAULT_READ, SQLITE_IOERR_READ, true);
}

/* SQLite gets little and then ever more memory, until a run needs no more. Running out at any point loses nothing that was acknowledged, keeps nothing
 * that was refused, and leaves a connection that works when there is memory again. */
static void test_no_memory(void **state) {
    (void)state;
    int refused = 0;
    for (sqlite3_int64 extra = 0;; extra += 1024) {
        struct tempdir *dir = NULL;
        assert_int_equal(tempdir_setup((void **)&dir), 0);
        struct lk_db *db = open_with_table(dir);
        sqlite3_hard_heap_limit64(sqlite3_memory_used() + extra);
        int acknowledged = work(db);
        sqlite3_hard_heap_limit64(0);
        assert_false(lk_db_is_broken(db));
        assert_int_equal(lk_db_transaction_code(db), 0);
        assert_int_equal(count(db), 2 * acknowledged);
        assert_int_equal(lk_db_begin(db), 0);
        assert_int_equal(insert(db, 10, 10), 0);
        assert_int_equal(lk_db_commit(db), 0);
        lk_db_close(db);
        assert_int_equal(tempdir_teardown((void **)&dir), 0);
        if (acknowledged == 2)
            break;
        refused++;
    }
    assert_true(refused > 3);
}

/* With checkpoints often enough to meet one in a short test. */
static struct lk_db *open_checkpointing(struct tempdir *dir) {
    struct lk_db *db = open_with_table(dir);
    db->checkpoint_pages = 1000;
    return db;
}

/* The automatic checkpoint: its failure does not unmake the commit, but the connection is not used any more. */
static void test_checkpoint_fails(void **state) {
    struct tempdir *dir = *state;
    struct lk_db *db = open_checkpointing(dir);
    fault_vfs_plan(no_fault);
    int64_t rows = 0;
    while (!lk_db_is_broken(db) && rows < 100) {
        assert_int_equal(lk_db_begin(db), 0);
        assert_int_equal(insert(db, rows, 200000), 0);
        /* The commit's own sync is the first. */
        fault_vfs_plan((struct fault_plan){FAULT_SYNC, 1, SQLITE_IOERR_FSYNC, true, 0});
        assert_int_equal(lk_db_commit(db), 0);
        rows++;
    }
    assert_true(lk_db_is_broken(db));
    assert_int_equal(lk_db_begin(db), LK_EIO);
    lk_db_close(db);
    fault_vfs_plan(no_fault);
    db = open_db(dir);
    assert_int_equal(count(db), rows);
    lk_db_close(db);
}

/* No room for it: the log grows, and nobody need know. */
static void test_checkpoint_full(void **state) {
    struct lk_db *db = open_checkpointing(*state);
    static const int results[] = {SQLITE_FULL, SQLITE_IOERR_WRITE};
    int64_t rows = 0;
    for (size_t r = 0; r < 2; r++) {
        for (int i = 0; i < 30; i++) {
            assert_int_equal(lk_db_begin(db), 0);
            assert_int_equal(insert(db, rows, 200000), 0);
            /* 200000 bytes are 49 or 50 frames, each of two writes; what is written after them is the checkpoint's. */
            fault_vfs_plan((struct fault_plan){FAULT_WRITE, 110, results[r], false, EDQUOT});
            assert_int_equal(lk_db_commit(db), 0);
            assert_int_equal(lk_db_transaction_code(db), 0);
            rows++;
        }
        assert_true(fault_vfs_count(FAULT_WRITE) > 110);
    }
    assert_int_equal(count(db), rows);
    fault_vfs_plan(no_fault);
    struct lk_problem problem;
    assert_int_equal(lk_db_check(db, &problem), 0);
    lk_db_close(db);
}

/* It does happen, and keeps the log from growing. */
static void test_checkpoint(void **state) {
    struct lk_db *db = open_checkpointing(*state);
    fault_vfs_plan(no_fault);
    int syncs = 0;
    for (int64_t i = 0; i < 40; i++) {
        assert_int_equal(insert(db, i, 200000), 0);
        syncs = fault_vfs_count(FAULT_SYNC);
    }
    assert_true(syncs > 40);
    lk_db_close(db);
}

static int setup(void **state) {
    fault_vfs_plan(no_fault);
    return fault_vfs_install() == 0 ? tempdir_setup(state) : -1;
}

static int install(void **state) {
    (void)state;
    return fault_vfs_install();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sync_fails, setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_commit_without_changes_does_not_sync, setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_full_at_commit, setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_quota, setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_file_size_limit, setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_full_in_statement, setup, tempdir_teardown),
        cmocka_unit_test(test_spill_fails),
        cmocka_unit_test(test_each_write),
        cmocka_unit_test(test_each_sync),
        cmocka_unit_test(test_each_read),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test_setup_teardown(test_checkpoint_fails, setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_checkpoint_full, setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_checkpoint, setup, tempdir_teardown),
    };
    return cmocka_run_group_tests(tests, install, NULL);
}
