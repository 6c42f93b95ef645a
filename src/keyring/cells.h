/*
 * Where entries and their names live: memory that never moves and is named by 32-bit numbers, so that a slot of the index is 4 bytes.
 *
 * An entry is one cache line and does not change while the index leads to it, but for its state word, which only ever loses rights (LK_ENTRY_DISABLED is
 * set, LK_ENTRY_LINKED is cleared). A changed key gets a new entry; the old one is used again after a grace period.
 *
 * Where as many are expected that no cache holds them, most entries are at home: in one of two pairs of neighbours that the digest's hash names. So a
 * reader asks for the entry's memory while it waits for that of the index, and not after it. This is a guess about memory only. The index alone says
 * where an entry is, and one that found its homes full is anywhere behind them. Nobody else is put into a home: what is free there waits for a key whose
 * home it is, so that keys made later find places too.
 *
 * A text cell is 1 to 17 units of 16 bytes:
 *
 *     [ struct lk_rare *, 8 bytes, where LK_ENTRY_RARE ] name
 *
 * (the name's length is in the entry: an answer is made without waiting for the cell) so a key with a name of up to 16 bytes and nothing rare costs 64 + 16 bytes and its slots in two indexes.
 */
#ifndef KEYRING_CELLS_H
#define KEYRING_CELLS_H

#include "keyring/keyring.h"
#include "keyring/pages.h"

#define LK_ENTRY_DISABLED 1U /* refused */
#define LK_ENTRY_RARE 2U     /* its text cell begins with a struct lk_rare * */
#define LK_ENTRY_LINKED 4U   /* the index leads to it; the writer's */
#define LK_ENTRY_NAME 8      /* bits 8 to 15 are the length of the name */
#define LK_ENTRY_FLAGS 16    /* bits; the end in milliseconds is above them */

struct lk_entry {
    _Alignas(64) struct lk_digest digest;
    struct lk_id id;
    _Atomic uint64_t state; /* end << LK_ENTRY_FLAGS | length of name << LK_ENTRY_NAME | flags */
    uint32_t set;           /* number of its set place */
    uint32_t text;          /* number of its text cell */
};

_Static_assert(sizeof(struct lk_entry) == 64, "an entry is one cache line");

/* A balance of credits, of a key or an account. */
struct lk_balance {
    _Atomic uint64_t credits; /* limit.h */
    /* The writer's. */
    struct lk_id id;
    bool counted; /* in the keyring's ring of balances (credits.c), and then what follows, and the id, is set */
    bool of_account;
    bool told;    /* the flush has what it was, and nobody has set it since */
    int64_t kept; /* what the database has of it */
    struct lk_balance *next;
    struct lk_balance *previous;
};

/* Counting states, shared by all versions of a key so that a change of the key does not reset them. */
struct lk_key_state {
    _Atomic uint64_t rate;
    struct lk_balance balance;
    unsigned refs; /* the writer's */
};

/* What few keys have. Immutable but for the state. */
struct lk_rare {
    struct lk_ip_list *ips;     /* owned; NULL: from anywhere */
    struct lk_rate rate;        /* limit 0: none */
    struct lk_key_state *state; /* NULL without rate and credits */
    bool has_credits;
    unsigned refs; /* entries; the writer's */
    size_t metadata_len;
    char metadata[];
};

#define LK_ENTRY_CHUNK_BITS 15 /* 2 MiB: a huge page */
#define LK_ENTRY_CHUNKS 4096   /* 134 million entries */
#define LK_HOME_ENTRIES 2      /* neighbours, 128 bytes */
#define LK_TEXT_CHUNK_BITS 17  /* 2 MiB */
#define LK_TEXT_CHUNKS 8192    /* 16 GiB */
#define LK_TEXT_UNIT 16
#define LK_TEXT_UNITS_MAX 17
#define LK_TEXT_RARE 8 /* bytes of the pointer before the name */

_Static_assert(sizeof(void *) == LK_TEXT_RARE, "64-bit pointers");

struct lk_cells {
    struct lk_entry **entries; /* chunks; NULL where not yet made */
    char **texts;
    size_t homes; /* of LK_HOME_ENTRIES numbers each, from 0 on; does not change */
    /* The writer's. Numbers start at 1. */
    struct lk_maker *maker;
    uint32_t entries_used; /* numbers ever given out, 0 and homes included */
    uint32_t entries_free; /* list through `text` of free entries that are no homes */
    uint32_t texts_used;   /* units ever given out, 0 included */
    uint32_t texts_free[LK_TEXT_UNITS_MAX + 1];
    _Atomic uint64_t bytes;
};

/* maker is lent. expected: entries that will be there soon, for which homes are made where they are many (0: no idea). LK_ENOMEM. */
int lk_cells_open(struct lk_cells *cells, struct lk_maker *maker, size_t expected);
void lk_cells_close(struct lk_cells *cells);

/* Writer. An entry for a digest with this hash, for the caller to fill but for its text, which has the name (and rare, or NULL). 0 when there is no memory. */
uint32_t lk_cells_new(struct lk_cells *cells, uint64_t hash, struct lk_slice name, struct lk_rare *rare);

/* Writer. After a grace period, or before the index led there. Frees the text cell with the entry; what rare leads to is the caller's. */
void lk_cells_free(struct lk_cells *cells, uint32_t ref);

static inline struct lk_entry *lk_cells_at(const struct lk_cells *cells, uint32_t ref) {
    return &cells->entries[ref >> LK_ENTRY_CHUNK_BITS][ref & ((1U << LK_ENTRY_CHUNK_BITS) - 1)];
}

/* The first number of a digest's one home or its other (which: 0 or 1). Not where there are no homes. */
static inline uint32_t lk_cells_home(const struct lk_cells *cells, uint64_t hash, unsigned which) {
    uint64_t half = which == 0 ? hash & UINT32_MAX : hash >> 32;
    return (uint32_t)(half * cells->homes >> 32) * LK_HOME_ENTRIES;
}

/* Asks for the memory of both homes. To gcc a function that only does this does nothing, and it leaves out the call: so it is always inlined. */
static inline __attribute__((always_inline)) void lk_cells_prefetch(const struct lk_cells *cells, uint64_t hash) {
    if (cells->homes == 0)
        return;
    for (unsigned which = 0; which < 2; which++) {
        const struct lk_entry *home = lk_cells_at(cells, lk_cells_home(cells, hash, which));
        for (unsigned i = 0; i < LK_HOME_ENTRIES; i++)
            __builtin_prefetch(&home[i]);
    }
}

static inline const char *lk_cells_text_at(const struct lk_cells *cells, uint32_t unit) {
    return &cells->texts[unit >> LK_TEXT_CHUNK_BITS][(size_t)(unit & ((1U << LK_TEXT_CHUNK_BITS) - 1)) * LK_TEXT_UNIT];
}

/* In time that does not depend on the bytes, as lk_secret_equal, but by words: this is done for every verification. */
static inline bool lk_cells_same_digest(const struct lk_digest *a, const struct lk_digest *b) {
    uint64_t left[LK_DIGEST_BYTES / 8];
    uint64_t right[LK_DIGEST_BYTES / 8];
    memcpy(left, a->bytes, sizeof left);
    memcpy(right, b->bytes, sizeof right);
    return ((left[0] ^ right[0]) | (left[1] ^ right[1]) | (left[2] ^ right[2]) | (left[3] ^ right[3])) == 0;
}

/* flags as loaded from the entry's state. */
static inline struct lk_rare *lk_cells_rare(const struct lk_cells *cells, const struct lk_entry *entry, uint64_t state) {
    if ((state & LK_ENTRY_RARE) == 0)
        return NULL;
    struct lk_rare *rare;
    memcpy(&rare, lk_cells_text_at(cells, entry->text), LK_TEXT_RARE);
    return rare;
}

static inline struct lk_slice lk_cells_name(const struct lk_cells *cells, const struct lk_entry *entry, uint64_t state) {
    const char *text = lk_cells_text_at(cells, entry->text) + ((state & LK_ENTRY_RARE) != 0 ? LK_TEXT_RARE : 0);
    return lk_slice_make(text, state >> LK_ENTRY_NAME & 0xFF);
}

#endif
