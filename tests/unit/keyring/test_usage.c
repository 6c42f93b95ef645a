#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>

static const struct lk_id account = {{0xAC}};

struct seen {
    size_t keys;
    uint64_t total;
    int64_t last;
};

static void note(void *context, const struct lk_usage_count *counts, size_t len) {
    struct seen *seen = context;
    seen->keys += len;
    for (const struct lk_usage_count *count = counts; count < counts + len; count++) {
        for (size_t i = 0; i < LK_USAGE_OUTCOMES; i++)
            seen->total += count->outcomes[i];
        seen->last = count->last_used_ms > seen->last ? count->last_used_ms : seen->last;
    }
}

static void test_counts(void **state) {
    (void)state;
    struct lk_usage *usage;
    assert_int_equal(lk_usage_open(100, &usage), 0);
    struct seen seen = {0};
    assert_int_equal(lk_usage_take(usage, note, &seen), 0);
    lk_usage_offer(usage);
    assert_int_equal(lk_usage_take(usage, note, &seen), 0);
    for (uint32_t i = 0; i < 1000; i++) {
        struct lk_id key = id_of(i % 10);
        lk_usage_add(usage, &key, &account, i % LK_USAGE_OUTCOMES, 5000 + i);
    }
    assert_int_equal(lk_usage_take(usage, note, &seen), 0);
    lk_usage_offer(usage);
    struct lk_id other = id_of(77);
    lk_usage_add(usage, &other, &account, 0, 1);
    lk_usage_offer(usage); /* the first offer was not taken: this one waits */
    assert_int_equal(lk_usage_take(usage, note, &seen), 10);
    assert_int_equal(seen.total, 1000);
    assert_int_equal(seen.last, 5999);
    assert_int_equal(lk_usage_take(usage, note, &seen), 0);
    lk_usage_offer(usage);
    assert_int_equal(lk_usage_take(usage, note, &seen), 1);
    assert_int_equal(seen.total, 1001);
    assert_int_equal(lk_usage_lost(usage), 0);
    lk_usage_close(usage);
    lk_usage_close(NULL);
}

static void test_bounded(void **state) {
    (void)state;
    struct lk_usage *usage;
    assert_int_equal(lk_usage_open(100, &usage), 0);
    for (uint32_t i = 0; i < 10000; i++) {
        struct lk_id key = id_of(i);
        lk_usage_add(usage, &key, &account, 8, 1);
    }
    struct seen seen = {0};
    lk_usage_offer(usage);
    assert_true(lk_usage_take(usage, note, &seen) >= 100);
    lk_usage_offer(usage);
    assert_true(lk_usage_take(usage, note, &seen) >= 100);
    assert_int_equal(seen.total + lk_usage_lost(usage), 10000);
    lk_usage_close(usage);
}

/* Two hours of a key are two counts, in whatever order they come. */
static void test_hours_are_kept_apart(void **state) {
    (void)state;
    struct lk_usage_table *table;
    assert_int_equal(lk_usage_table_open(100, &table), 0);
    struct lk_id key = id_of(7), other = id_of(3);
    int64_t turn = 500 * LK_USAGE_HOUR_MS;
    assert_true(lk_usage_table_add(table, &key, &account, 8, turn));
    assert_true(lk_usage_table_add(table, &key, &account, 8, turn - 1));
    assert_true(lk_usage_table_add(table, &other, &account, 2, turn + 9));
    assert_true(lk_usage_table_add(table, &key, &account, 8, turn + 5));
    assert_true(lk_usage_table_add(table, &key, &account, LK_USAGE_TOUCH, turn + 3)); /* the clock went back: the last stays the last */
    assert_int_equal(lk_usage_table_len(table), 3);
    lk_usage_table_sort(table);
    const struct lk_usage_count *counts = lk_usage_table_at(table, 0);
    assert_int_equal(counts[0].last_used_ms, turn - 1);
    assert_int_equal(counts[0].outcomes[8], 1);
    bool first = memcmp(key.bytes, other.bytes, LK_ID_BYTES) < 0;
    const struct lk_usage_count *of_key = &counts[first ? 1 : 2];
    assert_memory_equal(of_key->key.bytes, key.bytes, LK_ID_BYTES);
    assert_memory_equal(of_key->account.bytes, account.bytes, LK_ID_BYTES);
    assert_int_equal(of_key->last_used_ms, turn + 5);
    assert_int_equal(of_key->outcomes[8], 2);
    /* Sorted or not, it is wholly empty afterwards. */
    lk_usage_table_clear(table);
    assert_int_equal(lk_usage_table_len(table), 0);
    assert_true(lk_usage_table_add(table, &key, &account, 8, turn));
    assert_int_equal(lk_usage_table_len(table), 1);
    assert_int_equal(lk_usage_table_at(table, 0)->outcomes[8], 1);
    lk_usage_table_close(table);
    assert_int_equal(lk_usage_table_open(12, &table), 0); /* so full that hours of the key meet in the index */
    for (int64_t hour = 0; hour < 12; hour++)
        assert_true(lk_usage_table_add(table, &key, &account, 8, hour * LK_USAGE_HOUR_MS));
    assert_int_equal(lk_usage_table_len(table), 12);
    lk_usage_table_close(table);
}

static void test_merge_saturates_and_is_bounded(void **state) {
    (void)state;
    struct lk_usage_table *table;
    assert_int_equal(lk_usage_table_open(12, &table), 0);
    struct lk_usage_count count = {.key = id_of(1), .account = account, .last_used_ms = 10};
    count.outcomes[8] = UINT32_MAX - 5;
    count.outcomes[2] = 3;
    assert_true(lk_usage_table_merge(table, &count));
    count.last_used_ms = 4;
    assert_true(lk_usage_table_merge(table, &count));
    assert_int_equal(lk_usage_table_len(table), 1);
    assert_int_equal(lk_usage_table_at(table, 0)->outcomes[8], UINT32_MAX);
    assert_int_equal(lk_usage_table_at(table, 0)->outcomes[2], 6);
    assert_int_equal(lk_usage_table_at(table, 0)->last_used_ms, 10);
    for (uint32_t i = 2; i <= 12; i++) {
        count.key = id_of(i);
        assert_true(lk_usage_table_merge(table, &count));
    }
    count.key = id_of(13);
    assert_false(lk_usage_table_merge(table, &count));
    count.key = id_of(12);
    assert_true(lk_usage_table_merge(table, &count)); /* one that is there has room */
    lk_usage_table_close(table);
}

/* A reader that counts while another thread takes: what was counted and what was taken are the same. */
struct race {
    struct lk_usage *usage;
    _Atomic bool done;
    struct seen seen;
};

static void *take_all(void *context) {
    struct race *race = context;
    while (!atomic_load(&race->done))
        lk_usage_take(race->usage, note, &race->seen);
    return NULL;
}

static void test_hand_over_between_threads(void **state) {
    (void)state;
    struct race race = {0};
    assert_int_equal(lk_usage_open(100, &race.usage), 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, take_all, &race), 0);
    for (uint32_t i = 0; i < 300000; i++) {
        struct lk_id key = id_of(i % 150);
        lk_usage_add(race.usage, &key, &account, i % LK_USAGE_OUTCOMES, 1 + i);
        if (i % 16 == 0)
            lk_usage_offer(race.usage);
    }
    atomic_store(&race.done, true);
    pthread_join(thread, NULL);
    for (int i = 0; i < 2; i++) { /* what is on offer, and what came after it */
        lk_usage_take(race.usage, note, &race.seen);
        lk_usage_offer(race.usage);
    }
    assert_int_equal(lk_usage_take(race.usage, note, &race.seen), 0);
    assert_int_equal(race.seen.total + lk_usage_lost(race.usage), 300000);
    assert_true(race.seen.total > 0);
    lk_usage_close(race.usage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_hours_are_kept_apart),
        cmocka_unit_test(test_merge_saturates_and_is_bounded),
        cmocka_unit_test(test_hand_over_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
