#include "domain/login_lock.h"

#include "domain/rules.h"
#include "domain/session.h"

bool lk_login_is_locked(const struct lk_call *call, const struct lk_login_row *row) {
    return row->locked_until > call->now_ms;
}

int lk_login_count_failure(struct lk_call *call, struct lk_login_row *row, bool *ret_locked) {
    const struct lk_login_rules *rules = &call->domain->login;
    if (row->failures == 0 || call->now_ms - row->first_failure_at >= rules->window_ms) {
        row->failures = 0;
        row->first_failure_at = call->now_ms;
    }
    row->failures++;
    *ret_locked = row->failures >= rules->failures_max;
    if (*ret_locked) {
        row->failures = 0;
        row->locked_until = call->now_ms + rules->lock_ms;
    }
    int code = lk_store_login_put(call->db, row);
    return code == 0 ? 0 : lk_fail_store(call, code);
}
