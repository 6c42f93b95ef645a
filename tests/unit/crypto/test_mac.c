#include "../unit.h"

#include "base/encode.h"
#include "crypto/hkdf.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

static size_t from_hex(const char *text, uint8_t *out) {
    size_t len = strlen(text) / 2;
    for (size_t i = 0; i < len; i++) {
        char digits[3] = {text[2 * i], text[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return len;
}

static struct lk_slice slice_of(const uint8_t *bytes, size_t len) {
    return lk_slice_make((const char *)bytes, len);
}

static void check_hex(const uint8_t *bytes, size_t len, const char *expected) {
    char text[512];
    assert_true(len * 2 < sizeof text);
    lk_hex_encode(bytes, len, text);
    text[len * 2] = '\0';
    assert_string_equal(text, expected);
}

/* RFC 4231, test cases 1 to 4, 6 and 7; then keys of length 0, 64 and 65, computed with Python's hmac. */
static void test_vectors(void **state) {
    (void)state;
    static const struct {
        uint8_t fill; /* the key is len times this byte; 0: the text, if any */
        size_t len;
        const char *key;
        const char *message;
        uint8_t message_fill; /* 50 times this byte instead of message, when not 0 */
        const char *mac;
    } cases[] = {
        {0x0b, 20, NULL, "Hi There", 0, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {0, 4, "Jefe", "what do ya want for nothing?", 0, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {0xaa, 20, NULL, NULL, 0xdd, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {0, 25, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19", NULL, 0xcd,
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {0xaa, 131, NULL, "Test Using Larger Than Block-Size Key - Hash Key First", 0,
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {0xaa, 131, NULL,
         "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being "
         "used "
         "by the HMAC algorithm.",
         0, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
        {'k', 65, NULL, "", 0, "41f1c4cc3107cd5b8d92460f61032902bfdb06484eef17e861b83a5012d3b7f3"},
        {'k', 64, NULL, "abc", 0, "ae0c0e4a2340cf50185eb46aaa8723f4769153661612e212fb0d1fa3170c6202"},
        {0, 0, "", "", 0, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t key[131];
        memset(key, cases[i].fill, sizeof key);
        if (cases[i].fill == 0)
            memcpy(key, cases[i].key, cases[i].len);
        uint8_t message[256];
        size_t len = 50;
        memset(message, cases[i].message_fill, sizeof message);
        if (cases[i].message_fill == 0) {
            len = strlen(cases[i].message);
            memcpy(message, cases[i].message, len);
        }
        struct lk_mac_key ready;
        lk_mac_key_set(&ready, slice_of(key, cases[i].len));
        uint8_t out[LK_MAC_BYTES];
        lk_mac(&ready, slice_of(message, len), out);
        check_hex(out, sizeof out, cases[i].mac);

        /* The same in pieces, cut anywhere. */
        for (size_t cut = 0; cut <= len; cut++) {
            struct lk_mac mac;
            uint8_t again[LK_MAC_BYTES];
            lk_mac_begin(&mac, &ready);
            lk_mac_add(&mac, slice_of(message, cut));
            lk_mac_add(&mac, lk_slice_make(NULL, 0));
            lk_mac_add(&mac, slice_of(message + cut, len - cut));
            lk_mac_end(&mac, again);
            assert_memory_equal(again, out, sizeof out);
        }
    }
}

/* Beside OpenSSL's own, for messages that end anywhere in their block. */
static void test_every_length(void **state) {
    (void)state;
    uint8_t key[32];
    uint8_t message[600];
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)(i * 7 + 3);
    memcpy(key, message + 100, sizeof key);
    struct lk_mac_key ready;
    lk_mac_key_set(&ready, slice_of(key, sizeof key));
    for (size_t len = 0; len <= sizeof message; len++) {
        uint8_t out[LK_MAC_BYTES];
        uint8_t expected[LK_MAC_BYTES];
        unsigned expected_len = sizeof expected;
        lk_mac(&ready, slice_of(message, len), out);
        assert_non_null(HMAC(EVP_sha256(), key, sizeof key, message, len, expected, &expected_len));
        assert_int_equal(expected_len, sizeof expected);
        assert_memory_equal(out, expected, sizeof out);
    }
}

/* RFC 5869, appendix A.1 to A.3. */
static void test_hkdf(void **state) {
    (void)state;
    static const struct {
        const char *secret, *salt, *info, *out;
    } cases[] = {
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f4"
         "04142"
         "434445464748494a4b4c4d4e4f",
         "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa"
         "0a1a2"
         "a3a4a5a6a7a8a9aaabacadaeaf",
         "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff"
         "0f1f2"
         "f3f4f5f6f7f8f9fafbfcfdfeff",
         "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71c"
         "c30c58179"
         "ec3e87c14c01d5c1f3434f1d87"},
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t secret[80];
        uint8_t salt[80];
        uint8_t info[80];
        size_t secret_len = from_hex(cases[i].secret, secret);
        size_t salt_len = from_hex(cases[i].salt, salt);
        size_t info_len = from_hex(cases[i].info, info);
        uint8_t out[82];
        size_t len = strlen(cases[i].out) / 2;
        lk_hkdf(slice_of(salt, salt_len), slice_of(secret, secret_len), slice_of(info, info_len), out, len);
        check_hex(out, len, cases[i].out);
    }
}

static void test_equal(void **state) {
    (void)state;
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    assert_true(lk_secret_equal(a, b, sizeof a));
    assert_true(lk_secret_equal(a, b, 0));
    for (size_t i = 0; i < sizeof a * 8; i++) {
        b[i / 8] ^= (uint8_t)(1U << (i % 8));
        assert_false(lk_secret_equal(a, b, sizeof a));
        b[i / 8] = 0;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_hkdf),
        cmocka_unit_test(test_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
