#include "domain/usage.h"

#include "base/clock.h"
#include "base/log.h"
#include "domain/key_rows.h"
#include "domain/rules.h"
#include "domain/usage_hours.h"

#define DEFAULT_HOURS_MS LK_DAY_MS
#define DEFAULT_DAYS_MS (30 * LK_DAY_MS)

/* --- recording --- */

/* What is there of a day; LK_ENOTFOUND for no row. One that cannot be read counts as empty: it would stand in the way of all counts to come, and can be missed. */
static int read_row(struct lk_db *db, enum lk_usage_of of, int64_t day, const struct lk_id *id, struct lk_usage_day *ret) {
    char packed[LK_STORED_HOURS_MAX];
    size_t len = 0;
    int code = lk_store_usage_find(db, of, day, id, packed, &len);
    if (code == 0)
        code = lk_usage_day_unpack(lk_slice_make(packed, len), ret);
    if (code != LK_ECORRUPT)
        return code;
    lk_log(LK_LOG_ERROR, "the usage of %s on day %lld is damaged and counts as none", lk_id_format(id).text, (long long)day);
    memset(ret, 0, sizeof(*ret));
    return 0;
}

static int read_day(struct lk_db *db, enum lk_usage_of of, int64_t day, const struct lk_id *id, struct lk_usage_day *ret) {
    int code = read_row(db, of, day, id, ret);
    if (code != LK_ENOTFOUND)
        return code;
    memset(ret, 0, sizeof(*ret));
    return 0;
}

static bool is_empty(const struct lk_usage_counts *counts) {
    static const struct lk_usage_counts none;
    return memcmp(counts, &none, sizeof(none)) == 0;
}

static void add_counts(struct lk_usage_counts *sum, const struct lk_usage_counts *counts) {
    for (size_t i = 0; i < LK_USE_OUTCOMES; i++)
        sum->by_outcome[i] += counts->by_outcome[i];
}

/* Whether the key, of which there is nothing on this day, is there itself: rows of one that is not would stay for good. */
static int find_key(struct lk_db *db, const struct lk_id *account, const struct lk_id *key) {
    bool used;
    int64_t at;
    return lk_store_use_find(db, account, key, &used, &at);
}

/* key NULL: of the account. */
static int record(struct lk_db *db, const struct lk_id *account, const struct lk_id *key, int64_t used_at,
                  const struct lk_usage_counts *counts) {
    if (is_empty(counts))
        return 0;
    enum lk_usage_of of = key != NULL ? LK_USAGE_OF_KEY : LK_USAGE_OF_ACCOUNT;
    const struct lk_id *id = key != NULL ? key : account;
    int64_t hour = used_at / LK_HOUR_MS;
    int64_t day = hour / LK_HOURS_PER_DAY;
    struct lk_usage_day hours = {0};
    int code = read_row(db, of, day, id, &hours);
    if (code == LK_ENOTFOUND)
        code = key != NULL ? find_key(db, account, key) : 0;
    if (code != 0)
        return code;
    add_counts(&hours.hours[hour % LK_HOURS_PER_DAY], counts);
    char packed[LK_STORED_HOURS_MAX];
    return lk_store_usage_put(db, of, day, id, lk_slice_make(packed, lk_usage_day_pack(&hours, packed)));
}

int lk_usage_touch_key(struct lk_db *db, const struct lk_id *account, const struct lk_id *key, int64_t used_at, int64_t now_ms) {
    return lk_store_use_touch(db, account, key, used_at < now_ms ? used_at : now_ms, now_ms);
}

int lk_usage_record_key(struct lk_db *db, const struct lk_id *account, const struct lk_id *key, int64_t used_at,
                        const struct lk_usage_counts *counts) {
    return record(db, account, key, used_at, counts);
}

int lk_usage_record_account(struct lk_db *db, const struct lk_id *account, int64_t used_at, const struct lk_usage_counts *counts) {
    return record(db, account, NULL, used_at, counts);
}

int lk_usage_sweep(struct lk_db *db, int64_t now_ms, int64_t max, int64_t *ret) {
    return lk_store_usage_sweep(db, now_ms / LK_DAY_MS - LK_USAGE_DAYS, max, ret);
}

int lk_usage_forget_next(struct lk_db *db) {
    return lk_store_usage_forget_next(db);
}

/* --- reading --- */

int lk_api_key_last_used(struct lk_call *call, const struct lk_id *account, const struct lk_id *key, bool *ret_used, int64_t *ret_at) {
    int code = lk_store_use_find(call->db, account, key, ret_used, ret_at);
    if (code == LK_ENOTFOUND) { /* deleted since it was returned */
        *ret_used = false;
        return 0;
    }
    return code == 0 ? 0 : lk_fail_store(call, code);
}

static bool is_time(int64_t time) {
    return time >= 0 && time <= LK_CLOCK_LAST_MS;
}

/* Fills in what was not given, and checks. */
static int settle(struct lk_call *call, struct lk_usage_range *range) {
    if ((range->from_given && !is_time(range->from)) || (range->to_given && !is_time(range->to)))
        return lk_problem_set(call->problem, LK_EINVAL,
                              "Invalid usage range: from and to are milliseconds since 1970, up to the year 9999");
    if (!range->to_given)
        range->to = call->now_ms;
    if (!range->from_given)
        range->from = range->to - (range->interval == LK_USAGE_BY_HOUR ? DEFAULT_HOURS_MS : DEFAULT_DAYS_MS);
    if (range->from < 0)
        range->from = 0;
    if (range->from >= range->to)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid usage range: from must be before to, which is now when it is not given");
    if (range->to - range->from > LK_USAGE_DAYS * LK_DAY_MS)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid usage range: from and to may be at most %d days apart", LK_USAGE_DAYS);
    return 0;
}

static int fill(struct lk_call *call, enum lk_usage_of of, const struct lk_id *id, int64_t unit, struct lk_usage_bucket *buckets,
                size_t len) {
    int64_t end = buckets[len - 1].start + unit;
    for (int64_t day = buckets[0].start / LK_DAY_MS; day * LK_DAY_MS < end; day++) {
        struct lk_usage_day hours;
        int code = read_day(call->db, of, day, id, &hours);
        if (code != 0)
            return lk_fail_store(call, code);
        for (int64_t hour = 0; hour < LK_HOURS_PER_DAY; hour++) {
            int64_t at = day * LK_DAY_MS + hour * LK_HOUR_MS;
            if (at >= buckets[0].start && at < end)
                add_counts(&buckets[(at - buckets[0].start) / unit].counts, &hours.hours[hour]);
        }
    }
    return 0;
}

static int read_usage(struct lk_call *call, enum lk_usage_of of, const struct lk_id *id, struct lk_usage_range range,
                      struct lk_usage_bucket **ret, size_t *ret_len) {
    int code = settle(call, &range);
    if (code != 0)
        return code;
    int64_t unit = range.interval == LK_USAGE_BY_HOUR ? LK_HOUR_MS : LK_DAY_MS;
    int64_t first = range.from / unit;
    size_t len = (size_t)((range.to - 1) / unit - first + 1);
    struct lk_usage_bucket *buckets = lk_arena_calloc(call->arena, len, sizeof(*buckets));
    if (buckets == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < len; i++)
        buckets[i].start = (first + (int64_t)i) * unit;
    code = fill(call, of, id, unit, buckets, len);
    if (code != 0)
        return code;
    *ret = buckets;
    *ret_len = len;
    return 0;
}

int lk_api_key_usage(struct lk_call *call, const struct lk_id *key, const struct lk_usage_range *range, struct lk_usage_bucket **ret,
                     size_t *ret_len) {
    return read_usage(call, LK_USAGE_OF_KEY, key, *range, ret, ret_len);
}

int lk_account_usage(struct lk_call *call, const struct lk_id *account, const struct lk_usage_range *range, struct lk_usage_bucket **ret,
                     size_t *ret_len) {
    static const struct lk_intent reading = {0};
    bool own = lk_id_equal(account, &call->actor->account_id);
    int code = own ? lk_require_read_keys(call) : lk_require_scope(call, lk_slice_cstr(LK_SCOPE_OPERATOR), &reading);
    return code == 0 ? read_usage(call, LK_USAGE_OF_ACCOUNT, account, *range, ret, ret_len) : code;
}
