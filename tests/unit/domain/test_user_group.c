#include "fixture.h"

#include "domain/application.h"
#include "domain/sso_provider.h"

#include <stdio.h>

#define BIT LK_ACCOUNT_PERMISSION_BIT
#define READ ((uint32_t)1 << LK_ACTION_READ)
#define UNKNOWN "4L2X2JLSQe2DnjOwBXj0TQ"

static const uint32_t group_manager = BIT(LK_MANAGE_USERS_AND_GROUPS) | BIT(LK_READ_USERS_AND_GROUPS);

static int create(struct fixture *f, const struct lk_user_group_input *input, struct lk_user_group *ret) {
    fixture_begin(f);
    return fixture_end(f, lk_user_group_create(&f->call, input, ret));
}

static int update(struct fixture *f, const struct lk_id *id, const struct lk_user_group_input *input, struct lk_user_group *ret) {
    fixture_begin(f);
    return fixture_end(f, lk_user_group_update(&f->call, fixture_id(f, id), input, ret));
}

static int delete (struct fixture *f, const struct lk_id *id) {
    fixture_begin(f);
    return fixture_end(f, lk_user_group_delete(&f->call, fixture_id(f, id)));
}

static int set_permissions(struct fixture *f, const struct lk_id *id, const struct lk_permissions *permissions) {
    struct lk_permissions ret;
    fixture_begin(f);
    return fixture_end(f, lk_user_group_set_permissions(&f->call, fixture_id(f, id), permissions, &ret));
}

static int add_user(struct fixture *f, const struct lk_id *id, struct lk_slice user) {
    struct lk_user_group ret;
    fixture_begin(f);
    return fixture_end(f, lk_user_group_add_user(&f->call, fixture_id(f, id), user, &ret));
}

static int remove_user(struct fixture *f, const struct lk_id *id, struct lk_slice user) {
    struct lk_user_group ret;
    fixture_begin(f);
    return fixture_end(f, lk_user_group_remove_user(&f->call, fixture_id(f, id), user, &ret));
}

static struct lk_user_group_input named(const char *name) {
    return (struct lk_user_group_input){.name_given = true, .name = lk_slice_cstr(name)};
}

static int64_t users_of(struct fixture *f, const struct lk_id *group) {
    struct lk_user *users;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(lk_user_group_users(&f->call, group, (struct lk_page){100, 0}, &users, &len, &info), 0);
    return info.total;
}

static uint32_t bits_of(struct fixture *f, const struct lk_id *group) {
    struct lk_permissions permissions;
    assert_int_equal(lk_user_group_permissions(&f->call, group, &permissions), 0);
    return permissions.account;
}

static void test_create(void **state) {
    struct fixture *f = *state;
    struct lk_user ann = fixture_user(f, "Ann", "ann@b.c", NULL);
    struct lk_slice users[] = {fixture_id(f, &ann.id), fixture_id(f, &ann.id)};
    struct lk_slice scopes[] = {lk_slice_cstr("b.*"), lk_slice_cstr("a"), lk_slice_cstr("a")};
    struct lk_slice emails[] = {lk_slice_cstr("Team@B.C")};
    struct lk_permissions permissions = {.account = BIT(LK_MANAGE_API_KEYS), .scopes = {scopes, 3}};
    struct lk_user_group_input input = named("team");
    input.description_given = true;
    input.description = lk_slice_cstr("two\nlines");
    input.user_ids = users;
    input.user_ids_len = 2;
    input.permissions = &permissions;
    input.notifications_given = true;
    input.notifications = (struct lk_notifications){.members_given = true,
                                                    .members = true,
                                                    .emails = {emails, 1},
                                                    .slack_given = true,
                                                    .slack_webhook = LK_SLICE("https://hooks.example/secret"),
                                                    .pager_duty_key = LK_SLICE("pager-secret")};
    struct lk_user_group group;
    assert_int_equal(create(f, &input, &group), 0);
    assert_int_equal(lk_user_group_get_by_name(&f->call, lk_slice_cstr("team"), &group), 0);
    assert_true(lk_slice_is(group.description, "two\nlines"));
    assert_true(group.notifications.members_given && group.notifications.members);
    assert_false(group.notifications.new_members_given);
    assert_int_equal(group.notifications.emails.len, 1);
    assert_true(lk_slice_is(group.notifications.emails.items[0], "Team@B.C"));
    assert_true(group.notifications.slack_given);
    assert_null(group.notifications.slack_channel.ptr);
    assert_true(lk_slice_is(group.notifications.slack_webhook, "https://hooks.example/secret"));
    assert_true(lk_slice_is(group.notifications.pager_duty_key, "pager-secret"));
    assert_null(group.notifications.teams_webhook.ptr);
    assert_int_equal(group.sso.kind, LK_SSO_NONE);
    assert_int_equal(users_of(f, &group.id), 1);
    assert_int_equal(bits_of(f, &group.id), BIT(LK_MANAGE_API_KEYS));
    struct lk_permissions stored;
    assert_int_equal(lk_user_group_permissions(&f->call, &group.id, &stored), 0);
    assert_int_equal(stored.scopes.len, 2);
    assert_true(lk_slice_is(scopes[0], "b.*")); /* the caller's list is as it was */
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE after_doc LIKE '%secret%'"), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE resource_type = 'USER_GROUP' AND after_doc LIKE '%ann@b.c%'"),
                     1);
}

static void test_bad_input(void **state) {
    struct fixture *f = *state;
    struct lk_user_group group;
    struct lk_user_group_input input = {0};
    fixture_expect(f, create(f, &input, &group), LK_EINVAL, "Invalid user group name: it must not be blank");
    input = named("Production Support");
    fixture_expect(f, create(f, &input, &group), LK_ECONFLICT, "A user group already exists with the name Production Support");
    fixture_expect(f, update(f, &f->admin_group, &input, &group), LK_ECONFLICT,
                   "A user group already exists with the name Production Support");
    struct lk_slice users[] = {lk_slice_cstr(UNKNOWN)};
    input = named("x");
    input.users_given = true;
    input.user_ids = users;
    input.user_ids_len = 1;
    fixture_expect(f, create(f, &input, &group), LK_EINVAL, "User does not exist");
    users[0] = (struct lk_slice){NULL, 0};
    fixture_expect(f, create(f, &input, &group), LK_EINVAL, "Invalid userIds: an id must not be null");
    struct lk_permissions permissions = {.account = BIT(LK_MANAGE_USERS_AND_GROUPS)};
    input = named("x");
    input.permissions = &permissions;
    fixture_expect(f, create(f, &input, &group), LK_EINVAL, "MANAGE_USERS_AND_GROUPS can be set only together");
    struct lk_slice unknown_app[] = {lk_slice_cstr(UNKNOWN)};
    struct lk_app_permission app = {.type = LK_APP_ALL, .actions = READ, .app_ids = {unknown_app, 1}};
    permissions = (struct lk_permissions){.apps = &app, .apps_len = 1};
    fixture_expect(f, create(f, &input, &group), LK_EINVAL, "Invalid ALL permission: no application exists with the id " UNKNOWN);
    input = named("x");
    input.notifications_given = true;
    struct lk_slice emails[] = {lk_slice_cstr("not an address")};
    input.notifications.emails = (struct lk_texts){emails, 1};
    fixture_expect(f, create(f, &input, &group), LK_EINVAL, "Invalid email");
    input = named("x");
    input.description_given = true;
    input.description = lk_slice_cstr("\x02");
    fixture_expect(f, create(f, &input, &group), LK_EINVAL, "Invalid description");
    struct lk_id unknown;
    assert_int_equal(lk_id_parse(lk_slice_cstr(UNKNOWN), &unknown), 0);
    input = named("x");
    fixture_expect(f, update(f, &unknown, &input, &group), LK_ENOTFOUND, "No User Group exists with the id " UNKNOWN);
    fixture_expect(f, delete (f, &unknown), LK_ENOTFOUND, "No User Group exists");
    fixture_expect(f, set_permissions(f, &unknown, &permissions), LK_ENOTFOUND, "No User Group exists");
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM user_group"), 3);
}

static void test_update(void **state) {
    struct fixture *f = *state;
    struct lk_user ann = fixture_user(f, "Ann", "ann@b.c", NULL);
    struct lk_user bob = fixture_user(f, "Bob", "bob@b.c", NULL);
    struct lk_slice users[] = {fixture_id(f, &ann.id)};
    struct lk_permissions permissions = {.account = BIT(LK_VIEW_CE)};
    struct lk_user_group_input input = named("team");
    input.users_given = true;
    input.user_ids = users;
    input.user_ids_len = 1;
    input.permissions = &permissions;
    struct lk_user_group group;
    assert_int_equal(create(f, &input, &group), 0);
    input = named("squad");
    assert_int_equal(update(f, &group.id, &input, &group), 0); /* what is absent stays */
    assert_true(lk_slice_is(group.name, "squad"));
    assert_int_equal(users_of(f, &group.id), 1);
    assert_int_equal(bits_of(f, &group.id), BIT(LK_VIEW_CE));
    users[0] = fixture_id(f, &bob.id);
    input = (struct lk_user_group_input){.users_given = true, .user_ids = users, .user_ids_len = 1, .description_given = true};
    assert_int_equal(update(f, &group.id, &input, &group), 0);
    assert_true(lk_slice_is(group.name, "squad"));
    assert_null(group.description.ptr);
    assert_int_equal(users_of(f, &group.id), 1);
    assert_int_equal(
        fixture_query(f, "SELECT count(*) FROM audit_entry WHERE after_doc LIKE '%\"addedUsers\":[{%bob@b.c%\"removedUsers\":[{%ann@b.c%'"),
        1);
    input.user_ids_len = 0;
    assert_int_equal(update(f, &group.id, &input, &group), 0);
    assert_int_equal(users_of(f, &group.id), 0);
}

static void test_members(void **state) {
    struct fixture *f = *state;
    struct lk_id group = fixture_group(f, "team", BIT(LK_VIEW_CE), NULL);
    struct lk_user ann = fixture_user(f, "Ann", "ann@b.c", NULL);
    struct lk_slice id = fixture_id(f, &ann.id);
    assert_int_equal(add_user(f, &group, id), 0);
    fixture_expect(f, add_user(f, &group, id), LK_ECONFLICT, "The user is already in the user group");
    assert_int_equal(users_of(f, &group), 1);
    assert_int_equal(remove_user(f, &group, id), 0);
    fixture_expect(f, remove_user(f, &group, id), LK_ECONFLICT, "The user is not in the user group");
    fixture_expect(f, add_user(f, &group, lk_slice_cstr(UNKNOWN)), LK_ENOTFOUND, "User does not exist");
    fixture_expect(f, remove_user(f, &group, lk_slice_cstr("x")), LK_ENOTFOUND, "User does not exist");
}

/* A list takes the place of many members, but not of any number: they come by other ways one by one. */
static void test_a_list_replaces_so_many(void **state) {
    struct fixture *f = *state;
    struct lk_id group = fixture_group(f, "team", BIT(LK_VIEW_CE), NULL);
    struct lk_user_group ret;
    struct lk_user_group_input none = {.users_given = true};
    fixture_sql(f,
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100001) INSERT INTO user_account "
                "SELECT CAST(printf('%016d', i) AS BLOB), (SELECT id FROM account), 'n', i || '@e', NULL, 1, 1, 1 FROM n;"
                "INSERT INTO group_member SELECT g.id, u.id FROM user_group g JOIN user_account u ON u.name = 'n' WHERE g.name = 'team'");
    fixture_expect(f, update(f, &group, &none, &ret), LK_ELIMIT,
                   "Too many users: 100001 are in the user group, and userIds can take the place of at most 100000");
    const struct lk_id_text first = {.text = "MDAwMDAwMDAwMDAwMDAwMQ"};
    assert_int_equal(remove_user(f, &group, lk_slice_cstr(first.text)), 0);
    assert_int_equal(update(f, &group, &none, &ret), 0);
    assert_int_equal(users_of(f, &group), 0);
}

/* Through whichever door a user comes into groups, it stays one that can be changed and deleted. */
static void test_a_user_is_in_so_many_groups(void **state) {
    struct fixture *f = *state;
    const struct lk_user user = fixture_user(f, "Ada", "ada@example.com", NULL);
    const struct lk_slice id = fixture_id(f, &user.id);
    struct lk_user_group group;
    char name[16];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "group %d", i);
        struct lk_user_group_input input = named(name);
        input.users_given = true;
        input.user_ids = &id;
        input.user_ids_len = 1;
        assert_int_equal(create(f, &input, &group), 0);
    }
    struct lk_user_group_input more = named("one more");
    assert_int_equal(create(f, &more, &group), 0);
    more.users_given = true;
    more.user_ids = &id;
    more.user_ids_len = 1;
    fixture_expect(f, update(f, &group.id, &more, &group), LK_ELIMIT, "Too many User Groups: ada@example.com");
    fixture_expect(f, add_user(f, &group.id, id), LK_ELIMIT, "Too many User Groups: ada@example.com");
    more.name = lk_slice_cstr("another");
    fixture_expect(f, create(f, &more, &group), LK_ELIMIT, "Too many User Groups: ada@example.com");
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_user_delete(&f->call, id)), 0);
}

static void test_permissions_overwrite_and_add(void **state) {
    struct fixture *f = *state;
    struct lk_id group = fixture_group(f, "team", BIT(LK_VIEW_CE), "a");
    struct lk_slice id = fixture_id(f, &group);
    struct lk_permissions permissions = {.account = BIT(LK_VIEW_AUDITS)};
    assert_int_equal(set_permissions(f, &group, &permissions), 0);
    assert_int_equal(bits_of(f, &group), BIT(LK_VIEW_AUDITS));
    struct lk_user_group ret;
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_user_group_add_account_permission(&f->call, id, LK_MANAGE_TAGS, &ret)), 0);
    assert_int_equal(bits_of(f, &group), BIT(LK_VIEW_AUDITS) | BIT(LK_MANAGE_TAGS));
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_user_group_add_account_permission(&f->call, id, LK_MANAGE_USERS_AND_GROUPS, &ret)), LK_EINVAL,
                   "MANAGE_USERS_AND_GROUPS can be set only together");
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_user_group_add_account_permission(&f->call, id, LK_READ_USERS_AND_GROUPS, &ret)), 0);
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_user_group_add_account_permission(&f->call, id, LK_MANAGE_USERS_AND_GROUPS, &ret)), 0);
    struct lk_app_permission app = {.type = LK_APP_ENV, .actions = READ, .all_apps = true};
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_user_group_add_app_permission(&f->call, id, &app, &ret)), LK_EINVAL,
                   "Invalid ENV permission: it needs its own filter");
    app.filters_given = (uint32_t)1 << LK_APP_ENV;
    app.filter_types = 1;
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_user_group_add_app_permission(&f->call, id, &app, &ret)), 0);
    struct lk_permissions stored;
    assert_int_equal(lk_user_group_permissions(&f->call, &group, &stored), 0);
    assert_int_equal(stored.apps_len, 1);
}

static void test_grant_rule(void **state) {
    struct fixture *f = *state;
    struct lk_id strong = fixture_group(f, "strong", group_manager | BIT(LK_MANAGE_SECRETS), NULL);
    struct lk_user ann = fixture_user(f, "Ann", "ann@b.c", NULL);
    struct lk_slice ids[] = {fixture_id(f, &ann.id)};
    fixture_act_with(f, group_manager);
    struct lk_permissions permissions = {.account = BIT(LK_MANAGE_SECRETS)};
    struct lk_user_group_input input = named("x");
    struct lk_user_group group;
    const char *more = "User not authorized: these permissions are more than the caller holds (MANAGE_SECRETS)";
    const char *holds = "User not authorized: the user group holds more than the caller holds (MANAGE_SECRETS)";
    input.permissions = &permissions;
    fixture_expect(f, create(f, &input, &group), LK_EFORBIDDEN, more);
    input.permissions = NULL;
    assert_int_equal(create(f, &input, &group), 0);
    fixture_expect(f, set_permissions(f, &group.id, &permissions), LK_EFORBIDDEN, more);
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_user_group_add_account_permission(&f->call, fixture_id(f, &group.id), LK_MANAGE_SECRETS, &group)),
                   LK_EFORBIDDEN, more);
    struct lk_app_permission app = {.type = LK_APP_ALL, .actions = READ, .all_apps = true};
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_user_group_add_app_permission(&f->call, fixture_id(f, &group.id), &app, &group)), LK_EFORBIDDEN,
                   "User not authorized: these permissions are more than the caller holds (ALL)");
    fixture_expect(f, add_user(f, &strong, ids[0]), LK_EFORBIDDEN, holds);
    input = (struct lk_user_group_input){.users_given = true, .user_ids = ids, .user_ids_len = 1};
    fixture_expect(f, update(f, &strong, &input, &group), LK_EFORBIDDEN, holds);
    /* What the group has already may stay or go. */
    permissions.account |= group_manager;
    assert_int_equal(set_permissions(f, &strong, &permissions), 0);
    permissions.account = group_manager;
    assert_int_equal(set_permissions(f, &strong, &permissions), 0);
    assert_int_equal(add_user(f, &strong, ids[0]), 0);
    /* Nobody makes operators but operators. */
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    struct lk_slice scopes[] = {lk_slice_cstr(LK_SCOPE_OPERATOR)};
    permissions = (struct lk_permissions){.scopes = {scopes, 1}};
    fixture_expect(f, set_permissions(f, &strong, &permissions), LK_EFORBIDDEN, "User not authorized: these permissions are more");
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE failure IS NOT NULL AND resource_type = 'USER_GROUP'"), 7);
}

static void test_delete(void **state) {
    struct fixture *f = *state;
    struct lk_id group = fixture_group(f, "team", BIT(LK_MANAGE_API_KEYS), NULL);
    struct lk_user ann = fixture_user(f, "Ann", "ann@b.c", &group);
    struct lk_slice token;
    struct lk_api_key key = fixture_key(f, "k", &group, &token);
    assert_int_equal(delete (f, &group), 0);
    struct lk_user_group *groups;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(lk_user_groups(&f->call, &ann.id, (struct lk_page){10, 0}, &groups, &len, &info), 0);
    assert_int_equal(len, 0);
    assert_int_equal(lk_api_key_groups(&f->call, &key.id, (struct lk_page){10, 0}, &groups, &len, &info), 0);
    assert_int_equal(len, 0);
    assert_int_equal(fixture_act(f, token), 0);
    struct lk_api_key got;
    fixture_expect(f, lk_api_key_get_by_name(&f->call, lk_slice_cstr("first"), &got), LK_EFORBIDDEN, "User not authorized");
}

static void test_the_last_manager_stays(void **state) {
    struct fixture *f = *state;
    const char *says = "This would leave the account without a credential";
    struct lk_permissions nothing = {0};
    fixture_expect(f, delete (f, &f->admin_group), LK_ECONFLICT, says);
    fixture_expect(f, set_permissions(f, &f->admin_group, &nothing), LK_ECONFLICT, says);
    struct lk_id second = fixture_group(f, "second", group_manager | BIT(LK_MANAGE_API_KEYS), NULL);
    fixture_expect(f, delete (f, &f->admin_group), LK_ECONFLICT, says); /* nobody is in it */
    fixture_key(f, "k", &second, NULL);
    assert_int_equal(set_permissions(f, &f->admin_group, &nothing), 0);
}

static void test_changed_permissions_act_at_once(void **state) {
    struct fixture *f = *state;
    fixture_act_with(f, group_manager | BIT(LK_VIEW_AUDITS));
    struct lk_id own = f->call.actor->group_ids[0];
    struct lk_permissions permissions = {.account = BIT(LK_READ_USERS_AND_GROUPS)};
    assert_int_equal(set_permissions(f, &own, &permissions), 0);
    fixture_expect(f, set_permissions(f, &own, &permissions), LK_EFORBIDDEN, "User not authorized: MANAGE_USERS_AND_GROUPS is required");
}

static void test_permissions(void **state) {
    struct fixture *f = *state;
    struct lk_id group = fixture_group(f, "team", 0, NULL);
    struct lk_user ann = fixture_user(f, "Ann", "ann@b.c", NULL);
    struct lk_slice user = fixture_id(f, &ann.id);
    fixture_act_with(f, BIT(LK_READ_USERS_AND_GROUPS) | BIT(LK_MANAGE_API_KEYS));
    const char *says = "User not authorized: MANAGE_USERS_AND_GROUPS is required";
    struct lk_user_group_input input = named("x");
    struct lk_user_group ret;
    struct lk_permissions nothing = {0};
    fixture_expect(f, create(f, &input, &ret), LK_EFORBIDDEN, says);
    fixture_expect(f, update(f, &group, &input, &ret), LK_EFORBIDDEN, says);
    fixture_expect(f, delete (f, &group), LK_EFORBIDDEN, says);
    fixture_expect(f, set_permissions(f, &group, &nothing), LK_EFORBIDDEN, says);
    fixture_expect(f, add_user(f, &group, user), LK_EFORBIDDEN, says);
    fixture_expect(f, remove_user(f, &group, user), LK_EFORBIDDEN, says);
    fixture_act_with(f, BIT(LK_MANAGE_API_KEYS));
    struct lk_user *users;
    size_t len;
    struct lk_page_info info;
    fixture_expect(f, lk_user_group_users(&f->call, &group, (struct lk_page){1, 0}, &users, &len, &info), LK_EFORBIDDEN,
                   "User not authorized");
    assert_int_equal(lk_user_group_get(&f->call, fixture_id(f, &group), &ret), 0);
}

static void test_providers(void **state) {
    struct fixture *f = *state;
    struct lk_sso_provider ldap;
    struct lk_sso_provider saml;
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_sso_provider_create(&f->call, lk_slice_cstr("directory"), LK_SSO_LDAP, &ldap)), 0);
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_sso_provider_create(&f->call, lk_slice_cstr("a login page"), LK_SSO_SAML, &saml)), 0);
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_sso_provider_create(&f->call, lk_slice_cstr("directory"), LK_SSO_SAML, &saml)), LK_ECONFLICT,
                   "A provider already exists with the name directory");
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_sso_provider_create(&f->call, lk_slice_cstr(""), LK_SSO_SAML, &saml)), LK_EINVAL,
                   "Invalid provider name");
    struct lk_sso_provider *providers;
    struct lk_sso_provider got;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(lk_sso_provider_list(&f->call, (struct lk_page){10, 0}, &providers, &len, &info), 0);
    assert_int_equal(len, 2);
    assert_int_equal(providers[0].kind, LK_SSO_SAML);
    assert_int_equal(lk_sso_provider_get(&f->call, fixture_id(f, &ldap.id), &got), 0);
    assert_int_equal(got.kind, LK_SSO_LDAP);
    fixture_expect(f, lk_sso_provider_get(&f->call, lk_slice_cstr(UNKNOWN), &got), LK_ENOTFOUND, "Provider does not exist");
    fixture_expect(f, lk_sso_provider_get(&f->call, lk_slice_cstr("x"), &got), LK_ENOTFOUND, "Provider does not exist");

    struct lk_user_group group;
    struct lk_user_group_input input = named("linked");
    input.sso_given = true;
    input.sso = (struct lk_sso_link){
        .kind = LK_SSO_LDAP, .provider_id = fixture_id(f, &ldap.id), .group_name = LK_SLICE("staff"), .group_dn = LK_SLICE("cn=staff")};
    assert_int_equal(create(f, &input, &group), 0);
    assert_int_equal(lk_user_group_get_by_name(&f->call, lk_slice_cstr("linked"), &group), 0);
    assert_int_equal(group.sso.kind, LK_SSO_LDAP);
    assert_true(lk_slice_equal(group.sso.provider_id, input.sso.provider_id));
    assert_true(lk_slice_is(group.sso.group_dn, "cn=staff"));
    /* Whoever is in the provider's group is let in by the link, so it takes what the group holds to make one, but not to leave it. */
    fixture_act_with(f, group_manager);
    struct lk_user_group_input link = {.sso_given = true, .sso = input.sso};
    link.sso.provider_id = fixture_id(f, &ldap.id);
    fixture_expect(f, update(f, &f->admin_group, &link, &group), LK_EFORBIDDEN, "User not authorized: the user group holds more");
    struct lk_user_group_input plain = named("plain");
    plain.sso_given = true;
    plain.sso = link.sso;
    assert_int_equal(create(f, &plain, &group), 0);
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    assert_int_equal(update(f, &f->admin_group, &link, &group), 0);
    fixture_act_with(f, group_manager | BIT(LK_MANAGE_TAGS));
    assert_int_equal(update(f, &f->admin_group, &link, &group), 0);
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    input.sso.provider_id = fixture_id(f, &ldap.id);
    input.name = lk_slice_cstr("wrong");
    input.sso.kind = LK_SSO_SAML;
    fixture_expect(f, create(f, &input, &group), LK_EINVAL, "Invalid ssoSetting: the provider is of type LDAP");
    input.sso.provider_id = lk_slice_cstr(UNKNOWN);
    fixture_expect(f, create(f, &input, &group), LK_EINVAL, "Provider does not exist");
    input.sso.group_name = lk_slice_cstr("");
    fixture_expect(f, create(f, &input, &group), LK_EINVAL, "Invalid groupName");
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_sso_provider_delete(&f->call, fixture_id(f, &ldap.id))), 0);
    assert_int_equal(lk_user_group_get_by_name(&f->call, lk_slice_cstr("linked"), &group), 0);
    assert_int_equal(group.sso.kind, LK_SSO_NONE);
    fixture_act_with(f, BIT(LK_READ_USERS_AND_GROUPS));
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_sso_provider_delete(&f->call, fixture_id(f, &saml.id))), LK_EFORBIDDEN,
                   "User not authorized: MANAGE_AUTHENTICATION_SETTINGS is required");
}

static void test_accounts_are_walls(void **state) {
    struct fixture *f = *state;
    struct lk_user ann = fixture_user(f, "Ann", "ann@b.c", NULL);
    struct lk_sso_provider ldap;
    assert_int_equal(lk_sso_provider_create(&f->call, lk_slice_cstr("directory"), LK_SSO_LDAP, &ldap), 0);
    struct lk_account other;
    struct lk_id group;
    struct lk_slice token;
    fixture_account(f, "Other", &other, &group, &token);
    assert_int_equal(fixture_act(f, token), 0);
    struct lk_user_group_input input = named("x");
    struct lk_user_group ret;
    struct lk_permissions nothing = {0};
    const char *says = "No User Group exists with the id ";
    fixture_expect(f, update(f, &f->admin_group, &input, &ret), LK_ENOTFOUND, says);
    fixture_expect(f, delete (f, &f->admin_group), LK_ENOTFOUND, says);
    fixture_expect(f, set_permissions(f, &f->admin_group, &nothing), LK_ENOTFOUND, says);
    fixture_expect(f, add_user(f, &group, fixture_id(f, &ann.id)), LK_ENOTFOUND, "User does not exist");
    input.sso_given = true;
    input.sso = (struct lk_sso_link){
        .kind = LK_SSO_LDAP, .provider_id = fixture_id(f, &ldap.id), .group_name = LK_SLICE("staff"), .group_dn = LK_SLICE("cn=staff")};
    fixture_expect(f, create(f, &input, &ret), LK_EINVAL, "Provider does not exist");
    struct lk_sso_provider got;
    fixture_expect(f, lk_sso_provider_get(&f->call, fixture_id(f, &ldap.id), &got), LK_ENOTFOUND, "Provider does not exist");
}

static void test_settings_are_bounded(void **state) {
    struct fixture *f = *state;
    struct lk_user_group group;
    struct lk_slice emails[101];
    for (size_t i = 0; i < 101; i++)
        emails[i] = lk_slice_cstr("ops@example.com");
    struct lk_user_group_input input = named("notified");
    input.notifications_given = true;
    input.notifications.emails = (struct lk_texts){emails, 101};
    fixture_expect(f, create(f, &input, &group), LK_EINVAL, "Too many groupEmailAddresses: 101, and at most 100 are allowed");
    emails[99] = lk_slice_cstr("nobody");
    input.notifications.emails.len = 100;
    fixture_expect(f, create(f, &input, &group), LK_EINVAL, "Invalid email: nobody is not an address");
    emails[99] = emails[0];
    assert_int_equal(create(f, &input, &group), 0);

    struct lk_sso_provider ldap;
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_sso_provider_create(&f->call, lk_slice_cstr("directory"), LK_SSO_LDAP, &ldap)), 0);
    struct lk_user_group_input linked = named("linked");
    linked.sso_given = true;
    linked.sso = (struct lk_sso_link){.kind = LK_SSO_LDAP, .provider_id = fixture_id(f, &ldap.id), .group_name = LK_SLICE("staff")};
    fixture_expect(f, create(f, &linked, &group), LK_EINVAL, "Invalid groupDN: it must not be blank");
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM user_group WHERE name = 'linked'"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_create),
        TEST(test_bad_input),
        TEST(test_update),
        TEST(test_members),
        TEST(test_a_user_is_in_so_many_groups),
        TEST(test_a_list_replaces_so_many),
        TEST(test_permissions_overwrite_and_add),
        TEST(test_grant_rule),
        TEST(test_delete),
        TEST(test_the_last_manager_stays),
        TEST(test_changed_permissions_act_at_once),
        TEST(test_permissions),
        TEST(test_providers),
        TEST(test_settings_are_bounded),
        TEST(test_accounts_are_walls),
    };
    return cmocka_run_group_tests_name("domain/user_group", tests, NULL, NULL);
}
