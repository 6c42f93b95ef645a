/*
 * Whose requests wait for the store thread: of one credential, or one address without, only so many at a time. Its queue is bounded, and whoever filled it would have all others told that the
 * server is busy: a stolen key, who would take it away.
 */
#ifndef LK_API_TURNS_H
#define LK_API_TURNS_H

#include "api/lanes.h"
#include "store/executor.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Far more than a client has in use, and a quarter of what --store-queue is by default. */
#define LK_TURNS_MAX 256

/* Those of all endpoints. Zeroed but for the seed, nobody waits. Any thread. */
struct lk_turns {
    uint32_t seed;                               /* random: who shares a place is chosen by nobody */
    _Atomic uint32_t waiting[1 + LK_JOB_OWNERS]; /* by owner; credentials that share one share its turns */
};

/* Takes a turn for a credential, unless it has too many. *ret_owner is whose the job is (lk_job.owner), and for giving the turn back. */
bool lk_turns_take(struct lk_turns *turns, struct lk_slice credential, uint32_t *ret_owner);

/* The same for a request with this credential. Where it is a session's, or there is none, for the client's address: whose a session is, is known to the store
 * thread only, and a token that has the form of one costs nobody anything. */
bool lk_turns_take_of(struct lk_turns *turns, const struct lk_lanes *lanes, const struct http_request *request, struct lk_slice credential,
                      uint32_t *ret_owner);

void lk_turns_give_back(struct lk_turns *turns, uint32_t owner);

#endif
