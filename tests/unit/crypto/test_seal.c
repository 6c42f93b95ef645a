#include "../unit.h"

#include "crypto/crypto.h"
#include "crypto/random.h"
#include "crypto/seal.h"
#include "master_of.h"

#include <sodium.h>
#include <stdlib.h>

#define PLAIN "lk_000SYW7RiJxkEgOGusQGwpNo287qEH4uQv9vBo5cxQTXAw02KFtzjuPbCrH1FrBEB45FPWW"
#define LEN (sizeof PLAIN - 1)

static const struct lk_id owner = {{1, 2, 3}};
static const struct lk_id account = {{4, 5, 6}};

static int open_it(const struct lk_keys *keys, const struct lk_id *for_owner, const struct lk_id *for_account, const uint8_t *sealed,
                   size_t len, uint8_t *out) {
    return lk_seal_open(keys, LK_SEAL_API_KEY, for_owner, for_account, lk_slice_make((const char *)sealed, len), out);
}

static void test_round_trip(void **state) {
    const struct lk_keys *keys = *state;
    for (size_t len = 0; len <= LEN; len++) {
        uint8_t *sealed = malloc(len + LK_SEAL_OVERHEAD);
        uint8_t *out = malloc(len > 0 ? len : 1);
        assert_true(sealed != NULL && out != NULL);
        lk_seal(keys, LK_SEAL_API_KEY, &owner, &account, lk_slice_make(PLAIN, len), sealed);
        assert_int_equal(open_it(keys, &owner, &account, sealed, len + LK_SEAL_OVERHEAD, out), 0);
        assert_memory_equal(out, PLAIN, len);
        free(out);
        free(sealed);
    }
}

/* The layout of seal.h, opened with libsodium alone. */
static void test_layout(void **state) {
    const struct lk_keys *keys = *state;
    uint8_t sealed[LEN + LK_SEAL_OVERHEAD];
    lk_seal(keys, LK_SEAL_API_KEY, &owner, &account, lk_slice_make(PLAIN, LEN), sealed);
    uint8_t data[35] = {1, 1, 1};
    memcpy(data + 3, owner.bytes, 16);
    memcpy(data + 19, account.bytes, 16);
    uint8_t out[LEN];
    assert_memory_equal(sealed, data, 2);
    assert_int_equal(crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed + 26, LEN + 16, data, sizeof data, sealed + 2,
                                                                lk_keys_sealing(keys)),
                     0);
    assert_memory_equal(out, PLAIN, LEN);
}

static void test_same_twice_differs(void **state) {
    const struct lk_keys *keys = *state;
    uint8_t a[LEN + LK_SEAL_OVERHEAD];
    uint8_t b[LEN + LK_SEAL_OVERHEAD];
    lk_seal(keys, LK_SEAL_API_KEY, &owner, &account, lk_slice_make(PLAIN, LEN), a);
    lk_seal(keys, LK_SEAL_API_KEY, &owner, &account, lk_slice_make(PLAIN, LEN), b);
    assert_memory_not_equal(a + 2, b + 2, 24);
    assert_memory_not_equal(a + 26, b + 26, LEN);
}

static void refuse(const struct lk_keys *keys, const struct lk_id *for_owner, const struct lk_id *for_account, const uint8_t *sealed,
                   size_t len) {
    uint8_t *out = malloc(len + 1);
    assert_non_null(out);
    memset(out, 0, len + 1);
    assert_int_equal(open_it(keys, for_owner, for_account, sealed, len, out), LK_ECORRUPT);
    for (size_t i = 0; i <= len; i++)
        assert_int_equal(out[i], 0);
    free(out);
}

static void test_refuses(void **state) {
    const struct lk_keys *keys = *state;
    uint8_t sealed[LEN + LK_SEAL_OVERHEAD];
    lk_seal(keys, LK_SEAL_API_KEY, &owner, &account, lk_slice_make(PLAIN, LEN), sealed);
    for (size_t bit = 0; bit < sizeof sealed * 8; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        refuse(keys, &owner, &account, sealed, sizeof sealed);
        sealed[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    for (size_t len = 0; len < sizeof sealed; len++)
        refuse(keys, &owner, &account, sealed, len);
    refuse(keys, &account, &owner, sealed, sizeof sealed);
    refuse(keys, &owner, &owner, sealed, sizeof sealed);
    refuse(keys, &account, &account, sealed, sizeof sealed);

    struct lk_keys *others = keys_of(1);
    refuse(others, &owner, &account, sealed, sizeof sealed);
    lk_keys_free(others);

    uint8_t out[LEN];
    assert_int_equal(lk_seal_open(keys, (enum lk_seal_purpose)(LK_SEAL_API_KEY + 1), &owner, &account,
                                  lk_slice_make((const char *)sealed, sizeof sealed), out),
                     LK_ECORRUPT);
    assert_int_equal(open_it(keys, &owner, &account, sealed, sizeof sealed, out), 0);
}

static int setup(void **state) {
    if (lk_crypto_init() != 0)
        return -1;
    *state = keys_of(0);
    return 0;
}

static int teardown(void **state) {
    lk_keys_free(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_same_twice_differs),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
