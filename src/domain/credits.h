/* How often a key, or all keys of an account together, may still be used. */
#ifndef DOMAIN_CREDITS_H
#define DOMAIN_CREDITS_H

#include "base/json_write.h"
#include "domain/call.h"
#include "store/credits.h"

#define LK_CREDITS_MAX INT64_C(9007199254740991) /* the largest whole number that every JSON reader holds */

/* As shown. */
struct lk_credits {
    int64_t remaining; /* as of the last flush, or as it was set since */
    bool has_refill;
    int64_t amount;           /* what remaining becomes at a refill */
    struct lk_slice interval; /* "DAILY", "WEEKLY" or "MONTHLY" (domain/refill.h) */
    bool has_day;             /* DAILY has none */
    int64_t day;
    int64_t next_at;
};

/* What a client gave. */
struct lk_credits_input {
    int64_t remaining;
    bool has_refill;
    int64_t amount;
    struct lk_slice interval;
    bool day_given;
    int64_t day;
};

/* Checks what a client gave and stores it, the first refill being the next one after now; input NULL: it is not counted any more. The caller records the change
 * (domain/change.h). LK_EINVAL. */
int lk_credits_store(struct lk_call *call, enum lk_credits_of of, const struct lk_id *id, const struct lk_credits_input *input);

/* The row of a key or an account, and the same as it is shown. LK_ECORRUPT and the rest with the problem set; *ret_has false, and *ret not to be used, when it
 * is not counted. */
int lk_credits_find(struct lk_call *call, enum lk_credits_of of, const struct lk_id *id, bool *ret_has, struct lk_credits_row *ret);
int lk_credits_get(struct lk_call *call, enum lk_credits_of of, const struct lk_id *id, bool *ret_has, struct lk_credits *ret);

/* The member "credits" of a document of the audit; row NULL: it is not counted. */
void lk_credits_document(struct lk_json_writer *w, const struct lk_credits_row *row);

/* Sets balances that are due, at most so many of accounts and keys together. For the server: call has no actor, and it is a changing operation (domain/call.h).
 * *ret_more: there may be more. */
int lk_credits_refill(struct lk_call *call, size_t most, bool *ret_more);

#endif
