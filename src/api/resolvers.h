/* The resolvers, a table a file; graphql_schema.c binds them to the schema. */
#ifndef LK_API_RESOLVERS_H
#define LK_API_RESOLVERS_H

#include "graphql/schema.h"

struct lk_bindings {
    const struct gql_binding *rows;
    size_t len;
};

struct lk_bindings lk_account_bindings(void);    /* account, viewer, pages */
struct lk_bindings lk_key_bindings(void);        /* API keys */
struct lk_bindings lk_group_bindings(void);      /* user groups */
struct lk_bindings lk_permission_bindings(void); /* the permissions of groups, keys and viewers */

#endif
