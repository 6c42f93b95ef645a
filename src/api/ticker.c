#include "api/ticker.h"

#include "base/clock.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_SECOND INT64_C(1000000000)

struct slot {
    struct lk_tick tick;
    int64_t due_ns; /* monotonic */
};

struct lk_ticker {
    pthread_t thread;
    pthread_mutex_t mutex; /* guards stopping; not held while a task runs */
    pthread_cond_t stopped;
    bool stopping;
    size_t len;
    struct slot slots[];
};

/* Waits until due_ns. false when it is to stop. */
static bool wait_until(struct lk_ticker *ticker, int64_t due_ns) {
    const struct timespec until = {.tv_sec = (time_t)(due_ns / NS_PER_SECOND), .tv_nsec = (long)(due_ns % NS_PER_SECOND)};
    pthread_mutex_lock(&ticker->mutex);
    while (!ticker->stopping && lk_clock_mono_ns() < due_ns)
        pthread_cond_timedwait(&ticker->stopped, &ticker->mutex, &until);
    bool go_on = !ticker->stopping;
    pthread_mutex_unlock(&ticker->mutex);
    return go_on;
}

static struct slot *next_due(struct lk_ticker *ticker) {
    struct slot *next = &ticker->slots[0];
    for (size_t i = 1; i < ticker->len; i++) {
        if (ticker->slots[i].due_ns < next->due_ns)
            next = &ticker->slots[i];
    }
    return next;
}

static void plan(struct slot *slot) {
    slot->due_ns = lk_clock_mono_ns() + slot->tick.period_ms * NS_PER_MS;
}

static void *run(void *context) {
    struct lk_ticker *ticker = context;
    pthread_setname_np(pthread_self(), "ticker");
    for (;;) {
        struct slot *slot = next_due(ticker);
        if (!wait_until(ticker, slot->due_ns))
            return NULL;
        slot->tick.run(slot->tick.context);
        plan(slot);
    }
}

/* Its time is the monotonic clock's: setting the wall clock must not make it hurry or wait. */
static int init_condition(pthread_cond_t *condition) {
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return LK_ENOMEM;
    int error = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (error == 0)
        error = pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return error == 0 ? 0 : LK_ENOMEM;
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
    if (pthread_mutex_init(&ticker->mutex, NULL) != 0)
        goto free_ticker;
    code = init_condition(&ticker->stopped);
    if (code != 0)
        goto destroy_mutex;
    code = start_thread(ticker);
    if (code != 0)
        goto destroy_condition;
    *ret = ticker;
    return 0;

destroy_condition:
    pthread_cond_destroy(&ticker->stopped);
destroy_mutex:
    pthread_mutex_destroy(&ticker->mutex);
free_ticker:
    free(ticker);
    return code;
}

void lk_ticker_stop(struct lk_ticker *ticker) {
    if (ticker == NULL)
        return;
    pthread_mutex_lock(&ticker->mutex);
    ticker->stopping = true;
    pthread_cond_signal(&ticker->stopped);
    pthread_mutex_unlock(&ticker->mutex);
    pthread_join(ticker->thread, NULL);
    pthread_cond_destroy(&ticker->stopped);
    pthread_mutex_destroy(&ticker->mutex);
    free(ticker);
}
