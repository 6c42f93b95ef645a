/*
 * What an operation changed of the things that verification depends on, told to whoever keeps them in memory.
 *
 * Operations record each change in the call. lk_operation_end tells the observer while the savepoint is still open: it reads the new rows through
 * call->db, and what it refuses is undone with the operation. A rollback forgets what was recorded.
 */
#ifndef DOMAIN_CHANGE_H
#define DOMAIN_CHANGE_H

#include "domain/call.h"

enum lk_change_kind {
    LK_CHANGE_ACCOUNT_WRITTEN, /* it is there, or anything of it is another, but not the balance of its credits */
    LK_CHANGE_ACCOUNT_CREDITS, /* the same, and the balance was set */
    LK_CHANGE_ACCOUNT_REMOVED, /* with all that was in it; of this, its groups are told too, afterwards */
    LK_CHANGE_GROUP_WRITTEN,   /* its permissions */
    LK_CHANGE_GROUP_REMOVED,
    LK_CHANGE_KEY_WRITTEN, /* anything of the key, its groups included, but not the balance of its credits */
    LK_CHANGE_KEY_CREDITS, /* anything of the key, and the balance was set */
    LK_CHANGE_KEY_REMOVED,
};

struct lk_change {
    enum lk_change_kind kind;
    struct lk_id id;
    struct lk_change *next; /* in the order in which they were recorded */
};

struct lk_change_observer {
    /* changes is not empty. 0, or negative with call->problem set: the operation is undone. */
    int (*changed)(void *context, struct lk_call *call, const struct lk_change *changes);
    /* How much it has accepted, and: all that it has accepted since then is undone after all (lk_request_end). */
    size_t (*mark)(void *context);
    void (*undo)(void *context, size_t mark);
    void *context;
};

/* From now on observer, which is lent until the domain is closed, is told. */
void lk_domain_observe(struct lk_domain *domain, const struct lk_change_observer *observer);

/* For the operations of this room: records a change. LK_ENOMEM with the problem set. */
int lk_changed(struct lk_call *call, enum lk_change_kind kind, const struct lk_id *id);

#endif
