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

static enum lk_verify_code code_of(struct world *world, uint32_t token) {
    struct lk_verify_answer answer;
    return ask(&world->verifier, token, NULL, &answer);
}

static struct lk_keyring_stats stats_of(struct world *world) {
    struct lk_keyring_stats stats;
    lk_keyring_stats(world->keyring, &stats);
    return stats;
}

static void put(struct world *world, uint32_t number) {
    struct lk_keyring_digest digest = digest_of(world->keys, number);
    struct lk_keyring_key key = key_of(number, &digest, 1);
    assert_int_equal(put_key(world->keyring, &key), 0);
}

/* Through many growths and removals, everything that is in is found and nothing else. */
static void test_growth(void **state) {
    struct world *world = *state;
    enum { COUNT = 20000 };
    for (uint32_t i = 0; i < COUNT; i++) {
        put(world, i);
        if (i % 2 == 1)
            assert_int_equal(put_id(world->keyring, LK_KEYRING_KEY_REMOVE, i - 1), 0);
        if (i % 97 == 0)
            assert_int_equal(code_of(world, i / 2 | 1), i == 0 ? LK_VERIFY_NOT_FOUND : LK_VERIFY_VALID);
    }
    assert_int_equal(stats_of(world).keys, COUNT / 2);
    assert_int_equal(stats_of(world).entries, COUNT / 2);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(code_of(world, i), i % 2 == 1 ? LK_VERIFY_VALID : LK_VERIFY_NOT_FOUND);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(put_id(world->keyring, LK_KEYRING_KEY_REMOVE, i), 0);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(code_of(world, i), LK_VERIFY_NOT_FOUND);
    assert_int_equal(stats_of(world).keys, 0);
    assert_int_equal(stats_of(world).sets, 0);
}

/* One batch larger than the table several times over. */
static void test_large_batch(void **state) {
    struct world *world = *state;
    enum { COUNT = 6000 };
    static struct lk_keyring_digest digests[COUNT];
    static struct lk_keyring_key keys[COUNT];
    static struct lk_keyring_change changes[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        digests[i] = digest_of(world->keys, i);
        keys[i] = key_of(i, &digests[i], 1);
        changes[i] = (struct lk_keyring_change){.kind = LK_KEYRING_KEY, .key = &keys[i]};
    }
    assert_int_equal(lk_keyring_apply(world->keyring, changes, COUNT, NULL), 0);
    assert_int_equal(lk_keyring_apply(world->keyring, changes, COUNT, NULL), 0);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(code_of(world, i), LK_VERIFY_VALID);
    assert_int_equal(stats_of(world).keys, COUNT);
}

static void test_rotation(void **state) {
    struct world *world = *state;
    struct lk_keyring_digest digests[2] = {digest_of(world->keys, 1), digest_of(world->keys, 2)};
    struct lk_keyring_key key = key_of(7, digests, 1);
    assert_int_equal(put_key(world->keyring, &key), 0);
    key.digests_len = 2;
    digests[0].ends_at = 1001;
    assert_int_equal(put_key(world->keyring, &key), 0);
    struct lk_verify_answer answer;
    assert_int_equal(ask(&world->verifier, 1, NULL, &answer), LK_VERIFY_VALID);
    assert_int_equal(answer.expires_at, 1001);
    assert_true(lk_id_equal(&answer.key_id, &key.id));
    assert_int_equal(ask(&world->verifier, 2, NULL, &answer), LK_VERIFY_VALID);
    assert_int_equal(answer.expires_at, LK_KEYRING_FOREVER);
    assert_int_equal(stats_of(world).keys, 1);
    assert_int_equal(stats_of(world).entries, 2);
    digests[0].ends_at = 1000;
    assert_int_equal(put_key(world->keyring, &key), 0);
    assert_int_equal(code_of(world, 1), LK_VERIFY_EXPIRED);
    key.digests = &digests[1];
    key.digests_len = 1;
    assert_int_equal(put_key(world->keyring, &key), 0);
    assert_int_equal(code_of(world, 1), LK_VERIFY_NOT_FOUND);
    assert_int_equal(code_of(world, 2), LK_VERIFY_VALID);
    key.expires_at = 500;
    assert_int_equal(put_key(world->keyring, &key), 0);
    assert_int_equal(code_of(world, 2), LK_VERIFY_EXPIRED);
    assert_int_equal(put_id(world->keyring, LK_KEYRING_KEY_REMOVE, 7), 0);
    assert_int_equal(code_of(world, 2), LK_VERIFY_NOT_FOUND);
    assert_int_equal(stats_of(world).entries, 0);
}

/* A secret that goes from one key to another in one batch, and one that another key takes over. */
static void test_digest_moves(void **state) {
    struct world *world = *state;
    put(world, 1);
    struct lk_keyring_digest digest = digest_of(world->keys, 1);
    struct lk_keyring_key key = key_of(2, &digest, 1);
    struct lk_keyring_change changes[2] = {{.kind = LK_KEYRING_KEY_REMOVE, .id = id_of(1)}, {.kind = LK_KEYRING_KEY, .key = &key}};
    assert_int_equal(lk_keyring_apply(world->keyring, changes, 2, NULL), 0);
    struct lk_verify_answer answer;
    assert_int_equal(ask(&world->verifier, 1, NULL, &answer), LK_VERIFY_VALID);
    assert_true(lk_id_equal(&answer.key_id, &key.id));
    key.id = id_of(3);
    assert_int_equal(put_key(world->keyring, &key), 0);
    assert_int_equal(ask(&world->verifier, 1, NULL, &answer), LK_VERIFY_VALID);
    assert_true(lk_id_equal(&answer.key_id, &key.id));
    assert_int_equal(stats_of(world).keys, 1);
    assert_int_equal(stats_of(world).entries, 1);
}

static void test_disable(void **state) {
    struct world *world = *state;
    put(world, 1);
    assert_int_equal(put_id(world->keyring, LK_KEYRING_KEY_DISABLE, 1), 0);
    assert_int_equal(code_of(world, 1), LK_VERIFY_DISABLED);
    put(world, 1);
    assert_int_equal(code_of(world, 1), LK_VERIFY_VALID);
    assert_int_equal(put_id(world->keyring, LK_KEYRING_KEY_DISABLE, 99), 0);
    assert_int_equal(put_id(world->keyring, LK_KEYRING_KEY_REMOVE, 99), 0);
}

static bool holds(struct world *world, uint32_t token, const char *text) {
    struct lk_verify_answer answer;
    struct lk_expression *require;
    assert_int_equal(lk_expression_compile(&test_vocabulary, lk_slice_cstr(text), &require, NULL), 0);
    enum lk_verify_code code = ask(&world->verifier, token, require, &answer);
    lk_expression_free(require);
    return code == LK_VERIFY_VALID;
}

static const struct lk_slice scopes[] = {LK_SLICE("a"), LK_SLICE("b"), LK_SLICE("c")};

static struct lk_grants gives(size_t scope) {
    return (struct lk_grants){.scopes = &scopes[scope], .scopes_len = 1};
}

static void test_groups(void **state) {
    struct world *world = *state;
    struct lk_grants a = gives(0);
    struct lk_grants b = gives(1);
    struct lk_grants c = gives(2);
    struct lk_id both[2] = {id_of(52), id_of(51)};
    struct lk_keyring_digest digests[2] = {digest_of(world->keys, 1), digest_of(world->keys, 2)};
    struct lk_keyring_key one = key_of(1, &digests[0], 1);
    one.groups = both;
    one.groups_len = 2;
    struct lk_keyring_key two = key_of(2, &digests[1], 1);
    two.groups = both;
    two.groups_len = 1;
    assert_int_equal(put_key(world->keyring, &one), 0); /* before its groups exist */
    assert_false(holds(world, 1, "a OR b"));
    assert_int_equal(put_group(world->keyring, 51, &a), 0);
    assert_int_equal(put_group(world->keyring, 52, &b), 0);
    assert_int_equal(put_key(world->keyring, &two), 0);
    assert_true(holds(world, 1, "a AND b"));
    assert_true(holds(world, 2, "b AND NOT a"));
    assert_int_equal(stats_of(world).sets, 2);
    assert_int_equal(stats_of(world).groups, 2);
    assert_int_equal(put_group(world->keyring, 52, &c), 0);
    assert_true(holds(world, 1, "a AND c AND NOT b"));
    assert_true(holds(world, 2, "c AND NOT b"));
    assert_int_equal(put_id(world->keyring, LK_KEYRING_GROUP_REMOVE, 52), 0);
    assert_true(holds(world, 1, "a AND NOT c"));
    assert_false(holds(world, 2, "c"));
    assert_int_equal(stats_of(world).groups, 1);
    struct lk_verify_answer answer;
    (void)ask(&world->verifier, 1, NULL, &answer);
    assert_int_equal(answer.set->groups_len, 1);
    two.groups_len = 2; /* the same groups in the same order: the same set */
    assert_int_equal(put_key(world->keyring, &two), 0);
    assert_int_equal(stats_of(world).sets, 1);
    two.groups_len = 0;
    assert_int_equal(put_key(world->keyring, &two), 0);
    assert_false(holds(world, 2, "a"));
}

/* What is staged is not in force; unstaging one mutation of a batch leaves the others. */
static void test_staging(void **state) {
    struct world *world = *state;
    put(world, 1);
    struct lk_grants a = gives(0);
    struct lk_grants b = gives(1);
    struct lk_keyring_group group = {.id = id_of(51), .grants = a};
    struct lk_id in = id_of(51);
    struct lk_keyring_digest digests[2] = {digest_of(world->keys, 2), digest_of(world->keys, 3)};
    struct lk_keyring_key two = key_of(2, &digests[0], 1);
    struct lk_keyring_key three = key_of(3, &digests[1], 1);
    two.groups = three.groups = &in;
    two.groups_len = three.groups_len = 1;
    struct lk_keyring_change first[] = {{.kind = LK_KEYRING_GROUP, .group = &group}, {.kind = LK_KEYRING_KEY, .key = &two}};
    lk_keyring_begin(world->keyring);
    assert_int_equal(lk_keyring_stage(world->keyring, first, 2, NULL), 0);
    size_t mark = lk_keyring_mark(world->keyring);
    group.grants = b;
    struct lk_keyring_change second[] = {{.kind = LK_KEYRING_GROUP, .group = &group},
                                         {.kind = LK_KEYRING_KEY, .key = &three},
                                         {.kind = LK_KEYRING_KEY_REMOVE, .id = id_of(1)},
                                         {.kind = LK_KEYRING_ACCOUNT_REMOVE, .id = id_of(1000)}};
    assert_int_equal(lk_keyring_stage(world->keyring, second, 4, NULL), 0);
    assert_int_equal(code_of(world, 1), LK_VERIFY_VALID);
    assert_int_equal(code_of(world, 2), LK_VERIFY_NOT_FOUND);
    lk_keyring_unstage(world->keyring, mark);
    two.digests_len = 0; /* refused, and with it all of its call */
    struct lk_keyring_change third[] = {{.kind = LK_KEYRING_KEY_REMOVE, .id = id_of(1)}, {.kind = LK_KEYRING_KEY, .key = &two}};
    assert_int_equal(lk_keyring_stage(world->keyring, third, 2, NULL), LK_EINVAL);
    assert_int_equal(lk_keyring_mark(world->keyring), mark);
    lk_keyring_commit(world->keyring);
    assert_int_equal(code_of(world, 1), LK_VERIFY_VALID);
    assert_true(holds(world, 2, "a AND NOT b"));
    assert_int_equal(code_of(world, 3), LK_VERIFY_NOT_FOUND);
    lk_keyring_begin(world->keyring);
    assert_int_equal(lk_keyring_stage(world->keyring, second, 4, NULL), 0);
    lk_keyring_abort(world->keyring);
    assert_true(holds(world, 2, "a AND NOT b"));
    assert_int_equal(code_of(world, 1), LK_VERIFY_VALID);
    assert_int_equal(stats_of(world).keys, 2);
}

static void test_account_removed(void **state) {
    struct world *world = *state;
    enum { COUNT = 3000 };
    struct lk_keyring_account account = {.id = id_of(2000)};
    struct lk_keyring_change add = {.kind = LK_KEYRING_ACCOUNT, .account = &account};
    assert_int_equal(lk_keyring_apply(world->keyring, &add, 1, NULL), 0);
    for (uint32_t i = 0; i < COUNT; i++) {
        struct lk_keyring_digest digest = digest_of(world->keys, i);
        struct lk_keyring_key key = key_of(i, &digest, 1);
        if (i % 2 == 0)
            key.account_id = account.id;
        assert_int_equal(put_key(world->keyring, &key), 0);
    }
    assert_int_equal(put_id(world->keyring, LK_KEYRING_ACCOUNT_REMOVE, 2000), 0);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(code_of(world, i), i % 2 == 0 ? LK_VERIFY_NOT_FOUND : LK_VERIFY_VALID);
    assert_true(stats_of(world).keys > COUNT / 2);
    for (uint32_t i = 0; i < 10; i++) { /* of batches that change nothing */
        lk_keyring_begin(world->keyring);
        lk_keyring_commit(world->keyring);
    }
    assert_int_equal(stats_of(world).keys, COUNT / 2);
    assert_int_equal(stats_of(world).accounts, 0);
    assert_int_equal(lk_keyring_apply(world->keyring, &add, 1, NULL), 0);
    struct lk_keyring_digest digest = digest_of(world->keys, 0);
    struct lk_keyring_key key = key_of(0, &digest, 1);
    key.account_id = account.id;
    assert_int_equal(put_key(world->keyring, &key), 0);
    assert_int_equal(code_of(world, 0), LK_VERIFY_VALID);
}

/* Keys in many large groups each have a set of their own, of all that these give: what an account's sets take is bounded, and what was refused has taken nothing. */
static void test_bound(void **state) {
    struct world *world = *state;
    enum { GROUPS = 20, BYTES = 8192, MOST = 1 << 20 };
    static char text[GROUPS + 1][BYTES]; /* the last is in none */
    struct lk_id groups[GROUPS];
    memset(text[GROUPS], 'z', BYTES);
    for (uint32_t i = 0; i < GROUPS; i++) {
        memset(text[i], (int)('a' + i), BYTES);
        const struct lk_slice scope = lk_slice_make(text[i], BYTES);
        const struct lk_grants grants = {.scopes = &scope, .scopes_len = 1};
        groups[i] = id_of(5000 + i);
        assert_int_equal(put_group(world->keyring, 5000 + i, &grants), 0);
    }
    lk_keyring_bound(world->keyring, MOST);
    uint32_t made = 0;
    int code = 0;
    while (made < GROUPS && code == 0) {
        struct lk_keyring_digest digest = digest_of(world->keys, made);
        struct lk_keyring_key key = key_of(made, &digest, 1);
        struct lk_id others[GROUPS];
        memcpy(others, groups, sizeof others);
        others[made] = groups[GROUPS - 1];
        key.groups = others;
        key.groups_len = GROUPS - 1;
        code = put_key(world->keyring, &key);
        made += code == 0;
    }
    assert_int_equal(code, LK_ELIMIT);
    assert_in_range(made, 2, 8);
    assert_int_equal(code_of(world, made), LK_VERIFY_NOT_FOUND);
    assert_int_equal(code_of(world, made - 1), LK_VERIFY_VALID);
    const uint64_t full = stats_of(world).bytes;

    /* A group that grows is refused, one that shrinks is not; and one batch does not change it again and again. */
    const struct lk_slice two[] = {lk_slice_make(text[0], BYTES), lk_slice_make(text[1], BYTES)};
    const struct lk_slice added[] = {lk_slice_make(text[0], BYTES), lk_slice_make(text[GROUPS], BYTES)};
    const struct lk_grants more = {.scopes = added, .scopes_len = 2};
    const struct lk_grants same = {.scopes = two, .scopes_len = 1};
    const struct lk_slice scope = LK_SLICE("x");
    const struct lk_grants less = {.scopes = &scope, .scopes_len = 1};
    lk_keyring_bound(world->keyring, 0);
    assert_int_equal(put_group(world->keyring, 5000, &more), LK_ELIMIT);
    lk_keyring_bound(world->keyring, MOST);
    const struct lk_keyring_group group = {.id = groups[GROUPS - 1], .grants = same};
    const struct lk_keyring_change change = {.kind = LK_KEYRING_GROUP, .group = &group};
    struct lk_problem problem = {0};
    int changes = 0;
    lk_keyring_begin(world->keyring);
    while (changes < 100 && (code = lk_keyring_stage(world->keyring, &change, 1, &problem)) == 0)
        changes++;
    assert_int_equal(code, LK_ELIMIT);
    assert_non_null(strstr(problem.text, "Too much memory"));
    assert_in_range(changes, 1, 4);
    lk_keyring_abort(world->keyring);
    assert_in_range(stats_of(world).bytes, full - 4096, full + 4096);
    for (uint32_t i = 0; i < GROUPS; i++)
        assert_int_equal(put_group(world->keyring, 5000 + i, &less), 0);
    assert_true(holds(world, 0, "x"));

    /* What was given back can be taken again. */
    const struct lk_grants large = {.scopes = two, .scopes_len = 2};
    for (uint32_t i = 0; i < made; i++)
        assert_int_equal(put_id(world->keyring, LK_KEYRING_KEY_REMOVE, i), 0);
    for (uint32_t i = 0; i < GROUPS; i++)
        assert_int_equal(put_group(world->keyring, 5000 + i, &large), 0);
    for (uint32_t i = 0; i < made; i++) {
        struct lk_keyring_digest digest = digest_of(world->keys, i);
        struct lk_keyring_key key = key_of(i, &digest, 1);
        key.groups = groups;
        key.groups_len = GROUPS - i;
        assert_int_equal(put_key(world->keyring, &key), 0);
    }
}

static int put_in(struct world *world, bool enabled, const struct lk_id *groups, size_t len) {
    struct lk_keyring_digest digest = digest_of(world->keys, 1);
    struct lk_keyring_key key = key_of(1, &digest, 1);
    key.enabled = enabled;
    key.groups = groups;
    key.groups_len = len;
    return put_key(world->keyring, &key);
}

/* Whoever has no room for another set can disable a key that has lost a group which is gone for good, and change it. */
static void test_bound_without_a_group(void **state) {
    struct world *world = *state;
    static char text[2][8192];
    const struct lk_id groups[] = {id_of(50), id_of(51), id_of(52)};
    for (uint32_t i = 0; i < 2; i++) {
        memset(text[i], (int)('a' + i), sizeof text[i]);
        const struct lk_slice both[] = {lk_slice_make(text[i], sizeof text[i]), i == 0 ? lk_slice_cstr("x") : lk_slice_cstr("y")};
        const struct lk_grants grants = {.scopes = both, .scopes_len = 2};
        assert_int_equal(put_group(world->keyring, 50 + i, &grants), 0);
    }
    assert_int_equal(put_in(world, true, groups, 3), 0);
    lk_keyring_bound(world->keyring, 0);
    assert_int_equal(put_in(world, true, groups, 2), LK_ELIMIT);
    assert_int_equal(put_id(world->keyring, LK_KEYRING_GROUP_REMOVE, 52), 0);
    assert_int_equal(put_in(world, true, groups, 2), LK_ELIMIT); /* it may come again */

    const struct lk_keyring_change forget = {.kind = LK_KEYRING_GROUP_FORGET, .id = groups[2]};
    lk_keyring_begin(world->keyring);
    assert_int_equal(lk_keyring_stage(world->keyring, &forget, 1, NULL), 0);
    lk_keyring_unstage(world->keyring, 0);
    assert_int_equal(put_in(world, true, groups, 2), LK_ELIMIT); /* it was not forgotten after all */

    assert_int_equal(lk_keyring_apply(world->keyring, &forget, 1, NULL), 0);
    assert_int_equal(put_in(world, true, groups, 2), 0);
    assert_true(holds(world, 1, "x AND y"));
    assert_int_equal(put_in(world, false, groups, 2), 0);
    assert_int_equal(code_of(world, 1), LK_VERIFY_DISABLED);
    assert_int_equal(stats_of(world).sets, 1);
    assert_int_equal(put_in(world, true, &groups[1], 1), LK_ELIMIT); /* it has lost one that is there */
    assert_int_equal(put_id(world->keyring, LK_KEYRING_GROUP_FORGET, 50), 0);
    assert_int_equal(put_in(world, true, &groups[1], 1), 0);
    assert_true(holds(world, 1, "y AND NOT x"));
    assert_int_equal(put_id(world->keyring, LK_KEYRING_KEY_REMOVE, 1), 0);
    assert_int_equal(stats_of(world).sets, 0);
}

/* Of groups, sets and keys that come and go nothing stays but what waits for a grace period. */
static void test_what_goes_is_freed(void **state) {
    struct world *world = *state;
    enum { BYTES = 2048, ROUNDS = 512 };
    static char text[BYTES];
    memset(text, 'a', BYTES);
    const struct lk_slice scope = lk_slice_make(text, BYTES);
    const struct lk_grants first = {.scopes = &scope, .scopes_len = 1};
    const struct lk_grants then = {0};
    uint64_t settled = 0;
    for (uint32_t i = 0; i < 4 * ROUNDS; i++) {
        const struct lk_id group = id_of(100 + i);
        const enum lk_keyring_change_kind end = i % 2 == 0 ? LK_KEYRING_GROUP_FORGET : LK_KEYRING_GROUP_REMOVE;
        assert_int_equal(put_group(world->keyring, 100 + i, &then), 0);
        assert_int_equal(put_in(world, true, &group, 1), 0);
        assert_int_equal(put_group(world->keyring, 100 + i, &first), 0);
        assert_int_equal(put_id(world->keyring, end, 100 + i), 0);
        assert_int_equal(put_id(world->keyring, LK_KEYRING_KEY_REMOVE, 1), 0);
        if (i + 1 == ROUNDS)
            settled = stats_of(world).bytes;
    }
    assert_int_equal(stats_of(world).groups, 0);
    assert_in_range(stats_of(world).bytes, 0, settled + (uint64_t)ROUNDS * BYTES / 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_growth, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_large_batch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rotation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_digest_moves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_disable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_groups, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_staging, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_account_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bound_without_a_group, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_goes_is_freed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
