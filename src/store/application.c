#include "store/application.h"

#include "store/row.h"

#define COLUMNS "id, account_id, name, description, created_at, created_by, updated_at"

int lk_store_application_insert(struct lk_db *db, const struct lk_application_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO application (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7)");
    lk_bind_id(stmt, 1, &row->id);
    lk_bind_id(stmt, 2, &row->account_id);
    lk_bind_text(stmt, 3, row->name);
    lk_bind_text(stmt, 4, row->description);
    lk_bind_int(stmt, 5, row->created_at);
    lk_bind_id(stmt, 6, row->has_creator ? &row->created_by : NULL);
    lk_bind_int(stmt, 7, row->updated_at);
    return lk_run(stmt);
}

int lk_store_application_update(struct lk_db *db, const struct lk_application_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, "UPDATE application SET name = $1, description = $2, updated_at = $3 WHERE id = $4");
    lk_bind_text(stmt, 1, row->name);
    lk_bind_text(stmt, 2, row->description);
    lk_bind_int(stmt, 3, row->updated_at);
    lk_bind_id(stmt, 4, &row->id);
    return lk_run(stmt);
}

int lk_store_application_delete(struct lk_db *db, const struct lk_id *id) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM application WHERE id = $1");
    lk_bind_id(stmt, 1, id);
    int code = lk_run(stmt);
    return code == 0 && lk_db_changes(db) == 0 ? LK_ENOTFOUND : code;
}

static int read_columns(struct lk_stmt *stmt, struct lk_arena *arena, void *ret) {
    struct lk_application_row *row = ret;
    int code = lk_column_id(stmt, 0, &row->id);
    if (code == 0)
        code = lk_column_id(stmt, 1, &row->account_id);
    if (code == 0)
        code = lk_row_text(stmt, 2, arena, &row->name);
    if (code == 0)
        code = lk_row_text(stmt, 3, arena, &row->description);
    row->created_at = lk_column_int(stmt, 4);
    row->has_creator = !lk_column_is_null(stmt, 5);
    if (code == 0 && row->has_creator)
        code = lk_column_id(stmt, 5, &row->created_by);
    row->updated_at = lk_column_int(stmt, 6);
    return code;
}

static int read_one(struct lk_stmt *stmt, struct lk_arena *arena, struct lk_application_row *ret) {
    return lk_row_one(stmt, read_columns, arena, ret, sizeof(*ret));
}

int lk_store_application_find(struct lk_db *db, const struct lk_id *account, const struct lk_id *id, struct lk_arena *arena,
                              struct lk_application_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM application WHERE id = $1 AND account_id = $2");
    lk_bind_id(stmt, 1, id);
    lk_bind_id(stmt, 2, account);
    return read_one(stmt, arena, ret);
}

int lk_store_application_find_by_name(struct lk_db *db, const struct lk_id *account, struct lk_slice name, struct lk_arena *arena,
                                      struct lk_application_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM application WHERE account_id = $1 AND name = $2");
    lk_bind_id(stmt, 1, account);
    lk_bind_text(stmt, 2, name);
    return read_one(stmt, arena, ret);
}

int lk_store_application_list(struct lk_db *db, const struct lk_id *account, int64_t limit, int64_t offset, struct lk_arena *arena,
                              struct lk_application_row **ret, size_t *ret_len) {
    /* The ids first: what is skipped is then walked in the index alone. */
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM application WHERE id IN (SELECT id FROM application "
                                          "WHERE account_id = $1 ORDER BY name LIMIT $2 OFFSET $3) ORDER BY name");
    lk_bind_id(stmt, 1, account);
    lk_bind_int(stmt, 2, limit);
    lk_bind_int(stmt, 3, offset);
    struct lk_row_list list = {.arena = arena, .item_size = sizeof(struct lk_application_row)};
    int code = lk_row_all(stmt, read_columns, &list);
    if (code == 0) {
        *ret = list.items;
        *ret_len = list.len;
    }
    return code;
}

int lk_store_application_count(struct lk_db *db, const struct lk_id *account, int64_t *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT count(*) FROM application WHERE account_id = $1");
    lk_bind_id(stmt, 1, account);
    return lk_row_count(stmt, ret);
}
