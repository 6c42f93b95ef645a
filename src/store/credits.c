#include "store/credits.h"

#include "store/row.h"

#define COLUMNS "remaining, refill_amount, refill_interval, refill_day, refill_at"

/* The statements on one table: statements are known by their address, so each is a literal. */
struct texts {
    const char *find;
    const char *due;
    const char *put;
    const char *delete;
    const char *flush;
};

#define TEXTS(table, id)                                                                                                       \
    {                                                                                                                          \
        .find = "SELECT " COLUMNS ", " id " FROM " table " WHERE " id " = $1",                                                 \
        .due = "SELECT " COLUMNS ", " id " FROM " table " WHERE refill_at IS NOT NULL AND refill_at <= $1 "                    \
               "ORDER BY refill_at LIMIT 1",                                                                                   \
        .put = "INSERT INTO " table " (" id ", " COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (" id ") DO "          \
               "UPDATE SET remaining = excluded.remaining, refill_amount = excluded.refill_amount, "                           \
               "refill_interval = excluded.refill_interval, refill_day = excluded.refill_day, "                                \
               "refill_at = excluded.refill_at",                                                                               \
        .delete = "DELETE FROM " table " WHERE " id " = $1", .flush = "UPDATE " table " SET remaining = $1 WHERE " id " = $2", \
    }

static const struct texts texts[LK_CREDITS_OWNERS] = {
    [LK_CREDITS_OF_KEY] = TEXTS("key_credits", "api_key_id"),
    [LK_CREDITS_OF_ACCOUNT] = TEXTS("account_credits", "account_id"),
};

static int read_one(struct lk_stmt *stmt, struct lk_arena *arena, struct lk_id *ret_id, struct lk_credits_row *ret) {
    int code = lk_step(stmt);
    if (code <= 0)
        return code == 0 ? LK_ENOTFOUND : code;
    struct lk_credits_row row = {
        .remaining = lk_column_int(stmt, 0),
        .has_refill = !lk_column_is_null(stmt, 1),
        .refill_amount = lk_column_int(stmt, 1),
        .refill_day = lk_column_int(stmt, 3),
        .refill_at = lk_column_int(stmt, 4),
    };
    struct lk_id id;
    code = lk_row_text(stmt, 2, arena, &row.refill_interval);
    if (code == 0)
        code = lk_column_id(stmt, 5, &id);
    lk_stmt_reset(stmt);
    if (code != 0)
        return code;
    *ret_id = id;
    *ret = row;
    return 0;
}

int lk_store_credits_find(struct lk_db *db, enum lk_credits_of of, const struct lk_id *id, struct lk_arena *arena,
                          struct lk_credits_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, texts[of].find);
    struct lk_id same;
    lk_bind_id(stmt, 1, id);
    return read_one(stmt, arena, &same, ret);
}

int lk_store_credits_due(struct lk_db *db, enum lk_credits_of of, int64_t now_ms, struct lk_arena *arena, struct lk_id *ret_id,
                         struct lk_credits_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, texts[of].due);
    lk_bind_int(stmt, 1, now_ms);
    return read_one(stmt, arena, ret_id, ret);
}

int lk_store_credits_put(struct lk_db *db, enum lk_credits_of of, const struct lk_id *id, const struct lk_credits_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, texts[of].put);
    lk_bind_id(stmt, 1, id);
    lk_bind_int(stmt, 2, row->remaining);
    if (row->has_refill) { /* else they stay NULL */
        lk_bind_int(stmt, 3, row->refill_amount);
        lk_bind_text(stmt, 4, row->refill_interval);
        lk_bind_int(stmt, 5, row->refill_day);
        lk_bind_int(stmt, 6, row->refill_at);
    }
    return lk_run(stmt);
}

int lk_store_credits_delete(struct lk_db *db, enum lk_credits_of of, const struct lk_id *id) {
    struct lk_stmt *stmt = lk_db_stmt(db, texts[of].delete);
    lk_bind_id(stmt, 1, id);
    return lk_run(stmt);
}

int lk_store_credits_flush(struct lk_db *db, enum lk_credits_of of, const struct lk_id *id, int64_t remaining) {
    struct lk_stmt *stmt = lk_db_stmt(db, texts[of].flush);
    lk_bind_int(stmt, 1, remaining);
    lk_bind_id(stmt, 2, id);
    return lk_run(stmt);
}
