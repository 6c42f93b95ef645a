#include "store/row.h"

static int copy(struct lk_slice from, struct lk_arena *arena, struct lk_slice *ret) {
    if (from.ptr == NULL) {
        *ret = from;
        return 0;
    }
    return lk_arena_copy(arena, from, ret);
}

int lk_row_text(struct lk_stmt *stmt, int index, struct lk_arena *arena, struct lk_slice *ret) {
    return copy(lk_column_text(stmt, index), arena, ret);
}

int lk_row_blob(struct lk_stmt *stmt, int index, struct lk_arena *arena, struct lk_slice *ret) {
    return copy(lk_column_blob(stmt, index), arena, ret);
}

int lk_row_bytes(struct lk_stmt *stmt, int index, void *out, size_t len) {
    struct lk_slice bytes = lk_column_blob(stmt, index);
    if (bytes.len != len)
        return LK_ECORRUPT;
    memcpy(out, bytes.ptr, len);
    return 0;
}

void lk_row_bind(struct lk_stmt *stmt, int index, const void *bytes, size_t len) {
    lk_bind_blob(stmt, index, lk_slice_make(bytes, bytes == NULL ? 0 : len));
}

void lk_row_bind_after(struct lk_stmt *stmt, int index, const struct lk_id *after) {
    /* Every id is longer than the empty blob, so it stands before the first. */
    lk_row_bind(stmt, index, after == NULL ? "" : (const char *)after->bytes, after == NULL ? 0 : LK_ID_BYTES);
}

int lk_row_count(struct lk_stmt *stmt, int64_t *ret) {
    int code = lk_step(stmt);
    if (code < 0)
        return code;
    if (code == 0)
        return LK_EINTERNAL;
    *ret = lk_column_int(stmt, 0);
    lk_stmt_reset(stmt);
    return 0;
}

void *lk_row_list_add(struct lk_row_list *list) {
    if (list->len == list->cap) {
        size_t cap = list->cap == 0 ? 8 : list->cap * 2;
        void *items = lk_arena_calloc(list->arena, cap, list->item_size);
        if (items == NULL)
            return NULL;
        if (list->len > 0)
            memcpy(items, list->items, list->len * list->item_size);
        list->items = items;
        list->cap = cap;
    }
    return (char *)list->items + list->len++ * list->item_size;
}

int lk_row_one(struct lk_stmt *stmt, lk_row_read read, struct lk_arena *arena, void *ret, size_t size) {
    int code = lk_step(stmt);
    if (code <= 0)
        return code == 0 ? LK_ENOTFOUND : code;
    void *row = lk_arena_calloc(arena, 1, size);
    code = row == NULL ? LK_ENOMEM : read(stmt, arena, row);
    lk_stmt_reset(stmt);
    if (code == 0)
        memcpy(ret, row, size);
    return code;
}

int lk_row_all(struct lk_stmt *stmt, lk_row_read read, struct lk_row_list *list) {
    int code;
    while ((code = lk_step(stmt)) == 1) {
        void *row = lk_row_list_add(list);
        code = row == NULL ? LK_ENOMEM : read(stmt, list->arena, row);
        if (code != 0) {
            lk_stmt_reset(stmt);
            return code;
        }
    }
    return code;
}
