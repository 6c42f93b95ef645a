/*
 * Counting what keys are used for: a table of each reader thread, handed whole to the background thread that flushes it.
 *
 * The reader counts into the active table without atomics. At a turn of its loop it hands the table over when the background thread has taken the last
 * one; there are two tables, so neither thread ever waits. A table is bounded: when it is full and cannot be handed over, counts are lost and
 * themselves counted. A crash loses what was not flushed: counts, never anything else.
 *
 * What the reader counted after an offer that nobody had taken yet stays with it until its next turn: who takes an offer sees to it that there is one.
 */
#ifndef KEYRING_USAGE_H
#define KEYRING_USAGE_H

#include "keyring/usage_table.h"

struct lk_usage;

/* Room for keys different keys between two flushes. LK_ENOMEM. */
int lk_usage_open(size_t keys, struct lk_usage **ret);
void lk_usage_close(struct lk_usage *usage);

/* Reader. Counts one, together with those after it (at the latest when the table is offered); outcome is an enum lk_verify_code or LK_USAGE_TOUCH. Allocates nothing. */
void lk_usage_add(struct lk_usage *usage, const struct lk_id *key, const struct lk_id *account, unsigned outcome, int64_t now_ms);

/* Reader. Offers what was counted to the background thread, if it has taken the last offer: once a turn of the loop, or before sleeping. */
void lk_usage_offer(struct lk_usage *usage);

/* Background. Passes take the counts in the table on offer, gives the table back, and returns how many there were (0: nothing on offer). */
size_t lk_usage_take(struct lk_usage *usage, void (*take)(void *context, const struct lk_usage_count *counts, size_t len), void *context);

/* Any thread. Counts that found no room since open. */
uint64_t lk_usage_lost(const struct lk_usage *usage);

#endif
