/* Coercion between the outside and the type system (3.5, 3.12, 6.1.2, 6.4.1, 6.4.3), for execution. gql_coerce_literal is in execute.h. */
#ifndef GQL_COERCE_H
#define GQL_COERCE_H

#include "graphql/execute.h"

/* Why something could not be coerced, before it becomes an error with a path. */
struct gql_fault {
    const char *message; /* arena */
    const char *code;    /* extensions.code or NULL; static */
    bool located;        /* at is set: the error points there, not to the field */
    gql_pos at;
};

/* The built-in scalars, which have rules of their own; all others pass values through. */
enum gql_scalar { GQL_SCALAR_CUSTOM, GQL_SCALAR_INT, GQL_SCALAR_FLOAT, GQL_SCALAR_STRING, GQL_SCALAR_BOOLEAN, GQL_SCALAR_ID };
enum gql_scalar gql_scalar_of(const struct gql_type *type);

/* Fills *fault with a formatted message, code BAD_USER_INPUT, no position. LK_EINVAL, or LK_ENOMEM. */
int gql_fault_set(struct gql_fault *fault, struct lk_arena *arena, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The coerced values of an operation's variables: *ret becomes an object whose members are sorted by name (byte order), as gql_variable
 * expects. json may be NULL. 0, LK_EINVAL after adding errors in graphql-js's words (at most 51), or LK_ENOMEM. suggest: messages name near
 * matches. */
int gql_coerce_variables(const struct gql_schema *schema, const struct gql_operation *operation, const struct lk_json *json, bool suggest,
                         struct lk_arena *arena, struct gql_errors *errors, struct gql_value *ret);

/* A variable's value, or NULL when it has none. variables may be NULL. Logarithmic. */
const struct gql_value *gql_variable(const struct gql_value *variables, struct lk_slice name);

/* The coerced arguments of a field or directive that stands at node_at: an object in *ret. 0, LK_EINVAL with *fault, or LK_ENOMEM. */
int gql_coerce_arguments(const struct gql_input *defs, size_t defs_len, const struct gql_argument *given, gql_pos node_at,
                         const struct gql_value *variables, struct lk_arena *arena, struct gql_value *ret, struct gql_fault *fault);

/* Writes a leaf result (not null) as its type serialises it. 0, LK_EINVAL with *fault (nothing is written), or LK_ENOMEM. */
int gql_write_leaf(const struct gql_type *type, const struct gql_out *value, struct lk_json_writer *w, struct lk_arena *arena,
                   struct gql_fault *fault);

#endif
