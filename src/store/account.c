#include "store/account.h"

#include "store/row.h"
#include "store/usage.h"

#define COLUMNS "id, name, created_at, audit_seq, audit_mac, audit_seal, rate_limit, rate_window_ms"

int lk_store_account_insert(struct lk_db *db, const struct lk_account_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO account (id, name, created_at, audit_seq, audit_mac, audit_seal) "
                                          "VALUES ($1, $2, $3, $4, $5, $6)");
    lk_bind_id(stmt, 1, &row->id);
    lk_bind_text(stmt, 2, row->name);
    lk_bind_int(stmt, 3, row->created_at);
    lk_bind_int(stmt, 4, row->audit_seq);
    lk_row_bind(stmt, 5, row->audit_mac, LK_STORED_MAC_BYTES);
    lk_row_bind(stmt, 6, row->audit_seal, LK_STORED_MAC_BYTES);
    return lk_run(stmt);
}

static int read_columns(struct lk_stmt *stmt, struct lk_arena *arena, void *ret) {
    struct lk_account_row *row = ret;
    int code = lk_column_id(stmt, 0, &row->id);
    if (code == 0)
        code = lk_row_text(stmt, 1, arena, &row->name);
    if (code == 0)
        code = lk_row_bytes(stmt, 4, row->audit_mac, sizeof(row->audit_mac));
    if (code == 0)
        code = lk_row_bytes(stmt, 5, row->audit_seal, sizeof(row->audit_seal));
    row->created_at = lk_column_int(stmt, 2);
    row->audit_seq = lk_column_int(stmt, 3);
    row->rate_limit = lk_column_int(stmt, 6);
    row->rate_window_ms = lk_column_int(stmt, 7);
    return code;
}

static int read_account(struct lk_stmt *stmt, struct lk_arena *arena, struct lk_account_row *ret) {
    return lk_row_one(stmt, read_columns, arena, ret, sizeof(*ret));
}

int lk_store_account_find(struct lk_db *db, const struct lk_id *id, struct lk_arena *arena, struct lk_account_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM account WHERE id = $1");
    lk_bind_id(stmt, 1, id);
    return read_account(stmt, arena, ret);
}

int lk_store_account_next(struct lk_db *db, const struct lk_id *after, struct lk_arena *arena, struct lk_account_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM account WHERE id > $1 "
                                          "ORDER BY id LIMIT 1");
    lk_row_bind_after(stmt, 1, after);
    return read_account(stmt, arena, ret);
}

int lk_store_account_oldest(struct lk_db *db, struct lk_arena *arena, struct lk_account_row *ret) {
    return read_account(lk_db_stmt(db, "SELECT " COLUMNS " FROM account ORDER BY created_at, id LIMIT 1"), arena, ret);
}

int lk_store_account_list(struct lk_db *db, int64_t limit, int64_t offset, struct lk_arena *arena, struct lk_account_row **ret,
                          size_t *ret_len) {
    /* The ids first: what is skipped is then walked in the index alone. */
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM account WHERE id IN (SELECT id FROM account ORDER BY name, id "
                                          "LIMIT $1 OFFSET $2) ORDER BY name, id");
    lk_bind_int(stmt, 1, limit);
    lk_bind_int(stmt, 2, offset);
    struct lk_row_list list = {.arena = arena, .item_size = sizeof(struct lk_account_row)};
    int code = lk_row_all(stmt, read_columns, &list);
    if (code == 0) {
        *ret = list.items;
        *ret_len = list.len;
    }
    return code;
}

int lk_store_account_count(struct lk_db *db, int64_t *ret) {
    return lk_row_count(lk_db_stmt(db, "SELECT count(*) FROM account"), ret);
}

int lk_store_account_delete(struct lk_db *db, const struct lk_id *id) {
    int code = lk_store_usage_forget_account(db, id);
    if (code != 0)
        return code;
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM account WHERE id = $1");
    lk_bind_id(stmt, 1, id);
    code = lk_run(stmt);
    return code == 0 && lk_db_changes(db) == 0 ? LK_ENOTFOUND : code;
}

int lk_store_account_update(struct lk_db *db, const struct lk_account_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, "UPDATE account SET name = $1, rate_limit = $2, rate_window_ms = $3 WHERE id = $4");
    lk_bind_text(stmt, 1, row->name);
    if (row->rate_limit != 0) { /* else both stay NULL */
        lk_bind_int(stmt, 2, row->rate_limit);
        lk_bind_int(stmt, 3, row->rate_window_ms);
    }
    lk_bind_id(stmt, 4, &row->id);
    return lk_run(stmt);
}

int lk_store_account_set_audit(struct lk_db *db, const struct lk_account_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, "UPDATE account SET audit_seq = $1, audit_mac = $2, audit_seal = $3 WHERE id = $4");
    lk_bind_int(stmt, 1, row->audit_seq);
    lk_row_bind(stmt, 2, row->audit_mac, LK_STORED_MAC_BYTES);
    lk_row_bind(stmt, 3, row->audit_seal, LK_STORED_MAC_BYTES);
    lk_bind_id(stmt, 4, &row->id);
    return lk_run(stmt);
}

int lk_store_keys_check_find(struct lk_db *db, uint8_t ret[LK_STORED_MAC_BYTES]) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT keys_check FROM server WHERE id = 1");
    int code = lk_step(stmt);
    if (code <= 0)
        return code == 0 ? LK_ENOTFOUND : code;
    code = lk_row_bytes(stmt, 0, ret, LK_STORED_MAC_BYTES);
    lk_stmt_reset(stmt);
    return code;
}

int lk_store_keys_check_insert(struct lk_db *db, const uint8_t check[LK_STORED_MAC_BYTES], int64_t now_ms) {
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO server (id, keys_check, created_at) VALUES (1, $1, $2)");
    lk_row_bind(stmt, 1, check, LK_STORED_MAC_BYTES);
    lk_bind_int(stmt, 2, now_ms);
    return lk_run(stmt);
}
