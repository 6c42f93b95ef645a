/* Identity providers that groups can be linked to. See domain/call.h for how operations run and fail. */
#ifndef DOMAIN_SSO_PROVIDER_H
#define DOMAIN_SSO_PROVIDER_H

#include "domain/call.h"
#include "domain/group_settings.h"

/* "LDAP" or "SAML"; NULL for LK_SSO_NONE. And back: LK_SSO_NONE for a name that is none. */
const char *lk_sso_kind_name(enum lk_sso_kind kind);
enum lk_sso_kind lk_sso_kind_find(struct lk_slice name);

struct lk_sso_provider {
    struct lk_id id;
    struct lk_id account_id;
    struct lk_slice name;
    enum lk_sso_kind kind;
    int64_t created_at;
};

/* These need MANAGE_AUTHENTICATION_SETTINGS. LK_EINVAL, LK_ECONFLICT "A provider already exists with the name X", LK_ENOTFOUND "Provider does not exist".
 * delete also unlinks its groups. */
int lk_sso_provider_create(struct lk_call *call, struct lk_slice name, enum lk_sso_kind kind, struct lk_sso_provider *ret);
int lk_sso_provider_delete(struct lk_call *call, struct lk_slice id);

/* Reading needs MANAGE_AUTHENTICATION_SETTINGS, READ_USERS_AND_GROUPS or VIEW_USER_AND_USER_GROUPS_AND_API_KEYS. */
int lk_sso_provider_get(struct lk_call *call, struct lk_slice id, struct lk_sso_provider *ret);
int lk_sso_provider_list(struct lk_call *call, struct lk_page page, struct lk_sso_provider **ret, size_t *ret_len,
                         struct lk_page_info *ret_info);

#endif
