#include "store/key_session.h"

#include "store/row.h"

int lk_store_key_session_insert(struct lk_db *db, const struct lk_key_session_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO key_session (digest, api_key_id, secret_digest, created_at, used_at, expires_at, "
                                          "ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7)");
    lk_row_bind(stmt, 1, row->digest, LK_STORED_MAC_BYTES);
    lk_bind_id(stmt, 2, &row->key_id);
    lk_row_bind(stmt, 3, row->secret_digest, LK_STORED_DIGEST_BYTES);
    lk_bind_int(stmt, 4, row->created_at);
    lk_bind_int(stmt, 5, row->used_at);
    lk_bind_int(stmt, 6, row->expires_at);
    lk_bind_int(stmt, 7, row->ends_at);
    return lk_run(stmt);
}

int lk_store_key_session_find(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES], struct lk_key_session_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(
        db, "SELECT digest, api_key_id, secret_digest, created_at, used_at, expires_at, ends_at FROM key_session WHERE digest = $1");
    lk_row_bind(stmt, 1, digest, LK_STORED_MAC_BYTES);
    int code = lk_step(stmt);
    if (code <= 0)
        return code == 0 ? LK_ENOTFOUND : code;
    struct lk_key_session_row row = {0};
    code = lk_row_bytes(stmt, 0, row.digest, sizeof(row.digest));
    if (code == 0)
        code = lk_column_id(stmt, 1, &row.key_id);
    if (code == 0)
        code = lk_row_bytes(stmt, 2, row.secret_digest, sizeof(row.secret_digest));
    row.created_at = lk_column_int(stmt, 3);
    row.used_at = lk_column_int(stmt, 4);
    row.expires_at = lk_column_int(stmt, 5);
    row.ends_at = lk_column_int(stmt, 6);
    lk_stmt_reset(stmt);
    if (code == 0)
        *ret = row;
    return code;
}

int lk_store_key_session_use(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES], int64_t used_at, int64_t expires_at) {
    struct lk_stmt *stmt = lk_db_stmt(db, "UPDATE key_session SET used_at = $1, expires_at = $2 WHERE digest = $3");
    lk_bind_int(stmt, 1, used_at);
    lk_bind_int(stmt, 2, expires_at);
    lk_row_bind(stmt, 3, digest, LK_STORED_MAC_BYTES);
    return lk_run(stmt);
}

int lk_store_key_session_delete(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES]) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM key_session WHERE digest = $1");
    lk_row_bind(stmt, 1, digest, LK_STORED_MAC_BYTES);
    return lk_run(stmt);
}

int lk_store_key_session_delete_of_key(struct lk_db *db, const struct lk_id *key) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM key_session WHERE api_key_id = $1");
    lk_bind_id(stmt, 1, key);
    return lk_run(stmt);
}

int lk_store_key_session_trim(struct lk_db *db, const struct lk_id *key, int64_t keep, int64_t limit) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM key_session WHERE digest IN (SELECT digest FROM key_session WHERE api_key_id = $1 "
                                          "ORDER BY used_at DESC, digest LIMIT $2 OFFSET $3)");
    lk_bind_id(stmt, 1, key);
    lk_bind_int(stmt, 2, limit);
    lk_bind_int(stmt, 3, keep);
    return lk_run(stmt);
}

int lk_store_key_session_purge(struct lk_db *db, int64_t now_ms, int64_t limit) {
    struct lk_stmt *stmt = lk_db_stmt(
        db, "DELETE FROM key_session WHERE digest IN (SELECT digest FROM key_session WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)");
    lk_bind_int(stmt, 1, now_ms);
    lk_bind_int(stmt, 2, limit);
    return lk_run(stmt);
}
