#include "http/gzip.h"

#include "base/error.h"

/* The fastest level: an I/O thread also has keys to verify. */
#define LEVEL 1
#define WINDOW_BITS_GZIP (15 + 16)
#define MEMORY_LEVEL 8

/* Larger bodies go as they are: compressing takes some milliseconds a MiB, in which the thread verifies nothing. */
#define BODY_MAX ((size_t)512 << 10)

void http_gzip_free(struct http_gzip *gzip) {
    if (gzip->started)
        deflateEnd(&gzip->stream);
    lk_buf_free(&gzip->out);
    *gzip = (struct http_gzip){0};
}

static int start(struct http_gzip *gzip) {
    if (gzip->started)
        return deflateReset(&gzip->stream) == Z_OK ? 0 : LK_EINTERNAL;
    if (deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, WINDOW_BITS_GZIP, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return LK_ENOMEM;
    gzip->started = true;
    return 0;
}

int http_gzip_compress(struct http_gzip *gzip, struct lk_slice body, struct lk_slice *ret) {
    if (body.len > BODY_MAX)
        return LK_ELIMIT;
    int code = start(gzip);
    if (code != 0)
        return code;
    lk_buf_clear(&gzip->out);
    code = lk_buf_reserve(&gzip->out, body.len);
    if (code != 0)
        return code;
    gzip->stream.next_in = (Bytef *)(uintptr_t)body.ptr; /* zlib does not write there */
    gzip->stream.avail_in = (uInt)body.len;
    gzip->stream.next_out = (Bytef *)gzip->out.ptr;
    gzip->stream.avail_out = (uInt)body.len; /* no room for more than there was: then it is not worth it */
    if (deflate(&gzip->stream, Z_FINISH) != Z_STREAM_END)
        return LK_ELIMIT;
    gzip->out.len = body.len - gzip->stream.avail_out;
    *ret = lk_buf_slice(&gzip->out);
    return 0;
}
