/* What the operations of this room share. Not for other rooms. */
#ifndef DOMAIN_RULES_H
#define DOMAIN_RULES_H

#include "base/json_write.h"
#include "crypto/digest.h"
#include "domain/audit.h"
#include "domain/call.h"
#include "domain/change.h"
#include "domain/session.h"
#include "store/user_group.h"

#include <stdatomic.h>

struct lk_domain {
    const struct lk_keys *keys;
    struct lk_permission_cache *permissions;
    uint64_t generation;                       /* changes whenever the permissions of some actor may have changed, or a change was undone */
    const struct lk_change_observer *observer; /* NULL: none */
    struct lk_login_rules login;
    uint64_t audit_pending;         /* entries of the batch, until its commit: those of what is undone are taken off again */
    _Atomic uint64_t audit_entries; /* written by the store thread, read by any */
};

/* Turns a failure of the store into the call's problem; returns code. */
int lk_fail_store(struct lk_call *call, int code);

/* The call's problem is "out of memory"; returns LK_ENOMEM. */
int lk_fail_memory(struct lk_call *call);

/* A text of a client, cut short at a character so that it fits into a sentence. */
struct lk_shown {
    char text[68];
};
struct lk_shown lk_show(struct lk_slice text);

/* The rules for names; what is how the sentence calls it ("Invalid API Key name: ..."). LK_EINVAL. */
int lk_check_name(struct lk_call *call, const char *what, struct lk_slice name);

/* The rules for longer free text: well-formed UTF-8, at most max bytes, no control characters but tab and line ends. LK_EINVAL. */
int lk_check_text(struct lk_call *call, const char *what, struct lk_slice text, size_t max);

/* What an operation is about to do, so that a refusal can be audited. operation NULL: it only reads. */
struct lk_intent {
    const char *operation;
    const char *resource_type;
    const struct lk_id *resource_id; /* may be NULL */
    struct lk_slice resource_name;
};

/* The actor must hold one of the permissions (bits; wider ones count). LK_EFORBIDDEN "User not authorized". */
int lk_require(struct lk_call *call, uint32_t any_of, const struct lk_intent *intent);

/* The digest by which the database knows a secret, present or old, that is good by now: under an older lookup key when it is found by that one only. Of an
 * unknown secret it is the one under the present key. */
int lk_secret_digest(struct lk_call *call, struct lk_slice token, struct lk_digest *ret);

/* lk_authenticate_key for the digest of a key. only: LK_EUNAUTH when it is another key's than that one's; NULL: anybody's. */
int lk_authenticate_digest(struct lk_call *call, const struct lk_digest *digest, const struct lk_id *only);

/* Reads the groups of an actor that is a key or a user, and what they give. */
int lk_actor_read_permissions(struct lk_call *call, struct lk_actor *actor);

/* The actor must hold a scope. LK_EFORBIDDEN. */
int lk_require_scope(struct lk_call *call, struct lk_slice scope, const struct lk_intent *intent);

/* What reading users needs. */
int lk_require_read_users(struct lk_call *call);

/* lk_require_account for an operation, audited when it changes. */
int lk_require_own_account(struct lk_call *call, struct lk_slice account, const struct lk_intent *intent);

/* The grant rule: all that is wanted follows from what the actor holds, or from what is there already (NULL: nothing). what begins the sentence: "the
 * user groups hold". LK_EFORBIDDEN. */
int lk_require_grantable(struct lk_call *call, const struct lk_permissions *wanted, const struct lk_permissions *existing, const char *what,
                         const struct lk_intent *intent);

/* Refuses: sets the problem (LK_EFORBIDDEN) and remembers the intent for the audit. */
int lk_deny(struct lk_call *call, const struct lk_intent *intent, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The union of stored permission documents. */
int lk_read_union(struct lk_call *call, const struct lk_group_permissions_row *rows, size_t len, struct lk_permissions *ret);

/* A set as its document, in the arena. */
int lk_permissions_text(struct lk_call *call, const struct lk_permissions *permissions, struct lk_slice *ret);

/* Whether a sorted array of ids has one. */
bool lk_ids_have(const struct lk_id *ids, size_t len, const struct lk_id *id);

/* Permissions of actors may have changed: they are read again before they are next relied on. */
static inline void lk_permissions_changed(struct lk_call *call) {
    call->domain->generation++;
}

/* Checks a page and says how it is applied. LK_EINVAL. */
int lk_page_check(struct lk_call *call, struct lk_page *page);

/* Fills in what came of a list. */
void lk_page_finish(struct lk_page page, int64_t total, size_t len, struct lk_page_info *ret);

/* Copies what a writer made into the arena and frees the buffer. 0 or LK_ENOMEM (problem set). */
int lk_take_document(struct lk_call *call, struct lk_buf *document, struct lk_slice *ret);

#endif
