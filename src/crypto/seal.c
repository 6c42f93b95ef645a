#include "crypto/seal.h"

#include "crypto/random.h"

#include <sodium.h>

#define LAYOUT 1
#define HEADER 2
#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG crypto_aead_xchacha20poly1305_ietf_ABYTES
#define BOUND (HEADER + 1 + 2 * LK_ID_BYTES)

_Static_assert(LK_SEAL_OVERHEAD == HEADER + NONCE + TAG, "the layout in seal.h");
_Static_assert(LK_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "the sealing key is a key of the cipher");

/* The associated data. */
static void bind_to(uint8_t out[BOUND], const uint8_t header[HEADER], enum lk_seal_purpose purpose, const struct lk_id *owner,
                    const struct lk_id *account) {
    memcpy(out, header, HEADER);
    out[HEADER] = (uint8_t)purpose;
    memcpy(out + HEADER + 1, owner->bytes, LK_ID_BYTES);
    memcpy(out + HEADER + 1 + LK_ID_BYTES, account->bytes, LK_ID_BYTES);
}

void lk_seal(const struct lk_keys *keys, enum lk_seal_purpose purpose, const struct lk_id *owner, const struct lk_id *account,
             struct lk_slice plain, uint8_t *out) {
    out[0] = LAYOUT;
    out[1] = (uint8_t)lk_keys_version(keys);
    uint8_t bound[BOUND];
    bind_to(bound, out, purpose, owner, account);
    uint8_t *nonce = out + HEADER;
    lk_random_bytes(nonce, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE, NULL, (const uint8_t *)plain.ptr, plain.len, bound, sizeof bound, NULL, nonce,
                                               lk_keys_sealing(keys));
}

int lk_seal_open(const struct lk_keys *keys, enum lk_seal_purpose purpose, const struct lk_id *owner, const struct lk_id *account,
                 struct lk_slice sealed, uint8_t *out) {
    const uint8_t *bytes = (const uint8_t *)sealed.ptr;
    if (sealed.len < LK_SEAL_OVERHEAD || bytes[0] != LAYOUT || bytes[1] != lk_keys_version(keys))
        return LK_ECORRUPT;
    uint8_t bound[BOUND];
    bind_to(bound, bytes, purpose, owner, account);
    const uint8_t *nonce = bytes + HEADER;
    int code = crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, nonce + NONCE, sealed.len - HEADER - NONCE, bound, sizeof bound,
                                                          nonce, lk_keys_sealing(keys));
    return code == 0 ? 0 : LK_ECORRUPT;
}
