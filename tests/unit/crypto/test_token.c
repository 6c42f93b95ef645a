#include "../unit.h"

#include "crypto/crypto.h"
#include "crypto/token.h"

#include <stdio.h>
#include <stdlib.h>

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* Made with Python's integers and zlib.crc32 from account and secret: zeros; 0..15 and 100..131; all ones. */
static const char token_zero[] = "lk_000000000000000000000000000000000000000000000000000000000000000001I6LFa";
static const char token_some[] = "lk_000SYW7RiJxkEgOGusQGwpNo287qEH4uQv9vBo5cxQTXAw02KFtzjuPbCrH1FrBEB45FPWW";
static const char token_ones[] = "lk_7n42DGM5Tflk9n8mt7Fhc7yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp11jucaB";

static void check_account(const char *token, uint8_t first, uint8_t step) {
    struct lk_id account = {{1, 2, 3}};
    assert_int_equal(lk_token_check(lk_slice_cstr(token)), LK_TOKEN_OURS);
    assert_int_equal(lk_token_parse(lk_slice_cstr(token), &account), 0);
    for (size_t i = 0; i < LK_ID_BYTES; i++)
        assert_int_equal(account.bytes[i], first + i * step);
}

static void test_vectors(void **state) {
    (void)state;
    check_account(token_zero, 0, 0);
    check_account(token_some, 0, 1);
    check_account(token_ones, 0xFF, 0);
}

static void test_make(void **state) {
    (void)state;
    struct lk_id account;
    for (size_t i = 0; i < LK_ID_BYTES; i++)
        account.bytes[i] = (uint8_t)i;
    char before[LK_TOKEN_LEN + 1] = "";
    for (int i = 0; i < 1000; i++) {
        char token[LK_TOKEN_LEN + 1];
        lk_token_make(&account, token);
        assert_int_equal(strlen(token), LK_TOKEN_LEN);
        assert_memory_equal(token, token_some, 3 + 22);
        assert_string_not_equal(token, before);
        struct lk_id parsed;
        assert_int_equal(lk_token_parse(lk_slice_cstr(token), &parsed), 0);
        assert_true(lk_id_equal(&parsed, &account));
        memcpy(before, token, sizeof token);
    }
}

/* Damaged ones are no token of ours: of its form they are nothing, else what may be imported. */
static void refuse(struct lk_slice token) {
    struct lk_id account = {{42}};
    bool foreign = !lk_token_has_form(token) && token.len >= LK_TOKEN_IMPORT_MIN;
    for (size_t i = 0; i < token.len; i++)
        foreign = foreign && token.ptr[i] > 0x20 && token.ptr[i] < 0x7F;
    assert_int_equal(lk_token_check(token), foreign ? LK_TOKEN_FOREIGN : LK_TOKEN_MALFORMED);
    assert_int_equal(lk_token_parse(token, &account), LK_EINVAL);
    assert_int_equal(account.bytes[0], 42);
    assert_int_equal(lk_token_importable(token), foreign);
    assert_int_equal(lk_token_is_damaged(token), token.len >= 3 && memcmp(token.ptr, "lk_", 3) == 0);
}

/* Each character replaced by each of the 255 others. A change in the prefix makes it a foreign key, or nothing at all. */
static void test_every_change_is_seen(void **state) {
    (void)state;
    const char *const tokens[] = {token_zero, token_some, token_ones};
    for (size_t t = 0; t < 3; t++) {
        char token[LK_TOKEN_LEN + 1];
        memcpy(token, tokens[t], sizeof token);
        for (size_t i = 0; i < LK_TOKEN_LEN; i++) {
            for (int c = 0; c < 256; c++) {
                token[i] = (char)c;
                struct lk_slice text = {token, LK_TOKEN_LEN};
                if (token[i] == tokens[t][i])
                    assert_int_equal(lk_token_check(text), LK_TOKEN_OURS);
                else if (i >= 3)
                    refuse(text);
                else
                    assert_int_equal(lk_token_check(text), c > 0x20 && c < 0x7F ? LK_TOKEN_FOREIGN : LK_TOKEN_MALFORMED);
            }
            token[i] = tokens[t][i];
        }
        for (size_t i = 3; i + 1 < LK_TOKEN_LEN; i++) { /* two swapped */
            if (token[i] == token[i + 1])
                continue;
            token[i] = tokens[t][i + 1];
            token[i + 1] = tokens[t][i];
            refuse(lk_slice_make(token, LK_TOKEN_LEN));
            token[i] = tokens[t][i];
            token[i + 1] = tokens[t][i + 1];
        }
    }
}

static void test_every_length_is_seen(void **state) {
    (void)state;
    for (size_t len = 0; len < LK_TOKEN_LEN; len++) {
        /* At the end of a block of its own, so that a sanitizer sees a read past it. */
        char *copy = malloc(len > 0 ? len : 1);
        assert_non_null(copy);
        memcpy(copy, token_some, len);
        refuse(lk_slice_make(copy, len));
        free(copy);
    }
    char longer[LK_TOKEN_LEN + 2];
    for (size_t d = 0; d < 62; d++) {
        memcpy(longer, token_some, LK_TOKEN_LEN);
        longer[LK_TOKEN_LEN] = digits[d];
        refuse(lk_slice_make(longer, LK_TOKEN_LEN + 1));
    }
    refuse(lk_slice_make(NULL, 0));
}

static void fix_checksum(char token[LK_TOKEN_LEN + 1]) {
    uint32_t sum = lk_crc32(lk_slice_make(token, 68));
    const uint8_t bytes[] = {(uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8), (uint8_t)sum};
    lk_base62_encode(bytes, 4, token + 68, 6);
}

/* Characters that are no digits, with a checksum that is right. */
static void test_alphabet(void **state) {
    (void)state;
    for (size_t at = 3; at < 68; at++) {
        for (int c = 0; c < 256; c++) {
            char token[LK_TOKEN_LEN + 1];
            memcpy(token, token_some, sizeof token);
            token[at] = (char)c;
            fix_checksum(token);
            if (c == 0 || strchr(digits, c) == NULL)
                refuse(lk_slice_make(token, LK_TOKEN_LEN));
        }
    }
}

/* Numbers that 16 and 32 bytes do not hold, with a checksum that is right. */
static void test_too_large(void **state) {
    (void)state;
    const size_t ends[] = {3 + 22, 3 + 22 + 43};
    for (size_t e = 0; e < 2; e++) {
        char token[LK_TOKEN_LEN + 1];
        memcpy(token, token_ones, sizeof token);
        token[ends[e] - 1] = (char)(token[ends[e] - 1] + 1);
        fix_checksum(token);
        refuse(lk_slice_cstr(token));
        if (e == 1) { /* one less is a token, so it was the number that was wrong */
            token[ends[e] - 1] = '1';
            memcpy(token + 68, token_ones + 68, 6);
            assert_int_equal(lk_token_check(lk_slice_cstr(token)), LK_TOKEN_OURS);
        }
    }
}

static void test_importable(void **state) {
    (void)state;
    char text[LK_TOKEN_IMPORT_MAX + 1];
    memset(text, '~', sizeof text);
    for (size_t len = 0; len <= sizeof text; len++)
        assert_int_equal(lk_token_importable(lk_slice_make(text, len)), len >= 16 && len <= 512);
    for (int c = 0; c < 256; c++) {
        for (size_t at = 0; at < 16; at += 15) {
            memset(text, 'a', 16);
            text[at] = (char)c;
            assert_int_equal(lk_token_importable(lk_slice_make(text, 16)), c >= 0x21 && c <= 0x7E);
        }
    }
    assert_true(lk_token_importable(lk_slice_cstr(token_some)));
    assert_true(lk_token_importable(lk_slice_cstr("lk_from-somewhere-else")));
    assert_true(lk_token_importable(lk_slice_cstr("LK_from-somewhere-else")));
}

static void test_within(void **state) {
    (void)state;
    struct lk_id account = {{1, 2, 3}};
    char token[LK_TOKEN_LEN + 1];
    char text[200];
    lk_token_make(&account, token);
    static const char *const around[][2] = {{"", ""}, {"a", ""}, {"lk_", ""}, {"use ", ", please"}, {"lk_lk_", "lk_"}};
    for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
        snprintf(text, sizeof(text), "%s%s%s", around[i][0], token, around[i][1]);
        assert_true(lk_token_within(lk_slice_cstr(text)));
    }
    assert_false(lk_token_within(lk_slice_make(token, LK_TOKEN_LEN - 1)));
    assert_false(lk_token_within(lk_slice_make("", 0)));
    token[40] = token[40] == 'a' ? 'b' : 'a';
    assert_false(lk_token_within(lk_slice_cstr(token)));
}

static void test_preview(void **state) {
    (void)state;
    char out[LK_TOKEN_PREVIEW_SIZE];
    lk_token_preview(lk_slice_cstr(token_some), out);
    assert_string_equal(out, "lk_\xE2\x80\xA6"
                             "FPWW");
    lk_token_preview(lk_slice_cstr("sk_live_0123456789"), out);
    assert_string_equal(out, "\xE2\x80\xA6"
                             "6789");
}

static int setup(void **state) {
    (void)state;
    return lk_crypto_init();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_every_change_is_seen),
        cmocka_unit_test(test_every_length_is_seen),
        cmocka_unit_test(test_alphabet),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_importable),
        cmocka_unit_test(test_within),
        cmocka_unit_test(test_preview),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
