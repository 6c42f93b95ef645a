#include "api/store_open.h"

#include "base/clock.h"
#include "domain/master_key.h"
#include "domain/migrate.h"
#include "store/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int load_keys(const char *path, struct lk_keys **ret, struct lk_problem *problem) {
    struct lk_master *master;
    int code = lk_master_load(path, &master, problem);
    if (code != 0)
        return code;
    code = lk_keys_derive(master, ret);
    if (code != 0)
        lk_problem_set(problem, code, "Cannot derive the server's keys from %s: %s", path, lk_error_text(code));
    lk_master_free(master);
    return code;
}

enum purpose { MAKE, USE, LOOK };

static int open_database(struct lk_store *store, const char *path, enum purpose purpose, struct lk_problem *problem) {
    int code = lk_db_open_sqlite(path, purpose == MAKE, &store->db, problem);
    if (code == 0 && purpose == LOOK)
        lk_db_keep_log(store->db);
    if (code == 0 && purpose != MAKE)
        code = lk_migrate_check_begun(store->db, path, problem);
    if (code == 0)
        code =
            purpose == LOOK ? lk_domain_migrate_trial(store->db, store->keys, problem) : lk_domain_migrate(store->db, store->keys, problem);
    if (code == 0)
        code = lk_master_key_read(store->db, store->keys, lk_clock_wall_ms(), problem);
    if (code == 0)
        code = lk_domain_open(store->db, store->keys, &store->domain, problem);
    return code;
}

int lk_store_open_database(struct lk_store *store, const char *database_path, bool create, struct lk_problem *problem) {
    return open_database(store, database_path, create ? MAKE : USE, problem);
}

/* SQLite takes an empty file for a new database; one that init made never is. */
static int check_database(const char *database, const char *dir, struct lk_problem *problem) {
    struct stat file;
    if (stat(database, &file) != 0)
        return lk_problem_set(problem, LK_ENOTFOUND, "%s is not initialised; run `latchkey init --data %s` first", dir, dir);
    return file.st_size > 0 ? 0 : lk_problem_set(problem, LK_ECORRUPT, "The database %s is empty: restore a backup", database);
}

/* The file that a rotation of the master key makes is there only while it is under way: beside the key itself, not beside a link to it. */
static void hint_at_rotation(const char *key, struct lk_problem *problem) {
    const struct lk_problem found = *problem;
    char *new_key = NULL;
    char *real = realpath(key, NULL);
    int len = asprintf(&new_key, "%s" LK_NEW_MASTER_KEY_SUFFIX, real == NULL ? key : real);
    free(real);
    if (len < 0)
        return;
    if (access(new_key, F_OK) == 0)
        lk_problem_set(
            problem, found.code,
            "%.400s. There is a %.300s: a rotation of the master key was interrupted, and `latchkey key rotate-master` finishes it",
            found.text, new_key);
    free(new_key);
}

static int open_all(const char *dir, const char *master_key_file, enum purpose purpose, struct lk_store *store,
                    struct lk_problem *problem) {
    int code = lk_datadir_open(dir, false, &store->datadir, problem);
    if (code != 0)
        return code;
    char *database = lk_datadir_path(store->datadir, LK_DATABASE_FILE);
    char *key = master_key_file == NULL ? lk_datadir_path(store->datadir, LK_MASTER_KEY_FILE) : strdup(master_key_file);
    if (database == NULL || key == NULL)
        code = lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    else
        code = check_database(database, dir, problem);
    if (code == 0)
        code = load_keys(key, &store->keys, problem);
    if (code == 0)
        code = open_database(store, database, purpose, problem);
    if (code == LK_ECORRUPT)
        hint_at_rotation(key, problem);
    free(database);
    free(key);
    return code;
}

static int open_store(const char *dir, const char *master_key_file, enum purpose purpose, struct lk_store *ret,
                      struct lk_problem *problem) {
    struct lk_store store = {0};
    int code = open_all(dir, master_key_file, purpose, &store, problem);
    if (code == 0)
        *ret = store;
    else
        lk_store_close(&store);
    return code;
}

int lk_store_open(const char *dir, const char *master_key_file, struct lk_store *ret, struct lk_problem *problem) {
    return open_store(dir, master_key_file, USE, ret, problem);
}

int lk_store_look(const char *dir, const char *master_key_file, struct lk_store *ret, struct lk_problem *problem) {
    return open_store(dir, master_key_file, LOOK, ret, problem);
}

void lk_store_close(struct lk_store *store) {
    lk_domain_close(store->domain);
    lk_db_close(store->db);
    lk_keys_free(store->keys);
    if (store->datadir != NULL)
        lk_datadir_close(store->datadir);
    *store = (struct lk_store){0};
}
