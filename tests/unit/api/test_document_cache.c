#include "../unit.h"

#include "api/document_cache.h"

#include <stdio.h>

/* A document that counts for about `size` bytes, named by `name`. */
static struct lk_document *make(const char *name, size_t size) {
    struct lk_document *document = lk_document_new(1 << 20);
    assert_non_null(document);
    assert_non_null(lk_arena_alloc(&document->arena, size));
    lk_document_digest(lk_slice_cstr(name), document->digest);
    return document;
}

#define SENDER 1

static void put(struct lk_document_cache *cache, const char *name, size_t size) {
    struct lk_document *document = make(name, size);
    lk_document_cache_put(cache, document, SENDER);
    lk_document_release(document);
}

static bool finds(struct lk_document_cache *cache, const char *name, uint64_t sender, bool by_text) {
    uint8_t digest[LK_DOCUMENT_DIGEST];
    lk_document_digest(lk_slice_cstr(name), digest);
    struct lk_document *document = lk_document_cache_get(cache, digest, sender, by_text);
    lk_document_release(document);
    return document != NULL;
}

static bool has(struct lk_document_cache *cache, const char *name) {
    return finds(cache, name, SENDER, false);
}

static void digest_is_sha256(void **state) {
    (void)state;
    uint8_t digest[LK_DOCUMENT_DIGEST];
    lk_document_digest(lk_slice_cstr("abc"), digest);
    const uint8_t expected[] = {0xba, 0x78, 0x16, 0xbf};
    assert_memory_equal(digest, expected, sizeof(expected));
}

static void finds_what_was_put(void **state) {
    (void)state;
    struct lk_document_cache *cache = lk_document_cache_new(1 << 20);
    assert_false(has(cache, "a"));
    put(cache, "a", 100);
    put(cache, "a", 100); /* its like again */
    put(cache, "b", 100);
    assert_true(has(cache, "a"));
    assert_true(has(cache, "b"));
    assert_false(has(cache, "c"));
    lk_document_cache_free(cache);
}

static void the_least_recently_used_goes_first(void **state) {
    (void)state;
    struct lk_document_cache *cache = lk_document_cache_new(1 << 20);
    char name[8];
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "%d", i);
        put(cache, name, 2000);
        assert_true(has(cache, "0")); /* used all the time */
    }
    assert_true(has(cache, "199"));
    assert_false(has(cache, "1"));
    lk_document_cache_free(cache);
}

/* What counts is the memory that a document holds, which is more than it fills where it is small. */
static void small_ones_are_not_free(void **state) {
    (void)state;
    struct lk_document *document = make("a", 1);
    const size_t held = lk_arena_held(&document->arena);
    assert_true(held > 4096);
    lk_document_release(document);
    struct lk_document_cache *cache = lk_document_cache_new(32 * held);
    char name[8];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "%d", i);
        put(cache, name, 1);
    }
    int kept = 0;
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "%d", i);
        kept += has(cache, name);
    }
    assert_in_range(kept, 24, 32);
    lk_document_cache_free(cache);
}

static void large_ones_and_an_empty_cache_keep_nothing(void **state) {
    (void)state;
    struct lk_document_cache *cache = lk_document_cache_new(16 * 1024);
    put(cache, "large", 2000);
    assert_false(has(cache, "large"));
    lk_document_cache_free(cache);
    cache = lk_document_cache_new(0);
    put(cache, "a", 1);
    assert_false(has(cache, "a"));
    lk_document_cache_free(cache);
}

static void a_hash_finds_what_its_sender_has_sent(void **state) {
    (void)state;
    const uint64_t other = lk_document_sender(lk_slice_cstr("other"));
    assert_int_not_equal(other, lk_document_sender(lk_slice_cstr("another")));
    struct lk_document_cache *cache = lk_document_cache_new(1 << 20);
    put(cache, "a", 100);
    assert_false(finds(cache, "a", other, false));
    assert_true(finds(cache, "a", other, true));
    assert_true(finds(cache, "a", other, false));
    assert_true(has(cache, "a"));
    /* The last ones are remembered, each once. */
    for (uint64_t sender = 100; sender < 100 + LK_DOCUMENT_SENDERS - 1; sender++) {
        assert_true(finds(cache, "a", sender, true));
        assert_true(finds(cache, "a", sender, true));
    }
    assert_false(has(cache, "a"));
    assert_true(finds(cache, "a", other, false));
    assert_true(finds(cache, "a", 100, false));
    put(cache, "a", 100); /* at the same time as another, who came first */
    assert_true(has(cache, "a"));
    assert_false(finds(cache, "a", other, false));
    lk_document_cache_free(cache);
}

/* Evicted, and the cache itself gone, while a request still executes it. */
static void documents_in_use_live_on(void **state) {
    (void)state;
    struct lk_document_cache *cache = lk_document_cache_new(1 << 20);
    struct lk_document *document = make("a", 100);
    char *memory = lk_arena_alloc(&document->arena, 10);
    memcpy(memory, "still here", 10);
    lk_document_cache_put(cache, document, SENDER);
    lk_document_cache_free(cache);
    assert_memory_equal(memory, "still here", 10);
    lk_document_release(document);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digest_is_sha256),
        cmocka_unit_test(finds_what_was_put),
        cmocka_unit_test(the_least_recently_used_goes_first),
        cmocka_unit_test(small_ones_are_not_free),
        cmocka_unit_test(large_ones_and_an_empty_cache_keep_nothing),
        cmocka_unit_test(a_hash_finds_what_its_sender_has_sent),
        cmocka_unit_test(documents_in_use_live_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
