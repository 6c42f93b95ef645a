/* Groups from their rows, for the other files of this room. */
#ifndef DOMAIN_GROUP_ROWS_H
#define DOMAIN_GROUP_ROWS_H

#include "domain/user_group.h"
#include "store/user_group.h"

/* As shown; texts are shared with the row. */
int lk_to_group(struct lk_call *call, const struct lk_group_row *row, struct lk_user_group *ret);
int lk_to_groups(struct lk_call *call, const struct lk_group_row *rows, size_t len, struct lk_user_group **ret);

/* A group of the actor's account by its id as text. "No User Group exists with the id X", with the code given. */
int lk_find_group(struct lk_call *call, int code, struct lk_slice id, struct lk_group_row *ret);

/* "No User Group exists with the id X", with the code given. */
int lk_no_group(struct lk_call *call, int code, struct lk_slice id);

#endif
