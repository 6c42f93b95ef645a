#include "fixture.h"

struct seen {
    size_t keys;
    uint64_t total;
    int64_t last;
};

static void note(void *context, const struct lk_usage_count *count) {
    struct seen *seen = context;
    seen->keys++;
    for (size_t i = 0; i < LK_USAGE_OUTCOMES; i++)
        seen->total += count->outcomes[i];
    seen->last = count->last_used_ms > seen->last ? count->last_used_ms : seen->last;
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
        lk_usage_add(usage, &key, i % LK_USAGE_OUTCOMES, 5000 + i);
    }
    assert_int_equal(lk_usage_take(usage, note, &seen), 0);
    lk_usage_offer(usage);
    struct lk_id other = id_of(77);
    lk_usage_add(usage, &other, 0, 1);
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
        lk_usage_add(usage, &key, 8, 1);
    }
    struct seen seen = {0};
    lk_usage_offer(usage);
    assert_true(lk_usage_take(usage, note, &seen) >= 100);
    lk_usage_offer(usage);
    assert_true(lk_usage_take(usage, note, &seen) >= 100);
    assert_int_equal(seen.total + lk_usage_lost(usage), 10000);
    lk_usage_close(usage);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts), cmocka_unit_test(test_bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
