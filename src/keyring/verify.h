/*
 * The one decision: may this token do this? Every interface (forward auth, verify, batchVerify, introspection) asks here.
 *
 * Runs on a registered reader thread (keyring/keyring.h). Takes no lock, allocates nothing, makes no system call. Everything in an answer
 * is lent until the reader's next quiescent point.
 */
#ifndef KEYRING_VERIFY_H
#define KEYRING_VERIFY_H

#include "keyring/expression.h"
#include "keyring/keyring.h"
#include "keyring/usage.h"
#include "latchkey.h"

/* Those of the C library's header, which is where they are defined: in the order in which they are checked (docs/openapi.yaml, Verdict). */
enum lk_verify_code {
    LK_VERIFY_MALFORMED = LATCHKEY_MALFORMED,
    LK_VERIFY_NOT_FOUND = LATCHKEY_NOT_FOUND,
    LK_VERIFY_DISABLED = LATCHKEY_DISABLED,
    LK_VERIFY_EXPIRED = LATCHKEY_EXPIRED,
    LK_VERIFY_IP_NOT_ALLOWED = LATCHKEY_IP_NOT_ALLOWED,
    LK_VERIFY_INSUFFICIENT_PERMISSIONS = LATCHKEY_INSUFFICIENT_PERMISSIONS,
    LK_VERIFY_RATE_LIMITED = LATCHKEY_RATE_LIMITED,
    LK_VERIFY_USAGE_EXCEEDED = LATCHKEY_USAGE_EXCEEDED,
    LK_VERIFY_VALID = LATCHKEY_VALID,
    LK_VERIFY_CODES = LATCHKEY_BAD_REQUEST /* how many */
};

/* "VALID", as answers spell them. Static. */
const char *lk_verify_code_name(enum lk_verify_code code);

/* What is reckoned of a token before it is verified. */
struct lk_foreseen {
    bool malformed;          /* it can be no key */
    struct lk_digest digest; /* unless it is malformed */
};

struct lk_verify_request {
    struct lk_slice token;
    const struct lk_foreseen *foreseen;  /* of token, and not long ago; NULL: not yet */
    const struct lk_ip *ip;              /* of the client; NULL when it is not known: a key with an allow list is then refused */
    const struct lk_expression *require; /* NULL: any valid key */
    const struct lk_id *account;         /* only keys of this account are seen, others are answered as unknown; NULL: any */
    uint32_t cost;                       /* units of rate and credits; 0: only look (introspection) */
    int64_t now_ms;                      /* wall clock */
    int64_t mono_ns;                     /* monotonic clock */
};

struct lk_verify_answer {
    enum lk_verify_code code;
    bool known; /* the key exists (code is neither MALFORMED nor NOT_FOUND): what follows is set */
    struct lk_id key_id;
    struct lk_id account_id;
    struct lk_slice name;
    const struct lk_permission_set *set; /* groups, scopes, ready-made header values and JSON */
    int64_t expires_at;                  /* when this token ends: the earlier of the key's and the secret's; LK_KEYRING_FOREVER */
    struct lk_slice metadata;            /* a JSON value; empty: none */
    bool has_rate;                       /* the key or its account has a rate, and the check was reached */
    struct lk_rate_state rate;           /* of whichever is nearer to its end */
    bool has_credits;                    /* the key or its account has credits, and the check was reached */
    int64_t credits_left;                /* of whichever is nearer to its end */
};

/* A reader thread's own: made and used by one thread. */
struct lk_verifier {
    struct lk_keyring *keyring;
    struct lk_usage *usage;                     /* lent; NULL: not counted by key */
    bool only_touches;                          /* of a key only when it was last used is noted */
    _Atomic uint64_t outcomes[LK_VERIFY_CODES]; /* for metrics: written by its thread only, read by any */
};

/* Cannot fail; nothing to close. */
void lk_verifier_init(struct lk_verifier *verifier, struct lk_keyring *keyring, struct lk_usage *usage);

/* Decides, takes cost from the limits when it is allowed as far as them, and counts. Writes *ret wholly. Returns ret->code. */
enum lk_verify_code lk_verify(struct lk_verifier *verifier, const struct lk_verify_request *request, struct lk_verify_answer *ret);

/* Reckons what is needed of each token, into ret[i], and asks for the memory in which it will be looked up: of some at once, so that waiting for it is
 * done once. Changes nothing. On a reader thread, before a few calls of lk_verify and after its last quiescent point. */
void lk_verify_foresee(const struct lk_keyring *keyring, const struct lk_slice *tokens, size_t len, struct lk_foreseen *const *ret);

/* The same as lk_verify for many, in order, with the memory of several fetched at once. */
void lk_verify_batch(struct lk_verifier *verifier, const struct lk_verify_request *requests, size_t len, struct lk_verify_answer *ret);

#endif
