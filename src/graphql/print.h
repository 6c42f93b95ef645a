/*
 * Values as text, for messages and introspection: as GraphQL literals (graphql-js's print) and as a programmer sees them (its inspect). All
 * append to a buffer, whose `failed` tells of lost memory. Any thread.
 */
#ifndef GQL_PRINT_H
#define GQL_PRINT_H

#include "base/json_read.h"
#include "graphql/execute.h"

/* Longest inspected value; the rest is cut and marked with "...", so that messages about large inputs stay small. */
#define GQL_INSPECT_MAX 4096

/* The literal on one line, but for block strings. Recursion follows the literal's nesting, which the parser bounds. */
void gql_print_literal(const struct gql_literal *literal, struct lk_buf *buf);

/* A type as it is written: [String!]. Recursion follows its nesting, which the parser bounds. */
void gql_ref_print(const struct gql_type_ref *ref, struct lk_buf *buf);

/* A value that was coerced to the type, as a literal (graphql-js's print of astFromValue). 0, or LK_EINVAL when a custom scalar holds a list or
 * an object, which has no literal: *ret_culprit is that value. */
int gql_print_value(const struct gql_type *type, const struct gql_value *value, struct lk_buf *buf, const struct gql_value **ret_culprit);

/* graphql-js's inspect: strings quoted, objects "{ a: 1 }", at most ten list items, two levels deep. */
void gql_inspect_json(const struct lk_json *value, struct lk_buf *buf);
void gql_inspect_value(const struct gql_value *value, struct lk_buf *buf);
void gql_inspect_out(const struct gql_out *value, struct lk_buf *buf);

/* A number as JavaScript's String() spells it, which knows doubles only: an integer beyond 2^53 is rounded. */
void gql_print_number(int64_t value, struct lk_buf *buf);
void gql_print_real(double value, struct lk_buf *buf);

#endif
