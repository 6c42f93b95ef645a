/* The spelling of scopes. */
#include "../unit.h"

#include "base/scope.h"

static void test_spelling(void **state) {
    (void)state;
    static const char *const good[] = {"a", "*", "a.*", "invoices.read", "A-b_c:d/e.9", "a..b", "/x", "-"};
    static const char *const bad[] = {"", "a b", "*.a", "a*", "**", ".*", ".a", "a.*.b", "a.*.", "\xc3\xbc", "a\n", "a,b", "a%"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(lk_scope_is_spelled(lk_slice_cstr(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(lk_scope_is_spelled(lk_slice_cstr(bad[i])));
    char text[LK_SCOPE_BYTES_MAX + 1];
    memset(text, 'a', sizeof(text));
    assert_true(lk_scope_is_spelled(lk_slice_make(text, LK_SCOPE_BYTES_MAX)));
    assert_false(lk_scope_is_spelled(lk_slice_make(text, LK_SCOPE_BYTES_MAX + 1)));
    text[3] = '\0';
    assert_false(lk_scope_is_spelled(lk_slice_make(text, 10)));
}

static void test_words_of_expressions(void **state) {
    (void)state;
    static const char *const words[] = {"AND", "OR", "NOT", "app:", "app:x"};
    static const char *const scopes[] = {"and", "ANDY", "app", "apps:x", "NOT.a"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        assert_true(lk_scope_is_reserved(lk_slice_cstr(words[i])));
        assert_false(lk_scope_is_reserved(lk_slice_cstr(scopes[i])));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_spelling), cmocka_unit_test(test_words_of_expressions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
