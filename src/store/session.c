#include "store/session.h"

static struct lk_slice digest_slice(const uint8_t digest[LK_STORED_MAC_BYTES]) {
    return lk_slice_make((const char *)digest, LK_STORED_MAC_BYTES);
}

int lk_store_session_insert(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES], const struct lk_session_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO session (digest, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)");
    lk_bind_blob(stmt, 1, digest_slice(digest));
    lk_bind_id(stmt, 2, &row->user_id);
    lk_bind_int(stmt, 3, row->created_at);
    lk_bind_int(stmt, 4, row->expires_at);
    return lk_run(stmt);
}

int lk_store_session_find(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES], struct lk_session_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT s.user_id, u.account_id, s.created_at, s.expires_at FROM session s "
                                          "JOIN user_account u ON u.id = s.user_id WHERE s.digest = $1");
    lk_bind_blob(stmt, 1, digest_slice(digest));
    int code = lk_step(stmt);
    if (code <= 0)
        return code == 0 ? LK_ENOTFOUND : code;
    struct lk_session_row row = {.created_at = lk_column_int(stmt, 2), .expires_at = lk_column_int(stmt, 3)};
    code = lk_column_id(stmt, 0, &row.user_id);
    if (code == 0)
        code = lk_column_id(stmt, 1, &row.account_id);
    lk_stmt_reset(stmt);
    if (code == 0)
        *ret = row;
    return code;
}

int lk_store_session_delete(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES]) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM session WHERE digest = $1");
    lk_bind_blob(stmt, 1, digest_slice(digest));
    int code = lk_run(stmt);
    return code == 0 && lk_db_changes(db) == 0 ? LK_ENOTFOUND : code;
}

int lk_store_session_delete_of_user(struct lk_db *db, const struct lk_id *user) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM session WHERE user_id = $1");
    lk_bind_id(stmt, 1, user);
    return lk_run(stmt);
}

int lk_store_session_delete_expired(struct lk_db *db, int64_t now_ms) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM session WHERE expires_at <= $1");
    lk_bind_int(stmt, 1, now_ms);
    return lk_run(stmt);
}
