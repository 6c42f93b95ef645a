/*
 * The version of a database is the highest in schema_migration. Migrations are numbered from 1 without a gap, so the recorded ones are always the first
 * of ours, each with the checksum it has in this binary.
 */
#include "store/migrate.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/migrate_list.h"

#include <stdlib.h>

#define NUMBER_LEN 5 /* "0001_" */

static const char create_table[] =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    "version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)";

static unsigned count_files(const struct lk_embedded_file *files) {
    unsigned count = 0;
    while (files[count].name != NULL)
        count++;
    return count;
}

static int database_problem(struct lk_db *db, int code, struct lk_problem *problem) {
    return lk_problem_set(problem, code, "Cannot read the version of the database: %s", lk_db_message(db));
}

/* Whether the numbers in the names are 1, 2, 3: a defect of the build otherwise. */
static int check_names(const struct lk_embedded_file *files, struct lk_problem *problem) {
    for (unsigned i = 0; files[i].name != NULL; i++) {
        if (strtoul(files[i].name, NULL, 10) != i + 1)
            return lk_problem_set(problem, LK_EINTERNAL, "The migration %s is not number %u", files[i].name, i + 1);
    }
    return 0;
}

static int check_recorded(const struct lk_embedded_file *file, struct lk_stmt *stmt, int64_t version, struct lk_problem *problem) {
    if (lk_column_int(stmt, 0) != version)
        return lk_problem_set(problem, LK_ECORRUPT, "The database has no record of migration %lld: restore a backup", (long long)version);
    struct lk_slice name = lk_column_text(stmt, 1);
    if (!lk_slice_is(name, file->name) || !lk_slice_is(lk_column_text(stmt, 2), file->sha256))
        return lk_problem_set(
            problem, LK_ECORRUPT,
            "Migration %lld of the database (%.*s) is not the one of this latchkey (%s): run the latchkey that made the database",
            (long long)version, (int)name.len, name.ptr, file->name);
    return 0;
}

/* The version of the database, after comparing what it recorded with files. */
static int read_version(struct lk_db *db, const struct lk_embedded_file *files, unsigned *ret, struct lk_problem *problem) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT max(version) FROM schema_migration");
    int code = lk_step(stmt);
    if (code < 0)
        return database_problem(db, code, problem);
    int64_t newest = lk_column_int(stmt, 0);
    lk_stmt_reset(stmt);
    if (newest > (int64_t)count_files(files))
        return lk_problem_set(
            problem, LK_ECONFLICT,
            "The database is at version %lld, this latchkey knows versions up to %u: run the newer latchkey that wrote it",
            (long long)newest, count_files(files));

    stmt = lk_db_stmt(db, "SELECT version, name, checksum FROM schema_migration ORDER BY version");
    for (unsigned i = 0; (code = lk_step(stmt)) == 1; i++) {
        code = check_recorded(&files[i], stmt, (int64_t)i + 1, problem);
        if (code != 0) {
            lk_stmt_reset(stmt);
            return code;
        }
    }
    if (code != 0)
        return database_problem(db, code, problem);
    *ret = (unsigned)newest;
    return 0;
}

static int record(struct lk_db *db, const struct lk_embedded_file *file, unsigned version) {
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO schema_migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)");
    lk_bind_int(stmt, 1, version);
    lk_bind_text(stmt, 2, lk_slice_cstr(file->name));
    lk_bind_text(stmt, 3, lk_slice_cstr(file->sha256));
    lk_bind_int(stmt, 4, lk_clock_wall_ms());
    return lk_run(stmt);
}

static int undone(struct lk_db *db, const struct lk_embedded_file *file, int code, struct lk_problem *problem) {
    return lk_problem_set(problem, code, "Migration %s failed and was undone: %s", file->name, lk_db_message(db));
}

static int run(struct lk_db *db, const struct lk_embedded_file *file, unsigned version, const struct lk_migrate_hook *hook,
               struct lk_problem *problem) {
    int code = lk_db_exec(db, file->text);
    if (code == 0)
        code = record(db, file, version);
    if (code != 0)
        return undone(db, file, code, problem);
    bool is_hooked = hook != NULL && strcmp(file->name + NUMBER_LEN, hook->after) == 0;
    return is_hooked ? hook->run(hook->context, db, problem) : 0;
}

static int commit(struct lk_db *db, const struct lk_embedded_file *file, struct lk_problem *problem) {
    int code = lk_db_commit(db);
    if (code != 0)
        return lk_problem_set(problem, code, "Migration %s could not be committed and was undone: %s", file->name, lk_db_message(db));
    lk_log(LK_LOG_INFO, "database migrated: %s", file->name);
    return 0;
}

static int apply(struct lk_db *db, const struct lk_embedded_file *file, unsigned version, const struct lk_migrate_hook *hook,
                 struct lk_problem *problem) {
    if (hook != NULL && hook->trial)
        return run(db, file, version, hook, problem);
    int code = lk_db_begin(db);
    code = code != 0 ? undone(db, file, code, problem) : run(db, file, version, hook, problem);
    if (code == 0)
        return commit(db, file, problem);
    lk_db_rollback(db);
    return code;
}

int lk_migrate_list(struct lk_db *db, const struct lk_embedded_file *files, const struct lk_migrate_hook *hook,
                    struct lk_problem *problem) {
    int code = check_names(files, problem);
    if (code != 0)
        return code;
    code = lk_db_exec(db, create_table);
    if (code != 0)
        return database_problem(db, code, problem);
    unsigned version = 0;
    code = read_version(db, files, &version, problem);
    if (code == 0 && hook != NULL && version > 0 && files[version].name != NULL)
        code = hook->before(hook->context, db, problem);
    for (; code == 0 && files[version].name != NULL; version++)
        code = apply(db, &files[version], version + 1, hook, problem);
    return code;
}

int lk_migrate(struct lk_db *db, const struct lk_migrate_hook *hook, struct lk_problem *problem) {
    return lk_migrate_list(db, lk_embedded_migrations, hook, problem);
}

static int count(struct lk_db *db, const char *sql, int64_t *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, sql);
    int code = lk_step(stmt);
    if (code < 0)
        return code;
    *ret = lk_column_int(stmt, 0);
    lk_stmt_reset(stmt);
    return 0;
}

int lk_migrate_check_begun(struct lk_db *db, const char *path, struct lk_problem *problem) {
    int64_t tables = 0;
    int64_t migrations = 0;
    int code = count(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migration'", &tables);
    if (code == 0 && tables > 0)
        code = count(db, "SELECT count(*) FROM schema_migration", &migrations);
    if (code != 0)
        return database_problem(db, code, problem);
    return migrations > 0
               ? 0
               : lk_problem_set(problem, LK_ECORRUPT,
                                "The database %s holds nothing of Latchkey's: restore a backup, or put the right file there", path);
}

unsigned lk_migrate_version(void) {
    return count_files(lk_embedded_migrations);
}
