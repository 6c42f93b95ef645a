/*
 * How many changes each actor was refused lately, in one table for all interfaces. Every refusal is an entry of the audit log, and a key that may change nothing
 * could fill the disk with them, thirty thousand a second: who was refused too often is told to wait before anything is tried, and then there is nothing to record.
 */
#ifndef LK_API_REFUSALS_H
#define LK_API_REFUSALS_H

#include "api/rate_table.h"

/* Of the table. Far more than anybody comes to by mistake, and some megabytes a day for who goes on. */
extern const struct lk_rate lk_refusals_rate;

/* Whether an actor was refused too often to try again now (monotonic); *ret then says when it may. */
bool lk_refusals_are_too_many(struct lk_rate_table *refusals, const struct lk_id *actor, int64_t now_ns, struct lk_rate_state *ret);

/* An actor was refused a change. */
void lk_refusals_note(struct lk_rate_table *refusals, const struct lk_id *actor, int64_t now_ns);

#endif
