#include "../unit.h"

#include "api/refusals.h"

#define HOUR_NS INT64_C(3600000000000)

static struct lk_refusals refusals;

static struct lk_id actor(uint8_t first, uint8_t last) {
    struct lk_id id = {{0}};
    id.bytes[0] = first;
    id.bytes[LK_ID_BYTES - 1] = last;
    return id;
}

static bool too_many(uint8_t first, uint8_t last, int64_t now_ns) {
    struct lk_id id = actor(first, last);
    struct lk_rate_state state;
    return lk_refusals_are_too_many(&refusals, &id, now_ns, &state);
}

static void note(uint8_t first, uint8_t last, size_t count, int64_t now_ns) {
    struct lk_id id = actor(first, last);
    lk_refusals_note(&refusals, &id, count, now_ns);
}

static int set_up(void **state) {
    (void)state;
    refusals = (struct lk_refusals){0};
    return 0;
}

static void counts_each_actor(void **state) {
    (void)state;
    for (int i = 0; i < LK_REFUSALS_AN_HOUR; i++) {
        assert_false(too_many(1, 1, HOUR_NS));
        note(1, 1, 1, HOUR_NS);
    }
    assert_true(too_many(1, 1, HOUR_NS));
    assert_false(too_many(2, 1, HOUR_NS));
    assert_false(too_many(1, 2, HOUR_NS));
}

static void forgets_with_time(void **state) {
    (void)state;
    struct lk_rate_state rate;
    struct lk_id id = actor(1, 1);
    note(1, 1, 100000, HOUR_NS); /* more than it has is all that it has */
    assert_true(lk_refusals_are_too_many(&refusals, &id, HOUR_NS, &rate));
    assert_int_equal(rate.retry_ms, 1000);
    assert_true(too_many(1, 1, HOUR_NS + INT64_C(999000000)));
    assert_false(too_many(1, 1, HOUR_NS + INT64_C(1000000000)));
    note(1, 1, 1, HOUR_NS + INT64_C(1000000000));
    assert_true(too_many(1, 1, HOUR_NS + INT64_C(1000000000)));
    assert_false(too_many(1, 1, 2 * HOUR_NS));
}

/* Where there is no place left, who was refused least gives way: nobody gets rid of many refusals by those of others. */
static void keeps_who_was_refused_most(void **state) {
    (void)state;
    note(1, 7, LK_REFUSALS_AN_HOUR, HOUR_NS);
    for (uint8_t i = 2; i < 100; i++)
        note(i, 7, 1, HOUR_NS);
    assert_true(too_many(1, 7, HOUR_NS));
    note(99, 7, LK_REFUSALS_AN_HOUR - 1, HOUR_NS);
    assert_true(too_many(99, 7, HOUR_NS));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(counts_each_actor, set_up),
        cmocka_unit_test_setup(forgets_with_time, set_up),
        cmocka_unit_test_setup(keeps_who_was_refused_most, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
