/* E-mail addresses. For this room. */
#ifndef DOMAIN_EMAIL_H
#define DOMAIN_EMAIL_H

#include "domain/call.h"

/* Checks an address: the dot-string form of RFC 5321, a domain or host name after it, ASCII. LK_EINVAL "Invalid email: ...". */
int lk_email_check(struct lk_call *call, struct lk_slice email);

/* In lower case without any check, as those of users are kept and looked up; in the arena. LK_ENOMEM. */
int lk_email_lower(struct lk_call *call, struct lk_slice email, struct lk_slice *ret);

#endif
