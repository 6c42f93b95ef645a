/*
 * Arena: memory that lives exactly as long as one request. Allocation moves a pointer; nothing is freed one by one; reset gives all of it
 * back for the next request and keeps the first chunk, so a server in its stride does not allocate. Not thread-safe: an arena has one user
 * at a time (it may be handed from thread to thread with a queue between).
 */
#ifndef LK_BASE_ARENA_H
#define LK_BASE_ARENA_H

#include "base/slice.h"

#include <stddef.h>

struct lk_arena_chunk;

struct lk_arena {
    struct lk_arena_chunk *first; /* kept over a reset */
    struct lk_arena_chunk *last;  /* the one being filled */
    size_t used;                  /* bytes handed out since the last reset, padding included */
    size_t limit;                 /* most bytes it may hand out; an allocation past it fails */
};

/* An empty arena that hands out at most limit bytes. Allocates nothing yet, cannot fail. */
void lk_arena_init(struct lk_arena *arena, size_t limit);

/* Wipes and frees every chunk. The arena may be used again after another init. */
void lk_arena_free(struct lk_arena *arena);

/* Forgets and wipes all allocations; keeps the first chunk unless it is large (64 KiB). All pointers handed out become invalid. */
void lk_arena_reset(struct lk_arena *arena);

/* Bytes of the chunks it holds, full or not. */
size_t lk_arena_held(const struct lk_arena *arena);

/* size bytes, aligned for any type, uninitialised. size 0 gives a valid unique pointer. NULL when out of memory or over the limit;
 * the arena is then as before. */
void *lk_arena_alloc(struct lk_arena *arena, size_t size) __attribute__((malloc, warn_unused_result));

/* count * size zeroed bytes; NULL also when the product overflows. */
void *lk_arena_calloc(struct lk_arena *arena, size_t count, size_t size) __attribute__((malloc, warn_unused_result));

/* A NUL-terminated copy of text in the arena, or NULL as above. */
char *lk_arena_strdup(struct lk_arena *arena, struct lk_slice text) __attribute__((malloc, warn_unused_result));

/* A copy of text in the arena; on failure *ret is untouched and LK_ENOMEM is returned. */
int lk_arena_copy(struct lk_arena *arena, struct lk_slice text, struct lk_slice *ret);

/* printf into the arena; NUL-terminated; NULL as above. */
char *lk_arena_printf(struct lk_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A zeroed object of a type. */
#define LK_ARENA_NEW(arena, type) ((type *)lk_arena_calloc((arena), 1, sizeof(type)))

#endif
