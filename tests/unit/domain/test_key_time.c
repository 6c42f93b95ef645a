/* Rotation, its ends, and refills (of accounts too), on a clock that the test sets. */
#include "fixture.h"

#include "domain/key_leak.h"

static int rotate(struct fixture *f, const struct lk_id *id, int64_t overlap, struct lk_api_key *ret, struct lk_slice *ret_token) {
    fixture_begin(f);
    return fixture_end(f, lk_api_key_rotate(&f->call, fixture_id(f, &f->account.id), fixture_id(f, id), overlap, ret, ret_token));
}

/* Whether a secret is accepted at a moment. */
static bool accepted(struct fixture *f, struct lk_slice token, int64_t now_ms) {
    struct lk_problem problem = {0};
    struct lk_call call = {.db = f->db, .arena = &f->arena, .domain = f->domain, .now_ms = now_ms, .problem = &problem};
    int code = lk_authenticate_key(&call, token);
    assert_true(code == 0 || code == LK_EUNAUTH);
    return code == 0;
}

static bool pass(struct fixture *f, int (*work)(struct lk_call *, size_t, bool *), int64_t now_ms, size_t most) {
    struct lk_problem problem = {0};
    struct lk_call call = {.db = f->db, .arena = &f->arena, .domain = f->domain, .now_ms = now_ms, .problem = &problem};
    bool more = false;
    assert_int_equal(lk_operation_begin(&call), 0);
    int code = work(&call, most, &more);
    assert_int_equal(lk_operation_end(&call, code != 0), 0);
    assert_int_equal(code, 0);
    return more;
}

static void test_overlap_ends_to_the_millisecond(void **state) {
    struct fixture *f = *state;
    struct lk_slice first;
    struct lk_slice second;
    struct lk_api_key key = fixture_key(f, "x", NULL, &first);
    int64_t now = f->call.now_ms;
    assert_int_equal(rotate(f, &key.id, 5, &key, &second), 0);
    assert_true(accepted(f, first, now));
    assert_true(accepted(f, first, now + 4999));
    assert_false(accepted(f, first, now + 5000));
    assert_true(accepted(f, second, now + 5000));
    struct lk_old_secret old[LK_OLD_SECRETS_MAX];
    size_t len;
    assert_int_equal(lk_api_key_old_secrets(&f->call, &key.id, old, &len), 0);
    assert_int_equal(len, 1);
    assert_int_equal(old[0].ends_at, now + 5000);
    assert_int_equal(old[0].preview.len, 10);
}

static void test_no_overlap_ends_all(void **state) {
    struct fixture *f = *state;
    struct lk_slice tokens[5];
    struct lk_api_key key = fixture_key(f, "x", NULL, &tokens[0]);
    int64_t now = f->call.now_ms;
    for (int i = 1; i <= 3; i++)
        assert_int_equal(rotate(f, &key.id, 60, &key, &tokens[i]), 0);
    fixture_expect(f, rotate(f, &key.id, 60, &key, &tokens[4]), LK_ECONFLICT, "This API key has 3 old secrets");
    for (int i = 0; i <= 3; i++)
        assert_true(accepted(f, tokens[i], now));
    assert_int_equal(rotate(f, &key.id, 0, &key, &tokens[4]), 0);
    for (int i = 0; i <= 3; i++)
        assert_false(accepted(f, tokens[i], now));
    assert_true(accepted(f, tokens[4], now));
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM key_old_secret"), 0);
}

/* Those that have ended make room, whether the sweep has come by or not. */
static void test_ended_make_room(void **state) {
    struct fixture *f = *state;
    struct lk_slice token;
    struct lk_api_key key = fixture_key(f, "x", NULL, &token);
    for (int i = 0; i < 3; i++)
        assert_int_equal(rotate(f, &key.id, 60, &key, &token), 0);
    f->call.now_ms += 60000;
    assert_int_equal(rotate(f, &key.id, 60, &key, &token), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM key_old_secret"), 1);
}

static void test_sweep(void **state) {
    struct fixture *f = *state;
    struct lk_slice token;
    int64_t now = f->call.now_ms;
    struct lk_api_key a = fixture_key(f, "a", NULL, &token);
    struct lk_api_key b = fixture_key(f, "b", NULL, &token);
    struct lk_api_key c = fixture_key(f, "c", NULL, &token);
    assert_int_equal(rotate(f, &a.id, 1, &a, &token), 0);
    assert_int_equal(rotate(f, &b.id, 2, &b, &token), 0);
    assert_int_equal(rotate(f, &c.id, 100, &c, &token), 0);
    assert_false(pass(f, lk_api_keys_sweep, now + 999, 10));
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM key_old_secret"), 3);
    assert_true(pass(f, lk_api_keys_sweep, now + 2000, 1));
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM key_old_secret"), 2);
    assert_false(pass(f, lk_api_keys_sweep, now + 2000, 10));
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM key_old_secret"), 1);
}

/* A secret that has ended may come back as another key's, and is then no more the first one's. */
static void test_ended_can_be_imported(void **state) {
    struct fixture *f = *state;
    struct lk_slice first;
    struct lk_slice second;
    struct lk_api_key key = fixture_key(f, "x", NULL, &first);
    struct lk_import_result *results;
    struct lk_import_input input = {.key = {.name = LK_SLICE("y")}};
    assert_int_equal(rotate(f, &key.id, 60, &key, &second), 0);
    input.token = first;
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_api_key_import(&f->call, fixture_id(f, &f->account.id), &input, 1, &results)), 0);
    assert_true(lk_slice_is(results[0].error, "This key is there already, with the name x"));
    f->call.now_ms += 60000;
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_api_key_import(&f->call, fixture_id(f, &f->account.id), &input, 1, &results)), 0);
    assert_null(results[0].error.ptr);
    assert_true(accepted(f, first, f->call.now_ms));
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM key_old_secret"), 0);
}

static int disable_leaked(struct fixture *f, struct lk_slice token) {
    const struct lk_leak leak = {.reported_by = LK_SLICE("a scanner")};
    struct lk_actor *actor = f->call.actor;
    struct lk_id key;
    fixture_begin(f);
    int code = fixture_end(f, lk_api_key_disable_leaked(&f->call, token, &leak, &key));
    f->call.actor = actor;
    return code;
}

static int64_t reports(struct fixture *f) {
    return fixture_query(f, "SELECT count(*) FROM audit_entry WHERE actor_name = 'a scanner'");
}

/* A leaked secret that a rotation left ends by itself, also while its key is disabled: else it would be good again with the key. */
static void test_leaked_old_secrets_end(void **state) {
    struct fixture *f = *state;
    struct lk_slice tokens[3];
    struct lk_api_key key = fixture_key(f, "x", NULL, &tokens[0]);
    struct lk_api_key_input input = {.name = LK_SLICE("x"), .enabled_given = true};
    const int64_t now = f->call.now_ms;
    for (int i = 1; i <= 2; i++)
        assert_int_equal(rotate(f, &key.id, 60, &key, &tokens[i]), 0);
    assert_int_equal(disable_leaked(f, tokens[0]), 0);
    assert_false(accepted(f, tokens[0], now));
    assert_true(accepted(f, tokens[1], now));
    assert_true(accepted(f, tokens[2], now));
    assert_int_equal(fixture_update(f, &key.id, &input, &key), 0);
    assert_int_equal(disable_leaked(f, tokens[1]), 0);
    assert_int_equal(reports(f), 2);
    assert_int_equal(disable_leaked(f, tokens[2]), 0); /* it is disabled already, and stays what it is */
    assert_int_equal(reports(f), 3);
    input.enabled = true;
    assert_int_equal(fixture_update(f, &key.id, &input, &key), 0);
    assert_false(accepted(f, tokens[1], now));
    assert_true(accepted(f, tokens[2], now));
}

/* That the present secret of a key that is off is public must be known before somebody enables it: the audit log says so, once for each secret. */
static void test_leaks_of_disabled_keys(void **state) {
    struct fixture *f = *state;
    struct lk_slice tokens[2];
    struct lk_api_key key = fixture_key(f, "x", NULL, &tokens[0]);
    struct lk_api_key_input input = {.name = LK_SLICE("x"), .enabled_given = true};
    assert_int_equal(fixture_update(f, &key.id, &input, &key), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(disable_leaked(f, tokens[0]), 0);
    assert_int_equal(reports(f), 1);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE before_doc = '{\"enabled\":false}' AND "
                                      "after_doc = '{\"enabled\":false,\"leak\":{\"reportedBy\":\"a scanner\"}}'"),
                     1);
    assert_int_equal(rotate(f, &key.id, 60, &key, &tokens[1]), LK_EINVAL); /* the leaked one would be good again with the key */
    assert_int_equal(rotate(f, &key.id, 0, &key, &tokens[1]), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(disable_leaked(f, tokens[1]), 0);
    assert_int_equal(reports(f), 2);
    input.enabled = true;
    assert_int_equal(fixture_update(f, &key.id, &input, &key), 0);
    assert_true(accepted(f, tokens[1], f->call.now_ms));
    for (int i = 0; i < 3; i++)
        assert_int_equal(disable_leaked(f, tokens[1]), 0);
    assert_int_equal(reports(f), 3);
    assert_false(accepted(f, tokens[1], f->call.now_ms));
}

static void test_refill(void **state) {
    struct fixture *f = *state;
    const int64_t day = INT64_C(86400000);
    struct lk_api_key_input input = {
        .name = LK_SLICE("x"),
        .credits_given = true,
        .has_credits = true,
        .credits = {.remaining = 7, .has_refill = true, .amount = 100, .interval = LK_SLICE("DAILY")},
    };
    struct lk_api_key key;
    struct lk_slice token;
    assert_int_equal(fixture_create(f, &input, &key, &token), 0);
    struct lk_credits credits;
    bool counted = false;
    assert_int_equal(lk_api_key_credits(&f->call, &key.id, &counted, &credits), 0);
    assert_true(counted);
    assert_int_equal(credits.remaining, 7);
    assert_false(credits.has_day);
    int64_t due = credits.next_at;

    assert_false(pass(f, lk_credits_refill, due - 1, 10));
    assert_int_equal(fixture_query(f, "SELECT remaining FROM key_credits"), 7);
    assert_false(pass(f, lk_credits_refill, due, 10));
    assert_int_equal(fixture_query(f, "SELECT remaining FROM key_credits"), 100);
    assert_int_equal(fixture_query(f, "SELECT refill_at FROM key_credits"), due + day);
    fixture_sql(f, "UPDATE key_credits SET remaining = 3");
    assert_false(pass(f, lk_credits_refill, due, 10)); /* once */
    assert_int_equal(fixture_query(f, "SELECT remaining FROM key_credits"), 3);
    assert_false(pass(f, lk_credits_refill, due + 10 * day + 5, 10)); /* many missed: one refill, and the next is the coming one */
    assert_int_equal(fixture_query(f, "SELECT remaining FROM key_credits"), 100);
    assert_int_equal(fixture_query(f, "SELECT refill_at FROM key_credits"), due + 11 * day);
}

static void set_account_credits(struct fixture *f, struct lk_credits_input credits) {
    const struct lk_account_input input = {.credits_given = true, .has_credits = true, .credits = credits};
    struct lk_account account;
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_account_update(&f->call, fixture_id(f, &f->account.id), &input, &account)), 0);
}

static void test_refill_of_account(void **state) {
    struct fixture *f = *state;
    const int64_t day = INT64_C(86400000);
    set_account_credits(f, (struct lk_credits_input){.remaining = 7, .has_refill = true, .amount = 100, .interval = LK_SLICE("WEEKLY")});
    struct lk_api_key_input input = {
        .name = LK_SLICE("x"),
        .credits_given = true,
        .has_credits = true,
        .credits = {.remaining = 1, .has_refill = true, .amount = 50, .interval = LK_SLICE("DAILY")},
    };
    struct lk_api_key key;
    struct lk_slice token;
    assert_int_equal(fixture_create(f, &input, &key, &token), 0);
    int64_t due = fixture_query(f, "SELECT refill_at FROM account_credits");
    assert_int_equal(due / day % 7, 4); /* a Monday: 1970-01-01 was a Thursday */
    fixture_sql(f, "UPDATE key_credits SET refill_at = (SELECT refill_at FROM account_credits)");

    assert_false(pass(f, lk_credits_refill, due - 1, 10));
    assert_int_equal(fixture_query(f, "SELECT remaining FROM account_credits"), 7);
    assert_true(pass(f, lk_credits_refill, due, 1)); /* accounts come first */
    assert_int_equal(fixture_query(f, "SELECT remaining FROM account_credits"), 100);
    assert_int_equal(fixture_query(f, "SELECT refill_at FROM account_credits"), due + 7 * day);
    assert_int_equal(fixture_query(f, "SELECT remaining FROM key_credits"), 1);
    assert_false(pass(f, lk_credits_refill, due, 10));
    assert_int_equal(fixture_query(f, "SELECT remaining FROM key_credits"), 50);
    fixture_sql(f, "UPDATE account_credits SET remaining = 3");
    assert_false(pass(f, lk_credits_refill, due + 30 * day, 10)); /* many missed: one refill, and the next is the coming one */
    assert_int_equal(fixture_query(f, "SELECT remaining FROM account_credits"), 100);
    assert_int_equal(fixture_query(f, "SELECT refill_at FROM account_credits"), due + 35 * day);
}

/* A clock that is wrong for a while, ahead (a machine's battery) or behind (one that starts before it asks for the time), gives no second refill. */
static void test_refill_by_a_wrong_clock(void **state) {
    struct fixture *f = *state;
    const int64_t day = INT64_C(86400000);
    const int64_t now = f->call.now_ms;
    set_account_credits(f, (struct lk_credits_input){.remaining = 7, .has_refill = true, .amount = 100, .interval = LK_SLICE("MONTHLY")});
    const int64_t due = fixture_query(f, "SELECT refill_at FROM account_credits");
    static const int64_t behind[] = {0, 1700000000000 - 400 * INT64_C(86400000), 1700000000000 - INT64_C(86400000), 1700000000000};
    for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
        assert_false(pass(f, lk_credits_refill, behind[i], 10));
        assert_int_equal(fixture_query(f, "SELECT remaining FROM account_credits"), 7);
        assert_int_equal(fixture_query(f, "SELECT refill_at FROM account_credits"), due);
    }
    assert_false(pass(f, lk_credits_refill, due, 10));
    fixture_sql(f, "UPDATE account_credits SET remaining = 3");
    assert_false(pass(f, lk_credits_refill, due - 1, 10)); /* set back by a moment, across the refill */
    assert_false(pass(f, lk_credits_refill, due, 10));
    assert_int_equal(fixture_query(f, "SELECT remaining FROM account_credits"), 3);
    assert_false(pass(f, lk_credits_refill, now + 400 * day, 10));
    assert_int_equal(fixture_query(f, "SELECT remaining FROM account_credits"), 100);
    fixture_sql(f, "UPDATE account_credits SET remaining = 3");
    assert_false(pass(f, lk_credits_refill, due + 40 * day, 10));
    assert_int_equal(fixture_query(f, "SELECT remaining FROM account_credits"), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_overlap_ends_to_the_millisecond, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_no_overlap_ends_all, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_ended_make_room, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_sweep, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_ended_can_be_imported, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_leaked_old_secrets_end, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_leaks_of_disabled_keys, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_refill, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_refill_of_account, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_refill_by_a_wrong_clock, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
