/* Validation (section 5): the 26 rules of graphql-js 16's specifiedRules, and our limits. */
#ifndef GQL_VALIDATE_H
#define GQL_VALIDATE_H

#include "graphql/schema.h"

/* Limits on a document; each has its own error. 0 means unlimited. */
struct gql_limits {
    unsigned depth;               /* nesting of fields, fragments followed; introspection fields not counted */
    unsigned introspection_depth; /* nesting of fields below __schema and __type */
    unsigned aliases;             /* aliased fields in the document */
    unsigned root_fields;         /* fields at the root of an operation, fragments followed */
    unsigned directives;          /* directives in the document */
    unsigned complexity;          /* sum of field costs; a field with a `limit` argument multiplies what is below it */
    bool no_introspection;        /* __schema and __type are refused */
    bool no_suggestions;          /* messages name no near matches ("Did you mean ...") */
};

/* Checks an executable document. Errors are added in the order and words of graphql-js 16 (`validate(schema, document)`), code
 * GRAPHQL_VALIDATION_FAILED, up to GQL_ERRORS_MAX. Returns 0 when valid, LK_EINVAL when there are errors, LK_ELIMIT when one of them is a limit's,
 * LK_ENOMEM. Time is (near) linear in the document's size, field merging included. limits may be NULL: none. Any thread. */
int gql_validate(const struct gql_schema *schema, const struct gql_document *document, const struct gql_limits *limits,
                 struct lk_arena *arena, struct gql_errors *errors);

#endif
