/* Compression of whole answers (RFC 1952). One of these for each I/O thread, which keeps its memory for the next answer. */
#ifndef HTTP_GZIP_H
#define HTTP_GZIP_H

#include "base/buf.h"

#include <stdint.h>
#include <zlib.h>

/* Zeroed is ready for use. */
struct http_gzip {
    z_stream stream;
    bool started;
    struct lk_buf out;
};

void http_gzip_free(struct http_gzip *gzip);

/* Compresses body; *ret lives until the next call. 0; LK_ELIMIT when it would not become smaller, or would take so long that others wait; LK_ENOMEM. */
int http_gzip_compress(struct http_gzip *gzip, struct lk_slice body, struct lk_slice *ret);

#endif
