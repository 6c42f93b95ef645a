#include "keyring/grace.h"
#include "keyring/internal.h"

#include <malloc.h>
#include <stdlib.h>

#define BUCKETS_MIN 64

/* Moved by an addition. As many additions as there are old buckets go by before the next growth: one would do. */
#define STEP_BUCKETS 2

/* The allocator's own word before each block. */
#define BLOCK_OVERHEAD 8

size_t lk_small_size(void *block) {
    return malloc_usable_size(block) + BLOCK_OVERHEAD;
}

void lk_small_adopt(struct lk_keyring *keyring, void *block) {
    lk_stat_add(&keyring->stat_small_bytes, (int64_t)lk_small_size(block));
}

void *lk_small_alloc(struct lk_keyring *keyring, size_t bytes) {
    void *block = calloc(1, bytes);
    if (block != NULL)
        lk_small_adopt(keyring, block);
    return block;
}

void lk_small_free(struct lk_keyring *keyring, void *block) {
    if (block == NULL)
        return;
    lk_stat_add(&keyring->stat_small_bytes, -(int64_t)lk_small_size(block));
    free(block);
}

int lk_map_open(struct lk_map *map) {
    struct lk_node **buckets = calloc(BUCKETS_MIN, sizeof(struct lk_node *));
    if (buckets == NULL)
        return LK_ENOMEM;
    *map = (struct lk_map){.buckets = buckets, .mask = BUCKETS_MIN - 1};
    return 0;
}

static void put(struct lk_map *map, struct lk_node *node) {
    struct lk_node **bucket = lk_map_link(map, node->hash);
    node->next = *bucket;
    *bucket = node;
}

static void begin_growth(struct lk_map *map) {
    struct lk_node **larger = calloc((map->mask + 1) * 2, sizeof(struct lk_node *));
    if (larger == NULL)
        return;
    map->old = map->buckets;
    map->buckets = larger;
    map->mask = map->mask * 2 + 1;
    map->moved = 0;
}

static void move_bucket(struct lk_map *map) {
    struct lk_node *node = map->old[map->moved++];
    for (struct lk_node *next; node != NULL; node = next) {
        next = node->next;
        put(map, node);
    }
}

static void move_some(struct lk_map *map, size_t buckets) {
    size_t len = map->mask / 2 + 1;
    for (; buckets > 0 && map->moved < len; buckets--)
        move_bucket(map);
    if (map->moved < len)
        return;
    free(map->old);
    map->old = NULL;
}

void lk_map_settle(struct lk_map *map) {
    if (map->old != NULL)
        move_some(map, SIZE_MAX);
}

void lk_map_add(struct lk_map *map, struct lk_node *node) {
    if (map->old == NULL && map->len > map->mask)
        begin_growth(map);
    if (map->old != NULL)
        move_some(map, STEP_BUCKETS);
    put(map, node);
    map->len++;
}

void lk_map_remove(struct lk_map *map, struct lk_node *node) {
    struct lk_node **link = lk_map_link(map, node->hash);
    while (*link != node)
        link = &(*link)->next;
    *link = node->next;
    map->len--;
}

void lk_retire_flush(struct lk_keyring *keyring) {
    if (keyring->retired_len == 0)
        return;
    lk_grace_wait();
    for (size_t i = 0; i < keyring->retired_len; i++) {
        const struct lk_retired *retired = &keyring->retired[i];
        switch (retired->kind) {
        case LK_RETIRED_ENTRY: lk_entry_free(keyring, retired->ref); break;
        case LK_RETIRED_SET: lk_small_free(keyring, retired->ptr); break;
        case LK_RETIRED_SLOT: lk_slot_free(keyring, retired->ptr); break;
        }
    }
    keyring->retired_len = 0;
    keyring->retired_bytes = 0;
}

void lk_retire(struct lk_keyring *keyring, enum lk_retired_kind kind, uint32_t ref, void *ptr) {
    if (keyring->retired_len == LK_RETIRED_MAX || keyring->retired_bytes > LK_RETIRED_BYTES)
        lk_retire_flush(keyring);
    keyring->retired[keyring->retired_len++] = (struct lk_retired){kind, ref, ptr};
    if (kind != LK_RETIRED_ENTRY)
        keyring->retired_bytes += lk_small_size(kind == LK_RETIRED_SET ? ptr : ((struct lk_set_slot *)ptr)->latest);
}
