#include "../unit.h"

#include "domain/permission.h"

#define BIT LK_ACCOUNT_PERMISSION_BIT
#define READ ((uint32_t)1 << LK_ACTION_READ)
#define CREATE ((uint32_t)1 << LK_ACTION_CREATE)
#define EXECUTE ((uint32_t)1 << LK_ACTION_EXECUTE)
#define OWN(type) ((uint32_t)1 << (type))

static struct lk_arena arena;

static int setup(void **state) {
    (void)state;
    lk_arena_init(&arena, (size_t)64 << 20);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    lk_arena_free(&arena);
    return 0;
}

static void test_names(void **state) {
    (void)state;
    assert_int_equal(LK_ACCOUNT_PERMISSIONS, 31);
    for (unsigned i = 0; i < LK_ACCOUNT_PERMISSIONS; i++)
        assert_int_equal(lk_account_permission_find(lk_slice_cstr(lk_account_permission_name(i))), (int)i);
    assert_null(lk_account_permission_name(LK_ACCOUNT_PERMISSIONS));
    assert_string_equal(lk_account_permission_name(LK_MANAGE_API_KEYS), "MANAGE_API_KEYS");
    assert_string_equal(lk_account_permission_name(LK_MANAGE_RESTRICTED_ACCESS), "MANAGE_RESTRICTED_ACCESS");
    assert_int_equal(lk_account_permission_find(lk_slice_cstr("manage_api_keys")), LK_EINVAL);
    assert_string_equal(lk_app_type_name(LK_APP_PROVISIONER), "PROVISIONER");
    assert_string_equal(lk_app_type_name(LK_APP_TEMPLATE), "TEMPLATE");
    assert_string_equal(lk_action_name(LK_ACTION_ROLLBACK_WORKFLOW), "ROLLBACK_WORKFLOW");
    assert_string_equal(lk_action_name(LK_ACTION_ABORT_WORKFLOW), "ABORT_WORKFLOW");
    assert_string_equal(lk_filter_type_name(LK_APP_WORKFLOW, 3), "ALL_WORKFLOWS");
    assert_null(lk_filter_type_name(LK_APP_WORKFLOW, 4));
    assert_null(lk_filter_type_name(LK_APP_ALL, 0));
    assert_int_equal(lk_filter_type_find(LK_APP_PIPELINE, lk_slice_cstr("ALL_PIPELINES")), 2);
    assert_int_equal(lk_filter_type_find(LK_APP_PIPELINE, lk_slice_cstr("ALL_WORKFLOWS")), LK_EINVAL);
}

static void test_hold(void **state) {
    (void)state;
    struct lk_permissions broad = {.account = BIT(LK_MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS)};
    assert_true(lk_permissions_hold(&broad, LK_MANAGE_API_KEYS));
    assert_true(lk_permissions_hold(&broad, LK_MANAGE_USERS_AND_GROUPS));
    assert_true(lk_permissions_hold(&broad, LK_READ_USERS_AND_GROUPS));
    assert_true(lk_permissions_hold(&broad, LK_VIEW_USER_AND_USER_GROUPS_AND_API_KEYS));
    assert_false(lk_permissions_hold(&broad, LK_VIEW_AUDITS));
    struct lk_permissions narrow = {.account = BIT(LK_MANAGE_API_KEYS)};
    assert_false(lk_permissions_hold(&narrow, LK_MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS));
    assert_false(lk_permissions_hold(&narrow, LK_READ_USERS_AND_GROUPS));
}

static bool scope_covers(const char *granted, const char *wanted) {
    return lk_scope_covers(lk_slice_cstr(granted), lk_slice_cstr(wanted));
}

static void test_scopes(void **state) {
    (void)state;
    assert_true(scope_covers("invoices.read", "invoices.read"));
    assert_false(scope_covers("invoices.read", "invoices.write"));
    assert_true(scope_covers("invoices.*", "invoices.read"));
    assert_true(scope_covers("invoices.*", "invoices.read.all"));
    assert_true(scope_covers("invoices.*", "invoices.*"));
    assert_true(scope_covers("invoices.*", "invoices.read.*"));
    assert_false(scope_covers("invoices.read.*", "invoices.*"));
    assert_false(scope_covers("invoices.*", "invoices"));
    assert_false(scope_covers("invoices.*", "invoices."));
    assert_false(scope_covers("invoices.*", "invoicesx.read"));
    assert_true(scope_covers("*", "anything"));
    assert_true(scope_covers("*", "a.*"));
    assert_true(scope_covers("*", "*"));
    assert_false(scope_covers("a.*", "*"));
    assert_false(scope_covers("*", "latchkey.operator"));
    assert_false(scope_covers("latchkey.*", "latchkey.operator"));
    assert_true(scope_covers("latchkey.operator", "latchkey.operator"));
    assert_true(scope_covers("*", "latchkey.verify"));
}

static struct lk_texts texts(const char *a, const char *b) {
    struct lk_slice *items = lk_arena_calloc(&arena, 2, sizeof(*items));
    items[0] = lk_slice_cstr(a);
    items[1] = lk_slice_cstr(b);
    return (struct lk_texts){items, a == NULL ? 0 : b == NULL ? 1 : 2};
}

static void expect_invalid(const struct lk_permissions *permissions, const char *words) {
    struct lk_problem problem = {0};
    int code = lk_permissions_validate(permissions, &problem);
    if (code != LK_EINVAL || strstr(problem.text, words) == NULL)
        fail_msg("got %d \"%s\", expected \"%s\"", code, problem.text, words);
}

static void expect_scope(const char *scope, const char *words) {
    struct lk_permissions permissions = {.scopes = texts(scope, NULL)};
    if (words == NULL)
        assert_int_equal(lk_permissions_validate(&permissions, NULL), 0);
    else
        expect_invalid(&permissions, words);
}

static void test_account_and_scope_rules(void **state) {
    (void)state;
    struct lk_permissions manage = {.account = BIT(LK_MANAGE_USERS_AND_GROUPS)};
    expect_invalid(&manage, "MANAGE_USERS_AND_GROUPS can be set only together with READ_USERS_AND_GROUPS");
    manage.account |= BIT(LK_READ_USERS_AND_GROUPS);
    assert_int_equal(lk_permissions_validate(&manage, NULL), 0);
    expect_scope("invoices.read", NULL);
    expect_scope("*", NULL);
    expect_scope("urn:a/b-c_d.*", NULL);
    const char *bad[] = {"", "a b", "a,b", "a*", "*.a", ".*", "a.*.b", ".a", "a\x7f", "(a)", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        expect_scope(bad[i], "Invalid scope");
    const char *reserved[] = {"AND", "OR", "NOT", "app:x", "MANAGE_API_KEYS"};
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        expect_scope(reserved[i], "means something else");
    char longest[LK_SCOPE_BYTES_MAX + 2];
    memset(longest, 'a', sizeof(longest));
    longest[LK_SCOPE_BYTES_MAX + 1] = '\0';
    expect_scope(longest, "Invalid scope");
    longest[LK_SCOPE_BYTES_MAX] = '\0';
    expect_scope(longest, NULL);
}

static struct lk_app_permission app(enum lk_app_type type, uint32_t actions, uint32_t filter_types) {
    return (struct lk_app_permission){.type = type,
                                      .actions = actions,
                                      .all_apps = true,
                                      .filters_given = type == LK_APP_ALL ? 0 : OWN(type),
                                      .filter_types = filter_types};
}

static void expect_app(struct lk_app_permission permission, const char *words) {
    struct lk_permissions permissions = {.apps = &permission, .apps_len = 1};
    if (words == NULL)
        assert_int_equal(lk_permissions_validate(&permissions, NULL), 0);
    else
        expect_invalid(&permissions, words);
}

static void test_app_rules(void **state) {
    (void)state;
    expect_app(app(LK_APP_ALL, READ | EXECUTE, 0), NULL);
    expect_app(app(LK_APP_SERVICE, READ, 1), NULL);
    expect_app(app(LK_APP_DEPLOYMENT, READ | EXECUTE, 1), NULL);
    expect_app(app(LK_APP_SERVICE, 0, 1), "Invalid SERVICE permission: actions must not be empty");
    expect_app(app(LK_APP_DEPLOYMENT, CREATE, 1), "Invalid DEPLOYMENT permission: it does not take the action CREATE");
    expect_app(app(LK_APP_DEPLOYMENT, (uint32_t)1 << LK_ACTION_UPDATE, 1), "UPDATE");
    expect_app(app(LK_APP_DEPLOYMENT, (uint32_t)1 << LK_ACTION_DELETE, 1), "DELETE");
    for (unsigned type = LK_APP_ENV; type < LK_APP_TYPES; type++) {
        for (unsigned action = LK_ACTION_EXECUTE; action < LK_ACTIONS; action++)
            expect_app(app((enum lk_app_type)type, (uint32_t)1 << action, 1),
                       type == LK_APP_DEPLOYMENT ? NULL : "does not take the action");
    }
    expect_app(app(LK_APP_SERVICE, READ, 0), "it needs its own filter");
    struct lk_app_permission other = app(LK_APP_SERVICE, READ, 1);
    other.filters_given |= OWN(LK_APP_ENV);
    expect_app(other, "it does not take the filter of ENV");
    struct lk_app_permission all_with_filter = app(LK_APP_ALL, READ, 0);
    all_with_filter.filters_given = OWN(LK_APP_ENV);
    expect_app(all_with_filter, "it does not take the filter of ENV");
    struct lk_app_permission specific = app(LK_APP_SERVICE, READ, 0);
    specific.ids = texts("s1", NULL);
    expect_app(specific, "specific ids need specific appIds");
    specific.all_apps = false;
    expect_app(specific, "applications needs filterType ALL or appIds");
    specific.app_ids = texts("a1", NULL);
    expect_app(specific, NULL);
    specific.all_apps = true;
    expect_app(specific, "not both");
    specific.all_apps = false;
    specific.ids = texts("a b", NULL);
    expect_app(specific, "visible ASCII");
}

static struct lk_permissions set_of(struct lk_app_permission permission, const char *scope, uint32_t account) {
    struct lk_permissions set = {.account = account, .scopes = texts(scope, NULL), .apps = lk_arena_calloc(&arena, 1, sizeof(permission))};
    set.apps[0] = permission;
    set.apps_len = permission.actions == 0 ? 0 : 1;
    lk_permissions_normalise(&set);
    return set;
}

static const struct lk_app_permission no_app = {0};

/* What is missing, or "" when all is covered. */
static const char *missing_beside(struct lk_permissions held, const struct lk_permissions *existing, struct lk_permissions wanted) {
    struct lk_slice what;
    if (lk_permissions_cover(&held, existing, &wanted, &what))
        return "";
    return lk_arena_strdup(&arena, what);
}

static const char *missing(struct lk_permissions held, struct lk_permissions wanted) {
    return missing_beside(held, NULL, wanted);
}

static void test_cover_account_and_scopes(void **state) {
    (void)state;
    struct lk_permissions nothing = {0};
    assert_string_equal(missing(nothing, nothing), "");
    assert_string_equal(missing(nothing, set_of(no_app, NULL, BIT(LK_MANAGE_SECRETS))), "MANAGE_SECRETS");
    assert_string_equal(
        missing(set_of(no_app, NULL, BIT(LK_MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS)), set_of(no_app, NULL, BIT(LK_MANAGE_API_KEYS))), "");
    assert_string_equal(
        missing(set_of(no_app, NULL, BIT(LK_MANAGE_API_KEYS)), set_of(no_app, NULL, BIT(LK_MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS))),
        "MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS");
    assert_string_equal(missing(set_of(no_app, "a.*", 0), set_of(no_app, "a.b", 0)), "");
    assert_string_equal(missing(set_of(no_app, "a.b", 0), set_of(no_app, "a.*", 0)), "a.*");
    assert_string_equal(missing(set_of(no_app, "*", 0), set_of(no_app, LK_SCOPE_OPERATOR, 0)), LK_SCOPE_OPERATOR);
}

static void test_cover_apps(void **state) {
    (void)state;
    struct lk_permissions all = set_of(app(LK_APP_ALL, READ | CREATE, 0), NULL, 0);
    struct lk_permissions env = set_of(app(LK_APP_ENV, READ, 1), NULL, 0);
    struct lk_permissions both_envs = set_of(app(LK_APP_ENV, READ, 3), NULL, 0);
    assert_string_equal(missing(all, env), "");
    assert_string_equal(missing(env, all), "ALL");
    assert_string_equal(missing(env, both_envs), "ENV");
    assert_string_equal(missing(both_envs, env), "");
    assert_string_equal(missing(all, set_of(app(LK_APP_ALL, EXECUTE, 0), NULL, 0)), "ALL");
    assert_string_equal(missing(env, set_of(app(LK_APP_SERVICE, READ, 1), NULL, 0)), "SERVICE");

    struct lk_app_permission specific = app(LK_APP_ENV, READ, 0);
    specific.all_apps = false;
    specific.app_ids = texts("a1", "a2");
    specific.env_ids = texts("e2", "e1");
    struct lk_permissions two = set_of(specific, NULL, 0);
    specific.app_ids = texts("a2", NULL);
    specific.env_ids = texts("e1", NULL);
    struct lk_permissions one = set_of(specific, NULL, 0);
    assert_string_equal(missing(two, one), "");
    assert_string_equal(missing(one, two), "ENV");
    assert_string_equal(missing(both_envs, two), "");
    assert_string_equal(missing(env, two), "ENV"); /* whether e1 is in production is not known here */
    assert_string_equal(missing(two, env), "ENV");

    struct lk_permissions workflows = set_of(app(LK_APP_WORKFLOW, READ, 8), NULL, 0);
    struct lk_permissions templates = set_of(app(LK_APP_WORKFLOW, READ, 4), NULL, 0);
    assert_string_equal(missing(workflows, templates), "");
    assert_string_equal(missing(templates, workflows), "WORKFLOW");
}

static void test_cover_by_all_of_an_administrator(void **state) {
    (void)state;
    const uint32_t six = BIT(LK_ACTION_CREATE) | BIT(LK_ACTION_READ) | BIT(LK_ACTION_UPDATE) | BIT(LK_ACTION_DELETE) |
                         BIT(LK_ACTION_EXECUTE_WORKFLOW) | BIT(LK_ACTION_EXECUTE_PIPELINE);
    const uint32_t others = BIT(LK_ACTION_EXECUTE) | BIT(LK_ACTION_ROLLBACK_WORKFLOW) | BIT(LK_ACTION_ABORT_WORKFLOW);
    struct lk_permissions every_action = set_of(app(LK_APP_ALL, six | others, 0), NULL, 0);
    struct lk_permissions rollback = set_of(app(LK_APP_DEPLOYMENT, others, 1), NULL, 0);
    struct lk_permissions administrator = set_of(app(LK_APP_ALL, six, 0), NULL, 0);
    assert_string_equal(missing(administrator, every_action), "");
    assert_string_equal(missing(administrator, rollback), "");
    /* Nothing less does: not five of the six, not another type, not another application. */
    assert_string_equal(missing(set_of(app(LK_APP_ALL, six & ~BIT(LK_ACTION_DELETE), 0), NULL, 0), rollback), "DEPLOYMENT");
    assert_string_equal(missing(set_of(app(LK_APP_DEPLOYMENT, six, 3), NULL, 0), rollback), "DEPLOYMENT");
    struct lk_app_permission one_app = app(LK_APP_ALL, six, 0);
    one_app.all_apps = false;
    one_app.app_ids = texts("a1", NULL);
    assert_string_equal(missing(set_of(one_app, NULL, 0), rollback), "DEPLOYMENT");
    one_app.actions |= others;
    assert_string_equal(missing(administrator, set_of(one_app, NULL, 0)), "");
}

static void test_cover_beside_what_is_there(void **state) {
    (void)state;
    const uint32_t four = BIT(LK_ACTION_CREATE) | BIT(LK_ACTION_READ) | BIT(LK_ACTION_UPDATE) | BIT(LK_ACTION_DELETE);
    const uint32_t two = BIT(LK_ACTION_EXECUTE_WORKFLOW) | BIT(LK_ACTION_EXECUTE_PIPELINE);
    struct lk_permissions there = set_of(app(LK_APP_ALL, two, 0), "a.*", BIT(LK_MANAGE_SECRETS));
    struct lk_permissions held = set_of(app(LK_APP_ALL, four, 0), "b", BIT(LK_MANAGE_TAGS));
    assert_string_equal(
        missing_beside(held, &there, set_of(app(LK_APP_ALL, four | two, 0), "a.c", BIT(LK_MANAGE_SECRETS) | BIT(LK_MANAGE_TAGS))), "");
    assert_string_equal(missing_beside(held, &there, set_of(no_app, "c", 0)), "c");
    assert_string_equal(missing_beside(held, &there, set_of(no_app, NULL, BIT(LK_MANAGE_ALERT_NOTIFICATION_RULES))),
                        "MANAGE_ALERT_NOTIFICATION_RULES");
    /* What an administrator may grant beyond its own is for who holds all six, not for what the two have together, nor for what is there. */
    assert_string_equal(missing_beside(held, &there, set_of(app(LK_APP_ALL, EXECUTE, 0), NULL, 0)), "ALL");
    there = set_of(app(LK_APP_ALL, four | two, 0), NULL, 0);
    assert_string_equal(missing_beside(set_of(no_app, NULL, 0), &there, set_of(app(LK_APP_ALL, EXECUTE, 0), NULL, 0)), "ALL");
}

static void test_cover_takes_bounded_time(void **state) {
    (void)state;
    /* Sixty million comparisons if all were made; the answer is no, which is safe. */
    const size_t count = 8000;
    struct lk_permissions held = {.apps = lk_arena_calloc(&arena, count, sizeof(struct lk_app_permission)), .apps_len = count};
    struct lk_permissions wanted = {.apps = lk_arena_calloc(&arena, count, sizeof(struct lk_app_permission)), .apps_len = count};
    for (size_t i = 0; i < count; i++) {
        held.apps[i] = app(LK_APP_ENV, READ, 0);
        held.apps[i].env_ids = texts(lk_arena_printf(&arena, "e%zu", i), NULL);
        wanted.apps[i] = held.apps[count - 1 - i];
        wanted.apps[i] = app(LK_APP_ENV, READ, 0);
        wanted.apps[i].env_ids = texts(lk_arena_printf(&arena, "e%zu", i), NULL);
    }
    assert_string_equal(missing(held, wanted), "ENV");
}

static void test_normalise_and_union(void **state) {
    (void)state;
    struct lk_app_permission apps[] = {app(LK_APP_SERVICE, READ, 1), app(LK_APP_ALL, READ, 0), app(LK_APP_SERVICE, CREATE, 1),
                                       app(LK_APP_SERVICE, READ, 1)};
    struct lk_slice scopes[] = {lk_slice_cstr("b"), lk_slice_cstr("a"), lk_slice_cstr("b")};
    struct lk_permissions set = {.scopes = {scopes, 3}, .apps = apps, .apps_len = 4};
    lk_permissions_normalise(&set);
    assert_int_equal(set.scopes.len, 2);
    assert_true(lk_slice_is(set.scopes.items[0], "a"));
    assert_int_equal(set.apps_len, 3);
    assert_int_equal(set.apps[0].type, LK_APP_ALL);
    assert_int_equal(set.apps[1].actions, CREATE);
    assert_int_equal(set.apps[2].actions, READ);

    struct lk_permissions one;
    assert_int_equal(lk_permissions_union(&set, 1, &arena, &one), 0);
    assert_int_equal(one.apps_len, 2);
    assert_int_equal(one.apps[1].actions, READ | CREATE);
    assert_int_equal(set.apps_len, 3);

    struct lk_permissions sets[] = {set, set_of(app(LK_APP_ENV, READ, 1), "c", BIT(LK_VIEW_CE)), set_of(no_app, "a", BIT(LK_VIEW_AUDITS))};
    struct lk_permissions all;
    assert_int_equal(lk_permissions_union(sets, 3, &arena, &all), 0);
    assert_int_equal(all.account, BIT(LK_VIEW_CE) | BIT(LK_VIEW_AUDITS));
    assert_int_equal(all.scopes.len, 3);
    assert_int_equal(all.apps_len, 3);
    assert_int_equal(lk_permissions_union(NULL, 0, &arena, &all), 0);
    assert_int_equal(all.account, 0);
    assert_int_equal(all.apps_len, 0);
}

static const char *document(const struct lk_permissions *permissions) {
    struct lk_buf out = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &out);
    lk_permissions_write(permissions, &w);
    char *text = lk_arena_strdup(&arena, lk_buf_slice(&out));
    lk_buf_free(&out);
    return text;
}

static void test_document(void **state) {
    (void)state;
    struct lk_app_permission pipeline = app(LK_APP_PIPELINE, READ | CREATE, 0);
    pipeline.all_apps = false;
    pipeline.app_ids = texts("b", "a");
    pipeline.env_ids = texts("e", NULL);
    pipeline.ids = texts("p", NULL);
    struct lk_permissions set = set_of(pipeline, "x.*", BIT(LK_MANAGE_API_KEYS));
    const char *expected =
        "{\"account\":[\"MANAGE_API_KEYS\"],\"scopes\":[\"x.*\"],\"apps\":[{\"type\":\"PIPELINE\",\"apps\":[\"a\",\"b\"],"
        "\"actions\":[\"CREATE\",\"READ\"],\"envIds\":[\"e\"],\"ids\":[\"p\"]}]}";
    assert_string_equal(document(&set), expected);
    struct lk_permissions back;
    assert_int_equal(lk_permissions_read(lk_slice_cstr(expected), &arena, &back), 0);
    assert_string_equal(document(&back), expected);
    assert_string_equal(missing(set, back), "");
    assert_string_equal(missing(back, set), "");

    struct lk_permissions env = set_of(app(LK_APP_ENV, READ, 2), NULL, 0);
    const char *env_text = "{\"account\":[],\"scopes\":[],\"apps\":[{\"type\":\"ENV\",\"apps\":\"ALL\",\"actions\":[\"READ\"],"
                           "\"filterTypes\":[\"NON_PRODUCTION_ENVIRONMENTS\"]}]}";
    assert_string_equal(document(&env), env_text);
    assert_int_equal(lk_permissions_read(lk_slice_cstr(env_text), &arena, &back), 0);
    assert_string_equal(document(&back), env_text);

    const char *bad[] = {"",
                         "[]x",
                         "{\"account\":[\"NONE\"]}",
                         "{\"account\":1}",
                         "{\"scopes\":[1]}",
                         "{\"apps\":[{\"type\":\"X\"}]}",
                         "{\"apps\":[{\"type\":\"ENV\",\"actions\":[\"X\"]}]}",
                         "{\"apps\":[{\"type\":\"ENV\",\"actions\":[],\"filterTypes\":[\"ALL\"]}]}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(lk_permissions_read(lk_slice_cstr(bad[i]), &arena, &back), LK_ECORRUPT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hold, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scopes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_account_and_scope_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(test_app_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cover_account_and_scopes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cover_apps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cover_by_all_of_an_administrator, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cover_beside_what_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cover_takes_bounded_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_normalise_and_union, setup, teardown),
        cmocka_unit_test_setup_teardown(test_document, setup, teardown),
    };
    return cmocka_run_group_tests_name("domain/permission", tests, NULL, NULL);
}
