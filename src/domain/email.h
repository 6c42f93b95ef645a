/* E-mail addresses. For this room. */
#ifndef DOMAIN_EMAIL_H
#define DOMAIN_EMAIL_H

#include "domain/call.h"

/* Checks an address (the dot-string form of RFC 5321, a domain or host name after it, ASCII) and gives it in lower case, in the arena.
 * LK_EINVAL "Invalid email: ...". */
int lk_email_check(struct lk_call *call, struct lk_slice email, struct lk_slice *ret);

/* In lower case without any check, to look one up. LK_ENOMEM. */
int lk_email_lower(struct lk_call *call, struct lk_slice email, struct lk_slice *ret);

#endif
