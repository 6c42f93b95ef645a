#include "../unit.h"

#include "crypto/crypto.h"
#include "crypto/password.h"

static void test_hash(void **state) {
    (void)state;
    struct lk_slice password = LK_SLICE("p\xC3\xA4ss\0word");
    char hash[LK_PASSWORD_HASH_SIZE];
    assert_int_equal(lk_password_hash(password, hash), 0);
    struct lk_slice text = lk_slice_cstr(hash);
    assert_true(lk_slice_starts_with(text, "$argon2id$v=19$m=65536,t=3,p=1$"));
    assert_int_equal(lk_password_verify(text, password), 0);
    assert_int_equal(lk_password_verify(text, lk_slice_make(password.ptr, password.len - 1)), LK_EUNAUTH);
    assert_int_equal(lk_password_verify(text, lk_slice_make(NULL, 0)), LK_EUNAUTH);
    assert_false(lk_password_outdated(text));
    char again[LK_PASSWORD_HASH_SIZE];
    assert_int_equal(lk_password_hash(password, again), 0);
    assert_string_not_equal(hash, again);
}

static void test_limits(void **state) {
    (void)state;
    static char longest[LK_PASSWORD_MAX + 1];
    memset(longest, 'x', sizeof longest);
    char hash[LK_PASSWORD_HASH_SIZE];
    assert_int_equal(lk_password_hash(lk_slice_make(longest, sizeof longest), hash), LK_ELIMIT);
    assert_int_equal(lk_password_hash(lk_slice_make(longest, LK_PASSWORD_MAX), hash), 0);
    assert_int_equal(lk_password_verify(lk_slice_cstr(hash), lk_slice_make(longest, LK_PASSWORD_MAX)), 0);
    assert_int_equal(lk_password_verify(lk_slice_cstr(hash), lk_slice_make(longest, sizeof longest)), LK_EUNAUTH);
    assert_int_equal(lk_password_hash(lk_slice_make(NULL, 0), hash), 0);
    assert_int_equal(lk_password_verify(lk_slice_cstr(hash), lk_slice_make(NULL, 0)), 0);
}

/* A test vector of the Argon2 reference implementation: "password", salt "somesalt", 2 passes. */
static void test_foreign_hashes(void **state) {
    (void)state;
    static const char cheap[] = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    assert_int_equal(lk_password_verify(lk_slice_cstr(cheap), lk_slice_cstr("password")), 0);
    assert_int_equal(lk_password_verify(lk_slice_cstr(cheap), lk_slice_cstr("Password")), LK_EUNAUTH);
    assert_true(lk_password_outdated(lk_slice_cstr(cheap)));

    static const char *const bad[] = {"",
                                      "password",
                                      "$argon2id$",
                                      "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                                      "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
                                      "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(lk_password_verify(lk_slice_cstr(bad[i]), lk_slice_cstr("password")), LK_ECORRUPT);
        assert_true(lk_password_outdated(lk_slice_cstr(bad[i])));
    }
    static char huge[4096];
    memset(huge, 'a', sizeof huge);
    assert_int_equal(lk_password_verify(lk_slice_make(huge, sizeof huge), lk_slice_cstr("password")), LK_ECORRUPT);
    assert_true(lk_password_outdated(lk_slice_make(huge, sizeof huge)));
}

static int setup(void **state) {
    (void)state;
    return lk_crypto_init();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_foreign_hashes),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
