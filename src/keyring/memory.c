#include "keyring/grace.h"
#include "keyring/internal.h"

#include <malloc.h>
#include <stdlib.h>

#define BUCKETS_MIN 64

/* The allocator's own word before each block. */
#define BLOCK_OVERHEAD 8

void lk_small_adopt(struct lk_keyring *keyring, void *block) {
    lk_stat_add(&keyring->stat_small_bytes, (int64_t)(malloc_usable_size(block) + BLOCK_OVERHEAD));
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
    lk_stat_add(&keyring->stat_small_bytes, -(int64_t)(malloc_usable_size(block) + BLOCK_OVERHEAD));
    free(block);
}

int lk_map_open(struct lk_map *map) {
    struct lk_node **buckets = calloc(BUCKETS_MIN, sizeof(struct lk_node *));
    if (buckets == NULL)
        return LK_ENOMEM;
    map->buckets = buckets;
    map->mask = BUCKETS_MIN - 1;
    map->len = 0;
    return 0;
}

static void put(struct lk_map *map, struct lk_node *node) {
    struct lk_node **bucket = &map->buckets[node->hash & map->mask];
    node->next = *bucket;
    *bucket = node;
}

static void grow(struct lk_map *map) {
    struct lk_map larger = {calloc((map->mask + 1) * 2, sizeof(struct lk_node *)), map->mask * 2 + 1, map->len};
    if (larger.buckets == NULL)
        return;
    for (size_t i = 0; i <= map->mask; i++) {
        for (struct lk_node *node = map->buckets[i], *next; node != NULL; node = next) {
            next = node->next;
            put(&larger, node);
        }
    }
    free(map->buckets);
    *map = larger;
}

void lk_map_add(struct lk_map *map, struct lk_node *node) {
    if (map->len > map->mask)
        grow(map);
    put(map, node);
    map->len++;
}

void lk_map_remove(struct lk_map *map, struct lk_node *node) {
    struct lk_node **link = &map->buckets[node->hash & map->mask];
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
}

void lk_retire(struct lk_keyring *keyring, enum lk_retired_kind kind, uint32_t ref, void *ptr) {
    if (keyring->retired_len == LK_RETIRED_MAX)
        lk_retire_flush(keyring);
    keyring->retired[keyring->retired_len++] = (struct lk_retired){kind, ref, ptr};
}
