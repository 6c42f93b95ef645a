#include "crypto/hkdf.h"

#include <sodium.h>

void lk_hkdf(struct lk_slice salt, struct lk_slice secret, struct lk_slice info, uint8_t *out, size_t out_len) {
    struct lk_mac_key key;
    uint8_t pseudorandom[LK_MAC_BYTES];
    lk_mac_key_set(&key, salt); /* an empty key and the RFC's string of zeros pad to the same block */
    lk_mac(&key, secret, pseudorandom);
    lk_mac_key_set(&key, lk_slice_make((const char *)pseudorandom, sizeof pseudorandom));

    uint8_t block[LK_MAC_BYTES];
    size_t have = 0;
    for (uint8_t count = 1; have < out_len; count++) {
        struct lk_mac mac;
        lk_mac_begin(&mac, &key);
        if (count > 1)
            lk_mac_add(&mac, lk_slice_make((const char *)block, sizeof block));
        lk_mac_add(&mac, info);
        lk_mac_add(&mac, lk_slice_make((const char *)&count, 1));
        lk_mac_end(&mac, block);

        size_t take = out_len - have < sizeof block ? out_len - have : sizeof block;
        memcpy(out + have, block, take);
        have += take;
    }
    sodium_memzero(block, sizeof block);
    sodium_memzero(pseudorandom, sizeof pseudorandom);
    sodium_memzero(&key, sizeof key);
}
