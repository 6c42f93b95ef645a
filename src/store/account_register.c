#include "store/account_register.h"

#include "store/row.h"

int lk_store_register_insert(struct lk_db *db, const struct lk_register_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO account_register (position, account_id, end_seq, end_mac, mac) "
                                          "VALUES ($1, $2, $3, $4, $5)");
    lk_bind_int(stmt, 1, row->position);
    lk_bind_id(stmt, 2, &row->account_id);
    if (row->has_end) { /* else both stay NULL */
        lk_bind_int(stmt, 3, row->end_seq);
        lk_row_bind(stmt, 4, row->end_mac, LK_STORED_MAC_BYTES);
    }
    lk_row_bind(stmt, 5, row->mac, LK_STORED_MAC_BYTES);
    return lk_run(stmt);
}

static int read_columns(struct lk_stmt *stmt, struct lk_arena *arena, void *ret) {
    (void)arena;
    struct lk_register_row *row = ret;
    row->position = lk_column_int(stmt, 0);
    row->has_end = !lk_column_is_null(stmt, 2);
    row->end_seq = lk_column_int(stmt, 2);
    row->is_latest = lk_column_int(stmt, 5) == row->position;
    int code = lk_column_id(stmt, 1, &row->account_id);
    if (code == 0 && row->has_end)
        code = lk_row_bytes(stmt, 3, row->end_mac, sizeof(row->end_mac));
    return code != 0 ? code : lk_row_bytes(stmt, 4, row->mac, sizeof(row->mac));
}

int lk_store_register_next(struct lk_db *db, int64_t after, struct lk_arena *arena, struct lk_register_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT r.position, r.account_id, r.end_seq, r.end_mac, r.mac, "
                                          "(SELECT max(l.position) FROM account_register l WHERE l.account_id = r.account_id) "
                                          "FROM account_register r WHERE r.position > $1 ORDER BY r.position LIMIT 1");
    lk_bind_int(stmt, 1, after);
    return lk_row_one(stmt, read_columns, arena, ret, sizeof(*ret));
}

static int read_end(struct lk_stmt *stmt, struct lk_arena *arena, void *ret) {
    (void)arena;
    struct lk_register_end_row *row = ret;
    row->position = lk_column_int(stmt, 0);
    int code = lk_row_bytes(stmt, 1, row->mac, sizeof(row->mac));
    return code != 0 ? code : lk_row_bytes(stmt, 2, row->seal, sizeof(row->seal));
}

int lk_store_register_end_find(struct lk_db *db, struct lk_arena *arena, struct lk_register_end_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT position, mac, seal FROM account_register_end WHERE id = 1");
    return lk_row_one(stmt, read_end, arena, ret, sizeof(*ret));
}

int lk_store_register_end_set(struct lk_db *db, const struct lk_register_end_row *row) {
    struct lk_stmt *stmt =
        lk_db_stmt(db, "INSERT INTO account_register_end (id, position, mac, seal) VALUES (1, $1, $2, $3) "
                       "ON CONFLICT (id) DO UPDATE SET position = excluded.position, mac = excluded.mac, seal = excluded.seal");
    lk_bind_int(stmt, 1, row->position);
    lk_row_bind(stmt, 2, row->mac, LK_STORED_MAC_BYTES);
    lk_row_bind(stmt, 3, row->seal, LK_STORED_MAC_BYTES);
    return lk_run(stmt);
}

static int read_account_end(struct lk_stmt *stmt, struct lk_arena *arena, void *ret) {
    (void)arena;
    struct lk_account_row *row = ret;
    row->audit_seq = lk_column_int(stmt, 1);
    int code = lk_column_id(stmt, 0, &row->id);
    if (code == 0)
        code = lk_row_bytes(stmt, 2, row->audit_mac, sizeof(row->audit_mac));
    return code != 0 ? code : lk_row_bytes(stmt, 3, row->audit_seal, sizeof(row->audit_seal));
}

int lk_store_register_account_next(struct lk_db *db, const struct lk_id *after, struct lk_arena *arena, struct lk_account_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT id, audit_seq, audit_mac, audit_seal FROM account WHERE id > $1 ORDER BY id LIMIT 1");
    lk_row_bind_after(stmt, 1, after);
    return lk_row_one(stmt, read_account_end, arena, ret, sizeof(*ret));
}

static int read_id(struct lk_stmt *stmt, struct lk_arena *arena, void *ret) {
    (void)arena;
    return lk_column_id(stmt, 0, ret);
}

int lk_store_register_stranger(struct lk_db *db, struct lk_arena *arena, struct lk_id *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT a.id FROM account a WHERE NOT EXISTS "
                                          "(SELECT 1 FROM account_register r WHERE r.account_id = a.id) ORDER BY a.id LIMIT 1");
    return lk_row_one(stmt, read_id, arena, ret, sizeof(*ret));
}

int lk_store_register_stranger_in_log(struct lk_db *db, const struct lk_id *after, struct lk_arena *arena, struct lk_id *ret) {
    struct lk_stmt *stmt =
        lk_db_stmt(db, "SELECT e.account_id FROM audit_entry e WHERE e.account_id > $1 AND NOT EXISTS "
                       "(SELECT 1 FROM account_register r WHERE r.account_id = e.account_id) ORDER BY e.account_id LIMIT 1");
    lk_row_bind_after(stmt, 1, after);
    return lk_row_one(stmt, read_id, arena, ret, sizeof(*ret));
}
