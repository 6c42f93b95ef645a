/* Rows of application. Contract: see store/account.h. */
#ifndef STORE_APPLICATION_H
#define STORE_APPLICATION_H

#include "base/arena.h"
#include "store/db.h"

struct lk_application_row {
    struct lk_id id;
    struct lk_id account_id;
    struct lk_slice name;
    struct lk_slice description; /* ptr NULL for none */
    int64_t created_at;
    bool has_creator;
    struct lk_id created_by;
    int64_t updated_at;
};

/* insert and update: LK_ECONFLICT when the account has an application of that name. update writes name, description and updated_at. */
int lk_store_application_insert(struct lk_db *db, const struct lk_application_row *row);
int lk_store_application_update(struct lk_db *db, const struct lk_application_row *row);

/* LK_ENOTFOUND. */
int lk_store_application_delete(struct lk_db *db, const struct lk_id *id);

int lk_store_application_find(struct lk_db *db, const struct lk_id *account, const struct lk_id *id, struct lk_arena *arena,
                              struct lk_application_row *ret);
int lk_store_application_find_by_name(struct lk_db *db, const struct lk_id *account, struct lk_slice name, struct lk_arena *arena,
                                      struct lk_application_row *ret);

/* In order of name. */
int lk_store_application_list(struct lk_db *db, const struct lk_id *account, int64_t limit, int64_t offset, struct lk_arena *arena,
                              struct lk_application_row **ret, size_t *ret_len);
int lk_store_application_count(struct lk_db *db, const struct lk_id *account, int64_t *ret);

#endif
