#include "store/older_key.h"

#include "store/row.h"

#define COLUMNS "version, sealed_audit, register_end, sealed_lookup, lookup_ends_at, replaced_at"

int lk_store_older_key_set(struct lk_db *db, const struct lk_older_key_row *row) {
    struct lk_stmt *stmt =
        lk_db_stmt(db, "INSERT INTO older_key (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (version) DO UPDATE SET "
                       "sealed_audit = excluded.sealed_audit, sealed_lookup = excluded.sealed_lookup, "
                       "lookup_ends_at = excluded.lookup_ends_at");
    lk_bind_int(stmt, 1, row->version);
    lk_bind_blob(stmt, 2, row->sealed_audit);
    lk_bind_int(stmt, 3, row->register_end);
    lk_bind_blob(stmt, 4, row->sealed_lookup);
    if (row->lookup_has_end)
        lk_bind_int(stmt, 5, row->lookup_ends_at);
    else
        lk_bind_null(stmt, 5);
    lk_bind_int(stmt, 6, row->replaced_at);
    return lk_run(stmt);
}

static int read_older_key(struct lk_stmt *stmt, struct lk_arena *arena, void *ret) {
    struct lk_older_key_row *row = ret;
    int code = lk_row_blob(stmt, 1, arena, &row->sealed_audit);
    if (code == 0)
        code = lk_row_blob(stmt, 3, arena, &row->sealed_lookup);
    row->version = lk_column_int(stmt, 0);
    row->register_end = lk_column_int(stmt, 2);
    row->lookup_has_end = !lk_column_is_null(stmt, 4);
    row->lookup_ends_at = lk_column_int(stmt, 4);
    row->replaced_at = lk_column_int(stmt, 5);
    return code;
}

int lk_store_older_key_next(struct lk_db *db, int64_t after, struct lk_arena *arena, struct lk_older_key_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM older_key WHERE version > $1 ORDER BY version LIMIT 1");
    lk_bind_int(stmt, 1, after);
    return lk_row_one(stmt, read_older_key, arena, ret, sizeof(*ret));
}

int lk_store_older_key_of_place(struct lk_db *db, int64_t position, struct lk_arena *arena, struct lk_older_key_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM older_key WHERE register_end >= $1 ORDER BY version LIMIT 1");
    lk_bind_int(stmt, 1, position);
    return lk_row_one(stmt, read_older_key, arena, ret, sizeof(*ret));
}

int lk_store_key_version(struct lk_db *db, int64_t *ret) {
    return lk_row_count(lk_db_stmt(db, "SELECT key_version FROM server WHERE id = 1"), ret);
}

int lk_store_key_version_set(struct lk_db *db, int64_t version, const uint8_t check[LK_STORED_MAC_BYTES]) {
    struct lk_stmt *stmt = lk_db_stmt(db, "UPDATE server SET key_version = $1, keys_check = $2 WHERE id = 1");
    lk_bind_int(stmt, 1, version);
    lk_row_bind(stmt, 2, check, LK_STORED_MAC_BYTES);
    return lk_run(stmt);
}

static int read_key_secret(struct lk_stmt *stmt, struct lk_arena *arena, void *ret) {
    struct lk_key_secret_row *row = ret;
    int code = lk_column_id(stmt, 0, &row->id);
    if (code == 0)
        code = lk_column_id(stmt, 1, &row->account_id);
    if (code == 0)
        code = lk_row_bytes(stmt, 2, row->digest, sizeof(row->digest));
    if (code == 0)
        code = lk_row_blob(stmt, 4, arena, &row->sealed);
    row->digest_version = lk_column_int(stmt, 3);
    return code;
}

int lk_store_key_secret_next(struct lk_db *db, const struct lk_id *after, struct lk_arena *arena, struct lk_key_secret_row *ret) {
    struct lk_stmt *stmt =
        lk_db_stmt(db, "SELECT id, account_id, digest, digest_version, sealed FROM api_key WHERE id > $1 ORDER BY id LIMIT 1");
    lk_row_bind_after(stmt, 1, after);
    return lk_row_one(stmt, read_key_secret, arena, ret, sizeof(*ret));
}

int lk_store_key_secret_set(struct lk_db *db, const struct lk_key_secret_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, "UPDATE api_key SET digest = $1, digest_version = $2, sealed = $3 WHERE id = $4");
    lk_row_bind(stmt, 1, row->digest, LK_STORED_DIGEST_BYTES);
    lk_bind_int(stmt, 2, row->digest_version);
    lk_bind_blob(stmt, 3, row->sealed);
    lk_bind_id(stmt, 4, &row->id);
    return lk_run(stmt);
}

static int read_key(struct lk_stmt *stmt, struct lk_arena *arena, void *ret) {
    (void)arena;
    return lk_column_id(stmt, 0, ret);
}

int lk_store_old_secret_key_next(struct lk_db *db, const struct lk_id *after, struct lk_arena *arena, struct lk_id *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT api_key_id FROM key_old_secret WHERE api_key_id > $1 ORDER BY api_key_id LIMIT 1");
    lk_row_bind_after(stmt, 1, after);
    return lk_row_one(stmt, read_key, arena, ret, sizeof(*ret));
}

static int read_old_digest(struct lk_stmt *stmt, struct lk_arena *arena, void *ret) {
    (void)arena;
    struct lk_old_digest_row *row = ret;
    return lk_row_bytes(stmt, 0, row->bytes, sizeof(row->bytes));
}

int lk_store_old_digest_list(struct lk_db *db, const struct lk_id *key, struct lk_arena *arena, struct lk_old_digest_row **ret,
                             size_t *ret_len) {
    struct lk_row_list list = {.arena = arena, .item_size = sizeof(**ret)};
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT digest FROM key_old_secret WHERE api_key_id = $1");
    lk_bind_id(stmt, 1, key);
    int code = lk_row_all(stmt, read_old_digest, &list);
    if (code != 0)
        return code;
    *ret = list.items;
    *ret_len = list.len;
    return 0;
}

int lk_store_old_digest_set(struct lk_db *db, const struct lk_id *key, const struct lk_old_digest_row *from,
                            const uint8_t to[LK_STORED_DIGEST_BYTES]) {
    struct lk_stmt *stmt = lk_db_stmt(db, "UPDATE key_old_secret SET digest = $1 WHERE api_key_id = $2 AND digest = $3");
    lk_row_bind(stmt, 1, to, LK_STORED_DIGEST_BYTES);
    lk_bind_id(stmt, 2, key);
    lk_row_bind(stmt, 3, from->bytes, sizeof(from->bytes));
    return lk_run(stmt);
}

int lk_store_old_secret_count(struct lk_db *db, int64_t version, int64_t now_ms, int64_t *ret, int64_t *ret_last) {
    struct lk_stmt *stmt =
        lk_db_stmt(db, "SELECT count(*), coalesce(max(ends_at), 0) FROM key_old_secret WHERE digest_version = $1 AND ends_at > $2");
    lk_bind_int(stmt, 1, version);
    lk_bind_int(stmt, 2, now_ms);
    int code = lk_step(stmt);
    if (code <= 0)
        return code == 0 ? LK_EINTERNAL : code;
    *ret = lk_column_int(stmt, 0);
    *ret_last = lk_column_int(stmt, 1);
    lk_stmt_reset(stmt);
    return 0;
}
