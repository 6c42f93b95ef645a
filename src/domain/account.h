/* Accounts: walls between customers. See domain/call.h for how operations run and fail. */
#ifndef DOMAIN_ACCOUNT_H
#define DOMAIN_ACCOUNT_H

#include "domain/call.h"

struct lk_account {
    struct lk_id id;
    struct lk_slice name;
    int64_t created_at;
};

/* Makes an account with its three default groups, as the system (call->actor may be NULL; it is the system of that account afterwards). id NULL makes
 * a random one. With operator true, Account Administrator also holds the scope latchkey.operator. ret_admin_group is Account Administrator.
 * LK_EINVAL for a bad name, LK_ECONFLICT when the id is taken. */
int lk_account_create(struct lk_call *call, const struct lk_id *id, struct lk_slice name, bool operator_account, struct lk_account *ret,
                      struct lk_id *ret_admin_group);

/* The actor's own account. */
int lk_account_get(struct lk_call *call, struct lk_account *ret);

#endif
