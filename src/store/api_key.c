#include "store/api_key.h"

#include "store/row.h"
#include "store/usage.h"

#define COLUMNS                                                                                          \
    "id, account_id, name, preview, enabled, expires_at, metadata, created_at, created_by, updated_at, " \
    "allowed_ips, rate_limit, rate_window_ms, weak, leaked"

/* The members that insert and update write alike, in parameters from index on. */
static void bind_limits(struct lk_stmt *stmt, int index, const struct lk_key_row *row) {
    lk_bind_text(stmt, index, row->allowed_ips);
    if (row->rate_limit == 0)
        return; /* both stay NULL */
    lk_bind_int(stmt, index + 1, row->rate_limit);
    lk_bind_int(stmt, index + 2, row->rate_window_ms);
}

int lk_store_key_insert(struct lk_db *db, const struct lk_key_row *row, const uint8_t digest[LK_STORED_DIGEST_BYTES],
                        unsigned digest_version, struct lk_slice sealed) {
    struct lk_stmt *stmt =
        lk_db_stmt(db, "INSERT INTO api_key (id, account_id, name, preview, digest, digest_version, sealed, enabled, expires_at, metadata, "
                       "created_at, created_by, updated_at, allowed_ips, rate_limit, rate_window_ms, weak) "
                       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)");
    lk_bind_id(stmt, 1, &row->id);
    lk_bind_id(stmt, 2, &row->account_id);
    lk_bind_text(stmt, 3, row->name);
    lk_bind_text(stmt, 4, row->preview);
    lk_row_bind(stmt, 5, digest, LK_STORED_DIGEST_BYTES);
    lk_bind_int(stmt, 6, digest_version);
    lk_bind_blob(stmt, 7, sealed);
    lk_bind_int(stmt, 8, row->enabled);
    if (row->has_expiry)
        lk_bind_int(stmt, 9, row->expires_at);
    else
        lk_bind_null(stmt, 9);
    lk_bind_text(stmt, 10, row->metadata);
    lk_bind_int(stmt, 11, row->created_at);
    lk_bind_text(stmt, 12, row->created_by);
    lk_bind_int(stmt, 13, row->updated_at);
    bind_limits(stmt, 14, row);
    lk_bind_int(stmt, 17, row->weak);
    int code = lk_run(stmt);
    return code == 0 ? lk_store_use_insert(db, &row->account_id, &row->id) : code;
}

int lk_store_key_update(struct lk_db *db, const struct lk_key_row *row) {
    struct lk_stmt *stmt =
        lk_db_stmt(db, "UPDATE api_key SET name = $1, enabled = $2, expires_at = $3, metadata = $4, updated_at = $5, allowed_ips = $7, "
                       "rate_limit = $8, rate_window_ms = $9 WHERE id = $6");
    lk_bind_text(stmt, 1, row->name);
    lk_bind_int(stmt, 2, row->enabled);
    if (row->has_expiry)
        lk_bind_int(stmt, 3, row->expires_at);
    else
        lk_bind_null(stmt, 3);
    lk_bind_text(stmt, 4, row->metadata);
    lk_bind_int(stmt, 5, row->updated_at);
    lk_bind_id(stmt, 6, &row->id);
    bind_limits(stmt, 7, row);
    return lk_run(stmt);
}

int lk_store_key_set_secret(struct lk_db *db, const struct lk_key_row *row, const uint8_t digest[LK_STORED_DIGEST_BYTES],
                            unsigned digest_version, struct lk_slice sealed) {
    struct lk_stmt *stmt = lk_db_stmt(
        db, "UPDATE api_key SET preview = $1, digest = $2, digest_version = $3, sealed = $4, updated_at = $5, weak = $7, leaked = 0 "
            "WHERE id = $6");
    lk_bind_text(stmt, 1, row->preview);
    lk_row_bind(stmt, 2, digest, LK_STORED_DIGEST_BYTES);
    lk_bind_int(stmt, 3, digest_version);
    lk_bind_blob(stmt, 4, sealed);
    lk_bind_int(stmt, 5, row->updated_at);
    lk_bind_id(stmt, 6, &row->id);
    lk_bind_int(stmt, 7, row->weak);
    return lk_run(stmt);
}

int lk_store_key_set_leaked(struct lk_db *db, const struct lk_key_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, "UPDATE api_key SET enabled = $1, leaked = $2, updated_at = $3 WHERE id = $4");
    lk_bind_int(stmt, 1, row->enabled);
    lk_bind_int(stmt, 2, row->leaked);
    lk_bind_int(stmt, 3, row->updated_at);
    lk_bind_id(stmt, 4, &row->id);
    return lk_run(stmt);
}

int lk_store_key_delete(struct lk_db *db, const struct lk_id *id) {
    int code = lk_store_usage_forget(db, id);
    if (code != 0)
        return code;
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM api_key WHERE id = $1");
    lk_bind_id(stmt, 1, id);
    code = lk_run(stmt);
    return code == 0 && lk_db_changes(db) == 0 ? LK_ENOTFOUND : code;
}

static int read_columns(struct lk_stmt *stmt, struct lk_arena *arena, void *ret) {
    struct lk_key_row *row = ret;
    int code = lk_column_id(stmt, 0, &row->id);
    if (code == 0)
        code = lk_column_id(stmt, 1, &row->account_id);
    if (code == 0)
        code = lk_row_text(stmt, 2, arena, &row->name);
    if (code == 0)
        code = lk_row_text(stmt, 3, arena, &row->preview);
    if (code == 0)
        code = lk_row_text(stmt, 6, arena, &row->metadata);
    if (code == 0)
        code = lk_row_text(stmt, 8, arena, &row->created_by);
    if (code == 0)
        code = lk_row_text(stmt, 10, arena, &row->allowed_ips);
    row->rate_limit = lk_column_int(stmt, 11);
    row->rate_window_ms = lk_column_int(stmt, 12);
    row->weak = lk_column_int(stmt, 13) != 0;
    row->leaked = lk_column_int(stmt, 14) != 0;
    row->enabled = lk_column_int(stmt, 4) != 0;
    row->has_expiry = !lk_column_is_null(stmt, 5);
    row->expires_at = lk_column_int(stmt, 5);
    row->created_at = lk_column_int(stmt, 7);
    row->updated_at = lk_column_int(stmt, 9);
    return code;
}

static int read_one(struct lk_stmt *stmt, struct lk_arena *arena, struct lk_key_row *ret) {
    return lk_row_one(stmt, read_columns, arena, ret, sizeof(*ret));
}

int lk_store_key_find(struct lk_db *db, const struct lk_id *account, const struct lk_id *id, struct lk_arena *arena,
                      struct lk_key_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM api_key WHERE id = $1 AND account_id = $2");
    lk_bind_id(stmt, 1, id);
    lk_bind_id(stmt, 2, account);
    return read_one(stmt, arena, ret);
}

int lk_store_key_find_by_name(struct lk_db *db, const struct lk_id *account, struct lk_slice name, struct lk_arena *arena,
                              struct lk_key_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM api_key WHERE account_id = $1 AND name = $2");
    lk_bind_id(stmt, 1, account);
    lk_bind_text(stmt, 2, name);
    return read_one(stmt, arena, ret);
}

int lk_store_key_find_by_digest(struct lk_db *db, const uint8_t digest[LK_STORED_DIGEST_BYTES], struct lk_arena *arena,
                                struct lk_key_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM api_key WHERE digest = $1");
    lk_row_bind(stmt, 1, digest, LK_STORED_DIGEST_BYTES);
    return read_one(stmt, arena, ret);
}

int lk_store_key_sealed(struct lk_db *db, const struct lk_id *id, struct lk_arena *arena, struct lk_slice *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT sealed FROM api_key WHERE id = $1");
    lk_bind_id(stmt, 1, id);
    int code = lk_step(stmt);
    if (code <= 0)
        return code == 0 ? LK_ENOTFOUND : code;
    code = lk_row_blob(stmt, 0, arena, ret);
    lk_stmt_reset(stmt);
    return code;
}

int lk_store_key_groups_clear(struct lk_db *db, const struct lk_id *key) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM api_key_group WHERE api_key_id = $1");
    lk_bind_id(stmt, 1, key);
    return lk_run(stmt);
}

int lk_store_key_groups_add(struct lk_db *db, const struct lk_id *key, const struct lk_id *group) {
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO api_key_group (api_key_id, group_id) VALUES ($1, $2)");
    lk_bind_id(stmt, 1, key);
    lk_bind_id(stmt, 2, group);
    return lk_run(stmt);
}
