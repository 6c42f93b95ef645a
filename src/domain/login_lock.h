/* Wrong passwords of a user: so many within a while lock it, whichever way they are tried (lk_login_rules). In a transaction. */
#ifndef DOMAIN_LOGIN_LOCK_H
#define DOMAIN_LOGIN_LOCK_H

#include "domain/call.h"
#include "store/login.h"

bool lk_login_is_locked(const struct lk_call *call, const struct lk_login_row *row);

/* Counts one more, in row and in the database. *ret_locked: it was the one that locks the user, for which the caller writes LK_AUDIT_LOCK. */
int lk_login_count_failure(struct lk_call *call, struct lk_login_row *row, bool *ret_locked);

#endif
