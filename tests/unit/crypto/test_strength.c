#include "../unit.h"

#include "crypto/mac.h"
#include "crypto/strength.h"

#include <stdio.h>

static unsigned bits(const char *text) {
    return lk_strength_bits(lk_slice_cstr(text));
}

/* What people and other systems make, and how it must be judged. */
static void test_judgement(void **state) {
    (void)state;
    static const char *const weak[] = {
        "",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "abababababababababababababababababababababababababababababababab",
        "1234567890123456789012345678901234567890",
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        "zyxwvutsrqponmlkjihgfedcba9876543210",
        "0000-0000-0000-0000-0000-0000-0000-0000",
        "correcthorsebatterystaple",
        "the-secret-key-of-the-billing-service",
        "Password123Password123Password123",
        "Tr0ub4dor&3Tr0ub4dor&3",
        "deadbeefdeadbeefdeadbeefdeadbeef",
        "0123456789abcdef",
        "4829175036482917", /* 16 digits at random */
        "7f3a9c1e5b8d2064", /* 64 bits in hex */
        "test_key_for_staging_1",
        "changeme-changeme-changeme",
        "________________________________________________",
    };
    static const char *const strong[] = {
        "4eC39HqLyjWDarjtT1zdp7dc",             /* 24 of base62 */
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",     /* with a prefix */
        "9f86d081884c7d659a2feaa0c55ad015",     /* 128 bits in hex */
        "3F2504E0-4F89-41D3-9A0C-0305E82C3301", /* a random UUID */
        "Zm9vYmFyMTIzNDU2Nzg5MGFi+Q9/xQ==",     /* base64 */
        "gZ7-kQ_2vXw.R4tLm1sNc8BfYh0",          /* pieces */
        "x9$Lq!7vR#2mK@5pW^8d",                 /* of all that is visible */
        "73940182650372941850264917350",        /* 29 digits */
    };
    for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
        if (bits(weak[i]) >= LK_STRENGTH_WEAK_BITS)
            fail_msg("%s counts as strong", weak[i]);
    }
    for (size_t i = 0; i < sizeof(strong) / sizeof(strong[0]); i++) {
        if (bits(strong[i]) < LK_STRENGTH_WEAK_BITS)
            fail_msg("%s counts as weak: %u bits", strong[i], bits(strong[i]));
    }
}

static void test_counts(void **state) {
    (void)state;
    assert_int_equal(bits("7"), 3);
    assert_int_equal(bits("83"), 6);
    assert_int_equal(bits("777777"), 6);   /* the first two, then a run */
    assert_int_equal(bits("8383838"), 9);  /* the first two, then once more the same */
    assert_int_equal(bits("83-83"), 13);   /* two are no repetition */
    assert_int_equal(bits("837-837"), 13); /* three are */
    assert_int_equal(bits("7f"), 8);
    assert_int_equal(bits("7g"), 10);
    assert_int_equal(bits("7fG"), 17);
    assert_int_equal(bits("word"), 8);
    assert_int_equal(bits("wOrd"), 22);
    assert_int_equal(bits("---...___:::==="), 0);
}

/* Of secrets at random hardly any may be called weak. These are as good as random, and the same each time: among others three may be. */
static void test_random(void **state) {
    (void)state;
    struct lk_mac_key source;
    lk_mac_key_set(&source, lk_slice_cstr("secrets"));
    static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    int weak_hex = 0;
    int weak_base64 = 0;
    for (int i = 0; i < 2000; i++) {
        uint8_t bytes[32];
        char hex[33];
        char base64[23];
        lk_mac(&source, lk_slice_make((const char *)&i, sizeof(i)), bytes);
        for (size_t j = 0; j < 16; j++)
            snprintf(hex + 2 * j, 3, "%02x", bytes[j]);
        for (size_t j = 0; j < 22; j++)
            base64[j] = alphabet[bytes[j] % 64];
        base64[22] = '\0';
        weak_hex += bits(hex) < LK_STRENGTH_WEAK_BITS;
        weak_base64 += bits(base64) < LK_STRENGTH_WEAK_BITS;
    }
    assert_in_range(weak_hex, 0, 2);
    assert_in_range(weak_base64, 0, 2);
}

/* The longest that can be imported, all repetition. */
static void test_long(void **state) {
    (void)state;
    static char text[512];
    for (size_t period = 1; period <= 64; period++) {
        for (size_t i = 0; i < sizeof(text); i++)
            text[i] = (char)('a' + i % period % 26);
        for (int round = 0; round < 100; round++)
            assert_in_range(lk_strength_bits(lk_slice_make(text, sizeof(text))), 0, LK_STRENGTH_WEAK_BITS - 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judgement),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
