/* Others' signatures: ECDSA on P-256 with SHA-256, as webhooks carry them. */
#ifndef LK_CRYPTO_SIGNATURE_H
#define LK_CRYPTO_SIGNATURE_H

#include "base/error.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define LK_SHA256_BYTES 32

struct lk_public_key;

/* Reads a public key in PEM form. LK_EINVAL when it is none, or none on P-256; LK_ENOMEM. */
int lk_public_key_read(struct lk_slice pem, struct lk_public_key **ret);

/* NULL is fine. */
void lk_public_key_free(struct lk_public_key *key);

/* Whether signature (DER) is the key's over message. Any thread; takes about a tenth of a millisecond. */
bool lk_signature_good(const struct lk_public_key *key, struct lk_slice message, struct lk_slice signature);

/* SHA-256 of bytes that are no secret of ours. LK_ENOMEM. */
int lk_sha256(struct lk_slice bytes, uint8_t out[LK_SHA256_BYTES]);

#endif
