/* When a balance is refilled: at 00:00 UTC of the days of a calendar. */
#ifndef DOMAIN_REFILL_H
#define DOMAIN_REFILL_H

#include "base/slice.h"

#include <stdint.h>

enum lk_refill_interval {
    LK_REFILL_DAILY,
    LK_REFILL_WEEKLY,  /* day 1 is Monday, 7 Sunday */
    LK_REFILL_MONTHLY, /* day 1 to 31; in a month that has fewer days, its last */
    LK_REFILL_INTERVALS
};

/* "DAILY". Static. */
struct lk_slice lk_refill_interval_name(enum lk_refill_interval interval);

/* Whether text is the name of one. */
bool lk_refill_interval_parse(struct lk_slice text, enum lk_refill_interval *ret);

/* Highest day that may be named; 1 for LK_REFILL_DAILY, where it means nothing. */
int lk_refill_day_max(enum lk_refill_interval interval);

/* The first refill after a moment, and never at it: milliseconds since 1970. day is 1 to lk_refill_day_max. */
int64_t lk_refill_next(enum lk_refill_interval interval, int day, int64_t after_ms);

#endif
