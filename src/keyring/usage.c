#include "keyring/usage.h"

#include <stdatomic.h>
#include <stdlib.h>

#define KEYS_MIN 16
#define KEYS_MAX ((size_t)1 << 24)

/* A table takes new keys until three quarters of its places are in use: searches stay short. */
struct table {
    size_t len;
    size_t mask;
    struct lk_usage_count places[]; /* free where last_used_ms is FREE */
};

#define FREE INT64_MIN

struct lk_usage {
    struct table *active; /* the reader's */
    /* Ownership of the other table moves by these: release by who gives, acquire by who takes. */
    _Atomic(struct table *) offered; /* reader to background */
    _Atomic(struct table *) spare;   /* background to reader: empty */
    _Atomic uint64_t lost;
};

static void clear(struct table *table) {
    table->len = 0;
    for (size_t i = 0; i <= table->mask; i++)
        table->places[i].last_used_ms = FREE;
}

static struct table *table_new(size_t places) {
    struct table *table = calloc(1, sizeof *table + places * sizeof table->places[0]);
    if (table != NULL) {
        table->mask = places - 1;
        clear(table);
    }
    return table;
}

int lk_usage_open(size_t keys, struct lk_usage **ret) {
    size_t places = KEYS_MIN;
    while (places / 4 * 3 < keys && places < KEYS_MAX)
        places *= 2;
    struct lk_usage *usage = calloc(1, sizeof *usage);
    struct table *active = table_new(places);
    struct table *spare = table_new(places);
    if (usage == NULL || active == NULL || spare == NULL) {
        free(spare);
        free(active);
        free(usage);
        return LK_ENOMEM;
    }
    usage->active = active;
    atomic_init(&usage->spare, spare);
    *ret = usage;
    return 0;
}

void lk_usage_close(struct lk_usage *usage) {
    if (usage == NULL)
        return;
    free(usage->active);
    free(atomic_load(&usage->offered));
    free(atomic_load(&usage->spare));
    free(usage);
}

/* The key's place, made if there is none; NULL when the table is full. Ids are random: some of their bits are the hash. */
static struct lk_usage_count *find(struct table *table, const struct lk_id *key) {
    uint64_t hash;
    memcpy(&hash, key->bytes, sizeof hash);
    hash *= 0x9E3779B97F4A7C15;
    for (size_t i = (size_t)(hash >> 32) & table->mask;; i = (i + 1) & table->mask) {
        struct lk_usage_count *place = &table->places[i];
        if (place->last_used_ms != FREE) {
            if (lk_id_equal(&place->key, key))
                return place;
            continue;
        }
        if (table->len > table->mask / 4 * 3)
            return NULL;
        table->len++;
        *place = (struct lk_usage_count){.key = *key};
        return place;
    }
}

void lk_usage_add(struct lk_usage *usage, const struct lk_id *key, unsigned outcome, int64_t now_ms) {
    struct lk_usage_count *place = find(usage->active, key);
    if (place == NULL) {
        lk_usage_offer(usage);
        place = find(usage->active, key);
    }
    if (place == NULL) {
        atomic_fetch_add_explicit(&usage->lost, 1, memory_order_relaxed);
        return;
    }
    place->last_used_ms = now_ms;
    if (place->outcomes[outcome] != UINT32_MAX)
        place->outcomes[outcome]++;
}

void lk_usage_offer(struct lk_usage *usage) {
    if (usage->active->len == 0)
        return;
    struct table *spare = atomic_load_explicit(&usage->spare, memory_order_acquire);
    if (spare == NULL)
        return; /* the last offer is still with the background thread */
    atomic_store_explicit(&usage->spare, NULL, memory_order_relaxed);
    atomic_store_explicit(&usage->offered, usage->active, memory_order_release);
    usage->active = spare;
}

size_t lk_usage_take(struct lk_usage *usage, void (*each)(void *context, const struct lk_usage_count *count), void *context) {
    struct table *table = atomic_load_explicit(&usage->offered, memory_order_acquire);
    if (table == NULL)
        return 0;
    atomic_store_explicit(&usage->offered, NULL, memory_order_relaxed);
    size_t len = table->len;
    for (size_t i = 0; i <= table->mask; i++) {
        if (table->places[i].last_used_ms != FREE)
            each(context, &table->places[i]);
    }
    clear(table);
    atomic_store_explicit(&usage->spare, table, memory_order_release);
    return len;
}

uint64_t lk_usage_lost(const struct lk_usage *usage) {
    return atomic_load_explicit(&usage->lost, memory_order_relaxed);
}
