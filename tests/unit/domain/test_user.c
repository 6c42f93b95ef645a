#include "fixture.h"

#include <stdio.h>

#define BIT LK_ACCOUNT_PERMISSION_BIT
#define UNKNOWN "4L2X2JLSQe2DnjOwBXj0TQ"

static struct lk_user_input named(const char *name, const char *email) {
    return (struct lk_user_input){.name_given = true, .name = lk_slice_cstr(name), .email = lk_slice_cstr(email)};
}

static int create(struct fixture *f, const struct lk_user_input *input, struct lk_user *ret) {
    fixture_begin(f);
    return fixture_end(f, lk_user_create(&f->call, input, ret));
}

static int update(struct fixture *f, const struct lk_id *id, const struct lk_user_input *input, struct lk_user *ret) {
    fixture_begin(f);
    return fixture_end(f, lk_user_update(&f->call, fixture_id(f, id), input, ret));
}

static int64_t groups_of(struct fixture *f, const struct lk_id *user) {
    struct lk_user_group *groups;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(lk_user_groups(&f->call, user, (struct lk_page){100, 0}, &groups, &len, &info), 0);
    assert_int_equal(info.total, (int64_t)len);
    return info.total;
}

static void test_create_and_find(void **state) {
    struct fixture *f = *state;
    struct lk_slice ids[] = {fixture_id(f, &f->admin_group), fixture_id(f, &f->admin_group)};
    struct lk_user_input input = named("Ann Example", "Ann.Example@Example.COM");
    input.groups_given = true;
    input.group_ids = ids;
    input.group_ids_len = 2;
    input.external_id_given = true;
    input.external_id = lk_slice_cstr("ext-1");
    struct lk_user user;
    assert_int_equal(create(f, &input, &user), 0);
    assert_true(lk_slice_is(user.email, "ann.example@example.com"));
    assert_true(lk_slice_is(user.external_id, "ext-1"));
    assert_false(user.email_verified);
    assert_int_equal(groups_of(f, &user.id), 1);
    struct lk_user found;
    assert_int_equal(lk_user_get(&f->call, fixture_id(f, &user.id), &found), 0);
    assert_true(lk_slice_is(found.name, "Ann Example"));
    assert_int_equal(lk_user_get_by_name(&f->call, lk_slice_cstr("Ann Example"), &found), 0);
    assert_int_equal(lk_user_get_by_email(&f->call, lk_slice_cstr("ANN.example@example.com"), &found), 0);
    assert_true(lk_id_equal(&found.id, &user.id));
    const char *says = "User does not exist";
    fixture_expect(f, lk_user_get(&f->call, lk_slice_cstr(UNKNOWN), &found), LK_ENOTFOUND, says);
    fixture_expect(f, lk_user_get(&f->call, lk_slice_cstr("x"), &found), LK_ENOTFOUND, says);
    fixture_expect(f, lk_user_get_by_name(&f->call, lk_slice_cstr("x"), &found), LK_ENOTFOUND, says);
    fixture_expect(f, lk_user_get_by_email(&f->call, lk_slice_cstr("x"), &found), LK_ENOTFOUND, says);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE resource_type = 'USER' AND operation = 'CREATE'"), 1);
}

static void test_bad_input(void **state) {
    struct fixture *f = *state;
    struct lk_user user;
    const char *emails[] = {"",     "x",    "@x",     "x@",    "a b@c",        "a@b@c", "a@b c", ".a@b",    "a.@b",        "a..b@c",
                            "a@.b", "a@b.", "a@b..c", "a\n@b", "\xC3\xA4@b.c", "a@b_c", "a,b@c", "<a@b.c>", "a@[1.2.3.4]", "a@b\x01"};
    for (size_t i = 0; i < sizeof(emails) / sizeof(emails[0]); i++) {
        struct lk_user_input input = named("x", emails[i]);
        fixture_expect(f, create(f, &input, &user), LK_EINVAL, "Invalid email");
    }
    char email[300];
    memset(email, 'a', sizeof(email));
    memcpy(email + 64, "@b", 2);
    email[LK_EMAIL_MAX + 1] = '\0';
    struct lk_user_input input = named("x", email);
    fixture_expect(f, create(f, &input, &user), LK_EINVAL, "Invalid email");
    email[LK_EMAIL_MAX] = '\0';
    assert_int_equal(create(f, &input, &user), LK_EINVAL); /* the slice still has the longer length */
    input.email = lk_slice_cstr(email);
    assert_int_equal(create(f, &input, &user), 0);
    input = named(" x", "a@b.c");
    fixture_expect(f, create(f, &input, &user), LK_EINVAL, "Invalid user name");
    input = (struct lk_user_input){.email = LK_SLICE("a@b.c")};
    fixture_expect(f, create(f, &input, &user), LK_EINVAL, "Invalid user name");
    input = named("x", "a@b.c");
    struct lk_slice ids[] = {lk_slice_cstr(UNKNOWN)};
    input.group_ids = ids;
    input.group_ids_len = 1;
    fixture_expect(f, create(f, &input, &user), LK_EINVAL, "No User Group exists with the id " UNKNOWN);
    input = named("x", "a@b.c");
    input.external_id_given = true;
    input.external_id = lk_slice_cstr("a\x01");
    fixture_expect(f, create(f, &input, &user), LK_EINVAL, "Invalid externalUserId");
    input = named("x", "a@b.c");
    assert_int_equal(create(f, &input, &user), 0);
    input = named("y", "A@B.C");
    fixture_expect(f, create(f, &input, &user), LK_ECONFLICT, "A user already exists with the email a@b.c");
}

static void test_update_and_delete(void **state) {
    struct fixture *f = *state;
    struct lk_user user = fixture_user(f, "old", "a@b.c", &f->admin_group);
    struct lk_user_input input = {.name_given = true, .name = LK_SLICE("new")};
    struct lk_user changed;
    assert_int_equal(update(f, &user.id, &input, &changed), 0);
    assert_true(lk_slice_is(changed.name, "new"));
    assert_true(lk_slice_is(changed.email, "a@b.c"));
    assert_int_equal(groups_of(f, &user.id), 1);
    input = (struct lk_user_input){.groups_given = true, .external_id_given = true};
    assert_int_equal(update(f, &user.id, &input, &changed), 0);
    assert_true(lk_slice_is(changed.name, "new"));
    assert_null(changed.external_id.ptr);
    assert_int_equal(groups_of(f, &user.id), 0);
    struct lk_id unknown;
    assert_int_equal(lk_id_parse(lk_slice_cstr(UNKNOWN), &unknown), 0);
    fixture_expect(f, update(f, &unknown, &input, &changed), LK_ENOTFOUND, "User does not exist");
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_user_delete(&f->call, lk_slice_cstr(UNKNOWN))), LK_ENOTFOUND, "User does not exist");
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_user_delete(&f->call, fixture_id(f, &user.id))), 0);
    fixture_expect(f, lk_user_get(&f->call, fixture_id(f, &user.id), &changed), LK_ENOTFOUND, "User does not exist");
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE resource_type = 'USER'"), 4);
}

static void test_list(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 5; i++) {
        char email[20];
        snprintf(email, sizeof(email), "u%d@b.c", 9 - i);
        fixture_user(f, i < 2 ? "same" : "other", email, NULL);
    }
    struct lk_user *users;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(lk_user_list(&f->call, (struct lk_page){3, 1}, &users, &len, &info), 0);
    assert_int_equal(len, 3);
    assert_int_equal(info.total, 5);
    assert_true(info.has_more);
    assert_true(lk_slice_is(users[0].email, "u6@b.c"));
    assert_true(lk_slice_is(users[2].email, "u8@b.c"));
    struct lk_user user;
    assert_int_equal(lk_user_get_by_name(&f->call, lk_slice_cstr("same"), &user), 0);
    assert_true(lk_slice_is(user.email, "u8@b.c"));
    fixture_expect(f, lk_user_list(&f->call, (struct lk_page){-1, 0}, &users, &len, &info), LK_EINVAL, "Invalid limit");
}

static void test_permissions(void **state) {
    struct fixture *f = *state;
    struct lk_user user = fixture_user(f, "x", "a@b.c", NULL);
    struct lk_user_input input = named("y", "y@b.c");
    struct lk_user got;
    struct lk_user *users;
    size_t len;
    struct lk_page_info info;
    fixture_act_with(f, BIT(LK_READ_USERS_AND_GROUPS));
    assert_int_equal(lk_user_get(&f->call, fixture_id(f, &user.id), &got), 0);
    const char *says = "User not authorized: MANAGE_USERS_AND_GROUPS is required";
    fixture_expect(f, create(f, &input, &got), LK_EFORBIDDEN, says);
    fixture_expect(f, update(f, &user.id, &input, &got), LK_EFORBIDDEN, says);
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_user_delete(&f->call, fixture_id(f, &user.id))), LK_EFORBIDDEN, says);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE failure IS NOT NULL AND resource_type = 'USER'"), 3);
    fixture_act_with(f, BIT(LK_MANAGE_API_KEYS));
    fixture_expect(f, lk_user_get(&f->call, fixture_id(f, &user.id), &got), LK_EFORBIDDEN, "User not authorized");
    fixture_expect(f, lk_user_get_by_email(&f->call, lk_slice_cstr("a@b.c"), &got), LK_EFORBIDDEN, "User not authorized");
    fixture_expect(f, lk_user_get_by_name(&f->call, lk_slice_cstr("x"), &got), LK_EFORBIDDEN, "User not authorized");
    fixture_expect(f, lk_user_list(&f->call, (struct lk_page){1, 0}, &users, &len, &info), LK_EFORBIDDEN, "User not authorized");
    fixture_act_with(f, BIT(LK_MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS));
    assert_int_equal(create(f, &input, &got), 0);
    assert_int_equal(lk_user_get_by_name(&f->call, lk_slice_cstr("x"), &got), 0);
}

static void test_grant_rule(void **state) {
    struct fixture *f = *state;
    struct lk_user strong = fixture_user(f, "strong", "s@b.c", &f->admin_group);
    fixture_act_with(f, BIT(LK_MANAGE_USERS_AND_GROUPS) | BIT(LK_READ_USERS_AND_GROUPS));
    struct lk_slice admin[] = {fixture_id(f, &f->admin_group)};
    struct lk_user_input input = named("x", "x@b.c");
    struct lk_user user;
    input.groups_given = true;
    input.group_ids = admin;
    input.group_ids_len = 1;
    const char *says = "User not authorized: the user groups hold more than the caller holds";
    fixture_expect(f, create(f, &input, &user), LK_EFORBIDDEN, says);
    input.group_ids_len = 0;
    assert_int_equal(create(f, &input, &user), 0);
    input.group_ids_len = 1;
    fixture_expect(f, update(f, &user.id, &input, &user), LK_EFORBIDDEN, says);
    input.name = lk_slice_cstr("strong still");
    assert_int_equal(update(f, &strong.id, &input, &user), 0);
}

static void test_accounts_are_walls(void **state) {
    struct fixture *f = *state;
    struct lk_user user = fixture_user(f, "x", "a@b.c", NULL);
    struct lk_account other;
    struct lk_id group;
    struct lk_slice token;
    fixture_account(f, "Other", &other, &group, &token);
    assert_int_equal(fixture_act(f, token), 0);
    struct lk_user got;
    struct lk_user_input input = named("y", "y@b.c");
    const char *says = "User does not exist";
    fixture_expect(f, lk_user_get(&f->call, fixture_id(f, &user.id), &got), LK_ENOTFOUND, says);
    fixture_expect(f, lk_user_get_by_email(&f->call, lk_slice_cstr("a@b.c"), &got), LK_ENOTFOUND, says);
    fixture_expect(f, lk_user_get_by_name(&f->call, lk_slice_cstr("x"), &got), LK_ENOTFOUND, says);
    fixture_expect(f, update(f, &user.id, &input, &got), LK_ENOTFOUND, says);
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_user_delete(&f->call, fixture_id(f, &user.id))), LK_ENOTFOUND, says);
    fixture_user(f, "x", "a@b.c", NULL); /* the same address there is another user */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_create_and_find), TEST(test_bad_input),  TEST(test_update_and_delete),  TEST(test_list),
        TEST(test_permissions),     TEST(test_grant_rule), TEST(test_accounts_are_walls),
    };
    return cmocka_run_group_tests_name("domain/user", tests, NULL, NULL);
}
