#include "domain/login_lock.h"

#include "domain/rules.h"
#include "domain/session.h"

/* Counted by a clock that was ahead, and says nothing of now. One that is set back by less than failures are remembered frees nobody. */
static bool is_of_another_time(const struct lk_call *call, const struct lk_login_row *row) {
    return row->first_failure_at - call->now_ms > call->domain->login.window_ms;
}

bool lk_login_is_locked(const struct lk_call *call, const struct lk_login_row *row) {
    return row->locked_until > call->now_ms && !is_of_another_time(call, row);
}

int lk_login_count_failure(struct lk_call *call, struct lk_login_row *row, bool *ret_locked) {
    const struct lk_login_rules *rules = &call->domain->login;
    if (row->failures == 0 || call->now_ms - row->first_failure_at >= rules->window_ms || is_of_another_time(call, row)) {
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
