/*
 * The parser's inside, shared by its three files. A recursive descent over the tokens with one token of lookahead; nesting is counted, so
 * the C stack is bounded. Every function that returns a node returns NULL on failure, every bool one false; the reason is then in p->code
 * and its error has been added. Lists come out in source order; the head is NULL while a list is empty.
 */
#ifndef GQL_PARSER_H
#define GQL_PARSER_H

#include "base/error.h"
#include "graphql/lexer.h"
#include "graphql/parse.h"

struct gql_parser {
    struct gql_lexer lexer;
    struct lk_arena *arena;
    struct gql_errors *errors;
    struct gql_token token; /* current */
    struct gql_token ahead; /* the one behind it, when peeked */
    bool peeked;
    size_t tokens; /* consumed so far */
    size_t tokens_max;
    unsigned depth;
    unsigned depth_max;
    int code; /* why parsing failed; 0 while it has not */
};

/* --- tokens --- */

bool gql_parser_advance(struct gql_parser *p);
bool gql_parser_peek_ahead(struct gql_parser *p); /* fills p->ahead */

static inline bool gql_parser_at(const struct gql_parser *p, enum gql_token_kind kind) {
    return p->token.kind == kind;
}

static inline bool gql_parser_at_keyword(const struct gql_parser *p, const char *keyword) {
    return p->token.kind == GQL_TOK_NAME && lk_slice_is(p->token.text, keyword);
}

static inline bool gql_parser_at_string(const struct gql_parser *p) {
    return p->token.kind == GQL_TOK_STRING || p->token.kind == GQL_TOK_BLOCK_STRING;
}

bool gql_parser_expect(struct gql_parser *p, enum gql_token_kind kind);
bool gql_parser_expect_keyword(struct gql_parser *p, const char *keyword);

/* Consumes the token when it is there and says so in *ret_there; false only on failure. */
bool gql_parser_optional(struct gql_parser *p, enum gql_token_kind kind, bool *ret_there);
bool gql_parser_optional_keyword(struct gql_parser *p, const char *keyword, bool *ret_there);

/* Adds "Unexpected <token>." at token. Always false. */
bool gql_parser_unexpected(struct gql_parser *p, const struct gql_token *token);
/* Adds an error. Always false. */
bool gql_parser_fail(struct gql_parser *p, size_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Records that memory is out. Always false. */
bool gql_parser_no_memory(struct gql_parser *p);

/* One level of nesting deeper; false when that is too deep. */
bool gql_parser_enter(struct gql_parser *p);
static inline void gql_parser_leave(struct gql_parser *p) {
    p->depth--;
}

/* A zeroed node, or NULL. */
void *gql_parser_node(struct gql_parser *p, size_t size);
#define GQL_NODE(p, type) ((type *)gql_parser_node((p), sizeof(type)))

/* --- what executable and type system definitions share (parse.c) --- */

bool gql_parse_name(struct gql_parser *p, struct gql_name *ret);
bool gql_parse_description(struct gql_parser *p, struct lk_slice *ret);
struct gql_literal *gql_parse_literal(struct gql_parser *p, bool constant);
bool gql_parse_arguments(struct gql_parser *p, bool constant, struct gql_argument **ret);
bool gql_parse_directives(struct gql_parser *p, bool constant, struct gql_directive **ret);
struct gql_type_ref *gql_parse_type_ref(struct gql_parser *p);
bool gql_parse_operation_kind(struct gql_parser *p, enum gql_operation_kind *ret);

/* --- definitions; the current token is the description or the keyword --- */

struct gql_operation *gql_parse_operation(struct gql_parser *p);
struct gql_fragment *gql_parse_fragment(struct gql_parser *p);
struct gql_definition *gql_parse_definition(struct gql_parser *p, enum gql_definition_kind kind);
struct gql_definition *gql_parse_extension(struct gql_parser *p);

/* Whether text is the keyword of a type system definition (directive included), and which. */
bool gql_definition_keyword(struct lk_slice text, enum gql_definition_kind *ret);

#endif
