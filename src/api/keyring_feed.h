/*
 * Keeps the keyring what the database is: loads it at start, and follows every change of the domain.
 *
 * A change is staged inside the operation's savepoint (domain/change.h), so that what the keyring has no memory for is not done at all; the batch comes
 * into force after the database's commit and before any of its answers (store/executor.h). All but open and close runs on the store thread,
 * or before it starts.
 */
#ifndef LK_API_KEYRING_FEED_H
#define LK_API_KEYRING_FEED_H

#include "base/arena.h"
#include "domain/change.h"
#include "keyring/keyring.h"

struct lk_keyring_feed {
    struct lk_keyring *keyring;
    struct lk_change_observer observer; /* for lk_domain_observe */
    struct lk_arena arena;              /* of one change: an operation may have more of them than its call has memory for */
};

/* The names of permissions, for the keyring and for expressions. Static. */
const struct lk_vocabulary *lk_keyring_vocabulary(void);

/* How a load goes on. */
struct lk_keyring_load {
    bool progress;                   /* tells on standard error how far it is */
    bool (*given_up)(void *context); /* asked now and then: true ends it, with LK_EBUSY */
    void *context;
};

/* Opens a keyring and loads the whole database into it. how may be NULL: in silence, to its end. keys is lent until close. On failure the
 * problem says why, and nothing is open. Every digest of the database must be one of the present look-up key. */
int lk_keyring_feed_open(struct lk_keyring_feed *feed, struct lk_db *db, const struct lk_keys *keys, const struct lk_keyring_load *how,
                         struct lk_problem *problem);

/* No reader may be inside. A zeroed feed is fine. */
void lk_keyring_feed_close(struct lk_keyring_feed *feed);

/* For the executor: context is the feed. */
void lk_keyring_feed_begin(void *context);
void lk_keyring_feed_committed(void *context, int code);

#endif
