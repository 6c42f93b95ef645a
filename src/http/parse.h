/*
 * The head of an HTTP/1.x request (RFC 9112): request line and field section, read byte by byte as they come.
 *
 * Strict on purpose: whatever two servers could read differently is refused (bare CR or LF, folded lines, space before a colon, control
 * characters, two lengths, both framings), because such differences are how requests are smuggled through a proxy.
 *
 * Positions are offsets from the first byte of the request, so the caller may move its buffer between two calls. Nothing is copied.
 */
#ifndef HTTP_PARSE_H
#define HTTP_PARSE_H

#include "http/server.h"

/* Most empty lines (CRLF) that are skipped before a request line (RFC 9112 section 2.2). */
#define HTTP_EMPTY_LINES_MAX 4

/* Answers of http_parse_head other than a status of 400 and more. */
enum { HTTP_PARSE_MORE = 0, HTTP_PARSE_DONE = 1 };

struct http_limits {
    size_t line_max;   /* bytes of the request line without its CRLF */
    size_t fields_max; /* bytes of the field section, its last CRLF included */
    size_t count_max;  /* fields */
};

struct http_field {
    uint32_t name, name_len;
    uint32_t value, value_len; /* without white space at its ends */
};

enum http_body_kind { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED };

struct http_head {
    /* Valid once parsing is done. */
    size_t len; /* bytes of the head, skipped empty lines included: where the body begins */
    uint32_t method_len, method;
    uint32_t path, path_len; /* path_len 0: an absolute-form target without a path, which means "/" (OPTIONS: "*") */
    uint32_t query, query_len;
    bool has_query;
    bool http10;
    bool keep_alive;
    bool expect_continue;
    enum http_method method_id;
    enum http_body_kind body_kind;
    uint64_t content_length;
    size_t fields_len;

    /* The parser's own. */
    int state;
    unsigned empty_lines;
    size_t line_start, fields_start;
    uint32_t target, target_len;
    struct http_field *fields; /* the caller's, limits.count_max of them */
};

/* Starts over for the next request; fields is room for count_max fields and stays the caller's. */
void http_head_init(struct http_head *head, struct http_field *fields);

/* Reads on in data[0 .. len), which holds the request from its first byte; the bytes given before must be there unchanged. HTTP_PARSE_MORE:
 * all of them read, the head is not complete. HTTP_PARSE_DONE. Otherwise the status (400, 414, 417, 431, 501, 505) to refuse it with; the
 * connection must then be closed, since where the next request begins is not known. */
int http_parse_head(struct http_head *head, const char *data, size_t len, const struct http_limits *limits);

enum http_method http_method_of(struct lk_slice text);

/* Method and target are where head says: finds out what they mean. 0 or a status as above. Called by http_parse_head. */
int http_head_end_line(struct http_head *head, const char *data);

/* What the fields mean for the connection and the body (RFC 9112 sections 3, 6, 9; RFC 9110 section 10.1.1). 0 or a status as above.
 * Called by http_parse_head. */
int http_head_examine(struct http_head *head, const char *data);

#endif
