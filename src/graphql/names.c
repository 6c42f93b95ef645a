#include "graphql/names.h"

#include "base/error.h"

#include <stdint.h>

/* FNV-1a. */
static size_t hash(struct lk_slice name) {
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < name.len; i++)
        h = (h ^ (unsigned char)name.ptr[i]) * 0x100000001b3u;
    return (size_t)(h ^ h >> 32);
}

/* The slot of a name, or the free one where it belongs. There is always a free one. */
static struct gql_names_slot *find(const struct gql_names *names, struct lk_slice name) {
    size_t i = hash(name) & (names->cap - 1);
    while (names->slots[i].name.ptr != NULL && !lk_slice_equal(names->slots[i].name, name))
        i = (i + 1) & (names->cap - 1);
    return &names->slots[i];
}

const void *gql_names_get(const struct gql_names *names, struct lk_slice name) {
    return names->cap == 0 ? NULL : find(names, name)->value;
}

static int grow(struct gql_names *names, struct lk_arena *arena) {
    struct gql_names larger = {.cap = names->cap == 0 ? 8 : names->cap * 2, .len = names->len};
    larger.slots = lk_arena_calloc(arena, larger.cap, sizeof(*larger.slots));
    if (larger.slots == NULL)
        return LK_ENOMEM;
    for (size_t i = 0; i < names->cap; i++)
        if (names->slots[i].name.ptr != NULL)
            *find(&larger, names->slots[i].name) = names->slots[i];
    *names = larger;
    return 0;
}

int gql_names_put(struct gql_names *names, struct lk_arena *arena, struct lk_slice name, const void *value) {
    if (names->len >= names->cap / 2 && grow(names, arena) < 0)
        return LK_ENOMEM;
    struct gql_names_slot *slot = find(names, name);
    if (slot->name.ptr == NULL)
        names->len++;
    *slot = (struct gql_names_slot){name, value};
    return 0;
}
