/*
 * The keyring: what verification needs to know of every key, in memory, read without locks.
 *
 * Who calls what:
 *   - one writer thread at a time (the store thread; at start whoever loads) calls everything that stages and commits, and the
 *     functions marked "writer";
 *   - I/O threads register as readers and call only keyring/verify.h. Between two quiescent points a reader may keep what verify gave it. A thread
 *     that sleeps (epoll_wait) goes offline first: a reader that sleeps online holds up the writer.
 *
 * Changes are staged inside the database transaction and come into force in lk_keyring_commit, after the database's commit and before any answer:
 *
 *     lk_keyring_begin(keyring)                      a batch begins
 *     for each mutation:
 *         lk_keyring_stage(keyring, changes, n)      takes all memory that the changes need; when it fails the mutation is refused
 *         lk_keyring_unstage(keyring, mark)          when the mutation is rolled back after all
 *     lk_keyring_commit(keyring)                     cannot fail; when it returns, no verification that begins later sees the old state
 *     or lk_keyring_abort(keyring)                   the database's commit failed
 *
 * Removing a key and disabling one take no memory beyond a slot of an array that is kept ready: they are refused only when a batch has filled
 * LK_KEYRING_STAGED_READY slots and no more can be had. The representation and its invariants: src/keyring/table.h, src/keyring/keyring.c.
 */
#ifndef KEYRING_KEYRING_H
#define KEYRING_KEYRING_H

#include "crypto/digest.h"
#include "keyring/ip.h"
#include "keyring/limit.h"
#include "keyring/permission_set.h"

struct lk_keyring;

#define LK_KEYRING_DIGESTS_MAX 4
#define LK_KEYRING_GROUPS_MAX 100
#define LK_KEYRING_NAME_MAX 255
#define LK_KEYRING_STAGED_READY 4096
#define LK_KEYRING_FOREVER INT64_MAX

/* One secret of a key. The effective end of a secret is the earlier of its own and the key's. */
struct lk_keyring_digest {
    struct lk_digest digest;
    int64_t ends_at; /* milliseconds of the wall clock: refused from then on; LK_KEYRING_FOREVER */
};

/* A key, whole: an upsert replaces all that was known of it, but for the counting states (rate, where there was one; credits unless set_credits). */
struct lk_keyring_key {
    struct lk_id id;
    struct lk_id account_id;
    struct lk_slice name;                    /* at most LK_KEYRING_NAME_MAX bytes */
    const struct lk_keyring_digest *digests; /* 1 to LK_KEYRING_DIGESTS_MAX: two while a rotation overlaps */
    size_t digests_len;
    const struct lk_id *groups; /* in any order, no duplicates; at most LK_KEYRING_GROUPS_MAX */
    size_t groups_len;
    bool enabled;
    int64_t expires_at;                 /* LK_KEYRING_FOREVER for none */
    const struct lk_slice *allowed_ips; /* texts as lk_ip_list_compile takes them; none: from anywhere */
    size_t allowed_ips_len;
    struct lk_rate rate; /* limit 0: none */
    bool has_credits;
    bool set_credits; /* credits is the new balance; else the present balance stays (0 when there was none) */
    int64_t credits;
    struct lk_slice metadata; /* a JSON value for answers; empty: none */
};

struct lk_keyring_group {
    struct lk_id id;
    struct lk_grants grants;
};

struct lk_keyring_account {
    struct lk_id id;
    struct lk_rate rate; /* for all its keys together; limit 0: none */
    bool has_credits;    /* for all its keys together; set_credits and credits as of a key */
    bool set_credits;
    int64_t credits;
};

enum lk_keyring_change_kind {
    LK_KEYRING_KEY,          /* .key: insert or replace */
    LK_KEYRING_KEY_REMOVE,   /* .id */
    LK_KEYRING_KEY_DISABLE,  /* .id: refused from now on; the rest stays */
    LK_KEYRING_KEY_CREDITS,  /* .id, .credits: the new balance, where the key has credits */
    LK_KEYRING_GROUP,        /* .group: what it gives, inserted or replaced, in force for every key in it at once */
    LK_KEYRING_GROUP_REMOVE, /* .id: keys that name it have nothing from it */
    LK_KEYRING_GROUP_FORGET, /* .id: the same, and it never comes again: a key that is put without it later needs no other set for that */
    LK_KEYRING_ACCOUNT,      /* .account */
    LK_KEYRING_ACCOUNT_REMOVE, /* .id: every key of it is unknown from now on (their memory is freed bit by bit). Its groups are removed after it, one by one */
};

/* What is pointed to is lent for the call that takes it. */
struct lk_keyring_change {
    enum lk_keyring_change_kind kind;
    struct lk_id id;
    int64_t credits;
    union {
        const struct lk_keyring_key *key;
        const struct lk_keyring_group *group;
        const struct lk_keyring_account *account;
    };
};

/* An empty keyring. keys_expected makes room at once, so that loading that many needs no growth, and most of them are found with one wait for memory
 * instead of two (0: no idea). keys and vocabulary are lent until close. LK_ENOMEM. */
int lk_keyring_open(const struct lk_keys *keys, const struct lk_vocabulary *vocabulary, size_t keys_expected, struct lk_keyring **ret);

/* Frees it all. No reader may be inside. NULL is fine. */
void lk_keyring_close(struct lk_keyring *keyring);

/* Writer. From now on the permission sets of one account (one for each list of groups that some key has) take together at most so many bytes, and 8 KiB for
 * each of them: staging more is LK_ELIMIT. What is there stays, and may become smaller. So is a change of a group when those before it in the batch have made as
 * much anew. A key in a hundred large groups has a set of 17 MB of its own, and one request could make a thousand. Before, and with SIZE_MAX, there is no
 * bound. */
void lk_keyring_bound(struct lk_keyring *keyring, size_t bytes);

/* Writer, before the first change. No thread is started for this keyring: the writer makes and gives back its memory itself, and now and then takes longer. */
void lk_keyring_alone(struct lk_keyring *keyring);

/* Writer. Begins a batch; one at a time. */
void lk_keyring_begin(struct lk_keyring *keyring);

/* Writer. Stages all changes or none: 0; LK_ENOMEM; LK_EINVAL (with a sentence: a bad IP text, too long a name, no digest); LK_ELIMIT
 * (too many groups or addresses, or sets beyond the bound). A digest that another key has goes over to the key that came last (the database lets none be in two). Removing or
 * disabling what does not exist is fine. problem may be NULL. Groups and accounts that a key names need not exist yet: they give nothing until they do. */
int lk_keyring_stage(struct lk_keyring *keyring, const struct lk_keyring_change *changes, size_t len, struct lk_problem *problem);

/* Writer. How much is staged, and back to there. */
size_t lk_keyring_mark(const struct lk_keyring *keyring);
void lk_keyring_unstage(struct lk_keyring *keyring, size_t mark);

/* Writer. All that is staged comes into force, in order. Cannot fail. */
void lk_keyring_commit(struct lk_keyring *keyring);

/* Writer. Forgets all that is staged. */
void lk_keyring_abort(struct lk_keyring *keyring);

/* Writer. begin, stage and commit in one, for loading: nothing is changed when it fails. */
int lk_keyring_apply(struct lk_keyring *keyring, const struct lk_keyring_change *changes, size_t len, struct lk_problem *problem);

/* A balance on its way to the database. */
struct lk_keyring_balance {
    bool of_account; /* id is an account's; else a key's */
    struct lk_id id;
    int64_t credits;
};

/* Writer. Balances that the database has not, for the flush: of the next `looks` balances those that were spent from, at most max. *ret_done: that was the last of
 * a round over all. One that the batch sets is left out. It may be told again until it is kept. */
size_t lk_keyring_spent(struct lk_keyring *keyring, size_t looks, struct lk_keyring_balance *ret, size_t max, bool *ret_done);

/* Writer. The database has these balances, which were spent when they were told last: their transaction is committed. One that was set since is left alone. */
void lk_keyring_kept(struct lk_keyring *keyring, const struct lk_keyring_balance *balances, size_t len);

/* For metrics. Any thread; may be a moment old. bytes is all memory of the keyring, reserved room included. */
struct lk_keyring_stats {
    uint64_t keys;    /* by id */
    uint64_t entries; /* by digest */
    uint64_t groups;
    uint64_t sets;
    uint64_t accounts;
    uint64_t bytes;
    bool growing;
};

void lk_keyring_stats(const struct lk_keyring *keyring, struct lk_keyring_stats *ret);

/* Reader threads. register once a thread, before its first verification, and unregister at its end; a registered thread is online. quiescent: nothing
 * that verify gave is held any more; once a turn of the loop. offline and online: around anything that may block. All are a few nanoseconds. */
void lk_keyring_reader_register(void);
void lk_keyring_reader_unregister(void);
void lk_keyring_reader_quiescent(void);
void lk_keyring_reader_offline(void);
void lk_keyring_reader_online(void);

#endif
