/* A request and its answer, as the rest of the room sees them. Recycled by its I/O thread; see server.h for who may touch it when. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "http/chunked.h"
#include "http/response.h"
#include "http/timer.h"

#include <stddef.h>

struct http_connection;

/* Of a request that came by HTTP/2. */
struct http_stream {
    int32_t id;                       /* 0: the stream is gone, or this is HTTP/1.1 */
    bool whole;                       /* what its handler wants of it is there: what still comes is dropped */
    bool deferred;                    /* a handler has the request */
    bool answered;                    /* the answer is nghttp2's, which reads from here until the stream is closed */
    bool has_authority;               /* the Host field is from it */
    int refusal;                      /* status, when a limit was passed; else 0 */
    size_t fields_size;               /* bytes of names and values so far */
    size_t held;                      /* bytes of the body so far */
    struct http_iobuf text;           /* what base points at: head, then body */
    struct lk_slice body;             /* of the answer */
    size_t sent;                      /* of body */
    struct http_timer timer;          /* until the request is whole */
    struct http_request *prev, *next; /* of the connection */
};

struct http_request {
    struct http_connection *connection;
    struct http_request *next; /* in the inbox, or among the free ones */
    const char *base;          /* first byte of the request, which does not move while a handler has it */
    struct http_head head;
    struct http_chunked chunked;
    size_t body_max; /* of this request, once its header is there */
    size_t body_len;
    size_t used; /* bytes of the input that belong to it, as far as read */
    struct lk_arena arena;
    size_t held;    /* http_request_holds */
    size_t waiting; /* bytes of it in http_shared.output */
    struct http_stream stream;

    bool gathered; /* it was looked at together with others (ahead.h) */
    bool noted;    /* note is set */
    _Alignas(max_align_t) unsigned char note[HTTP_NOTE_BYTES];

    unsigned char kind; /* http_set_class */
    int status;
    size_t fields_len;
    struct http_answer_field answer_fields[HTTP_ANSWER_FIELDS_MAX];
    struct lk_buf body;
    struct lk_slice fixed_body; /* instead of body, when is_fixed */
    bool is_fixed;
    struct http_source source; /* instead of both, when its read is not NULL */
    uint64_t source_sent;      /* bytes of it that were read */
    bool is_coded;             /* coding says how the body is; else the server may compress it */
    const char *coding;        /* NULL: not at all */

    struct http_field fields[]; /* of head; as many as the limits allow */
};

/* NULL when out of memory. */
struct http_request *http_request_new(size_t fields_max, size_t arena_max);
void http_request_free(struct http_request *request);

/* A body or an arena that took more than this is counted (http_body_made), and not kept for the next request. */
#define HTTP_REQUEST_KEEP_MAX ((size_t)64 << 10)

static inline bool http_request_is_counted(const struct http_request *request) {
    return request->waiting > 0 || request->body.cap > HTTP_REQUEST_KEEP_MAX || request->arena.used > HTTP_REQUEST_KEEP_MAX;
}

/* Whether its arena has much that the answer does not need, which needs there at most the values of its fields. */
bool http_request_has_outgrown(const struct http_request *request);

/* Gives that back, and with it the values of its fields. */
void http_request_shed(struct http_request *request);

/* Makes it ready to read the next request. */
void http_request_reset(struct http_request *request);

/* Reads on in its source: up to room bytes, or negative. It has more. */
long http_request_read_source(struct http_request *request, char *out, size_t room);

#endif
