#include "crypto/token.h"

#include "base/characters.h"
#include "crypto/random.h"

#include <endian.h>
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

/* Ones where a character is no digit. */
static lk_characters foreign(lk_characters c) {
    lk_characters letters = (c | 0x20) - 'a';
    lk_characters figures = c - '0';
    return (lk_characters)((letters >= 26) & (figures >= 10));
}

/* Whether all behind the prefix are digits. */
static bool has_digits(const char *token) {
    return !lk_any_character(lk_slice_make(token + PREFIX_LEN, LK_TOKEN_LEN - PREFIX_LEN), foreign);
}

/* The number that the last digits, which are digits, are: of all of them at once, then of pairs, then of fours. */
static uint64_t written_sum(const char *token) {
    const uint64_t ones = UINT64_MAX / 0xFF;
    const uint64_t base = 62;
    uint64_t c; /* the two before them are made 0 */
    memcpy(&c, token + LK_TOKEN_LEN - sizeof c, sizeof c);
    c = le64toh(c);
    uint64_t is_letter = c >> 6 & ones;
    uint64_t is_small = c >> 5 & is_letter;
    uint64_t digits = (c & 0x1F * ones) + is_letter * (10 - 1 + 16) + is_small * 26 - 16 * ones;
    digits &= UINT64_MAX << 8 * (sizeof c - SUM_DIGITS);
    const uint64_t even = 0x00FF00FF00FF00FF;
    uint64_t pairs = (digits & even) * base + (digits >> 8 & even);
    const uint64_t low = 0x0000FFFF0000FFFF;
    uint64_t fours = (pairs & low) * base * base + (pairs >> 16 & low);
    return (fours & UINT32_MAX) * base * base * base * base + (fours >> 32);
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
