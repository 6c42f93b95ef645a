/*
 * The index of the keyring: from a hash to 32-bit references, read without locks while one writer changes it.
 *
 * A group is one cache line: 12 slots, each a one-byte tag and a reference, and a count of the references that belong here but found it full:
 *
 *     tags[0]  t0 t1 t2 t3 t4 t5 t6 t7      a tag is the hash's top byte, 1 where that is 0; 0 marks a free slot
 *     tags[1]  t8 t9 t10 t11  overflow(32)
 *     refs     r0 ... r11
 *
 * A reference lives in the first group with a free slot, from its home (hash modulo the number of groups) on. It never moves inside a part; every full
 * group that it passed counts it in `overflow`, so a search ends at the first group that nothing has overflowed.
 *
 * Growth: a part with twice the groups becomes `now`, the present one `old`; each write moves a few groups. A view names both.
 *
 * Invariants for readers, and the memory orders that keep them:
 *
 *  1. A tag is set after its reference and after the overflow counts before it (release), and read before them (acquire): who sees the tag sees what
 *     the reference leads to, wholly written.
 *  2. A reference is replaced by one release store in its slot: a reader finds the old or the new, never none.
 *  3. A reader searches `old` before `now`. Moving inserts into `now` first and then clears the tag in `old` (release): a reader that
 *     misses it in `old` because it moved has acquired that tag word and so sees it in `now`.
 *  4. Clearing begins only after a grace period has followed the publication of the view: no reader is left that knows `old` alone.
 *  5. A removed or moved slot's reference is set to 0, so that a reader can see (by reading it again) whether what it found is still in force. What a
 *     reference leads to is not used again before a grace period, so within one search the same number means the same thing.
 *  6. A search that began before an insertion was published may miss it: it is ordered before it. One that begins after the writer returned (and told
 *     somebody, which synchronises) sees everything.
 *
 * Only the writer stores, so its read-modify-writes are plain loads and stores.
 */
#ifndef KEYRING_TABLE_H
#define KEYRING_TABLE_H

#include "keyring/pages.h"

#include <emmintrin.h>
#include <stdint.h>

#define LK_TABLE_SLOTS 12

struct lk_table_group {
    _Alignas(64) _Atomic uint64_t tags[2];
    _Atomic uint32_t refs[LK_TABLE_SLOTS];
};

_Static_assert(sizeof(struct lk_table_group) == 64, "a group is one cache line");

struct lk_table_part;

struct lk_table_view {
    struct lk_table_part *old; /* NULL while not growing */
    struct lk_table_part *now;
};

struct lk_table_part {
    struct lk_pages_job job; /* first: frees the part with its memory, which is groups */
    struct lk_table_group *groups;
    size_t mask; /* groups - 1; a power of two */
    struct lk_table_view alone;
    struct lk_table_view growing;
};

_Static_assert(offsetof(struct lk_table_part, job) == 0, "freeing the job frees the part");

struct lk_table {
    _Atomic(const struct lk_table_view *) view;
    /* The writer's. */
    uint64_t (*hash)(const void *context, uint32_t ref);
    const void *context;
    size_t len;
    struct lk_maker *maker;
    size_t moved;                /* groups of old that are empty now */
    struct lk_table_part *spare; /* made by lk_table_reserve, used by lk_table_insert */
};

/* Where a reference was found. */
struct lk_table_place {
    struct lk_table_part *part;
    size_t group;
    unsigned slot;
    uint32_t ref;
};

/* hash gives the hash that a reference was inserted with. maker is lent, and closed after the table. LK_ENOMEM. */
int lk_table_open(struct lk_table *table, size_t expected, uint64_t (*hash)(const void *context, uint32_t ref), const void *context,
                  struct lk_maker *maker);
void lk_table_close(struct lk_table *table);

/* Writer. Makes sure that extra insertions cannot fail. LK_ENOMEM. */
int lk_table_reserve(struct lk_table *table, size_t extra);

/* Writer. ref is not 0; room was reserved. */
void lk_table_insert(struct lk_table *table, uint64_t hash, uint32_t ref);

/* Writer. Takes out what was found. */
void lk_table_remove(struct lk_table *table, const struct lk_table_place *place);

/* Writer. Replaces what was found by another of the same hash. */
void lk_table_replace(const struct lk_table_place *place, uint32_t ref);

/* Writer. A bounded piece of the work that growth left; once for each change. */
void lk_table_step(struct lk_table *table);

/* Writer. Bytes of all parts, the next one included; whether there are two that hold something. */
size_t lk_table_bytes(const struct lk_table *table);
bool lk_table_growing(const struct lk_table *table);

static inline uint8_t lk_table_tag(uint64_t hash) {
    uint8_t tag = (uint8_t)(hash >> 56);
    return tag == 0 ? 1 : tag;
}

static inline _Atomic uint32_t *lk_table_slot(const struct lk_table_place *place) {
    return &place->part->groups[place->group].refs[place->slot];
}

/* A bit for each slot of the group with the tag. */
static inline unsigned lk_table_matches(uint64_t low, uint64_t high, uint8_t tag) {
    __m128i tags = _mm_set_epi64x((long long)high, (long long)low);
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(tags, _mm_set1_epi8((char)tag))) & ((1U << LK_TABLE_SLOTS) - 1);
}

/* Whether ref is what is looked for. */
typedef bool (*lk_table_match)(const void *context, uint32_t ref, const void *key);

static inline __attribute__((always_inline)) bool lk_table_find_in(struct lk_table_part *part, uint64_t hash, lk_table_match match,
                                                                   const void *context, const void *key, struct lk_table_place *ret) {
    uint8_t tag = lk_table_tag(hash);
    for (size_t i = 0; i <= part->mask; i++) {
        size_t at = (hash + i) & part->mask;
        struct lk_table_group *group = &part->groups[at];
        uint64_t low = atomic_load_explicit(&group->tags[0], memory_order_acquire);
        uint64_t high = atomic_load_explicit(&group->tags[1], memory_order_acquire);
        for (unsigned found = lk_table_matches(low, high, tag); found != 0; found &= found - 1) {
            unsigned slot = (unsigned)__builtin_ctz(found);
            uint32_t ref = atomic_load_explicit(&group->refs[slot], memory_order_acquire);
            if (ref != 0 && match(context, ref, key)) {
                *ret = (struct lk_table_place){part, at, slot, ref};
                return true;
            }
        }
        if (high >> 32 == 0)
            return false;
    }
    return false;
}

/* Reader or writer. match is called for each candidate; with constants it is compiled in. */
static inline __attribute__((always_inline)) bool lk_table_find(const struct lk_table *table, uint64_t hash, lk_table_match match,
                                                                const void *context, const void *key, struct lk_table_place *ret) {
    const struct lk_table_view *view = atomic_load_explicit(&table->view, memory_order_acquire);
    if (view->old != NULL && lk_table_find_in(view->old, hash, match, context, key, ret))
        return true;
    return lk_table_find_in(view->now, hash, match, context, key, ret);
}

/* Reader. Asks for the cache line that lk_table_find will look at first. */
static inline void lk_table_prefetch(const struct lk_table *table, uint64_t hash) {
    const struct lk_table_view *view = atomic_load_explicit(&table->view, memory_order_acquire);
    if (view->old != NULL)
        __builtin_prefetch(&view->old->groups[hash & view->old->mask]);
    __builtin_prefetch(&view->now->groups[hash & view->now->mask]);
}

/* Reader. The first reference whose tag fits, or 0: what lk_table_find will most likely ask about first. */
static inline uint32_t lk_table_guess(const struct lk_table *table, uint64_t hash) {
    const struct lk_table_view *view = atomic_load_explicit(&table->view, memory_order_acquire);
    struct lk_table_part *parts[2] = {view->old, view->now};
    for (unsigned i = 0; i < 2; i++) {
        if (parts[i] == NULL)
            continue;
        struct lk_table_group *group = &parts[i]->groups[hash & parts[i]->mask];
        unsigned found = lk_table_matches(atomic_load_explicit(&group->tags[0], memory_order_acquire),
                                          atomic_load_explicit(&group->tags[1], memory_order_acquire), lk_table_tag(hash));
        if (found != 0)
            return atomic_load_explicit(&group->refs[__builtin_ctz(found)], memory_order_acquire);
    }
    return 0;
}

#endif
