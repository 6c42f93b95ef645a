/* IP addresses and CIDR blocks (RFC 4632, RFC 4291). IPv4 is kept as IPv4-mapped IPv6, so ::ffff:192.0.2.1 and 192.0.2.1 are one address. */
#ifndef DOMAIN_CIDR_H
#define DOMAIN_CIDR_H

#include "base/error.h"
#include "base/slice.h"

#include <stdint.h>

struct lk_address {
    uint8_t bytes[16];
};

struct lk_cidr {
    struct lk_address address; /* bits after the prefix are zero */
    unsigned prefix;           /* 0 to 128; of IPv4 96 more than written */
};

#define LK_CIDR_TEXT 64

/* An address as text. 0 or LK_EINVAL. */
int lk_address_parse(struct lk_slice text, struct lk_address *ret);

/* An address, or a block whose bits after the prefix are zero. 0 or LK_EINVAL. */
int lk_cidr_parse(struct lk_slice text, struct lk_cidr *ret);

/* The canonical text (RFC 5952), without "/32" and "/128". */
void lk_cidr_format(const struct lk_cidr *cidr, char out[LK_CIDR_TEXT]);

bool lk_cidr_has(const struct lk_cidr *cidr, const struct lk_address *address);

#endif
