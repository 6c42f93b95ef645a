#include "store/ip_allow.h"

#include "store/row.h"

#define COLUMNS "id, account_id, block, description, active, created_at"

int lk_store_ip_allow_insert(struct lk_db *db, const struct lk_ip_allow_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO ip_allow (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6)");
    lk_bind_id(stmt, 1, &row->id);
    lk_bind_id(stmt, 2, &row->account_id);
    lk_bind_text(stmt, 3, row->block);
    lk_bind_text(stmt, 4, row->description);
    lk_bind_int(stmt, 5, row->active);
    lk_bind_int(stmt, 6, row->created_at);
    return lk_run(stmt);
}

int lk_store_ip_allow_update(struct lk_db *db, const struct lk_ip_allow_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, "UPDATE ip_allow SET block = $1, description = $2, active = $3 WHERE id = $4");
    lk_bind_text(stmt, 1, row->block);
    lk_bind_text(stmt, 2, row->description);
    lk_bind_int(stmt, 3, row->active);
    lk_bind_id(stmt, 4, &row->id);
    return lk_run(stmt);
}

int lk_store_ip_allow_delete(struct lk_db *db, const struct lk_id *id) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM ip_allow WHERE id = $1");
    lk_bind_id(stmt, 1, id);
    int code = lk_run(stmt);
    return code == 0 && lk_db_changes(db) == 0 ? LK_ENOTFOUND : code;
}

static int read_columns(struct lk_stmt *stmt, struct lk_arena *arena, struct lk_ip_allow_row *row) {
    int code = lk_column_id(stmt, 0, &row->id);
    if (code == 0)
        code = lk_column_id(stmt, 1, &row->account_id);
    if (code == 0)
        code = lk_row_text(stmt, 2, arena, &row->block);
    if (code == 0)
        code = lk_row_text(stmt, 3, arena, &row->description);
    row->active = lk_column_int(stmt, 4) != 0;
    row->created_at = lk_column_int(stmt, 5);
    return code;
}

int lk_store_ip_allow_find(struct lk_db *db, const struct lk_id *account, const struct lk_id *id, struct lk_arena *arena,
                           struct lk_ip_allow_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM ip_allow WHERE id = $1 AND account_id = $2");
    lk_bind_id(stmt, 1, id);
    lk_bind_id(stmt, 2, account);
    int code = lk_step(stmt);
    if (code <= 0)
        return code == 0 ? LK_ENOTFOUND : code;
    struct lk_ip_allow_row row = {0};
    code = read_columns(stmt, arena, &row);
    lk_stmt_reset(stmt);
    if (code == 0)
        *ret = row;
    return code;
}

int lk_store_ip_allow_list(struct lk_db *db, const struct lk_id *account, int64_t limit, int64_t offset, struct lk_arena *arena,
                           struct lk_ip_allow_row **ret, size_t *ret_len) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM ip_allow WHERE account_id = $1 ORDER BY block LIMIT $2 OFFSET $3");
    lk_bind_id(stmt, 1, account);
    lk_bind_int(stmt, 2, limit);
    lk_bind_int(stmt, 3, offset);
    struct lk_row_list list = {.arena = arena, .item_size = sizeof(struct lk_ip_allow_row)};
    int code;
    while ((code = lk_step(stmt)) == 1) {
        struct lk_ip_allow_row *row = lk_row_list_add(&list);
        code = row == NULL ? LK_ENOMEM : read_columns(stmt, arena, row);
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

int lk_store_ip_allow_count(struct lk_db *db, const struct lk_id *account, int64_t *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT count(*) FROM ip_allow WHERE account_id = $1");
    lk_bind_id(stmt, 1, account);
    return lk_row_count(stmt, ret);
}
