#include "api/memory.h"

#include <malloc.h>
#include <stddef.h>

/* Blocks up to this size come from an arena. */
#define MAPPED_MIN (4 << 20)

/* Free memory at an arena's end that stays. */
#define KEPT_AT_END (10 << 20)

/* Free memory in all that is not worth giving back. */
#define FREE_MAX ((size_t)8 << 20)

void lk_memory_configure(void) {
    mallopt(M_MMAP_THRESHOLD, MAPPED_MIN);
    mallopt(M_TRIM_THRESHOLD, KEPT_AT_END);
}

void lk_memory_give_back(void *context) {
    (void)context;
    if (mallinfo2().fordblks > FREE_MAX)
        malloc_trim(0);
}
