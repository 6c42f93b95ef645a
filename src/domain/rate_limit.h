/* How fast a key, or all keys of an account together, may be used. */
#ifndef DOMAIN_RATE_LIMIT_H
#define DOMAIN_RATE_LIMIT_H

#include "base/json_write.h"
#include "domain/call.h"

#define LK_RATE_LIMIT_MAX 1000000000
#define LK_RATE_WINDOW_MAX 2678400 /* 31 days */

/* limit units may be used at once, and limit in each window in the long run. limit 0: no rate. */
struct lk_rate_limit {
    int64_t limit;
    int64_t window_seconds;
};

/* Checks what a client gave. LK_EINVAL. */
int lk_rate_limit_check(struct lk_call *call, const struct lk_rate_limit *rate);

/* Whether `after` lets through what `before` does not: more at once, or more in the long run. */
bool lk_rate_limit_raised(const struct lk_rate_limit *before, const struct lk_rate_limit *after);

/* The member "rateLimit" of a document of the audit. */
void lk_rate_limit_document(struct lk_json_writer *w, const struct lk_rate_limit *rate);

#endif
