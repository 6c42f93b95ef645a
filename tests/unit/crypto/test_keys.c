#include "../unit.h"

#include "base/encode.h"
#include "crypto/crypto.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "master_of.h"

static void check_hex(const uint8_t *bytes, const char *expected) {
    char text[65];
    lk_hex_encode(bytes, 32, text);
    text[64] = '\0';
    assert_string_equal(text, expected);
}

/* Computed with Python's hmac from the description in keys.h, so that no later build reads an old database with other keys. */
static void test_vectors(void **state) {
    (void)state;
    struct lk_keys *keys = keys_of(0);
    check_hex(lk_keys_sealing(keys), "9e289141c950482976c385f9880b3d15c298b1cbf96ce00d424c5dda4d383cb3");
    struct lk_digest digest;
    lk_digest_token(keys, lk_slice_cstr("lk_000SYW7RiJxkEgOGusQGwpNo287qEH4uQv9vBo5cxQTXAw02KFtzjuPbCrH1FrBEB45FPWW"), &digest);
    check_hex(digest.bytes, "839adf0608c220e052b92e3ac138fb360beb067b5c7c9dfe9573a3eaebb03293");
    uint8_t mac[LK_MAC_BYTES];
    lk_mac(lk_keys_mac(keys, LK_KEY_AUDIT), lk_slice_cstr("entry"), mac);
    check_hex(mac, "e9664f375911503d84ad32721c228c03314625388087d0ca66643ec92eb8ffe5");
    lk_mac(lk_keys_mac(keys, LK_KEY_SESSION), lk_slice_cstr("entry"), mac);
    check_hex(mac, "cf245c3294ea82341ed44df065a83ab5eb1f91963bce2936b50a94cf6ec6a95d");
    lk_keys_check(keys, mac);
    check_hex(mac, "a5fa294cd8534d67090271286036aea23c39f47e9f860525dab408a754c137ef");
    assert_int_equal(lk_keys_version(keys), 1);
    assert_null(lk_keys_mac(keys, LK_KEY_SEALING));
    lk_keys_free(keys);
    lk_keys_free(NULL);
}

static void test_another_master(void **state) {
    (void)state;
    struct lk_keys *a = keys_of(0);
    struct lk_keys *b = keys_of(1);
    uint8_t check_a[LK_MAC_BYTES];
    uint8_t check_b[LK_MAC_BYTES];
    lk_keys_check(a, check_a);
    lk_keys_check(b, check_b);
    assert_false(lk_secret_equal(check_a, check_b, sizeof check_a));
    struct lk_digest digest_a;
    struct lk_digest digest_b;
    lk_digest_token(a, lk_slice_cstr("0123456789abcdef"), &digest_a);
    lk_digest_token(b, lk_slice_cstr("0123456789abcdef"), &digest_b);
    assert_false(lk_secret_equal(digest_a.bytes, digest_b.bytes, LK_DIGEST_BYTES));
    lk_digest_token(a, lk_slice_cstr("0123456789abcdef"), &digest_b);
    assert_true(lk_secret_equal(digest_a.bytes, digest_b.bytes, LK_DIGEST_BYTES));
    lk_keys_free(a);
    lk_keys_free(b);
}

static void test_random(void **state) {
    (void)state;
    struct lk_id ids[100];
    for (size_t i = 0; i < 100; i++) {
        ids[i] = lk_id_new();
        for (size_t j = 0; j < i; j++)
            assert_false(lk_id_equal(&ids[i], &ids[j]));
    }
    uint8_t bytes[34] = {0};
    lk_random_bytes(bytes + 1, 32);
    assert_int_equal(bytes[0], 0);
    assert_int_equal(bytes[33], 0);
    uint8_t any = 0;
    for (size_t i = 1; i <= 32; i++)
        any |= bytes[i];
    assert_int_not_equal(any, 0);
}

static int setup(void **state) {
    (void)state;
    return lk_crypto_init();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_another_master),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
