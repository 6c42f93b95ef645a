/* What limits a key: where it may be used from, and how often. Checks of what clients give, and the forms in which it is stored. For this room. */
#ifndef DOMAIN_KEY_LIMITS_H
#define DOMAIN_KEY_LIMITS_H

#include "base/ip.h"
#include "base/json_write.h"
#include "domain/key_rows.h"
#include "store/key_credits.h"

/* The document of an allow list: canonical blocks in the order given, each once; ptr NULL when there are none. LK_EINVAL names the entry that is
 * none. */
int lk_allowed_ips_write(struct lk_call *call, const struct lk_slice *texts, size_t len, struct lk_slice *ret);

/* Its blocks as text. A document with ptr NULL has none. LK_ECORRUPT, LK_ENOMEM (problem set). */
int lk_allowed_ips_read(struct lk_call *call, struct lk_slice document, const struct lk_slice **ret, size_t *ret_len);

/* Whether a client with this address (NULL: it is not known) may use a key with this document. As in the keyring, IPv4 and IPv6 are apart: ::/0 holds no
 * IPv4 address. */
int lk_allowed_ips_admit(struct lk_call *call, struct lk_slice document, const struct lk_ip *ip, bool *ret);

/* Whether `after` lets in an address that `before` does not. */
int lk_allowed_ips_widened(struct lk_call *call, struct lk_slice before, struct lk_slice after, bool *ret);

/* Checks credits that a client gave, and makes their row; the first refill is the next one after now. LK_EINVAL. */
int lk_credits_row(struct lk_call *call, const struct lk_credits_input *input, struct lk_key_credits_row *ret);

/* The member "credits" of a document of the audit; row NULL: the key is not counted. */
void lk_credits_document(struct lk_json_writer *w, const struct lk_key_credits_row *row);

/* The row of a key. LK_ECORRUPT and the rest with the problem set; *ret_has false when the key is not counted. */
int lk_credits_find(struct lk_call *call, const struct lk_id *key, bool *ret_has, struct lk_key_credits_row *ret);

#endif
