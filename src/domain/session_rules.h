/* What sessions of users and of keys share. Not for other rooms. */
#ifndef DOMAIN_SESSION_RULES_H
#define DOMAIN_SESSION_RULES_H

#include "domain/rules.h"

/* Expired sessions that one login removes at most. */
#define LK_SESSION_PURGE_MAX 100

/* When a session that begins now ends if it is not used, and when at the latest. */
void lk_session_begin(const struct lk_call *call, int64_t *ret_expires_at, int64_t *ret_ends_at);

/* Whether one with these times is over. So is one that begins after more than its life: the clock was ahead when it was opened, and its end is as far away. */
bool lk_session_is_over(const struct lk_call *call, int64_t created_at, int64_t expires_at, int64_t ends_at);

/* Whether the use of one is to be written down (not each time: a query should not cost a commit), and when it then ends. */
bool lk_session_is_used(const struct lk_call *call, int64_t used_at, int64_t ends_at, int64_t *ret_expires_at);

/* LK_EUNAUTH, in the words of every credential that is not good. */
int lk_session_refuse(struct lk_call *call);

/* lk_authenticate_session, lk_session_describe and lk_logout for the digest of a token that is no user's. logout is between begin and end of no operation. */
int lk_key_session_authenticate(struct lk_call *call, const uint8_t digest[LK_MAC_BYTES]);
int lk_key_session_describe(struct lk_call *call, struct lk_login_result *ret); /* call->actor is the key */
int lk_key_session_logout(struct lk_call *call, const uint8_t digest[LK_MAC_BYTES]);

#endif
