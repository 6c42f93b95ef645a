#include "keyring/usage_table.h"

#include <stdlib.h>

/* Of the index, which doubles when three quarters are taken: searches stay short, and the index of few counts fits a near cache. */
#define PLACES_MIN ((size_t)64)
#define PLACES_USED(places) ((places) / 4 * 3)

#define POSITION_BITS 21
#define POSITION_MAX (((uint32_t)1 << POSITION_BITS) - 1)

/* Uses that are added up together, because one alone would wait for memory that no cache holds. */
#define TOGETHER ((size_t)16)

struct lk_usage_table {
    size_t len;
    size_t max;
    size_t mask;
    uint32_t *index; /* positions in counts, from 1; 0: free */
    struct lk_usage_count *counts;
};

int lk_usage_table_open(size_t counts, struct lk_usage_table **ret) {
    struct lk_usage_table *table = calloc(1, sizeof *table);
    if (table == NULL)
        return LK_ENOMEM;
    table->max = counts < POSITION_MAX ? counts : POSITION_MAX;
    table->mask = PLACES_MIN - 1;
    table->index = calloc(PLACES_MIN, sizeof table->index[0]);
    table->counts = calloc(table->max, sizeof table->counts[0]);
    if (table->index == NULL || table->counts == NULL) {
        lk_usage_table_close(table);
        return LK_ENOMEM;
    }
    *ret = table;
    return 0;
}

void lk_usage_table_close(struct lk_usage_table *table) {
    if (table == NULL)
        return;
    free(table->index);
    free(table->counts);
    free(table);
}

/* Ids begin with when they were made, and those made together begin alike: both halves count. */
static uint64_t hash_of(const struct lk_id *key, int64_t hour) {
    uint64_t halves[2];
    memcpy(halves, key->bytes, sizeof halves);
    return (halves[0] + (uint64_t)hour) * 0x9E3779B97F4A7C15 + halves[1] * 0xC2B2AE3D27D4EB4F;
}

/* Where the search begins. */
static size_t home_of(const struct lk_usage_table *table, uint64_t hash) {
    return (size_t)(hash >> 32) & table->mask;
}

/* Of the index: the position of a count, from 1, and above it a tag out of the hash, so that hardly ever another key's count is looked at. */
static uint32_t entry_of(uint64_t hash, size_t position) {
    return (uint32_t)hash << POSITION_BITS | (uint32_t)position;
}

static size_t position_of(uint32_t entry) {
    return entry & POSITION_MAX;
}

/* The first place from i on that is free or has the hash's tag. */
static size_t likely_place(const struct lk_usage_table *table, size_t i, uint64_t hash) {
    while (table->index[i] != 0 && (table->index[i] ^ entry_of(hash, 0)) > POSITION_MAX)
        i = (i + 1) & table->mask;
    return i;
}

/* The place in the index of the count of a key in an hour, or the free one where it belongs. */
static size_t place_of(const struct lk_usage_table *table, const struct lk_id *key, int64_t hour, uint64_t hash) {
    size_t i = likely_place(table, home_of(table, hash), hash);
    while (table->index[i] != 0) {
        const struct lk_usage_count *count = &table->counts[position_of(table->index[i]) - 1];
        if (lk_id_equal(&count->key, key) && count->last_used_ms / LK_USAGE_HOUR_MS == hour)
            break;
        i = likely_place(table, (i + 1) & table->mask, hash);
    }
    return i;
}

/* Doubles the index. false when there is no memory. */
static bool grow(struct lk_usage_table *table) {
    size_t places = (table->mask + 1) * 2;
    uint32_t *index = calloc(places, sizeof index[0]);
    if (index == NULL)
        return false;
    free(table->index);
    table->index = index;
    table->mask = places - 1;
    for (size_t i = 0; i < table->len; i++) {
        struct lk_usage_count *count = &table->counts[i];
        uint64_t hash = hash_of(&count->key, count->last_used_ms / LK_USAGE_HOUR_MS);
        size_t at = home_of(table, hash);
        while (index[at] != 0)
            at = (at + 1) & table->mask;
        index[at] = entry_of(hash, i + 1);
        count->slot = (uint32_t)at;
    }
    return true;
}

/* The count of a key in the hour of now_ms, made if there is none; NULL when the table is full. */
static struct lk_usage_count *find(struct lk_usage_table *table, const struct lk_id *key, const struct lk_id *account, int64_t now_ms) {
    int64_t hour = now_ms / LK_USAGE_HOUR_MS;
    uint64_t hash = hash_of(key, hour);
    size_t i = place_of(table, key, hour, hash);
    if (table->index[i] != 0)
        return &table->counts[position_of(table->index[i]) - 1];
    if (table->len == table->max)
        return NULL;
    if (table->len == PLACES_USED(table->mask + 1)) {
        if (!grow(table))
            return NULL;
        i = place_of(table, key, hour, hash);
    }
    struct lk_usage_count *count = &table->counts[table->len++];
    *count = (struct lk_usage_count){.key = *key, .account = *account, .last_used_ms = now_ms, .slot = (uint32_t)i};
    table->index[i] = entry_of(hash, table->len);
    return count;
}

bool lk_usage_table_add(struct lk_usage_table *table, const struct lk_id *key, const struct lk_id *account, unsigned outcome,
                        int64_t now_ms) {
    struct lk_usage_count *count = find(table, key, account, now_ms);
    if (count == NULL)
        return false;
    if (now_ms > count->last_used_ms)
        count->last_used_ms = now_ms;
    if (outcome < LK_USAGE_OUTCOMES && count->outcomes[outcome] != UINT32_MAX)
        count->outcomes[outcome]++;
    return true;
}

/* Asks for the memory in which a search begins, and, once that is there, for the count that it most likely leads to: the next new one, where there is
 * none yet. */
static void fetch_place(const struct lk_usage_table *table, const struct lk_id *key, int64_t now_ms) {
    __builtin_prefetch(&table->index[home_of(table, hash_of(key, now_ms / LK_USAGE_HOUR_MS))]);
}

static void fetch_count(const struct lk_usage_table *table, const struct lk_id *key, int64_t now_ms) {
    uint64_t hash = hash_of(key, now_ms / LK_USAGE_HOUR_MS);
    size_t position = position_of(table->index[likely_place(table, home_of(table, hash), hash)]);
    const char *count = (const char *)&table->counts[position != 0 ? position - 1 : table->len < table->max ? table->len : 0];
    __builtin_prefetch(count, 1);
    __builtin_prefetch(count + sizeof table->counts[0] - 1, 1); /* it lies across two cache lines */
}

static size_t add_some(struct lk_usage_table *table, const struct lk_usage_event *events, size_t len) {
    for (size_t i = 0; i < len; i++)
        fetch_place(table, &events[i].key, events[i].now_ms);
    for (size_t i = 0; i < len; i++)
        fetch_count(table, &events[i].key, events[i].now_ms);
    size_t refused = 0;
    for (size_t i = 0; i < len; i++)
        refused += !lk_usage_table_add(table, &events[i].key, &events[i].account, events[i].outcome, events[i].now_ms);
    return refused;
}

size_t lk_usage_table_add_many(struct lk_usage_table *table, const struct lk_usage_event *events, size_t len) {
    size_t refused = 0;
    for (size_t i = 0; i < len; i += TOGETHER)
        refused += add_some(table, events + i, len - i < TOGETHER ? len - i : TOGETHER);
    return refused;
}

bool lk_usage_table_merge(struct lk_usage_table *table, const struct lk_usage_count *from) {
    struct lk_usage_count *count = find(table, &from->key, &from->account, from->last_used_ms);
    if (count == NULL)
        return false;
    if (from->last_used_ms > count->last_used_ms)
        count->last_used_ms = from->last_used_ms;
    for (size_t i = 0; i < LK_USAGE_OUTCOMES; i++) {
        uint32_t room = UINT32_MAX - count->outcomes[i];
        count->outcomes[i] += from->outcomes[i] < room ? from->outcomes[i] : room;
    }
    return true;
}

void lk_usage_table_fetch(const struct lk_usage_table *table, const struct lk_usage_count *counts, size_t len) {
    for (size_t i = 0; i < len; i++)
        fetch_place(table, &counts[i].key, counts[i].last_used_ms);
    for (size_t i = 0; i < len; i++)
        fetch_count(table, &counts[i].key, counts[i].last_used_ms);
}

bool lk_usage_table_find(const struct lk_usage_table *table, const struct lk_id *key, int64_t now_ms, size_t *ret) {
    int64_t hour = now_ms / LK_USAGE_HOUR_MS;
    size_t position = position_of(table->index[place_of(table, key, hour, hash_of(key, hour))]);
    if (position == 0)
        return false;
    *ret = position - 1;
    return true;
}

size_t lk_usage_table_len(const struct lk_usage_table *table) {
    return table->len;
}

const struct lk_usage_count *lk_usage_table_at(const struct lk_usage_table *table, size_t index) {
    return &table->counts[index];
}

static int compare(const void *left, const void *right) {
    const struct lk_usage_count *a = left, *b = right;
    int64_t hour_a = a->last_used_ms / LK_USAGE_HOUR_MS, hour_b = b->last_used_ms / LK_USAGE_HOUR_MS;
    return hour_a != hour_b ? (hour_a < hour_b ? -1 : 1) : memcmp(a->key.bytes, b->key.bytes, LK_ID_BYTES);
}

void lk_usage_table_sort(struct lk_usage_table *table) {
    qsort(table->counts, table->len, sizeof table->counts[0], compare);
}

void lk_usage_table_clear(struct lk_usage_table *table) {
    for (size_t i = 0; i < table->len; i++)
        table->index[table->counts[i].slot] = 0;
    table->len = 0;
}
