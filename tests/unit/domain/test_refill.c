#include "../unit.h"

#include "domain/refill.h"

#include <time.h>

#define HOUR INT64_C(3600000)

static int64_t at(int year, int month, int day) {
    struct tm date = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    return (int64_t)timegm(&date) * 1000;
}

static void test_daily(void **state) {
    (void)state;
    assert_int_equal(lk_refill_next(LK_REFILL_DAILY, 1, at(2026, 12, 31) + 5), at(2027, 1, 1));
    assert_int_equal(lk_refill_next(LK_REFILL_DAILY, 1, at(2026, 12, 31) - 1), at(2026, 12, 31));
    assert_int_equal(lk_refill_next(LK_REFILL_DAILY, 1, at(2026, 12, 31)), at(2027, 1, 1)); /* never at the moment itself */
    assert_int_equal(lk_refill_next(LK_REFILL_DAILY, 1, -1), 0);
    assert_int_equal(lk_refill_next(LK_REFILL_DAILY, 1, -24 * HOUR), 0);
}

static void test_weekly(void **state) {
    (void)state;
    /* 2026-11-25 is a Wednesday, 1970-01-01 a Thursday. */
    static const int days[] = {30, 1, 25, 26, 27, 28, 29};
    for (int day = 1; day <= 7; day++) {
        int64_t expected = day == 2 ? at(2026, 12, 1) : at(2026, 11, days[day - 1]);
        assert_int_equal(lk_refill_next(LK_REFILL_WEEKLY, day, at(2026, 11, 24) + 23 * HOUR), expected);
    }
    assert_int_equal(lk_refill_next(LK_REFILL_WEEKLY, 3, at(2026, 11, 25)), at(2026, 12, 2));
    assert_int_equal(lk_refill_next(LK_REFILL_WEEKLY, 4, -1), 0);
    assert_int_equal(lk_refill_next(LK_REFILL_WEEKLY, 7, at(2028, 2, 28)), at(2028, 3, 5));
}

static void test_monthly(void **state) {
    (void)state;
    assert_int_equal(lk_refill_next(LK_REFILL_MONTHLY, 1, at(2026, 12, 1)), at(2027, 1, 1));
    assert_int_equal(lk_refill_next(LK_REFILL_MONTHLY, 15, at(2026, 12, 14) + 1), at(2026, 12, 15));
    assert_int_equal(lk_refill_next(LK_REFILL_MONTHLY, 15, at(2026, 12, 15)), at(2027, 1, 15));
}

/* A month without the day has its refill on its last day; the next one is on the day again. */
static void test_ends_of_months(void **state) {
    (void)state;
    int64_t moment = at(2027, 1, 30);
    const int64_t expected[] = {at(2027, 1, 31), at(2027, 2, 28), at(2027, 3, 31), at(2027, 4, 30), at(2027, 5, 31), at(2027, 6, 30)};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        moment = lk_refill_next(LK_REFILL_MONTHLY, 31, moment);
        assert_int_equal(moment, expected[i]);
    }
    assert_int_equal(lk_refill_next(LK_REFILL_MONTHLY, 30, at(2027, 2, 1)), at(2027, 2, 28));
    assert_int_equal(lk_refill_next(LK_REFILL_MONTHLY, 30, at(2027, 2, 28)), at(2027, 3, 30));
}

static void test_leap_years(void **state) {
    (void)state;
    assert_int_equal(lk_refill_next(LK_REFILL_MONTHLY, 29, at(2028, 2, 1)), at(2028, 2, 29));
    assert_int_equal(lk_refill_next(LK_REFILL_MONTHLY, 31, at(2028, 2, 1)), at(2028, 2, 29));
    assert_int_equal(lk_refill_next(LK_REFILL_MONTHLY, 28, at(2028, 2, 1)), at(2028, 2, 28));
    assert_int_equal(lk_refill_next(LK_REFILL_MONTHLY, 29, at(2000, 2, 1)), at(2000, 2, 29));
    assert_int_equal(lk_refill_next(LK_REFILL_MONTHLY, 29, at(2100, 2, 1)), at(2100, 2, 28));
    assert_int_equal(lk_refill_next(LK_REFILL_DAILY, 1, at(2028, 2, 28)), at(2028, 2, 29));
    assert_int_equal(lk_refill_next(LK_REFILL_DAILY, 1, at(2027, 2, 28)), at(2027, 3, 1));
}

/* On each day of five years, for each day of week and month: the first moment that it can be, and within a month. */
static void test_bounds(void **state) {
    (void)state;
    for (int64_t now = at(2026, 1, 1); now < at(2031, 1, 1); now += 24 * HOUR) {
        for (int interval = 0; interval < LK_REFILL_INTERVALS; interval++) {
            for (int day = 1; day <= lk_refill_day_max((enum lk_refill_interval)interval); day++) {
                int64_t next = lk_refill_next((enum lk_refill_interval)interval, day, now);
                assert_true(next > now && next <= now + 31 * 24 * HOUR);
                assert_int_equal(lk_refill_next((enum lk_refill_interval)interval, day, next - 1), next);
            }
        }
    }
}

static void test_names(void **state) {
    (void)state;
    enum lk_refill_interval interval = LK_REFILL_DAILY;
    for (unsigned i = 0; i < LK_REFILL_INTERVALS; i++) {
        assert_true(lk_refill_interval_parse(lk_refill_interval_name((enum lk_refill_interval)i), &interval));
        assert_int_equal(interval, i);
    }
    assert_false(lk_refill_interval_parse(lk_slice_cstr("YEARLY"), &interval));
    assert_false(lk_refill_interval_parse(lk_slice_cstr("daily"), &interval));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_daily),          cmocka_unit_test(test_weekly),     cmocka_unit_test(test_monthly),
        cmocka_unit_test(test_ends_of_months), cmocka_unit_test(test_leap_years), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
