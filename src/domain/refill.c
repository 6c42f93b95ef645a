#include "domain/refill.h"

#include <time.h>

#define DAY_MS INT64_C(86400000)

static const struct lk_slice names[LK_REFILL_INTERVALS] = {LK_SLICE("DAILY"), LK_SLICE("WEEKLY"), LK_SLICE("MONTHLY")};

struct lk_slice lk_refill_interval_name(enum lk_refill_interval interval) {
    return names[interval];
}

bool lk_refill_interval_parse(struct lk_slice text, enum lk_refill_interval *ret) {
    for (unsigned i = 0; i < LK_REFILL_INTERVALS; i++) {
        if (!lk_slice_equal(text, names[i]))
            continue;
        *ret = (enum lk_refill_interval)i;
        return true;
    }
    return false;
}

int lk_refill_day_max(enum lk_refill_interval interval) {
    static const int most[LK_REFILL_INTERVALS] = {1, 7, 31};
    return most[interval];
}

static struct tm date_of(int64_t day) {
    time_t seconds = (time_t)(day * (DAY_MS / 1000));
    struct tm date;
    return *gmtime_r(&seconds, &date);
}

/* Whether a refill is due at the beginning of a day, which is counted from 1970-01-01. */
static bool is_due(enum lk_refill_interval interval, int wanted, int64_t day) {
    if (interval == LK_REFILL_DAILY)
        return true;
    struct tm date = date_of(day);
    if (interval == LK_REFILL_WEEKLY)
        return date.tm_wday == wanted % 7;
    return date.tm_mday == wanted || (date.tm_mday < wanted && date_of(day + 1).tm_mday == 1);
}

int64_t lk_refill_next(enum lk_refill_interval interval, int day, int64_t after_ms) {
    int64_t next = after_ms / DAY_MS - (after_ms % DAY_MS < 0) + 1;
    while (!is_due(interval, day, next)) /* at most 31 times */
        next++;
    return next * DAY_MS;
}
