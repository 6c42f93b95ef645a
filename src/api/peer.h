/* Where a request came from. */
#ifndef LK_API_PEER_H
#define LK_API_PEER_H

#include "http/server.h"

/* The address of the connection's other end as text, without the port, in arena; ptr NULL when out of memory. */
struct lk_slice lk_peer_text(const struct http_request *request, struct lk_arena *arena);

#endif
