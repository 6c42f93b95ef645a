/*
 * A rate for each address, in memory of a fixed size: an address (IPv6: its /64, which one customer has) falls into one of 4096 cells by a keyed hash, and
 * those that share a cell share its rate. Who has many addresses can use up others' share; the memory stays what it is.
 */
#ifndef LK_API_ADDRESS_LIMIT_H
#define LK_API_ADDRESS_LIMIT_H

#include "base/ip.h"
#include "keyring/limit.h"

#define LK_ADDRESS_LIMIT_CELLS 4096

struct lk_address_limit {
    struct lk_rate rate;
    uint8_t secret[16];
    _Atomic uint64_t cells[LK_ADDRESS_LIMIT_CELLS];
};

/* Zeroes it and draws the hash's key. */
void lk_address_limit_init(struct lk_address_limit *limit, struct lk_rate rate);

/* Takes one for an address (NULL: not known; these share one). false when there is none left; *ret_retry_ms is then when there is. Any thread. */
bool lk_address_limit_take(struct lk_address_limit *limit, const struct lk_ip *address, int64_t mono_ns, int64_t *ret_retry_ms);

/* Gives one back. */
void lk_address_limit_give_back(struct lk_address_limit *limit, const struct lk_ip *address);

#endif
