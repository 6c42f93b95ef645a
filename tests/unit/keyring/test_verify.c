#include "fixture.h"

struct world {
    struct lk_keys *keys;
    struct lk_keyring *keyring;
    struct lk_verifier verifier;
};

static int set_up(void **state) {
    static struct world world;
    world.keys = test_keys();
    assert_int_equal(lk_keyring_open(world.keys, &test_vocabulary, 0, &world.keyring), 0);
    lk_verifier_init(&world.verifier, world.keyring, NULL);
    lk_keyring_reader_register();
    *state = &world;
    return 0;
}

static int tear_down(void **state) {
    struct world *world = *state;
    lk_keyring_reader_unregister();
    lk_keyring_close(world->keyring);
    lk_keys_free(world->keys);
    return 0;
}

static struct lk_expression *compiled(const char *text) {
    struct lk_expression *expression;
    assert_int_equal(lk_expression_compile(&test_vocabulary, lk_slice_cstr(text), &expression, NULL), 0);
    return expression;
}

static void test_malformed_and_unknown(void **state) {
    struct world *world = *state;
    static const char *const malformed[] = {"",
                                            "short",
                                            "lk_",
                                            "lk_00000000000000000000000000000000000000000000000000000000000000000000000",
                                            "has a blank in the middle",
                                            "lk_000SYW7RiJxkEgOGusQGwpNo287qEH4uQv9vBo5cxQTXAw02KFtzjuPbCrH1FrBEB45FPW"};
    struct lk_verify_answer answer;
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        struct lk_verify_request request = {.token = lk_slice_cstr(malformed[i]), .now_ms = 1};
        assert_int_equal(lk_verify(&world->verifier, &request, &answer), LK_VERIFY_MALFORMED);
        assert_false(answer.known);
    }
    assert_int_equal(ask(&world->verifier, 1, NULL, &answer), LK_VERIFY_NOT_FOUND);
    assert_false(answer.known);
    assert_int_equal(atomic_load(&world->verifier.outcomes[LK_VERIFY_MALFORMED]), 6);
    assert_string_equal(lk_verify_code_name(LK_VERIFY_MALFORMED), "MALFORMED");
    assert_string_equal(lk_verify_code_name(LK_VERIFY_VALID), "VALID");
}

static void test_answer(void **state) {
    struct world *world = *state;
    static const struct lk_slice scopes[] = {LK_SLICE("a.b")};
    struct lk_grants grants = {.scopes = scopes, .scopes_len = 1};
    assert_int_equal(put_group(world->keyring, 50, &grants), 0);
    struct lk_keyring_digest digest = digest_of(world->keys, 1);
    struct lk_keyring_key key = key_of(1, &digest, 1);
    struct lk_id group = id_of(50);
    char name[LK_KEYRING_NAME_MAX + 1];
    memset(name, 'n', sizeof name);
    key.groups = &group;
    key.groups_len = 1;
    key.metadata = lk_slice_cstr("{\"team\":\"x\"}");
    for (size_t len = 0; len <= LK_KEYRING_NAME_MAX; len += 5) {
        key.name = lk_slice_make(name, len);
        assert_int_equal(put_key(world->keyring, &key), 0);
        struct lk_verify_answer answer;
        assert_int_equal(ask(&world->verifier, 1, NULL, &answer), LK_VERIFY_VALID);
        assert_true(answer.known);
        assert_true(lk_id_equal(&answer.key_id, &key.id));
        assert_true(lk_id_equal(&answer.account_id, &key.account_id));
        assert_true(lk_slice_equal(answer.name, key.name));
        assert_true(lk_slice_equal(answer.metadata, key.metadata));
        assert_true(lk_slice_is(answer.set->scopes_header, "a.b"));
        assert_int_equal(answer.expires_at, LK_KEYRING_FOREVER);
        assert_false(answer.has_rate || answer.has_credits);
    }
    key.name = lk_slice_make(name, LK_KEYRING_NAME_MAX + 1);
    assert_int_equal(put_key(world->keyring, &key), LK_EINVAL);
    key.name = lk_slice_make(name, 3);
    key.digests_len = 0;
    assert_int_equal(put_key(world->keyring, &key), LK_EINVAL);
}

/* Every reason to refuse at once; taken away one by one, the next shows. */
static void test_order(void **state) {
    struct world *world = *state;
    struct lk_keyring_digest digest = digest_of(world->keys, 1);
    struct lk_keyring_key key = key_of(1, &digest, 1);
    struct lk_slice ips = lk_slice_cstr("10.0.0.0/8");
    struct lk_ip inside;
    assert_int_equal(lk_ip_parse(lk_slice_cstr("10.1.1.1"), &inside), 0);
    struct lk_expression *require = compiled("a.b");
    struct lk_id group = id_of(50);
    key.enabled = false;
    key.expires_at = 1000;
    key.allowed_ips = &ips;
    key.allowed_ips_len = 1;
    key.rate = (struct lk_rate){1, 1000};
    key.has_credits = true;
    key.groups = &group;
    key.groups_len = 1;
    struct lk_id other = id_of(999);
    struct test_token token = token_of(1);
    struct lk_verify_request request = {
        .token = lk_slice_cstr(token.text), .require = require, .account = &other, .cost = 2, .now_ms = 1000, .mono_ns = 1};
    struct lk_verify_answer answer;
    assert_int_equal(put_key(world->keyring, &key), 0);
    assert_int_equal(lk_verify(&world->verifier, &request, &answer), LK_VERIFY_NOT_FOUND);
    request.account = &key.account_id;
    assert_int_equal(lk_verify(&world->verifier, &request, &answer), LK_VERIFY_DISABLED);
    assert_true(answer.known);
    key.enabled = true;
    assert_int_equal(put_key(world->keyring, &key), 0);
    assert_int_equal(lk_verify(&world->verifier, &request, &answer), LK_VERIFY_EXPIRED);
    request.now_ms = 999;
    assert_int_equal(lk_verify(&world->verifier, &request, &answer), LK_VERIFY_IP_NOT_ALLOWED);
    assert_int_equal(answer.expires_at, 1000);
    struct lk_ip outside = inside;
    outside.bytes[12] = 11;
    request.ip = &outside;
    assert_int_equal(lk_verify(&world->verifier, &request, &answer), LK_VERIFY_IP_NOT_ALLOWED);
    request.ip = &inside;
    assert_int_equal(lk_verify(&world->verifier, &request, &answer), LK_VERIFY_INSUFFICIENT_PERMISSIONS);
    static const struct lk_slice scopes[] = {LK_SLICE("a.*")};
    struct lk_grants grants = {.scopes = scopes, .scopes_len = 1};
    assert_int_equal(put_group(world->keyring, 50, &grants), 0);
    assert_int_equal(lk_verify(&world->verifier, &request, &answer), LK_VERIFY_RATE_LIMITED);
    assert_true(answer.has_rate);
    assert_int_equal(answer.rate.retry_ms, -1);
    request.cost = 1;
    assert_int_equal(lk_verify(&world->verifier, &request, &answer), LK_VERIFY_USAGE_EXCEEDED);
    assert_true(answer.has_credits);
    assert_int_equal(answer.credits_left, 0);
    struct lk_keyring_change credit = {.kind = LK_KEYRING_KEY_CREDITS, .id = key.id, .credits = 3};
    assert_int_equal(lk_keyring_apply(world->keyring, &credit, 1, NULL), 0);
    request.mono_ns = 2000000000;
    assert_int_equal(lk_verify(&world->verifier, &request, &answer), LK_VERIFY_VALID);
    assert_int_equal(answer.credits_left, 2);
    assert_int_equal(answer.rate.remaining, 0);
    lk_expression_free(require);
}

/* A change of a key keeps what it has used; the account's rate is shared by its keys, and a refusal by it takes nothing from the key. */
static void test_limits_stay(void **state) {
    struct world *world = *state;
    struct lk_keyring_digest digests[2] = {digest_of(world->keys, 1), digest_of(world->keys, 2)};
    struct lk_keyring_key one = key_of(1, &digests[0], 1);
    struct lk_keyring_key two = key_of(2, &digests[1], 1);
    one.rate = (struct lk_rate){10, 10000};
    one.has_credits = one.set_credits = true;
    one.credits = 5;
    struct lk_verify_answer answer;
    assert_int_equal(put_key(world->keyring, &one), 0);
    assert_int_equal(put_key(world->keyring, &two), 0);
    assert_int_equal(ask(&world->verifier, 1, NULL, &answer), LK_VERIFY_VALID);
    assert_int_equal(answer.rate.remaining, 9);
    one.set_credits = false;
    one.name = lk_slice_cstr("renamed");
    assert_int_equal(put_key(world->keyring, &one), 0);
    assert_int_equal(ask(&world->verifier, 1, NULL, &answer), LK_VERIFY_VALID);
    assert_int_equal(answer.rate.remaining, 8);
    assert_int_equal(answer.credits_left, 3);

    struct lk_keyring_account account = {.id = id_of(1000), .rate = {2, 60000}};
    struct lk_keyring_change change = {.kind = LK_KEYRING_ACCOUNT, .account = &account};
    assert_int_equal(lk_keyring_apply(world->keyring, &change, 1, NULL), 0);
    assert_int_equal(ask(&world->verifier, 1, NULL, &answer), LK_VERIFY_VALID);
    assert_int_equal(answer.rate.limit, 2);
    assert_int_equal(answer.rate.remaining, 1);
    assert_int_equal(ask(&world->verifier, 2, NULL, &answer), LK_VERIFY_VALID);
    assert_int_equal(ask(&world->verifier, 2, NULL, &answer), LK_VERIFY_RATE_LIMITED);
    assert_int_equal(ask(&world->verifier, 1, NULL, &answer), LK_VERIFY_RATE_LIMITED);
    account.rate.limit = 0;
    assert_int_equal(lk_keyring_apply(world->keyring, &change, 1, NULL), 0);
    assert_int_equal(ask(&world->verifier, 1, NULL, &answer), LK_VERIFY_VALID);
    assert_int_equal(answer.rate.remaining, 6);
}

static enum lk_verify_code take(struct world *world, uint32_t number, uint32_t cost, struct lk_verify_answer *ret) {
    struct test_token token = token_of(number);
    const struct lk_verify_request request = {.token = lk_slice_cstr(token.text), .cost = cost, .now_ms = 1, .mono_ns = 1};
    return lk_verify(&world->verifier, &request, ret);
}

static void put_account_credits(struct world *world, bool has, bool set, int64_t credits) {
    const struct lk_keyring_account account = {.id = id_of(1000), .has_credits = has, .set_credits = set, .credits = credits};
    const struct lk_keyring_change change = {.kind = LK_KEYRING_ACCOUNT, .account = &account};
    assert_int_equal(lk_keyring_apply(world->keyring, &change, 1, NULL), 0);
}

/* What a verification says of credits. */
static void expect_take(struct world *world, uint32_t number, uint32_t cost, enum lk_verify_code code, int64_t left) {
    struct lk_verify_answer answer;
    assert_int_equal(take(world, number, cost, &answer), code);
    assert_true(answer.has_credits);
    assert_int_equal(answer.credits_left, left);
}

/* Key 1 has credits, key 2 of the same account has none. */
static void test_account_credits(void **state) {
    struct world *world = *state;
    struct lk_keyring_digest digests[2] = {digest_of(world->keys, 1), digest_of(world->keys, 2)};
    struct lk_keyring_key one = key_of(1, &digests[0], 1);
    const struct lk_keyring_key two = key_of(2, &digests[1], 1);
    struct lk_verify_answer answer;
    one.has_credits = one.set_credits = true;
    one.credits = 10;
    assert_int_equal(put_key(world->keyring, &one), 0);
    assert_int_equal(put_key(world->keyring, &two), 0);
    assert_int_equal(take(world, 2, 1, &answer), LK_VERIFY_VALID);
    assert_false(answer.has_credits);

    put_account_credits(world, true, true, 12);
    expect_take(world, 1, 4, LK_VERIFY_VALID, 6);          /* 6 and 8 */
    expect_take(world, 2, 3, LK_VERIFY_VALID, 5);          /* 6 and 5 */
    expect_take(world, 1, 6, LK_VERIFY_USAGE_EXCEEDED, 5); /* the account lacks: nothing is taken from the key */
    expect_take(world, 2, 6, LK_VERIFY_USAGE_EXCEEDED, 5);
    expect_take(world, 1, 0, LK_VERIFY_VALID, 5);
    put_account_credits(world, true, true, 100);
    expect_take(world, 1, 7, LK_VERIFY_USAGE_EXCEEDED, 6); /* the key lacks: nothing is taken from the account */
    expect_take(world, 1, 6, LK_VERIFY_VALID, 0);
    expect_take(world, 2, 0, LK_VERIFY_VALID, 94);
    put_account_credits(world, true, false, 0); /* a change of something else */
    expect_take(world, 2, 94, LK_VERIFY_VALID, 0);
    expect_take(world, 2, 1, LK_VERIFY_USAGE_EXCEEDED, 0);
    expect_take(world, 2, 0, LK_VERIFY_VALID, 0);
    put_account_credits(world, true, true, 50);
    put_account_credits(world, false, false, 0);
    assert_int_equal(take(world, 2, 1, &answer), LK_VERIFY_VALID);
    assert_false(answer.has_credits);
    expect_take(world, 1, 1, LK_VERIFY_USAGE_EXCEEDED, 0);
    put_account_credits(world, true, false, 7); /* had none, and none were set */
    expect_take(world, 2, 1, LK_VERIFY_USAGE_EXCEEDED, 0);
}

/* A key that has no credits left is refused by that, and takes neither its own rate nor that of its neighbours. */
static void test_used_up_takes_no_rate(void **state) {
    struct world *world = *state;
    struct lk_keyring_digest digests[2] = {digest_of(world->keys, 1), digest_of(world->keys, 2)};
    struct lk_keyring_key one = key_of(1, &digests[0], 1);
    const struct lk_keyring_key two = key_of(2, &digests[1], 1);
    one.has_credits = one.set_credits = true;
    one.credits = 1;
    one.rate = (struct lk_rate){3, 60000};
    const struct lk_keyring_account account = {.id = id_of(1000), .rate = {5, 60000}};
    const struct lk_keyring_change change = {.kind = LK_KEYRING_ACCOUNT, .account = &account};
    struct lk_verify_answer answer;
    assert_int_equal(put_key(world->keyring, &one), 0);
    assert_int_equal(put_key(world->keyring, &two), 0);
    assert_int_equal(lk_keyring_apply(world->keyring, &change, 1, NULL), 0);
    expect_take(world, 1, 1, LK_VERIFY_VALID, 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(take(world, 1, 1, &answer), LK_VERIFY_USAGE_EXCEEDED);
        assert_true(answer.has_rate);
        assert_int_equal(answer.rate.limit, 3);
        assert_int_equal(answer.rate.remaining, 2);
    }
    for (uint32_t left = 4; left > 0; left--) {
        assert_int_equal(take(world, 2, 1, &answer), LK_VERIFY_VALID);
        assert_int_equal(answer.rate.remaining, left - 1);
    }
    assert_int_equal(take(world, 1, 1, &answer), LK_VERIFY_RATE_LIMITED); /* which is looked at first */
}

/* A rate that is taken away is forgotten, of a key with and without credits and of an account: what it has counted is not held against a later one. */
static void test_a_rate_given_again(void **state) {
    struct world *world = *state;
    struct lk_keyring_digest digest = digest_of(world->keys, 1);
    struct lk_keyring_key key = key_of(1, &digest, 1);
    struct lk_keyring_account account = {.id = id_of(1000)};
    const struct lk_keyring_change change = {.kind = LK_KEYRING_ACCOUNT, .account = &account};
    struct lk_verify_answer answer;
    for (int kind = 0; kind < 3; kind++) {
        struct lk_rate *rate = kind == 2 ? &account.rate : &key.rate;
        key.has_credits = key.set_credits = kind == 1;
        key.credits = 10;
        const uint32_t limits[] = {2, 0, 2, 1, 2, 0};
        const uint32_t left[] = {1, 0, 1, 0, 1, 0}; /* one that is changed goes on */
        for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
            *rate = (struct lk_rate){limits[i], 60000};
            assert_int_equal(put_key(world->keyring, &key), 0);
            assert_int_equal(lk_keyring_apply(world->keyring, &change, 1, NULL), 0);
            assert_int_equal(take(world, 1, i < 3, &answer), LK_VERIFY_VALID);
            assert_int_equal(answer.has_rate, limits[i] > 0);
            assert_int_equal(answer.rate.remaining, left[i]);
            key.set_credits = false;
        }
    }
}

static void expect_refusal(struct world *world, uint32_t number, uint32_t cost, uint32_t limit, uint32_t remaining, int64_t retry_ms) {
    struct lk_verify_answer answer;
    assert_int_equal(take(world, number, cost, &answer), LK_VERIFY_RATE_LIMITED);
    assert_int_equal(answer.rate.limit, limit);
    assert_int_equal(answer.rate.remaining, remaining);
    assert_int_equal(answer.rate.retry_ms, retry_ms);
}

/* Of the key's rate and its account's the answer is about whichever is nearer to its end, also where the key's own refuses: who is told to come back in a
 * second would be refused for another minute by the account's. */
static void test_the_nearer_rate(void **state) {
    struct world *world = *state;
    struct lk_keyring_digest digests[2] = {digest_of(world->keys, 1), digest_of(world->keys, 2)};
    struct lk_keyring_key one = key_of(1, &digests[0], 1);
    const struct lk_keyring_key two = key_of(2, &digests[1], 1);
    one.rate = (struct lk_rate){3, 3000};
    struct lk_keyring_account account = {.id = id_of(1000), .rate = {5, 300000}};
    const struct lk_keyring_change change = {.kind = LK_KEYRING_ACCOUNT, .account = &account};
    struct lk_verify_answer answer;
    assert_int_equal(put_key(world->keyring, &one), 0);
    assert_int_equal(put_key(world->keyring, &two), 0);
    assert_int_equal(lk_keyring_apply(world->keyring, &change, 1, NULL), 0);
    expect_refusal(world, 1, 4, 3, 3, -1); /* the account's would have allowed it */
    assert_int_equal(take(world, 2, 2, &answer), LK_VERIFY_VALID);
    expect_refusal(world, 1, 6, 5, 3, -1); /* neither ever will; as much is left of both, the account's for longer */
    assert_int_equal(take(world, 2, 1, &answer), LK_VERIFY_VALID);
    expect_refusal(world, 1, 4, 5, 2, 120000); /* the key's never will; the account's has less left */
    assert_int_equal(take(world, 1, 2, &answer), LK_VERIFY_VALID);
    assert_int_equal(answer.rate.limit, 5);
    expect_refusal(world, 1, 2, 5, 0, 120000);
    assert_int_equal(take(world, 1, 0, &answer), LK_VERIFY_VALID);

    account.rate = (struct lk_rate){6, 360000}; /* as used up */
    assert_int_equal(lk_keyring_apply(world->keyring, &change, 1, NULL), 0);
    assert_int_equal(take(world, 1, 1, &answer), LK_VERIFY_VALID); /* nothing is left of either */
    assert_int_equal(answer.rate.limit, 6);
    expect_refusal(world, 1, 1, 6, 0, 60000);
    account.rate = (struct lk_rate){6, 600};
    assert_int_equal(lk_keyring_apply(world->keyring, &change, 1, NULL), 0);
    expect_refusal(world, 1, 1, 3, 0, 1000);
}

/* What was digested under an older lookup key, and then under each since, is found by those, alone and in a batch; what is unknown under all of them is not, nor is
 * what the older one alone has digested. */
static void test_older_lookup(void **state) {
    struct world *world = *state;
    struct lk_keys *first = keys_of(2);
    struct lk_keys *second = keys_of(1);
    struct lk_keyring_digest digest = digest_of(second, 77);
    struct lk_keyring_digest oldest = digest_of(first, 79);
    struct lk_keyring_digest forged = digest_of(second, 80);
    lk_digest_renew(world->keys, &digest.digest);
    lk_digest_renew(second, &oldest.digest);
    lk_digest_renew(world->keys, &oldest.digest);
    struct lk_keyring_key key = key_of(77, &digest, 1);
    struct lk_keyring_key key_of_first = key_of(79, &oldest, 1);
    struct lk_keyring_key key_of_nobody = key_of(80, &forged, 1);
    struct lk_verify_answer answer;
    assert_int_equal(put_key(world->keyring, &key), 0);
    assert_int_equal(put_key(world->keyring, &key_of_first), 0);
    assert_int_equal(put_key(world->keyring, &key_of_nobody), 0);
    assert_int_equal(ask(&world->verifier, 77, NULL, &answer), LK_VERIFY_NOT_FOUND);

    uint8_t raw[2][LK_KEY_BYTES];
    for (uint8_t i = 0; i < 2; i++) {
        struct lk_master *master = master_of((uint8_t)(2 - i));
        lk_keys_derive_one(master, LK_KEY_LOOKUP, raw[i]);
        lk_master_free(master);
        assert_int_equal(lk_keys_add_older_lookup(world->keys, raw[i]), 0);
    }
    assert_int_equal(ask(&world->verifier, 77, NULL, &answer), LK_VERIFY_VALID);
    assert_memory_equal(&answer.key_id, &key.id, sizeof(key.id));
    assert_int_equal(ask(&world->verifier, 79, NULL, &answer), LK_VERIFY_VALID);
    assert_int_equal(ask(&world->verifier, 78, NULL, &answer), LK_VERIFY_NOT_FOUND);
    assert_int_equal(ask(&world->verifier, 80, NULL, &answer), LK_VERIFY_NOT_FOUND);

    struct lk_id other = id_of(1001);
    struct test_token token = token_of(77);
    struct lk_verify_request request = {.token = lk_slice_cstr(token.text), .account = &other, .now_ms = 1000, .mono_ns = 1000000000};
    assert_int_equal(lk_verify(&world->verifier, &request, &answer), LK_VERIFY_NOT_FOUND);
    request.account = NULL;
    lk_verify_batch(&world->verifier, &request, 1, &answer);
    assert_int_equal(answer.code, LK_VERIFY_VALID);
    lk_keys_free(first);
    lk_keys_free(second);
}

static void test_batch(void **state) {
    struct world *world = *state;
    enum { COUNT = 100 };
    static struct lk_verify_request requests[COUNT];
    static struct lk_verify_answer answers[COUNT];
    static struct test_token tokens[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        tokens[i] = token_of(i);
        requests[i] = (struct lk_verify_request){.token = lk_slice_cstr(tokens[i].text), .now_ms = 1, .cost = 1};
        if (i % 3 == 0) {
            struct lk_keyring_digest digest = digest_of(world->keys, i);
            struct lk_keyring_key key = key_of(i, &digest, 1);
            assert_int_equal(put_key(world->keyring, &key), 0);
        }
        if (i % 7 == 1)
            requests[i].token.len = 3;
    }
    struct lk_usage *usage;
    assert_int_equal(lk_usage_open(1000, &usage), 0);
    world->verifier.usage = usage;
    lk_verify_batch(&world->verifier, requests, COUNT, answers);
    for (uint32_t i = 0; i < COUNT; i++) {
        struct lk_id id = id_of(i);
        assert_int_equal(answers[i].code, i % 7 == 1 ? LK_VERIFY_MALFORMED : i % 3 == 0 ? LK_VERIFY_VALID : LK_VERIFY_NOT_FOUND);
        assert_true(!answers[i].known || lk_id_equal(&answers[i].key_id, &id));
    }
    lk_verify_batch(&world->verifier, requests, 0, answers);
    world->verifier.usage = NULL;
    lk_usage_close(usage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_malformed_and_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_account_credits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_used_up_takes_no_rate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_rate_given_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_nearer_rate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_older_lookup, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_batch, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
