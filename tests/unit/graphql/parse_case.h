/* A document that does not parse, with the error that graphql-js 16 gives; shared by the tests of the lexer and the parser. */
#ifndef LK_TESTS_UNIT_GRAPHQL_PARSE_CASE_H
#define LK_TESTS_UNIT_GRAPHQL_PARSE_CASE_H

#include "../unit.h"

#include "base/error.h"
#include "graphql/parse.h"

#include <stdio.h>

struct parse_case {
    const char *source;
    const char *message; /* without "Syntax Error: " */
    unsigned line;
    unsigned column;
};

static inline void check_parse_case(const struct parse_case *c) {
    struct lk_arena arena;
    struct gql_errors errors;
    struct gql_document *document = NULL;
    lk_arena_init(&arena, 1 << 20);
    gql_errors_init(&errors, &arena, NULL);
    assert_int_equal(gql_parse(lk_slice_cstr(c->source), NULL, &arena, &document, &errors), LK_EINVAL);
    assert_null(document);
    assert_int_equal(errors.count, 1);
    char expected[256];
    snprintf(expected, sizeof(expected), "Syntax Error: %s", c->message);
    assert_string_equal(errors.first->message, expected);
    unsigned line = 0;
    unsigned column = 0;
    assert_int_equal(errors.first->locations_len, 1);
    gql_position(lk_slice_cstr(c->source), errors.first->locations[0], &line, &column);
    assert_int_equal(line, c->line);
    assert_int_equal(column, c->column);
    lk_arena_free(&arena);
}

#endif
