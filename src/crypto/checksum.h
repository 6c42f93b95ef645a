/* SHA-256 (FIPS 180-4) over bytes that come in pieces. A struct lk_checksum is one computation, of one thread; nothing is allocated and nothing fails. */
#ifndef LK_CRYPTO_CHECKSUM_H
#define LK_CRYPTO_CHECKSUM_H

#include "base/slice.h"

#include <openssl/sha.h>
#include <stdint.h>

#define LK_CHECKSUM_BYTES 32

struct lk_checksum {
    SHA256_CTX hash;
};

void lk_checksum_begin(struct lk_checksum *checksum);
void lk_checksum_add(struct lk_checksum *checksum, struct lk_slice bytes);
void lk_checksum_end(struct lk_checksum *checksum, uint8_t out[LK_CHECKSUM_BYTES]);

#endif
