/* Rows of key_credits and account_credits: how often a key, or all keys of an account together, may still be used, and when there is more. Contract: see
 * store/account.h. */
#ifndef STORE_CREDITS_H
#define STORE_CREDITS_H

#include "base/arena.h"
#include "store/db.h"

/* Whose credits: an id is that of a key, or that of an account. */
enum lk_credits_of { LK_CREDITS_OF_KEY, LK_CREDITS_OF_ACCOUNT, LK_CREDITS_OWNERS };

struct lk_credits_row {
    int64_t remaining;
    bool has_refill;
    int64_t refill_amount;
    struct lk_slice refill_interval; /* "DAILY", "WEEKLY", "MONTHLY" */
    int64_t refill_day;
    int64_t refill_at;
};

/* LK_ENOTFOUND: it is not counted. */
int lk_store_credits_find(struct lk_db *db, enum lk_credits_of of, const struct lk_id *id, struct lk_arena *arena,
                          struct lk_credits_row *ret);

/* Inserts or replaces; and removes, whether there is one or not. */
int lk_store_credits_put(struct lk_db *db, enum lk_credits_of of, const struct lk_id *id, const struct lk_credits_row *row);
int lk_store_credits_delete(struct lk_db *db, enum lk_credits_of of, const struct lk_id *id);

/* The balance alone. What is not there (any more) or not counted is left alone. */
int lk_store_credits_flush(struct lk_db *db, enum lk_credits_of of, const struct lk_id *id, int64_t remaining);

/* The one whose refill is due first, at or before now. LK_ENOTFOUND: none is. */
int lk_store_credits_due(struct lk_db *db, enum lk_credits_of of, int64_t now_ms, struct lk_arena *arena, struct lk_id *ret_id,
                         struct lk_credits_row *ret);

#endif
