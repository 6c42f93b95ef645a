/* HKDF-SHA-256 (RFC 5869), for crypto/keys.c. */
#ifndef LK_CRYPTO_HKDF_H
#define LK_CRYPTO_HKDF_H

#include "crypto/mac.h"

/* Most bytes one derivation gives (RFC 5869 section 2.3). */
#define LK_HKDF_MAX (255 * LK_MAC_BYTES)

/* Extract and expand: out_len bytes (1 to LK_HKDF_MAX) from secret. An empty salt is the RFC's default. */
void lk_hkdf(struct lk_slice salt, struct lk_slice secret, struct lk_slice info, uint8_t *out, size_t out_len);

#endif
