/*
 * Counting what keys are used for: each use is noted by the reader thread that verified the key, and added up by a background thread.
 *
 * Notes stand in blocks, one behind the other, in the order in which they came. The reader fills the last block, the background thread reads behind it and
 * gives blocks back that it has done with; the reader takes the one that came back last, so that few uses touch little memory. Neither ever waits. There
 * is a bounded number of blocks: when the background thread has not come for so long that all are full, uses are lost and themselves counted. A crash
 * loses what was not taken: counts, never anything else.
 */
#ifndef KEYRING_USAGE_H
#define KEYRING_USAGE_H

#include "keyring/usage_table.h"

struct lk_usage;

/* Room for at least so many uses that are not yet taken. LK_ENOMEM. */
int lk_usage_open(size_t uses, struct lk_usage **ret);
void lk_usage_close(struct lk_usage *usage); /* NULL is fine */

/* Reader. Notes one; outcome is an enum lk_verify_code or LK_USAGE_TOUCH. Allocates nothing, makes no system call. */
void lk_usage_add(struct lk_usage *usage, const struct lk_id *key, const struct lk_id *account, unsigned outcome, int64_t now_ms);

/* Reader. Whether an eighth of the room or more waits to be taken: time to tell the background thread. */
bool lk_usage_filling(struct lk_usage *usage);

/* Background, one thread at a time. Passes take all that was noted, in order and in pieces, and returns how much that was. */
size_t lk_usage_take(struct lk_usage *usage, void (*take)(void *context, const struct lk_usage_event *events, size_t len), void *context);

/* Any thread. Uses that found no room since open. */
uint64_t lk_usage_lost(const struct lk_usage *usage);

#endif
