#include "store/ip_allow.h"

#include "store/row.h"

#define COLUMNS "id, account_id, cidr, network, prefix, description, status, created_at, updated_at"

static struct lk_slice status(const struct lk_ip_allow_row *row) {
    return lk_slice_cstr(row->active ? "ACTIVE" : "DISABLED");
}

int lk_store_ip_allow_insert(struct lk_db *db, const struct lk_ip_allow_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO ip_allow (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    lk_bind_id(stmt, 1, &row->id);
    lk_bind_id(stmt, 2, &row->account_id);
    lk_bind_text(stmt, 3, row->cidr);
    lk_row_bind(stmt, 4, row->range.network.bytes, LK_IP_BYTES);
    lk_bind_int(stmt, 5, row->range.prefix);
    lk_bind_text(stmt, 6, row->description);
    lk_bind_text(stmt, 7, status(row));
    lk_bind_int(stmt, 8, row->created_at);
    lk_bind_int(stmt, 9, row->updated_at);
    return lk_run(stmt);
}

int lk_store_ip_allow_update(struct lk_db *db, const struct lk_ip_allow_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(
        db, "UPDATE ip_allow SET cidr = $1, network = $2, prefix = $3, description = $4, status = $5, updated_at = $6 WHERE id = $7");
    lk_bind_text(stmt, 1, row->cidr);
    lk_row_bind(stmt, 2, row->range.network.bytes, LK_IP_BYTES);
    lk_bind_int(stmt, 3, row->range.prefix);
    lk_bind_text(stmt, 4, row->description);
    lk_bind_text(stmt, 5, status(row));
    lk_bind_int(stmt, 6, row->updated_at);
    lk_bind_id(stmt, 7, &row->id);
    return lk_run(stmt);
}

int lk_store_ip_allow_delete(struct lk_db *db, const struct lk_id *id) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM ip_allow WHERE id = $1");
    lk_bind_id(stmt, 1, id);
    int code = lk_run(stmt);
    return code == 0 && lk_db_changes(db) == 0 ? LK_ENOTFOUND : code;
}

static int read_columns(struct lk_stmt *stmt, struct lk_arena *arena, void *ret) {
    struct lk_ip_allow_row *row = ret;
    int code = lk_column_id(stmt, 0, &row->id);
    if (code == 0)
        code = lk_column_id(stmt, 1, &row->account_id);
    if (code == 0)
        code = lk_row_text(stmt, 2, arena, &row->cidr);
    if (code == 0)
        code = lk_row_bytes(stmt, 3, row->range.network.bytes, LK_IP_BYTES);
    if (code == 0)
        code = lk_row_text(stmt, 5, arena, &row->description);
    row->range.prefix = (unsigned)lk_column_int(stmt, 4);
    row->active = lk_slice_is(lk_column_text(stmt, 6), "ACTIVE");
    row->created_at = lk_column_int(stmt, 7);
    row->updated_at = lk_column_int(stmt, 8);
    return code;
}

int lk_store_ip_allow_find(struct lk_db *db, const struct lk_id *account, const struct lk_id *id, struct lk_arena *arena,
                           struct lk_ip_allow_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM ip_allow WHERE account_id = $1 AND id = $2");
    lk_bind_id(stmt, 1, account);
    lk_bind_id(stmt, 2, id);
    return lk_row_one(stmt, read_columns, arena, ret, sizeof(*ret));
}

int lk_store_ip_allow_list(struct lk_db *db, const struct lk_id *account, bool active_only, int64_t limit, int64_t offset,
                           struct lk_arena *arena, struct lk_ip_allow_row **ret, size_t *ret_len) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM ip_allow WHERE account_id = $1 AND (status = 'ACTIVE' OR $2 = 0) "
                                          "ORDER BY network, prefix LIMIT $3 OFFSET $4");
    lk_bind_id(stmt, 1, account);
    lk_bind_int(stmt, 2, active_only);
    lk_bind_int(stmt, 3, limit);
    lk_bind_int(stmt, 4, offset);
    struct lk_row_list list = {.arena = arena, .item_size = sizeof(struct lk_ip_allow_row)};
    int code = lk_row_all(stmt, read_columns, &list);
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
