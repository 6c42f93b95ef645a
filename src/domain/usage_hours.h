/*
 * The counts of one day, and how they are packed: for each hour in which there was something, in order, a byte with the hour (0 to 23), a byte that has a
 * bit for each outcome that occurred, and for each of these its count in groups of seven bits, the least first, with the top bit set in all but the last.
 */
#ifndef DOMAIN_USAGE_HOURS_H
#define DOMAIN_USAGE_HOURS_H

#include "base/error.h"
#include "domain/usage.h"
#include "store/usage.h"

#define LK_HOURS_PER_DAY 24

struct lk_usage_day {
    struct lk_usage_counts hours[LK_HOURS_PER_DAY];
};

/* Returns the length. */
size_t lk_usage_day_pack(const struct lk_usage_day *day, char out[LK_STORED_HOURS_MAX]);

/* LK_ECORRUPT for what pack did not make. */
int lk_usage_day_unpack(struct lk_slice packed, struct lk_usage_day *ret);

#endif
