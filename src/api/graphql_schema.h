/* The server's GraphQL schema: schema/schema.graphql, embedded, with its resolvers bound. */
#ifndef LK_API_GRAPHQL_SCHEMA_H
#define LK_API_GRAPHQL_SCHEMA_H

#include "graphql/schema.h"

/* Builds and binds it. 0 with *ret owned by the caller (gql_schema_free); LK_EINVAL when text and resolvers do not fit each other (a defect of the
 * binary; problem names the place); LK_ENOMEM. */
int lk_graphql_schema_load(struct gql_schema **ret, struct lk_problem *problem);

/* The text. Static. */
struct lk_slice lk_graphql_schema_text(void);

#endif
