/*
 * A schema's inside, shared by the files that build, check and read it.
 *
 * Every struct gql_type, wherever it comes from, is the first member of a struct gql_type_node. Nodes of a schema are interned: one node a
 * named type, at most one list and one non-null node around each, so that equal types of a schema are the same pointer.
 */
#ifndef GQL_SCHEMA_INTERNAL_H
#define GQL_SCHEMA_INTERNAL_H

#include "base/arena.h"
#include "graphql/names.h"
#include "graphql/schema.h"

struct gql_part { /* a definition or extension of a type or of the schema */
    struct gql_part *next;
    const struct gql_definition *node;
};

struct gql_parts {
    struct gql_part *first;
    struct gql_part *last;
};

struct gql_type_node {
    struct gql_type type;
    struct gql_type_node *list;     /* the list of it, or NULL */
    struct gql_type_node *non_null; /* the non-null of it, or NULL */
    struct gql_names members;       /* fields, input fields or enum values by name */
    uint8_t *subtypes;              /* interface, union: bits by index of the types that are subtypes of it */
    struct gql_parts parts;         /* its definition, then its extensions, in source order */
    bool collected;                 /* it has its place in the order, or will get it */
};

struct gql_schema {
    struct lk_arena arena;
    struct gql_document *document; /* the SDL's */
    struct gql_type_node **types;  /* by index */
    size_t types_len;
    struct gql_names types_by_name;
    struct gql_directive_def *directives;
    const struct gql_definition **directive_nodes; /* beside directives; NULL for a built-in one */
    size_t directives_len;
    struct gql_names directives_by_name;
    const struct gql_type *roots[3]; /* by enum gql_operation_kind */
    struct gql_type_node *meta;      /* __schema, __type and __typename, as fields */
    struct gql_parts schema_parts;
    struct lk_slice description;
};

static inline struct gql_type_node *gql_type_node(const struct gql_type *type) {
    return (struct gql_type_node *)(uintptr_t)type;
}

/* SDL of the built-in definitions; and of a type whose fields are __schema, __type and __typename, in this order. */
extern const char gql_builtin_sdl[];
extern const char gql_meta_sdl[];

/* --- checks; they add errors and return 0, or LK_ENOMEM --- */

/* graphql-js's validateSDL: the document alone. builtin: the document of gql_builtin_sdl. */
int gql_sdl_check(const struct gql_document *document, const struct gql_document *builtin, struct gql_errors *errors);

/* graphql-js's validateSchema: the built types, whose default values are not coerced yet. */
int gql_schema_check(const struct gql_schema *schema, struct gql_errors *errors);

/* Coerces every default value. 0, LK_EINVAL after adding an error, or LK_ENOMEM. */
int gql_schema_coerce_defaults(struct gql_schema *schema, struct gql_errors *errors);

/* A growing list of positions for an error; overflow of memory shows when it is added. */
struct gql_places {
    struct lk_arena *arena;
    gql_pos *at;
    size_t len;
    size_t cap;
    bool failed;
};
void gql_places_add(struct gql_places *places, gql_pos at);

#endif
