#include "../unit.h"

#include "store/migrate.h"
#include "store/migrate_list.h"
#include "tempdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FIRST \
    { "0001_first.sql", "aa", "CREATE TABLE first (a BIGINT); INSERT INTO first VALUES (1);", 61 }
#define SECOND \
    { "0002_second.sql", "bb", "CREATE TABLE second (a BIGINT);\nINSERT INTO first VALUES (2);\n", 62 }

static const struct lk_embedded_file none[] = {{0}};
static const struct lk_embedded_file one[] = {FIRST, {0}};
static const struct lk_embedded_file two[] = {FIRST, SECOND, {0}};

static struct lk_db *open_db(const struct tempdir *dir) {
    struct lk_db *db = NULL;
    assert_int_equal(lk_db_open_sqlite(dir->file, true, &db, NULL), 0);
    return db;
}

static int64_t one_number(struct lk_db *db, const char *sql) {
    struct lk_stmt *stmt = lk_db_stmt(db, sql);
    assert_int_equal(lk_step(stmt), 1);
    int64_t value = lk_column_int(stmt, 0);
    lk_stmt_reset(stmt);
    return value;
}

static void migrate(struct lk_db *db, const struct lk_embedded_file *files) {
    struct lk_problem problem = {0};
    if (lk_migrate_list(db, files, NULL, &problem) != 0)
        fail_msg("%s", problem.text);
}

static void refuse(struct lk_db *db, const struct lk_embedded_file *files, int code, const char *sentence) {
    struct lk_problem problem = {0};
    assert_int_equal(lk_migrate_list(db, files, NULL, &problem), code);
    assert_int_equal(problem.code, code);
    if (strstr(problem.text, sentence) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", problem.text, sentence);
}

static void test_runs_each_once(void **state) {
    struct tempdir *dir = *state;
    struct lk_db *db = open_db(dir);
    migrate(db, none);
    assert_int_equal(one_number(db, "SELECT count(*) FROM schema_migration"), 0);
    migrate(db, one);
    migrate(db, one);
    assert_int_equal(one_number(db, "SELECT count(*) FROM first"), 1);
    migrate(db, two);
    lk_db_close(db);
    db = open_db(dir);
    migrate(db, two);
    assert_int_equal(one_number(db, "SELECT count(*) FROM first"), 2);
    assert_int_equal(one_number(db, "SELECT count(*) FROM second"), 0);

    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT version, name, checksum, applied_at FROM schema_migration ORDER BY version");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lk_step(stmt), 1);
        assert_int_equal(lk_column_int(stmt, 0), i + 1);
        assert_true(lk_slice_is(lk_column_text(stmt, 1), two[i].name));
        assert_true(lk_slice_is(lk_column_text(stmt, 2), two[i].sha256));
        assert_in_range(lk_column_int(stmt, 3) / 1000, time(NULL) - 60, time(NULL) + 1);
    }
    assert_int_equal(lk_step(stmt), 0);
    lk_db_close(db);
}

static void test_newer_database(void **state) {
    struct lk_db *db = open_db(*state);
    migrate(db, two);
    refuse(db, one, LK_ECONFLICT, "version 2, this latchkey knows versions up to 1");
    refuse(db, none, LK_ECONFLICT, "version 2, this latchkey knows versions up to 0");
    migrate(db, two);
    lk_db_close(db);
}

static void test_other_migrations(void **state) {
    struct lk_db *db = open_db(*state);
    migrate(db, two);
    const struct lk_embedded_file changed[] = {FIRST, {"0002_second.sql", "cc", "", 0}, {0}};
    const struct lk_embedded_file renamed[] = {{"0001_other.sql", "aa", "", 0}, SECOND, {0}};
    refuse(db, changed, LK_ECORRUPT, "0002_second.sql");
    refuse(db, renamed, LK_ECORRUPT, "0001_first.sql");
    assert_int_equal(lk_db_exec(db, "DELETE FROM schema_migration WHERE version = 1"), 0);
    refuse(db, two, LK_ECORRUPT, "migration 1");
    lk_db_close(db);
}

static void test_names(void **state) {
    struct lk_db *db = open_db(*state);
    const struct lk_embedded_file gap[] = {FIRST, {"0003_third.sql", "dd", "", 0}, {0}};
    const struct lk_embedded_file unnumbered[] = {{"first.sql", "dd", "", 0}, {0}};
    refuse(db, gap, LK_EINTERNAL, "0003_third.sql");
    refuse(db, unnumbered, LK_EINTERNAL, "first.sql");
    lk_db_close(db);
}

/* All of it or nothing of it; what came before stays. */
static void test_failing_migration(void **state) {
    struct lk_db *db = open_db(*state);
    const struct lk_embedded_file bad[] = {
        FIRST, {"0002_bad.sql", "ee", "CREATE TABLE half (a); INSERT INTO nowhere VALUES (1);", 55}, {0}};
    refuse(db, bad, LK_EINTERNAL, "0002_bad.sql");
    refuse(db, bad, LK_EINTERNAL, "nowhere");
    assert_int_equal(one_number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
    assert_int_equal(one_number(db, "SELECT max(version) FROM schema_migration"), 1);
    migrate(db, two);
    lk_db_close(db);
}

/* What SQL cannot do is done with the migration or not at all, and never for a database that has it. */
static int hooked(const void *context, struct lk_db *db, struct lk_problem *problem) {
    int code = lk_db_exec(db, "INSERT INTO first VALUES (10)");
    return code == 0 && context != NULL ? lk_problem_set(problem, LK_EINVAL, "%s", (const char *)context) : code;
}

static int looked(const void *context, struct lk_db *db, struct lk_problem *problem) {
    (void)context;
    return one_number(db, "SELECT max(a) FROM first") == 1 ? 0 : lk_problem_set(problem, LK_EFORBIDDEN, "it is not ours");
}

static void test_hook(void **state) {
    struct lk_db *db = open_db(*state);
    struct lk_problem problem = {0};
    const struct lk_migrate_hook fails = {.before = looked, .after = "second.sql", .run = hooked, .context = "it is not to be"};
    const struct lk_migrate_hook works = {.before = looked, .after = "second.sql", .run = hooked};
    assert_int_equal(lk_migrate_list(db, two, &fails, &problem), LK_EINVAL);
    assert_string_equal(problem.text, "it is not to be");
    assert_int_equal(one_number(db, "SELECT max(version) FROM schema_migration"), 1);
    assert_int_equal(one_number(db, "SELECT sum(a) FROM first"), 1);
    assert_int_equal(lk_db_exec(db, "UPDATE first SET a = 2"), 0);
    assert_int_equal(lk_migrate_list(db, two, &works, &problem), LK_EFORBIDDEN);
    assert_string_equal(problem.text, "it is not ours");
    assert_int_equal(one_number(db, "SELECT max(version) FROM schema_migration"), 1);
    assert_int_equal(lk_db_exec(db, "UPDATE first SET a = 1"), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lk_migrate_list(db, two, &works, &problem), 0);
        assert_int_equal(one_number(db, "SELECT sum(a) FROM first"), 13);
    }
    lk_db_close(db);
}

/* The real ones, as embedded. */
static void test_embedded(void **state) {
    struct lk_db *db = open_db(*state);
    struct lk_problem problem = {0};
    unsigned files = 0;
    for (; lk_embedded_migrations[files].name != NULL; files++) {
        const struct lk_embedded_file *file = &lk_embedded_migrations[files];
        assert_int_equal(strlen(file->text), file->len);
        assert_int_equal(strlen(file->sha256), 64);
    }
    assert_int_equal(lk_migrate_version(), files);
    if (lk_migrate(db, NULL, &problem) != 0)
        fail_msg("%s", problem.text);
    assert_int_equal(lk_migrate(db, NULL, &problem), 0);
    assert_int_equal(one_number(db, "SELECT count(*) FROM schema_migration"), files);
    assert_int_equal(lk_db_check(db, &problem), 0);
    lk_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_runs_each_once, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_newer_database, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_other_migrations, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_names, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_failing_migration, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_hook, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_embedded, tempdir_setup, tempdir_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
