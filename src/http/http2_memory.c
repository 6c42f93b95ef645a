#include "http/http2_memory.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct http2_block {
    size_t size; /* bytes behind this */
    struct http2_block *next;
};

_Static_assert(sizeof(struct http2_block) % alignof(max_align_t) == 0, "what is behind it is aligned for any type");

static struct http2_block *block_of(void *memory) {
    return (struct http2_block *)memory - 1;
}

/* The list that blocks of a size belong to; NULL where they are not kept. */
static struct http2_block **list_for(struct http2_memory *memory, size_t size) {
    return size <= HTTP2_MEMORY_SIZES * HTTP2_MEMORY_STEP ? &memory->kept[size / HTTP2_MEMORY_STEP - 1] : NULL;
}

static void *allocate(size_t size, void *context) {
    struct http2_memory *memory = context;
    if (size > SIZE_MAX - sizeof(struct http2_block) - HTTP2_MEMORY_STEP)
        return NULL;
    size = size == 0 ? HTTP2_MEMORY_STEP : (size + HTTP2_MEMORY_STEP - 1) & ~(HTTP2_MEMORY_STEP - 1);
    struct http2_block **list = list_for(memory, size);
    struct http2_block *block = list == NULL ? NULL : *list;
    if (block != NULL) {
        *list = block->next;
        memory->kept_bytes -= size;
    } else {
        block = malloc(sizeof(*block) + size);
        if (block == NULL)
            return NULL;
        block->size = size;
    }
    return block + 1;
}

static void give_back(void *pointer, void *context) {
    struct http2_memory *memory = context;
    if (pointer == NULL)
        return;
    struct http2_block *block = block_of(pointer);
    explicit_bzero(pointer, block->size);
    struct http2_block **list = list_for(memory, block->size);
    if (list == NULL || memory->kept_bytes + block->size > HTTP2_MEMORY_KEPT_MAX) {
        free(block);
        return;
    }
    block->next = *list;
    *list = block;
    memory->kept_bytes += block->size;
}

static void *allocate_zeroed(size_t count, size_t size, void *context) {
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    void *pointer = allocate(count * size, context);
    return pointer == NULL ? NULL : memset(pointer, 0, count * size);
}

static void *resize(void *pointer, size_t size, void *context) {
    if (pointer == NULL)
        return allocate(size, context);
    size_t had = block_of(pointer)->size;
    if (size <= had)
        return pointer;
    void *larger = allocate(size, context);
    if (larger == NULL)
        return NULL;
    memcpy(larger, pointer, had);
    give_back(pointer, context);
    return larger;
}

nghttp2_mem http2_memory_of(struct http2_memory *memory) {
    return (nghttp2_mem){memory, allocate, give_back, allocate_zeroed, resize};
}

void http2_memory_empty(struct http2_memory *memory) {
    for (size_t i = 0; i < HTTP2_MEMORY_SIZES; i++) {
        while (memory->kept[i] != NULL) {
            struct http2_block *block = memory->kept[i];
            memory->kept[i] = block->next;
            free(block);
        }
    }
    memory->kept_bytes = 0;
}
