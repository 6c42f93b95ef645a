/* The credential that a request presents. */
#ifndef LK_API_CREDENTIAL_H
#define LK_API_CREDENTIAL_H

#include "http/server.h"

/* The value of x-api-key, or what follows `Bearer` in Authorization (RFC 6750 section 2.1; the scheme in any case). The first wins when both are
 * there; ptr NULL when neither is, it is empty, or it is there more than once. Lives as long as the request. */
struct lk_slice lk_credential(const struct http_request *request);

/* The token of an Authorization value; ptr NULL when it is not a Bearer one. */
struct lk_slice lk_bearer_token(struct lk_slice authorization);

#endif
