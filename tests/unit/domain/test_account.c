#include "fixture.h"

#include "domain/rules.h"

static void test_default_groups(void **state) {
    struct fixture *f = *state;
    struct lk_user_group *groups;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(lk_user_group_list(&f->call, (struct lk_page){100, 0}, &groups, &len, &info), 0);
    assert_int_equal(len, 3);
    assert_int_equal(info.total, 3);
    assert_false(info.has_more);
    assert_true(lk_slice_is(groups[0].name, "Account Administrator"));
    assert_true(lk_slice_is(groups[1].name, "Non-Production Support"));
    assert_true(lk_slice_is(groups[2].name, "Production Support"));
    assert_true(lk_id_equal(&groups[0].id, &f->admin_group));
    const char *expected[] = {
        NULL,
        "{\"account\":[],\"scopes\":[],\"apps\":["
        "{\"type\":\"ENV\",\"apps\":\"ALL\",\"actions\":[\"CREATE\",\"READ\",\"UPDATE\",\"DELETE\"],\"filterTypes\":[\"NON_PRODUCTION_"
        "ENVIRONMENTS\"]},"
        "{\"type\":\"SERVICE\",\"apps\":\"ALL\",\"actions\":[\"CREATE\",\"READ\",\"UPDATE\",\"DELETE\"],\"filterTypes\":[\"ALL\"]},"
        "{\"type\":\"WORKFLOW\",\"apps\":\"ALL\",\"actions\":[\"CREATE\",\"READ\",\"UPDATE\",\"DELETE\"],"
        "\"filterTypes\":[\"NON_PRODUCTION_WORKFLOWS\",\"WORKFLOW_TEMPLATES\"]},"
        "{\"type\":\"PIPELINE\",\"apps\":\"ALL\",\"actions\":[\"CREATE\",\"READ\",\"UPDATE\",\"DELETE\"],\"filterTypes\":[\"NON_PRODUCTION_"
        "PIPELINES\"]},"
        "{\"type\":\"DEPLOYMENT\",\"apps\":\"ALL\",\"actions\":[\"READ\",\"EXECUTE_WORKFLOW\",\"EXECUTE_PIPELINE\"],"
        "\"filterTypes\":[\"NON_PRODUCTION_ENVIRONMENTS\"]},"
        "{\"type\":\"PROVISIONER\",\"apps\":\"ALL\",\"actions\":[\"CREATE\",\"READ\",\"UPDATE\",\"DELETE\"],\"filterTypes\":[\"ALL\"]}]}",
        "{\"account\":[],\"scopes\":[],\"apps\":["
        "{\"type\":\"ENV\",\"apps\":\"ALL\",\"actions\":[\"CREATE\",\"READ\",\"UPDATE\",\"DELETE\"],\"filterTypes\":[\"PRODUCTION_"
        "ENVIRONMENTS\"]},"
        "{\"type\":\"SERVICE\",\"apps\":\"ALL\",\"actions\":[\"CREATE\",\"READ\",\"UPDATE\",\"DELETE\"],\"filterTypes\":[\"ALL\"]},"
        "{\"type\":\"WORKFLOW\",\"apps\":\"ALL\",\"actions\":[\"CREATE\",\"READ\",\"UPDATE\",\"DELETE\"],"
        "\"filterTypes\":[\"PRODUCTION_WORKFLOWS\",\"WORKFLOW_TEMPLATES\"]},"
        "{\"type\":\"PIPELINE\",\"apps\":\"ALL\",\"actions\":[\"CREATE\",\"READ\",\"UPDATE\",\"DELETE\"],\"filterTypes\":[\"PRODUCTION_"
        "PIPELINES\"]},"
        "{\"type\":\"DEPLOYMENT\",\"apps\":\"ALL\",\"actions\":[\"READ\",\"EXECUTE_WORKFLOW\",\"EXECUTE_PIPELINE\"],"
        "\"filterTypes\":[\"PRODUCTION_ENVIRONMENTS\"]},"
        "{\"type\":\"PROVISIONER\",\"apps\":\"ALL\",\"actions\":[\"CREATE\",\"READ\",\"UPDATE\",\"DELETE\"],\"filterTypes\":[\"ALL\"]}]}",
    };
    struct lk_permissions permissions;
    for (size_t i = 1; i < 3; i++) {
        struct lk_slice text;
        assert_int_equal(lk_user_group_permissions(&f->call, &groups[i].id, &permissions), 0);
        assert_int_equal(lk_permissions_text(&f->call, &permissions, &text), 0);
        assert_string_equal(text.ptr, expected[i]);
        assert_int_equal(lk_permissions_validate(&permissions, NULL), 0);
    }
    assert_int_equal(lk_user_group_permissions(&f->call, &groups[0].id, &permissions), 0);
    assert_int_equal(permissions.account, LK_ACCOUNT_PERMISSIONS_ALL);
    assert_int_equal(permissions.scopes.len, 1);
    assert_true(lk_slice_is(permissions.scopes.items[0], "*"));
    assert_int_equal(permissions.apps_len, 1);
    assert_int_equal(permissions.apps[0].type, LK_APP_ALL);
    assert_true(permissions.apps[0].all_apps);
    assert_int_equal(permissions.apps[0].actions, 0xFU | 1U << LK_ACTION_EXECUTE_PIPELINE | 1U << LK_ACTION_EXECUTE_WORKFLOW);
}

static void test_operator_account(void **state) {
    struct fixture *f = *state;
    struct lk_account account;
    struct lk_id group;
    struct lk_permissions permissions;
    assert_int_equal(lk_account_create(&f->call, NULL, lk_slice_cstr("Operators"), true, &account, &group), 0);
    assert_int_equal(lk_user_group_permissions(&f->call, &group, &permissions), 0);
    assert_int_equal(permissions.scopes.len, 2);
    assert_true(lk_permissions_hold_scope(&permissions, lk_slice_cstr(LK_SCOPE_OPERATOR)));
}

static void test_create_refuses(void **state) {
    struct fixture *f = *state;
    struct lk_account account;
    struct lk_id group;
    fixture_expect(f, lk_account_create(&f->call, NULL, lk_slice_cstr(" x"), false, &account, &group), LK_EINVAL, "Invalid account name");
    fixture_expect(f, lk_account_create(&f->call, &f->account.id, lk_slice_cstr("x"), false, &account, &group), LK_ECONFLICT,
                   "An account already exists with the id ");
}

static void test_get(void **state) {
    struct fixture *f = *state;
    struct lk_account account;
    assert_int_equal(lk_account_get(&f->call, &account), 0);
    assert_true(lk_slice_is(account.name, "Acme"));
    assert_true(lk_id_equal(&account.id, &f->account.id));
}

static void test_wrong_master_key(void **state) {
    struct fixture *f = *state;
    struct lk_keys *other = fixture_keys(8);
    struct lk_domain *domain = NULL;
    fixture_expect(f, lk_domain_open(f->db, other, &domain, &f->problem), LK_ECORRUPT, "The master key is not the one");
    assert_null(domain);
    lk_keys_free(other);
    assert_int_equal(lk_domain_open(f->db, f->keys, &domain, &f->problem), 0);
    lk_domain_close(domain);
}

static void test_group_find(void **state) {
    struct fixture *f = *state;
    struct lk_user_group group;
    assert_int_equal(lk_user_group_get(&f->call, fixture_id(f, &f->admin_group), &group), 0);
    assert_true(lk_slice_is(group.name, "Account Administrator"));
    assert_int_equal(lk_user_group_get_by_name(&f->call, lk_slice_cstr("Production Support"), &group), 0);
    fixture_expect(f, lk_user_group_get(&f->call, lk_slice_cstr("4L2X2JLSQe2DnjOwBXj0TQ"), &group), LK_ENOTFOUND,
                   "No User Group exists with the id 4L2X2JLSQe2DnjOwBXj0TQ");
    fixture_expect(f, lk_user_group_get(&f->call, lk_slice_cstr("x"), &group), LK_ENOTFOUND, "No User Group exists with the id x");
    fixture_expect(f, lk_user_group_get_by_name(&f->call, lk_slice_cstr("production support"), &group), LK_ENOTFOUND,
                   "No User Group exists with the name production support");
}

static void test_group_pages(void **state) {
    struct fixture *f = *state;
    struct lk_user_group *groups;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(lk_user_group_list(&f->call, (struct lk_page){2, 1}, &groups, &len, &info), 0);
    assert_int_equal(len, 2);
    assert_true(lk_slice_is(groups[0].name, "Non-Production Support"));
    assert_false(info.has_more);
    assert_int_equal(lk_user_group_list(&f->call, (struct lk_page){1, 1}, &groups, &len, &info), 0);
    assert_int_equal(len, 1);
    assert_true(info.has_more);
    assert_int_equal(lk_user_group_list(&f->call, (struct lk_page){0, 0}, &groups, &len, &info), 0);
    assert_int_equal(len, 0);
    assert_true(info.has_more);
    assert_int_equal(lk_user_group_list(&f->call, (struct lk_page){INT64_MAX, INT64_MAX}, &groups, &len, &info), 0);
    assert_int_equal(len, 0);
    assert_int_equal(info.limit, 100);
    assert_false(info.has_more);
    fixture_expect(f, lk_user_group_list(&f->call, (struct lk_page){-1, 0}, &groups, &len, &info), LK_EINVAL, "Invalid limit");
    fixture_expect(f, lk_user_group_list(&f->call, (struct lk_page){1, -1}, &groups, &len, &info), LK_EINVAL, "Invalid offset");
}

static void test_reading_groups_needs_permission(void **state) {
    struct fixture *f = *state;
    struct lk_id weak = fixture_group(f, "weak", LK_ACCOUNT_PERMISSION_BIT(LK_VIEW_CE), NULL);
    struct lk_slice token;
    fixture_key(f, "weak", &weak, &token);
    assert_int_equal(fixture_act(f, token), 0);
    struct lk_user_group *groups;
    struct lk_user_group group;
    size_t len;
    struct lk_page_info info;
    fixture_expect(f, lk_user_group_list(&f->call, (struct lk_page){1, 0}, &groups, &len, &info), LK_EFORBIDDEN, "User not authorized");
    fixture_expect(f, lk_user_group_get(&f->call, fixture_id(f, &weak), &group), LK_EFORBIDDEN, "User not authorized");
    fixture_expect(f, lk_user_group_get_by_name(&f->call, lk_slice_cstr("weak"), &group), LK_EFORBIDDEN, "User not authorized");
}

/* Whatever a client gives, it is looked at before it is reckoned with. */
static void test_rates(void **state) {
    struct fixture *f = *state;
    static const struct lk_rate_limit bad[] = {{0, 60}, {LK_RATE_LIMIT_MAX + 1, 60}, {1, 0}, {1, LK_RATE_WINDOW_MAX + 1}, {1, INT64_MAX}};
    struct lk_account_input input = {.rate_given = true, .has_rate = true, .rate = {10, 60}};
    struct lk_account account;
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_account_update(&f->call, fixture_id(f, &f->account.id), &input, &account)), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        input.rate = bad[i];
        fixture_begin(f);
        fixture_expect(f, fixture_end(f, lk_account_update(&f->call, fixture_id(f, &f->account.id), &input, &account)), LK_EINVAL,
                       "Invalid rateLimit: ");
    }
    assert_int_equal(fixture_query(f, "SELECT rate_limit * 1000000 + rate_window_ms FROM account"), 10060000);
    input.has_rate = false;
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_account_update(&f->call, fixture_id(f, &f->account.id), &input, &account)), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM account WHERE rate_limit IS NULL AND rate_window_ms IS NULL"), 1);
}

static int change_credits(struct fixture *f, bool has, struct lk_credits_input credits, struct lk_account *ret) {
    const struct lk_account_input input = {.credits_given = true, .has_credits = has, .credits = credits};
    fixture_begin(f);
    return fixture_end(f, lk_account_update(&f->call, fixture_id(f, &f->account.id), &input, ret));
}

static void test_credits(void **state) {
    struct fixture *f = *state;
    const struct lk_credits_input weekly = {
        .remaining = 7, .has_refill = true, .amount = 100, .interval = LK_SLICE("WEEKLY"), .day_given = true, .day = 3};
    struct lk_account account;
    struct lk_credits credits;
    bool counted = true;
    assert_int_equal(lk_account_credits(&f->call, &f->account.id, &counted, &credits), 0);
    assert_false(counted);
    assert_int_equal(change_credits(f, true, weekly, &account), 0);
    assert_int_equal(lk_account_credits(&f->call, &account.id, &counted, &credits), 0);
    assert_true(counted);
    assert_int_equal(credits.remaining, 7);
    assert_int_equal(credits.amount, 100);
    assert_int_equal(credits.day, 3);
    assert_true(credits.next_at > f->call.now_ms);

    const struct lk_account_input rename = {.name = LK_SLICE("Renamed")};
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_account_update(&f->call, fixture_id(f, &f->account.id), &rename, &account)), 0);
    assert_int_equal(fixture_query(f, "SELECT remaining FROM account_credits"), 7); /* absent leaves */
    fixture_expect(f, change_credits(f, true, (struct lk_credits_input){.remaining = -1}, &account), LK_EINVAL,
                   "Invalid credits: remaining");
    assert_int_equal(fixture_query(f, "SELECT remaining FROM account_credits"), 7);
    assert_int_equal(change_credits(f, false, (struct lk_credits_input){0}, &account), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM account_credits"), 0);
}

static void test_credits_are_audited(void **state) {
    struct fixture *f = *state;
    struct lk_account account;
    assert_int_equal(change_credits(f, true, (struct lk_credits_input){.remaining = 7}, &account), 0);
    assert_int_equal(change_credits(f, false, (struct lk_credits_input){0}, &account), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE before_doc LIKE '%\"credits\":null%' AND "
                                      "after_doc LIKE '%\"credits\":{\"remaining\":7,\"refill\":null}%'"),
                     1);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE after_doc LIKE '%\"credits\":null%' AND "
                                      "before_doc LIKE '%\"credits\":{\"remaining\":7,\"refill\":null}%'"),
                     1);
}

static void test_credits_need_permission(void **state) {
    struct fixture *f = *state;
    struct lk_account account;
    fixture_act_with(f, LK_ACCOUNT_PERMISSIONS_ALL & ~LK_ACCOUNT_PERMISSION_BIT(LK_ADMINISTER_OTHER_ACCOUNT_FUNCTIONS));
    fixture_expect(f, change_credits(f, true, (struct lk_credits_input){.remaining = 7}, &account), LK_EFORBIDDEN, "User not authorized");
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM account_credits"), 0);
}

static void test_credits_go_with_their_account(void **state) {
    struct fixture *f = *state;
    struct lk_account other;
    struct lk_slice operator_token = fixture_other_account(f, &other);
    fixture_act_as_system(f, &other.id);
    const struct lk_account_input input = {.credits_given = true, .has_credits = true, .credits = {.remaining = 3}};
    struct lk_account account;
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_account_update(&f->call, fixture_id(f, &other.id), &input, &account)), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM account_credits"), 1);
    assert_int_equal(fixture_act(f, operator_token), 0);
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_account_delete(&f->call, fixture_id(f, &other.id))), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM account_credits"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_default_groups),
        TEST(test_operator_account),
        TEST(test_create_refuses),
        TEST(test_get),
        TEST(test_wrong_master_key),
        TEST(test_group_find),
        TEST(test_group_pages),
        TEST(test_reading_groups_needs_permission),
        TEST(test_rates),
        TEST(test_credits),
        TEST(test_credits_are_audited),
        TEST(test_credits_need_permission),
        TEST(test_credits_go_with_their_account),
    };
    return cmocka_run_group_tests_name("domain/account", tests, NULL, NULL);
}
