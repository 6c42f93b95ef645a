/*
 * Validation (section 5): the 26 rules of graphql-js 16's specifiedRules, and our limits. Type system definitions in the document are each
 * refused as not executable; what is inside them is not looked at.
 */
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
    unsigned complexity;   /* fields, those below one with a `limit` argument times that: by 100 at most, and when it is a variable */
    bool no_introspection; /* __schema and __type are refused */
    bool no_suggestions;   /* messages name no near matches ("Did you mean ...") */
};

/* Checks an executable document. Errors are added in the order and words of graphql-js 16 (`validate(schema, document)`, its bound on the nesting
 * of introspection lists included), code GRAPHQL_VALIDATION_FAILED (errors->default_code), up to GQL_ERRORS_MAX. Limits come first: a document
 * over one gets only the errors that say so. Work that graphql-js bounds is bounded alike: the last error is then "Validation aborted.". Returns 0
 * when valid, LK_EINVAL when there are errors, LK_ELIMIT when one of them is a limit's or validation was aborted, LK_ENOMEM. Time is (near) linear
 * in the document's size, field merging included. An error names at most 100 locations. limits may be NULL: none. Any thread. */
int gql_validate(const struct gql_schema *schema, const struct gql_document *document, const struct gql_limits *limits,
                 struct lk_arena *arena, struct gql_errors *errors);

#endif
