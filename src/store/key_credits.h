/* Rows of key_credits: how often a key may still be used, and when it gets more. Contract: see store/account.h. */
#ifndef STORE_KEY_CREDITS_H
#define STORE_KEY_CREDITS_H

#include "base/arena.h"
#include "store/db.h"

struct lk_key_credits_row {
    int64_t remaining;
    bool has_refill;
    int64_t refill_amount;
    struct lk_slice refill_interval; /* "DAILY", "WEEKLY", "MONTHLY" */
    int64_t refill_day;
    int64_t refill_at;
};

/* LK_ENOTFOUND: the key is not counted. */
int lk_store_key_credits_find(struct lk_db *db, const struct lk_id *key, struct lk_arena *arena, struct lk_key_credits_row *ret);

/* Inserts or replaces; and removes, whether there is one or not. */
int lk_store_key_credits_put(struct lk_db *db, const struct lk_id *key, const struct lk_key_credits_row *row);
int lk_store_key_credits_delete(struct lk_db *db, const struct lk_id *key);

/* The balance alone. A key that is not there (any more) or not counted is left alone. */
int lk_store_key_credits_flush(struct lk_db *db, const struct lk_id *key, int64_t remaining);

/* The key whose refill is due first, at or before now. LK_ENOTFOUND: none is. */
int lk_store_key_credits_due(struct lk_db *db, int64_t now_ms, struct lk_arena *arena, struct lk_id *ret_key,
                             struct lk_key_credits_row *ret);

#endif
