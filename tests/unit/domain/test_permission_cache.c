#include "../unit.h"

#include "domain/permission_cache.h"

#include <stdio.h>

static struct lk_permission_cache *cache;
static struct lk_arena arena;

static int setup(void **state) {
    (void)state;
    lk_arena_init(&arena, (size_t)16 << 20);
    return lk_permission_cache_open(&cache);
}

static int teardown(void **state) {
    (void)state;
    lk_permission_cache_close(cache);
    lk_arena_free(&arena);
    return 0;
}

static struct lk_permissions read_set(struct lk_slice document) {
    struct lk_permissions set = {0};
    assert_int_equal(lk_permission_cache_read(cache, document, &arena, &set), 0);
    return set;
}

static struct lk_slice document_of(unsigned number, size_t padding) {
    char *text = lk_arena_printf(&arena, "{\"account\":[],\"scopes\":[\"s%u.%0*d\"],\"apps\":[]}", number, (int)padding, 0);
    assert_non_null(text);
    return lk_slice_cstr(text);
}

static void test_the_same_text_is_read_once(void **state) {
    (void)state;
    struct lk_permissions first = read_set(document_of(1, 1));
    struct lk_permissions again = read_set(document_of(1, 1));
    assert_ptr_equal(first.scopes.items, again.scopes.items);
    struct lk_permissions other = read_set(document_of(2, 1));
    assert_ptr_not_equal(first.scopes.items, other.scopes.items);
    assert_true(lk_slice_is(other.scopes.items[0], "s2.0"));
}

static void test_the_text_may_go(void **state) {
    (void)state;
    char text[64];
    snprintf(text, sizeof(text), "{\"account\":[],\"scopes\":[\"a.b\"],\"apps\":[]}");
    struct lk_permissions set = read_set(lk_slice_cstr(text));
    memset(text, 'x', sizeof(text));
    assert_true(lk_slice_is(set.scopes.items[0], "a.b"));
}

static void test_damage_is_not_kept(void **state) {
    (void)state;
    struct lk_permissions set;
    for (int i = 0; i < 2; i++)
        assert_int_equal(lk_permission_cache_read(cache, lk_slice_cstr("{\"scopes\":7}"), &arena, &set), LK_ECORRUPT);
}

/* More documents than there is room for: all are read right, before and after the cache is emptied. */
static void test_too_many(void **state) {
    (void)state;
    struct lk_slice first = document_of(0, 1);
    const struct lk_slice *kept = read_set(first).scopes.items;
    for (unsigned i = 0; i < 2000; i++) {
        char expected[32];
        snprintf(expected, sizeof(expected), "s%u.0", i);
        assert_true(lk_slice_is(read_set(document_of(i, 1)).scopes.items[0], expected));
    }
    assert_ptr_equal(read_set(first).scopes.items, kept); /* nothing goes before the trim */
    lk_permission_cache_trim(cache);
    struct lk_slice late = document_of(1999, 1);
    assert_ptr_equal(read_set(late).scopes.items, read_set(late).scopes.items); /* there is room again */
    lk_permission_cache_trim(cache);
    assert_ptr_equal(read_set(late).scopes.items, read_set(late).scopes.items); /* and a cache with room is left alone */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_same_text_is_read_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_text_may_go, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_is_not_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
    };
    return cmocka_run_group_tests_name("domain/permission_cache", tests, NULL, NULL);
}
