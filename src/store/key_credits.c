#include "store/key_credits.h"

#include "store/row.h"

#define COLUMNS "remaining, refill_amount, refill_interval, refill_day, refill_at, api_key_id"

static int read_one(struct lk_stmt *stmt, struct lk_arena *arena, struct lk_id *ret_key, struct lk_key_credits_row *ret) {
    int code = lk_step(stmt);
    if (code <= 0)
        return code == 0 ? LK_ENOTFOUND : code;
    struct lk_key_credits_row row = {
        .remaining = lk_column_int(stmt, 0),
        .has_refill = !lk_column_is_null(stmt, 1),
        .refill_amount = lk_column_int(stmt, 1),
        .refill_day = lk_column_int(stmt, 3),
        .refill_at = lk_column_int(stmt, 4),
    };
    struct lk_id key;
    code = lk_row_text(stmt, 2, arena, &row.refill_interval);
    if (code == 0)
        code = lk_column_id(stmt, 5, &key);
    lk_stmt_reset(stmt);
    if (code != 0)
        return code;
    *ret_key = key;
    *ret = row;
    return 0;
}

int lk_store_key_credits_find(struct lk_db *db, const struct lk_id *key, struct lk_arena *arena, struct lk_key_credits_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM key_credits WHERE api_key_id = $1");
    struct lk_id same;
    lk_bind_id(stmt, 1, key);
    return read_one(stmt, arena, &same, ret);
}

int lk_store_key_credits_due(struct lk_db *db, int64_t now_ms, struct lk_arena *arena, struct lk_id *ret_key,
                             struct lk_key_credits_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM key_credits WHERE refill_at IS NOT NULL AND refill_at <= $1 "
                                          "ORDER BY refill_at LIMIT 1");
    lk_bind_int(stmt, 1, now_ms);
    return read_one(stmt, arena, ret_key, ret);
}

int lk_store_key_credits_put(struct lk_db *db, const struct lk_id *key, const struct lk_key_credits_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(
        db, "INSERT INTO key_credits (api_key_id, remaining, refill_amount, refill_interval, refill_day, refill_at) "
            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (api_key_id) DO UPDATE SET remaining = excluded.remaining, "
            "refill_amount = excluded.refill_amount, refill_interval = excluded.refill_interval, refill_day = excluded.refill_day, "
            "refill_at = excluded.refill_at");
    lk_bind_id(stmt, 1, key);
    lk_bind_int(stmt, 2, row->remaining);
    if (row->has_refill) { /* else they stay NULL */
        lk_bind_int(stmt, 3, row->refill_amount);
        lk_bind_text(stmt, 4, row->refill_interval);
        lk_bind_int(stmt, 5, row->refill_day);
        lk_bind_int(stmt, 6, row->refill_at);
    }
    return lk_run(stmt);
}

int lk_store_key_credits_delete(struct lk_db *db, const struct lk_id *key) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM key_credits WHERE api_key_id = $1");
    lk_bind_id(stmt, 1, key);
    return lk_run(stmt);
}

int lk_store_key_credits_flush(struct lk_db *db, const struct lk_id *key, int64_t remaining) {
    struct lk_stmt *stmt = lk_db_stmt(db, "UPDATE key_credits SET remaining = $1 WHERE api_key_id = $2");
    lk_bind_int(stmt, 1, remaining);
    lk_bind_id(stmt, 2, key);
    return lk_run(stmt);
}
