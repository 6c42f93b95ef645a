/*
 * What the parts of the keyring share. Everything here is the writer's unless it says otherwise.
 *
 * What a reader walks: index (table.h) -> entry (cells.h) -> set place -> permission set and account. A set place is found by the number in the entry; its
 * set pointer is swapped when a group changes, so keys are not touched.
 *
 * A reader loads the set after the slot of the index, and then reads the slot again and the entry's state: if the slot still leads to the
 * entry, the entry was in force when the set was loaded, for an entry is not used again before a grace period (verify.c). So an answer is the truth of
 * one moment, though key and set change apart.
 */
#ifndef KEYRING_INTERNAL_H
#define KEYRING_INTERNAL_H

#include "keyring/cells.h"
#include "keyring/table.h"

/* A chained hash map: adding to it cannot fail; where growing fails, chains are longer. What is in it begins with a node. It grows as the tables do: each
 * addition moves a few of the old buckets, and a node whose old bucket was not moved yet is still there. */
struct lk_node {
    struct lk_node *next;
    uint64_t hash;
};

struct lk_map {
    struct lk_node **buckets;
    size_t mask;
    size_t len;
    struct lk_node **old; /* half as many; NULL while not growing */
    size_t moved;         /* of the old buckets */
};

/* An account. One that only a key has named so far exists as well, with no limit. */
struct lk_account {
    struct lk_node node;
    struct lk_id id;
    size_t refs;  /* sets and staged changes */
    bool exists;  /* an upsert of it was committed */
    bool leaving; /* a removal is staged or committed: not found any more */
    size_t sets;  /* slots of it, and what their latest sets take */
    size_t set_bytes;
    /* Read by readers. */
    _Atomic bool gone;         /* only ever set */
    _Atomic bool has_credits;  /* beside gone, so that who has none finds out in the memory that is read anyway */
    _Atomic uint64_t rate;     /* limit << 32 | window_ms; 0: none */
    _Atomic uint64_t state;    /* of the rate */
    struct lk_balance balance; /* where has_credits */
};

static inline struct lk_rate lk_rate_of_word(uint64_t word) {
    return (struct lk_rate){(uint32_t)(word >> 32), (uint32_t)word};
}

struct lk_set_slot;

/* A set's part in a group's list of the sets that hold it. */
struct lk_member {
    struct lk_group *group;
    struct lk_set_slot *slot;
    struct lk_member *next;
    struct lk_member **link; /* what points to this one */
};

struct lk_group {
    struct lk_node node;
    struct lk_id id;
    size_t refs;               /* staged changes */
    bool forgotten;            /* as staged last: it never exists again */
    struct lk_member *members; /* sets that name it */
    struct lk_grants *current; /* one block; committed; NULL: does not exist */
    struct lk_grants *latest;  /* as staged last; owned by the staged change until it is committed */
};

/* An interned set: one for each account and list of groups that some key has. */
struct lk_set_slot {
    struct lk_node node;
    uint32_t number;
    size_t refs; /* entries and staged changes */
    struct lk_account *account;
    struct lk_permission_set *latest; /* as staged last */
    size_t len;
    struct lk_member members[]; /* sorted by group id */
};

/* Where readers find a set. */
struct lk_set_place {
    _Atomic(struct lk_permission_set *) set;
    struct lk_account *account;
    struct lk_set_slot *slot; /* the writer's */
    uint32_t next_free;       /* the writer's */
};

#define LK_SET_CHUNK_BITS 10
#define LK_SET_CHUNKS 16384 /* 16 million sets */

enum lk_staged_kind {
    LK_STAGED_KEY,
    LK_STAGED_REMOVE,
    LK_STAGED_DISABLE,
    LK_STAGED_CREDITS,
    LK_STAGED_GROUP,
    LK_STAGED_SET,
    LK_STAGED_ACCOUNT,
    LK_STAGED_ACCOUNT_REMOVE,
};

/* A change with all that it needs. */
struct lk_staged {
    enum lk_staged_kind kind;
    bool set_credits; /* of a key or an account: credits is the balance from now on */
    struct lk_id id;
    int64_t credits;
    union {
        uint32_t key_refs[LK_KEYRING_DIGESTS_MAX]; /* entries, ready but for the counting states; 0 behind the last */
        struct {
            struct lk_group *group;
            struct lk_grants *version; /* NULL: removed */
            struct lk_grants *before;  /* latest until then */
            bool forget;
        } group;
        struct {
            struct lk_set_slot *slot;
            struct lk_permission_set *set;
            struct lk_permission_set *before;
        } set;
        struct {
            struct lk_account *account;
            uint64_t rate; /* as its word */
            bool has_credits;
        } account;
    };
};

/* What waits for a grace period. */
enum lk_retired_kind {
    LK_RETIRED_ENTRY, /* ref */
    LK_RETIRED_SET,   /* ptr */
    LK_RETIRED_SLOT,  /* ptr: with its place and set */
};

struct lk_retired {
    enum lk_retired_kind kind;
    uint32_t ref;
    void *ptr;
};

/* Freed in one go, by one change: some tenths of a microsecond each, where all are far apart in memory. Of large sets fewer. */
#define LK_RETIRED_MAX 1024
#define LK_RETIRED_BYTES ((size_t)64 << 20)

struct lk_keyring {
    /* Readers'. */
    struct lk_table by_digest;
    struct lk_cells cells;
    struct lk_set_place **places; /* chunks */
    const struct lk_keys *keys;
    const struct lk_vocabulary *vocabulary;

    /* The writer's. */
    struct lk_maker maker;
    struct lk_table by_id; /* each entry of a key, by its id */
    struct lk_map groups;
    struct lk_map slots;
    struct lk_map accounts;
    uint32_t places_used;          /* numbers ever given out */
    uint32_t places_free;          /* list of free ones; LK_NO_PLACE: none */
    struct lk_balance *credits_at; /* in the ring of balances: the next to be looked at; NULL: there are none */
    size_t credits_len;
    size_t credits_seen; /* of them, in this round */
    size_t sets_max;     /* bytes of the sets of one account (lk_keyring_bound) */
    struct lk_staged *staged;
    size_t staged_len;
    size_t staged_cap;
    size_t staged_entries; /* entries that committing would insert at most */
    struct lk_retired *retired;
    size_t retired_len;
    size_t retired_bytes; /* of sets in it */
    size_t staged_bytes;  /* of sets that staged changes of groups made */
    size_t steps;         /* of growth: the tables take turns */
    uint32_t sweep_at;    /* entry that the search for keys of accounts that are gone looks at next */
    uint32_t sweep_left;  /* entries that it has still to look at */

    /* For metrics: written by the writer, read by any. */
    _Atomic uint64_t stat_keys;
    _Atomic uint64_t stat_entries;
    _Atomic uint64_t stat_groups;
    _Atomic uint64_t stat_sets;
    _Atomic uint64_t stat_accounts;
    _Atomic uint64_t stat_small_bytes; /* sets, slots, groups, rare things */
    _Atomic uint64_t stat_table_bytes;
    _Atomic bool stat_growing;
};

#define LK_NO_PLACE UINT32_MAX

static inline struct lk_set_place *lk_place_at(const struct lk_keyring *keyring, uint32_t number) {
    return &keyring->places[number >> LK_SET_CHUNK_BITS][number & ((1U << LK_SET_CHUNK_BITS) - 1)];
}

static inline uint64_t lk_hash_digest(const struct lk_digest *digest) {
    uint64_t hash;
    memcpy(&hash, digest->bytes, sizeof hash);
    return hash;
}

/* memory.c: memory that statistics count. adopt counts what another room's function allocated with malloc. free takes NULL. */
void *lk_small_alloc(struct lk_keyring *keyring, size_t bytes);
void lk_small_adopt(struct lk_keyring *keyring, void *block);
size_t lk_small_size(void *block);
void lk_small_free(struct lk_keyring *keyring, void *block);

/* memory.c: maps. */
int lk_map_open(struct lk_map *map);
void lk_map_add(struct lk_map *map, struct lk_node *node);
void lk_map_remove(struct lk_map *map, struct lk_node *node);
void lk_map_settle(struct lk_map *map); /* ends growth: all that is in it is in buckets */

static inline struct lk_node **lk_map_link(const struct lk_map *map, uint64_t hash) {
    size_t before = hash & map->mask >> 1;
    return map->old != NULL && before >= map->moved ? &map->old[before] : &map->buckets[hash & map->mask];
}

static inline struct lk_node *lk_map_bucket(const struct lk_map *map, uint64_t hash) {
    return *lk_map_link(map, hash);
}

/* Ids are random, but for a test's: all bits take part, and all bits of the hash are good. */
static inline uint64_t lk_hash_id(const struct lk_id *id) {
    uint64_t halves[2];
    memcpy(halves, id->bytes, sizeof halves);
    uint64_t hash = (halves[0] ^ (halves[1] * 0x9E3779B97F4A7C15)) * 0xBF58476D1CE4E5B9;
    return hash ^ hash >> 29 ^ hash << 32;
}

static inline void lk_stat_add(_Atomic uint64_t *stat, int64_t delta) {
    atomic_store_explicit(stat, atomic_load_explicit(stat, memory_order_relaxed) + (uint64_t)delta, memory_order_relaxed);
}

/* memory.c: what was unlinked waits here for a grace period; never needs memory. */
void lk_retire(struct lk_keyring *keyring, enum lk_retired_kind kind, uint32_t ref, void *ptr);
void lk_retire_flush(struct lk_keyring *keyring);

/* keys.c: entries and the rare things behind them. */
int lk_key_stage(struct lk_keyring *keyring, const struct lk_keyring_key *key, struct lk_staged *ret, struct lk_problem *problem);
void lk_key_unstage(struct lk_keyring *keyring, struct lk_staged *staged);
void lk_key_commit(struct lk_keyring *keyring, struct lk_staged *staged);
void lk_key_remove(struct lk_keyring *keyring, const struct lk_id *id);
void lk_key_disable(struct lk_keyring *keyring, const struct lk_id *id);
struct lk_balance *lk_key_balance(const struct lk_keyring *keyring, const struct lk_id *id); /* NULL: it has no credits */
struct lk_set_slot *lk_key_slot(const struct lk_keyring *keyring, const struct lk_id *id);   /* in force; NULL: there is no such key */
void lk_entry_unlink(struct lk_keyring *keyring, uint32_t ref);                              /* from both indexes; retired */
void lk_entry_free(struct lk_keyring *keyring, uint32_t ref); /* after the grace period, or before it was linked */

/* credits.c: the ring of balances. follow: a key or an account that has credits was staged, and is in force; forget: it has none any more, or is about to be
 * freed. */
void lk_credits_follow(struct lk_keyring *keyring, struct lk_balance *balance, bool of_account, const struct lk_staged *staged);
void lk_credits_forget(struct lk_keyring *keyring, struct lk_balance *balance);
void lk_credits_keep(struct lk_balance *balance, int64_t credits); /* the database has it, or will with this batch */

/* groups.c: groups, accounts, and the sets between them and keys. */
int lk_groups_open(struct lk_keyring *keyring);
void lk_groups_close(struct lk_keyring *keyring);
int lk_slot_find(struct lk_keyring *keyring, const struct lk_keyring_key *key, struct lk_set_slot **ret); /* with a reference */
void lk_slot_release(struct lk_keyring *keyring, struct lk_set_slot *slot); /* one reference; the last retires it */
void lk_slot_free(struct lk_keyring *keyring, struct lk_set_slot *slot);    /* after the grace period */
int lk_group_stage(struct lk_keyring *keyring, const struct lk_id *id, const struct lk_grants *grants); /* stages it and its sets */
int lk_group_forget_stage(struct lk_keyring *keyring, const struct lk_id *id);
void lk_group_unstage(struct lk_keyring *keyring, struct lk_staged *staged);
void lk_group_commit(struct lk_keyring *keyring, struct lk_staged *staged);
void lk_set_unstage(struct lk_keyring *keyring, struct lk_staged *staged);
void lk_set_commit(struct lk_keyring *keyring, struct lk_staged *staged);
int lk_account_stage(struct lk_keyring *keyring, const struct lk_keyring_account *input);
int lk_account_remove_stage(struct lk_keyring *keyring, const struct lk_id *id);
void lk_account_unstage(struct lk_keyring *keyring, struct lk_staged *staged);
void lk_account_commit(struct lk_keyring *keyring, struct lk_staged *staged);
struct lk_balance *lk_account_balance(const struct lk_keyring *keyring, const struct lk_id *id); /* NULL: it has no credits */

/* keyring.c: a place for one more staged change, or NULL. It counts only when *staged_len is raised. */
struct lk_staged *lk_staged_next(struct lk_keyring *keyring);

#endif
