/*
 * What time does to keys, once a second: spent credits (of keys and of accounts) go to the database, balances that are due are refilled, old secrets that have
 * ended are forgotten.
 *
 * Each tick (api/ticker.h) queues one job for the store thread; a job does a bounded part of the work and queues itself again while there is more.
 * Verification waits for none of it.
 */
#ifndef LK_API_KEY_CLOCK_H
#define LK_API_KEY_CLOCK_H

#include "domain/call.h"
#include "keyring/keyring.h"
#include "store/executor.h"

struct lk_key_clock;

/* Does what was due while no server ran: before the keyring is loaded and the store thread started. On failure problem says why. */
int lk_key_clock_catch_up(struct lk_db *db, struct lk_domain *domain, struct lk_problem *problem);

/* How often lk_key_clock_tick is to run: what is lost at most when the server is killed, and how late a refill can be. */
#define LK_KEY_CLOCK_PERIOD_MS 1000

/* All are lent until lk_key_clock_close. LK_ENOMEM. */
int lk_key_clock_open(struct lk_executor *executor, struct lk_domain *domain, struct lk_keyring *keyring, struct lk_key_clock **ret);

/* The ticker's task; context is the clock. */
void lk_key_clock_tick(void *context);

/* After the ticker and the store thread have ended: brings the last balances to the database (NULL: there is none that works) and frees. NULL is fine. */
void lk_key_clock_close(struct lk_key_clock *clock, struct lk_db *db);

#endif
