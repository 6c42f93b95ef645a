/* An answer as bytes (RFC 9112 section 6): status line, fields, body. */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include "http/iobuf.h"
#include "http/server.h"

/* Most fields that a handler can add. */
#define HTTP_ANSWER_FIELDS_MAX 32

/* "Mon, 23 Nov 2026 12:05:32 GMT" */
#define HTTP_DATE_LEN 29

struct http_answer {
    int status; /* 200 to 599 */
    const struct http_answer_field *fields;
    size_t fields_len;
    struct lk_slice body;
    bool has_source;    /* the body is not here: it follows, */
    size_t source_len;  /* so many bytes */
    const char *date;   /* HTTP_DATE_LEN characters */
    bool head_only;     /* to HEAD: the fields of GET, without the body */
    const char *coding; /* of the body; NULL: none */
    bool gzip;          /* coding is gzip, made here: the body lives until the next one is */
    bool vary;          /* body could have been in another coding */
    bool close;         /* the connection ends with it */
    bool http10;        /* where staying open must be said */
};

/* Appends it to out. 0 or LK_ENOMEM; out is then as before. */
int http_answer_write(const struct http_answer *answer, struct http_iobuf *out, struct http_pool *pool);

/* Whether answers of a status have neither body nor Content-Length. */
bool http_answer_is_bare(int status);

/* The interim answer 100 (RFC 9110 section 15.2.1). As above. */
int http_continue_write(struct http_iobuf *out, struct http_pool *pool);

/* Writes number in decimal, at most 20 digits and no NUL, and returns the end. */
char *http_put_number(char *at, size_t number);

/* The reason phrase of a status; "Unknown" for one that has none. Static. */
const char *http_reason(int status);

/* RFC 9110 section 5.6.7. unix_seconds from 1970 to 9999. No NUL is written. */
void http_date_format(int64_t unix_seconds, char out[HTTP_DATE_LEN]);

#endif
