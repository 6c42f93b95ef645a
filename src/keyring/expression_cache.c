#include "keyring/expression.h"

#include <stdlib.h>

/* Two places for each text, by its hash: the one used longer ago gives way. */
#define WAYS 2

struct place {
    uint64_t hash;
    struct lk_expression *expression; /* NULL: free */
};

struct pair {
    struct place places[WAYS]; /* the last used first */
};

struct lk_expression_cache {
    const struct lk_vocabulary *vocabulary;
    size_t mask;
    struct pair pairs[];
};

int lk_expression_cache_open(const struct lk_vocabulary *vocabulary, size_t entries, struct lk_expression_cache **ret) {
    size_t pairs = 1;
    while (pairs * WAYS < entries && pairs < 65536 / WAYS)
        pairs *= 2;
    struct lk_expression_cache *cache = calloc(1, sizeof *cache + pairs * sizeof cache->pairs[0]);
    if (cache == NULL)
        return LK_ENOMEM;
    cache->vocabulary = vocabulary;
    cache->mask = pairs - 1;
    *ret = cache;
    return 0;
}

void lk_expression_cache_close(struct lk_expression_cache *cache) {
    if (cache == NULL)
        return;
    for (size_t i = 0; i <= cache->mask; i++) {
        for (size_t way = 0; way < WAYS; way++)
            lk_expression_free(cache->pairs[i].places[way].expression);
    }
    free(cache);
}

/* FNV-1a. Not keyed: two texts that collide only push each other out. */
static uint64_t hash_of(struct lk_slice text) {
    uint64_t hash = 0xCBF29CE484222325;
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * 0x100000001B3;
    return hash ^ hash >> 32;
}

static bool is_at(const struct place *place, uint64_t hash, struct lk_slice text) {
    return place->expression != NULL && place->hash == hash && lk_slice_equal(lk_expression_text(place->expression), text);
}

int lk_expression_cache_get(struct lk_expression_cache *cache, struct lk_slice text, const struct lk_expression **ret,
                            struct lk_expression_error *error) {
    uint64_t hash = hash_of(text);
    struct place *places = cache->pairs[hash & cache->mask].places;
    struct place used;
    if (is_at(&places[0], hash, text)) {
        *ret = places[0].expression;
        return 0;
    }
    if (is_at(&places[1], hash, text)) {
        used = places[1];
    } else {
        used.hash = hash;
        int code = lk_expression_compile(cache->vocabulary, text, &used.expression, error);
        if (code != 0)
            return code;
        lk_expression_free(places[1].expression);
    }
    places[1] = places[0];
    places[0] = used;
    *ret = used.expression;
    return 0;
}
