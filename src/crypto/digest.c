#include "crypto/digest.h"

void lk_digest_token(const struct lk_keys *keys, struct lk_slice token, struct lk_digest *ret) {
    lk_mac(lk_keys_mac(keys, LK_KEY_LOOKUP), token, ret->bytes);
}

/* No token begins with a zero byte, so none has the digest that comes of this. */
static void renew(const struct lk_mac_key *key, struct lk_digest *digest) {
    struct lk_mac mac;
    lk_mac_begin(&mac, key);
    lk_mac_add(&mac, lk_slice_make("", 1));
    lk_mac_add(&mac, lk_slice_make((const char *)digest->bytes, sizeof(digest->bytes)));
    lk_mac_end(&mac, digest->bytes);
}

void lk_digest_token_older(const struct lk_keys *keys, size_t index, struct lk_slice token, struct lk_digest *ret) {
    const size_t len = lk_keys_older_lookups(keys);
    lk_mac(lk_keys_older_lookup(keys, index), token, ret->bytes);
    for (size_t i = index + 1; i < len; i++)
        renew(lk_keys_older_lookup(keys, i), ret);
    lk_digest_renew(keys, ret);
}

void lk_digest_renew(const struct lk_keys *keys, struct lk_digest *digest) {
    renew(lk_keys_mac(keys, LK_KEY_LOOKUP), digest);
}
