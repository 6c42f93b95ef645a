#include "domain/permission_cache.h"

#include <stdlib.h>

/* Slots; half of them filled at most, so that a search ends soon. */
#define SLOTS ((size_t)1024)
#define ENTRIES_MAX (SLOTS / 2)

/* Most memory of the sets and their texts. */
#define BYTES_MAX ((size_t)8 << 20)

struct entry {
    struct lk_slice document; /* ptr NULL: the slot is free */
    struct lk_permissions permissions;
};

struct lk_permission_cache {
    struct lk_arena arena;
    size_t entries_len;
    bool full; /* something found no room since it was emptied */
    struct entry slots[SLOTS];
};

int lk_permission_cache_open(struct lk_permission_cache **ret) {
    struct lk_permission_cache *cache = calloc(1, sizeof(*cache));
    if (cache == NULL)
        return LK_ENOMEM;
    lk_arena_init(&cache->arena, BYTES_MAX);
    *ret = cache;
    return 0;
}

void lk_permission_cache_close(struct lk_permission_cache *cache) {
    if (cache == NULL)
        return;
    lk_arena_free(&cache->arena);
    free(cache);
}

void lk_permission_cache_trim(struct lk_permission_cache *cache) {
    if (!cache->full)
        return;
    lk_arena_reset(&cache->arena);
    memset(cache->slots, 0, sizeof(cache->slots));
    cache->entries_len = 0;
    cache->full = false;
}

/* FNV-1a. Documents are ours, in canonical form: nobody gains from making them collide, and the search is bounded by ENTRIES_MAX in any case. */
static size_t slot_of(struct lk_slice document) {
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < document.len; i++)
        hash = (hash ^ (unsigned char)document.ptr[i]) * UINT64_C(0x100000001B3);
    return (size_t)(hash >> 32) % SLOTS;
}

/* The entry of document, or the free slot where it belongs. */
static struct entry *find(struct lk_permission_cache *cache, struct lk_slice document) {
    size_t at = slot_of(document);
    while (cache->slots[at].document.ptr != NULL && !lk_slice_equal(cache->slots[at].document, document))
        at = (at + 1) % SLOTS;
    return &cache->slots[at];
}

int lk_permission_cache_read(struct lk_permission_cache *cache, struct lk_slice document, struct lk_arena *arena,
                             struct lk_permissions *ret) {
    struct entry *entry = find(cache, document);
    if (entry->document.ptr != NULL) {
        *ret = entry->permissions;
        return 0;
    }
    struct entry made;
    bool room = cache->entries_len < ENTRIES_MAX && lk_arena_copy(&cache->arena, document, &made.document) == 0;
    int code = room ? lk_permissions_read(made.document, &cache->arena, &made.permissions) : LK_ENOMEM;
    if (code == LK_ENOMEM) {
        cache->full = true;
        return lk_permissions_read(document, arena, ret);
    }
    if (code != 0)
        return code;
    *entry = made;
    cache->entries_len++;
    *ret = made.permissions;
    return 0;
}
