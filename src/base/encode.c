#include "base/encode.h"

#include "base/error.h"

#include <endian.h>

static const char base64url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char base62_digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const char hex_digits[] = "0123456789abcdef";

/* Three bytes, in bits 8 to 31. */
static void put_four(uint32_t bits, char *out) {
    out[0] = base64url_digits[bits >> 26];
    out[1] = base64url_digits[bits >> 20 & 63U];
    out[2] = base64url_digits[bits >> 14 & 63U];
    out[3] = base64url_digits[bits >> 8 & 63U];
}

void lk_base64url_encode(const uint8_t *bytes, size_t len, char *out) {
    for (; len > 3; len -= 3, bytes += 3, out += 4) { /* a fourth byte may be read */
        uint32_t bits;
        memcpy(&bits, bytes, sizeof(bits));
        put_four(be32toh(bits), out);
    }
    uint32_t bits = 0;
    char last[4];
    for (size_t i = 0; i < len; i++)
        bits |= (uint32_t)bytes[i] << (24 - 8 * i);
    put_four(bits, last);
    memcpy(out, last, LK_BASE64URL_LEN(len));
}

static int base64_value(char c, bool url) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == (url ? '-' : '+'))
        return 62;
    if (c == (url ? '_' : '/'))
        return 63;
    return -1;
}

static long base64_decode(struct lk_slice text, uint8_t *out, bool url) {
    uint32_t bits = 0;
    unsigned have = 0;
    long written = 0;
    for (size_t i = 0; i < text.len; i++) {
        int value = base64_value(text.ptr[i], url);
        if (value < 0)
            return LK_EINVAL;
        bits = (bits << 6) | (uint32_t)value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[written++] = (uint8_t)(bits >> have);
        }
    }
    /* A lone last digit, or spare bits that are not zero, are spellings that encoding never makes. */
    if (have == 6 || (bits & ((1U << have) - 1)) != 0)
        return LK_EINVAL;
    return written;
}

int lk_base64url_decode(struct lk_slice text, uint8_t *out, size_t len) {
    if (text.len != LK_BASE64URL_LEN(len))
        return LK_EINVAL;
    long written = base64_decode(text, out, true);
    return written == (long)len ? 0 : LK_EINVAL;
}

long lk_base64_decode(struct lk_slice text, uint8_t *out) {
    if (text.len % 4 == 0) {
        for (int pad = 0; pad < 2 && text.len > 0 && text.ptr[text.len - 1] == '='; pad++)
            text.len--;
    }
    return base64_decode(text, out, false);
}

void lk_hex_encode(const uint8_t *bytes, size_t len, char *out) {
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = hex_digits[bytes[i] >> 4];
        out[2 * i + 1] = hex_digits[bytes[i] & 15U];
    }
}

void lk_base62_encode(const uint8_t *bytes, size_t len, char *out, size_t digits) {
    uint8_t number[64] = {0};
    if (len > sizeof(number))
        len = sizeof(number);
    memcpy(number, bytes, len);
    for (size_t d = digits; d > 0; d--) {
        unsigned remainder = 0;
        for (size_t i = 0; i < len; i++) {
            unsigned value = remainder * 256 + number[i];
            number[i] = (uint8_t)(value / 62);
            remainder = value % 62;
        }
        out[d - 1] = base62_digits[remainder];
    }
}

static int base62_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'Z')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 36;
    return -1;
}

int lk_base62_decode(struct lk_slice text, uint8_t *out, size_t len) {
    memset(out, 0, len);
    for (size_t d = 0; d < text.len; d++) {
        int value = base62_value(text.ptr[d]);
        if (value < 0)
            return LK_EINVAL;
        unsigned carry = (unsigned)value;
        for (size_t i = len; i > 0; i--) {
            unsigned product = out[i - 1] * 62U + carry;
            out[i - 1] = (uint8_t)product;
            carry = product >> 8;
        }
        if (carry != 0)
            return LK_EINVAL;
    }
    return 0;
}
