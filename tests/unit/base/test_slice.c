#include "../unit.h"

#include "base/slice.h"

static void test_equality(void **state) {
    (void)state;
    const struct lk_slice empty = {NULL, 0};
    assert_true(lk_slice_equal(empty, (struct lk_slice)LK_SLICE("")));
    assert_true(lk_slice_is(empty, ""));
    assert_true(lk_slice_is(lk_slice_cstr(NULL), ""));
    assert_true(lk_slice_is((struct lk_slice)LK_SLICE("abc"), "abc"));
    assert_false(lk_slice_is((struct lk_slice)LK_SLICE("abc"), "ab"));
    assert_false(lk_slice_is((struct lk_slice)LK_SLICE("abc\0"), "abc"));
    assert_false(lk_slice_equal((struct lk_slice)LK_SLICE("a\0b"), (struct lk_slice)LK_SLICE("a\0c")));
}

static void test_starts_with(void **state) {
    (void)state;
    assert_true(lk_slice_starts_with((struct lk_slice)LK_SLICE("lk_abc"), "lk_"));
    assert_true(lk_slice_starts_with((struct lk_slice)LK_SLICE("lk_"), "lk_"));
    assert_false(lk_slice_starts_with((struct lk_slice)LK_SLICE("lk"), "lk_"));
    assert_true(lk_slice_starts_with((struct lk_slice){NULL, 0}, ""));
    assert_false(lk_slice_starts_with((struct lk_slice){NULL, 0}, "x"));
}

static void test_case_is_ignored_for_ascii_only(void **state) {
    (void)state;
    assert_true(lk_slice_equal_nocase((struct lk_slice)LK_SLICE("X-API-Key"), (struct lk_slice)LK_SLICE("x-api-key")));
    assert_false(lk_slice_equal_nocase((struct lk_slice)LK_SLICE("@"), (struct lk_slice)LK_SLICE("`")));
    assert_false(lk_slice_equal_nocase((struct lk_slice)LK_SLICE("["), (struct lk_slice)LK_SLICE("{")));
    assert_false(lk_slice_equal_nocase((struct lk_slice)LK_SLICE("\xC3\x89"), (struct lk_slice)LK_SLICE("\xC3\xA9")));
    assert_false(lk_slice_equal_nocase((struct lk_slice)LK_SLICE("ab"), (struct lk_slice)LK_SLICE("abc")));
}

static void test_order(void **state) {
    (void)state;
    assert_int_equal(lk_slice_compare((struct lk_slice)LK_SLICE("a"), (struct lk_slice)LK_SLICE("a")), 0);
    assert_true(lk_slice_compare((struct lk_slice)LK_SLICE("a"), (struct lk_slice)LK_SLICE("b")) < 0);
    assert_true(lk_slice_compare((struct lk_slice)LK_SLICE("ab"), (struct lk_slice)LK_SLICE("a")) > 0);
    assert_true(lk_slice_compare((struct lk_slice){NULL, 0}, (struct lk_slice)LK_SLICE("a")) < 0);
    assert_true(lk_slice_compare((struct lk_slice)LK_SLICE("\xFF"), (struct lk_slice)LK_SLICE("a")) > 0);
}

static void test_trim(void **state) {
    (void)state;
    assert_true(lk_slice_is(lk_slice_trim((struct lk_slice)LK_SLICE(" \t\r\nx y\n\r\t ")), "x y"));
    assert_int_equal(lk_slice_trim((struct lk_slice)LK_SLICE(" \t\r\n")).len, 0);
    assert_int_equal(lk_slice_trim((struct lk_slice){NULL, 0}).len, 0);
    assert_true(lk_slice_is(lk_slice_trim((struct lk_slice)LK_SLICE("\vx")), "\vx"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equality), cmocka_unit_test(test_starts_with), cmocka_unit_test(test_case_is_ignored_for_ascii_only),
        cmocka_unit_test(test_order),    cmocka_unit_test(test_trim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
