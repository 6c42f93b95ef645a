#include "keyring/pages.h"

#include <stdint.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)
#define PAGE ((size_t)4096)

static size_t round_up(size_t bytes) {
    return (bytes + PAGE - 1) & ~(PAGE - 1);
}

static void *map(size_t bytes) {
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void *lk_pages_map(size_t bytes) {
    bytes = round_up(bytes);
    if (bytes < HUGE_PAGE)
        return map(bytes);
    char *pages = map(bytes + HUGE_PAGE);
    if (pages == NULL)
        return NULL;
    size_t before = (HUGE_PAGE - ((uintptr_t)pages & (HUGE_PAGE - 1))) & (HUGE_PAGE - 1);
    if (before > 0)
        munmap(pages, before);
    if (before < HUGE_PAGE)
        munmap(pages + before + bytes, HUGE_PAGE - before);
    (void)madvise(pages + before, bytes, MADV_HUGEPAGE); /* without them it only is slower */
    return pages + before;
}

void lk_pages_unmap(void *pages, size_t bytes) {
    bytes = round_up(bytes);
    if (bytes > 0)
        munmap(pages, bytes);
}
