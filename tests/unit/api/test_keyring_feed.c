#include "../domain/fixture.h"

#include "api/keyring_feed.h"
#include "domain/credits.h"
#include "domain/usage.h"
#include "keyring/verify.h"

#define NOW ((int64_t)1700000000000)

/* The domain's fixture, with a keyring that follows it. */
struct followed {
    struct fixture *f;
    struct lk_keyring_feed feed;
    struct lk_verifier verifier;
};

static struct followed follow(void **state) {
    struct followed t = {.f = *state};
    struct lk_problem problem = {0};
    if (lk_keyring_feed_open(&t.feed, t.f->db, t.f->keys, NULL, &problem) != 0)
        fail_msg("%s", problem.text);
    lk_keyring_reader_register();
    lk_verifier_init(&t.verifier, t.feed.keyring, NULL);
    return t;
}

static void unfollow(struct followed *t) {
    lk_domain_observe(t->f->domain, NULL);
    lk_keyring_reader_unregister();
    lk_keyring_feed_close(&t->feed);
}

/* The observer knows its feed by address: this is where the feed stays. */
static void observe(struct followed *t) {
    t->feed.observer.context = &t->feed;
    lk_domain_observe(t->f->domain, &t->feed.observer);
    lk_keyring_feed_begin(&t->feed);
}

static enum lk_verify_code ask(struct followed *t, struct lk_slice token, const char *require) {
    struct lk_expression *expression = NULL;
    if (require != NULL)
        assert_int_equal(lk_expression_compile(lk_keyring_vocabulary(), lk_slice_cstr(require), &expression, NULL), 0);
    const struct lk_verify_request question = {.token = token, .require = expression, .cost = 1, .now_ms = NOW};
    struct lk_verify_answer answer;
    enum lk_verify_code code = lk_verify(&t->verifier, &question, &answer);
    lk_keyring_reader_quiescent();
    lk_expression_free(expression);
    return code;
}

/* As the executor does it when a transaction has ended. */
static void commit(struct followed *t, int code) {
    lk_keyring_reader_offline();
    lk_keyring_feed_committed(&t->feed, code);
    lk_keyring_feed_begin(&t->feed);
    lk_keyring_reader_online();
}

static void test_load(void **state) {
    struct fixture *f = *state;
    struct lk_id group = fixture_group(f, "auditors", LK_ACCOUNT_PERMISSION_BIT(LK_VIEW_AUDITS), "invoices.*");
    struct lk_slice in_group;
    struct lk_slice in_none;
    fixture_key(f, "in group", &group, &in_group);
    fixture_key(f, "in none", NULL, &in_none);
    struct followed t = follow(state);
    assert_int_equal(ask(&t, f->admin_token, "MANAGE_API_KEYS AND app:*:PIPELINE:READ"), LK_VERIFY_VALID);
    assert_int_equal(ask(&t, in_group, "VIEW_AUDITS AND invoices.read"), LK_VERIFY_VALID);
    assert_int_equal(ask(&t, in_group, "MANAGE_API_KEYS"), LK_VERIFY_INSUFFICIENT_PERMISSIONS);
    assert_int_equal(ask(&t, in_none, NULL), LK_VERIFY_VALID);
    assert_int_equal(ask(&t, in_none, "VIEW_AUDITS"), LK_VERIFY_INSUFFICIENT_PERMISSIONS);
    struct lk_keyring_stats stats;
    lk_keyring_stats(t.feed.keyring, &stats);
    assert_int_equal(stats.keys, 3);
    unfollow(&t);
}

static void test_key_comes_and_goes_with_the_commit(void **state) {
    struct followed t = follow(state);
    observe(&t);
    struct lk_slice token;
    struct lk_api_key key = fixture_key(t.f, "new", NULL, &token);
    assert_int_equal(ask(&t, token, NULL), LK_VERIFY_NOT_FOUND);
    commit(&t, 0);
    assert_int_equal(ask(&t, token, NULL), LK_VERIFY_VALID);

    const struct lk_api_key_input off = {.name = LK_SLICE("new"), .enabled_given = true, .enabled = false};
    assert_int_equal(fixture_update(t.f, &key.id, &off, &key), 0);
    assert_int_equal(ask(&t, token, NULL), LK_VERIFY_VALID);
    commit(&t, 0);
    assert_int_equal(ask(&t, token, NULL), LK_VERIFY_DISABLED);

    assert_int_equal(fixture_delete(t.f, &key.id), 0);
    commit(&t, 0);
    assert_int_equal(ask(&t, token, NULL), LK_VERIFY_NOT_FOUND);
    unfollow(&t);
}

static void test_failed_commit_changes_nothing(void **state) {
    struct followed t = follow(state);
    observe(&t);
    struct lk_slice token;
    fixture_key(t.f, "lost", NULL, &token);
    commit(&t, LK_EFULL);
    assert_int_equal(ask(&t, token, NULL), LK_VERIFY_NOT_FOUND);
    commit(&t, 0);
    assert_int_equal(ask(&t, token, NULL), LK_VERIFY_NOT_FOUND);
    assert_int_equal(ask(&t, t.f->admin_token, NULL), LK_VERIFY_VALID);
    unfollow(&t);
}

static void test_undone_operation_changes_nothing(void **state) {
    struct followed t = follow(state);
    observe(&t);
    struct lk_slice kept;
    fixture_key(t.f, "kept", NULL, &kept);

    const struct lk_api_key_input input = {.name = LK_SLICE("undone")};
    struct lk_api_key key;
    struct lk_slice token;
    fixture_begin(t.f);
    assert_int_equal(lk_api_key_create(&t.f->call, (struct lk_slice){NULL, 0}, &input, &key, &token), 0);
    (void)fixture_end(t.f, LK_EINVAL); /* a field of its answer failed */
    assert_null(t.f->call.changes);
    commit(&t, 0);
    assert_int_equal(ask(&t, token, NULL), LK_VERIFY_NOT_FOUND);
    assert_int_equal(ask(&t, kept, NULL), LK_VERIFY_VALID);
    unfollow(&t);
}

/* Refills of many keys are one operation: what each needs to get into the keyring is not needed of all at once. */
static void test_many_changes_need_little_memory(void **state) {
    enum { KEYS = 200, IPS = 100 };
    struct followed t = follow(state);
    struct fixture *f = t.f;
    struct lk_slice ips[IPS];
    struct lk_slice tokens[KEYS];
    struct lk_api_key key;
    observe(&t);
    for (int i = 0; i < IPS; i++)
        ips[i] = lk_slice_cstr(lk_arena_printf(&f->arena, "fd00:1234:5678:9abc:def0:1234:1%03d:ffff", i));
    for (int i = 0; i < KEYS; i++) {
        const struct lk_api_key_input input = {
            .name = lk_slice_cstr(lk_arena_printf(&f->arena, "%d", i)),
            .ips_given = true,
            .allowed_ips = ips,
            .allowed_ips_len = IPS,
            .credits_given = true,
            .has_credits = true,
            .credits = {.has_refill = true, .amount = 5, .interval = LK_SLICE("DAILY")},
        };
        assert_int_equal(fixture_create(f, &input, &key, &tokens[i]), 0);
    }
    commit(&t, 0);
    struct lk_ip ip;
    assert_int_equal(lk_ip_parse(ips[0], &ip), 0);
    const struct lk_verify_request question = {.token = tokens[KEYS - 1], .ip = &ip, .cost = 1, .now_ms = NOW};
    struct lk_verify_answer answer;
    assert_int_equal(lk_verify(&t.verifier, &question, &answer), LK_VERIFY_USAGE_EXCEEDED);
    struct lk_arena little;
    lk_arena_init(&little, (size_t)256 << 10);
    struct lk_call call = f->call;
    call.arena = &little;
    call.now_ms += LK_DAY_MS;
    bool more = false;
    assert_int_equal(lk_operation_begin(&call), 0);
    assert_int_equal(lk_credits_refill(&call, KEYS, &more), 0);
    assert_int_equal(lk_operation_end(&call, false), 0);
    commit(&t, 0);
    assert_int_equal(lk_verify(&t.verifier, &question, &answer), LK_VERIFY_VALID);
    lk_arena_free(&little);
    unfollow(&t);
}

/* A request that has to run a second time takes back operations that had ended well. */
static void test_undone_request_changes_nothing(void **state) {
    struct followed t = follow(state);
    observe(&t);
    struct lk_slice earlier;
    struct lk_slice token;
    fixture_key(t.f, "earlier", NULL, &earlier);
    assert_int_equal(lk_request_begin(&t.f->call), 0);
    fixture_key(t.f, "undone", NULL, &token);
    assert_int_equal(fixture_delete(t.f, &t.f->admin_key.id), LK_ECONFLICT);
    assert_int_equal(lk_request_end(&t.f->call, true), 0);
    commit(&t, 0);
    assert_int_equal(ask(&t, token, NULL), LK_VERIFY_NOT_FOUND);
    assert_int_equal(ask(&t, earlier, NULL), LK_VERIFY_VALID);
    unfollow(&t);
}

static void test_group_changes_reach_its_keys(void **state) {
    struct followed t = follow(state);
    observe(&t);
    struct lk_id group = fixture_group(t.f, "group", LK_ACCOUNT_PERMISSION_BIT(LK_VIEW_AUDITS), NULL);
    struct lk_slice token;
    fixture_key(t.f, "member", &group, &token);
    commit(&t, 0);

    const struct lk_permissions permissions = {.account = LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_TAGS)};
    struct lk_permissions now;
    fixture_begin(t.f);
    assert_int_equal(fixture_end(t.f, lk_user_group_set_permissions(&t.f->call, fixture_id(t.f, &group), &permissions, &now)), 0);
    commit(&t, 0);
    assert_int_equal(ask(&t, token, "MANAGE_TAGS"), LK_VERIFY_VALID);
    assert_int_equal(ask(&t, token, "VIEW_AUDITS"), LK_VERIFY_INSUFFICIENT_PERMISSIONS);

    fixture_begin(t.f);
    assert_int_equal(fixture_end(t.f, lk_user_group_delete(&t.f->call, fixture_id(t.f, &group))), 0);
    commit(&t, 0);
    assert_int_equal(ask(&t, token, "MANAGE_TAGS"), LK_VERIFY_INSUFFICIENT_PERMISSIONS);
    assert_int_equal(ask(&t, token, NULL), LK_VERIFY_VALID);
    unfollow(&t);
}

static void update_credits(struct fixture *f, bool has, int64_t remaining) {
    const struct lk_account_input input = {
        .credits_given = true, .has_credits = has, .credits = {remaining, .has_refill = true, .amount = 2, .interval = LK_SLICE("DAILY")}};
    struct lk_account account;
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_account_update(&f->call, fixture_id(f, &f->account.id), &input, &account)), 0);
}

static void rename_account(struct fixture *f, const char *name) {
    const struct lk_account_input input = {.name = lk_slice_cstr(name)};
    struct lk_account account;
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_account_update(&f->call, fixture_id(f, &f->account.id), &input, &account)), 0);
}

static void refill(struct fixture *f) {
    struct lk_call call = {.db = f->db, .arena = &f->arena, .domain = f->domain, .now_ms = INT64_C(1) << 50, .problem = &f->problem};
    bool more = true;
    assert_int_equal(lk_operation_begin(&call), 0);
    assert_int_equal(lk_credits_refill(&call, 10, &more), 0);
    assert_int_equal(lk_operation_end(&call, false), 0);
    assert_false(more);
}

static void test_account_credits(void **state) {
    struct fixture *f = *state;
    update_credits(f, true, 3);
    struct followed t = follow(state); /* loads them */
    observe(&t);
    assert_int_equal(ask(&t, f->admin_token, NULL), LK_VERIFY_VALID);
    rename_account(f, "renamed"); /* the database still has 3 */
    commit(&t, 0);
    assert_int_equal(ask(&t, f->admin_token, NULL), LK_VERIFY_VALID);
    assert_int_equal(ask(&t, f->admin_token, NULL), LK_VERIFY_VALID);
    assert_int_equal(ask(&t, f->admin_token, NULL), LK_VERIFY_USAGE_EXCEEDED);
    update_credits(f, true, 1);
    assert_int_equal(ask(&t, f->admin_token, NULL), LK_VERIFY_USAGE_EXCEEDED);
    commit(&t, 0);
    assert_int_equal(ask(&t, f->admin_token, NULL), LK_VERIFY_VALID);
    assert_int_equal(ask(&t, f->admin_token, NULL), LK_VERIFY_USAGE_EXCEEDED);
    refill(f);
    commit(&t, 0);
    assert_int_equal(ask(&t, f->admin_token, NULL), LK_VERIFY_VALID);
    assert_int_equal(ask(&t, f->admin_token, NULL), LK_VERIFY_VALID);
    assert_int_equal(ask(&t, f->admin_token, NULL), LK_VERIFY_USAGE_EXCEEDED);
    update_credits(f, false, 0);
    commit(&t, 0);
    assert_int_equal(ask(&t, f->admin_token, NULL), LK_VERIFY_VALID);
    unfollow(&t);
}

/* Whoever makes and deletes accounts leaves nothing behind in memory. */
static void test_deleted_accounts_leave_nothing(void **state) {
    struct fixture *f = *state;
    struct lk_account account;
    struct lk_slice operator= fixture_other_account(f, &account);
    struct lk_keyring_stats before;
    struct lk_keyring_stats after;
    struct followed t = follow(state);
    observe(&t);
    struct lk_account other;
    struct lk_slice token;
    lk_keyring_stats(t.feed.keyring, &before);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(fixture_act(f, operator), 0);
        fixture_begin(f);
        assert_int_equal(fixture_end(f, lk_account_provision(&f->call, lk_slice_cstr("passing"), lk_slice_cstr("first"), &other, &token)),
                         0);
        commit(&t, 0);
        assert_int_equal(ask(&t, token, "MANAGE_API_KEYS"), LK_VERIFY_VALID);
        assert_int_equal(fixture_act(f, operator), 0);
        fixture_begin(f);
        assert_int_equal(fixture_end(f, lk_account_delete(&f->call, fixture_id(f, &other.id))), 0);
        commit(&t, 0);
        assert_int_equal(ask(&t, token, NULL), LK_VERIFY_NOT_FOUND);
    }
    lk_keyring_stats(t.feed.keyring, &after);
    assert_int_equal(after.groups, before.groups);
    assert_int_equal(after.sets, before.sets);
    unfollow(&t);
}

static int refuse(void *context, struct lk_call *call, const struct lk_change *changes) {
    assert_non_null(changes);
    ++*(int *)context;
    return lk_problem_set(call->problem, LK_ENOMEM, "Out of memory");
}

static size_t no_mark(void *context) {
    (void)context;
    return 0;
}

static void never(void *context, size_t mark) {
    (void)context;
    (void)mark;
    fail_msg("nothing was accepted, so nothing is undone");
}

static void test_refused_change_is_undone(void **state) {
    struct fixture *f = *state;
    int calls = 0;
    const struct lk_change_observer observer = {refuse, no_mark, never, &calls};
    const struct lk_api_key_input input = {.name = LK_SLICE("refused")};
    struct lk_api_key key;
    struct lk_slice token;
    lk_domain_observe(f->domain, &observer);
    fixture_begin(f);
    assert_int_equal(lk_api_key_create(&f->call, (struct lk_slice){NULL, 0}, &input, &key, &token), 0);
    assert_int_equal(lk_operation_end(&f->call, false), LK_ENOMEM);
    assert_int_equal(calls, 1);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key WHERE name = 'refused'"), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE resource_name = 'refused'"), 0);
    lk_domain_observe(f->domain, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_load, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_key_comes_and_goes_with_the_commit, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_failed_commit_changes_nothing, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_undone_operation_changes_nothing, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_undone_request_changes_nothing, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_many_changes_need_little_memory, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_group_changes_reach_its_keys, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_account_credits, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_deleted_accounts_leave_nothing, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_refused_change_is_undone, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
