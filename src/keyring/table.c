#include "keyring/table.h"

#include "base/error.h"
#include "keyring/grace.h"

#include <stdlib.h>

/* References a group may hold on average before the table is to grow: more makes overflow common, fewer wastes memory. While the next part is being
 * made, which takes long when it is large, a few more are taken in. */
#define LOAD 10
#define LOAD_MAX 11
#define GROUPS_MIN 16

/* Groups moved by a step. Growth doubles the groups, and at least LOAD insertions a group of the old part go by before the next: one would do;
 * but the keyring steps its two tables in turn. */
#define STEP_GROUPS 8

#define OVERFLOW_ONE ((uint64_t)1 << 32)

static size_t part_bytes(const struct lk_table_part *part) {
    return (part->mask + 1) * sizeof(struct lk_table_group);
}

static struct lk_table_part *part_new(size_t groups) {
    struct lk_table_part *part = calloc(1, sizeof *part);
    if (part == NULL)
        return NULL;
    part->mask = groups - 1;
    part->groups = lk_pages_map(part_bytes(part));
    if (part->groups == NULL) {
        free(part);
        return NULL;
    }
    part->job = (struct lk_pages_job){.memory = (char *)part->groups, .bytes = part_bytes(part)};
    part->alone = (struct lk_table_view){NULL, part};
    return part;
}

static void part_free(struct lk_table *table, struct lk_table_part *part) {
    if (part == NULL)
        return;
    lk_maker_forget(table->maker, &part->job);
    lk_pages_unmap(part->groups, part_bytes(part));
    free(part);
}

static size_t groups_for(size_t len) {
    size_t groups = GROUPS_MIN;
    while (groups * LOAD < len)
        groups *= 2;
    return groups;
}

static const struct lk_table_view *present(const struct lk_table *table) {
    return atomic_load_explicit(&table->view, memory_order_relaxed);
}

int lk_table_open(struct lk_table *table, size_t expected, uint64_t (*hash)(const void *context, uint32_t ref), const void *context,
                  struct lk_maker *maker) {
    struct lk_table_part *part = part_new(groups_for(expected));
    if (part == NULL)
        return LK_ENOMEM;
    *table = (struct lk_table){.hash = hash, .context = context, .maker = maker};
    atomic_store_explicit(&part->job.done, true, memory_order_relaxed);
    atomic_init(&table->view, &part->alone);
    return 0;
}

void lk_table_close(struct lk_table *table) {
    const struct lk_table_view *view = present(table);
    part_free(table, view->old);
    part_free(table, view->now);
    part_free(table, table->spare);
}

/* A tag's word and its shift within. */
static _Atomic uint64_t *tag_word(struct lk_table_group *group, unsigned slot, unsigned *ret_shift) {
    *ret_shift = slot % 8 * 8;
    return &group->tags[slot / 8];
}

static void set_tag(struct lk_table_group *group, unsigned slot, uint8_t tag) {
    unsigned shift;
    _Atomic uint64_t *word = tag_word(group, slot, &shift);
    uint64_t value = atomic_load_explicit(word, memory_order_relaxed);
    value = (value & ~((uint64_t)0xFF << shift)) | (uint64_t)tag << shift;
    atomic_store_explicit(word, value, memory_order_release);
}

static void add_overflow(struct lk_table_group *group, uint64_t delta) {
    uint64_t value = atomic_load_explicit(&group->tags[1], memory_order_relaxed);
    atomic_store_explicit(&group->tags[1], value + delta, memory_order_release);
}

static unsigned free_slots(const struct lk_table_group *group) {
    return lk_table_matches(atomic_load_explicit(&group->tags[0], memory_order_relaxed),
                            atomic_load_explicit(&group->tags[1], memory_order_relaxed), 0);
}

static void part_insert(struct lk_table_part *part, uint64_t hash, uint32_t ref) {
    size_t at = hash & part->mask;
    while (free_slots(&part->groups[at]) == 0) {
        add_overflow(&part->groups[at], OVERFLOW_ONE);
        at = (at + 1) & part->mask;
    }
    struct lk_table_group *group = &part->groups[at];
    unsigned slot = (unsigned)__builtin_ctz(free_slots(group));
    atomic_store_explicit(&group->refs[slot], ref, memory_order_release);
    set_tag(group, slot, lk_table_tag(hash));
}

static void part_remove(struct lk_table_part *part, uint64_t hash, size_t at, unsigned slot) {
    set_tag(&part->groups[at], slot, 0);
    atomic_store_explicit(&part->groups[at].refs[slot], 0, memory_order_release);
    for (size_t passed = hash & part->mask; passed != at; passed = (passed + 1) & part->mask)
        add_overflow(&part->groups[passed], -OVERFLOW_ONE);
}

static void move_group(struct lk_table *table, const struct lk_table_view *view, size_t at) {
    struct lk_table_group *group = &view->old->groups[at];
    unsigned used = ~free_slots(group) & ((1U << LK_TABLE_SLOTS) - 1);
    uint64_t hashes[LK_TABLE_SLOTS];
    for (unsigned bits = used; bits != 0; bits &= bits - 1) {
        unsigned slot = (unsigned)__builtin_ctz(bits);
        hashes[slot] = table->hash(table->context, atomic_load_explicit(&group->refs[slot], memory_order_relaxed));
    }
    for (unsigned bits = used; bits != 0; bits &= bits - 1) {
        unsigned slot = (unsigned)__builtin_ctz(bits);
        part_insert(view->now, hashes[slot], atomic_load_explicit(&group->refs[slot], memory_order_relaxed));
        part_remove(view->old, hashes[slot], at, slot);
    }
}

/* A reader may still have the view with `old`, or be inside `old`: it is given back after a grace period. */
static void finish_growth(struct lk_table *table, const struct lk_table_view *view) {
    atomic_store_explicit(&table->view, &view->now->alone, memory_order_release);
    lk_grace_wait();
    lk_maker_forget(table->maker, &view->old->job);
    lk_maker_give_back(table->maker, &view->old->job);
}

static void move_some(struct lk_table *table, size_t groups) {
    const struct lk_table_view *view = present(table);
    if (view->old == NULL)
        return;
    size_t len = view->old->mask + 1;
    for (; groups > 0 && table->moved < len; groups--)
        move_group(table, view, table->moved++);
    if (table->moved == len)
        finish_growth(table, view);
}

void lk_table_step(struct lk_table *table) {
    move_some(table, STEP_GROUPS);
}

static bool has_room(const struct lk_table_part *part, size_t load, size_t len) {
    return (part->mask + 1) * load >= len;
}

static int make_spare(struct lk_table *table, size_t len) {
    struct lk_table_part *spare = part_new(groups_for(len));
    if (spare == NULL)
        return LK_ENOMEM;
    part_free(table, table->spare);
    table->spare = spare;
    lk_maker_prepare(table->maker, &spare->job);
    return 0;
}

int lk_table_reserve(struct lk_table *table, size_t extra) {
    size_t len = table->len + extra;
    const struct lk_table_part *now = present(table)->now;
    if (has_room(now, LOAD, len) || (table->spare != NULL && has_room(table->spare, LOAD, len)))
        return 0;
    int code = make_spare(table, len);
    return has_room(now, LOAD_MAX, len) ? 0 : code; /* it will be tried again */
}

static void begin_growth(struct lk_table *table) {
    move_some(table, SIZE_MAX); /* one growth at a time; a batch larger than the table can come here before the last has ended */
    struct lk_table_part *now = table->spare;
    table->spare = NULL;
    now->growing = (struct lk_table_view){present(table)->now, now};
    atomic_store_explicit(&table->view, &now->growing, memory_order_release);
    table->moved = 0;
    lk_grace_wait(); /* invariant 4 */
}

/* When it is time, as soon as the pages of the next part are there; when there is no room left, at once. */
static bool must_grow(const struct lk_table *table, const struct lk_table_part *now) {
    if (has_room(now, LOAD, table->len + 1) || table->spare == NULL)
        return false;
    return !has_room(now, LOAD_MAX, table->len + 1) || atomic_load_explicit(&table->spare->job.done, memory_order_acquire);
}

void lk_table_insert(struct lk_table *table, uint64_t hash, uint32_t ref) {
    if (must_grow(table, present(table)->now))
        begin_growth(table);
    part_insert(present(table)->now, hash, ref);
    table->len++;
}

void lk_table_remove(struct lk_table *table, const struct lk_table_place *place) {
    part_remove(place->part, table->hash(table->context, place->ref), place->group, place->slot);
    table->len--;
}

void lk_table_replace(const struct lk_table_place *place, uint32_t ref) {
    atomic_store_explicit(lk_table_slot(place), ref, memory_order_release);
}

size_t lk_table_bytes(const struct lk_table *table) {
    const struct lk_table_view *view = present(table);
    return part_bytes(view->now) + (view->old == NULL ? 0 : part_bytes(view->old)) + (table->spare == NULL ? 0 : part_bytes(table->spare));
}

bool lk_table_growing(const struct lk_table *table) {
    return present(table)->old != NULL;
}
