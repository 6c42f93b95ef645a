/* From what a handler said, or what the server says itself, to an answer. */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "http/request.h"

struct http_loop;

struct http_reply {
    struct http_answer answer;
    struct http_answer_field own_fields[1 + HTTP_ERROR_FIELDS_MAX]; /* of an answer in the server's own name */
};

/* The answer of a request: the handler's, or a 500 where that cannot be sent; compressed where client and sizes make that worth it. It points into
 * ret and the request; a compressed body lives until the next call on this loop. */
void http_reply_make(struct http_loop *loop, const struct http_request *request, struct http_reply *ret);

/* An answer in the server's own name. It points into ret and static memory. */
void http_reply_error(struct http_loop *loop, int status, struct http_reply *ret);

#endif
