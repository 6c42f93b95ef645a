#include "../unit.h"

#include "api/refusals.h"

#define HOUR_NS INT64_C(3600000000000)
#define AN_HOUR 3600

static struct lk_rate_table *refusals;

static struct lk_id actor(uint32_t number) {
    struct lk_id id = {{0}};
    memcpy(id.bytes, &number, sizeof(number));
    return id;
}

static bool too_many(uint32_t number, int64_t now_ns) {
    struct lk_id id = actor(number);
    struct lk_rate_state state;
    return lk_refusals_are_too_many(refusals, &id, now_ns, &state);
}

static void note(uint32_t number, size_t count, int64_t now_ns) {
    struct lk_id id = actor(number);
    for (size_t i = 0; i < count; i++)
        lk_refusals_note(refusals, &id, now_ns);
}

static int set_up(void **state) {
    (void)state;
    return lk_rate_table_new(&lk_refusals_rate, &refusals);
}

static int tear_down(void **state) {
    (void)state;
    lk_rate_table_free(refusals);
    return 0;
}

static void counts_each_actor(void **state) {
    (void)state;
    for (int i = 0; i < AN_HOUR; i++) {
        assert_false(too_many(1, HOUR_NS)); /* which counts as none */
        note(1, 1, HOUR_NS);
    }
    assert_true(too_many(1, HOUR_NS));
    assert_false(too_many(2, HOUR_NS));
}

static void forgets_with_time(void **state) {
    (void)state;
    struct lk_rate_state rate;
    struct lk_id id = actor(1);
    note(1, AN_HOUR + 100, HOUR_NS); /* more than it has is all that it has */
    assert_true(lk_refusals_are_too_many(refusals, &id, HOUR_NS, &rate));
    assert_int_equal(rate.retry_ms, 1000);
    assert_true(too_many(1, HOUR_NS + INT64_C(999000000)));
    assert_false(too_many(1, HOUR_NS + INT64_C(1000000000)));
    note(1, 1, HOUR_NS + INT64_C(1000000000));
    assert_true(too_many(1, HOUR_NS + INT64_C(1000000000)));
    assert_false(too_many(1, 2 * HOUR_NS));
}

/* Nobody gets rid of many refusals by those of others. */
static void keeps_who_was_refused_most(void **state) {
    (void)state;
    note(1, AN_HOUR, HOUR_NS);
    for (uint32_t i = 2; i < 100000; i++)
        note(i, 1, HOUR_NS);
    assert_true(too_many(1, HOUR_NS));
    note(2, AN_HOUR, HOUR_NS);
    assert_true(too_many(2, HOUR_NS));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counts_each_actor, set_up, tear_down),
        cmocka_unit_test_setup_teardown(forgets_with_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_who_was_refused_most, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
