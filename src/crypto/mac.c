/*
 * libcrypto's low-level SHA-256 is used here on purpose, although OpenSSL 3 calls it deprecated: its state is a plain value that is copied by assignment.
 * The EVP way to a MAC with the key absorbed (EVP_MD_CTX_copy_ex, EVP_MAC_init without a key) allocates for each message and takes twice the time.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/mac.h"

#include <sodium.h>

void lk_mac_key_set(struct lk_mac_key *key, struct lk_slice bytes) {
    uint8_t block[SHA256_CBLOCK] = {0};
    if (bytes.len > sizeof block) {
        SHA256_Init(&key->inner); /* the one-shot function would need memory */
        SHA256_Update(&key->inner, bytes.ptr, bytes.len);
        SHA256_Final(block, &key->inner);
    } else if (bytes.len > 0)
        memcpy(block, bytes.ptr, bytes.len);

    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36;
    SHA256_Init(&key->inner);
    SHA256_Update(&key->inner, block, sizeof block);

    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36 ^ 0x5C;
    SHA256_Init(&key->outer);
    SHA256_Update(&key->outer, block, sizeof block);
    sodium_memzero(block, sizeof block);
}

void lk_mac_begin(struct lk_mac *mac, const struct lk_mac_key *key) {
    mac->hash = key->inner;
    mac->key = key;
}

void lk_mac_add(struct lk_mac *mac, struct lk_slice bytes) {
    if (bytes.len > 0)
        SHA256_Update(&mac->hash, bytes.ptr, bytes.len);
}

void lk_mac_end(struct lk_mac *mac, uint8_t out[LK_MAC_BYTES]) {
    uint8_t inner[LK_MAC_BYTES];
    SHA256_Final(inner, &mac->hash);
    mac->hash = mac->key->outer;
    SHA256_Update(&mac->hash, inner, sizeof inner);
    SHA256_Final(out, &mac->hash);
    sodium_memzero(inner, sizeof inner);
    sodium_memzero(mac, sizeof *mac);
}

void lk_mac(const struct lk_mac_key *key, struct lk_slice bytes, uint8_t out[LK_MAC_BYTES]) {
    struct lk_mac mac;
    lk_mac_begin(&mac, key);
    lk_mac_add(&mac, bytes);
    lk_mac_end(&mac, out);
}

bool lk_secret_equal(const void *a, const void *b, size_t len) {
    return sodium_memcmp(a, b, len) == 0;
}
