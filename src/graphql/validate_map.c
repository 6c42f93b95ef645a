/*
 * Maps from texts to numbers, by open addressing over SipHash-1-3 (Aumasson and Bernstein) with a key that is drawn for every validation.
 */
#include "graphql/validate_internal.h"

#include "base/clock.h"

#include <sys/random.h>

static uint64_t rotate(uint64_t x, unsigned by) {
    return (x << by) | (x >> (64 - by));
}

static void sip_round(uint64_t s[4]) {
    s[0] += s[1];
    s[1] = rotate(s[1], 13) ^ s[0];
    s[0] = rotate(s[0], 32);
    s[2] += s[3];
    s[3] = rotate(s[3], 16) ^ s[2];
    s[0] += s[3];
    s[3] = rotate(s[3], 21) ^ s[0];
    s[2] += s[1];
    s[1] = rotate(s[1], 17) ^ s[2];
    s[2] = rotate(s[2], 32);
}

static uint64_t hash(const struct gql_v *v, struct lk_slice key) {
    uint64_t s[4] = {v->hash_key[0] ^ 0x736f6d6570736575u, v->hash_key[1] ^ 0x646f72616e646f6du, v->hash_key[0] ^ 0x6c7967656e657261u,
                     v->hash_key[1] ^ 0x7465646279746573u};
    size_t at = 0;
    for (; key.len - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, key.ptr + at, 8);
        s[3] ^= word;
        sip_round(s);
        s[0] ^= word;
    }
    uint64_t last = (uint64_t)key.len << 56;
    for (unsigned i = 0; at + i < key.len; i++)
        last |= (uint64_t)(unsigned char)key.ptr[at + i] << (8 * i);
    s[3] ^= last;
    sip_round(s);
    s[0] ^= last;
    s[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(s);
    return s[0] ^ s[1] ^ s[2] ^ s[3];
}

void gql_v_map_seed(struct gql_v *v) {
    if (getrandom(v->hash_key, sizeof(v->hash_key), GRND_NONBLOCK) == (ssize_t)sizeof(v->hash_key))
        return;
    v->hash_key[0] = (uint64_t)lk_clock_mono_ns();
    v->hash_key[1] = (uint64_t)(uintptr_t)v;
}

static struct gql_v_slot *find(const struct gql_v *v, const struct gql_v_map *map, struct lk_slice key) {
    size_t mask = map->cap - 1;
    for (size_t i = hash(v, key) & mask;; i = (i + 1) & mask) {
        struct gql_v_slot *slot = &map->slots[i];
        if (slot->key.ptr == NULL || lk_slice_equal(slot->key, key))
            return slot;
    }
}

static bool enlarge(struct gql_v *v, struct lk_arena *arena, struct gql_v_map *map) {
    struct gql_v_map larger = {.cap = map->cap == 0 ? 8 : map->cap * 2, .len = map->len};
    larger.slots = lk_arena_calloc(arena, larger.cap, sizeof(*larger.slots));
    if (larger.slots == NULL) {
        gql_v_fail(v);
        return false;
    }
    for (size_t i = 0; i < map->cap; i++)
        if (map->slots[i].key.ptr != NULL)
            *find(v, &larger, map->slots[i].key) = map->slots[i];
    *map = larger;
    return true;
}

size_t *gql_v_map_put(struct gql_v *v, struct lk_arena *arena, struct gql_v_map *map, struct lk_slice key) {
    if (map->len * 4 >= map->cap * 3 && !enlarge(v, arena, map))
        return NULL;
    struct gql_v_slot *slot = find(v, map, key);
    if (slot->key.ptr == NULL) {
        *slot = (struct gql_v_slot){key.ptr == NULL ? lk_slice_make("", 0) : key, GQL_V_NONE};
        map->len++;
    }
    return &slot->value;
}

size_t gql_v_map_get(const struct gql_v *v, const struct gql_v_map *map, struct lk_slice key) {
    if (map->cap == 0)
        return GQL_V_NONE;
    const struct gql_v_slot *slot = find(v, map, key);
    return slot->key.ptr == NULL ? GQL_V_NONE : slot->value;
}

size_t *gql_v_first_equal(struct gql_v *v, const struct lk_slice *names, size_t len) {
    enum { FEW = 12 }; /* comparing each with each is then quicker than hashing */
    size_t *first = gql_v_calloc(v, len, sizeof(*first));
    struct gql_v_map map = {0};
    for (size_t i = 0; first != NULL && i < len; i++) {
        if (len <= FEW) {
            while (!lk_slice_equal(names[first[i]], names[i]))
                first[i]++;
            continue;
        }
        size_t *value = gql_v_map_put(v, v->arena, &map, names[i]);
        if (value == NULL)
            return NULL;
        if (*value == GQL_V_NONE)
            *value = i;
        first[i] = *value;
    }
    return first;
}

static void report_repeated(struct gql_v *v, const struct lk_slice *names, const gql_pos *at, const size_t *first, size_t len,
                            const char *what) {
    size_t *next = gql_v_calloc(v, len, sizeof(*next)); /* of the same name, 0: none */
    size_t *last = gql_v_calloc(v, len, sizeof(*last));
    gql_pos *places = gql_v_calloc(v, len, sizeof(*places));
    if (next == NULL || last == NULL || places == NULL)
        return;
    for (size_t i = 0; i < len; i++) {
        if (first[i] != i)
            next[last[first[i]]] = i;
        last[first[i]] = i;
    }
    for (size_t i = 0; i < len && !v->stop; i++) {
        if (first[i] != i || next[i] == 0)
            continue;
        size_t count = 0;
        places[count++] = at[i];
        for (size_t j = next[i]; j != 0; j = next[j])
            places[count++] = at[j];
        gql_v_error(v, places, count, "There can be only one %s%.*s\".", what, GQL_SHOWN(names[i]));
    }
}

void gql_v_unique_names(struct gql_v *v, const struct lk_slice *names, const gql_pos *at, size_t len, const char *what) {
    const size_t *first = gql_v_first_equal(v, names, len);
    bool repeated = false;
    for (size_t i = 0; first != NULL && i < len; i++)
        repeated = repeated || first[i] != i;
    if (repeated)
        report_repeated(v, names, at, first, len, what);
}
