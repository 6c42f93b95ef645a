#include "../unit.h"

#include "api/memory.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

static size_t resident(void) {
    FILE *file = fopen("/proc/self/statm", "re");
    assert_non_null(file);
    unsigned long size, pages;
    assert_int_equal(fscanf(file, "%lu %lu", &size, &pages), 2);
    assert_int_equal(fclose(file), 0);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* So much in blocks of 16 KiB, freed but for the last: it lies behind all that is free. */
static void *use_and_free(size_t bytes) {
    enum { BLOCK = 16384 };
    size_t len = bytes / BLOCK;
    char **blocks = calloc(len, sizeof blocks[0]);
    assert_non_null(blocks);
    for (size_t i = 0; i < len; i++) {
        blocks[i] = malloc(BLOCK);
        assert_non_null(blocks[i]);
        memset(blocks[i], 1, BLOCK);
    }
    for (size_t i = 0; i + 1 < len; i++)
        free(blocks[i]);
    void *last = blocks[len - 1];
    free(blocks);
    return last;
}

static void gives_back_what_lies_before_a_block_in_use(void **state) {
    (void)state;
    lk_memory_configure();
    size_t before = resident();
    void *last = use_and_free(64 * MIB);
    if (mallinfo2().fordblks < 32 * MIB) {
        free(last);
        skip(); /* a sanitizer or valgrind has put its own allocator here */
    }
    assert_true(resident() > before + 48 * MIB);
    lk_memory_give_back(NULL);
    assert_true(resident() < before + 16 * MIB);
    free(last);
}

static void keeps_a_little(void **state) {
    (void)state;
    lk_memory_configure();
    lk_memory_give_back(NULL);
    void *last = use_and_free(4 * MIB);
    size_t before = resident();
    lk_memory_give_back(NULL);
    assert_true(resident() + MIB > before);
    free(last);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_what_lies_before_a_block_in_use),
        cmocka_unit_test(keeps_a_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
