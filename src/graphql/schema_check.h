/* What the two files that check a built schema share. */
#ifndef GQL_SCHEMA_CHECK_H
#define GQL_SCHEMA_CHECK_H

#include "graphql/schema_internal.h"

struct gql_check_circle { /* of an input object, while circles are searched */
    bool visited;
    bool on_path;
    size_t path_index;
};

struct gql_check {
    const struct gql_schema *schema;
    struct gql_errors *errors;
    bool no_memory;
    const struct gql_input **path; /* fields from the first type to the present one */
    size_t path_len;
    struct gql_check_circle *circles; /* by type index */
};

/* The type's text for a message; "" when memory is out, which c remembers. */
const char *gql_check_type_text(struct gql_check *c, const struct gql_type *type);

/* Adds where the type is defined and extended. */
void gql_check_add_parts(struct gql_check *c, const struct gql_type *type, struct gql_places *places);

/* The rules on the interfaces that an object or interface declares (IsValidImplementation, 3.6 and 3.7). */
void gql_check_implements(struct gql_check *c, const struct gql_type *type);

#endif
