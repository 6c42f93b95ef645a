/*
 * The audit log: who did what, from where, before and after, in one chain for each account.
 *
 * Entry n of an account carries MAC(audit key, previous MAC || canonical form of the entry), the first one starting from the account's id. Numbers
 * have no gaps, and the account's row holds the last number and MAC under a MAC of its own place in the chain, so an entry that was changed, removed
 * (at the end too), inserted or moved is found.
 */
#ifndef DOMAIN_AUDIT_H
#define DOMAIN_AUDIT_H

#include "domain/call.h"

/* What the audit calls things. */
#define LK_AUDIT_CREATE "CREATE"
#define LK_AUDIT_UPDATE "UPDATE"
#define LK_AUDIT_DELETE "DELETE"
#define LK_AUDIT_REVEAL "REVEAL"

struct lk_audit_change {
    const char *operation;           /* one of the above */
    const char *resource_type;       /* "API_KEY", "USER_GROUP", "USER", "ACCOUNT", "APPLICATION", "SSO_PROVIDER" */
    const struct lk_id *resource_id; /* NULL when there is none */
    struct lk_slice resource_name;
    struct lk_slice before; /* JSON documents without secrets; ptr NULL for none */
    struct lk_slice after;
    struct lk_slice failure; /* ptr NULL, or why it was refused */
};

/* Appends an entry to the chain of the actor's account, with the call's actor and origin. */
int lk_audit_append(struct lk_call *call, const struct lk_audit_change *change);

struct lk_account_row;

/* The start of the chain of a new account: sets audit_seq, audit_mac and audit_seal from its id. */
void lk_audit_start(const struct lk_call *call, struct lk_account_row *account);

/* Records that the actor was refused an operation (lk_operation_end does it for refusals inside the domain; this is for those outside, between
 * begin and end of no operation). */
int lk_audit_denied(struct lk_call *call, const char *operation, const char *resource_type, struct lk_slice resource_name);

/* Result of checking a chain. */
struct lk_audit_finding {
    bool intact;
    int64_t entries; /* read */
    struct lk_id account_id;
    int64_t sequence;   /* the first entry that is not as it was written, when not intact */
    const char *reason; /* static: "changed", "missing", "beyond the end", "the end was cut off", "the end was changed" */
};

/* Checks the chain of one account, or of every account (account NULL; stops at the first that is not intact). Needs no actor: call->db, arena, domain
 * and problem only. 0 whether intact or not. */
int lk_audit_verify(struct lk_call *call, const struct lk_id *account, struct lk_audit_finding *ret);

#endif
