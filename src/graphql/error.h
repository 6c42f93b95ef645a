/*
 * GraphQL errors (section 7.1.2) as they are collected: message, locations, path, extensions.code. Kept in an arena; at most a bounded number
 * is recorded, each of bounded length, so that a hostile document cannot make the answer large (graphql-js too ends validation at 100).
 */
#ifndef GQL_ERROR_H
#define GQL_ERROR_H

#include "base/arena.h"
#include "base/json_write.h"
#include "graphql/ast.h"

#include <stdarg.h>

#define GQL_ERRORS_MAX 100
#define GQL_MESSAGE_MAX 10000 /* bytes: messages repeat names and values that were sent, and one name may stand in all of them */

/* A step of a response path: a key, or an index when key.ptr is NULL. Linked from the innermost outwards. */
struct gql_path {
    const struct gql_path *parent;
    struct lk_slice key;
    size_t index;
};

struct gql_error {
    struct gql_error *next;
    const char *message;      /* UTF-8, arena */
    const char *code;         /* extensions.code, or NULL for none; static or arena */
    const gql_pos *locations; /* byte offsets, arena */
    size_t locations_len;
    const struct gql_path *path; /* arena copy, or NULL */
};

struct gql_errors {
    struct lk_arena *arena;
    struct gql_error *first;
    struct gql_error **tail;
    size_t count;
    const char *default_code; /* given to errors added without one, e.g. GRAPHQL_VALIDATION_FAILED; NULL: no extensions member */
    bool out_of_memory;       /* an error could not be recorded */
    /* Overwrites in place what must not be shown of a message that is about to be written: messages repeat what was sent. NULL: all is shown. */
    void (*conceal)(char *message);
};

/* A text for "%.*s" in a message: of a longer one no more than shows that the message is to be cut. */
#define GQL_SHOWN(text) (int)((text).len > GQL_MESSAGE_MAX ? GQL_MESSAGE_MAX + 1 : (text).len), (text).ptr

/* An empty list whose errors live in arena. */
void gql_errors_init(struct gql_errors *errors, struct lk_arena *arena, const char *default_code);

/* A message: vprintf into the arena, what is longer than GQL_MESSAGE_MAX cut and marked with "...". NULL when memory is out. */
char *gql_format(struct lk_arena *arena, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* Adds an error with the given source positions (may be none) and returns it, or NULL when memory is out (out_of_memory is then set).
 * After GQL_ERRORS_MAX a last one says "Too many validation errors, error limit reached. Validation aborted." and further ones are dropped:
 * gql_errors_full tells. */
struct gql_error *gql_errors_add(struct gql_errors *errors, const gql_pos *locations, size_t locations_len, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
struct gql_error *gql_errors_addv(struct gql_errors *errors, const gql_pos *locations, size_t locations_len, const char *format,
                                  va_list args) __attribute__((format(printf, 4, 0)));
bool gql_errors_full(const struct gql_errors *errors);

/* Line and column, both from 1, of a byte offset; columns count UTF-16 code units as graphql-js's do, lines end at LF, CR or CRLF. */
void gql_position(struct lk_slice source, gql_pos at, unsigned *ret_line, unsigned *ret_column);

/* Writes the errors as a JSON array; locations are computed against source. Members in the order message, locations, path, extensions. */
void gql_errors_write(const struct gql_errors *errors, struct lk_slice source, struct lk_json_writer *w);

#endif
