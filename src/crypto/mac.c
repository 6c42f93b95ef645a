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

/* Four words at a time: they are read again so at once, and a processor waits for pieces of what it reads until all are in the cache. */
typedef uint32_t four_words __attribute__((vector_size(16)));

static four_words swapped(four_words words) {
    if (htobe32(1) == 1)
        return words;
    return words << 24 | (words & 0xFF00) << 8 | (words >> 8 & 0xFF00) | words >> 24;
}

static void put_state(const SHA256_CTX *hash, uint8_t out[LK_MAC_BYTES]) {
    four_words words[LK_MAC_BYTES / sizeof(four_words)];
    memcpy(words, hash->h, sizeof words);
    words[0] = swapped(words[0]);
    words[1] = swapped(words[1]);
    memcpy(out, words, sizeof words);
}

/* Takes in the end of a message of len bytes: what is left of it, less than a block, then the padding (FIPS 180-4 section 5.1.1). */
static void absorb_end(SHA256_CTX *hash, const void *rest, size_t rest_len, uint64_t len, uint8_t blocks[2 * SHA256_CBLOCK]) {
    const uint64_t bits = htobe64(len * 8);
    size_t size = rest_len + 1 + sizeof bits <= SHA256_CBLOCK ? SHA256_CBLOCK : 2 * SHA256_CBLOCK;
    memset(blocks + rest_len, 0, size - rest_len);
    if (rest_len > 0)
        memcpy(blocks, rest, rest_len);
    blocks[rest_len] = 0x80;
    memcpy(blocks + size - sizeof bits, &bits, sizeof bits);
    for (size_t at = 0; at < size; at += SHA256_CBLOCK)
        SHA256_Transform(hash, blocks + at);
}

/* The outer hash, of the inner one, with which block begins. hash is overwritten. */
static void finish(const struct lk_mac_key *key, SHA256_CTX *hash, uint8_t block[SHA256_CBLOCK], uint8_t out[LK_MAC_BYTES]) {
    /* The padding of a message of a block and a MAC: always the same. */
    static const uint8_t padding[SHA256_CBLOCK - LK_MAC_BYTES] = {0x80, [30] = (SHA256_CBLOCK + LK_MAC_BYTES) * 8 >> 8};
    memcpy(block + LK_MAC_BYTES, padding, sizeof padding);
    memcpy(hash->h, key->outer.h, sizeof hash->h);
    SHA256_Transform(hash, block);
    put_state(hash, out);
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
    uint8_t block[SHA256_CBLOCK];
    SHA256_Final(block, &mac->hash);
    finish(mac->key, &mac->hash, block, out);
    sodium_memzero(block, sizeof block);
    sodium_memzero(mac, sizeof *mac);
}

/* Block by block: SHA256_Update and SHA256_Final spend on their buffer a third of what a token's blocks take. */
void lk_mac(const struct lk_mac_key *key, struct lk_slice bytes, uint8_t out[LK_MAC_BYTES]) {
    const size_t block = SHA256_CBLOCK;
    struct {
        uint8_t blocks[2 * SHA256_CBLOCK];
        SHA256_CTX hash;
    } work;
    work.hash = key->inner;
    struct lk_slice rest = bytes;
    for (; rest.len >= block; rest = lk_slice_make(rest.ptr + block, rest.len - block))
        SHA256_Transform(&work.hash, (const uint8_t *)rest.ptr);
    absorb_end(&work.hash, rest.ptr, rest.len, block + bytes.len, work.blocks);
    put_state(&work.hash, work.blocks);
    finish(key, &work.hash, work.blocks, out);
    sodium_memzero(&work, sizeof work);
}

bool lk_secret_equal(const void *a, const void *b, size_t len) {
    return sodium_memcmp(a, b, len) == 0;
}
