#include "../unit.h"

#include "base/error.h"
#include "base/utf8.h"

static void test_every_scalar_value_goes_round(void **state) {
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        char text[4];
        int len = lk_utf8_encode(c, text);
        uint32_t back = 0xFFFFFFFF;
        if (lk_utf8_decode(lk_slice_make(text, (size_t)len), &back) != len || back != c)
            fail_msg("U+%04X does not go round", (unsigned)c);
        if (len > 1 && lk_utf8_decode(lk_slice_make(text, (size_t)len - 1), &back) != LK_EINVAL)
            fail_msg("U+%04X cut short decodes", (unsigned)c);
    }
}

static void test_malformed(void **state) {
    (void)state;
    static const char *const bad[] = {
        "\x80",             /* a continuation byte alone */
        "\xC0\x80",         /* NUL, overlong */
        "\xC1\xBF",         /* overlong two */
        "\xE0\x9F\xBF",     /* overlong three */
        "\xF0\x8F\xBF\xBF", /* overlong four */
        "\xED\xA0\x80",     /* first surrogate */
        "\xED\xBF\xBF",     /* last surrogate */
        "\xF4\x90\x80\x80", /* U+110000 */
        "\xF8\x88\x80\x80\x80",
        "\xFE",
        "\xFF",
        "\xC3\x28", /* continuation missing */
        "\xE2\x82\x28",
        "\xE2\x28\xAC",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint32_t kept = 42;
        assert_int_equal(lk_utf8_decode(lk_slice_cstr(bad[i]), &kept), LK_EINVAL);
        assert_int_equal(kept, 42);
        assert_false(lk_utf8_valid(lk_slice_cstr(bad[i])));
    }
}

static void test_texts(void **state) {
    (void)state;
    assert_true(lk_utf8_valid((struct lk_slice){NULL, 0}));
    assert_true(lk_utf8_valid((struct lk_slice)LK_SLICE("a\0b \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x94\x91 \xEF\xBF\xBF")));
    assert_false(lk_utf8_valid((struct lk_slice)LK_SLICE("good \xE2\x82")));
    assert_false(lk_utf8_valid((struct lk_slice)LK_SLICE("\xFFgood")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_scalar_value_goes_round),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
