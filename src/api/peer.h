/* Where a request came from, and the call into the domain that it makes. */
#ifndef LK_API_PEER_H
#define LK_API_PEER_H

#include "api/lanes.h"
#include "domain/call.h"

/* The call of a request, but for its database and actor; a refusal or an entry of the audit says 200. client_ip and problem are lent to it. LK_ENOMEM. */
int lk_request_call(const struct lk_lanes *lanes, struct http_request *request, struct lk_domain *domain, struct lk_ip *client_ip,
                    struct lk_problem *problem, struct lk_call *ret);

#endif
