#include "store/session.h"

#include "store/row.h"

#define SELECT_ROWS                                                                                                                   \
    "SELECT s.digest, s.position, s.user_id, s.created_at, s.used_at, s.expires_at, s.ends_at, u.account_id, u.email FROM session s " \
    "JOIN user_account u ON u.id = s.user_id "

int lk_store_session_insert(struct lk_db *db, const struct lk_session_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO session (digest, position, user_id, created_at, used_at, expires_at, ends_at) "
                                          "VALUES ($1, $2, $3, $4, $5, $6, $7)");
    lk_row_bind(stmt, 1, row->digest, LK_STORED_MAC_BYTES);
    lk_bind_int(stmt, 2, row->position);
    lk_bind_id(stmt, 3, &row->user_id);
    lk_bind_int(stmt, 4, row->created_at);
    lk_bind_int(stmt, 5, row->used_at);
    lk_bind_int(stmt, 6, row->expires_at);
    lk_bind_int(stmt, 7, row->ends_at);
    return lk_run(stmt);
}

static int read_columns(struct lk_stmt *stmt, struct lk_arena *arena, void *ret) {
    struct lk_session_user_row *row = ret;
    int code = lk_row_bytes(stmt, 0, row->session.digest, sizeof(row->session.digest));
    if (code == 0)
        code = lk_column_id(stmt, 2, &row->session.user_id);
    if (code == 0)
        code = lk_column_id(stmt, 7, &row->account_id);
    if (code == 0)
        code = lk_row_text(stmt, 8, arena, &row->email);
    row->session.position = lk_column_int(stmt, 1);
    row->session.created_at = lk_column_int(stmt, 3);
    row->session.used_at = lk_column_int(stmt, 4);
    row->session.expires_at = lk_column_int(stmt, 5);
    row->session.ends_at = lk_column_int(stmt, 6);
    return code;
}

int lk_store_session_find(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES], const struct lk_id *account, struct lk_arena *arena,
                          struct lk_session_user_row *ret) {
    struct lk_stmt *stmt = account == NULL ? lk_db_stmt(db, SELECT_ROWS "WHERE s.digest = $1 AND s.position = 0")
                                           : lk_db_stmt(db, SELECT_ROWS "WHERE s.digest = $1 AND u.account_id = $2");
    lk_row_bind(stmt, 1, digest, LK_STORED_MAC_BYTES);
    if (account != NULL)
        lk_bind_id(stmt, 2, account);
    return lk_row_one(stmt, read_columns, arena, ret, sizeof(*ret));
}

int lk_store_session_list(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES], int64_t limit, struct lk_arena *arena,
                          struct lk_session_user_row **ret, size_t *ret_len) {
    struct lk_stmt *stmt = lk_db_stmt(db, SELECT_ROWS "WHERE s.digest = $1 ORDER BY s.position LIMIT $2");
    lk_row_bind(stmt, 1, digest, LK_STORED_MAC_BYTES);
    lk_bind_int(stmt, 2, limit);
    struct lk_row_list list = {.arena = arena, .item_size = sizeof(struct lk_session_user_row)};
    int code = lk_row_all(stmt, read_columns, &list);
    if (code == 0) {
        *ret = list.items;
        *ret_len = list.len;
    }
    return code;
}

int lk_store_session_use(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES], int64_t used_at, int64_t expires_at) {
    struct lk_stmt *stmt = lk_db_stmt(db, "UPDATE session SET used_at = $1, expires_at = $2 WHERE digest = $3");
    lk_bind_int(stmt, 1, used_at);
    lk_bind_int(stmt, 2, expires_at);
    lk_row_bind(stmt, 3, digest, LK_STORED_MAC_BYTES);
    return lk_run(stmt);
}

int lk_store_session_delete(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES]) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM session WHERE digest = $1");
    lk_row_bind(stmt, 1, digest, LK_STORED_MAC_BYTES);
    return lk_run(stmt);
}

int lk_store_session_delete_of_user(struct lk_db *db, const struct lk_id *user, const uint8_t *but) {
    struct lk_stmt *stmt = but == NULL ? lk_db_stmt(db, "DELETE FROM session WHERE user_id = $1")
                                       : lk_db_stmt(db, "DELETE FROM session WHERE user_id = $1 AND digest <> $2");
    lk_bind_id(stmt, 1, user);
    if (but != NULL)
        lk_row_bind(stmt, 2, but, LK_STORED_MAC_BYTES);
    return lk_run(stmt);
}

int lk_store_session_purge(struct lk_db *db, int64_t now_ms, int64_t limit) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM session WHERE (digest, position) IN "
                                          "(SELECT digest, position FROM session WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)");
    lk_bind_int(stmt, 1, now_ms);
    lk_bind_int(stmt, 2, limit);
    return lk_run(stmt);
}
