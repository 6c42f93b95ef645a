#include "api/ticker.h"

#include "base/clock.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_SECOND INT64_C(1000000000)

struct slot {
    struct lk_tick tick;
    int64_t due_ns;   /* monotonic */
    atomic_bool soon; /* and not only then */
};

struct lk_ticker {
    pthread_t thread;
    sem_t wake; /* posted when it is to stop, or a slot is to run soon */
    atomic_bool stopping;
    size_t len;
    struct slot slots[];
};

static struct slot *next_due(struct lk_ticker *ticker) {
    struct slot *next = &ticker->slots[0];
    for (size_t i = 1; i < ticker->len; i++) {
        if (ticker->slots[i].due_ns < next->due_ns)
            next = &ticker->slots[i];
    }
    return next;
}

static struct slot *next_soon(struct lk_ticker *ticker) {
    for (size_t i = 0; i < ticker->len; i++) {
        if (atomic_exchange_explicit(&ticker->slots[i].soon, false, memory_order_acquire))
            return &ticker->slots[i];
    }
    return NULL;
}

/* Waits for the next one to run: one that is due, before one that is to hurry, which may be told so without end. NULL when it is to stop. Its time is the monotonic
 * clock's: setting the wall clock must not make it hurry or wait. */
static struct slot *next(struct lk_ticker *ticker) {
    while (!atomic_load(&ticker->stopping)) {
        struct slot *due = next_due(ticker);
        struct slot *slot = lk_clock_mono_ns() >= due->due_ns ? due : next_soon(ticker);
        if (slot != NULL)
            return slot;
        const struct timespec until = {.tv_sec = (time_t)(due->due_ns / NS_PER_SECOND), .tv_nsec = (long)(due->due_ns % NS_PER_SECOND)};
        (void)sem_clockwait(&ticker->wake, CLOCK_MONOTONIC, &until); /* whatever ends it, all is looked at again */
    }
    return NULL;
}

static void plan(struct slot *slot) {
    slot->due_ns = lk_clock_mono_ns() + slot->tick.period_ms * NS_PER_MS;
}

static void *run(void *context) {
    struct lk_ticker *ticker = context;
    pthread_setname_np(pthread_self(), "ticker");
    for (struct slot *slot = next(ticker); slot != NULL; slot = next(ticker)) {
        slot->tick.run(slot->tick.context);
        plan(slot);
    }
    return NULL;
}

/* Signals are the main thread's: the new thread inherits a mask that blocks them all. */
static int start_thread(struct lk_ticker *ticker) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&ticker->thread, NULL, run, ticker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0 ? 0 : LK_ENOMEM;
}

int lk_ticker_start(const struct lk_tick *ticks, size_t len, struct lk_ticker **ret) {
    if (len == 0)
        return LK_EINVAL;
    for (size_t i = 0; i < len; i++) {
        if (ticks[i].period_ms == 0)
            return LK_EINVAL;
    }
    struct lk_ticker *ticker = calloc(1, sizeof(*ticker) + len * sizeof(ticker->slots[0]));
    if (ticker == NULL)
        return LK_ENOMEM;
    ticker->len = len;
    for (size_t i = 0; i < len; i++) {
        ticker->slots[i].tick = ticks[i];
        plan(&ticker->slots[i]);
    }
    int code = LK_ENOMEM;
    if (sem_init(&ticker->wake, 0, 0) != 0)
        goto free_ticker;
    code = start_thread(ticker);
    if (code != 0)
        goto destroy_wake;
    *ret = ticker;
    return 0;

destroy_wake:
    sem_destroy(&ticker->wake);
free_ticker:
    free(ticker);
    return code;
}

void lk_ticker_hurry(struct lk_ticker *ticker, size_t index) {
    if (!atomic_exchange_explicit(&ticker->slots[index].soon, true, memory_order_release))
        (void)sem_post(&ticker->wake);
}

void lk_ticker_stop(struct lk_ticker *ticker) {
    if (ticker == NULL)
        return;
    atomic_store(&ticker->stopping, true);
    (void)sem_post(&ticker->wake);
    pthread_join(ticker->thread, NULL);
    sem_destroy(&ticker->wake);
    free(ticker);
}
