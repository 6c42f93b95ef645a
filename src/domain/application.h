/* Applications: what application permissions are about. See domain/call.h for how operations run and fail. */
#ifndef DOMAIN_APPLICATION_H
#define DOMAIN_APPLICATION_H

#include "domain/call.h"

struct lk_application {
    struct lk_id id;
    struct lk_id account_id;
    struct lk_slice name;
    struct lk_slice description; /* ptr NULL for none */
    int64_t created_at;
    bool has_creator;     /* false when a key made it */
    struct lk_id creator; /* a user */
    int64_t updated_at;
};

/* A member that was absent has given = false; a null description has given = true and ptr NULL. */
struct lk_application_input {
    bool name_given; /* needed to create */
    struct lk_slice name;
    bool description_given;
    struct lk_slice description;
    bool manual_triggers; /* asks that manual triggers need a key: refused, since there are none */
};

/* These need CREATE_AND_DELETE_APPLICATION. LK_EINVAL, LK_ECONFLICT "Duplicate name: an application already exists with the name X",
 * LK_ENOTFOUND "Application does not exist". delete takes the application out of all application permissions that name it, and those away that name nothing else. */
int lk_application_create(struct lk_call *call, const struct lk_application_input *input, struct lk_application *ret);
int lk_application_update(struct lk_call *call, struct lk_slice id, const struct lk_application_input *input, struct lk_application *ret);
int lk_application_delete(struct lk_call *call, struct lk_slice id);

/* Reading needs CREATE_AND_DELETE_APPLICATION, READ_USERS_AND_GROUPS, VIEW_USER_AND_USER_GROUPS_AND_API_KEYS or MANAGE_API_KEYS; or an application
 * permission with READ: then only the applications are there that it reaches. LK_ENOTFOUND "Application does not exist", to who reads all of them
 * "User not authorized: Application does not exist". */
int lk_application_get(struct lk_call *call, struct lk_slice id, struct lk_application *ret);
int lk_application_get_by_name(struct lk_call *call, struct lk_slice name, struct lk_application *ret);

/* Whether no application has this id (any text). LK_EFORBIDDEN for who does not read all of them. */
int lk_application_is_gone(struct lk_call *call, struct lk_slice id, bool *ret);

/* Most ids by which a list may be asked for. */
#define LK_APPLICATION_IDS_MAX 100

/* A page in order of name. ids: only those that have one of them; NULL: all. LK_EINVAL: more than LK_APPLICATION_IDS_MAX. */
int lk_application_list(struct lk_call *call, const struct lk_texts *ids, struct lk_page page, struct lk_application **ret, size_t *ret_len,
                        struct lk_page_info *ret_info);

#endif
