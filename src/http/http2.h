/*
 * HTTP/2 (RFC 9113) on a connection, by libnghttp2. The connection brings bytes and takes bytes; here they become requests, one for each stream, and
 * their answers frames. A stream's request is kept until the stream is closed; one whose handler has it is kept until that has answered, also
 * when the client has reset the stream.
 *
 * What a client can make the server hold is bounded: streams at a time, those reset while their handler works included; header fields and bodies by the limits of
 * HTTP/1.1; bodies of all streams together by flow control; frames that wait to be sent by not reading on. Who resets streams all the time is sent
 * away (ENHANCE_YOUR_CALM). Touched by the connection's I/O thread only.
 */
#ifndef HTTP_HTTP2_H
#define HTTP_HTTP2_H

#include "http/event.h"

#include <stdbool.h>

struct http2;
struct http_connection;
struct http_request;

/* What a client that knows sends first (RFC 9113 section 3.4). */
#define HTTP2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define HTTP2_PREFACE_LEN (sizeof(HTTP2_PREFACE) - 1)

/* Makes connection speak it from its first unread byte, the preface's, on. 0 or LK_ENOMEM. */
int http2_begin(struct http_connection *connection);

/* Takes all input of the connection; requests that are complete go to their handlers. */
void http2_receive(struct http_connection *connection);

/* Appends the frames that may be sent to the connection's output, up to its backlog limit. False when there was nothing to append, or for want of
 * memory: the connection is then aborted. */
bool http2_pump(struct http_connection *connection);

/* The handler has answered later. The request may be gone after this; http2_pump sends. */
void http2_answered(struct http_connection *connection, struct http_request *request);

/* A request took too long to arrive. */
void http2_stream_timeout(struct http_request *request, enum http_timeout timeout);

/* Ends the session in good order, streams under way included. */
void http2_terminate(struct http_connection *connection);

/* The same, once the client has heard of it: what it asks before is answered. The server's drain does that too. */
void http2_leave(struct http_connection *connection);

/* The server leaves, and the client has not shown yet that it has heard of it. */
bool http2_awaits_client(const struct http_connection *connection);

/* It had its time: what it asks from now on is not taken. */
void http2_await_no_longer(struct http_connection *connection);

bool http2_is_idle(const struct http_connection *connection);      /* no stream is open */
bool http2_is_owing(const struct http_connection *connection);     /* an answer is not wholly sent */
bool http2_is_over(const struct http_connection *connection);      /* nothing is to be read or sent any more */
bool http2_has_deferred(const struct http_connection *connection); /* a handler still has a request */

/* The socket is closed: gives up all requests that no handler has. */
void http2_close(struct http_connection *connection);

/* When no handler has a request any more. */
void http2_free(struct http_connection *connection);

#endif
