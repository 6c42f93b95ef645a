/*
 * A map from names to pointers for building and reading schemas: open addressing in arena memory. It is for the names of a type system, which
 * its author chose; a client can only look names up, and a lookup never costs more than the fullest run of slots.
 */
#ifndef GQL_NAMES_H
#define GQL_NAMES_H

#include "base/arena.h"

struct gql_names_slot {
    struct lk_slice name; /* ptr NULL: free */
    const void *value;
};

struct gql_names {
    struct gql_names_slot *slots; /* NULL while empty */
    size_t cap;                   /* a power of two, or 0 */
    size_t len;
};

/* The value of a name, or NULL. A zeroed map is empty. */
const void *gql_names_get(const struct gql_names *names, struct lk_slice name);

/* Maps name (not copied, ptr not NULL) to value (not NULL), replacing what was there. 0 or LK_ENOMEM, the map then being as before. */
int gql_names_put(struct gql_names *names, struct lk_arena *arena, struct lk_slice name, const void *value);

#endif
