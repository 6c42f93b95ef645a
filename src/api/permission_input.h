/* Permissions as clients give them: from input values to the domain's sets. Which combinations are allowed is the domain's to say. */
#ifndef LK_API_PERMISSION_INPUT_H
#define LK_API_PERMISSION_INPUT_H

#include "domain/permission.h"
#include "graphql/execute.h"

/* Reads a `Permissions` value, not null. 0 with *ret in the call's arena, or what failing the call returned. */
int lk_read_permissions(struct gql_call *call, const struct gql_value *value, struct lk_permissions *ret);

/* Reads an `ApplicationPermissionInput` value, not null. As above. */
int lk_read_app_permission(struct gql_call *call, const struct gql_value *value, struct lk_app_permission *ret);

#endif
