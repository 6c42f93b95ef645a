/*
 * An answer is the truth of one moment, although a key and its set change apart: verify.c looks at the slot of the index again after it has loaded the set.
 * Its source is compiled in here, so that the writer can be let in between the two looks.
 */
#include "fixture.h"

#include "keyring/internal.h"

static void (*between)(void);

static const char *text_at(const struct lk_cells *cells, uint32_t unit) {
    void (*now)(void) = between;
    between = NULL;
    if (now != NULL)
        now();
    return lk_cells_text_at(cells, unit);
}

/* find() asks for the text's memory after its first look at the slot and before it loads the set. */
#define lk_cells_text_at text_at
#include "keyring/verify.c" /* NOLINT(bugprone-suspicious-include) */

static struct lk_keys *keys;
static struct lk_keyring *keyring;
static const struct lk_slice secret = LK_SLICE("both");

static void put(uint32_t number, uint32_t group) {
    struct lk_keyring_digest digest = digest_of(keys, number);
    struct lk_keyring_key key = key_of(number, &digest, 1);
    struct lk_id id = id_of(group);
    key.groups = &id;
    key.groups_len = 1;
    assert_int_equal(put_key(keyring, &key), 0);
}

/* The key leaves group 61, and only then group 61 gives something: the key never had it. */
static void leave_then_give(void) {
    const struct lk_grants something = {.scopes = &secret, .scopes_len = 1};
    put(1, 62);
    assert_int_equal(put_group(keyring, 61, &something), 0);
}

static bool removed_in_between;

static void remove_it(void) {
    assert_int_equal(put_id(keyring, LK_KEYRING_KEY_REMOVE, 1), 0);
    removed_in_between = true;
}

static void open_world(void) {
    const struct lk_grants nothing = {0};
    keys = test_keys();
    assert_int_equal(lk_keyring_open(keys, &test_vocabulary, 0, &keyring), 0);
    assert_int_equal(put_group(keyring, 61, &nothing), 0);
    assert_int_equal(put_group(keyring, 62, &nothing), 0);
    put(1, 61);
    put(2, 61); /* keeps the set of group 61 in use */
}

static void close_world(void) {
    lk_keyring_close(keyring);
    lk_keys_free(keys);
}

static void test_key_and_set_are_of_one_moment(void **state) {
    (void)state;
    open_world();
    struct lk_expression *require;
    assert_int_equal(lk_expression_compile(&test_vocabulary, secret, &require, NULL), 0);
    struct lk_verifier verifier;
    struct lk_verify_answer answer;
    lk_verifier_init(&verifier, keyring, NULL);
    between = leave_then_give;
    assert_int_equal(ask(&verifier, 1, require, &answer), LK_VERIFY_INSUFFICIENT_PERMISSIONS);
    assert_null(between);
    assert_int_equal(ask(&verifier, 2, require, &answer), LK_VERIFY_VALID); /* so group 61 does give it */
    lk_expression_free(require);
    close_world();
}

static void test_removed_in_between_is_unknown(void **state) {
    (void)state;
    open_world();
    struct lk_verifier verifier;
    struct lk_verify_answer answer;
    lk_verifier_init(&verifier, keyring, NULL);
    between = remove_it;
    assert_int_equal(ask(&verifier, 1, NULL, &answer), LK_VERIFY_NOT_FOUND);
    assert_true(removed_in_between);
    close_world();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_and_set_are_of_one_moment),
        cmocka_unit_test(test_removed_in_between_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
