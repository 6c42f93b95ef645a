#include "base/arena.h"

#include "base/error.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHUNK_MIN ((size_t)8192)
#define CHUNK_MAX ((size_t)1 << 20)
#define CHUNK_KEPT_MAX ((size_t)1 << 16) /* one huge request must not hold memory for the rest of a connection's life */

struct lk_arena_chunk {
    struct lk_arena_chunk *next;
    size_t size; /* bytes in data */
    size_t used;
    alignas(max_align_t) unsigned char data[];
};

void lk_arena_init(struct lk_arena *arena, size_t limit) {
    *arena = (struct lk_arena){.limit = limit};
}

/* What was allocated may have been a password or a key. */
static void wipe(struct lk_arena_chunk *chunk) {
    explicit_bzero(chunk->data, chunk->used);
    chunk->used = 0;
}

static void free_from(struct lk_arena_chunk *chunk) {
    while (chunk != NULL) {
        struct lk_arena_chunk *next = chunk->next;
        wipe(chunk);
        free(chunk);
        chunk = next;
    }
}

void lk_arena_free(struct lk_arena *arena) {
    free_from(arena->first);
    arena->first = NULL;
    arena->last = NULL;
    arena->used = 0;
}

void lk_arena_reset(struct lk_arena *arena) {
    if (arena->first != NULL && arena->first->size > CHUNK_KEPT_MAX) {
        free_from(arena->first);
        arena->first = NULL;
    } else if (arena->first != NULL) {
        free_from(arena->first->next);
        arena->first->next = NULL;
        wipe(arena->first);
    }
    arena->last = arena->first;
    arena->used = 0;
}

size_t lk_arena_held(const struct lk_arena *arena) {
    size_t held = 0;
    for (const struct lk_arena_chunk *chunk = arena->first; chunk != NULL; chunk = chunk->next)
        held += sizeof(*chunk) + chunk->size;
    return held;
}

static struct lk_arena_chunk *add_chunk(struct lk_arena *arena, size_t need) {
    /* Chunks double, so that a large request takes few of them; the first stays small because every connection keeps one. */
    size_t size = arena->last == NULL ? CHUNK_MIN : arena->last->size * 2;
    if (size > CHUNK_MAX)
        size = CHUNK_MAX;
    if (size < need)
        size = need;
    struct lk_arena_chunk *chunk = malloc(sizeof(*chunk) + size);
    if (chunk == NULL)
        return NULL;
    *chunk = (struct lk_arena_chunk){.size = size};
    if (arena->last == NULL)
        arena->first = chunk;
    else
        arena->last->next = chunk;
    arena->last = chunk;
    return chunk;
}

void *lk_arena_alloc(struct lk_arena *arena, size_t size) {
    const size_t align = alignof(max_align_t);
    if (size > arena->limit || size > SIZE_MAX / 2)
        return NULL;
    size_t padded = (size + align - 1) / align * align;
    if (padded == 0)
        padded = align;
    if (padded > arena->limit - arena->used)
        return NULL;
    struct lk_arena_chunk *chunk = arena->last;
    if (chunk == NULL || chunk->size - chunk->used < padded) {
        chunk = add_chunk(arena, padded);
        if (chunk == NULL)
            return NULL;
    }
    void *memory = chunk->data + chunk->used;
    chunk->used += padded;
    arena->used += padded;
    return memory;
}

void *lk_arena_calloc(struct lk_arena *arena, size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    void *memory = lk_arena_alloc(arena, count * size);
    if (memory != NULL)
        memset(memory, 0, count * size);
    return memory;
}

char *lk_arena_strdup(struct lk_arena *arena, struct lk_slice text) {
    char *copy = lk_arena_alloc(arena, text.len + 1);
    if (copy == NULL)
        return NULL;
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}

int lk_arena_copy(struct lk_arena *arena, struct lk_slice text, struct lk_slice *ret) {
    char *copy = lk_arena_strdup(arena, text);
    if (copy == NULL)
        return LK_ENOMEM;
    *ret = lk_slice_make(copy, text.len);
    return 0;
}

char *lk_arena_printf(struct lk_arena *arena, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        return NULL;
    char *text = lk_arena_alloc(arena, (size_t)len + 1);
    if (text == NULL)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return text;
}
