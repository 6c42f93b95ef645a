/* Limits of keys and accounts as GraphQL shows and takes them. */
#ifndef LK_API_RESOLVERS_LIMITS_H
#define LK_API_RESOLVERS_LIMITS_H

#include "domain/credits.h"
#include "domain/rate_limit.h"
#include "graphql/value.h"

struct gql_call;

/* A RateLimitInput; false, and *ret untouched, when it is null or absent. */
bool lk_rate_limit_value(const struct gql_value *value, struct lk_rate_limit *ret);

/* A CreditsInput; *ret_has false, and *ret untouched, when it is null or absent. Fails the call when an amount is no whole number that can be one. */
int lk_credits_value(struct gql_call *call, const struct gql_value *value, bool *ret_has, struct lk_credits_input *ret);

#endif
