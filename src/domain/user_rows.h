/* Users from their rows, for the other files of this room. */
#ifndef DOMAIN_USER_ROWS_H
#define DOMAIN_USER_ROWS_H

#include "domain/rules.h"
#include "domain/user.h"
#include "store/user.h"

int lk_to_users(struct lk_call *call, const struct lk_user_row *rows, size_t len, struct lk_user **ret);

/* A user of the actor's account by its id as text. "User does not exist", with the code given. */
int lk_find_user(struct lk_call *call, int code, struct lk_slice id, struct lk_user_row *ret);

#endif
