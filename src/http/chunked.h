/*
 * Chunked bodies (RFC 9112 section 7.1), decoded in place: the bytes of the chunks move down over the framing. Extensions and trailers are
 * checked, bounded and dropped.
 */
#ifndef HTTP_CHUNKED_H
#define HTTP_CHUNKED_H

#include "http/parse.h"

/* Most bytes of chunk extensions in one body. */
#define HTTP_CHUNK_EXTENSIONS_MAX 4096

struct http_chunked {
    int state;
    unsigned digits;   /* of the size being read */
    uint64_t left;     /* bytes of the chunk still to come; while its size is read: the size so far */
    size_t extensions; /* bytes so far */
    size_t trailer;    /* bytes of the trailer section so far */
    size_t trailer_count;
    size_t out; /* bytes of the body so far */
};

void http_chunked_init(struct http_chunked *chunked);

/* Decodes data[*at .. end), moving body bytes to data + body_start + chunked->out, and sets *at to the first byte not used. body_start <= *at.
 * HTTP_PARSE_MORE (all is used), HTTP_PARSE_DONE, or a status: 400, 413 (the body would pass body_max), 431 (trailers past the limits). */
int http_chunked_decode(struct http_chunked *chunked, char *data, size_t body_start, size_t *at, size_t end, size_t body_max,
                        const struct http_limits *limits);

#endif
