/* Rows of sso_provider. Contract: see store/account.h. */
#ifndef STORE_SSO_PROVIDER_H
#define STORE_SSO_PROVIDER_H

#include "base/arena.h"
#include "store/db.h"

struct lk_provider_row {
    struct lk_id id;
    struct lk_id account_id;
    struct lk_slice name;
    struct lk_slice kind; /* "LDAP" or "SAML" */
    int64_t created_at;
};

/* LK_ECONFLICT when the account has a provider of that name. */
int lk_store_provider_insert(struct lk_db *db, const struct lk_provider_row *row);

/* Also unlinks its groups. LK_ENOTFOUND. */
int lk_store_provider_delete(struct lk_db *db, const struct lk_id *id);

int lk_store_provider_find(struct lk_db *db, const struct lk_id *account, const struct lk_id *id, struct lk_arena *arena,
                           struct lk_provider_row *ret);

/* In order of name. */
int lk_store_provider_list(struct lk_db *db, const struct lk_id *account, int64_t limit, int64_t offset, struct lk_arena *arena,
                           struct lk_provider_row **ret, size_t *ret_len);
int lk_store_provider_count(struct lk_db *db, const struct lk_id *account, int64_t *ret);

#endif
