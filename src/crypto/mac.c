/*
 * libcrypto's low-level SHA-256 is used here on purpose, although OpenSSL 3 calls it deprecated: its state is a plain value that is copied by assignment.
 * The EVP way to a MAC with the key absorbed (EVP_MD_CTX_copy_ex, EVP_MAC_init without a key) allocates for each message and takes twice the time.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/mac.h"

#include <endian.h>
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

static void put_word(uint8_t *at, uint32_t word) {
    word = htobe32(word);
    memcpy(at, &word, sizeof word);
}

static void put_state(const SHA256_CTX *hash, uint8_t out[LK_MAC_BYTES]) {
    for (size_t i = 0; i < LK_MAC_BYTES / sizeof hash->h[0]; i++)
        put_word(out + i * sizeof hash->h[0], hash->h[i]);
}

/* Takes in the end of a message of len bytes: what is left of it, less than a block, then the padding (FIPS 180-4 section 5.1.1). */
static void absorb_end(SHA256_CTX *hash, const void *rest, size_t rest_len, uint64_t len, uint8_t blocks[2 * SHA256_CBLOCK]) {
    const size_t length_bytes = 8;
    size_t size = rest_len + 1 + length_bytes <= SHA256_CBLOCK ? SHA256_CBLOCK : 2 * SHA256_CBLOCK;
    memset(blocks + rest_len, 0, size - rest_len);
    if (rest_len > 0)
        memcpy(blocks, rest, rest_len);
    blocks[rest_len] = 0x80;
    put_word(blocks + size - 8, (uint32_t)(len >> 29)); /* in bits */
    put_word(blocks + size - 4, (uint32_t)(len << 3));
    for (size_t at = 0; at < size; at += SHA256_CBLOCK)
        SHA256_Transform(hash, blocks + at);
}

/* The outer hash, of the inner one, which is wiped. */
static void finish(const struct lk_mac_key *key, uint8_t inner[LK_MAC_BYTES], uint8_t out[LK_MAC_BYTES]) {
    uint8_t blocks[2 * SHA256_CBLOCK];
    SHA256_CTX hash = key->outer;
    absorb_end(&hash, inner, LK_MAC_BYTES, SHA256_CBLOCK + LK_MAC_BYTES, blocks);
    put_state(&hash, out);
    sodium_memzero(inner, LK_MAC_BYTES);
    sodium_memzero(blocks, sizeof blocks);
    sodium_memzero(&hash, sizeof hash);
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
    finish(mac->key, inner, out);
    sodium_memzero(mac, sizeof *mac);
}

/* Block by block: SHA256_Update and SHA256_Final spend on their buffer a third of what a token's blocks take. */
void lk_mac(const struct lk_mac_key *key, struct lk_slice bytes, uint8_t out[LK_MAC_BYTES]) {
    const size_t block = SHA256_CBLOCK;
    uint8_t blocks[2 * SHA256_CBLOCK];
    SHA256_CTX hash = key->inner;
    struct lk_slice rest = bytes;
    for (; rest.len >= block; rest = lk_slice_make(rest.ptr + block, rest.len - block))
        SHA256_Transform(&hash, (const uint8_t *)rest.ptr);
    absorb_end(&hash, rest.ptr, rest.len, block + bytes.len, blocks);
    uint8_t inner[LK_MAC_BYTES];
    put_state(&hash, inner);
    finish(key, inner, out);
    sodium_memzero(blocks, sizeof blocks);
    sodium_memzero(&hash, sizeof hash);
}

bool lk_secret_equal(const void *a, const void *b, size_t len) {
    return sodium_memcmp(a, b, len) == 0;
}
