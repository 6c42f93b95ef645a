#include "../unit.h"

#include "cli/when.h"

#include "base/error.h"

#include <stdlib.h>

#define NOW INT64_C(1800000000000)
#define DAY INT64_C(86400000)

static void reads(const char *text, int direction, int64_t wanted) {
    int64_t ret = 42;
    assert_int_equal(cli_when_parse(text, NOW, direction, &ret), 0);
    assert_int_equal(ret, wanted);
}

static void refuses(const char *text) {
    int64_t ret = 42;
    assert_int_equal(cli_when_parse(text, NOW, 1, &ret), LK_EINVAL);
    assert_int_equal(ret, 42);
}

static void dates_are_utc(void **state) {
    (void)state;
    reads("1970-01-01", 1, 0);
    reads("2027-01-31", 1, INT64_C(1801353600000));
    reads("2027-01-31T12:00Z", 1, INT64_C(1801396800000));
    reads("2027-01-31 12:00:30z", 1, INT64_C(1801396830000));
    reads("2027-01-31T12:00:30.5Z", 1, INT64_C(1801396830500));
    reads("2027-01-31T12:00:30.123456Z", 1, INT64_C(1801396830123));
    reads("2028-02-29", 1, INT64_C(1835395200000));
    reads("1969-12-31T23:59:59Z", 1, -1000);
}

static void offsets_are_taken_off(void **state) {
    (void)state;
    reads("2027-01-31T12:00+02:00", 1, INT64_C(1801396800000) - 2 * 3600000);
    reads("2027-01-31T12:00-0530", 1, INT64_C(1801396800000) + 5 * 3600000 + 30 * 60000);
}

static void spans_count_from_now(void **state) {
    (void)state;
    reads("90d", 1, NOW + 90 * DAY);
    reads("2w", -1, NOW - 14 * DAY);
    reads("1d12h30m5s", 1, NOW + DAY + 12 * 3600000 + 30 * 60000 + 5000);
    reads("0s", 1, NOW);
}

static void all_else_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "d",
        "90",
        "-1d",
        "90 d",
        "90days",
        "soon",
        "2027",
        "2027-13-01",
        "2027-00-01",
        "2027-02-29",
        "2027-04-31",
        "2027-01-00",
        "2027-1-1",
        "0000-01-01",
        "2027-01-31 ",
        "2027-01-31T",
        "2027-01-31T12",
        "2027-01-31T12:00",
        "2027-01-31T24:00Z",
        "2027-01-31T12:60Z",
        "2027-01-31T12:00:60Z",
        "2027-01-31T12:00:00",
        "2027-01-31T12:00.Z",
        "2027-01-31T12:00+2",
        "2027-01-31T12:00+02:60",
        "2027-01-31Z",
        "2027-01-31T12:00Zz",
        "99999999999999999999d",
        "9223372036854775807w",
        "1d-1d",
        "999999999w999999999w999999999w999999999w999999999w999999999w999999999w"
        "999999999w999999999w999999999w999999999w999999999w999999999w999999999w"
        "999999999w999999999w",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refuses(bad[i]);
}

int main(void) {
    setenv("TZ", "America/New_York", 1); /* times are UTC wherever the person is */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_utc),
        cmocka_unit_test(offsets_are_taken_off),
        cmocka_unit_test(spans_count_from_now),
        cmocka_unit_test(all_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
