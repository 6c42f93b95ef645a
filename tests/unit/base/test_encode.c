#include "../unit.h"

#include "base/error.h"
#include "base/id.h"

#include <stdlib.h>

static void fill(uint8_t *bytes, size_t len, unsigned seed) {
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1103515245U + 12345U;
        bytes[i] = (uint8_t)(seed >> 16);
    }
}

static void test_base64url_vectors(void **state) {
    (void)state;
    /* RFC 4648 section 10, without padding. */
    static const char *const vectors[] = {"", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"};
    for (size_t len = 0; len <= 6; len++) {
        char text[16] = {0};
        assert_int_equal(LK_BASE64URL_LEN(len), strlen(vectors[len]));
        lk_base64url_encode((const uint8_t *)"foobar", len, text);
        assert_string_equal(text, vectors[len]);
        uint8_t back[8];
        assert_int_equal(lk_base64url_decode(lk_slice_cstr(text), back, len), 0);
        assert_memory_equal(back, "foobar", len);
    }
    const uint8_t high[] = {0xFB, 0xEF, 0xFF};
    char text[4];
    lk_base64url_encode(high, 3, text);
    assert_memory_equal(text, "--__", 4);
}

static void test_base64url_comes_back(void **state) {
    (void)state;
    for (size_t len = 0; len <= 70; len++) {
        uint8_t *bytes = malloc(len + 1); /* one more: a length of 0 is to be some memory */
        uint8_t *exact = bytes + 1;
        char *text = malloc(LK_BASE64URL_LEN(len) + 1);
        uint8_t back[70];
        fill(exact, len, (unsigned)len);
        text[LK_BASE64URL_LEN(len)] = '!';
        lk_base64url_encode(exact, len, text);
        assert_int_equal(text[LK_BASE64URL_LEN(len)], '!');
        assert_int_equal(lk_base64url_decode(lk_slice_make(text, LK_BASE64URL_LEN(len)), back, len), 0);
        assert_memory_equal(back, exact, len);
        free(text);
        free(bytes);
    }
}

static void test_base64url_is_strict(void **state) {
    (void)state;
    uint8_t out[16];
    const struct {
        const char *text;
        size_t len;
    } bad[] = {{"Zh", 1}, {"Zg==", 1}, {"Zm+v", 3}, {"Zm/v", 3}, {"Z", 0}, {"Zm9v", 2}, {"Zm9v", 4}, {"Zm9", 2}, {"Zm 9", 3}, {"Zm9\n", 3}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(lk_base64url_decode(lk_slice_cstr(bad[i].text), out, bad[i].len), LK_EINVAL);
    assert_int_equal(lk_base64url_decode((struct lk_slice)LK_SLICE("Zm\0v"), out, 3), LK_EINVAL);
    assert_int_equal(lk_base64url_decode((struct lk_slice)LK_SLICE("Zm\xC3v"), out, 3), LK_EINVAL);
}

static void test_base64_takes_padding_or_none(void **state) {
    (void)state;
    uint8_t out[16];
    assert_int_equal(lk_base64_decode((struct lk_slice)LK_SLICE(""), out), 0);
    assert_int_equal(lk_base64_decode((struct lk_slice)LK_SLICE("Zg=="), out), 1);
    assert_int_equal(lk_base64_decode((struct lk_slice)LK_SLICE("Zg"), out), 1);
    assert_int_equal(lk_base64_decode((struct lk_slice)LK_SLICE("Zm8="), out), 2);
    assert_int_equal(lk_base64_decode((struct lk_slice)LK_SLICE("++//"), out), 3);
    assert_memory_equal(out, "\xFB\xEF\xFF", 3);
    static const char *const bad[] = {"Zg=", "Z===", "====", "Zh==", "Zm9=", "Zm9v=", "--__", "Z", "=", "Zg==Zg==", "Zm9v\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(lk_base64_decode(lk_slice_cstr(bad[i]), out), LK_EINVAL);
}

static void test_hex(void **state) {
    (void)state;
    char text[9] = {0};
    lk_hex_encode((const uint8_t *)"\x00\x7F\x80\xFF", 4, text);
    assert_string_equal(text, "007f80ff");
}

static void test_base62_vectors(void **state) {
    (void)state;
    char text[44] = {0};
    uint8_t bytes[32] = {0};
    lk_base62_encode(bytes, 16, text, 22);
    assert_string_equal(text, "0000000000000000000000");
    bytes[15] = 61;
    lk_base62_encode(bytes, 16, text, 22);
    assert_string_equal(text, "000000000000000000000z");
    bytes[15] = 62;
    lk_base62_encode(bytes, 16, text, 22);
    assert_string_equal(text, "0000000000000000000010");
    memset(bytes, 0xFF, 32);
    lk_base62_encode(bytes, 16, text, 22);
    assert_memory_equal(text, "7n42DGM5Tflk9n8mt7Fhc7", 22); /* 2^128 - 1 */
    memset(text, 0, sizeof(text));
    lk_base62_encode(bytes, 4, text, 6);
    assert_string_equal(text, "4gfFC3"); /* 2^32 - 1 */
}

static void test_base62_goes_round(void **state) {
    (void)state;
    const struct { size_t len, digits; } shapes[] = {{4, 6}, {16, 22}, {32, 43}, {64, 86}};
    for (unsigned seed = 0; seed < 400; seed++) {
        size_t len = shapes[seed % 4].len;
        size_t digits = shapes[seed % 4].digits;
        uint8_t bytes[64];
        uint8_t back[64];
        char text[86];
        fill(bytes, len, seed);
        lk_base62_encode(bytes, len, text, digits);
        assert_int_equal(lk_base62_decode(lk_slice_make(text, digits), back, len), 0);
        assert_memory_equal(back, bytes, len);
    }
}

static void test_base62_refuses_what_does_not_fit(void **state) {
    (void)state;
    uint8_t out[32];
    assert_int_equal(lk_base62_decode((struct lk_slice)LK_SLICE("4gfFC3"), out, 4), 0);
    assert_int_equal(lk_base62_decode((struct lk_slice)LK_SLICE("4gfFC4"), out, 4), LK_EINVAL); /* 2^32 */
    assert_int_equal(lk_base62_decode((struct lk_slice)LK_SLICE("zzzzzz"), out, 4), LK_EINVAL);
    assert_int_equal(lk_base62_decode((struct lk_slice)LK_SLICE("00-000"), out, 4), LK_EINVAL);
    assert_int_equal(lk_base62_decode((struct lk_slice)LK_SLICE("7n42DGM5Tflk9n8mt7Fhc8"), out, 16), LK_EINVAL); /* 2^128 */
}

static void test_crc32(void **state) {
    (void)state;
    assert_int_equal(lk_crc32((struct lk_slice)LK_SLICE("123456789")), 0xCBF43926U); /* the check value of every CRC catalogue */
    assert_int_equal(lk_crc32((struct lk_slice)LK_SLICE("")), 0);
    assert_int_equal(lk_crc32(lk_slice_make(NULL, 0)), 0);
}

/* One bit at a time, as the definition has it. */
static uint32_t slow_crc32(const char *bytes, size_t len) {
    uint32_t sum = 0xFFFFFFFF;
    for (size_t i = 0; i < len; i++) {
        sum ^= (unsigned char)bytes[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ ((sum & 1) != 0 ? 0xEDB88320U : 0);
    }
    return ~sum;
}

/* Lengths around every block, at every alignment: long ones are summed another way than short ones. */
static void test_crc32_of_every_length(void **state) {
    (void)state;
    char bytes[400];
    uint32_t random = 1;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        random = random * 1664525 + 1013904223;
        bytes[i] = (char)(random >> 24);
    }
    for (size_t from = 0; from < 17; from++) {
        for (size_t len = 0; from + len <= sizeof(bytes); len++)
            assert_int_equal(lk_crc32(lk_slice_make(bytes + from, len)), slow_crc32(bytes + from, len));
    }
}

static void test_ids(void **state) {
    (void)state;
    struct lk_id id;
    assert_int_equal(lk_id_parse((struct lk_slice)LK_SLICE("4L2X2JLSQe2DnjOwBXj0TQ"), &id), 0);
    assert_string_equal(lk_id_format(&id).text, "4L2X2JLSQe2DnjOwBXj0TQ");
    struct lk_id before = id;
    /* The last character carries two bits that must be zero. */
    assert_int_equal(lk_id_parse((struct lk_slice)LK_SLICE("4L2X2JLSQe2DnjOwBXj0TR"), &id), LK_EINVAL);
    assert_int_equal(lk_id_parse((struct lk_slice)LK_SLICE("4L2X2JLSQe2DnjOwBXj0T"), &id), LK_EINVAL);
    assert_int_equal(lk_id_parse((struct lk_slice)LK_SLICE("4L2X2JLSQe2DnjOwBXj0TQ="), &id), LK_EINVAL);
    assert_int_equal(lk_id_parse((struct lk_slice)LK_SLICE(""), &id), LK_EINVAL);
    assert_true(lk_id_equal(&id, &before));
    assert_false(lk_id_is_zero(&id));
    memset(&id, 0, sizeof(id));
    assert_true(lk_id_is_zero(&id));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64url_vectors),
        cmocka_unit_test(test_base64url_comes_back),
        cmocka_unit_test(test_base64url_is_strict),
        cmocka_unit_test(test_base64_takes_padding_or_none),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_base62_vectors),
        cmocka_unit_test(test_base62_goes_round),
        cmocka_unit_test(test_base62_refuses_what_does_not_fit),
        cmocka_unit_test(test_crc32),
        cmocka_unit_test(test_crc32_of_every_length),
        cmocka_unit_test(test_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
