#include "../unit.h"

#include "api/ticker.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

/* Counts its runs, and lets the test wait for them. */
struct counter {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int runs;
    atomic_bool inside, overlapped;
};

static void count(void *context) {
    struct counter *counter = context;
    if (atomic_exchange(&counter->inside, true))
        atomic_store(&counter->overlapped, true);
    pthread_mutex_lock(&counter->mutex);
    counter->runs++;
    pthread_cond_broadcast(&counter->changed);
    pthread_mutex_unlock(&counter->mutex);
    atomic_store(&counter->inside, false);
}

static void wait_for(struct counter *counter, int runs) {
    pthread_mutex_lock(&counter->mutex);
    while (counter->runs < runs)
        pthread_cond_wait(&counter->changed, &counter->mutex);
    pthread_mutex_unlock(&counter->mutex);
}

static struct counter counter_new(void) {
    return (struct counter){.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
}

static void test_each_with_its_period(void **state) {
    (void)state;
    struct counter fast = counter_new();
    struct counter slow = counter_new();
    struct counter never = counter_new();
    const struct lk_tick ticks[] = {{count, &slow, 100}, {count, &fast, 1}, {count, &never, 3600 * 1000}};
    struct lk_ticker *ticker = NULL;
    assert_int_equal(lk_ticker_start(ticks, 3, &ticker), 0);
    wait_for(&slow, 2);
    lk_ticker_stop(ticker);
    /* Before each run of the slow one there is time for many of the fast one. */
    assert_true(fast.runs > slow.runs);
    assert_int_equal(never.runs, 0);
    assert_false(atomic_load(&fast.overlapped));
}

static void test_stop_does_not_wait_for_a_period(void **state) {
    (void)state;
    struct counter counter = counter_new();
    const struct lk_tick tick = {count, &counter, 3600 * 1000};
    struct lk_ticker *ticker = NULL;
    assert_int_equal(lk_ticker_start(&tick, 1, &ticker), 0);
    lk_ticker_stop(ticker); /* else the test's time runs out */
    assert_int_equal(counter.runs, 0);
    lk_ticker_stop(NULL);
}

static void test_hurry(void **state) {
    (void)state;
    struct counter counter = counter_new();
    struct counter other = counter_new();
    const struct lk_tick ticks[] = {{count, &other, 3600 * 1000}, {count, &counter, 3600 * 1000}};
    struct lk_ticker *ticker = NULL;
    assert_int_equal(lk_ticker_start(ticks, 2, &ticker), 0);
    for (int i = 1; i <= 3; i++) {
        lk_ticker_hurry(ticker, 1);
        wait_for(&counter, i); /* else the test's time runs out */
    }
    lk_ticker_stop(ticker);
    assert_int_equal(counter.runs, 3);
    assert_int_equal(other.runs, 0);
}

/* One that is told to hurry again before it has ended, each time. */
struct eager {
    struct lk_ticker *_Atomic ticker;
    atomic_int runs;
};

static void run_again(void *context) {
    struct eager *eager = context;
    atomic_fetch_add(&eager->runs, 1);
    struct lk_ticker *ticker = atomic_load(&eager->ticker);
    if (ticker != NULL)
        lk_ticker_hurry(ticker, 0);
}

static void test_hurry_keeps_nobody_waiting(void **state) {
    (void)state;
    struct eager eager = {NULL, 0};
    struct counter counter = counter_new();
    const struct lk_tick ticks[] = {{run_again, &eager, 3600 * 1000}, {count, &counter, 1}};
    struct lk_ticker *ticker = NULL;
    assert_int_equal(lk_ticker_start(ticks, 2, &ticker), 0);
    atomic_store(&eager.ticker, ticker);
    lk_ticker_hurry(ticker, 0);
    while (atomic_load(&eager.runs) == 0)
        sched_yield();
    pthread_mutex_lock(&counter.mutex);
    int before = counter.runs;
    pthread_mutex_unlock(&counter.mutex);
    wait_for(&counter, before + 3); /* else the test's time runs out */
    lk_ticker_stop(ticker);
    assert_true(atomic_load(&eager.runs) > 3);
}

/* A task that the stop has to wait for: it takes a while. */
struct slow {
    atomic_bool entered, left;
};

static void dawdle(void *context) {
    struct slow *slow = context;
    atomic_store(&slow->entered, true);
    nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
    atomic_store(&slow->left, true);
}

static void test_stop_waits_for_a_task_under_way(void **state) {
    (void)state;
    struct slow slow = {false, false};
    const struct lk_tick tick = {dawdle, &slow, 1};
    struct lk_ticker *ticker = NULL;
    assert_int_equal(lk_ticker_start(&tick, 1, &ticker), 0);
    while (!atomic_load(&slow.entered))
        nanosleep(&(struct timespec){.tv_nsec = 1000 * 1000}, NULL);
    lk_ticker_stop(ticker);
    assert_true(atomic_load(&slow.left));
}

static void test_what_it_does_not_take(void **state) {
    (void)state;
    struct lk_ticker *ticker = NULL;
    struct counter counter = counter_new();
    const struct lk_tick ticks[] = {{count, &counter, 1}, {count, &counter, 0}};
    assert_int_equal(lk_ticker_start(ticks, 2, &ticker), LK_EINVAL);
    assert_int_equal(lk_ticker_start(ticks, 0, &ticker), LK_EINVAL);
    assert_null(ticker);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_with_its_period),
        cmocka_unit_test(test_stop_does_not_wait_for_a_period),
        cmocka_unit_test(test_hurry),
        cmocka_unit_test(test_hurry_keeps_nobody_waiting),
        cmocka_unit_test(test_stop_waits_for_a_task_under_way),
        cmocka_unit_test(test_what_it_does_not_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
