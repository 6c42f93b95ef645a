#include "domain/rate_limit.h"

#include "domain/rules.h"

int lk_rate_limit_check(struct lk_call *call, const struct lk_rate_limit *rate) {
    if (rate->limit < 1 || rate->limit > LK_RATE_LIMIT_MAX)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid rateLimit: limit must be from 1 to %d", LK_RATE_LIMIT_MAX);
    if (rate->window_seconds < 1 || rate->window_seconds > LK_RATE_WINDOW_MAX)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid rateLimit: windowSeconds must be from 1 to %d (31 days)",
                              LK_RATE_WINDOW_MAX);
    return 0;
}

bool lk_rate_limit_raised(const struct lk_rate_limit *before, const struct lk_rate_limit *after) {
    if (before->limit == 0 || after->limit == 0)
        return before->limit != 0;
    /* Neither product reaches 2^53. */
    return after->limit > before->limit || after->limit * before->window_seconds > before->limit * after->window_seconds;
}

void lk_rate_limit_document(struct lk_json_writer *w, const struct lk_rate_limit *rate) {
    lk_json_key(w, "rateLimit");
    if (rate->limit == 0) {
        lk_json_null(w);
        return;
    }
    lk_json_begin_object(w);
    lk_json_key(w, "limit");
    lk_json_int(w, rate->limit);
    lk_json_key(w, "windowSeconds");
    lk_json_int(w, rate->window_seconds);
    lk_json_end_object(w);
}
