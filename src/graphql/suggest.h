/* Near matches for a mistyped name ("Did you mean ..."), chosen and ordered as graphql-js's suggestionList does. Any thread. */
#ifndef GQL_SUGGEST_H
#define GQL_SUGGEST_H

#include "base/buf.h"

/* The name of one of the options. */
typedef struct lk_slice (*gql_option_name)(const void *options, size_t index);

/* Appends ` Did you mean <sub>"a", "b", or "c"?` with the first five names, or nothing when there is none. sub is empty or ends in a space ("the
 * enum value "). */
void gql_did_you_mean(const char *sub, const struct lk_slice *names, size_t len, struct lk_buf *out);

/* The same with the options that are near input, the nearest first. Linear in the options; names of 256 characters and more are not compared. */
void gql_suggest(struct lk_slice input, gql_option_name name, const void *options, size_t len, const char *sub, struct lk_buf *out);

/* Byte order, but runs of digits compare as numbers: a2 before a10. Returns <0, 0 or >0. */
int gql_natural_compare(struct lk_slice a, struct lk_slice b);

#endif
