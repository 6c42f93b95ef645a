#include "domain/credits.h"

#include "domain/refill.h"
#include "domain/rules.h"

/* --- what clients give --- */

static int check_amount(struct lk_call *call, const char *what, int64_t amount) {
    if (amount >= 0 && amount <= LK_CREDITS_MAX)
        return 0;
    return lk_problem_set(call->problem, LK_EINVAL, "Invalid credits: %s must be a whole number from 0 to %lld", what,
                          (long long)LK_CREDITS_MAX);
}

static int check_day(struct lk_call *call, const struct lk_credits_input *input, enum lk_refill_interval interval) {
    int most = lk_refill_day_max(interval);
    if (!input->day_given)
        return 0;
    if (interval == LK_REFILL_DAILY)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid credits: a DAILY refill has no day");
    if (input->day >= 1 && input->day <= most)
        return 0;
    return lk_problem_set(call->problem, LK_EINVAL, "Invalid credits: the day of a %s refill must be from 1%s to %d",
                          interval == LK_REFILL_WEEKLY ? "WEEKLY" : "MONTHLY", interval == LK_REFILL_WEEKLY ? " (Monday)" : "", most);
}

/* Checks credits that a client gave, and makes their row. */
static int make_row(struct lk_call *call, const struct lk_credits_input *input, struct lk_credits_row *ret) {
    int code = check_amount(call, "remaining", input->remaining);
    if (code != 0)
        return code;
    struct lk_credits_row row = {.remaining = input->remaining};
    if (input->has_refill) {
        enum lk_refill_interval interval = LK_REFILL_DAILY;
        if (!lk_refill_interval_parse(input->interval, &interval))
            return lk_problem_set(call->problem, LK_EINVAL, "Invalid credits: interval must be DAILY, WEEKLY or MONTHLY");
        code = check_amount(call, "amount", input->amount);
        if (code == 0)
            code = check_day(call, input, interval);
        if (code != 0)
            return code;
        int day = input->day_given ? (int)input->day : 1;
        row.has_refill = true;
        row.refill_amount = input->amount;
        row.refill_interval = lk_refill_interval_name(interval);
        row.refill_day = day;
        row.refill_at = lk_refill_next(interval, day, call->now_ms);
    }
    *ret = row;
    return 0;
}

int lk_credits_store(struct lk_call *call, enum lk_credits_of of, const struct lk_id *id, const struct lk_credits_input *input) {
    struct lk_credits_row row;
    int code = input == NULL ? 0 : make_row(call, input, &row);
    if (code != 0)
        return code;
    code = input == NULL ? lk_store_credits_delete(call->db, of, id) : lk_store_credits_put(call->db, of, id, &row);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

/* --- what they are shown, and the audit --- */

int lk_credits_find(struct lk_call *call, enum lk_credits_of of, const struct lk_id *id, bool *ret_has, struct lk_credits_row *ret) {
    int code = lk_store_credits_find(call->db, of, id, call->arena, ret);
    if (code != 0 && code != LK_ENOTFOUND)
        return lk_fail_store(call, code);
    *ret_has = code == 0;
    return 0;
}

int lk_credits_get(struct lk_call *call, enum lk_credits_of of, const struct lk_id *id, bool *ret_has, struct lk_credits *ret) {
    struct lk_credits_row row = {0};
    bool has = false;
    int code = lk_credits_find(call, of, id, &has, &row);
    if (code != 0)
        return code;
    *ret_has = has;
    *ret = (struct lk_credits){
        .remaining = row.remaining,
        .has_refill = row.has_refill,
        .amount = row.refill_amount,
        .interval = row.refill_interval,
        .has_day = row.has_refill && !lk_slice_equal(row.refill_interval, lk_refill_interval_name(LK_REFILL_DAILY)),
        .day = row.refill_day,
        .next_at = row.refill_at,
    };
    return 0;
}

void lk_credits_document(struct lk_json_writer *w, const struct lk_credits_row *row) {
    lk_json_key(w, "credits");
    if (row == NULL) {
        lk_json_null(w);
        return;
    }
    lk_json_begin_object(w);
    lk_json_key(w, "remaining");
    lk_json_int(w, row->remaining);
    lk_json_key(w, "refill");
    if (row->has_refill) {
        lk_json_begin_object(w);
        lk_json_key(w, "amount");
        lk_json_int(w, row->refill_amount);
        lk_json_key(w, "interval");
        lk_json_string(w, row->refill_interval);
        lk_json_key(w, "day");
        lk_json_int(w, row->refill_day);
        lk_json_end_object(w);
    } else {
        lk_json_null(w);
    }
    lk_json_end_object(w);
}

/* --- refills --- */

/* Periods that were missed are one refill: the balance becomes the amount, however often. A clock that is wrong for a while gives no second one: after it was ahead
 * the next comes late, by as much, for what is there does not tell that from a clock that is behind now. */
static int refill(struct lk_call *call, enum lk_credits_of of, const struct lk_id *id, struct lk_credits_row *row) {
    enum lk_refill_interval interval = LK_REFILL_DAILY;
    if (!lk_refill_interval_parse(row->refill_interval, &interval) || row->refill_day < 1 || row->refill_day > lk_refill_day_max(interval))
        return lk_fail_store(call, LK_ECORRUPT);
    row->remaining = row->refill_amount;
    row->refill_at = lk_refill_next(interval, (int)row->refill_day, call->now_ms);
    int code = lk_store_credits_put(call->db, of, id, row);
    if (code != 0)
        return lk_fail_store(call, code);
    return lk_changed(call, of == LK_CREDITS_OF_ACCOUNT ? LK_CHANGE_ACCOUNT_CREDITS : LK_CHANGE_KEY_CREDITS, id);
}

/* *ret_done: none is due. */
static int refill_due(struct lk_call *call, enum lk_credits_of of, bool *ret_done) {
    struct lk_id id;
    struct lk_credits_row row = {0};
    int code = lk_store_credits_due(call->db, of, call->now_ms, call->arena, &id, &row);
    *ret_done = code == LK_ENOTFOUND;
    if (*ret_done)
        return 0;
    return code == 0 ? refill(call, of, &id, &row) : lk_fail_store(call, code);
}

int lk_credits_refill(struct lk_call *call, size_t most, bool *ret_more) {
    bool done = false;
    for (size_t i = 0; i < most && !done; i++) {
        int code = refill_due(call, LK_CREDITS_OF_ACCOUNT, &done); /* first: they are few, and many keys wait for each */
        if (code == 0 && done)
            code = refill_due(call, LK_CREDITS_OF_KEY, &done);
        if (code != 0)
            return code;
    }
    *ret_more = !done;
    return 0;
}
