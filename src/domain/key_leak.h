/* A key whose secret is public. */
#ifndef DOMAIN_KEY_LEAK_H
#define DOMAIN_KEY_LEAK_H

#include "domain/call.h"

/* Longest address of a place that the audit keeps. */
#define LK_LEAK_URL_MAX 512

struct lk_leak {
    struct lk_slice reported_by; /* for the audit: "GitHub secret scanning" */
    struct lk_slice url;         /* where it was found; empty: not known. Holds no secret; cut at LK_LEAK_URL_MAX bytes */
    struct lk_slice source;      /* what kind of place, as reported; empty: not known. Cut at 64 bytes */
};

/* Makes a secret that is public open nothing any more: its key is disabled or, when it is an old secret that a rotation left, only that ends, since the key has been
 * given another one. Whoever reports it has shown the secret, so no actor and no permission is needed (call->actor is set to the system). It also disables the
 * last key that can manage the account: until somebody acts, that key is whoever found it. Audited as an update, with the report. A key that is disabled
 * already is audited once for its present secret, however often that is reported: whoever enables the key again makes it good. Its old secrets end all the same. ret_key is the key. LK_ENOTFOUND when the
 * token opens none. Between lk_operation_begin and end. */
int lk_api_key_disable_leaked(struct lk_call *call, struct lk_slice token, const struct lk_leak *leak, struct lk_id *ret_key);

#endif
