#include "crypto/digest.h"

void lk_digest_token(const struct lk_keys *keys, struct lk_slice token, struct lk_digest *ret) {
    lk_mac(lk_keys_mac(keys, LK_KEY_LOOKUP), token, ret->bytes);
}

void lk_digest_token_older(const struct lk_keys *keys, size_t index, struct lk_slice token, struct lk_digest *ret) {
    lk_mac(lk_keys_older_lookup(keys, index), token, ret->bytes);
}
