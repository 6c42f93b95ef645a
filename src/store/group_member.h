/* Rows of group_member: which users are in which groups. Contract: see store/account.h. */
#ifndef STORE_GROUP_MEMBER_H
#define STORE_GROUP_MEMBER_H

#include "store/db.h"

/* add: LK_ECONFLICT when it is there. remove: LK_ENOTFOUND when it is not. */
int lk_store_member_add(struct lk_db *db, const struct lk_id *group, const struct lk_id *user);
int lk_store_member_remove(struct lk_db *db, const struct lk_id *group, const struct lk_id *user);

int lk_store_member_has(struct lk_db *db, const struct lk_id *group, const struct lk_id *user, bool *ret);

/* All of one user. */
int lk_store_member_clear_user(struct lk_db *db, const struct lk_id *user);

#endif
