#include "api/refusals.h"

const struct lk_rate lk_refusals_rate = {3600, 3600000};

bool lk_refusals_are_too_many(struct lk_rate_table *refusals, const struct lk_id *actor, int64_t now_ns, struct lk_rate_state *ret) {
    (void)lk_rate_table_take(refusals, actor, 0, now_ns, ret);
    return ret->remaining == 0 && !lk_rate_table_take(refusals, actor, 1, now_ns, ret); /* which says when there will be one */
}

void lk_refusals_note(struct lk_rate_table *refusals, const struct lk_id *actor, int64_t now_ns) {
    struct lk_rate_state ignored;
    (void)lk_rate_table_take(refusals, actor, 1, now_ns, &ignored); /* of one that has none left there is nothing to note */
}
