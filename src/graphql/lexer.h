/*
 * Text to tokens (section 2.1, appendix B). Internal to the parser. The lexer is a cursor over the source: ignored tokens (white space, line
 * ends, commas, comments, byte order marks) are skipped, and each call gives the next lexical token. The source is valid UTF-8.
 */
#ifndef GQL_LEXER_H
#define GQL_LEXER_H

#include "graphql/ast.h"
#include "graphql/error.h"

enum gql_token_kind {
    GQL_TOK_EOF,
    GQL_TOK_BANG,
    GQL_TOK_DOLLAR,
    GQL_TOK_AMP,
    GQL_TOK_PAREN_L,
    GQL_TOK_PAREN_R,
    GQL_TOK_SPREAD,
    GQL_TOK_COLON,
    GQL_TOK_EQUALS,
    GQL_TOK_AT,
    GQL_TOK_BRACKET_L,
    GQL_TOK_BRACKET_R,
    GQL_TOK_BRACE_L,
    GQL_TOK_PIPE,
    GQL_TOK_BRACE_R,
    GQL_TOK_NAME,
    GQL_TOK_INT,
    GQL_TOK_FLOAT,
    GQL_TOK_STRING,
    GQL_TOK_BLOCK_STRING,
};

struct gql_token {
    enum gql_token_kind kind;
    gql_pos at;
    struct lk_slice text; /* name, number: as written; strings: the value; ptr NULL for the rest */
};

struct gql_lexer {
    struct lk_slice source;
    size_t pos; /* of the next unread byte */
    struct lk_arena *arena;
    struct gql_errors *errors;
};

/* The byte at a position, or -1 past the end. */
static inline int gql_lexer_byte(const struct gql_lexer *lexer, size_t pos) {
    return pos < lexer->source.len ? (unsigned char)lexer->source.ptr[pos] : -1;
}

/* Reads the next token; after the end of the source GQL_TOK_EOF for ever. 0, LK_EINVAL after adding one error, or LK_ENOMEM. */
int gql_lexer_next(struct gql_lexer *lexer, struct gql_token *ret);

/* How a message names a kind of token: "\"{\"" or "Name". Static. */
const char *gql_token_kind_text(enum gql_token_kind kind);

/* The two string forms, for gql_lexer_next: pos is at the opening quote. */
int gql_lexer_string(struct gql_lexer *lexer, struct gql_token *ret);
int gql_lexer_block_string(struct gql_lexer *lexer, struct gql_token *ret);

/* Adds "Syntax Error: <the formatted text>" at a position. Returns LK_EINVAL, or LK_ENOMEM when it could not be recorded. */
int gql_syntax_error(struct gql_errors *errors, size_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));
int gql_syntax_errorv(struct gql_errors *errors, size_t at, const char *format, va_list args) __attribute__((format(printf, 3, 0)));

#endif
