/* User groups: what keys and users inherit their permissions from. See domain/call.h for how operations run and fail. */
#ifndef DOMAIN_USER_GROUP_H
#define DOMAIN_USER_GROUP_H

#include "domain/call.h"
#include "domain/group_settings.h"
#include "domain/user.h"

/* Most users that one request names, and most bytes of a description. */
#define LK_GROUP_USERS_MAX 1000
#define LK_DESCRIPTION_MAX 4096

/* Most users of a group whose place a list takes: all are looked at, and those who leave are in one entry of the audit log. */
#define LK_GROUP_REPLACED_MAX 100000

struct lk_user_group {
    struct lk_id id;
    struct lk_id account_id;
    struct lk_slice name;
    struct lk_slice description; /* ptr NULL for none */
    struct lk_notifications notifications;
    struct lk_sso_link sso; /* kind LK_SSO_NONE when it is linked to no provider */
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

/* Whom a group notifies. The webhooks and keys in it are secrets of other systems: for who may read users and groups only, not for every key in the
 * group. LK_EFORBIDDEN. */
int lk_user_group_notifications(struct lk_call *call, const struct lk_user_group *group, const struct lk_notifications **ret);

/* The permissions of a group that a function above returned. */
int lk_user_group_permissions(struct lk_call *call, const struct lk_id *group, struct lk_permissions *ret);

/* A page of its users in order of name; needs what reading users needs. */
int lk_user_group_users(struct lk_call *call, const struct lk_id *group, struct lk_page page, struct lk_user **ret, size_t *ret_len,
                        struct lk_page_info *ret_info);

/* What a client gave. A member that was absent has given = false (or permissions NULL); null empties description, users, sso and notifications. */
struct lk_user_group_input {
    bool name_given; /* needed to create */
    struct lk_slice name;
    bool description_given;
    struct lk_slice description; /* ptr NULL: none */
    bool users_given;
    const struct lk_slice *user_ids; /* as text; an item with ptr NULL was null */
    size_t user_ids_len;
    const struct lk_permissions *permissions; /* as given; normalised here */
    bool sso_given;
    struct lk_sso_link sso;
    bool notifications_given;
    struct lk_notifications notifications;
};

/* These need MANAGE_USERS_AND_GROUPS. The grant rule holds for every permission that is new to the group, and for the whole group when a user is new
 * to it. LK_EINVAL for what the rules refuse (ids that do not exist included), LK_ECONFLICT "A user group already exists with the name X" and when it
 * would lock the account out (domain/lockout.h), LK_ENOTFOUND "No User Group exists with the id X" / "User does not exist".
 *
 * delete also takes the group from its users and keys. set_permissions overwrites. add_user is LK_ECONFLICT when the user is in the group already,
 * remove_user when it is not. */
int lk_user_group_create(struct lk_call *call, const struct lk_user_group_input *input, struct lk_user_group *ret);
int lk_user_group_update(struct lk_call *call, struct lk_slice id, const struct lk_user_group_input *input, struct lk_user_group *ret);
int lk_user_group_delete(struct lk_call *call, struct lk_slice id);
int lk_user_group_set_permissions(struct lk_call *call, struct lk_slice id, const struct lk_permissions *permissions,
                                  struct lk_permissions *ret);
int lk_user_group_add_user(struct lk_call *call, struct lk_slice id, struct lk_slice user, struct lk_user_group *ret);
int lk_user_group_remove_user(struct lk_call *call, struct lk_slice id, struct lk_slice user, struct lk_user_group *ret);
int lk_user_group_add_account_permission(struct lk_call *call, struct lk_slice id, enum lk_account_permission permission,
                                         struct lk_user_group *ret);
int lk_user_group_add_app_permission(struct lk_call *call, struct lk_slice id, const struct lk_app_permission *permission,
                                     struct lk_user_group *ret);

#endif
