/* Columns into memory that outlives the statement. For the aggregate files of this room. */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include "base/arena.h"
#include "store/db.h"

/* A copy of a text or blob column in the arena (a blob's slice carries bytes); ptr NULL for NULL. 0 or LK_ENOMEM. */
int lk_row_text(struct lk_stmt *stmt, int index, struct lk_arena *arena, struct lk_slice *ret);
int lk_row_blob(struct lk_stmt *stmt, int index, struct lk_arena *arena, struct lk_slice *ret);

/* A blob column of exactly len bytes. 0 or LK_ECORRUPT. */
int lk_row_bytes(struct lk_stmt *stmt, int index, void *out, size_t len);

/* Binds that many bytes, as a blob; bytes NULL binds NULL. They must stay put as those of lk_bind_blob. */
void lk_row_bind(struct lk_stmt *stmt, int index, const void *bytes, size_t len);

/* Binds what ids are to be greater than; NULL: less than every id. */
void lk_row_bind_after(struct lk_stmt *stmt, int index, const struct lk_id *after);

/* Steps a statement of one integer ("SELECT count(*) ..."), reads and resets it. 0 or negative. */
int lk_row_count(struct lk_stmt *stmt, int64_t *ret);

/* Reads the columns of the row that stmt stands on into ret, which is zeroed; texts into arena. 0 or negative. */
typedef int (*lk_row_read)(struct lk_stmt *stmt, struct lk_arena *arena, void *ret);

/* Steps to the first row, reads it and resets the statement. size is that of *ret, which is untouched on failure. 0, LK_ENOTFOUND when there is no row, or
 * negative. */
int lk_row_one(struct lk_stmt *stmt, lk_row_read read, struct lk_arena *arena, void *ret, size_t size);

/* Rows of a list while it is read: grows by doubling in the arena. item_size is that of one row. */
struct lk_row_list {
    struct lk_arena *arena;
    size_t item_size;
    void *items;
    size_t len;
    size_t cap;
};

/* Room for one more zeroed row, already counted; NULL when out of memory. */
void *lk_row_list_add(struct lk_row_list *list);

/* Steps through all rows into list, texts into its arena. 0 or negative; the statement is reset. */
int lk_row_all(struct lk_stmt *stmt, lk_row_read read, struct lk_row_list *list);

#endif
