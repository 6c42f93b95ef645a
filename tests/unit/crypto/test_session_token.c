#include "../unit.h"

#include "crypto/crypto.h"
#include "crypto/session_token.h"

static void test_form(void **state) {
    (void)state;
    char token[LK_SESSION_TOKEN_LEN + 1];
    char other[LK_SESSION_TOKEN_LEN + 1];
    lk_session_token_make(token);
    lk_session_token_make(other);
    assert_int_equal(strlen(token), LK_SESSION_TOKEN_LEN);
    assert_string_not_equal(token, other);
    assert_true(lk_session_token_like(lk_slice_cstr(token)));
    assert_true(lk_session_token_check(lk_slice_cstr(token)));
    assert_false(lk_session_token_like(lk_slice_cstr("lk_s")));
}

static void test_every_damage_is_seen(void **state) {
    (void)state;
    char token[LK_SESSION_TOKEN_LEN + 1];
    lk_session_token_make(token);
    for (size_t i = 0; i < LK_SESSION_TOKEN_LEN; i++) {
        char whole = token[i];
        token[i] = whole == 'a' ? 'b' : 'a';
        assert_false(lk_session_token_check(lk_slice_cstr(token)));
        token[i] = '+';
        assert_false(lk_session_token_check(lk_slice_cstr(token)));
        token[i] = whole;
        assert_false(lk_session_token_check(lk_slice_make(token, i)));
    }
    assert_false(lk_session_token_check(lk_slice_make(NULL, 0)));
    assert_true(lk_session_token_check(lk_slice_cstr(token)));
}

int main(void) {
    assert_int_equal(lk_crypto_init(), 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_every_damage_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
