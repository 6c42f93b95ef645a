/* Limits of keys and accounts as GraphQL shows and takes them. */
#ifndef LK_API_RESOLVERS_LIMITS_H
#define LK_API_RESOLVERS_LIMITS_H

#include "domain/rate_limit.h"
#include "graphql/value.h"

/* A RateLimitInput; false, and *ret untouched, when it is null or absent. */
bool lk_rate_limit_value(const struct gql_value *value, struct lk_rate_limit *ret);

#endif
