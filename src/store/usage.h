/* Rows of api_key_use, api_key_usage and account_usage. Contract: see store/account.h. Packed hours are opaque here (domain/usage_hours.h). */
#ifndef STORE_USAGE_H
#define STORE_USAGE_H

#include "base/arena.h"
#include "store/db.h"

/* --- when a key was last used --- */

/* A new key: never used. */
int lk_store_use_insert(struct lk_db *db, const struct lk_id *account, const struct lk_id *key);

/* Unless it was used later still; what is after now was noted by a clock that was ahead, and says nothing. LK_ENOTFOUND: there is no such key (any more). */
int lk_store_use_touch(struct lk_db *db, const struct lk_id *account, const struct lk_id *key, int64_t at, int64_t now_ms);

/* *ret_used false: never. LK_ENOTFOUND. */
int lk_store_use_find(struct lk_db *db, const struct lk_id *account, const struct lk_id *key, bool *ret_used, int64_t *ret_at);

/* --- the hours of a day --- */

enum lk_usage_of { LK_USAGE_OF_KEY, LK_USAGE_OF_ACCOUNT };

/* Most bytes of a day. */
#define LK_STORED_HOURS_MAX 2048

/* id is the key's or the account's. LK_ENOTFOUND; LK_ECORRUPT when it is larger than it can be. */
int lk_store_usage_find(struct lk_db *db, enum lk_usage_of of, int64_t day, const struct lk_id *id, char out[LK_STORED_HOURS_MAX],
                        size_t *ret_len);
/* Of an account that there is not (any more) nothing is kept. */
int lk_store_usage_put(struct lk_db *db, enum lk_usage_of of, int64_t day, const struct lk_id *id, struct lk_slice hours);

/* Deletes at most max rows of each of the two tables, of its oldest day if that is before day; *ret is how many there were. */
int lk_store_usage_sweep(struct lk_db *db, int64_t day, int64_t max, int64_t *ret);

/* Deletes all that is known of the use of a key that is about to be deleted. */
int lk_store_usage_forget(struct lk_db *db, const struct lk_id *key);

/* Deletes the usage of an account that is about to be deleted, and notes its keys, whose usage forget_next deletes. */
int lk_store_usage_forget_account(struct lk_db *db, const struct lk_id *account);

/* Deletes the usage of one of the keys that went with their account. LK_ENOTFOUND: there is none left. */
int lk_store_usage_forget_next(struct lk_db *db);

#endif
