#include "domain/migrate.h"

#include "base/clock.h"
#include "domain/account_register.h"
#include "store/migrate.h"

int lk_migrate_check_keys(struct lk_db *db, const struct lk_keys *keys, struct lk_problem *problem) {
    uint8_t ours[LK_MAC_BYTES];
    uint8_t stored[LK_STORED_MAC_BYTES];
    lk_keys_check(keys, ours);
    int code = lk_store_keys_check_find(db, stored);
    if (code == LK_ENOTFOUND)
        code = lk_store_keys_check_insert(db, ours, lk_clock_wall_ms());
    else if (code == 0 && !lk_secret_equal(ours, stored, sizeof(ours)))
        return lk_problem_set(
            problem, LK_ECORRUPT,
            "The master key is not the one that this database was made with: put the right master.key in its place, or name it "
            "with --master-key-file");
    return code == 0 ? 0 : lk_problem_set(problem, code, "The database cannot be read: %s", lk_db_message(db));
}

/* Under the wrong keys nothing may be done to a database: they are looked at before it is. */
static int check_keys(const void *context, struct lk_db *db, struct lk_problem *problem) {
    return lk_migrate_check_keys(db, context, problem);
}

/* In a new database it is recorded together with the register whose keys they are. */
static int make_register(const void *context, struct lk_db *db, struct lk_problem *problem) {
    const struct lk_keys *keys = context;
    int code = lk_migrate_check_keys(db, keys, problem);
    return code != 0 ? code : lk_register_adopt(db, keys, problem);
}

static int migrate(struct lk_db *db, const struct lk_keys *keys, bool trial, struct lk_problem *problem) {
    const struct lk_migrate_hook hook = {
        .before = check_keys, .after = "account_register.sql", .run = make_register, .context = keys, .trial = trial};
    return lk_migrate(db, &hook, problem);
}

int lk_domain_migrate(struct lk_db *db, const struct lk_keys *keys, struct lk_problem *problem) {
    return migrate(db, keys, false, problem);
}

int lk_domain_migrate_trial(struct lk_db *db, const struct lk_keys *keys, struct lk_problem *problem) {
    int code = lk_db_begin(db);
    return code == 0 ? migrate(db, keys, true, problem)
                     : lk_problem_set(problem, code, "The database cannot be read: %s", lk_db_message(db));
}
