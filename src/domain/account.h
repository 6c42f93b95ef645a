/* Accounts: walls between customers. See domain/call.h for how operations run and fail. */
#ifndef DOMAIN_ACCOUNT_H
#define DOMAIN_ACCOUNT_H

#include "domain/credits.h"
#include "domain/rate_limit.h"

struct lk_account {
    struct lk_id id;
    struct lk_slice name;
    int64_t created_at;
    struct lk_rate_limit rate; /* for all its keys together */
};

/* What a client gave. A name with ptr NULL leaves the name; what is not given stays, and what is given and not had is none. */
struct lk_account_input {
    struct lk_slice name;
    bool rate_given;
    bool has_rate;
    struct lk_rate_limit rate;
    bool credits_given;
    bool has_credits;
    struct lk_credits_input credits;
};

/* Makes an account with its three default groups, as the system (call->actor may be NULL; it is the system of that account afterwards). id NULL makes
 * a random one. With operator true, Account Administrator also holds the scope latchkey.operator. ret_admin_group is Account Administrator.
 * LK_EINVAL for a bad name, LK_ECONFLICT when the id is taken. */
int lk_account_create(struct lk_call *call, const struct lk_id *id, struct lk_slice name, bool operator_account, struct lk_account *ret,
                      struct lk_id *ret_admin_group);

/* The actor's own account. */
int lk_account_get(struct lk_call *call, struct lk_account *ret);

/* The credits of an account that a function here returned; *ret_has false: it is not counted. */
int lk_account_credits(struct lk_call *call, const struct lk_id *account, bool *ret_has, struct lk_credits *ret);

/* Changes the actor's own account, which is the one that the client named (as in domain/api_key.h). Needs ADMINISTER_OTHER_ACCOUNT_FUNCTIONS. LK_EINVAL for a
 * bad name, rate or credits. */
int lk_account_update(struct lk_call *call, struct lk_slice account, const struct lk_account_input *input, struct lk_account *ret);

/* For operators: the actor must hold the scope latchkey.operator.
 *
 * provision makes an account with its default groups and one key named key_name in Account Administrator, whose token is given this once. delete takes an
 * account (22 characters) with all that is in it, but not its audit log; LK_ECONFLICT for the operator's own, LK_ENOTFOUND "Account does not exist".
 * list gives a page in order of name. */
int lk_account_provision(struct lk_call *call, struct lk_slice name, struct lk_slice key_name, struct lk_account *ret,
                         struct lk_slice *ret_token);
int lk_account_delete(struct lk_call *call, struct lk_slice id);
int lk_account_list(struct lk_call *call, struct lk_page page, struct lk_account **ret, size_t *ret_len, struct lk_page_info *ret_info);

#endif
