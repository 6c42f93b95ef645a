/*
 * Slices: a pointer and a length, the way text and bytes travel between functions. A slice never owns its bytes; whoever made it says how
 * long they live. The bytes need not end in NUL and may contain it.
 */
#ifndef LK_BASE_SLICE_H
#define LK_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct lk_slice {
    const char *ptr; /* may be NULL only when len is 0 */
    size_t len;      /* bytes */
};

/* A slice over a string literal, without its NUL. Usable in static initialisers. */
#define LK_SLICE(literal) \
    { ("" literal), sizeof(literal) - 1 }

static inline struct lk_slice lk_slice_make(const char *ptr, size_t len) {
    return (struct lk_slice){ptr, len};
}

/* A slice over a NUL-terminated string; NULL gives the empty slice. */
static inline struct lk_slice lk_slice_cstr(const char *text) {
    return (struct lk_slice){text, text == NULL ? 0 : strlen(text)};
}

static inline bool lk_slice_equal(struct lk_slice a, struct lk_slice b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool lk_slice_is(struct lk_slice a, const char *text) {
    return lk_slice_equal(a, lk_slice_cstr(text));
}

static inline bool lk_slice_starts_with(struct lk_slice a, const char *prefix) {
    size_t len = strlen(prefix);
    return a.len >= len && (len == 0 || memcmp(a.ptr, prefix, len) == 0);
}

/* ASCII case is ignored (header and media type names, RFC 9110 section 5.1); other bytes compare as they are. */
bool lk_slice_equal_nocase(struct lk_slice a, struct lk_slice b);

/* Byte order, shorter first when one is a prefix of the other. Returns <0, 0 or >0. */
int lk_slice_compare(struct lk_slice a, struct lk_slice b);

/* What is left after dropping spaces, tabs, CR and LF at both ends. */
struct lk_slice lk_slice_trim(struct lk_slice a);

#endif
