/* Where a request came from, and the call into the domain that it makes. */
#ifndef LK_API_PEER_H
#define LK_API_PEER_H

#include "api/lanes.h"
#include "domain/call.h"

/* The client's address as text, without the port, in arena, for the audit: what lk_client_ip says or, where that is not known, the address of the connection's
 * other end ("" for a Unix socket). ptr NULL when out of memory. */
struct lk_slice lk_peer_text(const struct lk_lanes *lanes, const struct http_request *request, struct lk_arena *arena);

/* The call of a request outside of GraphQL, but for its database and actor; a refusal or an entry of the audit says 200. client_ip and problem are lent to it. LK_ENOMEM. */
int lk_request_call(const struct lk_lanes *lanes, struct http_request *request, struct lk_domain *domain, struct lk_ip *client_ip,
                    struct lk_problem *problem, struct lk_call *ret);

#endif
