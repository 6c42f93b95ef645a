/* What an answer says of rates: RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers), Retry-After (RFC 9110 section 10.2.3). */
#ifndef LK_API_RATE_HEADERS_H
#define LK_API_RATE_HEADERS_H

#include "http/server.h"
#include "keyring/limit.h"

struct lk_named_rate {
    const char *name; /* of the policy; static, nothing that a quoted string escapes */
    struct lk_rate_state state;
};

/* Most rates that one answer tells of. */
#define LK_NAMED_RATES_MAX 4

/* Adds RateLimit-Policy: "name";q=100;w=60 and RateLimit: "name";r=50;t=30, the items of several rates joined by commas; nothing for none. t is the time until
 * all of q can be taken, in seconds rounded up as all times are. Out of memory in the request's arena: adds nothing. */
void lk_add_rate_headers(struct http_request *request, const struct lk_named_rate *rates, size_t len);

/* Adds Retry-After: the seconds after which a request that state refused will be allowed; nothing when it never will. */
void lk_add_retry_after(struct http_request *request, const struct lk_rate_state *state);

#endif
