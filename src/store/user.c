#include "store/user.h"

#include "store/row.h"

#define COLUMNS "u.id, u.account_id, u.name, u.email, u.external_id, u.email_verified, u.created_at, u.updated_at"

int lk_store_user_insert(struct lk_db *db, const struct lk_user_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO user_account (id, account_id, name, email, external_id, email_verified, created_at, "
                                          "updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    lk_bind_id(stmt, 1, &row->id);
    lk_bind_id(stmt, 2, &row->account_id);
    lk_bind_text(stmt, 3, row->name);
    lk_bind_text(stmt, 4, row->email);
    lk_bind_text(stmt, 5, row->external_id);
    lk_bind_int(stmt, 6, row->email_verified);
    lk_bind_int(stmt, 7, row->created_at);
    lk_bind_int(stmt, 8, row->updated_at);
    return lk_run(stmt);
}

int lk_store_user_update(struct lk_db *db, const struct lk_user_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, "UPDATE user_account SET name = $1, external_id = $2, updated_at = $3 WHERE id = $4");
    lk_bind_text(stmt, 1, row->name);
    lk_bind_text(stmt, 2, row->external_id);
    lk_bind_int(stmt, 3, row->updated_at);
    lk_bind_id(stmt, 4, &row->id);
    return lk_run(stmt);
}

int lk_store_user_delete(struct lk_db *db, const struct lk_id *id) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM user_account WHERE id = $1");
    lk_bind_id(stmt, 1, id);
    int code = lk_run(stmt);
    return code == 0 && lk_db_changes(db) == 0 ? LK_ENOTFOUND : code;
}

static int read_columns(struct lk_stmt *stmt, struct lk_arena *arena, void *ret) {
    struct lk_user_row *row = ret;
    int code = lk_column_id(stmt, 0, &row->id);
    if (code == 0)
        code = lk_column_id(stmt, 1, &row->account_id);
    if (code == 0)
        code = lk_row_text(stmt, 2, arena, &row->name);
    if (code == 0)
        code = lk_row_text(stmt, 3, arena, &row->email);
    if (code == 0)
        code = lk_row_text(stmt, 4, arena, &row->external_id);
    row->email_verified = lk_column_int(stmt, 5) != 0;
    row->created_at = lk_column_int(stmt, 6);
    row->updated_at = lk_column_int(stmt, 7);
    return code;
}

static int read_one(struct lk_stmt *stmt, struct lk_arena *arena, struct lk_user_row *ret) {
    return lk_row_one(stmt, read_columns, arena, ret, sizeof(*ret));
}

/* A page of users by an id (of the account or the group). */
static int read_page(struct lk_stmt *stmt, const struct lk_id *id, int64_t limit, int64_t offset, struct lk_arena *arena,
                     struct lk_user_row **ret, size_t *ret_len) {
    struct lk_row_list list = {.arena = arena, .item_size = sizeof(struct lk_user_row)};
    lk_bind_id(stmt, 1, id);
    lk_bind_int(stmt, 2, limit);
    lk_bind_int(stmt, 3, offset);
    int code = lk_row_all(stmt, read_columns, &list);
    if (code == 0) {
        *ret = list.items;
        *ret_len = list.len;
    }
    return code;
}

int lk_store_user_find(struct lk_db *db, const struct lk_id *account, const struct lk_id *id, struct lk_arena *arena,
                       struct lk_user_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM user_account u WHERE u.id = $1 AND u.account_id = $2");
    lk_bind_id(stmt, 1, id);
    lk_bind_id(stmt, 2, account);
    return read_one(stmt, arena, ret);
}

int lk_store_user_find_by_email(struct lk_db *db, const struct lk_id *account, struct lk_slice email, struct lk_arena *arena,
                                struct lk_user_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM user_account u WHERE u.account_id = $1 AND u.email = $2");
    lk_bind_id(stmt, 1, account);
    lk_bind_text(stmt, 2, email);
    return read_one(stmt, arena, ret);
}

int lk_store_user_find_by_name(struct lk_db *db, const struct lk_id *account, struct lk_slice name, struct lk_arena *arena,
                               struct lk_user_row *ret) {
    struct lk_stmt *stmt =
        lk_db_stmt(db, "SELECT " COLUMNS " FROM user_account u WHERE u.account_id = $1 AND u.name = $2 ORDER BY u.email LIMIT 1");
    lk_bind_id(stmt, 1, account);
    lk_bind_text(stmt, 2, name);
    return read_one(stmt, arena, ret);
}

int lk_store_user_list(struct lk_db *db, const struct lk_id *account, int64_t limit, int64_t offset, struct lk_arena *arena,
                       struct lk_user_row **ret, size_t *ret_len) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM user_account u WHERE u.id IN (SELECT id FROM user_account "
                                          "WHERE account_id = $1 ORDER BY name, email LIMIT $2 OFFSET $3) ORDER BY u.name, u.email");
    return read_page(stmt, account, limit, offset, arena, ret, ret_len);
}

int lk_store_user_count(struct lk_db *db, const struct lk_id *account, int64_t *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT count(*) FROM user_account WHERE account_id = $1");
    lk_bind_id(stmt, 1, account);
    return lk_row_count(stmt, ret);
}

int lk_store_user_list_of_group(struct lk_db *db, const struct lk_id *group, int64_t limit, int64_t offset, struct lk_arena *arena,
                                struct lk_user_row **ret, size_t *ret_len) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM group_member m JOIN user_account u ON u.id = m.user_id "
                                          "WHERE m.group_id = $1 ORDER BY u.name, u.email LIMIT $2 OFFSET $3");
    return read_page(stmt, group, limit, offset, arena, ret, ret_len);
}

int lk_store_user_count_of_group(struct lk_db *db, const struct lk_id *group, int64_t *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT count(*) FROM group_member WHERE group_id = $1");
    lk_bind_id(stmt, 1, group);
    return lk_row_count(stmt, ret);
}
