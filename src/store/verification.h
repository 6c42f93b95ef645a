/* What verification keeps in memory of the database: read one by one after a change, and all in one pass at start. Contract: see store/account.h. */
#ifndef STORE_VERIFICATION_H
#define STORE_VERIFICATION_H

#include "store/api_key.h"
#include "store/db.h"

#define LK_VERIFICATION_GROUPS_MAX 100
#define LK_VERIFICATION_OLD_SECRETS_MAX 3

/* A replaced secret, whether it has ended or not. */
struct lk_verification_secret {
    uint8_t digest[LK_STORED_DIGEST_BYTES];
    int64_t ends_at;
};

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
    struct lk_slice allowed_ips; /* document; ptr NULL: from anywhere */
    int64_t rate_limit;          /* 0: none */
    int64_t rate_window_ms;
    bool has_credits;
    int64_t credits;
    struct lk_verification_secret old_secrets[LK_VERIFICATION_OLD_SECRETS_MAX];
    size_t old_secrets_len;
};

struct lk_verification_group {
    struct lk_id id;
    struct lk_slice permissions; /* document */
};

struct lk_verification_account {
    struct lk_id id;
    int64_t rate_limit; /* 0: none */
    int64_t rate_window_ms;
    bool has_credits;
    int64_t credits;
};

/* Called with rows; a negative result ends the reading and becomes its result. They may not use the database. */
typedef int (*lk_verification_key_each)(void *context, const struct lk_verification_key *key);
typedef int (*lk_verification_group_each)(void *context, const struct lk_verification_group *group);
typedef int (*lk_verification_account_each)(void *context, const struct lk_verification_account *account);

/* One key, group or account; LK_ENOTFOUND. */
int lk_store_verification_key(struct lk_db *db, const struct lk_id *id, lk_verification_key_each each, void *context);
int lk_store_verification_group(struct lk_db *db, const struct lk_id *id, lk_verification_group_each each, void *context);
int lk_store_verification_account(struct lk_db *db, const struct lk_id *id, lk_verification_account_each each, void *context);

/* All, in one pass in order of id. */
int lk_store_verification_keys(struct lk_db *db, lk_verification_key_each each, void *context);
int lk_store_verification_groups(struct lk_db *db, lk_verification_group_each each, void *context);
int lk_store_verification_accounts(struct lk_db *db, lk_verification_account_each each, void *context);

int lk_store_verification_key_count(struct lk_db *db, int64_t *ret);

#endif
