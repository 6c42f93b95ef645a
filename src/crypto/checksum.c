/* The low-level functions, as in mac.c: a plain value and no allocation. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/checksum.h"

void lk_checksum_begin(struct lk_checksum *checksum) {
    SHA256_Init(&checksum->hash);
}

void lk_checksum_add(struct lk_checksum *checksum, struct lk_slice bytes) {
    SHA256_Update(&checksum->hash, bytes.ptr, bytes.len);
}

void lk_checksum_end(struct lk_checksum *checksum, uint8_t out[LK_CHECKSUM_BYTES]) {
    SHA256_Final(out, &checksum->hash);
}
