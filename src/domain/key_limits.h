/* What limits a key and no account: where it may be used from. Checks of what clients give, and the form in which it is stored. For this room. */
#ifndef DOMAIN_KEY_LIMITS_H
#define DOMAIN_KEY_LIMITS_H

#include "base/ip.h"
#include "domain/key_rows.h"

/* The document of an allow list: canonical blocks in the order given, each once; ptr NULL when there are none. LK_EINVAL names the entry that is
 * none. */
int lk_allowed_ips_write(struct lk_call *call, const struct lk_slice *texts, size_t len, struct lk_slice *ret);

/* Its blocks as text. A document with ptr NULL has none. LK_ECORRUPT, LK_ENOMEM (problem set). */
int lk_allowed_ips_read(struct lk_call *call, struct lk_slice document, const struct lk_slice **ret, size_t *ret_len);

/* Whether a client with this address (NULL: it is not known) may use a key with this document. As in the keyring, IPv4 and IPv6 are apart: ::/0 holds no
 * IPv4 address. */
int lk_allowed_ips_admit(struct lk_call *call, struct lk_slice document, const struct lk_ip *ip, bool *ret);

/* Whether all addresses of the other block are in a block. */
bool lk_range_holds(const struct lk_ip_range *range, const struct lk_ip_range *other);

/* Whether `after` lets in an address that `before` does not. */
int lk_allowed_ips_widened(struct lk_call *call, struct lk_slice before, struct lk_slice after, bool *ret);

#endif
