#include "../unit.h"

#include "base/buf.h"
#include "base/error.h"

static void test_grows_and_keeps_contents(void **state) {
    (void)state;
    struct lk_buf buf = {0};
    for (int i = 0; i < 10000; i++)
        assert_int_equal(lk_buf_add_char(&buf, (char)('a' + i % 26)), 0);
    assert_int_equal(buf.len, 10000);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buf.ptr[i], 'a' + i % 26);
    lk_buf_free(&buf);
    assert_null(buf.ptr);
    assert_int_equal(buf.cap, 0);
}

static void test_limit_is_exact_for_every_way_in(void **state) {
    (void)state;
    char text[301];
    memset(text, 'x', 300);
    text[300] = '\0';
    struct lk_buf buf;

    lk_buf_init(&buf, 300);
    assert_int_equal(lk_buf_add(&buf, lk_slice_make(text, 300)), 0);
    assert_int_equal(lk_buf_add_char(&buf, 'y'), LK_ELIMIT);
    assert_true(buf.failed);
    assert_int_equal(buf.len, 300);
    lk_buf_free(&buf);

    /* The formatted way needs room for a NUL, which must not count. */
    assert_int_equal(lk_buf_addf(&buf, "%s", text), 0);
    assert_int_equal(buf.len, 300);
    assert_int_equal(lk_buf_addf(&buf, "%d", 1), LK_ELIMIT);
    lk_buf_clear(&buf);
    assert_false(buf.failed);
    assert_int_equal(lk_buf_addf(&buf, "%sy", text), LK_ELIMIT);
    assert_int_equal(buf.len, 0);
    assert_true(buf.failed);

    /* The memory is larger than the limit by now: reserve must refuse all the same. */
    lk_buf_clear(&buf);
    assert_int_equal(lk_buf_reserve(&buf, 300), 0);
    assert_int_equal(lk_buf_reserve(&buf, 301), LK_ELIMIT);
    lk_buf_free(&buf);
}

static void test_a_failed_append_changes_nothing(void **state) {
    (void)state;
    struct lk_buf buf;
    lk_buf_init(&buf, 5);
    lk_buf_add_cstr(&buf, "abc");
    assert_int_equal(lk_buf_add_cstr(&buf, "def"), LK_ELIMIT);
    assert_true(lk_slice_is(lk_buf_slice(&buf), "abc"));
    assert_int_equal(lk_buf_add_cstr(&buf, "de"), 0);
    assert_true(buf.failed); /* remembered although a later one went well */
    lk_buf_free(&buf);
    assert_int_equal(buf.limit, 5);
}

static void test_impossible_sizes_fail(void **state) {
    (void)state;
    struct lk_buf buf = {0};
    lk_buf_add_cstr(&buf, "abc");
    assert_int_equal(lk_buf_reserve(&buf, SIZE_MAX), LK_ELIMIT);
    assert_int_equal(lk_buf_reserve(&buf, SIZE_MAX - 2), LK_ELIMIT);
    assert_true(lk_slice_is(lk_buf_slice(&buf), "abc"));
    lk_buf_free(&buf);
}

static void test_formats_across_the_small_buffer(void **state) {
    (void)state;
    for (int width = 250; width <= 260; width++) {
        struct lk_buf buf = {0};
        assert_int_equal(lk_buf_addf(&buf, "<%*d>", width - 2, 7), 0);
        assert_int_equal(buf.len, width);
        assert_int_equal(buf.ptr[0], '<');
        assert_int_equal(buf.ptr[width - 2], '7');
        assert_int_equal(buf.ptr[width - 1], '>');
        lk_buf_free(&buf);
    }
}

static void test_truncate_and_empty_appends(void **state) {
    (void)state;
    struct lk_buf buf = {0};
    assert_int_equal(lk_buf_add(&buf, lk_slice_make(NULL, 0)), 0);
    assert_null(buf.ptr);
    lk_buf_add_cstr(&buf, "hello");
    lk_buf_truncate(&buf, 10);
    assert_int_equal(buf.len, 5);
    lk_buf_truncate(&buf, 2);
    assert_true(lk_slice_is(lk_buf_slice(&buf), "he"));
    lk_buf_free(&buf);
}

static void test_what_is_dropped_is_wiped(void **state) {
    (void)state;
    static const char zero[6];
    struct lk_buf buf = {0};
    assert_int_equal(lk_buf_add_cstr(&buf, "keep secret"), 0);
    lk_buf_truncate(&buf, 5);
    assert_memory_equal(buf.ptr + 5, zero, sizeof(zero));
    lk_buf_clear(&buf);
    assert_memory_equal(buf.ptr, zero, 5);
    lk_buf_free(&buf);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_dropped_is_wiped),        cmocka_unit_test(test_grows_and_keeps_contents),
        cmocka_unit_test(test_limit_is_exact_for_every_way_in), cmocka_unit_test(test_a_failed_append_changes_nothing),
        cmocka_unit_test(test_impossible_sizes_fail),           cmocka_unit_test(test_formats_across_the_small_buffer),
        cmocka_unit_test(test_truncate_and_empty_appends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
