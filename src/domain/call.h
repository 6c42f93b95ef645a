/*
 * A call into the domain: what every operation is given, and how its work is made whole or undone.
 *
 * Everything here runs on the store thread, inside the transaction of the batch. The protocol of one request:
 *
 *     struct lk_call call = {.db = ..., .arena = ..., .domain = ..., .origin = ..., .now_ms = ..., .problem = &problem};
 *     lk_authenticate_key(&call, token)          sets call.actor
 *     reading operations                         as many as needed, anywhere
 *     for each mutation:
 *         lk_operation_begin(&call)              a savepoint
 *         one changing operation, and the reads that its answer needs
 *         lk_operation_end(&call, failed)        keeps it, or undoes it and writes the audit entry of a refused authorisation
 *
 * A changing operation that fails may leave part of its work: the rollback in lk_operation_end takes it back. Its audit entry is written in
 * the same savepoint, so it is there exactly when the change is.
 *
 * Every operation returns 0 or a negative enum lk_error and then has set call->problem: code, and a sentence that may be shown to the client
 * (for LK_EIO, LK_ECORRUPT, LK_ENOMEM and LK_EINTERNAL it is for the log only). Memory that an operation returns lives in call->arena.
 */
#ifndef DOMAIN_CALL_H
#define DOMAIN_CALL_H

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "domain/permission.h"
#include "store/db.h"

#include <stdint.h>

struct lk_change;
struct lk_domain;
struct lk_found_groups;
struct lk_ip;
struct lk_keys;

/* Binds the rules to a database whose migrations are done (domain/migrate.h). db is used for this call only; keys is lent until lk_domain_close. On the
 * first use of a database it records which master key belongs to it; afterwards LK_ECORRUPT, with a sentence for the operator, when keys come from another. */
int lk_domain_open(struct lk_db *db, const struct lk_keys *keys, struct lk_domain **ret, struct lk_problem *problem);

/* Wipes what was derived. NULL is fine. */
void lk_domain_close(struct lk_domain *domain);

/* Where a request came from, as the audit shows it. Text is cut at LK_ORIGIN_MAX bytes; nothing in it may be a secret. */
struct lk_origin {
    struct lk_slice url;    /* the request's target as sent, without what could hold a query text */
    struct lk_slice path;   /* its path */
    struct lk_slice method; /* "POST" */
    struct lk_slice remote; /* the client's address */
    int status;             /* HTTP status that the answer will have */
};

#define LK_ORIGIN_MAX 512

enum lk_actor_kind {
    LK_ACTOR_SYSTEM, /* the operator at the machine itself (latchkey init): may do all */
    LK_ACTOR_KEY,
    LK_ACTOR_USER,
};

#define LK_SESSION_DIGEST_BYTES 32

/* Who acts. Its permissions follow changes made in the same request: every operation that checks them looks whether they are still true. */
struct lk_actor {
    enum lk_actor_kind kind;
    struct lk_id id;               /* of the key or user; zero for the system */
    struct lk_id account_id;       /* the one account it may see */
    struct lk_slice name;          /* the key's name, or the user's e-mail address */
    const struct lk_id *group_ids; /* the groups it is in, sorted by id */
    size_t group_ids_len;
    struct lk_permissions permissions;               /* union over the groups */
    uint64_t generation;                             /* of the domain when they were read */
    uint8_t session_digest[LK_SESSION_DIGEST_BYTES]; /* of the session by which a user acts */
};

/* An authorisation that was refused, remembered until the audit can be written. */
struct lk_denial {
    const char *operation;     /* NULL while there is none */
    const char *resource_type; /* as in the audit: "API_KEY" */
    struct lk_id resource_id;  /* zero when there is none yet */
    struct lk_slice resource_name;
    struct lk_slice reason;
    bool wrong_password; /* of the user that is the resource: it is counted with those of logins */
};

struct lk_call {
    struct lk_db *db;
    struct lk_arena *arena;
    struct lk_domain *domain;
    struct lk_actor *actor; /* NULL before authentication */
    struct lk_origin origin;
    const struct lk_ip *client_ip; /* what allow lists are held against; NULL when it is not known: where there is one, that is refused */
    int64_t now_ms;                /* wall clock when the request began; every time that it stores */
    struct lk_problem *problem;
    /* The domain's own; zero at the start. */
    struct lk_id change_set; /* groups the audit entries of one request */
    struct lk_denial denial;
    struct lk_change *changes; /* of the operation (domain/change.h) */
    struct lk_change *last_change;
    size_t mark;                   /* of the observer, when the request began */
    uint64_t audit_of_request;     /* entries of the batch before the request */
    uint64_t audit_of_operation;   /* and before the operation */
    size_t imported;               /* keys that the request has asked to import */
    size_t denied;                 /* keys of its imports that were refused for want of a right, each with an entry */
    struct lk_found_groups *found; /* groups that were named before (domain/group_set.c) */
    struct lk_judged *judged;      /* whether the last that were to be granted may be (there) */
};

/* Begins a mutation: opens a savepoint. */
int lk_operation_begin(struct lk_call *call);

/* Ends it. failed: undoes everything since begin and, when the failure was a refused authorisation, writes its audit entry. Not failed: keeps it.
 * 0, or negative when the end itself failed: then nothing of the mutation is kept and call->problem says why. */
int lk_operation_end(struct lk_call *call, bool failed);

/* Around all mutations of a request that may have to run a second time (domain/password.h). end with undo true takes back everything since begin, the audit
 * entries too; the request then begins anew with authentication. */
int lk_request_begin(struct lk_call *call);
int lk_request_end(struct lk_call *call, bool undo);

/* Sets call->actor to the operator at the machine, acting in an account. LK_ENOMEM. What the system does needs no permission. */
int lk_act_as_system(struct lk_call *call, const struct lk_id *account_id);

/* Recognises a presented API key and sets call->actor. LK_EUNAUTH, always with the same words, when it is malformed, unknown, disabled or expired (the secret
 * that was presented, or the key). LK_EFORBIDDEN when it may not be used from call->client_ip. */
int lk_authenticate_key(struct lk_call *call, struct lk_slice token);

/* Whether account (22 characters, as a client gave it) is the actor's own. LK_EFORBIDDEN "User not authorized" for everything else, whether that
 * account exists or not. An empty slice with ptr NULL means that none was given, which is fine. */
int lk_require_account(struct lk_call *call, struct lk_slice account);

/* What the actor holds now: after what the request has changed so far. Lives in call->arena. */
int lk_actor_permissions(struct lk_call *call, const struct lk_permissions **ret);

/* A page of a list: limit at most LK_PAGE_MAX (a larger one is cut to it), offset from 0. */
struct lk_page {
    int64_t limit;
    int64_t offset;
};

#define LK_PAGE_MAX 100

/* What came of it. */
struct lk_page_info {
    int64_t limit; /* as applied */
    int64_t offset;
    int64_t total; /* of the whole list */
    bool has_more; /* offset + number of nodes < total */
};

#endif
