/*
 * What keys are used for: when a key was last used, and how often by outcome and hour, kept for 90 days.
 *
 * Used is a key that was presented and known, whatever came of it: a refused one is in use too, and its counts say how. Where the counts come from is not
 * this room's business: they are recorded in sums.
 */
#ifndef DOMAIN_USAGE_H
#define DOMAIN_USAGE_H

#include "domain/call.h"

enum lk_use_outcome {
    LK_USE_VALID,
    LK_USE_DISABLED,
    LK_USE_EXPIRED,
    LK_USE_IP_NOT_ALLOWED,
    LK_USE_INSUFFICIENT_PERMISSIONS,
    LK_USE_RATE_LIMITED,
    LK_USE_USAGE_EXCEEDED,
    LK_USE_OUTCOMES /* how many */
};

#define LK_HOUR_MS INT64_C(3600000)
#define LK_DAY_MS (24 * LK_HOUR_MS)

/* Days that counts are kept, and the longest range that may be read at once. */
#define LK_USAGE_DAYS 90

struct lk_usage_counts {
    uint64_t by_outcome[LK_USE_OUTCOMES];
};

/* --- recording: on the store thread, inside a savepoint of the caller's --- */

/* A key was used at used_at, and at now when the clock has been set back since. A later use that is known stays the last, but for one by a clock that was ahead:
 * until that time has come the last use would be none. LK_ENOTFOUND: the key is no more. */
int lk_usage_touch_key(struct lk_db *db, const struct lk_id *account, const struct lk_id *key, int64_t used_at, int64_t now_ms);

/* And so often in the hour of used_at. LK_ENOTFOUND: the key is no more, and nothing was recorded. */
int lk_usage_record_key(struct lk_db *db, const struct lk_id *account, const struct lk_id *key, int64_t used_at,
                        const struct lk_usage_counts *counts);

/* All keys of an account together were used so often in the hour of used_at. */
int lk_usage_record_account(struct lk_db *db, const struct lk_id *account, int64_t used_at, const struct lk_usage_counts *counts);

/* Deletes at most max rows of each table whose day was over 90 days before now. *ret: how many there were; 0: it is done. */
int lk_usage_sweep(struct lk_db *db, int64_t now_ms, int64_t max, int64_t *ret);

/* Deletes the counts of one key that was deleted with its account. LK_ENOTFOUND: it is done. */
int lk_usage_forget_next(struct lk_db *db);

/* --- reading --- */

enum lk_usage_interval { LK_USAGE_BY_HOUR, LK_USAGE_BY_DAY };

/* What a client asked for; absent bounds: to is now, from a day before it, or thirty when it is by day. */
struct lk_usage_range {
    bool from_given, to_given;
    int64_t from, to;
    enum lk_usage_interval interval;
};

struct lk_usage_bucket {
    int64_t start;
    struct lk_usage_counts counts;
};

/* Whether a key that another operation returned was ever used, and when last. */
int lk_api_key_last_used(struct lk_call *call, const struct lk_id *account, const struct lk_id *key, bool *ret_used, int64_t *ret_at);

/* The buckets from the one that holds from up to the one that holds the moment before to, those without a use included. LK_EINVAL for a range that is
 * none or too long. Of a key that another operation returned; and of an account, which needs what reading keys needs, or the scope latchkey.operator when it
 * is another one. */
int lk_api_key_usage(struct lk_call *call, const struct lk_id *key, const struct lk_usage_range *range, struct lk_usage_bucket **ret,
                     size_t *ret_len);
int lk_account_usage(struct lk_call *call, const struct lk_id *account, const struct lk_usage_range *range, struct lk_usage_bucket **ret,
                     size_t *ret_len);

#endif
