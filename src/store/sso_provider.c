#include "store/sso_provider.h"

#include "store/row.h"

#define COLUMNS "id, account_id, name, kind, created_at"

int lk_store_provider_insert(struct lk_db *db, const struct lk_provider_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO sso_provider (" COLUMNS ") VALUES ($1, $2, $3, $4, $5)");
    lk_bind_id(stmt, 1, &row->id);
    lk_bind_id(stmt, 2, &row->account_id);
    lk_bind_text(stmt, 3, row->name);
    lk_bind_text(stmt, 4, row->kind);
    lk_bind_int(stmt, 5, row->created_at);
    return lk_run(stmt);
}

int lk_store_provider_delete(struct lk_db *db, const struct lk_id *id) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM sso_provider WHERE id = $1");
    lk_bind_id(stmt, 1, id);
    int code = lk_run(stmt);
    return code == 0 && lk_db_changes(db) == 0 ? LK_ENOTFOUND : code;
}

static int read_columns(struct lk_stmt *stmt, struct lk_arena *arena, void *ret) {
    struct lk_provider_row *row = ret;
    int code = lk_column_id(stmt, 0, &row->id);
    if (code == 0)
        code = lk_column_id(stmt, 1, &row->account_id);
    if (code == 0)
        code = lk_row_text(stmt, 2, arena, &row->name);
    if (code == 0)
        code = lk_row_text(stmt, 3, arena, &row->kind);
    row->created_at = lk_column_int(stmt, 4);
    return code;
}

int lk_store_provider_find(struct lk_db *db, const struct lk_id *account, const struct lk_id *id, struct lk_arena *arena,
                           struct lk_provider_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM sso_provider WHERE id = $1 AND account_id = $2");
    lk_bind_id(stmt, 1, id);
    lk_bind_id(stmt, 2, account);
    return lk_row_one(stmt, read_columns, arena, ret, sizeof(*ret));
}

int lk_store_provider_list(struct lk_db *db, const struct lk_id *account, int64_t limit, int64_t offset, struct lk_arena *arena,
                           struct lk_provider_row **ret, size_t *ret_len) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM sso_provider WHERE account_id = $1 ORDER BY name LIMIT $2 OFFSET $3");
    lk_bind_id(stmt, 1, account);
    lk_bind_int(stmt, 2, limit);
    lk_bind_int(stmt, 3, offset);
    struct lk_row_list list = {.arena = arena, .item_size = sizeof(struct lk_provider_row)};
    int code = lk_row_all(stmt, read_columns, &list);
    if (code == 0) {
        *ret = list.items;
        *ret_len = list.len;
    }
    return code;
}

int lk_store_provider_count(struct lk_db *db, const struct lk_id *account, int64_t *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT count(*) FROM sso_provider WHERE account_id = $1");
    lk_bind_id(stmt, 1, account);
    return lk_row_count(stmt, ret);
}
