#include "base/buf.h"

#include "base/error.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void lk_buf_init(struct lk_buf *buf, size_t limit) {
    *buf = (struct lk_buf){.limit = limit};
}

/* What is dropped may have been a password or a key. */
static void wipe(struct lk_buf *buf, size_t from) {
    if (buf->len > from)
        explicit_bzero(buf->ptr + from, buf->len - from);
}

void lk_buf_free(struct lk_buf *buf) {
    wipe(buf, 0);
    free(buf->ptr);
    lk_buf_init(buf, buf->limit);
}

void lk_buf_clear(struct lk_buf *buf) {
    wipe(buf, 0);
    buf->len = 0;
    buf->failed = false;
}

/* Memory for extra more bytes, whatever the limit. */
static int grow(struct lk_buf *buf, size_t extra) {
    if (buf->cap - buf->len >= extra)
        return 0;
    size_t need = buf->len + extra;
    size_t cap = buf->cap < 128 ? 256 : buf->cap * 2;
    if (cap < need)
        cap = need;
    char *ptr = malloc(cap); /* not realloc: it would leave a copy behind */
    if (ptr == NULL)
        return LK_ENOMEM;
    if (buf->len > 0)
        memcpy(ptr, buf->ptr, buf->len);
    wipe(buf, 0);
    free(buf->ptr);
    buf->ptr = ptr;
    buf->cap = cap;
    return 0;
}

int lk_buf_reserve(struct lk_buf *buf, size_t extra) {
    size_t limit = buf->limit != 0 ? buf->limit : SIZE_MAX / 4;
    if (extra > limit - buf->len)
        return LK_ELIMIT;
    return grow(buf, extra);
}

int lk_buf_add_growing(struct lk_buf *buf, struct lk_slice bytes) {
    int code = lk_buf_reserve(buf, bytes.len);
    if (code != 0) {
        buf->failed = true;
        return code;
    }
    memcpy(buf->ptr + buf->len, bytes.ptr, bytes.len);
    buf->len += bytes.len;
    return 0;
}

int lk_buf_add_char(struct lk_buf *buf, char c) {
    return lk_buf_add(buf, lk_slice_make(&c, 1));
}

int lk_buf_addf(struct lk_buf *buf, const char *format, ...) {
    char small[256];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    if (len < 0) {
        buf->failed = true;
        return LK_EINVAL;
    }
    if ((size_t)len < sizeof(small))
        return lk_buf_add(buf, lk_slice_make(small, (size_t)len));
    int code = lk_buf_reserve(buf, (size_t)len);
    if (code == 0)
        code = grow(buf, (size_t)len + 1); /* vsnprintf ends in a NUL, which is not part of the contents */
    if (code != 0) {
        buf->failed = true;
        return code;
    }
    va_start(args, format);
    vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
    return 0;
}

void lk_buf_truncate(struct lk_buf *buf, size_t len) {
    if (len < buf->len) {
        wipe(buf, len);
        buf->len = len;
    }
}
