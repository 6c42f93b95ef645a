#include "store/key_old_secret.h"

#include "store/row.h"

int lk_store_old_secret_keep(struct lk_db *db, const struct lk_id *key, int64_t ends_at) {
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO key_old_secret (api_key_id, digest, digest_version, preview, ends_at) "
                                          "SELECT id, digest, digest_version, preview, $2 FROM api_key WHERE id = $1");
    lk_bind_id(stmt, 1, key);
    lk_bind_int(stmt, 2, ends_at);
    return lk_run(stmt);
}

int lk_store_old_secret_list(struct lk_db *db, const struct lk_id *key, int64_t now_ms, struct lk_arena *arena,
                             struct lk_old_secret_row *ret, size_t *ret_len) {
    struct lk_stmt *stmt =
        lk_db_stmt(db, "SELECT preview, ends_at FROM key_old_secret WHERE api_key_id = $1 AND ends_at > $2 ORDER BY ends_at, digest");
    lk_bind_id(stmt, 1, key);
    lk_bind_int(stmt, 2, now_ms);
    size_t len = 0;
    int code;
    while ((code = lk_step(stmt)) == 1) {
        struct lk_slice preview;
        code = len == LK_STORED_OLD_SECRETS_MAX ? LK_ECORRUPT : lk_row_text(stmt, 0, arena, &preview);
        if (code != 0) {
            lk_stmt_reset(stmt);
            return code;
        }
        ret[len++] = (struct lk_old_secret_row){preview, lk_column_int(stmt, 1)};
    }
    if (code == 0)
        *ret_len = len;
    return code;
}

int lk_store_old_secret_clear(struct lk_db *db, const struct lk_id *key, int64_t now_ms) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM key_old_secret WHERE api_key_id = $1 AND ends_at <= $2");
    lk_bind_id(stmt, 1, key);
    lk_bind_int(stmt, 2, now_ms);
    return lk_run(stmt);
}

int lk_store_old_secret_forget(struct lk_db *db, const uint8_t digest[LK_STORED_DIGEST_BYTES], int64_t now_ms) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM key_old_secret WHERE digest = $1 AND ends_at <= $2");
    lk_row_bind(stmt, 1, digest, LK_STORED_DIGEST_BYTES);
    lk_bind_int(stmt, 2, now_ms);
    return lk_run(stmt);
}

int lk_store_old_secret_delete(struct lk_db *db, const uint8_t digest[LK_STORED_DIGEST_BYTES]) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM key_old_secret WHERE digest = $1 RETURNING 1");
    lk_row_bind(stmt, 1, digest, LK_STORED_DIGEST_BYTES);
    int code = lk_step(stmt);
    lk_stmt_reset(stmt);
    return code == 0 ? LK_ENOTFOUND : code < 0 ? code : 0;
}

int lk_store_old_secret_ended(struct lk_db *db, int64_t now_ms, struct lk_id *ret_key) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT api_key_id FROM key_old_secret WHERE ends_at <= $1 ORDER BY ends_at LIMIT 1");
    lk_bind_int(stmt, 1, now_ms);
    int code = lk_step(stmt);
    if (code <= 0)
        return code == 0 ? LK_ENOTFOUND : code;
    code = lk_column_id(stmt, 0, ret_key);
    lk_stmt_reset(stmt);
    return code;
}

static int find_old(struct lk_db *db, const uint8_t digest[LK_STORED_DIGEST_BYTES], int64_t now_ms, struct lk_id *ret_key,
                    struct lk_id *ret_account) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT k.id, k.account_id FROM key_old_secret s JOIN api_key k ON k.id = s.api_key_id "
                                          "WHERE s.digest = $1 AND s.ends_at > $2");
    lk_row_bind(stmt, 1, digest, LK_STORED_DIGEST_BYTES);
    lk_bind_int(stmt, 2, now_ms);
    int code = lk_step(stmt);
    if (code <= 0)
        return code == 0 ? LK_ENOTFOUND : code;
    code = lk_column_id(stmt, 0, ret_key);
    if (code == 0)
        code = lk_column_id(stmt, 1, ret_account);
    lk_stmt_reset(stmt);
    return code;
}

int lk_store_key_find_by_secret(struct lk_db *db, const uint8_t digest[LK_STORED_DIGEST_BYTES], int64_t now_ms, struct lk_arena *arena,
                                struct lk_key_row *ret) {
    int code = lk_store_key_find_by_digest(db, digest, arena, ret);
    if (code != LK_ENOTFOUND)
        return code;
    struct lk_id key;
    struct lk_id account;
    code = find_old(db, digest, now_ms, &key, &account);
    return code != 0 ? code : lk_store_key_find(db, &account, &key, arena, ret);
}
