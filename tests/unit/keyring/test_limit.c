#include "../unit.h"

#include "keyring/limit.h"

#include <pthread.h>

#define MS INT64_C(1000000)

static void test_burst_then_pace(void **state) {
    (void)state;
    _Atomic uint64_t word = 0;
    struct lk_rate rate = {.limit = 5, .window_ms = 1000};
    struct lk_rate_state got;
    int64_t now = 10000 * MS;
    for (uint32_t i = 0; i < 5; i++) {
        assert_true(lk_rate_take(&word, &rate, 1, now, &got));
        assert_int_equal(got.remaining, 4 - i);
        assert_int_equal(got.reset_ms, 200 * (i + 1));
    }
    assert_false(lk_rate_take(&word, &rate, 1, now, &got));
    assert_int_equal(got.limit, 5);
    assert_int_equal(got.remaining, 0);
    assert_int_equal(got.retry_ms, 200);
    assert_false(lk_rate_take(&word, &rate, 1, now + 199 * MS, &got));
    assert_int_equal(got.retry_ms, 1);
    assert_true(lk_rate_take(&word, &rate, 1, now + 200 * MS, &got));
    assert_false(lk_rate_take(&word, &rate, 2, now + 400 * MS, &got));
    assert_true(lk_rate_take(&word, &rate, 1, now + 400 * MS, &got));
    assert_true(lk_rate_take(&word, &rate, 5, now + 5000 * MS, &got));
    assert_false(lk_rate_take(&word, &rate, 6, now + 90000 * MS, &got));
    assert_int_equal(got.retry_ms, -1);
    assert_int_equal(got.remaining, 5);
}

static void test_look_and_give_back(void **state) {
    (void)state;
    _Atomic uint64_t word = 0;
    struct lk_rate rate = {.limit = 2, .window_ms = 10};
    struct lk_rate_state got;
    for (int i = 0; i < 10; i++)
        assert_true(lk_rate_take(&word, &rate, 0, MS, &got));
    assert_int_equal(got.remaining, 2);
    assert_true(lk_rate_take(&word, &rate, 2, MS, &got));
    assert_false(lk_rate_take(&word, &rate, 1, MS, &got));
    lk_rate_give_back(&word, &rate, 2);
    assert_true(lk_rate_take(&word, &rate, 2, MS, &got));
}

/* A lowered limit: what was taken under the old one delays by one window of the new at most. */
static void test_lowered(void **state) {
    (void)state;
    _Atomic uint64_t word = 0;
    struct lk_rate large = {.limit = 100, .window_ms = 3600000};
    struct lk_rate small = {.limit = 1, .window_ms = 1000};
    struct lk_rate_state got;
    assert_true(lk_rate_take(&word, &large, 100, MS, &got));
    assert_false(lk_rate_take(&word, &small, 1, MS, &got));
    assert_int_equal(got.retry_ms, 1000);
}

/* A limit that was made faster is in force at once, also for who asks before it would let anybody through. */
static void test_made_faster(void **state) {
    (void)state;
    const struct lk_rate slow = {1, 3600000};
    const struct lk_rate fast = {100, 1000};
    _Atomic uint64_t word = 0;
    struct lk_rate_state got;
    assert_true(lk_rate_take(&word, &slow, 1, 1000, &got));
    assert_false(lk_rate_take(&word, &fast, 1, 1000, &got));
    assert_int_equal(got.retry_ms, 10);
    assert_false(lk_rate_take(&word, &fast, 1, 1000 + 9 * INT64_C(1000000), &got));
    assert_int_equal(got.retry_ms, 1);
    assert_true(lk_rate_take(&word, &fast, 1, 1000 + 10 * INT64_C(1000000), &got));
    assert_true(lk_rate_take(&word, &fast, 100, 1000 + 1010 * INT64_C(1000000), &got));
}

/* Half of a rate that is used is half of the next one. */
static void test_changed(void **state) {
    (void)state;
    const struct lk_rate second = {4, 1000}, hour = {2, 3600000}, none = {0, 0};
    _Atomic uint64_t word = 0;
    struct lk_rate_state got;
    lk_rate_change(&word, &second, &hour, MS);
    assert_int_equal(word, 0);
    assert_true(lk_rate_take(&word, &second, 2, MS, &got));
    lk_rate_change(&word, &second, &hour, MS);
    assert_true(lk_rate_take(&word, &hour, 1, MS, &got));
    assert_int_equal(got.remaining, 0);
    assert_false(lk_rate_take(&word, &hour, 1, MS, &got));
    assert_int_equal(got.retry_ms, 1800000);
    const uint64_t before = word;
    lk_rate_change(&word, &hour, &none, MS);
    lk_rate_change(&word, &none, &second, MS);
    assert_int_equal(word, before);
    lk_rate_change(&word, &hour, &second, MS);
    assert_false(lk_rate_take(&word, &second, 1, MS, &got));
    assert_int_equal(got.retry_ms, 250);
    assert_true(lk_rate_take(&word, &second, 1, 251 * MS, &got));
    const struct lk_rate month = {1, 2678400000};
    const struct lk_rate shortest = {1, 1};
    word = (uint64_t)(MS + INT64_C(2678400000) * MS);
    lk_rate_change(&word, &shortest, &month, MS); /* more than it can have owed */
    assert_int_equal(word, MS + INT64_C(2678400000) * MS);
}

/* Two threads, of which one has always looked at the clock 5 ms earlier: together they get what one would. */
static void test_clocks_that_were_read_earlier(void **state) {
    (void)state;
    const struct lk_rate rate = {.limit = 100, .window_ms = 1000};
    _Atomic uint64_t word = 0;
    struct lk_rate_state got;
    unsigned allowed = 0;
    for (int64_t now = 1000; now < 3000; now++) {
        allowed += lk_rate_take(&word, &rate, 1, now * MS, &got);
        allowed += lk_rate_take(&word, &rate, 1, (now - 5) * MS, &got);
        assert_true(got.remaining <= 100 && got.reset_ms <= 1000);
    }
    assert_int_equal(allowed, 100 + 199);
}

/* In exact integers, in units of a 1/limit of a window: the model that the word must follow. */
static void test_model(void **state) {
    (void)state;
    struct lk_rate rate = {.limit = 7, .window_ms = 700};
    _Atomic uint64_t word = 0;
    int64_t arrival = 0;
    uint64_t random = 1;
    int64_t now = 0;
    for (int i = 0; i < 20000; i++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        now += (int64_t)(random >> 40) % (130 * MS);
        uint32_t cost = (uint32_t)(random >> 20) % 3 + 1;
        int64_t from = arrival > now ? arrival : now;
        bool expected = from + cost * 100 * MS - now <= 700 * MS;
        if (expected)
            arrival = from + cost * 100 * MS;
        struct lk_rate_state got;
        assert_int_equal(lk_rate_take(&word, &rate, cost, now, &got), expected);
        int64_t ahead = arrival > now ? arrival - now : 0;
        assert_int_equal(got.remaining, (700 * MS - ahead) / (100 * MS));
    }
}

#define THREADS 4
#define TAKES 5000

static _Atomic uint64_t shared_credits;
static _Atomic uint64_t shared_word;

static void *take_all(void *context) {
    size_t *taken = context;
    struct lk_rate rate = {.limit = 1000, .window_ms = 4000000};
    for (size_t i = 0; i < TAKES; i++) {
        uint64_t word;
        taken[0] += lk_credits_take(&shared_credits, 2, &word);
        struct lk_rate_state got;
        taken[1] += lk_rate_take(&shared_word, &rate, 1, 5 * MS, &got);
    }
    return NULL;
}

static void test_threads(void **state) {
    (void)state;
    lk_credits_set(&shared_credits, 2 * TAKES + 1);
    size_t taken[THREADS][2] = {{0}};
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_all, taken[i]), 0);
    size_t sums[2] = {0};
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        sums[0] += taken[i][0];
        sums[1] += taken[i][1];
    }
    assert_int_equal(sums[0], TAKES);
    assert_int_equal(lk_credits_left(&shared_credits), 1);
    assert_int_equal(sums[1], 1000);
}

static void test_balance(void **state) {
    (void)state;
    _Atomic uint64_t word = 0;
    assert_int_equal(lk_credits_left(&word), 0);
    for (int64_t i = 0; i < 5000; i++) { /* more often than the word counts */
        lk_credits_set(&word, i);
        assert_int_equal(lk_credits_left(&word), i);
    }
    lk_credits_set(&word, LK_CREDITS_BALANCE_MAX);
    assert_int_equal(lk_credits_left(&word), LK_CREDITS_BALANCE_MAX);
    lk_credits_set(&word, INT64_MAX);
    assert_int_equal(lk_credits_left(&word), LK_CREDITS_BALANCE_MAX);
    lk_credits_set(&word, -1);
    assert_int_equal(lk_credits_left(&word), 0);
}

static void expect_both(_Atomic uint64_t *one, _Atomic uint64_t *other, uint32_t cost, bool taken, int64_t left) {
    int64_t got = -1;
    assert_int_equal(lk_credits_take_both(one, other, cost, &got), taken);
    assert_int_equal(got, left);
}

static void test_both_or_neither(void **state) {
    (void)state;
    _Atomic uint64_t few = 0;
    _Atomic uint64_t many = 0;
    lk_credits_set(&few, 5);
    lk_credits_set(&many, 9);
    expect_both(&few, &many, 2, true, 3);
    expect_both(&many, &few, 2, true, 1);
    expect_both(&few, &many, 2, false, 1);
    expect_both(&many, &few, 2, false, 1);
    expect_both(&few, &many, 6, false, 1);
    expect_both(&few, &many, 0, true, 1);
    assert_int_equal(lk_credits_left(&few), 1);
    assert_int_equal(lk_credits_left(&many), 5);
}

static _Atomic uint64_t shared_other;
#define PAIRED 40001 /* credits: enough that all threads are at it when they are used up */

static pthread_barrier_t all_there;
static atomic_size_t begun;

/* Until there is nothing left, beginning when all threads are there; half of the threads begin with the one balance, half with the other. */
static void *take_pairs(void *context) {
    size_t *taken = context;
    int64_t left;
    bool turned = atomic_fetch_add(&begun, 1) % 2 == 1;
    (void)pthread_barrier_wait(&all_there);
    do {
        bool both = turned ? lk_credits_take_both(&shared_other, &shared_credits, 2, &left)
                           : lk_credits_take_both(&shared_credits, &shared_other, 2, &left);
        *taken += both;
    } while (left >= 2);
    return NULL;
}

static size_t run_pairs(void) {
    size_t taken[THREADS] = {0};
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_pairs, &taken[i]), 0);
    size_t sum = 0;
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        sum += taken[i];
    }
    return sum;
}

/* Whichever of the two is used up while others are at it, both have lost the same. */
static void test_threads_take_both(void **state) {
    (void)state;
    assert_int_equal(pthread_barrier_init(&all_there, NULL, THREADS), 0);
    for (int64_t round = 0; round < 400; round++) {
        const int64_t more = round % 5 == 0 ? 100 : 0;
        lk_credits_set(&shared_credits, PAIRED + more);
        lk_credits_set(&shared_other, PAIRED);
        const int64_t taken = 2 * (int64_t)run_pairs();
        assert_int_equal(lk_credits_left(&shared_credits), PAIRED + more - taken);
        assert_int_equal(lk_credits_left(&shared_other), PAIRED - taken);
        assert_in_range(taken, 0, PAIRED);
    }
    pthread_barrier_destroy(&all_there);
}

static atomic_bool seen_enough;

static void *ask_in_vain(void *context) {
    size_t *taken = context;
    int64_t left;
    while (!atomic_load(&seen_enough))
        *taken += lk_credits_take_both(&shared_credits, &shared_other, 6, &left);
    return NULL;
}

/* What the other lacks is not taken from the one even for a moment: nobody else is refused for it. */
static void test_refusal_is_unseen(void **state) {
    (void)state;
    pthread_t thread;
    size_t taken = 0;
    int64_t least = INT64_MAX;
    lk_credits_set(&shared_credits, 10);
    lk_credits_set(&shared_other, 5);
    atomic_store(&seen_enough, false);
    assert_int_equal(pthread_create(&thread, NULL, ask_in_vain, &taken), 0);
    for (size_t i = 0; i < 10000000; i++) {
        int64_t left = lk_credits_left(&shared_credits);
        least = left < least ? left : least;
    }
    atomic_store(&seen_enough, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(taken, 0);
    assert_int_equal(least, 10);
}

/* What is given back goes to the balance that it was taken from, and to none that was set since. */
static void test_give_back(void **state) {
    (void)state;
    _Atomic uint64_t word = 0;
    uint64_t taken;
    uint64_t more;
    lk_credits_set(&word, 10);
    assert_true(lk_credits_take(&word, 4, &taken));
    assert_int_equal(lk_credits_balance(taken), 6);
    assert_true(lk_credits_take(&word, 1, &more));
    lk_credits_give_back(&word, 4, taken);
    assert_int_equal(lk_credits_left(&word), 9);
    lk_credits_set(&word, 9);
    lk_credits_give_back(&word, 1, more);
    assert_int_equal(lk_credits_left(&word), 9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_then_pace),
        cmocka_unit_test(test_look_and_give_back),
        cmocka_unit_test(test_lowered),
        cmocka_unit_test(test_made_faster),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_clocks_that_were_read_earlier),
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_balance),
        cmocka_unit_test(test_both_or_neither),
        cmocka_unit_test(test_threads_take_both),
        cmocka_unit_test(test_give_back),
        cmocka_unit_test(test_refusal_is_unseen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
