/* What time does to keys: balances are refilled, and old secrets that have ended are forgotten. */
#include "domain/key_rows.h"
#include "domain/refill.h"
#include "domain/rules.h"
#include "store/key_old_secret.h"

/* Periods that were missed are one refill: the balance becomes the amount, however often. */
static int refill(struct lk_call *call, const struct lk_id *key, struct lk_key_credits_row *row) {
    enum lk_refill_interval interval = LK_REFILL_DAILY;
    if (!lk_refill_interval_parse(row->refill_interval, &interval) || row->refill_day < 1 || row->refill_day > lk_refill_day_max(interval))
        return lk_fail_store(call, LK_ECORRUPT);
    row->remaining = row->refill_amount;
    row->refill_at = lk_refill_next(interval, (int)row->refill_day, call->now_ms);
    int code = lk_store_key_credits_put(call->db, key, row);
    return code == 0 ? lk_changed(call, LK_CHANGE_KEY_CREDITS, key) : lk_fail_store(call, code);
}

int lk_api_keys_refill(struct lk_call *call, size_t most, bool *ret_more) {
    for (size_t i = 0; i < most; i++) {
        struct lk_id key;
        struct lk_key_credits_row row = {0};
        int code = lk_store_key_credits_due(call->db, call->now_ms, call->arena, &key, &row);
        if (code == LK_ENOTFOUND) {
            *ret_more = false;
            return 0;
        }
        code = code == 0 ? refill(call, &key, &row) : lk_fail_store(call, code);
        if (code != 0)
            return code;
    }
    *ret_more = true;
    return 0;
}

int lk_api_keys_sweep(struct lk_call *call, size_t most, bool *ret_more) {
    for (size_t i = 0; i < most; i++) {
        struct lk_id key;
        int code = lk_store_old_secret_ended(call->db, call->now_ms, &key);
        if (code == LK_ENOTFOUND) {
            *ret_more = false;
            return 0;
        }
        if (code == 0)
            code = lk_store_old_secret_clear(call->db, &key, call->now_ms);
        code = code == 0 ? lk_changed(call, LK_CHANGE_KEY_WRITTEN, &key) : lk_fail_store(call, code);
        if (code != 0)
            return code;
    }
    *ret_more = true;
    return 0;
}
