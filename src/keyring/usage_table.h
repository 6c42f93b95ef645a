/*
 * Counts by key and hour, in a table of bounded size. One thread at a time.
 *
 * The counts stand one behind the other in the order in which they came; an index of positions, which grows with them, finds them. So a table that is
 * hardly used costs hardly any memory (it is mapped, not touched) and is emptied in the time that its content takes.
 */
#ifndef KEYRING_USAGE_TABLE_H
#define KEYRING_USAGE_TABLE_H

#include "base/error.h"
#include "base/id.h"

#include <stdint.h>

/* As many as enum lk_verify_code has. */
#define LK_USAGE_OUTCOMES 9

/* The outcome of a use that is no verification: only the time is noted. */
#define LK_USAGE_TOUCH LK_USAGE_OUTCOMES

#define LK_USAGE_HOUR_MS INT64_C(3600000)

/* What a key was used for in one hour: the one that last_used_ms is in. */
struct lk_usage_count {
    struct lk_id key;
    struct lk_id account;
    int64_t last_used_ms;                 /* wall clock of the last counted */
    uint32_t outcomes[LK_USAGE_OUTCOMES]; /* by enum lk_verify_code; saturating */
    uint32_t slot;                        /* the table's own */
};

struct lk_usage_table;

/* Room for so many counts, of at most two million. LK_ENOMEM. */
int lk_usage_table_open(size_t counts, struct lk_usage_table **ret);
void lk_usage_table_close(struct lk_usage_table *table); /* NULL is fine */

/* Counts one. false when there is no room, or no memory for the index to grow. */
bool lk_usage_table_add(struct lk_usage_table *table, const struct lk_id *key, const struct lk_id *account, unsigned outcome,
                        int64_t now_ms);

/* One use. */
struct lk_usage_event {
    struct lk_id key;
    struct lk_id account;
    int64_t now_ms;
    unsigned outcome;
};

/* Counts those, in order, with the memory of some fetched at once; returns how many found no room. */
size_t lk_usage_table_add_many(struct lk_usage_table *table, const struct lk_usage_event *events, size_t len);

/* Adds what another table counted. false when there is no room: nothing was added. */
bool lk_usage_table_merge(struct lk_usage_table *table, const struct lk_usage_count *count);

/* Asks for the memory that merging each of these, a dozen or so, will need. */
void lk_usage_table_fetch(const struct lk_usage_table *table, const struct lk_usage_count *counts, size_t len);

/* How many counts there are, and one of them. */
size_t lk_usage_table_len(const struct lk_usage_table *table);
const struct lk_usage_count *lk_usage_table_at(const struct lk_usage_table *table, size_t index);

/* The index of the count of a key in the hour of now_ms, if there is one. */
bool lk_usage_table_find(const struct lk_usage_table *table, const struct lk_id *key, int64_t now_ms, size_t *ret);

/* Sorts by hour, then key: the order that the database keeps them in. Until it is emptied only len, at and clear are for it. */
void lk_usage_table_sort(struct lk_usage_table *table);

void lk_usage_table_clear(struct lk_usage_table *table);

#endif
