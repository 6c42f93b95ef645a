/* What verification keeps in memory of the database: read one by one after a change, and all in one pass at start. Contract: see store/account.h. */
#ifndef STORE_VERIFICATION_H
#define STORE_VERIFICATION_H

#include "store/api_key.h"
#include "store/db.h"

#define LK_VERIFICATION_GROUPS_MAX 100

/* What is pointed to lives for the call that it is given to. */
struct lk_verification_key {
    struct lk_id id;
    struct lk_id account_id;
    struct lk_slice name;
    uint8_t digest[LK_STORED_DIGEST_BYTES];
    bool enabled;
    bool has_expiry;
    int64_t expires_at;
    struct lk_slice metadata;                        /* document */
    struct lk_id groups[LK_VERIFICATION_GROUPS_MAX]; /* in order of id */
    size_t groups_len;
};

struct lk_verification_group {
    struct lk_id id;
    struct lk_slice permissions; /* document */
};

/* Called with rows; a negative result ends the reading and becomes its result. They may not use the database. */
typedef int (*lk_verification_key_each)(void *context, const struct lk_verification_key *key);
typedef int (*lk_verification_group_each)(void *context, const struct lk_verification_group *group);
typedef int (*lk_verification_account_each)(void *context, const struct lk_id *account);

/* One key, or one group; LK_ENOTFOUND. */
int lk_store_verification_key(struct lk_db *db, const struct lk_id *id, lk_verification_key_each each, void *context);
int lk_store_verification_group(struct lk_db *db, const struct lk_id *id, lk_verification_group_each each, void *context);

/* All, in one pass in order of id. */
int lk_store_verification_keys(struct lk_db *db, lk_verification_key_each each, void *context);
int lk_store_verification_groups(struct lk_db *db, lk_verification_group_each each, void *context);
int lk_store_verification_accounts(struct lk_db *db, lk_verification_account_each each, void *context);

int lk_store_verification_key_count(struct lk_db *db, int64_t *ret);

#endif
