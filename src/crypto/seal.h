/*
 * Sealing: authenticated encryption of a secret at rest, bound to what it belongs to, so that a sealed value moved to another row does not open.
 * XChaCha20-Poly1305-IETF with a random 24-byte nonce.
 *
 *     byte 0        layout, 1
 *     byte 1        version of the master key
 *     bytes 2..25   nonce
 *     then          ciphertext, as long as the plain text
 *     last 16       tag
 *
 * Associated data, 35 bytes: bytes 0 and 1, purpose, owner id, account id.
 */
#ifndef LK_CRYPTO_SEAL_H
#define LK_CRYPTO_SEAL_H

#include "base/error.h"
#include "base/id.h"
#include "crypto/keys.h"

#define LK_SEAL_OVERHEAD (2 + 24 + 16)

/* What is sealed; part of the associated data, so the numbers are for ever. */
enum lk_seal_purpose {
    LK_SEAL_API_KEY = 1,      /* the token of an API key; owner is the key's id */
    LK_SEAL_OLDER_LOOKUP = 2, /* keys of an older master key: owner begins with its version, the account is zero */
    LK_SEAL_OLDER_AUDIT = 3,
};

/* Seals plain into out, which has room for plain.len + LK_SEAL_OVERHEAD bytes. Cannot fail. Any thread. */
void lk_seal(const struct lk_keys *keys, enum lk_seal_purpose purpose, const struct lk_id *owner, const struct lk_id *account,
             struct lk_slice plain, uint8_t *out);

/* Opens sealed into out, which has room for sealed.len - LK_SEAL_OVERHEAD bytes. Returns 0, or LK_ECORRUPT when it was sealed with another key or
 * for another purpose, owner or account, or was altered, or is too short; nothing of the plain text is then in out. The caller wipes out. */
int lk_seal_open(const struct lk_keys *keys, enum lk_seal_purpose purpose, const struct lk_id *owner, const struct lk_id *account,
                 struct lk_slice sealed, uint8_t *out);

#endif
