#include "../unit.h"

#include "base/arena.h"
#include "base/error.h"

#include <stdalign.h>
#include <stdio.h>

static void test_alignment_and_independence(void **state) {
    (void)state;
    struct lk_arena arena;
    lk_arena_init(&arena, 1 << 20);
    unsigned char *blocks[100];
    for (size_t i = 0; i < 100; i++) {
        blocks[i] = lk_arena_alloc(&arena, i + 1);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % alignof(max_align_t), 0);
        memset(blocks[i], (int)i, i + 1);
    }
    for (size_t i = 0; i < 100; i++) {
        for (size_t j = 0; j <= i; j++)
            assert_int_equal(blocks[i][j], i);
    }
    lk_arena_free(&arena);
}

static void test_size_zero_is_unique(void **state) {
    (void)state;
    struct lk_arena arena;
    lk_arena_init(&arena, 1024);
    void *a = lk_arena_alloc(&arena, 0);
    void *b = lk_arena_alloc(&arena, 0);
    assert_non_null(a);
    assert_non_null(b);
    assert_ptr_not_equal(a, b);
    lk_arena_free(&arena);
}

static void test_limit_counts_padding_and_leaves_the_arena_usable(void **state) {
    (void)state;
    struct lk_arena arena;
    lk_arena_init(&arena, 64);
    assert_non_null(lk_arena_alloc(&arena, 33)); /* 48 with padding */
    assert_null(lk_arena_alloc(&arena, 17));
    assert_int_equal(arena.used, 48);
    assert_non_null(lk_arena_alloc(&arena, 16));
    assert_null(lk_arena_alloc(&arena, 1));
    lk_arena_free(&arena);
}

static void test_impossible_sizes_fail(void **state) {
    (void)state;
    struct lk_arena arena;
    lk_arena_init(&arena, SIZE_MAX);
    volatile size_t most = SIZE_MAX; /* volatile: the compiler would object to the sizes themselves */
    assert_null(lk_arena_alloc(&arena, most));
    assert_null(lk_arena_alloc(&arena, most - 7));
    assert_null(lk_arena_calloc(&arena, most / 2, 3));
    assert_null(lk_arena_calloc(&arena, 1 + most / 16, 16));
    assert_int_equal(arena.used, 0);
    lk_arena_free(&arena);
}

static void test_calloc_zeroes_used_memory(void **state) {
    (void)state;
    struct lk_arena arena;
    lk_arena_init(&arena, 1 << 16);
    unsigned char *dirty = lk_arena_alloc(&arena, 1000);
    memset(dirty, 0xFF, 1000);
    lk_arena_reset(&arena);
    const unsigned char *clean = lk_arena_calloc(&arena, 100, 10);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(clean[i], 0);
    lk_arena_free(&arena);
}

static void test_reset_reuses_the_first_chunk(void **state) {
    (void)state;
    struct lk_arena arena;
    lk_arena_init(&arena, 1 << 20);
    void *first = lk_arena_alloc(&arena, 100);
    for (int i = 0; i < 50; i++)
        assert_non_null(lk_arena_alloc(&arena, 4000));
    lk_arena_reset(&arena);
    assert_int_equal(arena.used, 0);
    assert_ptr_equal(lk_arena_alloc(&arena, 100), first);
    lk_arena_free(&arena);
}

static void test_reset_gives_a_large_first_chunk_back(void **state) {
    (void)state;
    struct lk_arena arena;
    lk_arena_init(&arena, 1 << 22);
    assert_non_null(lk_arena_alloc(&arena, 1 << 21));
    lk_arena_reset(&arena);
    assert_null(arena.first);
    assert_non_null(lk_arena_alloc(&arena, 10));
    lk_arena_free(&arena);
    lk_arena_init(&arena, 10);
    lk_arena_reset(&arena); /* of an empty arena */
    lk_arena_free(&arena);
}

static void test_reset_wipes(void **state) {
    (void)state;
    static const char zero[64];
    struct lk_arena arena;
    lk_arena_init(&arena, 1 << 20);
    char *secret = lk_arena_alloc(&arena, sizeof(zero));
    assert_non_null(secret);
    memset(secret, 'S', sizeof(zero));
    lk_arena_reset(&arena);
    assert_ptr_equal(lk_arena_alloc(&arena, sizeof(zero)), secret);
    assert_memory_equal(secret, zero, sizeof(zero));
    lk_arena_free(&arena);
}

static void test_strings(void **state) {
    (void)state;
    struct lk_arena arena;
    lk_arena_init(&arena, 4096);
    const struct lk_slice with_nul = LK_SLICE("a\0b");
    char *copy = lk_arena_strdup(&arena, with_nul);
    assert_memory_equal(copy, "a\0b", 4);
    assert_string_equal(lk_arena_strdup(&arena, lk_slice_make(NULL, 0)), "");
    assert_string_equal(lk_arena_printf(&arena, "%s-%d", "x", 42), "x-42");

    struct lk_slice slice = LK_SLICE("untouched");
    assert_int_equal(lk_arena_copy(&arena, with_nul, &slice), 0);
    assert_true(lk_slice_equal(slice, with_nul));
    assert_ptr_not_equal(slice.ptr, with_nul.ptr);
    lk_arena_free(&arena);

    lk_arena_init(&arena, 8);
    slice = (struct lk_slice)LK_SLICE("untouched");
    assert_int_equal(lk_arena_copy(&arena, (struct lk_slice)LK_SLICE("far too long for it"), &slice), LK_ENOMEM);
    assert_true(lk_slice_is(slice, "untouched"));
    assert_null(lk_arena_printf(&arena, "%s", "far too long for it"));
    lk_arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alignment_and_independence),
        cmocka_unit_test(test_size_zero_is_unique),
        cmocka_unit_test(test_limit_counts_padding_and_leaves_the_arena_usable),
        cmocka_unit_test(test_impossible_sizes_fail),
        cmocka_unit_test(test_calloc_zeroes_used_memory),
        cmocka_unit_test(test_reset_reuses_the_first_chunk),
        cmocka_unit_test(test_reset_gives_a_large_first_chunk_back),
        cmocka_unit_test(test_reset_wipes),
        cmocka_unit_test(test_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
