#include "crypto/session_token.h"

#include "base/encode.h"
#include "crypto/random.h"

#include <sodium.h>

#define PREFIX_LEN (sizeof(LK_SESSION_TOKEN_PREFIX) - 1)
#define SECRET_BYTES 32
#define SECRET_DIGITS 43
#define SUM_DIGITS 6
#define SUM_AT (PREFIX_LEN + SECRET_DIGITS)

_Static_assert(SUM_AT + SUM_DIGITS == LK_SESSION_TOKEN_LEN, "the format in session_token.h");

static void checksum(const char *token, char out[SUM_DIGITS]) {
    uint32_t sum = lk_crc32(lk_slice_make(token, SUM_AT));
    const uint8_t bytes[4] = {(uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8), (uint8_t)sum};
    lk_base62_encode(bytes, sizeof(bytes), out, SUM_DIGITS);
}

void lk_session_token_make(char out[LK_SESSION_TOKEN_LEN + 1]) {
    uint8_t secret[SECRET_BYTES];
    lk_random_bytes(secret, sizeof(secret));
    memcpy(out, LK_SESSION_TOKEN_PREFIX, PREFIX_LEN);
    lk_base62_encode(secret, sizeof(secret), out + PREFIX_LEN, SECRET_DIGITS);
    checksum(out, out + SUM_AT);
    out[LK_SESSION_TOKEN_LEN] = '\0';
    sodium_memzero(secret, sizeof(secret));
}

bool lk_session_token_like(struct lk_slice text) {
    return lk_slice_starts_with(text, LK_SESSION_TOKEN_PREFIX);
}

bool lk_session_token_check(struct lk_slice text) {
    if (text.len != LK_SESSION_TOKEN_LEN || !lk_session_token_like(text))
        return false;
    uint8_t secret[SECRET_BYTES];
    bool whole = lk_base62_decode(lk_slice_make(text.ptr + PREFIX_LEN, SECRET_DIGITS), secret, sizeof(secret)) == 0;
    sodium_memzero(secret, sizeof(secret));
    char sum[SUM_DIGITS];
    checksum(text.ptr, sum);
    return whole && memcmp(sum, text.ptr + SUM_AT, SUM_DIGITS) == 0;
}

void lk_session_token_digest(const struct lk_keys *keys, struct lk_slice token, uint8_t out[LK_MAC_BYTES]) {
    lk_mac(lk_keys_mac(keys, LK_KEY_SESSION), token, out);
}
