/* Growth through parts that are large enough to be made and given back by the maker, while a reader asks for what is there. */
#include "fixture.h"

#include <pthread.h>

/* The index doubles at 10 keys a group: its part of 2 MiB at 327680 keys, which is when it makes one of 4. */
#define KEYS 400000

static struct lk_keys *keys;
static struct lk_keyring *keyring;
static _Atomic uint32_t added;
static _Atomic uint32_t asked;

static void *read_all(void *context) {
    (void)context;
    struct lk_verifier verifier;
    lk_verifier_init(&verifier, keyring, NULL);
    lk_keyring_reader_register();
    uint64_t random = 1;
    for (uint32_t there; (there = atomic_load_explicit(&added, memory_order_acquire)) < KEYS;) {
        struct lk_verify_answer answer;
        random = random * 6364136223846793005U + 1442695040888963407U;
        uint32_t number = there == 0 ? KEYS : (uint32_t)(random >> 33) % there;
        enum lk_verify_code code = ask(&verifier, number, NULL, &answer);
        assert_int_equal(code, there == 0 ? LK_VERIFY_NOT_FOUND : LK_VERIFY_VALID);
        atomic_fetch_add_explicit(&asked, 1, memory_order_relaxed);
        lk_keyring_reader_quiescent();
    }
    lk_keyring_reader_unregister();
    return NULL;
}

static void test_reader_finds_all_while_growing(void **state) {
    (void)state;
    keys = test_keys();
    assert_int_equal(lk_keyring_open(keys, &test_vocabulary, 0, &keyring), 0);
    pthread_t reader;
    assert_int_equal(pthread_create(&reader, NULL, read_all, NULL), 0);
    for (uint32_t i = 0; i < KEYS; i++) {
        struct lk_keyring_digest digest = digest_of(keys, i);
        struct lk_keyring_key key = key_of(i, &digest, 1);
        assert_int_equal(put_key(keyring, &key), 0);
        atomic_store_explicit(&added, i + 1, memory_order_release);
    }
    assert_int_equal(pthread_join(reader, NULL), 0);
    assert_true(atomic_load(&asked) > 0);
    struct lk_verifier verifier;
    lk_verifier_init(&verifier, keyring, NULL);
    for (uint32_t i = 0; i < KEYS; i++) {
        struct lk_verify_answer answer;
        assert_int_equal(ask(&verifier, i, NULL, &answer), LK_VERIFY_VALID);
    }
    struct lk_keyring_stats stats;
    lk_keyring_stats(keyring, &stats);
    assert_int_equal(stats.keys, KEYS);
    lk_keyring_close(keyring);
    lk_keys_free(keys);
}

/* Closed while the maker has work: just after the next part was ordered. */
static void test_close_while_making(void **state) {
    (void)state;
    keys = test_keys();
    assert_int_equal(lk_keyring_open(keys, &test_vocabulary, 320000, &keyring), 0);
    for (uint32_t i = 0; i < 327681; i++) {
        const uint64_t hash = i * 0x9E3779B97F4A7C15U;
        struct lk_keyring_digest digest = {.ends_at = LK_KEYRING_FOREVER};
        memcpy(digest.digest.bytes, &hash, sizeof hash);
        struct lk_keyring_key key = key_of(i, &digest, 1);
        assert_int_equal(put_key(keyring, &key), 0);
    }
    lk_keyring_close(keyring);
    lk_keys_free(keys);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reader_finds_all_while_growing),
        cmocka_unit_test(test_close_while_making),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
