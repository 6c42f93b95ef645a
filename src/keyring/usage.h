/*
 * Counting what keys are used for: a table of each reader thread, handed whole to the background thread that flushes it.
 *
 * The reader counts into the active table without atomics. At a turn of its loop it hands the table over when the background thread has taken the last
 * one; there are two tables, so neither thread ever waits. A table is bounded: when it is full and cannot be handed over, counts are lost and
 * themselves counted. A crash loses what was not flushed: counts, never anything else.
 */
#ifndef KEYRING_USAGE_H
#define KEYRING_USAGE_H

#include "base/error.h"
#include "base/id.h"

#include <stdint.h>

/* As many as enum lk_verify_code has. */
#define LK_USAGE_OUTCOMES 9

struct lk_usage;

struct lk_usage_count {
    struct lk_id key;
    int64_t last_used_ms;                 /* wall clock of the last counted */
    uint32_t outcomes[LK_USAGE_OUTCOMES]; /* by enum lk_verify_code; saturating */
};

/* Room for keys different keys between two flushes (rounded up to a power of two). LK_ENOMEM. */
int lk_usage_open(size_t keys, struct lk_usage **ret);
void lk_usage_close(struct lk_usage *usage);

/* Reader. Counts one. Allocates nothing. */
void lk_usage_add(struct lk_usage *usage, const struct lk_id *key, unsigned outcome, int64_t now_ms);

/* Reader. Offers what was counted to the background thread, if it has taken the last offer: once a turn of the loop, or before sleeping. */
void lk_usage_offer(struct lk_usage *usage);

/* Background. Calls each for every key counted in the table on offer, gives the table back, and returns how many there were (0: nothing on offer). */
size_t lk_usage_take(struct lk_usage *usage, void (*each)(void *context, const struct lk_usage_count *count), void *context);

/* Any thread. Counts that found no room since open. */
uint64_t lk_usage_lost(const struct lk_usage *usage);

#endif
