/* Text to syntax tree (sections 2 and 3, appendix B). */
#ifndef GQL_PARSE_H
#define GQL_PARSE_H

#include "graphql/ast.h"
#include "graphql/error.h"

struct gql_parse_limits {
    size_t tokens;  /* most tokens; 0: no limit */
    unsigned depth; /* deepest nesting of selection sets, values and types; 0: 200. Keeps hostile nesting off the C stack. */
};

/* Parses a document of executable and/or type system definitions. Comments, commas and a byte order mark are skipped. 0 with *ret in the
 * arena; LK_EINVAL or LK_ELIMIT after adding exactly one error, worded as graphql-js 16 words it ("Syntax Error: ..."), or LK_ENOMEM.
 * source must outlive the document and be valid UTF-8 (checked: an error otherwise). Any thread. */
int gql_parse(struct lk_slice source, const struct gql_parse_limits *limits, struct lk_arena *arena, struct gql_document **ret,
              struct gql_errors *errors);

#endif
