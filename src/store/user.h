/* Rows of user_account. Contract: see store/account.h. */
#ifndef STORE_USER_H
#define STORE_USER_H

#include "base/arena.h"
#include "store/db.h"

struct lk_user_row {
    struct lk_id id;
    struct lk_id account_id;
    struct lk_slice name;
    struct lk_slice email;
    struct lk_slice external_id; /* ptr NULL for none */
    bool email_verified;
    int64_t created_at;
    int64_t updated_at;
};

/* insert: LK_ECONFLICT when the account has a user with that e-mail address. update writes name, external_id and updated_at. */
int lk_store_user_insert(struct lk_db *db, const struct lk_user_row *row);
int lk_store_user_update(struct lk_db *db, const struct lk_user_row *row);

/* Also takes it from its groups. LK_ENOTFOUND. */
int lk_store_user_delete(struct lk_db *db, const struct lk_id *id);

int lk_store_user_find(struct lk_db *db, const struct lk_id *account, const struct lk_id *id, struct lk_arena *arena,
                       struct lk_user_row *ret);
int lk_store_user_find_by_email(struct lk_db *db, const struct lk_id *account, struct lk_slice email, struct lk_arena *arena,
                                struct lk_user_row *ret);

/* Of several the one whose e-mail address is first. */
int lk_store_user_find_by_name(struct lk_db *db, const struct lk_id *account, struct lk_slice name, struct lk_arena *arena,
                               struct lk_user_row *ret);

/* In order of name, then e-mail address. */
int lk_store_user_list(struct lk_db *db, const struct lk_id *account, int64_t limit, int64_t offset, struct lk_arena *arena,
                       struct lk_user_row **ret, size_t *ret_len);
int lk_store_user_count(struct lk_db *db, const struct lk_id *account, int64_t *ret);
int lk_store_user_list_of_group(struct lk_db *db, const struct lk_id *group, int64_t limit, int64_t offset, struct lk_arena *arena,
                                struct lk_user_row **ret, size_t *ret_len);
int lk_store_user_count_of_group(struct lk_db *db, const struct lk_id *group, int64_t *ret);

#endif
