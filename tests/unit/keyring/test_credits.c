/* Which balances are told to the flush, and when they are not. */
#include "fixture.h"

#include <pthread.h>

static void put_rated(struct lk_keyring *keyring, const struct lk_keys *keys, uint32_t number, struct lk_rate rate, bool has, bool set,
                      int64_t credits) {
    struct lk_keyring_digest digest = digest_of(keys, number);
    struct lk_keyring_key key = key_of(number, &digest, 1);
    key.has_credits = has;
    key.set_credits = set;
    key.credits = credits;
    key.rate = rate;
    const struct lk_keyring_change change = {.kind = LK_KEYRING_KEY, .id = key.id, .key = &key};
    lk_keyring_reader_offline();
    assert_int_equal(lk_keyring_apply(keyring, &change, 1, NULL), 0);
    lk_keyring_reader_online();
}

static void put(struct lk_keyring *keyring, const struct lk_keys *keys, uint32_t number, bool has, bool set, int64_t credits) {
    put_rated(keyring, keys, number, (struct lk_rate){1000, 1000}, has, set, credits);
}

static void put_account(struct lk_keyring *keyring, uint32_t number, bool has, bool set, int64_t credits) {
    const struct lk_keyring_account account = {.id = id_of(number), .has_credits = has, .set_credits = set, .credits = credits};
    const struct lk_keyring_change change = {.kind = LK_KEYRING_ACCOUNT, .id = account.id, .account = &account};
    lk_keyring_reader_offline();
    assert_int_equal(lk_keyring_apply(keyring, &change, 1, NULL), 0);
    lk_keyring_reader_online();
}

/* What is left then. */
static int64_t spend(struct lk_keyring *keyring, uint32_t number, uint32_t cost) {
    struct lk_verifier verifier;
    struct test_token token = token_of(number);
    const struct lk_verify_request question = {.token = lk_slice_cstr(token.text), .cost = cost, .mono_ns = 1};
    struct lk_verify_answer answer;
    lk_verifier_init(&verifier, keyring, NULL);
    assert_int_equal(lk_verify(&verifier, &question, &answer), LK_VERIFY_VALID);
    lk_keyring_reader_quiescent();
    return answer.credits_left;
}

static size_t spent(struct lk_keyring *keyring, struct lk_keyring_balance *ret) {
    bool done = false;
    size_t len = lk_keyring_spent(keyring, 1000, ret, 16, &done);
    assert_true(done);
    return len;
}

static struct lk_keyring *open_keyring(struct lk_keys **ret_keys) {
    struct lk_keyring *keyring = NULL;
    *ret_keys = test_keys();
    assert_int_equal(lk_keyring_open(*ret_keys, &test_vocabulary, 0, &keyring), 0);
    lk_keyring_reader_register();
    return keyring;
}

static void close_keyring(struct lk_keyring *keyring, struct lk_keys *keys) {
    lk_keyring_reader_unregister();
    lk_keyring_close(keyring);
    lk_keys_free(keys);
}

static void test_told_until_kept(void **state) {
    (void)state;
    struct lk_keys *keys;
    struct lk_keyring *keyring = open_keyring(&keys);
    struct lk_keyring_balance balances[16];
    assert_int_equal(spent(keyring, balances), 0);
    put(keyring, keys, 1, true, true, 10);
    put(keyring, keys, 2, true, true, 20);
    put(keyring, keys, 3, false, false, 0);
    assert_int_equal(spent(keyring, balances), 0);
    spend(keyring, 2, 5);
    spend(keyring, 3, 5);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(spent(keyring, balances), 1);
        assert_true(lk_id_equal(&balances[0].id, &(struct lk_id){{2}}));
        assert_int_equal(balances[0].credits, 15);
    }
    lk_keyring_kept(keyring, balances, 1);
    assert_int_equal(spent(keyring, balances), 0);
    spend(keyring, 1, 1);
    put(keyring, keys, 1, true, false, 0); /* a change of something else leaves what was spent to be told */
    assert_int_equal(spent(keyring, balances), 1);
    assert_int_equal(balances[0].credits, 9);
    put(keyring, keys, 1, true, true, 50); /* the database has it already */
    assert_int_equal(spent(keyring, balances), 0);
    close_keyring(keyring, keys);
}

static void test_keys_that_go(void **state) {
    (void)state;
    struct lk_keys *keys;
    struct lk_keyring *keyring = open_keyring(&keys);
    struct lk_keyring_balance balances[16];
    for (uint32_t number = 1; number <= 8; number++) {
        put(keyring, keys, number, true, true, 10);
        spend(keyring, number, 1);
    }
    put(keyring, keys, 5, false, false, 0); /* still has a state, for its rate */
    assert_int_equal(spent(keyring, balances), 7);
    put(keyring, keys, 5, true, false, 4); /* what it had then is not what it has now */
    assert_int_equal(spend(keyring, 5, 0), 0);
    put(keyring, keys, 5, true, true, 3);
    spend(keyring, 5, 1);
    assert_int_equal(spent(keyring, balances), 8);
    for (uint32_t number = 1; number <= 8; number++) {
        const struct lk_keyring_change change = {.kind = LK_KEYRING_KEY_REMOVE, .id = id_of(number)};
        lk_keyring_reader_offline();
        assert_int_equal(lk_keyring_apply(keyring, &change, 1, NULL), 0);
        lk_keyring_reader_online();
    }
    lk_keyring_kept(keyring, balances, 8); /* of keys that are gone: nothing to keep */
    put(keyring, keys, 9, true, true, 1);
    spend(keyring, 9, 1);
    assert_int_equal(spent(keyring, balances), 1); /* though what is gone may wait for its grace period */
    close_keyring(keyring, keys);
}

/* Without a rate nothing of a key is left when it has no credits any more, but for readers that may still hold it. */
static void test_credits_that_end_and_begin_anew(void **state) {
    (void)state;
    const struct lk_rate none = {0};
    struct lk_keys *keys;
    struct lk_keyring *keyring = open_keyring(&keys);
    struct lk_keyring_balance balances[16];
    put_rated(keyring, keys, 1, none, true, true, 1000);
    assert_int_equal(spend(keyring, 1, 1), 999);
    put_rated(keyring, keys, 1, none, false, false, 0);
    assert_int_equal(spent(keyring, balances), 0);
    put_rated(keyring, keys, 1, none, true, true, 5);
    assert_int_equal(spent(keyring, balances), 0); /* 999 is not what the key has */
    assert_int_equal(spend(keyring, 1, 2), 3);
    assert_int_equal(spent(keyring, balances), 1);
    assert_int_equal(balances[0].credits, 3);
    lk_keyring_kept(keyring, balances, 1);
    assert_int_equal(spent(keyring, balances), 0);
    close_keyring(keyring, keys);
}

static void test_in_pieces(void **state) {
    (void)state;
    struct lk_keys *keys;
    struct lk_keyring *keyring = open_keyring(&keys);
    struct lk_keyring_balance balances[16];
    bool done = false;
    for (uint32_t number = 1; number <= 7; number++) {
        put(keyring, keys, number, true, true, 10);
        spend(keyring, number, 1);
    }
    bool seen[8] = {false};
    size_t rounds = 0;
    while (!done) {
        size_t len = lk_keyring_spent(keyring, 3, balances, 2, &done);
        assert_true(len <= 2);
        for (size_t i = 0; i < len; i++)
            seen[balances[i].id.bytes[0]] = true;
        assert_true(++rounds <= 4);
    }
    for (uint32_t number = 1; number <= 7; number++)
        assert_true(seen[number]);
    close_keyring(keyring, keys);
}

/* What a batch sets is not overwritten by what was spent before. */
static void test_being_set(void **state) {
    (void)state;
    struct lk_keys *keys;
    struct lk_keyring *keyring = open_keyring(&keys);
    struct lk_keyring_balance balances[16];
    put(keyring, keys, 1, true, true, 10);
    put(keyring, keys, 2, true, true, 10);
    spend(keyring, 1, 1);
    spend(keyring, 2, 1);
    const struct lk_keyring_change change = {.kind = LK_KEYRING_KEY_CREDITS, .id = id_of(1), .credits = 100};
    lk_keyring_begin(keyring);
    assert_int_equal(lk_keyring_stage(keyring, &change, 1, NULL), 0);
    assert_int_equal(spent(keyring, balances), 1);
    assert_true(lk_id_equal(&balances[0].id, &(struct lk_id){{2}}));
    lk_keyring_commit(keyring);
    assert_int_equal(spent(keyring, balances), 1);
    assert_int_equal(spend(keyring, 1, 0), 100);
    lk_keyring_begin(keyring);
    assert_int_equal(lk_keyring_stage(keyring, &change, 1, NULL), 0);
    lk_keyring_abort(keyring); /* the batch failed: nothing was set */
    spend(keyring, 1, 1);
    assert_int_equal(spent(keyring, balances), 2);
    close_keyring(keyring, keys);
}

/* A balance is told, then set by the same batch: what was told is not what the database has. */
static void test_set_after_it_was_told(void **state) {
    (void)state;
    struct lk_keys *keys;
    struct lk_keyring *keyring = open_keyring(&keys);
    struct lk_keyring_balance balances[16];
    put(keyring, keys, 1, true, true, 10);
    spend(keyring, 1, 4);
    const struct lk_keyring_change change = {.kind = LK_KEYRING_KEY_CREDITS, .id = id_of(1), .credits = 100};
    lk_keyring_begin(keyring);
    assert_int_equal(spent(keyring, balances), 1);                    /* the flush writes 6 */
    assert_int_equal(lk_keyring_stage(keyring, &change, 1, NULL), 0); /* an operation writes 100 */
    lk_keyring_commit(keyring);
    lk_keyring_kept(keyring, balances, 1);
    spend(keyring, 1, 94);
    assert_int_equal(spent(keyring, balances), 1); /* 6, where the database has 100 */
    close_keyring(keyring, keys);
}

/* The account of every key here is number 1000; a key may have the same id. */
static void test_of_accounts(void **state) {
    (void)state;
    struct lk_keys *keys;
    struct lk_keyring *keyring = open_keyring(&keys);
    struct lk_keyring_balance balances[16];
    put_account(keyring, 1000, true, true, 50);
    put(keyring, keys, 1000, true, true, 10);
    assert_int_equal(spent(keyring, balances), 0);
    spend(keyring, 1000, 3);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(spent(keyring, balances), 2);
        const struct lk_keyring_balance *account = &balances[balances[0].of_account ? 0 : 1];
        const struct lk_keyring_balance *key = &balances[balances[0].of_account ? 1 : 0];
        assert_true(account->of_account && lk_id_equal(&account->id, &(struct lk_id){{0xE8, 3}}));
        assert_int_equal(account->credits, 47);
        assert_false(key->of_account);
        assert_int_equal(key->credits, 7);
    }
    lk_keyring_kept(keyring, &(struct lk_keyring_balance){true, id_of(1000), 47}, 1);
    assert_int_equal(spent(keyring, balances), 1);
    assert_false(balances[0].of_account);
    lk_keyring_kept(keyring, balances, 1);
    assert_int_equal(spent(keyring, balances), 0);

    spend(keyring, 1000, 1);
    put_account(keyring, 1000, true, false, 0); /* a change of something else leaves what was spent to be told */
    assert_int_equal(spent(keyring, balances), 2);
    put_account(keyring, 1000, true, true, 20); /* the database has it already */
    assert_int_equal(spent(keyring, balances), 1);
    assert_false(balances[0].of_account);
    spend(keyring, 1000, 1);
    put_account(keyring, 1000, false, false, 0);
    assert_int_equal(spent(keyring, balances), 1);
    put_account(keyring, 1000, true, true, 5);
    spend(keyring, 1000, 1);
    assert_int_equal(spent(keyring, balances), 2);
    close_keyring(keyring, keys);
}

static void test_account_being_set(void **state) {
    (void)state;
    struct lk_keys *keys;
    struct lk_keyring *keyring = open_keyring(&keys);
    struct lk_keyring_balance balances[16];
    put_account(keyring, 1000, true, true, 50);
    put(keyring, keys, 1000, true, true, 10);
    spend(keyring, 1000, 1);
    struct lk_keyring_account account = {.id = id_of(1000), .has_credits = true, .set_credits = true, .credits = 70};
    const struct lk_keyring_change change = {.kind = LK_KEYRING_ACCOUNT, .id = account.id, .account = &account};
    lk_keyring_begin(keyring);
    assert_int_equal(lk_keyring_stage(keyring, &change, 1, NULL), 0);
    assert_int_equal(spent(keyring, balances), 1);
    assert_false(balances[0].of_account);
    lk_keyring_abort(keyring); /* the batch failed: nothing was set */
    assert_int_equal(spent(keyring, balances), 2);
    account.set_credits = false;
    lk_keyring_begin(keyring);
    assert_int_equal(lk_keyring_stage(keyring, &change, 1, NULL), 0);
    assert_int_equal(spent(keyring, balances), 2);
    lk_keyring_commit(keyring);
    assert_int_equal(spent(keyring, balances), 2);
    close_keyring(keyring, keys);
}

static void test_accounts_that_go(void **state) {
    (void)state;
    struct lk_keys *keys;
    struct lk_keyring *keyring = open_keyring(&keys);
    struct lk_keyring_balance balances[16];
    put_account(keyring, 1000, true, true, 50);
    put_account(keyring, 2000, true, true, 50); /* has no keys: it is freed at once */
    put(keyring, keys, 1, false, false, 0);
    spend(keyring, 1, 1);
    assert_int_equal(spent(keyring, balances), 1);
    for (uint32_t number = 1000; number <= 2000; number += 1000) {
        const struct lk_keyring_change change = {.kind = LK_KEYRING_ACCOUNT_REMOVE, .id = id_of(number)};
        lk_keyring_reader_offline();
        assert_int_equal(lk_keyring_apply(keyring, &change, 1, NULL), 0);
        lk_keyring_reader_online();
    }
    lk_keyring_kept(keyring, balances, 1); /* of an account that is gone: nothing to keep */
    assert_int_equal(spent(keyring, balances), 0);
    put_account(keyring, 1000, true, true, 30); /* another, with the same id */
    put(keyring, keys, 2, false, false, 0);
    spend(keyring, 2, 1);
    assert_int_equal(spent(keyring, balances), 1);
    assert_int_equal(balances[0].credits, 29);
    close_keyring(keyring, keys);
}

#define THREADS 3
#define ASKS 4000

struct asking {
    struct lk_keyring *keyring;
    size_t valid[2]; /* of each key */
};

static void *ask_often(void *context) {
    struct asking *asking = context;
    struct lk_verifier verifier;
    lk_keyring_reader_register();
    lk_verifier_init(&verifier, asking->keyring, NULL);
    for (size_t i = 0; i < ASKS; i++) {
        struct lk_verify_answer answer;
        uint32_t number = (uint32_t)(i % 2);
        struct test_token token = token_of(1 + number);
        const struct lk_verify_request question = {.token = lk_slice_cstr(token.text), .cost = 1, .mono_ns = 1};
        asking->valid[number] += lk_verify(&verifier, &question, &answer) == LK_VERIFY_VALID;
        assert_true(answer.has_credits && answer.credits_left >= 0);
        lk_keyring_reader_quiescent();
    }
    lk_keyring_reader_unregister();
    return NULL;
}

/* Two keys of one account, one of them counted itself, while the writer changes account and key and flushes: as many are allowed as there are credits. */
static void test_threads(void **state) {
    (void)state;
    const int64_t of_key = 1000;
    const int64_t of_account = 3000;
    struct lk_keys *keys;
    struct lk_keyring *keyring = open_keyring(&keys);
    struct lk_keyring_digest digests[] = {digest_of(keys, 1), digest_of(keys, 2)};
    struct lk_keyring_key counted = key_of(1, &digests[0], 1);
    const struct lk_keyring_key other = key_of(2, &digests[1], 1);
    counted.has_credits = counted.set_credits = true;
    counted.credits = of_key;
    assert_int_equal(put_key(keyring, &counted), 0);
    assert_int_equal(put_key(keyring, &other), 0);
    put_account(keyring, 1000, true, true, of_account);
    counted.set_credits = false;
    struct asking asking[THREADS] = {{.keyring = keyring}, {.keyring = keyring}, {.keyring = keyring}};
    pthread_t threads[THREADS];
    lk_keyring_reader_offline();
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &asking[i]), 0);
    struct lk_keyring_balance balances[16];
    for (int i = 0; i < 200; i++) {
        assert_int_equal(put_key(keyring, &counted), 0);
        put_account(keyring, 1000, true, false, 0);
        lk_keyring_reader_offline();
        lk_keyring_kept(keyring, balances, spent(keyring, balances));
    }
    int64_t sums[2] = {0};
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        sums[0] += (int64_t)asking[i].valid[0];
        sums[1] += (int64_t)asking[i].valid[1];
    }
    lk_keyring_reader_online();
    assert_int_equal(sums[0] + sums[1], of_account);
    put_account(keyring, 1000, false, false, 0);
    assert_int_equal(spend(keyring, 1, 0), of_key - sums[0]);
    close_keyring(keyring, keys);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_told_until_kept),
        cmocka_unit_test(test_keys_that_go),
        cmocka_unit_test(test_credits_that_end_and_begin_anew),
        cmocka_unit_test(test_in_pieces),
        cmocka_unit_test(test_being_set),
        cmocka_unit_test(test_set_after_it_was_told),
        cmocka_unit_test(test_of_accounts),
        cmocka_unit_test(test_account_being_set),
        cmocka_unit_test(test_accounts_that_go),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
