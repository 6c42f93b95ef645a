/*
 * Requests that are there together, on one connection or on several, and are looked at together before the first of them is handled: waiting for the
 * memory of one and then of the next is most of what a small request costs, and waiting for all at once costs little more than for one.
 *
 * Only heads without a body are read ahead. A connection keeps them until the end of its turn and no longer: what was not reached by then is
 * read again. On the connections' I/O thread only.
 */
#ifndef HTTP_AHEAD_H
#define HTTP_AHEAD_H

#include "http/connection.h"

/* Appends to ret the connection's request, which is ready, and those behind it in the input, as far as they are whole; room is at least 1. How many. */
size_t http_ahead_gather(struct http_connection *connection, struct http_request **ret, size_t room);

/* Tells the listeners of these requests, unless there are too few for it to be of use. */
void http_ahead_foresee(struct http_request *const *requests, size_t len);

/* The request behind the one that is done; NULL when none was read ahead. */
struct http_request *http_ahead_take(struct http_connection *connection);

/* Gives up all that were read ahead, and what was foreseen of the one before them. */
void http_ahead_drop(struct http_connection *connection);

#endif
