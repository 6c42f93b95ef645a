/*
 * One writer and readers at once. The writer publishes how far it has come after each commit (the acknowledgement); a reader that has seen it must find
 * everything acknowledged, and must be refused everything whose revocation was acknowledged.
 */
#include "fixture.h"

#include <pthread.h>

#define READERS 2
#define KEYS 4000
#define FLIPS 3000

static struct lk_keys *keys;
static struct lk_keyring *keyring;
static _Atomic uint32_t added;    /* keys below were acknowledged */
static _Atomic uint32_t removed;  /* even keys below had their removal acknowledged */
static _Atomic uint32_t removing; /* even keys below may be gone already */
static _Atomic uint32_t phase;    /* of the flipping key: odd while it must be refused, even while it may be allowed */
static _Atomic bool done;

#define FLIPPER 1000000U
#define SWAPPER 1000001U

static void check_keys(struct lk_verifier *verifier, uint64_t *random) {
    uint32_t gone = atomic_load_explicit(&removed, memory_order_acquire);
    uint32_t there = atomic_load_explicit(&added, memory_order_acquire);
    if (there == 0)
        return;
    *random = *random * 6364136223846793005U + 1442695040888963407U;
    uint32_t number = (uint32_t)(*random >> 33) % there;
    struct lk_verify_answer answer;
    enum lk_verify_code code = ask(verifier, number, NULL, &answer);
    uint32_t may_be_gone = atomic_load_explicit(&removing, memory_order_acquire);
    if (number % 2 == 0 && number < gone)
        assert_int_equal(code, LK_VERIFY_NOT_FOUND);
    else if (number % 2 == 1 || number >= may_be_gone)
        assert_int_equal(code, LK_VERIFY_VALID);
    if (code == LK_VERIFY_VALID) {
        struct lk_id id = id_of(number);
        assert_true(lk_id_equal(&answer.key_id, &id));
        assert_true(lk_slice_is(answer.name, number % 3 == 0 ? "a name that is longer than a unit" : "name"));
    }
}

/* Refused for as long as the phase says so at both ends of the question. */
static void check_flipper(struct lk_verifier *verifier, const struct lk_expression *require) {
    uint32_t before = atomic_load_explicit(&phase, memory_order_acquire);
    struct lk_verify_answer answer;
    enum lk_verify_code code = ask(verifier, FLIPPER, require, &answer);
    uint32_t after = atomic_load_explicit(&phase, memory_order_acquire);
    if (before == after && before % 2 == 1)
        assert_int_not_equal(code, LK_VERIFY_VALID);
}

/* Never at any moment did this key hold both scopes. */
static void check_swapper(struct lk_verifier *verifier, const struct lk_expression *impossible) {
    struct lk_verify_answer answer;
    assert_int_equal(ask(verifier, SWAPPER, impossible, &answer), LK_VERIFY_INSUFFICIENT_PERMISSIONS);
}

static void *read_all(void *context) {
    uint64_t random = (uint64_t)(uintptr_t)context;
    struct lk_expression *require;
    struct lk_expression *impossible;
    assert_int_equal(lk_expression_compile(&test_vocabulary, lk_slice_cstr("a.x"), &require, NULL), 0);
    assert_int_equal(lk_expression_compile(&test_vocabulary, lk_slice_cstr("both"), &impossible, NULL), 0);
    struct lk_verifier verifier;
    lk_verifier_init(&verifier, keyring, NULL);
    lk_keyring_reader_register();
    for (uint32_t turn = 0; !atomic_load_explicit(&done, memory_order_acquire); turn++) {
        for (int i = 0; i < 8; i++)
            check_keys(&verifier, &random);
        check_flipper(&verifier, require);
        check_swapper(&verifier, impossible);
        lk_keyring_reader_quiescent();
        if (turn % 64 == 0) {
            lk_keyring_reader_offline();
            lk_keyring_reader_online();
        }
    }
    lk_keyring_reader_unregister();
    lk_expression_free(impossible);
    lk_expression_free(require);
    return NULL;
}

static void put(uint32_t number, uint32_t group, bool enabled) {
    struct lk_keyring_digest digest = digest_of(keys, number);
    struct lk_keyring_key key = key_of(number, &digest, 1);
    struct lk_id id = id_of(group);
    key.groups = &id;
    key.groups_len = 1;
    key.enabled = enabled;
    if (number < KEYS && number % 3 == 0)
        key.name = lk_slice_cstr("a name that is longer than a unit");
    assert_int_equal(put_key(keyring, &key), 0);
}

static const struct lk_slice scope_a = LK_SLICE("a.*");
static const struct lk_slice scope_both = LK_SLICE("both");

/* The swapper is in group 61 while that gives nothing, and is moved to 62 before 61 gives; and back. */
static void swap_once(bool out) {
    struct lk_grants nothing = {0};
    struct lk_grants something = {.scopes = &scope_both, .scopes_len = 1};
    uint32_t from = out ? 61 : 62;
    uint32_t to = out ? 62 : 61;
    assert_int_equal(put_group(keyring, to, &nothing), 0);
    put(SWAPPER, to, true);
    assert_int_equal(put_group(keyring, from, &something), 0);
}

static void begin_refusal(uint32_t round) {
    struct lk_grants nothing = {0};
    switch (round % 4) {
    case 0: assert_int_equal(put_id(keyring, LK_KEYRING_KEY_REMOVE, FLIPPER), 0); break;
    case 1: assert_int_equal(put_id(keyring, LK_KEYRING_KEY_DISABLE, FLIPPER), 0); break;
    case 2: assert_int_equal(put_group(keyring, 60, &nothing), 0); break;
    default: put(FLIPPER, 63, true); break;
    }
}

static void end_refusal(void) {
    struct lk_grants gives = {.scopes = &scope_a, .scopes_len = 1};
    assert_int_equal(put_group(keyring, 60, &gives), 0);
    put(FLIPPER, 60, true);
}

static void write_all(void) {
    for (uint32_t i = 0; i < KEYS; i++) {
        put(i, 60 + i % 7, true);
        atomic_store_explicit(&added, i + 1, memory_order_release);
        if (i % 4 == 0)
            put(i / 2 | 1, 70, true); /* replaced while it is asked for */
    }
    for (uint32_t i = 0; i < FLIPS; i++) {
        begin_refusal(i);
        atomic_fetch_add_explicit(&phase, 1, memory_order_release); /* acknowledged: refused from here */
        if (i < KEYS / 2) {
            atomic_store_explicit(&removing, 2 * i + 1, memory_order_release);
            assert_int_equal(put_id(keyring, LK_KEYRING_KEY_REMOVE, 2 * i), 0);
            atomic_store_explicit(&removed, 2 * i + 1, memory_order_release);
        }
        swap_once(i % 2 == 0);
        atomic_fetch_add_explicit(&phase, 1, memory_order_release); /* before it is allowed again */
        end_refusal();
    }
}

static void run(size_t expected) {
    added = removed = removing = phase = 0;
    done = false;
    keys = test_keys();
    assert_int_equal(lk_keyring_open(keys, &test_vocabulary, expected, &keyring), 0);
    put(SWAPPER, 61, true);
    end_refusal();
    pthread_t threads[READERS];
    for (uintptr_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_all, (void *)(i + 1)), 0);
    write_all();
    atomic_store_explicit(&done, true, memory_order_release);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    lk_keyring_close(keyring);
    lk_keys_free(keys);
}

static void test_readers_and_writer(void **state) {
    (void)state;
    run(0);
}

/* Each new version of a key goes to one of the two homes that its old ones left. */
static void test_with_homes(void **state) {
    (void)state;
    run(50000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readers_and_writer),
        cmocka_unit_test(test_with_homes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
