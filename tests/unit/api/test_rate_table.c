/* Rates of many subjects in a table of fixed size. */
#include "../unit.h"

#include "api/rate_table.h"

#include <pthread.h>
#include <stdio.h>

#define S INT64_C(1000000000)

static const struct lk_rate rate = {10, 1000};

static struct lk_id subject_of(uint64_t number) {
    struct lk_id id = {{0}};
    memcpy(id.bytes, &number, sizeof(number));
    return id;
}

static void test_each_subject_has_its_own(void **state) {
    (void)state;
    struct lk_rate_table *table = NULL;
    struct lk_rate_state got;
    assert_int_equal(lk_rate_table_new(&rate, &table), 0);
    for (uint64_t s = 0; s < 100; s++) {
        struct lk_id id = subject_of(s);
        for (unsigned i = 0; i < 10; i++)
            assert_true(lk_rate_table_take(table, &id, 1, S, &got));
        assert_int_equal(got.remaining, 0);
        assert_int_equal(got.window_ms, 1000);
        assert_false(lk_rate_table_take(table, &id, 1, S, &got));
        assert_int_equal(got.retry_ms, 100);
    }
    for (uint64_t s = 0; s < 100; s++) {
        struct lk_id id = subject_of(s);
        assert_true(lk_rate_table_take(table, &id, 1, S + S / 10, &got));
    }
    struct lk_id id = subject_of(7);
    lk_rate_table_give_back(table, &id, 1);
    assert_true(lk_rate_table_take(table, &id, 1, S + S / 10, &got));
    assert_false(lk_rate_table_take(table, &id, 11, 100 * S, &got));
    assert_int_equal(got.retry_ms, -1);
    lk_rate_table_free(table);
    lk_rate_table_free(NULL);
}

/* Two threads look at the clock one after the other and come in the other order: each takes one, and not a little more. */
static void test_a_clock_that_was_read_earlier_takes_no_more(void **state) {
    (void)state;
    struct lk_rate_table *table = NULL;
    struct lk_rate_state got;
    struct lk_id id = subject_of(1);
    assert_int_equal(lk_rate_table_new(&rate, &table), 0);
    for (unsigned i = 0; i < 10; i++) {
        assert_true(lk_rate_table_take(table, &id, 1, S - i, &got));
        assert_int_equal(got.remaining, 9 - i);
    }
    lk_rate_table_free(table);
}

/* Whoever took all is still remembered after a million others took one. */
static void test_a_flood_of_strangers_makes_nobody_forgotten(void **state) {
    (void)state;
    struct lk_rate_table *table = NULL;
    struct lk_rate_state got;
    struct lk_id heavy = subject_of(UINT64_MAX);
    assert_int_equal(lk_rate_table_new(&rate, &table), 0);
    assert_true(lk_rate_table_take(table, &heavy, 10, S, &got));
    for (uint64_t s = 0; s < 1000000; s++) {
        struct lk_id id = subject_of(s);
        assert_true(lk_rate_table_take(table, &id, 1, S, &got));
    }
    assert_false(lk_rate_table_take(table, &heavy, 1, S, &got));
    lk_rate_table_free(table);
}

static struct lk_rate_table *shared;
static atomic_uint taken;

static void *take_many(void *context) {
    (void)context;
    struct lk_rate_state got;
    struct lk_id id = subject_of(1);
    for (unsigned i = 0; i < 1000; i++)
        taken += lk_rate_table_take(shared, &id, 1, S, &got);
    return NULL;
}

static void test_threads_together_get_no_more(void **state) {
    (void)state;
    const struct lk_rate wide = {500, 1000};
    pthread_t threads[4];
    assert_int_equal(lk_rate_table_new(&wide, &shared), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(taken, 500);
    lk_rate_table_free(shared);
}

static void test_asked_beforehand(void **state) {
    (void)state;
    const struct lk_rate none = {0, 0}, two = {2, 1000};
    struct lk_rate_table *table = NULL;
    struct lk_rate_state got;
    const struct lk_id id = subject_of(1);
    assert_int_equal(lk_rate_table_new(&none, &table), 0);
    assert_false(lk_rate_table_would_refuse(table, &id, 1, S, &got));
    assert_int_equal(lk_rate_table_make_room(table, &two), 0);
    assert_false(lk_rate_table_would_refuse(table, &id, 3, S, &got));
    lk_rate_table_change(table, &two, S);
    assert_true(lk_rate_table_would_refuse(table, &id, 3, S, &got));
    assert_int_equal(got.retry_ms, -1);
    for (int i = 0; i < 3; i++)
        assert_false(lk_rate_table_would_refuse(table, &id, 2, S, &got));
    assert_true(lk_rate_table_take(table, &id, 2, S, &got));
    for (int i = 0; i < 3; i++)
        assert_true(lk_rate_table_would_refuse(table, &id, 1, S / 2, &got)); /* a moment before counts as that one */
    assert_int_equal(got.retry_ms, 500);
    assert_int_equal(got.remaining, 0);
    assert_false(lk_rate_table_would_refuse(table, &id, 1, S + S / 2, &got));
    assert_true(lk_rate_table_take(table, &id, 1, S + S / 2, &got));
    lk_rate_table_free(table);
}

static void test_a_rate_comes_changes_and_goes(void **state) {
    (void)state;
    const struct lk_rate none = {0, 0}, slow = {2, 3600000}, fast = {1, 1000};
    struct lk_rate_table *table = NULL;
    struct lk_rate_state got;
    const struct lk_id id = subject_of(1);
    assert_int_equal(lk_rate_table_new(&none, &table), 0);
    for (unsigned i = 0; i < 100; i++) {
        assert_true(lk_rate_table_take(table, &id, 1, S, &got));
        assert_int_equal(got.limit, 0);
    }
    lk_rate_table_give_back(table, &id, 1);
    assert_int_equal(lk_rate_table_make_room(table, &slow), 0);
    assert_true(lk_rate_table_take(table, &id, 1, S, &got));
    assert_int_equal(got.limit, 0);
    lk_rate_table_change(table, &slow, S);
    assert_true(lk_rate_table_take(table, &id, 2, S, &got));
    assert_int_equal(got.limit, 2);
    assert_false(lk_rate_table_take(table, &id, 1, S, &got));
    assert_int_equal(got.retry_ms, 1800000);
    /* Whoever was to wait half an hour waits the second that it is now; a stranger begins with all of it. */
    assert_int_equal(lk_rate_table_make_room(table, &fast), 0);
    lk_rate_table_change(table, &fast, S);
    assert_false(lk_rate_table_take(table, &id, 1, S, &got));
    assert_int_equal(got.retry_ms, 1000);
    assert_true(lk_rate_table_take(table, &id, 1, 2 * S, &got));
    lk_rate_table_change(table, &slow, 2 * S); /* and who has used up a second's has used up the hour's */
    assert_false(lk_rate_table_take(table, &id, 1, 2 * S, &got));
    assert_int_equal(got.retry_ms, 1800000);
    lk_rate_table_change(table, &fast, 2 * S);
    const struct lk_id stranger = subject_of(2);
    assert_true(lk_rate_table_take(table, &stranger, 1, S, &got));
    assert_false(lk_rate_table_take(table, &stranger, 1, S, &got));
    lk_rate_table_give_back(table, &stranger, 10); /* more than it took by this rate: a batch that the one before allowed */
    assert_true(lk_rate_table_take(table, &stranger, 1, S, &got));
    assert_false(lk_rate_table_take(table, &stranger, 1, S, &got));
    lk_rate_table_change(table, &none, S);
    assert_true(lk_rate_table_take(table, &id, 1, S, &got));
    assert_int_equal(got.limit, 0);
    lk_rate_table_give_back(table, &id, 1);
    lk_rate_table_free(table);
}

static atomic_bool enough;

static void *take_until_enough(void *context) {
    (void)context;
    struct lk_rate_state got;
    struct lk_id id = subject_of(1);
    while (!enough) {
        if (lk_rate_table_take(shared, &id, 1, S, &got))
            lk_rate_table_give_back(shared, &id, 1);
    }
    return NULL;
}

static void test_a_rate_changes_while_threads_take(void **state) {
    (void)state;
    const struct lk_rate rates[] = {{0, 0}, {500, 1000}, {3, 3600000}};
    pthread_t threads[2];
    assert_int_equal(lk_rate_table_new(&rates[0], &shared), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_until_enough, NULL), 0);
    for (size_t i = 1; i <= 300; i++) {
        assert_int_equal(lk_rate_table_make_room(shared, &rates[i % 3]), 0);
        lk_rate_table_change(shared, &rates[i % 3], S);
    }
    enough = true;
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    lk_rate_table_free(shared);
}

static struct lk_id subject_of_text(const char *text) {
    struct lk_ip ip;
    assert_int_equal(lk_ip_parse(lk_slice_cstr(text), &ip), 0);
    return lk_rate_subject_of_ip(&ip);
}

static bool same(const char *a, const char *b) {
    struct lk_id left = subject_of_text(a), right = subject_of_text(b);
    return lk_id_equal(&left, &right);
}

static void test_a_subject_is_an_ipv4_address_or_an_ipv6_network(void **state) {
    (void)state;
    assert_false(same("192.0.2.1", "192.0.2.2"));
    assert_true(same("192.0.2.1", "::ffff:192.0.2.1"));
    assert_true(same("2001:db8:0:1::1", "2001:db8:0:1:ffff::2"));
    assert_false(same("2001:db8:0:1::1", "2001:db8:0:2::1"));
    struct lk_id nobody = lk_rate_subject_of_ip(NULL);
    assert_true(lk_id_is_zero(&nobody));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_subject_has_its_own),
        cmocka_unit_test(test_a_clock_that_was_read_earlier_takes_no_more),
        cmocka_unit_test(test_a_flood_of_strangers_makes_nobody_forgotten),
        cmocka_unit_test(test_threads_together_get_no_more),
        cmocka_unit_test(test_asked_beforehand),
        cmocka_unit_test(test_a_rate_comes_changes_and_goes),
        cmocka_unit_test(test_a_rate_changes_while_threads_take),
        cmocka_unit_test(test_a_subject_is_an_ipv4_address_or_an_ipv6_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
