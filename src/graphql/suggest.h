/* Near matches for a mistyped name ("Did you mean ..."), chosen and ordered as graphql-js's suggestionList does. */
#ifndef GQL_SUGGEST_H
#define GQL_SUGGEST_H

#include "base/buf.h"

/* The name of one of the options. */
typedef struct lk_slice (*gql_option_name)(const void *options, size_t index);

/* Appends ` Did you mean <sub>"a", "b", or "c"?` with at most five of the options that are near input, or nothing when none is. sub is empty or
 * ends in a space ("the enum value "). Linear in the options; names longer than 256 characters are not compared. Any thread. */
void gql_suggest(struct lk_slice input, gql_option_name name, const void *options, size_t len, const char *sub, struct lk_buf *out);

#endif
