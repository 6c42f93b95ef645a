/* Rows of user_login: what users log in with. Contract: see store/account.h. */
#ifndef STORE_LOGIN_H
#define STORE_LOGIN_H

#include "base/arena.h"
#include "store/db.h"

struct lk_login_row {
    struct lk_id user_id;
    struct lk_slice password_hash; /* ptr NULL for none */
    int64_t password_set_at;       /* 0 for never */
    int64_t failures;
    int64_t first_failure_at;
    int64_t locked_until;
};

/* A user whom a login may mean. */
struct lk_login_candidate_row {
    struct lk_id user_id;
    struct lk_id account_id;
    struct lk_slice email;
    struct lk_slice account_name;
    struct lk_slice password_hash;
};

int lk_store_login_find(struct lk_db *db, const struct lk_id *user, struct lk_arena *arena, struct lk_login_row *ret);

/* Writes all of it, whether the user had a row or not. */
int lk_store_login_put(struct lk_db *db, const struct lk_login_row *row);

/* The first users of any account with that e-mail address (lower case) and a password, oldest first. */
int lk_store_login_list(struct lk_db *db, struct lk_slice email, int64_t limit, struct lk_arena *arena, struct lk_login_candidate_row **ret,
                        size_t *ret_len);

/* Writes what is there already, so that a login which finds nobody costs a commit like one that finds somebody. */
int lk_store_login_write_nothing(struct lk_db *db);

#endif
