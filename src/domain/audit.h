/*
 * The audit log: who did what, from where, before and after, in one chain for each account.
 *
 * Entry n of an account carries MAC(audit key, previous MAC || canonical form of the entry), the first one starting from the account's id. Numbers
 * have no gaps, and the account's row holds the last number and MAC under a MAC of its own place in the chain, so an entry that was changed, removed
 * (at the end too), inserted or moved is found. Which accounts there are and were is in a chain as well (domain/account_register.h), with the last number and MAC
 * of those that were deleted, so a log that was removed as a whole is found too.
 */
#ifndef DOMAIN_AUDIT_H
#define DOMAIN_AUDIT_H

#include "domain/call.h"

/* What the audit calls things. */
#define LK_AUDIT_CREATE "CREATE"
#define LK_AUDIT_UPDATE "UPDATE"
#define LK_AUDIT_DELETE "DELETE"
#define LK_AUDIT_REVEAL "REVEAL"
#define LK_AUDIT_ROTATE "ROTATE"
#define LK_AUDIT_IMPORT "IMPORT"
#define LK_AUDIT_LOGIN "LOGIN"
#define LK_AUDIT_LOGOUT "LOGOUT"
#define LK_AUDIT_LOCK "LOCK" /* too many wrong passwords */
#define LK_AUDIT_BACKUP "BACKUP"
#define LK_AUDIT_RESTORE "RESTORE"

struct lk_audit_change {
    const char *operation;     /* one of the above */
    const char *resource_type; /* "API_KEY", "USER_GROUP", "USER", "ACCOUNT", "APPLICATION", "SSO_PROVIDER", "IP_ALLOW_ENTRY", "SERVER" */
    const struct lk_id *resource_id; /* NULL when there is none */
    struct lk_slice resource_name;
    struct lk_slice before; /* JSON documents without secrets; ptr NULL for none */
    struct lk_slice after;
    struct lk_slice failure; /* ptr NULL, or why it was refused */
};

/* Appends an entry to the chain of the actor's account, with the call's actor and origin. */
int lk_audit_append(struct lk_call *call, const struct lk_audit_change *change);

/* The transaction in which entries were appended has ended. Counts them, or forgets them when it was not kept. */
void lk_audit_committed(struct lk_domain *domain, bool kept);

/* Entries that were appended, and kept, since the domain was opened. Any thread. */
uint64_t lk_audit_appended(const struct lk_domain *domain);

struct lk_account_row;

/* The start of the chain of a new account: sets audit_seq, audit_mac and audit_seal from its id. */
void lk_audit_start(const struct lk_call *call, struct lk_account_row *account);

/* What the check found. */
struct lk_audit_finding {
    bool intact;
    int64_t entries; /* of audit logs, read */
    /* When not intact: */
    bool in_list;            /* it is in the list of accounts, not in an account's log */
    struct lk_id account_id; /* whose log or place; zero when it is not known */
    int64_t sequence;        /* the first entry (in the list: place) that is not as it was written; 0: it is about the whole log */
    const char *reason;      /* static: "changed", "missing", "beyond the end", "the end was cut off", "the end was changed", ... */
};

/* Checks the list of accounts and the audit log of every account that there is or was; stops at the first finding. Needs no actor: call->db, arena, domain
 * and problem only. 0 whether intact or not. */
int lk_audit_verify(struct lk_call *call, struct lk_audit_finding *ret);

/* A finding that is not intact as a sentence, without its full stop. */
struct lk_audit_words {
    char text[240];
};
struct lk_audit_words lk_audit_words(const struct lk_audit_finding *finding);

/* One entry, as it is shown. */
struct lk_audit_entry {
    int64_t sequence;
    int64_t created_at;
    struct lk_slice operation;
    struct lk_slice resource_type;
    bool has_resource_id;
    struct lk_id resource_id;
    struct lk_slice resource_name;
    struct lk_slice failure; /* ptr NULL when it was done */
};

/* Most entries of one set that a list shows; the rest is there by lk_audit_contents. */
#define LK_CHANGES_MAX 100

/* The entries of one request. */
struct lk_change_set {
    struct lk_id id;
    int64_t created_at;
    enum lk_actor_kind actor_kind;
    struct lk_id actor_id; /* zero for the system */
    struct lk_slice actor_name;
    struct lk_slice url, path, method, remote;
    int64_t status;
    struct lk_slice failure; /* of its first refused entry; ptr NULL for none */
    struct lk_audit_entry *entries;
    size_t entries_len;
};

/* From (included) to (not included), milliseconds. INT64_MIN and INT64_MAX for no bound. */
struct lk_time_range {
    int64_t from;
    int64_t to;
};

/* Which change sets: of that time, and those where the rest fits that is given (ptr NULL: any); what is about a resource must fit one of its entries. */
struct lk_audit_filter {
    struct lk_time_range range;
    struct lk_slice actor_id; /* as text; what is no id is nobody's */
    struct lk_slice resource_id;
    struct lk_slice resource_type;
    struct lk_slice operation;
};

/* A page of the change sets of the actor's account, newest first. Needs VIEW_AUDITS. */
int lk_audit_list(struct lk_call *call, const struct lk_audit_filter *filter, struct lk_page page, struct lk_change_set **ret,
                  size_t *ret_len, struct lk_page_info *ret_info);

/* What an entry changed, as YAML. */
struct lk_change_content {
    struct lk_id set_id;
    bool has_resource_id;
    struct lk_id resource_id;
    struct lk_slice old_yaml; /* ptr NULL for none, and so is the path then */
    struct lk_slice old_path; /* "API_KEY/name.yaml" */
    struct lk_slice new_yaml;
    struct lk_slice new_path;
};

/* A page of the contents of one change set (22 characters), in order; resource (ptr NULL: any) keeps those of one resource. Needs VIEW_AUDITS. A set that
 * does not exist has no contents. */
int lk_audit_contents(struct lk_call *call, struct lk_slice set, struct lk_slice resource, struct lk_page page,
                      struct lk_change_content **ret, size_t *ret_len, struct lk_page_info *ret_info);

#endif
