/* Rows of api_key and api_key_group. Contract: see store/account.h. */
#ifndef STORE_API_KEY_H
#define STORE_API_KEY_H

#include "base/arena.h"
#include "store/db.h"

#define LK_STORED_DIGEST_BYTES 32

struct lk_key_row {
    struct lk_id id;
    struct lk_id account_id;
    struct lk_slice name;
    struct lk_slice preview;
    bool enabled;
    bool has_expiry;
    int64_t expires_at;
    struct lk_slice metadata;    /* document */
    struct lk_slice allowed_ips; /* document; ptr NULL: from anywhere */
    int64_t rate_limit;          /* units a window; 0: none */
    int64_t rate_window_ms;
    bool weak;   /* the present secret is easy to guess */
    bool leaked; /* the present secret was reported as public */
    int64_t created_at;
    struct lk_slice created_by;
    int64_t updated_at;
};

/* insert and update: LK_ECONFLICT when the account has a key of that name. sealed with ptr NULL cannot be revealed. update writes name, enabled,
 * expiry, metadata, allowed addresses, rate and updated_at. */
int lk_store_key_insert(struct lk_db *db, const struct lk_key_row *row, const uint8_t digest[LK_STORED_DIGEST_BYTES],
                        unsigned digest_version, struct lk_slice sealed);
int lk_store_key_update(struct lk_db *db, const struct lk_key_row *row);

/* Replaces the secret: digest and seal, and preview, weak and updated_at of row; the new one is not leaked. LK_ECONFLICT when the digest is another key's. */
int lk_store_key_set_secret(struct lk_db *db, const struct lk_key_row *row, const uint8_t digest[LK_STORED_DIGEST_BYTES],
                            unsigned digest_version, struct lk_slice sealed);

/* Writes enabled, leaked and updated_at. */
int lk_store_key_set_leaked(struct lk_db *db, const struct lk_key_row *row);

/* LK_ENOTFOUND. */
int lk_store_key_delete(struct lk_db *db, const struct lk_id *id);

int lk_store_key_find(struct lk_db *db, const struct lk_id *account, const struct lk_id *id, struct lk_arena *arena,
                      struct lk_key_row *ret);
int lk_store_key_find_by_name(struct lk_db *db, const struct lk_id *account, struct lk_slice name, struct lk_arena *arena,
                              struct lk_key_row *ret);
/* By its present secret. */
int lk_store_key_find_by_digest(struct lk_db *db, const uint8_t digest[LK_STORED_DIGEST_BYTES], struct lk_arena *arena,
                                struct lk_key_row *ret);

/* The sealed token; ptr NULL when it cannot be revealed. */
int lk_store_key_sealed(struct lk_db *db, const struct lk_id *id, struct lk_arena *arena, struct lk_slice *ret);

/* Which keys of an account; zeroed but for the account: all. */
struct lk_key_filter {
    const struct lk_id *account;
    struct lk_slice name_part; /* what is in it, in lower case; ptr NULL: any */
    const struct lk_id *group; /* NULL: any */
    int enabled;               /* 0 or 1; negative: any */
    bool has_expires_before;   /* have an expiry before expires_before */
    int64_t expires_before;
    bool has_expires_after; /* have an expiry after expires_after */
    int64_t expires_after;
    bool has_unused_since; /* were made before unused_since, and not used from then on */
    int64_t unused_since;
};

enum lk_key_order { LK_KEYS_BY_NAME, LK_KEYS_BY_CREATION, LK_KEYS_BY_EXPIRY, LK_KEYS_BY_USE, LK_KEY_ORDERS };

/* By expiry those without one are last, by use those without one are first; descending turns the whole order round. */
int lk_store_key_list(struct lk_db *db, const struct lk_key_filter *filter, enum lk_key_order order, bool descending, int64_t limit,
                      int64_t offset, struct lk_arena *arena, struct lk_key_row **ret, size_t *ret_len);
int lk_store_key_count(struct lk_db *db, const struct lk_key_filter *filter, int64_t *ret);

/* Membership. Removing it from all groups is one statement; adding one that is there is LK_ECONFLICT. */
int lk_store_key_groups_clear(struct lk_db *db, const struct lk_id *key);
int lk_store_key_groups_add(struct lk_db *db, const struct lk_id *key, const struct lk_id *group);

#endif
