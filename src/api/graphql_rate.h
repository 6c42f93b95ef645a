/* How many GraphQL requests one account, and one key, may send (--rate-limit-account, --rate-limit-key). */
#ifndef LK_API_GRAPHQL_RATE_H
#define LK_API_GRAPHQL_RATE_H

#include "api/graphql_job.h"

/* Takes len requests from the rates of an authenticated account and key, or from neither; key NULL: a user's session, which has only an account. Adds the
 * RateLimit fields to the answer, and Retry-After when it is refused. NULL when it may go on, else the sentence for the client, in the request's arena or static. Any
 * thread that has the request. */
const char *lk_graphql_rate_take(struct lk_graphql_job *job, const struct lk_id *account, const struct lk_id *key, size_t len);

#endif
