#include "store/usage.h"

int lk_store_use_insert(struct lk_db *db, const struct lk_id *account, const struct lk_id *key) {
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO api_key_use (account_id, api_key_id) VALUES ($1, $2)");
    lk_bind_id(stmt, 1, account);
    lk_bind_id(stmt, 2, key);
    return lk_run(stmt);
}

int lk_store_use_touch(struct lk_db *db, const struct lk_id *account, const struct lk_id *key, int64_t at, int64_t now_ms) {
    struct lk_stmt *stmt = lk_db_stmt(db, "UPDATE api_key_use SET last_used_at = CASE WHEN last_used_at > $3 AND last_used_at <= $4 "
                                          "THEN last_used_at ELSE $3 END WHERE account_id = $1 AND api_key_id = $2");
    lk_bind_id(stmt, 1, account);
    lk_bind_id(stmt, 2, key);
    lk_bind_int(stmt, 3, at);
    lk_bind_int(stmt, 4, now_ms);
    int code = lk_run(stmt);
    return code == 0 && lk_db_changes(db) == 0 ? LK_ENOTFOUND : code;
}

int lk_store_use_find(struct lk_db *db, const struct lk_id *account, const struct lk_id *key, bool *ret_used, int64_t *ret_at) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT last_used_at FROM api_key_use WHERE account_id = $1 AND api_key_id = $2");
    lk_bind_id(stmt, 1, account);
    lk_bind_id(stmt, 2, key);
    int code = lk_step(stmt);
    if (code <= 0)
        return code == 0 ? LK_ENOTFOUND : code;
    *ret_used = !lk_column_is_null(stmt, 0);
    *ret_at = lk_column_int(stmt, 0);
    lk_stmt_reset(stmt);
    return 0;
}

int lk_store_usage_find(struct lk_db *db, enum lk_usage_of of, int64_t day, const struct lk_id *id, char out[LK_STORED_HOURS_MAX],
                        size_t *ret_len) {
    struct lk_stmt *stmt = of == LK_USAGE_OF_KEY ? lk_db_stmt(db, "SELECT hours FROM api_key_usage WHERE day = $1 AND api_key_id = $2")
                                                 : lk_db_stmt(db, "SELECT hours FROM account_usage WHERE day = $1 AND account_id = $2");
    lk_bind_int(stmt, 1, day);
    lk_bind_id(stmt, 2, id);
    int code = lk_step(stmt);
    if (code <= 0)
        return code == 0 ? LK_ENOTFOUND : code;
    struct lk_slice hours = lk_column_blob(stmt, 0);
    bool fits = hours.len <= LK_STORED_HOURS_MAX;
    if (fits && hours.len > 0)
        memcpy(out, hours.ptr, hours.len);
    if (fits)
        *ret_len = hours.len;
    lk_stmt_reset(stmt);
    return fits ? 0 : LK_ECORRUPT;
}

int lk_store_usage_put(struct lk_db *db, enum lk_usage_of of, int64_t day, const struct lk_id *id, struct lk_slice hours) {
    struct lk_stmt *stmt = of == LK_USAGE_OF_KEY ? lk_db_stmt(db, "INSERT INTO api_key_usage (day, api_key_id, hours) VALUES ($1, $2, $3) "
                                                                  "ON CONFLICT (day, api_key_id) DO UPDATE SET hours = excluded.hours")
                                                 : lk_db_stmt(db, "INSERT INTO account_usage (day, account_id, hours) "
                                                                  "SELECT $1, $2, $3 WHERE EXISTS (SELECT 1 FROM account WHERE id = $2) "
                                                                  "ON CONFLICT (day, account_id) DO UPDATE SET hours = excluded.hours");
    lk_bind_int(stmt, 1, day);
    lk_bind_id(stmt, 2, id);
    lk_bind_blob(stmt, 3, hours);
    return lk_run(stmt);
}

/* The first rows of the oldest day, as one range of the primary key. */
#define SWEEP(table, id)                                                                                                    \
    "DELETE FROM " table " WHERE day = " OLDEST(table) " AND " id " <= (SELECT max(" id ") FROM (SELECT " id " FROM " table \
                                                       " WHERE day = " OLDEST(table) " ORDER BY " id " LIMIT $2))"
#define OLDEST(table) "(SELECT min(day) FROM " table " WHERE day < $1)"

static int sweep(struct lk_db *db, struct lk_stmt *stmt, int64_t day, int64_t max, int64_t *sum) {
    lk_bind_int(stmt, 1, day);
    lk_bind_int(stmt, 2, max);
    int code = lk_run(stmt);
    if (code == 0)
        *sum += lk_db_changes(db);
    return code;
}

int lk_store_usage_sweep(struct lk_db *db, int64_t day, int64_t max, int64_t *ret) {
    int64_t sum = 0;
    int code = sweep(db, lk_db_stmt(db, SWEEP("api_key_usage", "api_key_id")), day, max, &sum);
    if (code == 0)
        code = sweep(db, lk_db_stmt(db, SWEEP("account_usage", "account_id")), day, max, &sum);
    if (code == 0)
        *ret = sum;
    return code;
}

/* Deletes from each day that the table has; the days are found each from the one before, so that a row is looked for in each of them, and no more. */
#define FORGET(table)                                                                                              \
    "WITH RECURSIVE days (day) AS (SELECT min(day) FROM " table " UNION ALL SELECT (SELECT min(u.day) FROM " table \
    " u WHERE u.day > days.day) FROM days WHERE days.day IS NOT NULL) "                                            \
    "DELETE FROM " table " WHERE day IN (SELECT day FROM days WHERE day IS NOT NULL)"

static int run_with_id(struct lk_stmt *stmt, const struct lk_id *id) {
    lk_bind_id(stmt, 1, id);
    return lk_run(stmt);
}

static int forget_hours(struct lk_db *db, const struct lk_id *key) {
    return run_with_id(lk_db_stmt(db, FORGET("api_key_usage") " AND api_key_id = $1"), key);
}

int lk_store_usage_forget(struct lk_db *db, const struct lk_id *key) {
    int code = run_with_id(lk_db_stmt(db, "DELETE FROM api_key_use WHERE account_id = (SELECT account_id FROM api_key WHERE id = $1) "
                                          "AND api_key_id = $1"),
                           key);
    return code != 0 ? code : forget_hours(db, key);
}

int lk_store_usage_forget_account(struct lk_db *db, const struct lk_id *account) {
    int code = run_with_id(lk_db_stmt(db, FORGET("account_usage") " AND account_id = $1"), account);
    if (code != 0)
        return code;
    return run_with_id(lk_db_stmt(db, "INSERT INTO usage_to_forget (api_key_id) SELECT id FROM api_key WHERE account_id = $1"), account);
}

int lk_store_usage_forget_next(struct lk_db *db) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT api_key_id FROM usage_to_forget LIMIT 1");
    struct lk_id key;
    int code = lk_step(stmt);
    if (code <= 0)
        return code == 0 ? LK_ENOTFOUND : code;
    code = lk_column_id(stmt, 0, &key);
    lk_stmt_reset(stmt);
    if (code == 0)
        code = forget_hours(db, &key);
    return code != 0 ? code : run_with_id(lk_db_stmt(db, "DELETE FROM usage_to_forget WHERE api_key_id = $1"), &key);
}
