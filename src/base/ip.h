/*
 * Internet addresses and blocks of them in CIDR notation (RFC 4632, RFC 4291). An address is 16 bytes; IPv4 is held as the IPv4-mapped IPv6 address
 * ::ffff:a.b.c.d, so that one compare serves both and a client that a dual-stack socket shows as mapped is the IPv4 client that it is.
 */
#ifndef LK_BASE_IP_H
#define LK_BASE_IP_H

#include "base/error.h"
#include "base/slice.h"

#include <stdint.h>

#define LK_IP_BYTES 16

/* Longest text of a block, NUL included. */
#define LK_IP_RANGE_TEXT 64

struct lk_ip {
    uint8_t bytes[LK_IP_BYTES];
};

/* All addresses whose first `prefix` bits are those of network; the bits after them are zero in network. */
struct lk_ip_range {
    struct lk_ip network;
    unsigned prefix; /* 0 to 128; of an IPv4 block 96 more than it is written with */
};

/* Reads "192.0.2.7" or "2001:db8::7" (no zone, no brackets). 0 or LK_EINVAL. Any thread. */
int lk_ip_parse(struct lk_slice text, struct lk_ip *ret);

/* Reads an address (a block of one) or a block: "192.0.2.0/24", "2001:db8::/32", "::ffff:192.0.2.0/120" (which is 192.0.2.0/24). 0, or LK_EINVAL with
 * a sentence that names the part that is wrong: the address, the prefix length, or bits that are set after it. */
int lk_ip_range_parse(struct lk_slice text, struct lk_ip_range *ret, struct lk_problem *problem);

/* The one spelling of a block, with a NUL: always with a prefix length, IPv4 in dots, IPv6 as RFC 5952 says. */
void lk_ip_range_format(const struct lk_ip_range *range, char out[LK_IP_RANGE_TEXT]);

/* Whether an address is in a block. IPv4 and IPv6 are apart: ::/0 has no IPv4 address. */
bool lk_ip_range_has(const struct lk_ip_range *range, const struct lk_ip *address);

#endif
