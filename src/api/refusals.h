/*
 * How many changes each actor was refused lately. Every refusal is an entry of the audit log, and a key that may change nothing could fill the disk with them,
 * thirty thousand a second: who was refused too often is told to wait before anything is tried, and then there is nothing to record.
 */
#ifndef LK_API_REFUSALS_H
#define LK_API_REFUSALS_H

#include "base/id.h"
#include "keyring/limit.h"

/* Far more than anybody comes to by mistake, and some megabytes a day for who goes on. */
#define LK_REFUSALS_AN_HOUR 3600

#define LK_REFUSALS_SETS 256
#define LK_REFUSALS_WAYS 4 /* places that an actor may have; the one that was refused least gives way */

/* Zeroed, nobody was refused. Touched by the store thread only. */
struct lk_refusals {
    struct {
        struct lk_id actor;
        _Atomic uint64_t word; /* lk_rate_take's */
    } places[LK_REFUSALS_SETS][LK_REFUSALS_WAYS];
};

/* Whether an actor was refused too often to try again now (monotonic); *ret then says when it may. */
bool lk_refusals_are_too_many(const struct lk_refusals *refusals, const struct lk_id *actor, int64_t now_ns, struct lk_rate_state *ret);

/* An actor was refused count changes. */
void lk_refusals_note(struct lk_refusals *refusals, const struct lk_id *actor, size_t count, int64_t now_ns);

#endif
