#include "fixture.h"

#include "domain/application.h"

#include <stdio.h>

#define BIT LK_ACCOUNT_PERMISSION_BIT
#define READ ((uint32_t)1 << LK_ACTION_READ)
#define UNKNOWN "4L2X2JLSQe2DnjOwBXj0TQ"

static int create(struct fixture *f, const char *name, struct lk_application *ret) {
    const struct lk_application_input input = {.name_given = true, .name = lk_slice_cstr(name)};
    fixture_begin(f);
    return fixture_end(f, lk_application_create(&f->call, &input, ret));
}

static int update(struct fixture *f, struct lk_slice id, const struct lk_application_input *input, struct lk_application *ret) {
    fixture_begin(f);
    return fixture_end(f, lk_application_update(&f->call, id, input, ret));
}

static int delete (struct fixture *f, struct lk_slice id) {
    fixture_begin(f);
    return fixture_end(f, lk_application_delete(&f->call, id));
}

static void test_life(void **state) {
    struct fixture *f = *state;
    struct lk_application app;
    struct lk_application got;
    assert_int_equal(create(f, "shop", &app), 0);
    assert_false(app.has_creator);
    struct lk_slice id = fixture_id(f, &app.id);
    fixture_expect(f, create(f, "shop", &got), LK_ECONFLICT, "Duplicate name: an application already exists with the name shop");
    fixture_expect(f, create(f, " ", &got), LK_EINVAL, "Invalid application name");
    struct lk_application_input input = {.description_given = true, .description = LK_SLICE("sells")};
    assert_int_equal(update(f, id, &input, &got), 0);
    assert_true(lk_slice_is(got.name, "shop"));
    assert_int_equal(lk_application_get(&f->call, id, &got), 0);
    assert_true(lk_slice_is(got.description, "sells"));
    assert_int_equal(lk_application_get_by_name(&f->call, lk_slice_cstr("shop"), &got), 0);
    const char *says = "Application does not exist";
    const char *to_readers = "User not authorized: Application does not exist";
    fixture_expect(f, lk_application_get(&f->call, lk_slice_cstr(UNKNOWN), &got), LK_ENOTFOUND, to_readers);
    fixture_expect(f, lk_application_get(&f->call, lk_slice_cstr("x"), &got), LK_ENOTFOUND, to_readers);
    fixture_expect(f, lk_application_get_by_name(&f->call, lk_slice_cstr("x"), &got), LK_ENOTFOUND, to_readers);
    bool gone = true;
    assert_int_equal(lk_application_is_gone(&f->call, id, &gone), 0);
    assert_false(gone);
    assert_int_equal(lk_application_is_gone(&f->call, lk_slice_cstr("x"), &gone), 0);
    assert_true(gone);
    fixture_expect(f, update(f, lk_slice_cstr(UNKNOWN), &input, &got), LK_ENOTFOUND, says);
    fixture_expect(f, delete (f, lk_slice_cstr(UNKNOWN)), LK_ENOTFOUND, says);
    assert_int_equal(delete (f, id), 0);
    fixture_expect(f, lk_application_get(&f->call, id, &got), LK_ENOTFOUND, to_readers);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE resource_type = 'APPLICATION'"), 3);
}

/* A group with READ on these applications, and a key in it that acts. */
static struct lk_id act_in_apps(struct fixture *f, const char *name, struct lk_slice *ids, size_t len) {
    struct lk_app_permission app = {.type = LK_APP_ALL, .actions = READ, .app_ids = {ids, len}};
    const struct lk_permissions permissions = {.apps = &app, .apps_len = 1};
    const struct lk_user_group_input input = {.name_given = true, .name = lk_slice_cstr(name), .permissions = &permissions};
    struct lk_user_group group;
    assert_int_equal(lk_user_group_create(&f->call, &input, &group), 0);
    struct lk_slice token;
    fixture_key(f, name, &group.id, &token);
    assert_int_equal(fixture_act(f, token), 0);
    return group.id;
}

static void test_deleting_takes_it_out_of_permissions(void **state) {
    struct fixture *f = *state;
    struct lk_application one;
    struct lk_application two;
    assert_int_equal(create(f, "one", &one), 0);
    assert_int_equal(create(f, "two", &two), 0);
    struct lk_slice ids[] = {fixture_id(f, &one.id), fixture_id(f, &two.id)};
    struct lk_id both = act_in_apps(f, "both", ids, 2);
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    struct lk_id only = act_in_apps(f, "only one", ids, 1);
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    assert_int_equal(delete (f, ids[0]), 0);
    struct lk_permissions permissions;
    assert_int_equal(lk_user_group_permissions(&f->call, &both, &permissions), 0);
    assert_int_equal(permissions.apps_len, 1);
    assert_int_equal(permissions.apps[0].app_ids.len, 1);
    assert_true(lk_slice_equal(permissions.apps[0].app_ids.items[0], ids[1]));
    assert_int_equal(lk_user_group_permissions(&f->call, &only, &permissions), 0);
    assert_int_equal(permissions.apps_len, 0);
    struct lk_audit_finding finding;
    assert_int_equal(lk_audit_verify(&f->call, &finding), 0);
    assert_true(finding.intact);
}

/* However much the groups hold that name it: together they do not fit into a request's memory. */
static void test_deleting_what_many_large_groups_name(void **state) {
    enum { GROUPS = 20, SCOPES = 200, BYTES = 240 };
    static char text[SCOPES][BYTES];
    struct fixture *f = *state;
    struct lk_application app;
    struct lk_slice scopes[SCOPES];
    for (int i = 0; i < SCOPES; i++) {
        memset(text[i], 'x', BYTES);
        scopes[i] = lk_slice_make(text[i], BYTES);
        (void)snprintf(text[i], BYTES, "s%d", i);
        text[i][strlen(text[i])] = '.';
    }
    assert_int_equal(create(f, "shop", &app), 0);
    struct lk_slice id = fixture_id(f, &app.id);
    struct lk_app_permission named = {.type = LK_APP_ALL, .actions = READ, .app_ids = {&id, 1}};
    const struct lk_permissions permissions = {.apps = &named, .apps_len = 1, .scopes = {scopes, SCOPES}};
    for (int i = 0; i < GROUPS; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "group %d", i);
        const struct lk_user_group_input input = {.name_given = true, .name = lk_slice_cstr(name), .permissions = &permissions};
        struct lk_user_group group;
        assert_int_equal(lk_user_group_create(&f->call, &input, &group), 0);
    }
    size_t limit = f->arena.limit;
    f->arena.limit = f->arena.used + (size_t)GROUPS * SCOPES * BYTES / 2;
    assert_int_equal(delete (f, id), 0);
    f->arena.limit = limit;
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE resource_type = 'USER_GROUP' AND operation = 'UPDATE'"),
                     GROUPS);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM user_group WHERE permissions LIKE '%appIds%'"), 0);
}

static void test_reading(void **state) {
    struct fixture *f = *state;
    struct lk_application apps[3];
    const char *names[] = {"c", "a", "b"};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(create(f, names[i], &apps[i]), 0);
    struct lk_application *list;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(lk_application_list(&f->call, NULL, (struct lk_page){2, 0}, &list, &len, &info), 0);
    assert_int_equal(info.total, 3);
    assert_true(info.has_more);
    assert_true(lk_slice_is(list[0].name, "a"));
    assert_true(lk_slice_is(list[1].name, "b"));
    assert_int_equal(lk_application_list(&f->call, NULL, (struct lk_page){10, 1}, &list, &len, &info), 0);
    assert_int_equal(len, 2);
    assert_true(lk_slice_is(list[0].name, "b"));
    assert_true(lk_slice_is(list[1].name, "c"));
    struct lk_slice ids[] = {fixture_id(f, &apps[0].id), fixture_id(f, &apps[1].id)};
    act_in_apps(f, "two of them", ids, 2);
    assert_int_equal(lk_application_list(&f->call, NULL, (struct lk_page){10, 0}, &list, &len, &info), 0);
    assert_int_equal(info.total, 2);
    assert_true(lk_slice_is(list[0].name, "a"));
    assert_true(lk_slice_is(list[1].name, "c"));
    assert_int_equal(lk_application_list(&f->call, NULL, (struct lk_page){10, 1}, &list, &len, &info), 0);
    assert_int_equal(len, 1);
    assert_true(lk_slice_is(list[0].name, "c"));
    assert_int_equal(lk_application_list(&f->call, NULL, (struct lk_page){10, 7}, &list, &len, &info), 0);
    assert_int_equal(len, 0);
    struct lk_slice asked[] = {fixture_id(f, &apps[2].id), ids[1], LK_SLICE("nobody's"), ids[1]}; /* of which one is reached */
    const struct lk_texts some = {asked, 4}, none = {asked, 0}, many = {asked, LK_APPLICATION_IDS_MAX + 1};
    assert_int_equal(lk_application_list(&f->call, &some, (struct lk_page){10, 0}, &list, &len, &info), 0);
    assert_int_equal(info.total, 1);
    assert_true(lk_id_equal(&list[0].id, &apps[1].id));
    assert_int_equal(lk_application_list(&f->call, &none, (struct lk_page){10, 0}, &list, &len, &info), 0);
    assert_int_equal(info.total, 0);
    fixture_expect(f, lk_application_list(&f->call, &many, (struct lk_page){10, 0}, &list, &len, &info), LK_EINVAL,
                   "At most 100 ids of applications can be asked for at once");
    struct lk_application got;
    assert_int_equal(lk_application_get(&f->call, ids[0], &got), 0);
    fixture_expect(f, lk_application_get(&f->call, fixture_id(f, &apps[2].id), &got), LK_ENOTFOUND, "Application does not exist");
    fixture_expect(f, lk_application_get_by_name(&f->call, lk_slice_cstr("b"), &got), LK_ENOTFOUND, "Application does not exist");
    bool gone = false;
    fixture_expect(f, lk_application_is_gone(&f->call, lk_slice_cstr(UNKNOWN), &gone), LK_EFORBIDDEN, "User not authorized");
    assert_false(gone);
    fixture_expect(f, create(f, "d", &got), LK_EFORBIDDEN, "User not authorized: CREATE_AND_DELETE_APPLICATION is required");
    fixture_act_with(f, BIT(LK_VIEW_CE));
    fixture_expect(f, lk_application_list(&f->call, NULL, (struct lk_page){1, 0}, &list, &len, &info), LK_EFORBIDDEN,
                   "User not authorized");
    fixture_expect(f, lk_application_get(&f->call, ids[0], &got), LK_EFORBIDDEN, "User not authorized");
}

static void test_accounts_are_walls(void **state) {
    struct fixture *f = *state;
    struct lk_application app;
    assert_int_equal(create(f, "shop", &app), 0);
    struct lk_slice id = fixture_id(f, &app.id);
    struct lk_account other;
    struct lk_id group;
    struct lk_slice token;
    fixture_account(f, "Other", &other, &group, &token);
    assert_int_equal(fixture_act(f, token), 0);
    struct lk_application got;
    const struct lk_application_input input = {0};
    fixture_expect(f, lk_application_get(&f->call, id, &got), LK_ENOTFOUND, "User not authorized: Application does not exist");
    fixture_expect(f, update(f, id, &input, &got), LK_ENOTFOUND, "Application does not exist");
    fixture_expect(f, delete (f, id), LK_ENOTFOUND, "Application does not exist");
    struct lk_app_permission permission = {.type = LK_APP_ALL, .actions = READ, .app_ids = {&id, 1}};
    struct lk_user_group ret;
    fixture_expect(f, lk_user_group_add_app_permission(&f->call, fixture_id(f, &group), &permission, &ret), LK_EINVAL,
                   "Invalid ALL permission: no application exists with the id ");
}

static void test_pages_of_accounts(void **state) {
    struct fixture *f = *state;
    struct lk_account *accounts;
    size_t len;
    struct lk_page_info info;
    fixture_act_as_system(f, &f->account.id);
    fixture_sql(f, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) "
                   "INSERT INTO account SELECT randomblob(16), 'A' || i, 1, 0, audit_mac, audit_seal, NULL, NULL FROM n, account");
    assert_int_equal(lk_account_list(&f->call, (struct lk_page){6, 3}, &accounts, &len, &info), 0);
    assert_int_equal(info.total, 10);
    assert_int_equal(len, 6);
    for (size_t i = 0; i < len; i++) { /* the fixture's own, "Acme", is the last */
        const char name[] = {'A', (char)('4' + i), '\0'};
        assert_true(lk_slice_is(accounts[i].name, name));
    }
}

static void test_operators(void **state) {
    struct fixture *f = *state;
    struct lk_account account;
    struct lk_slice token;
    struct lk_account *accounts;
    size_t len;
    struct lk_page_info info;
    const char *says = "User not authorized: the scope latchkey.operator is required";
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_account_provision(&f->call, lk_slice_cstr("New"), lk_slice_cstr("k"), &account, &token)),
                   LK_EFORBIDDEN, says);
    fixture_expect(f, lk_account_list(&f->call, (struct lk_page){10, 0}, &accounts, &len, &info), LK_EFORBIDDEN, says);
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_account_delete(&f->call, fixture_id(f, &f->account.id))), LK_EFORBIDDEN, says);

    struct lk_id group = fixture_group(f, "operators", 0, LK_SCOPE_OPERATOR);
    fixture_act_as_system(f, &f->account.id);
    struct lk_slice operator_token;
    fixture_key(f, "operator", &group, &operator_token);
    assert_int_equal(fixture_act(f, operator_token), 0);
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_account_provision(&f->call, lk_slice_cstr("New"), lk_slice_cstr("k"), &account, &token)), 0);
    assert_true(lk_slice_is(f->call.actor->name, "operator"));
    assert_int_equal(lk_account_list(&f->call, (struct lk_page){10, 0}, &accounts, &len, &info), 0);
    assert_int_equal(len, 2);
    assert_true(lk_slice_is(accounts[1].name, "New"));
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_account_provision(&f->call, lk_slice_cstr("Bad"), lk_slice_cstr(""), &account, &token)), LK_EINVAL,
                   "Invalid API Key name");
    assert_true(lk_slice_is(f->call.actor->name, "operator"));
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM account"), 2);
    struct lk_slice new_id = fixture_id(f, &accounts[1].id);
    assert_int_equal(fixture_act(f, token), 0);
    assert_int_equal(fixture_act(f, operator_token), 0);
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_account_delete(&f->call, fixture_id(f, &f->account.id))), LK_ECONFLICT,
                   "An operator's own account");
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_account_delete(&f->call, lk_slice_cstr(UNKNOWN))), LK_ENOTFOUND, "Account does not exist");
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_account_delete(&f->call, new_id)), 0);
    assert_int_equal(fixture_act(f, token), LK_EUNAUTH);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM user_group"), 4);
    struct lk_audit_finding finding;
    assert_int_equal(lk_audit_verify(&f->call, &finding), 0);
    assert_true(finding.intact);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_life),
        TEST(test_deleting_takes_it_out_of_permissions),
        TEST(test_deleting_what_many_large_groups_name),
        TEST(test_reading),
        TEST(test_accounts_are_walls),
        TEST(test_pages_of_accounts),
        TEST(test_operators),
    };
    return cmocka_run_group_tests_name("domain/application", tests, NULL, NULL);
}
