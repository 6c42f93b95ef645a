#include "crypto/token.h"

#include "crypto/random.h"

#include <sodium.h>

#define PREFIX "lk_"
#define PREFIX_LEN 3
#define ACCOUNT_DIGITS 22
#define SECRET_BYTES 32
#define SECRET_DIGITS 43
#define SUM_DIGITS 6
#define SECRET_AT (PREFIX_LEN + ACCOUNT_DIGITS)
#define SUM_AT (SECRET_AT + SECRET_DIGITS)

_Static_assert(SUM_AT + SUM_DIGITS == LK_TOKEN_LEN, "the format in token.h");

/* The largest numbers of 16 and 32 bytes. ASCII order is the order of the digits, so comparing texts compares numbers. */
static const char account_max[] = "7n42DGM5Tflk9n8mt7Fhc7";
static const char secret_max[] = "yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1";

static void checksum_text(const char *token, char out[SUM_DIGITS]) {
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uint32_t sum = lk_crc32(lk_slice_make(token, SUM_AT));
    for (int i = SUM_DIGITS - 1; i >= 0; i--) {
        out[i] = digits[sum % 62];
        sum /= 62;
    }
}

void lk_token_make(const struct lk_id *account, char out[LK_TOKEN_LEN + 1]) {
    uint8_t secret[SECRET_BYTES];
    lk_random_bytes(secret, sizeof secret);
    memcpy(out, PREFIX, PREFIX_LEN);
    lk_base62_encode(account->bytes, LK_ID_BYTES, out + PREFIX_LEN, ACCOUNT_DIGITS);
    lk_base62_encode(secret, sizeof secret, out + SECRET_AT, SECRET_DIGITS);
    checksum_text(out, out + SUM_AT);
    out[LK_TOKEN_LEN] = '\0';
    sodium_memzero(secret, sizeof secret);
}

/* What follows is done for every verification, so it is done without branches on the text, which would be mispredicted on nearly every character. */

typedef uint8_t characters __attribute__((vector_size(16)));

/* Ones where a character is no digit. */
static characters foreign(const char *text) {
    characters c;
    memcpy(&c, text, sizeof c);
    characters letters = (c | 0x20) - 'a';
    characters figures = c - '0';
    return (characters)((letters >= 26) & (figures >= 10));
}

/* Whether all behind the prefix are digits. The last sixteen overlap those before. */
static bool has_digits(const char *token) {
    characters found = foreign(token + LK_TOKEN_LEN - sizeof found);
    for (size_t at = PREFIX_LEN; at + sizeof found <= LK_TOKEN_LEN; at += sizeof found)
        found |= foreign(token + at);
    uint64_t halves[2];
    memcpy(halves, &found, sizeof halves);
    return (halves[0] | halves[1]) == 0;
}

/* 1 where c is above limit, else 0, from the sign of the difference: a compiler may make a branch of a comparison. */
static unsigned above(unsigned c, unsigned limit) {
    return (limit - c) >> 31;
}

/* The number that the last digits are. */
static uint64_t written_sum(const char *token) {
    uint64_t sum = 0;
    for (size_t i = SUM_AT; i < LK_TOKEN_LEN; i++) {
        unsigned c = (unsigned char)token[i];
        unsigned value = c - '0' - above(c, '@') * ('A' - '9' - 1U) - above(c, '`') * ('a' - 'Z' - 1U);
        sum = sum * 62 + value;
    }
    return sum;
}

bool lk_token_has_form(struct lk_slice token) {
    return lk_slice_starts_with(token, PREFIX) && token.len == LK_TOKEN_LEN && has_digits(token.ptr);
}

/* Whether one that has the form is one: its numbers are of 16 and 32 bytes, and its checksum is theirs. */
static bool is_whole(const char *token) {
    return memcmp(token + PREFIX_LEN, account_max, ACCOUNT_DIGITS) <= 0 && memcmp(token + SECRET_AT, secret_max, SECRET_DIGITS) <= 0 &&
           lk_crc32(lk_slice_make(token, SUM_AT)) == written_sum(token);
}

enum lk_token_kind lk_token_check(struct lk_slice token) {
    if (lk_token_has_form(token))
        return is_whole(token.ptr) ? LK_TOKEN_OURS : LK_TOKEN_MALFORMED;
    if (token.len < LK_TOKEN_IMPORT_MIN || token.len > LK_TOKEN_IMPORT_MAX)
        return LK_TOKEN_MALFORMED;
    for (size_t i = 0; i < token.len; i++) {
        if (token.ptr[i] < 0x21 || token.ptr[i] > 0x7E)
            return LK_TOKEN_MALFORMED;
    }
    return LK_TOKEN_FOREIGN;
}

int lk_token_parse(struct lk_slice token, struct lk_id *ret_account) {
    if (lk_token_check(token) != LK_TOKEN_OURS)
        return LK_EINVAL;
    struct lk_id account = {{0}};
    if (lk_base62_decode(lk_slice_make(token.ptr + PREFIX_LEN, ACCOUNT_DIGITS), account.bytes, LK_ID_BYTES) != 0)
        return LK_EINVAL;
    *ret_account = account;
    return 0;
}

bool lk_token_is_damaged(struct lk_slice token) {
    return lk_slice_starts_with(token, PREFIX) && lk_token_check(token) != LK_TOKEN_OURS;
}

bool lk_token_within(struct lk_slice text) {
    for (size_t at = 0; at + LK_TOKEN_LEN <= text.len; at++) {
        if (lk_token_has_form(lk_slice_make(text.ptr + at, LK_TOKEN_LEN)) && is_whole(text.ptr + at))
            return true;
    }
    return false;
}

bool lk_token_importable(struct lk_slice token) {
    return lk_token_check(token) != LK_TOKEN_MALFORMED;
}

void lk_token_preview(struct lk_slice token, char out[LK_TOKEN_PREVIEW_SIZE]) {
    static const char ellipsis[] = "\u2026";
    size_t len = 0;
    if (lk_slice_starts_with(token, PREFIX)) {
        memcpy(out, PREFIX, PREFIX_LEN);
        len = PREFIX_LEN;
    }
    memcpy(out + len, ellipsis, 3);
    memcpy(out + len + 3, token.ptr + token.len - 4, 4);
    out[len + 7] = '\0';
}
