/*
 * Buffers between a socket and the protocol. Their memory comes in blocks of one size from a pool of the I/O thread, so that a connection
 * without traffic holds none and one with traffic does not allocate. A buffer that outgrows a block has memory of its own. Requests and answers
 * hold keys and passwords, so memory is wiped before it is given back.
 */
#ifndef HTTP_IOBUF_H
#define HTTP_IOBUF_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define HTTP_BLOCK_SIZE ((size_t)16384)

/* Free blocks kept; the rest goes back to the allocator. Used by one thread. Zeroed is empty. */
#define HTTP_POOL_MAX 64
struct http_pool {
    void *blocks[HTTP_POOL_MAX];
    size_t len;
};

void http_pool_free(struct http_pool *pool);

/* Memory that buffers of all threads may take together: what each client is allowed is too much when thousands take it. */
struct http_budget {
    _Atomic size_t used; /* bytes */
    size_t max;
    struct http_budget *whole; /* what this is a part of: taken from both; NULL: of nothing */
};

/* Bytes start .. end of ptr are what the buffer holds. Zeroed is empty. */
struct http_iobuf {
    char *ptr; /* NULL while cap is 0 */
    size_t cap, start, end;
    struct http_budget *budget; /* that its memory is from; NULL: it is bounded elsewhere */
    size_t spared;              /* as much of it is not counted */
};

static inline size_t http_iobuf_len(const struct http_iobuf *buf) {
    return buf->end - buf->start;
}

/* Room for at least extra bytes at ptr + end; what is held may move, also within the buffer. 0, or LK_ENOMEM or LK_ELIMIT (the budget is used up), then it is
 * as before. */
int http_iobuf_make_room(struct http_iobuf *buf, size_t extra, struct http_pool *pool); /* where there is not enough behind end */
static inline int http_iobuf_reserve(struct http_iobuf *buf, size_t extra, struct http_pool *pool) {
    return buf->cap != 0 && buf->cap - buf->end >= extra ? 0 : http_iobuf_make_room(buf, extra, pool);
}

/* Counts its memory against the whole only from now on, or against a part of that again, even beyond the part's limit. */
void http_iobuf_leave_part(struct http_iobuf *buf);
void http_iobuf_move_to_part(struct http_iobuf *buf, struct http_budget *part);
static inline void http_iobuf_enter_part(struct http_iobuf *buf, struct http_budget *part) {
    if (buf->budget != part)
        http_iobuf_move_to_part(buf, part);
}

/* Gives the memory back; the buffer is then empty, with the same budget. */
void http_iobuf_release(struct http_iobuf *buf, struct http_pool *pool);

#endif
