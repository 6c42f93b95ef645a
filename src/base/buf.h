/*
 * Growable byte buffer. Appending never partly happens: on failure the contents are as before and the buffer remembers it (failed), so that a
 * writer of many small pieces checks once at the end. Not thread-safe.
 */
#ifndef LK_BASE_BUF_H
#define LK_BASE_BUF_H

#include "base/slice.h"

#include <stdarg.h>

struct lk_buf {
    char *ptr; /* owned; NULL while cap is 0 */
    size_t len;
    size_t cap;
    size_t limit; /* most bytes it may hold; 0 means no limit of its own */
    bool failed;  /* some append did not happen */
};

/* An empty buffer that holds at most limit bytes (0: unlimited). Allocates nothing yet. A zeroed struct is the same with limit 0. */
void lk_buf_init(struct lk_buf *buf, size_t limit);

/* Wipes and frees the memory and leaves an empty buffer with the same limit. */
void lk_buf_free(struct lk_buf *buf);

/* Empties and wipes it and clears `failed`, keeping the memory. */
void lk_buf_clear(struct lk_buf *buf);

/* Room for extra more bytes at ptr + len. 0, LK_ENOMEM or LK_ELIMIT. */
int lk_buf_reserve(struct lk_buf *buf, size_t extra);

/* Append; 0, LK_ENOMEM or LK_ELIMIT, and failed is set on the latter two. */
int lk_buf_add_growing(struct lk_buf *buf, struct lk_slice bytes); /* lk_buf_add, where there may be no room yet */
int lk_buf_add_char(struct lk_buf *buf, char c);

static inline int lk_buf_add(struct lk_buf *buf, struct lk_slice bytes) {
    if (bytes.len == 0)
        return 0;
    if (bytes.len > buf->cap - buf->len || buf->limit != 0)
        return lk_buf_add_growing(buf, bytes);
    memcpy(buf->ptr + buf->len, bytes.ptr, bytes.len);
    buf->len += bytes.len;
    return 0;
}

static inline int lk_buf_add_cstr(struct lk_buf *buf, const char *text) {
    return lk_buf_add(buf, lk_slice_cstr(text));
}

int lk_buf_addf(struct lk_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Cuts it back to len bytes (at most the present length), wiping the rest: how a writer takes back what it wrote. */
void lk_buf_truncate(struct lk_buf *buf, size_t len);

static inline struct lk_slice lk_buf_slice(const struct lk_buf *buf) {
    return (struct lk_slice){buf->ptr, buf->len};
}

#endif
