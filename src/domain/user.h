/* Users: people, who inherit permissions from groups as keys do. See domain/call.h for how operations run and fail. */
#ifndef DOMAIN_USER_H
#define DOMAIN_USER_H

#include "domain/call.h"

/* Most bytes of an e-mail address (RFC 5321) and of an external id. */
#define LK_EMAIL_MAX 254
#define LK_EXTERNAL_ID_MAX 255

struct lk_user {
    struct lk_id id;
    struct lk_id account_id;
    struct lk_slice name;
    struct lk_slice email;       /* lower case */
    struct lk_slice external_id; /* ptr NULL for none */
    bool email_verified;
    int64_t created_at;
    int64_t updated_at;
};

/* What a client gave. A member that was absent or null has given = false, but for the external id and the groups: null empties them. */
struct lk_user_input {
    bool name_given; /* needed to create */
    struct lk_slice name;
    struct lk_slice email; /* to create only */
    bool external_id_given;
    struct lk_slice external_id; /* ptr NULL: none */
    bool groups_given;
    const struct lk_slice *group_ids; /* as text; an item with ptr NULL was null */
    size_t group_ids_len;
};

/* These need MANAGE_USERS_AND_GROUPS. The grant rule holds for groups that are new to the user. LK_EINVAL for a bad name, e-mail address or group id
 * ("No User Group exists with the id X"); LK_ECONFLICT "A user already exists with the email X", and when it would
 * lock the account out (domain/lockout.h); LK_ENOTFOUND "User does not exist". */
int lk_user_create(struct lk_call *call, const struct lk_user_input *input, struct lk_user *ret);
int lk_user_update(struct lk_call *call, struct lk_slice id, const struct lk_user_input *input, struct lk_user *ret);
int lk_user_delete(struct lk_call *call, struct lk_slice id);

/* Reading needs READ_USERS_AND_GROUPS or VIEW_USER_AND_USER_GROUPS_AND_API_KEYS. LK_ENOTFOUND "User does not exist". Of several users of one name
 * the one whose e-mail address is first; an e-mail address is found whatever its case. */
int lk_user_get(struct lk_call *call, struct lk_slice id, struct lk_user *ret);
int lk_user_get_by_name(struct lk_call *call, struct lk_slice name, struct lk_user *ret);
int lk_user_get_by_email(struct lk_call *call, struct lk_slice email, struct lk_user *ret);

/* A page in order of name. */
int lk_user_list(struct lk_call *call, struct lk_page page, struct lk_user **ret, size_t *ret_len, struct lk_page_info *ret_info);

struct lk_user_group;

/* A page of the groups of a user that a function above returned, in order of name. */
int lk_user_groups(struct lk_call *call, const struct lk_id *user, struct lk_page page, struct lk_user_group **ret, size_t *ret_len,
                   struct lk_page_info *ret_info);

#endif
