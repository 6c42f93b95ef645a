/*
 * The ticker: a thread that runs tasks again and again, each with its period. For what has to happen every few seconds or hours without a request: it
 * takes what was counted to the store thread, has old rows swept. Tasks run one after another: each is short, and gives what is long to the store or
 * background thread.
 */
#ifndef LK_API_TICKER_H
#define LK_API_TICKER_H

#include "base/error.h"

#include <stddef.h>

struct lk_ticker;

struct lk_tick {
    void (*run)(void *context); /* on the ticker's thread, never twice at once */
    void *context;
    unsigned period_ms; /* at least 1: from the end of a run to the next one; the first is a period after the start */
};

/* The ticks are copied. 0, LK_EINVAL (none, or a period of 0) or LK_ENOMEM. All signals are blocked in the thread. */
int lk_ticker_start(const struct lk_tick *ticks, size_t len, struct lk_ticker **ret);

/* Has the tick of this index run as soon as the one under way, and those that are due, have ended, and not only when it is due itself. Any thread; takes no lock, and makes a system call only
 * when the ticker sleeps. */
void lk_ticker_hurry(struct lk_ticker *ticker, size_t index);

/* Ends the thread and frees: a task under way ends first, and when it returns none will run. Not from a task. NULL is fine. */
void lk_ticker_stop(struct lk_ticker *ticker);

#endif
