#include "api/address_limit.h"

#include "crypto/random.h"

#include <string.h>

/* FNV-1a over the secret and the address: where an address falls cannot be chosen by who does not know the secret, and nobody sees it. */
static _Atomic uint64_t *cell_of(struct lk_address_limit *limit, const struct lk_ip *address) {
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    uint8_t bytes[sizeof(limit->secret) + LK_IP_BYTES] = {0};
    memcpy(bytes, limit->secret, sizeof(limit->secret));
    if (address != NULL) {
        size_t len = memcmp(address->bytes, mapped, sizeof(mapped)) == 0 ? LK_IP_BYTES : LK_IP_BYTES / 2;
        memcpy(bytes + sizeof(limit->secret), address->bytes, len);
    }
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < sizeof(bytes); i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return &limit->cells[(hash ^ hash >> 32) % LK_ADDRESS_LIMIT_CELLS];
}

void lk_address_limit_init(struct lk_address_limit *limit, struct lk_rate rate) {
    memset(limit, 0, sizeof(*limit));
    limit->rate = rate;
    lk_random_bytes(limit->secret, sizeof(limit->secret));
}

bool lk_address_limit_take(struct lk_address_limit *limit, const struct lk_ip *address, int64_t mono_ns, int64_t *ret_retry_ms) {
    struct lk_rate_state state;
    if (lk_rate_take(cell_of(limit, address), &limit->rate, 1, mono_ns, &state))
        return true;
    *ret_retry_ms = state.retry_ms;
    return false;
}

void lk_address_limit_give_back(struct lk_address_limit *limit, const struct lk_ip *address) {
    lk_rate_give_back(cell_of(limit, address), &limit->rate, 1);
}
