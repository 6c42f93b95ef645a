#include "../unit.h"

#include "base/clock.h"

static void check(int64_t ms, const char *want) {
    char text[25];
    lk_clock_format(ms, text);
    assert_string_equal(text, want);
}

static void test_format(void **state) {
    (void)state;
    check(0, "1970-01-01T00:00:00.000Z");
    check(1795435532123, "2026-11-23T12:05:32.123Z");
    check(951782400000, "2000-02-29T00:00:00.000Z");
    check(-1, "1969-12-31T23:59:59.999Z");
    check(-1000, "1969-12-31T23:59:59.000Z");
}

static void test_format_stays_within_its_years(void **state) {
    (void)state;
    check(253402300799999, "9999-12-31T23:59:59.999Z");
    check(253402300800000, "9999-12-31T23:59:59.999Z");
    check(INT64_MAX, "9999-12-31T23:59:59.999Z");
    check(-62167219200000, "0000-01-01T00:00:00.000Z");
    check(INT64_MIN, "0000-01-01T00:00:00.000Z");
}

static void test_clocks_move_forward(void **state) {
    (void)state;
    assert_true(lk_clock_wall_ms() > 1600000000000);
    int64_t before = lk_clock_mono_ns();
    for (int i = 0; i < 1000; i++) {
        int64_t now = lk_clock_mono_ns();
        assert_true(now >= before);
        before = now;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_format_stays_within_its_years),
        cmocka_unit_test(test_clocks_move_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
