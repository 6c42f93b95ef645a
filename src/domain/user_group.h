/* User groups: what keys and users inherit their permissions from. See domain/call.h for how operations run and fail. */
#ifndef DOMAIN_USER_GROUP_H
#define DOMAIN_USER_GROUP_H

#include "domain/call.h"
#include "domain/user.h"

struct lk_user_group {
    struct lk_id id;
    struct lk_id account_id;
    struct lk_slice name;
    struct lk_slice description; /* ptr NULL for none */
    int64_t created_at;
    int64_t updated_at;
};

/* Reading needs READ_USERS_AND_GROUPS or VIEW_USER_AND_USER_GROUPS_AND_API_KEYS, or MANAGE_API_KEYS (who gives keys their groups must see them).
 * LK_ENOTFOUND "No User Group exists with the id X" / "... with the name X". */
int lk_user_group_get(struct lk_call *call, struct lk_slice id, struct lk_user_group *ret);
int lk_user_group_get_by_name(struct lk_call *call, struct lk_slice name, struct lk_user_group *ret);

/* A page in order of name. */
int lk_user_group_list(struct lk_call *call, struct lk_page page, struct lk_user_group **ret, size_t *ret_len,
                       struct lk_page_info *ret_info);

/* The permissions of a group that a function above returned, and a page of its users in order of name. */
int lk_user_group_permissions(struct lk_call *call, const struct lk_id *group, struct lk_permissions *ret);
int lk_user_group_users(struct lk_call *call, const struct lk_id *group, struct lk_page page, struct lk_user **ret, size_t *ret_len,
                        struct lk_page_info *ret_info);

#endif
