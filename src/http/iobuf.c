#include "http/iobuf.h"

#include "base/error.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void http_pool_free(struct http_pool *pool) {
    while (pool->len > 0)
        free(pool->blocks[--pool->len]);
}

static void *take_block(struct http_pool *pool) {
    return pool->len > 0 ? pool->blocks[--pool->len] : malloc(HTTP_BLOCK_SIZE);
}

static size_t counted(const struct http_iobuf *buf, size_t cap) {
    return buf->budget != NULL && cap > buf->spared ? cap : 0;
}

static bool take_one(struct http_budget *budget, size_t size) {
    if (atomic_fetch_add_explicit(&budget->used, size, memory_order_relaxed) + size <= budget->max)
        return true;
    atomic_fetch_sub_explicit(&budget->used, size, memory_order_relaxed);
    return false;
}

static bool take(struct http_budget *budget, size_t size) {
    if (size == 0)
        return true;
    if (!take_one(budget, size))
        return false;
    if (budget->whole == NULL || take_one(budget->whole, size))
        return true;
    atomic_fetch_sub_explicit(&budget->used, size, memory_order_relaxed);
    return false;
}

static void give_back(struct http_budget *budget, size_t size) {
    if (size == 0)
        return;
    atomic_fetch_sub_explicit(&budget->used, size, memory_order_relaxed);
    if (budget->whole != NULL)
        atomic_fetch_sub_explicit(&budget->whole->used, size, memory_order_relaxed);
}

void http_iobuf_leave_part(struct http_iobuf *buf) {
    struct http_budget *part = buf->budget;
    if (part->whole == NULL)
        return;
    atomic_fetch_sub_explicit(&part->used, counted(buf, buf->cap), memory_order_relaxed);
    buf->budget = part->whole;
}

void http_iobuf_move_to_part(struct http_iobuf *buf, struct http_budget *part) {
    atomic_fetch_add_explicit(&part->used, counted(buf, buf->cap), memory_order_relaxed);
    buf->budget = part;
}

void http_iobuf_release(struct http_iobuf *buf, struct http_pool *pool) {
    if (buf->cap == 0)
        return;
    explicit_bzero(buf->ptr, buf->end);
    if (buf->cap == HTTP_BLOCK_SIZE && pool->len < HTTP_POOL_MAX)
        pool->blocks[pool->len++] = buf->ptr;
    else
        free(buf->ptr);
    give_back(buf->budget, counted(buf, buf->cap));
    *buf = (struct http_iobuf){.budget = buf->budget, .spared = buf->spared};
}

int http_iobuf_make_room(struct http_iobuf *buf, size_t extra, struct http_pool *pool) {
    size_t len = http_iobuf_len(buf);
    if (buf->cap != 0 && buf->cap - len >= extra) {
        memmove(buf->ptr, buf->ptr + buf->start, len);
        explicit_bzero(buf->ptr + len, buf->end - len);
        buf->start = 0;
        buf->end = len;
        return 0;
    }
    if (extra > SIZE_MAX / 4 - len)
        return LK_ENOMEM;
    size_t cap = HTTP_BLOCK_SIZE;
    while (cap < len + extra)
        cap *= 2;
    struct http_iobuf grown = {.cap = cap, .end = len, .budget = buf->budget, .spared = buf->spared};
    if (!take(buf->budget, counted(buf, cap)))
        return LK_ELIMIT;
    grown.ptr = cap == HTTP_BLOCK_SIZE ? take_block(pool) : malloc(cap);
    if (grown.ptr == NULL) {
        give_back(buf->budget, counted(buf, cap));
        return LK_ENOMEM;
    }
    if (len > 0)
        memcpy(grown.ptr, buf->ptr + buf->start, len);
    http_iobuf_release(buf, pool);
    *buf = grown;
    return 0;
}
