#include "store/login.h"

#include "store/row.h"

int lk_store_login_find(struct lk_db *db, const struct lk_id *user, struct lk_arena *arena, struct lk_login_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT password_hash, password_set_at, failures, first_failure_at, locked_until FROM user_login "
                                          "WHERE user_id = $1");
    lk_bind_id(stmt, 1, user);
    int code = lk_step(stmt);
    if (code <= 0)
        return code == 0 ? LK_ENOTFOUND : code;
    struct lk_login_row row = {.user_id = *user};
    code = lk_row_text(stmt, 0, arena, &row.password_hash);
    row.password_set_at = lk_column_int(stmt, 1);
    row.failures = lk_column_int(stmt, 2);
    row.first_failure_at = lk_column_int(stmt, 3);
    row.locked_until = lk_column_int(stmt, 4);
    lk_stmt_reset(stmt);
    if (code == 0)
        *ret = row;
    return code;
}

int lk_store_login_put(struct lk_db *db, const struct lk_login_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(
        db, "INSERT INTO user_login (user_id, password_hash, password_set_at, failures, first_failure_at, locked_until) "
            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash, "
            "password_set_at = excluded.password_set_at, failures = excluded.failures, first_failure_at = excluded.first_failure_at, "
            "locked_until = excluded.locked_until");
    lk_bind_id(stmt, 1, &row->user_id);
    lk_bind_text(stmt, 2, row->password_hash);
    if (row->password_set_at == 0)
        lk_bind_null(stmt, 3);
    else
        lk_bind_int(stmt, 3, row->password_set_at);
    lk_bind_int(stmt, 4, row->failures);
    lk_bind_int(stmt, 5, row->first_failure_at);
    lk_bind_int(stmt, 6, row->locked_until);
    return lk_run(stmt);
}

static int read_candidate(struct lk_stmt *stmt, struct lk_arena *arena, struct lk_login_candidate_row *row) {
    int code = lk_column_id(stmt, 0, &row->user_id);
    if (code == 0)
        code = lk_column_id(stmt, 1, &row->account_id);
    if (code == 0)
        code = lk_row_text(stmt, 2, arena, &row->email);
    if (code == 0)
        code = lk_row_text(stmt, 3, arena, &row->account_name);
    if (code == 0)
        code = lk_row_text(stmt, 4, arena, &row->password_hash);
    return code;
}

int lk_store_login_list(struct lk_db *db, struct lk_slice email, int64_t limit, struct lk_arena *arena, struct lk_login_candidate_row **ret,
                        size_t *ret_len) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT u.id, u.account_id, u.email, a.name, l.password_hash FROM user_account u "
                                          "JOIN user_login l ON l.user_id = u.id JOIN account a ON a.id = u.account_id "
                                          "WHERE u.email = $1 AND l.password_hash IS NOT NULL ORDER BY u.created_at, u.id LIMIT $2");
    lk_bind_text(stmt, 1, email);
    lk_bind_int(stmt, 2, limit);
    struct lk_row_list list = {.arena = arena, .item_size = sizeof(struct lk_login_candidate_row)};
    int code;
    while ((code = lk_step(stmt)) == 1) {
        struct lk_login_candidate_row *row = lk_row_list_add(&list);
        code = row == NULL ? LK_ENOMEM : read_candidate(stmt, arena, row);
        if (code != 0) {
            lk_stmt_reset(stmt);
            return code;
        }
    }
    if (code == 0) {
        *ret = list.items;
        *ret_len = list.len;
    }
    return code;
}

int lk_store_login_write_nothing(struct lk_db *db) {
    return lk_run(lk_db_stmt(db, "UPDATE server SET created_at = created_at"));
}
