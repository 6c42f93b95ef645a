/* Header sections of HTTP/2 as requests and answers have them (RFC 9113 section 8). */
#ifndef HTTP_HTTP2_HEAD_H
#define HTTP_HTTP2_HEAD_H

#include "http/request.h"

#include <nghttp2/nghttp2.h>

/* The handler's fields, :status, and what the server adds. */
#define HTTP2_ANSWER_FIELDS_MAX (HTTP_ANSWER_FIELDS_MAX + 5)

/* Bytes for the numbers in an answer. */
#define HTTP2_DIGITS_MAX 32

/* Takes a field that nghttp2 has found valid, in the order they come. One past the limits is dropped; http2_head_finish will then tell. 0 or LK_ENOMEM. */
int http2_head_add(struct http_request *request, struct lk_slice name, struct lk_slice value, const struct http_limits *limits,
                   struct http_pool *pool);

/* All fields are there: makes of them what a request of HTTP/1.1 is made of (:authority is Host, cookies are one field), and of what follows
 * the body. 0 or a status of 400 and more to refuse it with. */
int http2_head_finish(struct http_request *request, struct http_pool *pool);

/* The fields of an answer, *ret_len of them. They point into the request, its arena, digits and static memory; copied: nghttp2 is not to rely on any of it but now.
 * 0 or LK_ENOMEM. */
int http2_answer_fields(struct http_request *request, const struct http_answer *answer, bool copied, char digits[HTTP2_DIGITS_MAX],
                        nghttp2_nv fields[HTTP2_ANSWER_FIELDS_MAX], size_t *ret_len);

/* The interim answer 100. What fails now fails again with the answer. */
void http2_submit_continue(nghttp2_session *session, int32_t id);

#endif
