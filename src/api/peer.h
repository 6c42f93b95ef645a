/* Where a request came from. */
#ifndef LK_API_PEER_H
#define LK_API_PEER_H

#include "api/lanes.h"

/* The client's address as text, without the port, in arena, for the audit: what lk_client_ip says or, where that is not known, the address of the connection's
 * other end ("" for a Unix socket). ptr NULL when out of memory. */
struct lk_slice lk_peer_text(const struct lk_lanes *lanes, const struct http_request *request, struct lk_arena *arena);

#endif
