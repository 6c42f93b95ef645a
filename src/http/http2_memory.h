/*
 * Memory of the HTTP/2 sessions of one I/O thread. A request takes some fifteen small blocks of a few sizes, as many at a time as there are streams, so what is
 * given back is kept for the next. nghttp2 keeps header fields, and so keys, in its tables and buffers: what it gives back is wiped.
 */
#ifndef HTTP_HTTP2_MEMORY_H
#define HTTP_HTTP2_MEMORY_H

#include <nghttp2/nghttp2.h>
#include <stddef.h>

/* Blocks are of multiples of the step; larger ones are not kept. */
#define HTTP2_MEMORY_STEP ((size_t)32)
#define HTTP2_MEMORY_SIZES 16

/* Most bytes that are kept. */
#define HTTP2_MEMORY_KEPT_MAX ((size_t)1 << 20)

struct http2_block;

/* Zeroed is empty. Used by one thread. */
struct http2_memory {
    struct http2_block *kept[HTTP2_MEMORY_SIZES]; /* by size, from one step on */
    size_t kept_bytes;
};

/* For nghttp2_session_server_new3, which copies it; memory is lent to the session. */
nghttp2_mem http2_memory_of(struct http2_memory *memory);

/* Gives back what is kept. */
void http2_memory_empty(struct http2_memory *memory);

#endif
