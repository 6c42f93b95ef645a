/*
 * Lookup digests: HMAC-SHA-256(lookup key, token). The database and the keyring know tokens only by them. The path of every verification: it
 * allocates nothing, locks nothing, makes no system call and cannot fail.
 */
#ifndef LK_CRYPTO_DIGEST_H
#define LK_CRYPTO_DIGEST_H

#include "crypto/keys.h"

#define LK_DIGEST_BYTES 32

struct lk_digest {
    uint8_t bytes[LK_DIGEST_BYTES];
};

/* The digest of token under the present lookup key. Any thread. */
void lk_digest_token(const struct lk_keys *keys, struct lk_slice token, struct lk_digest *ret);

/* The digest under an older one, index below lk_keys_older_lookups(keys): for a token that is not found under the present one. */
void lk_digest_token_older(const struct lk_keys *keys, size_t index, struct lk_slice token, struct lk_digest *ret);

#endif
