/* A copy of the database while that goes on. */
#include "../unit.h"

#include "fault_vfs.h"
#include "store/backup.h"
#include "tempdir.h"

#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct fault_plan no_fault = {FAULT_NONE, 0, 0, false, 0};

static struct lk_db *open_at(const char *path) {
    struct lk_db *db = NULL;
    struct lk_problem problem = {0};
    if (lk_db_open_sqlite(path, true, &db, &problem) != 0)
        fail_msg("%s", problem.text);
    return db;
}

static int64_t ask(struct lk_db *db, const char *sql) {
    struct lk_stmt *stmt = lk_db_stmt(db, sql);
    assert_int_equal(lk_step(stmt), 1);
    int64_t value = lk_column_int(stmt, 0);
    lk_stmt_reset(stmt);
    return value;
}

/* Two tables that always hold the same number of rows; a thousand pages or so. */
static struct lk_db *open_filled(const struct tempdir *dir) {
    struct lk_db *db = open_at(dir->file);
    assert_int_equal(lk_db_exec(db, "CREATE TABLE one (n INTEGER PRIMARY KEY, filling TEXT); CREATE TABLE two (n INTEGER PRIMARY KEY);"
                                    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000) "
                                    "INSERT INTO one SELECT n, printf('%03000d', n) FROM c;"
                                    "INSERT INTO two SELECT n FROM one"),
                     0);
    return db;
}

/* In one transaction: a row more in both, and every third row of old ones written anew. */
static void change(struct lk_db *db) {
    assert_int_equal(lk_db_begin(db), 0);
    assert_int_equal(lk_run(lk_db_stmt(db, "INSERT INTO one SELECT max(n) + 1, printf('%03000d', max(n) + 1) FROM one")), 0);
    assert_int_equal(lk_run(lk_db_stmt(db, "UPDATE one SET filling = printf('%03000d', n) WHERE n % 3 = 0 AND n > 900")), 0);
    assert_int_equal(lk_run(lk_db_stmt(db, "INSERT INTO two SELECT max(n) FROM one")), 0);
    assert_int_equal(lk_db_commit(db), 0);
}

static void expect_whole(const char *path, int64_t rows) {
    struct lk_db *db = open_at(path);
    struct lk_problem problem = {0};
    assert_int_equal(lk_db_check(db, &problem), 0);
    assert_int_equal(ask(db, "SELECT count(*) FROM one"), rows);
    assert_int_equal(ask(db, "SELECT count(*) FROM two"), rows);
    assert_int_equal(ask(db, "SELECT count(*) FROM one WHERE filling <> printf('%03000d', n)"), 0);
    lk_db_close(db);
}

static struct lk_db_copy *begin(struct lk_db *db, const char *path) {
    struct lk_db_copy *copy = NULL;
    struct lk_problem problem = {0};
    if (lk_db_copy_begin(db, path, &copy, &problem) != 0)
        fail_msg("%s", problem.text);
    return copy;
}

static const char *copy_path(const struct tempdir *dir) {
    static char path[128];
    snprintf(path, sizeof(path), "%s/copy", dir->path);
    return path;
}

static void holds_what_was_committed_meanwhile(void **state) {
    const struct tempdir *dir = *state;
    struct lk_db *db = open_filled(dir);
    struct lk_db_copy *copy = begin(db, copy_path(dir));
    struct stat status;
    assert_int_equal(stat(copy_path(dir), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    int steps = 0;
    int code;
    struct lk_problem problem;
    while ((code = lk_db_copy_step(copy, 50, &problem)) == 1) {
        steps++;
        change(db);
    }
    assert_int_equal(code, 0);
    assert_true(steps > 10);
    lk_db_copy_end(copy);
    change(db); /* not in it any more */
    expect_whole(copy_path(dir), 1000 + steps);
    lk_db_close(db);
    expect_whole(dir->file, 1001 + steps);
    unlink(copy_path(dir));
}

/* A transaction that was given up between two steps is not in it. */
static void holds_nothing_that_was_undone(void **state) {
    const struct tempdir *dir = *state;
    struct lk_db *db = open_filled(dir);
    struct lk_db_copy *copy = begin(db, copy_path(dir));
    struct lk_problem problem;
    assert_int_equal(lk_db_copy_step(copy, 100, &problem), 1);
    assert_int_equal(lk_db_begin(db), 0);
    assert_int_equal(lk_run(lk_db_stmt(db, "DELETE FROM one WHERE n < 500")), 0);
    assert_int_equal(lk_db_copy_step(copy, 100, &problem), LK_EIO); /* not within a transaction that writes */
    lk_db_rollback(db);
    int code;
    while ((code = lk_db_copy_step(copy, 100, &problem)) == 1)
        continue;
    assert_int_equal(code, 0);
    lk_db_copy_end(copy);
    lk_db_close(db);
    expect_whole(copy_path(dir), 1000);
    unlink(copy_path(dir));
}

/* What happens to the copy's file is not the database's trouble. */
static void leaves_the_database_alone_when_it_fails(void **state) {
    const struct tempdir *dir = *state;
    for (int after = 0; after < 400; after += 57) {
        struct lk_db *db = open_filled(dir);
        struct lk_db_copy *copy = begin(db, copy_path(dir));
        struct lk_problem problem = {0};
        fault_vfs_plan((struct fault_plan){FAULT_WRITE, after, SQLITE_FULL, false, 0});
        int code;
        while ((code = lk_db_copy_step(copy, 100, &problem)) == 1)
            continue;
        fault_vfs_plan(no_fault);
        assert_int_equal(code, LK_EFULL);
        assert_int_equal(problem.code, LK_EFULL);
        lk_db_copy_end(copy);
        unlink(copy_path(dir));
        assert_false(lk_db_is_broken(db));
        change(db);
        lk_db_close(db);
        expect_whole(dir->file, 1001);
        unlink(dir->file);
    }
}

static void takes_the_place_of_an_unfinished_one(void **state) {
    const struct tempdir *dir = *state;
    struct lk_db *db = open_filled(dir);
    struct lk_problem problem;
    lk_db_copy_end(NULL);
    for (int i = 0; i < 2; i++) {
        struct lk_db_copy *copy = begin(db, copy_path(dir));
        assert_int_equal(lk_db_copy_step(copy, 100, &problem), 1);
        lk_db_copy_end(copy);
    }
    struct lk_db_copy *copy = begin(db, copy_path(dir));
    assert_int_equal(lk_db_copy_step(copy, -1, &problem), 0);
    lk_db_copy_end(copy);
    expect_whole(copy_path(dir), 1000);
    unlink(copy_path(dir));
    copy = NULL;
    assert_int_equal(lk_db_copy_begin(db, "/nonexistent/copy", &copy, &problem), LK_ENOTFOUND);
    assert_null(copy);
    lk_db_close(db);
}

static int setup(void **state) {
    fault_vfs_plan(no_fault);
    return fault_vfs_install() == 0 ? tempdir_setup(state) : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(holds_what_was_committed_meanwhile, setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(holds_nothing_that_was_undone, setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(leaves_the_database_alone_when_it_fails, setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(takes_the_place_of_an_unfinished_one, setup, tempdir_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
