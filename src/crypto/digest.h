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

/* The digest of a token that was digested under an older one, index below lk_keys_older_lookups(keys), and renewed under each since: for one that is not
 * found under the present one. */
void lk_digest_token_older(const struct lk_keys *keys, size_t index, struct lk_slice token, struct lk_digest *ret);

/* Puts a digest from under another lookup key under the present one as well, where there is no token any more to digest: who knows that other key alone cannot make
 * one that is found. */
void lk_digest_renew(const struct lk_keys *keys, struct lk_digest *digest);

#endif
