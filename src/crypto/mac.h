/*
 * HMAC-SHA-256 (RFC 2104, FIPS 198-1) with the key absorbed once: a struct lk_mac_key holds the two hash states after the padded key, so a
 * MAC costs the message and one more block, allocates nothing and cannot fail. A lk_mac_key is as secret as the key itself; it may be read by any
 * number of threads. A struct lk_mac is one computation and lives on the stack of its thread.
 */
#ifndef LK_CRYPTO_MAC_H
#define LK_CRYPTO_MAC_H

#include "base/slice.h"

#include <openssl/sha.h>
#include <stdint.h>

#define LK_MAC_BYTES 32

struct lk_mac_key {
    SHA256_CTX inner;
    SHA256_CTX outer;
};

struct lk_mac {
    SHA256_CTX hash;
    const struct lk_mac_key *key;
};

/* Prepares key from bytes of any length. The caller wipes both after use. */
void lk_mac_key_set(struct lk_mac_key *key, struct lk_slice bytes);

/* begin, add as often as needed (the pieces are concatenated: where lengths vary, the caller makes the message unambiguous), end. end wipes mac. */
void lk_mac_begin(struct lk_mac *mac, const struct lk_mac_key *key);
void lk_mac_add(struct lk_mac *mac, struct lk_slice bytes);
void lk_mac_end(struct lk_mac *mac, uint8_t out[LK_MAC_BYTES]);

/* All three for one piece. */
void lk_mac(const struct lk_mac_key *key, struct lk_slice bytes, uint8_t out[LK_MAC_BYTES]);

/* Whether len bytes are equal, in time that depends on len alone. */
bool lk_secret_equal(const void *a, const void *b, size_t len);

#endif
