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

/* By table: comparing with the bounds of the ranges would mispredict on nearly every character of a random text. */
static const bool is_digit[256] = {['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true};

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

static bool is_ours(struct lk_slice token) {
    if (token.len != LK_TOKEN_LEN)
        return false;
    bool digits = true;
    for (size_t i = PREFIX_LEN; i < LK_TOKEN_LEN; i++)
        digits &= is_digit[(unsigned char)token.ptr[i]];
    if (!digits)
        return false;
    if (memcmp(token.ptr + PREFIX_LEN, account_max, ACCOUNT_DIGITS) > 0 || memcmp(token.ptr + SECRET_AT, secret_max, SECRET_DIGITS) > 0)
        return false;
    char sum[SUM_DIGITS];
    checksum_text(token.ptr, sum);
    return memcmp(token.ptr + SUM_AT, sum, SUM_DIGITS) == 0;
}

enum lk_token_kind lk_token_check(struct lk_slice token) {
    if (lk_slice_starts_with(token, PREFIX))
        return is_ours(token) ? LK_TOKEN_OURS : LK_TOKEN_MALFORMED;
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
