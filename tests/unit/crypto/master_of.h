/* A master key of known bytes for tests. */
#ifndef LK_TESTS_CRYPTO_MASTER_OF_H
#define LK_TESTS_CRYPTO_MASTER_OF_H

#include "base/encode.h"
#include "crypto/keys.h"

/* The bytes 0, 1, ... 31 with the first replaced. */
static inline struct lk_master *master_of(uint8_t first) {
    uint8_t bytes[LK_MASTER_BYTES];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    bytes[0] = first;
    char text[2 * LK_MASTER_BYTES];
    lk_hex_encode(bytes, sizeof bytes, text);
    struct lk_master *master = NULL;
    assert_int_equal(lk_master_parse(lk_slice_make(text, sizeof text), &master, NULL), 0);
    return master;
}

static inline struct lk_keys *keys_of(uint8_t first) {
    struct lk_master *master = master_of(first);
    struct lk_keys *keys = NULL;
    assert_int_equal(lk_keys_derive(master, &keys), 0);
    lk_master_free(master);
    return keys;
}

#endif
