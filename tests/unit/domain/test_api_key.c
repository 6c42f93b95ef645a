#include "fixture.h"

#include "base/clock.h"
#include "crypto/token.h"
#include "domain/group_set.h"

#include <stdio.h>

#define BIT LK_ACCOUNT_PERMISSION_BIT
#define SOON ((int64_t)1700000001000)
#define UNKNOWN "4L2X2JLSQe2DnjOwBXj0TQ"

static const struct lk_api_key_sort by_name = {0};

static struct lk_api_key_input named(const char *name) {
    return (struct lk_api_key_input){.name = lk_slice_cstr(name)};
}

static struct lk_api_key_input in_groups(const char *name, const struct lk_slice *ids, size_t len) {
    return (struct lk_api_key_input){.name = lk_slice_cstr(name), .groups_given = true, .group_ids = ids, .group_ids_len = len};
}

static int64_t groups_of(struct fixture *f, const struct lk_id *key) {
    struct lk_user_group *groups;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(lk_api_key_groups(&f->call, key, (struct lk_page){100, 0}, &groups, &len, &info), 0);
    return info.total;
}

/* A key that may manage keys and nothing more, acting. */
static struct lk_slice act_as_key_manager(struct fixture *f) {
    struct lk_id group = fixture_group(f, "key managers", BIT(LK_MANAGE_API_KEYS), NULL);
    struct lk_slice token;
    fixture_key(f, "manager", &group, &token);
    assert_int_equal(fixture_act(f, token), 0);
    return token;
}

static void test_create(void **state) {
    struct fixture *f = *state;
    struct lk_slice ids[] = {fixture_id(f, &f->admin_group), fixture_id(f, &f->admin_group)};
    struct lk_metadata metadata[] = {{LK_SLICE("team"), LK_SLICE("payments")}, {LK_SLICE("a"), LK_SLICE("")}};
    struct lk_api_key_input input = in_groups("example", ids, 2);
    input.metadata_given = true;
    input.metadata = metadata;
    input.metadata_len = 2;
    input.expiry_given = input.has_expiry = true;
    input.expires_at = SOON;
    struct lk_api_key key;
    struct lk_slice token;
    assert_int_equal(fixture_create(f, &input, &key, &token), 0);
    assert_int_equal(lk_token_check(token), LK_TOKEN_OURS);
    assert_true(lk_slice_is(key.name, "example"));
    assert_true(key.enabled);
    assert_true(key.has_expiry);
    assert_int_equal(key.expires_at, SOON);
    assert_true(lk_slice_is(key.created_by, "first"));
    assert_int_equal(key.metadata_len, 2);
    assert_true(lk_slice_is(key.metadata[0].key, "a"));
    assert_true(lk_slice_is(key.metadata[1].value, "payments"));
    assert_int_equal(key.preview.len, LK_TOKEN_PREVIEW_SIZE - 1);
    assert_memory_equal(key.preview.ptr + key.preview.len - 4, token.ptr + token.len - 4, 4);
    assert_int_equal(groups_of(f, &key.id), 1); /* the same id twice is one group */

    struct lk_api_key again;
    assert_int_equal(lk_api_key_get(&f->call, fixture_id(f, &key.id), &again), 0);
    assert_true(lk_slice_equal(again.name, key.name));
    assert_true(lk_slice_equal(again.preview, key.preview));
    assert_int_equal(again.metadata_len, 2);
    assert_int_equal(lk_api_key_get_by_name(&f->call, lk_slice_cstr("example"), &again), 0);
    assert_true(lk_id_equal(&again.id, &key.id));
    struct lk_permissions permissions;
    assert_int_equal(lk_api_key_permissions(&f->call, &key.id, &permissions), 0);
    assert_int_equal(permissions.account, LK_ACCOUNT_PERMISSIONS_ALL);

    assert_int_equal(fixture_act(f, token), 0);
    assert_true(lk_slice_is(f->call.actor->name, "example"));
    assert_true(lk_id_equal(&f->call.actor->account_id, &f->account.id));
}

static void test_names(void **state) {
    struct fixture *f = *state;
    char longest[257];
    memset(longest, 'n', 256);
    longest[256] = '\0';
    struct {
        const char *name;
        const char *says;
    } bad[] = {
        {"", "Invalid API Key name: it must not be blank"},
        {"   ", "Invalid API Key name: it must not be blank"},
        {"\t", "Invalid API Key name: it must not be blank"},
        {"\xE3\x80\x80", "Invalid API Key name: it must not be blank"},
        {"\xE2\x80\x8B", "Invalid API Key name: it must not be blank"}, /* zero width space */
        {"\xE2\x81\xA0 \xC2\xAD\xE3\x85\xA4\xF3\xA0\x80\x81", "Invalid API Key name: it must not be blank"},
        {" x", "Invalid API Key name: it must not begin or end"},
        {"x ", "Invalid API Key name: it must not begin or end"},
        {"x\n", "Invalid API Key name: it must not begin or end"},
        {"\xC2\xA0x", "Invalid API Key name: it must not begin or end"},
        {"x\xE2\x80\x89", "Invalid API Key name: it must not begin or end"},
        {"x\xE3\x80\x80", "Invalid API Key name: it must not begin or end"},
        {"\xEF\xBB\xBFx", "Invalid API Key name: it must not begin or end"},
        {"a\x01z", "Invalid API Key name: it must not contain control"},
        {"a\nz", "Invalid API Key name: it must not contain control"},
        {"a\x7Fz", "Invalid API Key name: it must not contain control"},
        {"a\xC2\x80z", "Invalid API Key name: it must not contain control"},
        {"a\xFFz", "Invalid API Key name: it is not well-formed UTF-8"},
        {"a\xC3", "Invalid API Key name: it is not well-formed UTF-8"},
        {longest, "Invalid API Key name: it is 256 bytes long"},
    };
    struct lk_api_key key;
    struct lk_slice token;
    int64_t before = fixture_query(f, "SELECT count(*) FROM api_key");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lk_api_key_input input = named(bad[i].name);
        fixture_expect(f, fixture_create(f, &input, &key, &token), LK_EINVAL, bad[i].says);
        fixture_expect(f, fixture_update(f, &f->admin_key.id, &input, &key), LK_EINVAL, bad[i].says);
    }
    struct lk_api_key_input nul = {.name = lk_slice_make("a\0z", 3)};
    fixture_expect(f, fixture_create(f, &nul, &key, &token), LK_EINVAL, "Invalid API Key name: it must not contain control");
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key"), before);
    const char *good[] = {"x", "two words", "\xC3\xA4\xC3\xB6 \xF0\x9F\x94\x91", longest + 1};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        fixture_key(f, good[i], NULL, NULL);
}

static void test_duplicate_name(void **state) {
    struct fixture *f = *state;
    struct lk_api_key second = fixture_key(f, "second", NULL, NULL);
    struct lk_api_key key;
    struct lk_slice token;
    struct lk_api_key_input input = named("first");
    fixture_expect(f, fixture_create(f, &input, &key, &token), LK_ECONFLICT, "An API key already exists with the name first");
    fixture_expect(f, fixture_update(f, &second.id, &input, &key), LK_ECONFLICT, "An API key already exists with the name first");
    input = named("second");
    assert_int_equal(fixture_update(f, &second.id, &input, &key), 0);
    /* The same name in another account is another matter. */
    struct lk_account other;
    struct lk_id group;
    fixture_account(f, "Other", &other, &group, &token);
}

static void test_group_ids(void **state) {
    struct fixture *f = *state;
    struct lk_account other;
    struct lk_id foreign;
    struct lk_slice token;
    fixture_account(f, "Other", &other, &foreign, &token);
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    struct lk_slice foreign_id = fixture_id(f, &foreign);
    struct lk_slice cases[] = {lk_slice_cstr(UNKNOWN), lk_slice_cstr("nonsense"), lk_slice_cstr(""), foreign_id};
    struct lk_api_key key;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lk_slice ids[] = {fixture_id(f, &f->admin_group), cases[i]};
        struct lk_api_key_input input = in_groups("x", ids, 2);
        char says[100];
        snprintf(says, sizeof(says), "No User Group exists with the id %.*s", (int)cases[i].len, cases[i].ptr);
        fixture_expect(f, fixture_create(f, &input, &key, &token), LK_EINVAL, says);
        fixture_expect(f, fixture_update(f, &f->admin_key.id, &input, &key), LK_EINVAL, says);
    }
    struct lk_slice null_id[] = {{NULL, 0}};
    struct lk_api_key_input input = in_groups("x", null_id, 1);
    fixture_expect(f, fixture_create(f, &input, &key, &token), LK_EINVAL, "Invalid userGroupIds: an id must not be null");
    struct lk_slice many[LK_GROUP_SET_MAX + 1];
    for (size_t i = 0; i <= LK_GROUP_SET_MAX; i++)
        many[i] = fixture_id(f, &f->admin_group);
    input = in_groups("x", many, LK_GROUP_SET_MAX + 1);
    fixture_expect(f, fixture_create(f, &input, &key, &token), LK_EINVAL, "Too many User Groups: 101");
    input.group_ids_len--;
    assert_int_equal(fixture_create(f, &input, &key, &token), 0);
}

static void test_expiry_and_metadata_input(void **state) {
    struct fixture *f = *state;
    struct lk_api_key key;
    struct lk_slice token;
    struct lk_api_key_input input = named("x");
    input.expiry_given = input.has_expiry = true;
    input.expires_at = f->call.now_ms;
    fixture_expect(f, fixture_create(f, &input, &key, &token), LK_EINVAL, "Invalid expiresAt: it must be in the future");
    input.expires_at = -1;
    fixture_expect(f, fixture_create(f, &input, &key, &token), LK_EINVAL, "Invalid expiresAt");
    input.expires_at = LK_CLOCK_LAST_MS + 1;
    fixture_expect(f, fixture_create(f, &input, &key, &token), LK_EINVAL, "Invalid expiresAt: it must be in the year 9999 or before");
    input.expires_at = f->call.now_ms * 1000; /* microseconds: so good as never */
    fixture_expect(f, fixture_create(f, &input, &key, &token), LK_EINVAL, "Invalid expiresAt: it must be in the year 9999 or before");
    input = named("x");
    input.metadata_given = true;
    struct lk_metadata metadata[LK_METADATA_MAX + 1];
    for (size_t i = 0; i <= LK_METADATA_MAX; i++)
        metadata[i] = (struct lk_metadata){lk_slice_cstr("same"), lk_slice_cstr("v")};
    input.metadata = metadata;
    input.metadata_len = 2;
    fixture_expect(f, fixture_create(f, &input, &key, &token), LK_EINVAL, "Invalid metadata: the key same is there twice");
    input.metadata_len = LK_METADATA_MAX + 1;
    fixture_expect(f, fixture_create(f, &input, &key, &token), LK_EINVAL, "Too much metadata");
    input.metadata_len = 1;
    metadata[0].key = lk_slice_cstr("");
    fixture_expect(f, fixture_create(f, &input, &key, &token), LK_EINVAL, "Invalid metadata key");
    metadata[0].key = lk_slice_cstr("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk");
    fixture_expect(f, fixture_create(f, &input, &key, &token), LK_EINVAL, "Invalid metadata key: it is 65 bytes long");
    metadata[0] = (struct lk_metadata){lk_slice_cstr("k"), lk_slice_cstr("\x01")};
    fixture_expect(f, fixture_create(f, &input, &key, &token), LK_EINVAL, "Invalid metadata value");
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key WHERE name = 'x'"), 0);
}

static void test_update(void **state) {
    struct fixture *f = *state;
    struct lk_api_key key = fixture_key(f, "old", &f->admin_group, NULL);
    struct lk_api_key changed;
    struct lk_api_key_input input = named("new");
    assert_int_equal(fixture_update(f, &key.id, &input, &changed), 0); /* absent members stay */
    assert_true(lk_slice_is(changed.name, "new"));
    assert_int_equal(groups_of(f, &key.id), 1);
    input = in_groups("new", NULL, 0); /* null or an empty list empties */
    input.enabled_given = true;
    input.expiry_given = input.has_expiry = true;
    input.expires_at = SOON;
    assert_int_equal(fixture_update(f, &key.id, &input, &changed), 0);
    assert_int_equal(groups_of(f, &key.id), 0);
    assert_false(changed.enabled);
    assert_true(changed.has_expiry);
    input = named("new");
    input.expiry_given = input.enabled_given = input.enabled = true;
    assert_int_equal(fixture_update(f, &key.id, &input, &changed), 0);
    assert_true(changed.enabled);
    assert_false(changed.has_expiry);
    struct lk_id unknown;
    assert_int_equal(lk_id_parse(lk_slice_cstr(UNKNOWN), &unknown), 0);
    fixture_expect(f, fixture_update(f, &unknown, &input, &changed), LK_ENOTFOUND, "API key does not exist");
    fixture_expect(f, fixture_delete(f, &unknown), LK_ENOTFOUND, "API key does not exist");
    fixture_expect(f, lk_api_key_get(&f->call, lk_slice_cstr("short"), &changed), LK_ENOTFOUND, "API key does not exist");
    fixture_expect(f, lk_api_key_get_by_name(&f->call, lk_slice_cstr("none"), &changed), LK_ENOTFOUND, "API key does not exist");
}

static void test_an_expired_key_may_be_renamed(void **state) {
    struct fixture *f = *state;
    struct lk_api_key_input input = named("x");
    input.expiry_given = input.has_expiry = true;
    input.expires_at = SOON;
    struct lk_api_key key;
    struct lk_slice token;
    assert_int_equal(fixture_create(f, &input, &key, &token), 0);
    f->call.now_ms = SOON + 1;
    input.name = lk_slice_cstr("y");
    assert_int_equal(fixture_update(f, &key.id, &input, &key), 0);
    input.expires_at = SOON - 1;
    fixture_expect(f, fixture_update(f, &key.id, &input, &key), LK_EINVAL, "Invalid expiresAt");
}

static void expect_refused(struct fixture *f, struct lk_slice token) {
    struct lk_actor *before = f->call.actor;
    f->problem = (struct lk_problem){0};
    f->call.actor = NULL;
    fixture_expect(f, lk_authenticate_key(&f->call, token), LK_EUNAUTH, "Invalid API Key");
    assert_null(f->call.actor);
    f->call.actor = before;
}

static void test_authentication(void **state) {
    struct fixture *f = *state;
    struct lk_slice token;
    struct lk_api_key key = fixture_key(f, "x", NULL, &token);
    expect_refused(f, lk_slice_make("", 0));
    expect_refused(f, lk_slice_make(NULL, 0));
    expect_refused(f, lk_slice_cstr("nonsense"));
    expect_refused(f, lk_slice_cstr("an-imported-key-that-is-not-there"));
    expect_refused(f, lk_slice_make(token.ptr, token.len - 1));
    char unknown[LK_TOKEN_LEN + 1];
    lk_token_make(&f->account.id, unknown);
    expect_refused(f, lk_slice_cstr(unknown));

    struct lk_api_key_input input = named("x");
    input.enabled_given = true;
    assert_int_equal(fixture_update(f, &key.id, &input, &key), 0);
    expect_refused(f, token);
    input.enabled = true;
    input.expiry_given = input.has_expiry = true;
    input.expires_at = SOON;
    assert_int_equal(fixture_update(f, &key.id, &input, &key), 0);
    assert_int_equal(fixture_act(f, token), 0);
    f->call.now_ms = SOON - 1;
    assert_int_equal(lk_authenticate_key(&f->call, token), 0);
    f->call.now_ms = SOON;
    expect_refused(f, token);
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    assert_int_equal(fixture_delete(f, &key.id), 0);
    expect_refused(f, token);
}

static void test_reveal(void **state) {
    struct fixture *f = *state;
    struct lk_slice token;
    struct lk_slice revealed;
    struct lk_api_key key = fixture_key(f, "x", &f->admin_group, &token);
    assert_int_equal(fixture_reveal(f, &key.id, &revealed), 0);
    assert_true(lk_slice_equal(token, revealed));
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE operation = 'REVEAL' AND failure IS NULL"), 1);
    /* A seal that was moved to another row does not open. */
    struct lk_api_key other = fixture_key(f, "y", NULL, NULL);
    fixture_sql(f, "UPDATE api_key SET sealed = (SELECT sealed FROM api_key WHERE name = 'x') WHERE name = 'y'");
    fixture_expect(f, fixture_reveal(f, &other.id, &revealed), LK_ECORRUPT, "A stored record is damaged");
    fixture_sql(f, "UPDATE api_key SET sealed = NULL WHERE name = 'y'");
    fixture_expect(f, fixture_reveal(f, &other.id, &revealed), LK_ECONFLICT, "This API key cannot be revealed");
}

static void test_permission_is_needed(void **state) {
    struct fixture *f = *state;
    struct lk_id viewers = fixture_group(f, "viewers", BIT(LK_VIEW_USER_AND_USER_GROUPS_AND_API_KEYS), NULL);
    struct lk_slice token;
    struct lk_slice revealed;
    struct lk_api_key viewer = fixture_key(f, "viewer", &viewers, &token);
    struct lk_api_key nobody = fixture_key(f, "nobody", NULL, NULL);
    assert_int_equal(fixture_act(f, token), 0);
    struct lk_api_key key;
    struct lk_api_key_input input = named("z");
    const char *says = "User not authorized: MANAGE_API_KEYS is required";
    fixture_expect(f, fixture_create(f, &input, &key, &revealed), LK_EFORBIDDEN, says);
    fixture_expect(f, fixture_update(f, &nobody.id, &input, &key), LK_EFORBIDDEN, says);
    fixture_expect(f, fixture_delete(f, &nobody.id), LK_EFORBIDDEN, says);
    fixture_expect(f, fixture_reveal(f, &viewer.id, &revealed), LK_EFORBIDDEN, says);
    assert_int_equal(lk_api_key_get(&f->call, fixture_id(f, &nobody.id), &key), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE failure IS NOT NULL"), 4);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE failure IS NOT NULL AND actor_name = 'viewer'"), 4);

    assert_int_equal(fixture_act(f, f->admin_token), 0);
    assert_int_equal(fixture_reveal(f, &nobody.id, &token), 0);
    assert_int_equal(fixture_act(f, token), 0);
    fixture_expect(f, lk_api_key_get(&f->call, fixture_id(f, &viewer.id), &key), LK_EFORBIDDEN, "User not authorized");
    fixture_expect(f, lk_api_key_get_by_name(&f->call, lk_slice_cstr("viewer"), &key), LK_EFORBIDDEN, "User not authorized");
    assert_int_equal(lk_api_key_get(&f->call, fixture_id(f, &nobody.id), &key), 0); /* itself */
    struct lk_api_key_filter filter = {0};
    struct lk_api_key *keys;
    size_t len;
    struct lk_page_info info;
    fixture_expect(f, lk_api_key_list(&f->call, &filter, by_name, (struct lk_page){1, 0}, &keys, &len, &info), LK_EFORBIDDEN,
                   "User not authorized");
}

static void test_grant_rule(void **state) {
    struct fixture *f = *state;
    struct lk_api_key strong = fixture_key(f, "strong", &f->admin_group, NULL);
    struct lk_id equal = fixture_group(f, "as good as the manager", BIT(LK_MANAGE_API_KEYS), NULL);
    act_as_key_manager(f);
    struct lk_slice admin[] = {fixture_id(f, &f->admin_group)};
    struct lk_slice fair[] = {fixture_id(f, &equal)};
    struct lk_api_key key;
    struct lk_slice token;
    const char *says = "User not authorized: the user groups hold more than the caller holds (CREATE_AND_DELETE_APPLICATION)";
    struct lk_api_key_input input = in_groups("x", admin, 1);
    fixture_expect(f, fixture_create(f, &input, &key, &token), LK_EFORBIDDEN, says);
    input = in_groups("x", fair, 1);
    assert_int_equal(fixture_create(f, &input, &key, &token), 0);
    input = in_groups("x", admin, 1);
    fixture_expect(f, fixture_update(f, &key.id, &input, &key), LK_EFORBIDDEN, says);
    fixture_expect(f, fixture_reveal(f, &strong.id, &token), LK_EFORBIDDEN, says);
    /* What a stronger key has already may stay; taking it away and switching it off give nothing to anybody. */
    input = in_groups("strong too", admin, 1);
    assert_int_equal(fixture_update(f, &strong.id, &input, &strong), 0);
    input.enabled_given = true;
    assert_int_equal(fixture_update(f, &strong.id, &input, &strong), 0);
    input.enabled = true;
    fixture_expect(f, fixture_update(f, &strong.id, &input, &strong), LK_EFORBIDDEN, says);
    input = in_groups("strong", NULL, 0);
    assert_int_equal(fixture_update(f, &strong.id, &input, &strong), 0);
    input = in_groups("strong", admin, 1);
    fixture_expect(f, fixture_update(f, &strong.id, &input, &strong), LK_EFORBIDDEN, says);
    assert_int_equal(fixture_delete(f, &strong.id), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE failure LIKE 'User not authorized: the user groups%'"), 5);
}

static void test_life_is_given_by_the_grant_rule(void **state) {
    struct fixture *f = *state;
    struct lk_slice admin[] = {fixture_id(f, &f->admin_group)};
    struct lk_api_key_input input = in_groups("strong", admin, 1);
    input.expiry_given = input.has_expiry = true;
    input.expires_at = SOON;
    struct lk_api_key strong;
    struct lk_slice token;
    assert_int_equal(fixture_create(f, &input, &strong, &token), 0);
    act_as_key_manager(f);
    input = named("strong");
    input.expiry_given = input.has_expiry = true;
    input.expires_at = SOON + 1;
    fixture_expect(f, fixture_update(f, &strong.id, &input, &strong), LK_EFORBIDDEN, "User not authorized: the user groups");
    input.has_expiry = false;
    fixture_expect(f, fixture_update(f, &strong.id, &input, &strong), LK_EFORBIDDEN, "User not authorized: the user groups");
    input.has_expiry = true;
    input.expires_at = SOON - 1;
    assert_int_equal(fixture_update(f, &strong.id, &input, &strong), 0);
}

static void test_permissions_follow_at_once(void **state) {
    struct fixture *f = *state;
    struct lk_slice token = act_as_key_manager(f);
    struct lk_id manager = f->call.actor->id;
    struct lk_api_key_input input = in_groups("manager", NULL, 0);
    struct lk_api_key key;
    assert_int_equal(fixture_update(f, &manager, &input, &key), 0); /* it takes its own groups away */
    input = named("x");
    fixture_expect(f, fixture_create(f, &input, &key, &token), LK_EFORBIDDEN, "User not authorized: MANAGE_API_KEYS is required");
}

static void test_undone_changes_do_not_linger(void **state) {
    struct fixture *f = *state;
    act_as_key_manager(f);
    struct lk_id manager = f->call.actor->id;
    struct lk_slice account = fixture_id(f, &f->account.id);
    struct lk_api_key_input input = in_groups("manager", NULL, 0);
    struct lk_api_key key;
    struct lk_slice token;
    assert_int_equal(lk_operation_begin(&f->call), 0);
    assert_int_equal(lk_api_key_update(&f->call, account, fixture_id(f, &manager), &input, &key), 0);
    fixture_expect(f, lk_api_key_get_by_name(&f->call, lk_slice_cstr("first"), &key), LK_EFORBIDDEN, "User not authorized");
    assert_int_equal(lk_operation_end(&f->call, true), 0);
    input = named("x");
    assert_int_equal(fixture_create(f, &input, &key, &token), 0);
}

static void test_accounts_are_walls(void **state) {
    struct fixture *f = *state;
    struct lk_account other;
    struct lk_id foreign_group;
    struct lk_slice foreign_token;
    fixture_account(f, "Other", &other, &foreign_group, &foreign_token);
    assert_int_equal(fixture_act(f, foreign_token), 0);
    struct lk_api_key foreign;
    assert_int_equal(lk_api_key_get_by_name(&f->call, lk_slice_cstr("first"), &foreign), 0);
    assert_int_equal(fixture_act(f, f->admin_token), 0);

    struct lk_api_key key;
    struct lk_slice token;
    struct lk_api_key_input input = named("x");
    struct lk_slice foreign_id = fixture_id(f, &foreign.id);
    fixture_expect(f, lk_api_key_get(&f->call, foreign_id, &key), LK_ENOTFOUND, "API key does not exist");
    fixture_expect(f, fixture_update(f, &foreign.id, &input, &key), LK_ENOTFOUND, "API key does not exist");
    fixture_expect(f, fixture_delete(f, &foreign.id), LK_ENOTFOUND, "API key does not exist");
    fixture_expect(f, fixture_reveal(f, &foreign.id, &token), LK_ENOTFOUND, "API key does not exist");
    struct lk_user_group group;
    fixture_expect(f, lk_user_group_get(&f->call, fixture_id(f, &foreign_group), &group), LK_ENOTFOUND, "No User Group exists");

    struct lk_slice accounts[] = {fixture_id(f, &other.id), lk_slice_cstr(UNKNOWN), lk_slice_cstr("x"), lk_slice_cstr("")};
    struct lk_slice own = fixture_id(f, &f->admin_key.id);
    for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++) {
        fixture_expect(f, lk_require_account(&f->call, accounts[i]), LK_EFORBIDDEN, "User not authorized");
        assert_string_equal(f->problem.text, "User not authorized");
        fixture_expect(f, lk_api_key_create(&f->call, accounts[i], &input, &key, &token), LK_EFORBIDDEN, "User not authorized");
        fixture_expect(f, lk_api_key_update(&f->call, accounts[i], own, &input, &key), LK_EFORBIDDEN, "User not authorized");
        fixture_expect(f, lk_api_key_delete(&f->call, accounts[i], own), LK_EFORBIDDEN, "User not authorized");
        fixture_expect(f, lk_api_key_reveal(&f->call, accounts[i], own, &token), LK_EFORBIDDEN, "User not authorized");
    }
    assert_int_equal(lk_require_account(&f->call, fixture_id(f, &f->account.id)), 0);
    assert_int_equal(lk_require_account(&f->call, (struct lk_slice){NULL, 0}), 0);
    struct lk_api_key_filter filter = {.group_id = fixture_id(f, &foreign_group)};
    struct lk_api_key *keys;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(lk_api_key_list(&f->call, &filter, by_name, (struct lk_page){100, 0}, &keys, &len, &info), 0);
    assert_int_equal(info.total, 0);
}

/* What a request has found of one account is not there for another, nor is what has changed since. */
static void test_groups_that_were_named_before(void **state) {
    struct fixture *f = *state;
    struct lk_account other;
    struct lk_id group;
    struct lk_slice other_token;
    struct lk_slice token;
    struct lk_api_key key;
    struct lk_slice ids[] = {fixture_id(f, &f->admin_group)};
    struct lk_api_key_input input = in_groups("a", ids, 1);
    fixture_account(f, "Other", &other, &group, &other_token);
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    assert_int_equal(fixture_create(f, &input, &key, &token), 0);
    assert_int_equal(lk_act_as_system(&f->call, &other.id), 0);
    input.name = lk_slice_cstr("b");
    fixture_expect(f, fixture_create(f, &input, &key, &token), LK_EINVAL, "No User Group exists");
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    struct lk_id passing = fixture_group(f, "passing", 0, NULL);
    ids[0] = fixture_id(f, &passing);
    assert_int_equal(fixture_create(f, &input, &key, &token), 0);
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_user_group_delete(&f->call, ids[0])), 0);
    input.name = lk_slice_cstr("c");
    fixture_expect(f, fixture_create(f, &input, &key, &token), LK_EINVAL, "No User Group exists");
}

static void test_list(void **state) {
    struct fixture *f = *state;
    for (int i = 120; i > 0; i--) {
        char name[16];
        snprintf(name, sizeof(name), "Key_%03d", i);
        fixture_key(f, name, i <= 5 ? &f->admin_group : NULL, NULL);
    }
    struct lk_api_key_filter filter = {0};
    struct lk_api_key *keys;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(lk_api_key_list(&f->call, &filter, by_name, (struct lk_page){1000, 0}, &keys, &len, &info), 0);
    assert_int_equal(len, 100);
    assert_int_equal(info.total, 121);
    assert_int_equal(info.limit, 100);
    assert_true(info.has_more);
    assert_true(lk_slice_is(keys[0].name, "Key_001"));
    assert_true(lk_slice_is(keys[99].name, "Key_100"));
    assert_int_equal(lk_api_key_list(&f->call, &filter, by_name, (struct lk_page){100, 100}, &keys, &len, &info), 0);
    assert_int_equal(len, 21);
    assert_false(info.has_more);
    assert_true(lk_slice_is(keys[20].name, "first"));
    filter.name_contains = lk_slice_cstr("KEY_01");
    assert_int_equal(lk_api_key_list(&f->call, &filter, by_name, (struct lk_page){100, 0}, &keys, &len, &info), 0);
    assert_int_equal(info.total, 10);
    filter.name_contains = lk_slice_cstr("y%0");
    assert_int_equal(lk_api_key_list(&f->call, &filter, by_name, (struct lk_page){100, 0}, &keys, &len, &info), 0);
    assert_int_equal(info.total, 0);
    filter = (struct lk_api_key_filter){.group_id = fixture_id(f, &f->admin_group)};
    assert_int_equal(lk_api_key_list(&f->call, &filter, by_name, (struct lk_page){100, 0}, &keys, &len, &info), 0);
    assert_int_equal(info.total, 6);
    for (int i = 0; i <= 2 * LK_API_KEY_LAST_USED_AT + 1; i++) {
        const struct lk_api_key_sort sort = {(enum lk_api_key_field)(i / 2), i % 2 != 0};
        assert_int_equal(lk_api_key_list(&f->call, &filter, sort, (struct lk_page){100, 0}, &keys, &len, &info), 0);
        assert_int_equal(len, 6);
        for (size_t k = 0; k < len; k++) {
            struct lk_slice expected[] = {LK_SLICE("Key_001"), LK_SLICE("Key_002"), LK_SLICE("Key_003"),
                                          LK_SLICE("Key_004"), LK_SLICE("Key_005"), LK_SLICE("first")};
            if (sort.field == LK_API_KEY_NAME)
                assert_true(lk_slice_equal(keys[k].name, expected[sort.descending ? 5 - k : k]));
        }
    }
    filter.name_contains = lk_slice_cstr("key");
    assert_int_equal(lk_api_key_list(&f->call, &filter, by_name, (struct lk_page){100, 2}, &keys, &len, &info), 0);
    assert_int_equal(info.total, 5);
    assert_int_equal(len, 3);
    filter = (struct lk_api_key_filter){.enabled_given = true};
    assert_int_equal(lk_api_key_list(&f->call, &filter, by_name, (struct lk_page){100, 0}, &keys, &len, &info), 0);
    assert_int_equal(info.total, 0);
    filter = (struct lk_api_key_filter){.group_id = lk_slice_cstr("x")};
    fixture_expect(f, lk_api_key_list(&f->call, &filter, by_name, (struct lk_page){1, 0}, &keys, &len, &info), LK_EINVAL,
                   "No User Group exists");
}

static int64_t time_of_search(struct fixture *f, const char *part) {
    const struct lk_api_key_filter filter = {.name_contains = lk_slice_cstr(part)};
    struct lk_api_key *keys;
    size_t len;
    struct lk_page_info info;
    int64_t best = INT64_MAX; /* others may have the processor */
    for (int i = 0; i < 5; i++) {
        int64_t began = lk_clock_mono_ns();
        assert_int_equal(lk_api_key_list(&f->call, &filter, by_name, (struct lk_page){1, 0}, &keys, &len, &info), 0);
        assert_int_equal(info.total, 0);
        int64_t took = lk_clock_mono_ns() - began;
        best = took < best ? took : best;
    }
    return best;
}

/* Names and what is looked for may be such that the one begins at each letter of the other: by LIKE it then takes sixty times as long. */
static void test_searching_takes_linear_time(void **state) {
    struct fixture *f = *state;
    char part[122];
    memset(part, 'a', 120);
    memcpy(part + 120, "b", 2);
    fixture_sql(f,
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO api_key (id, account_id, name, "
                "preview, "
                "digest, digest_version, enabled, metadata, created_at, created_by, updated_at) SELECT CAST(printf('%016d', i) AS BLOB), "
                "(SELECT id FROM account), replace(printf('%240d', 0), ' ', 'a') || i, '', randomblob(32), 1, 1, '{}', i, '', i FROM n");
    int64_t plain = time_of_search(f, "zz");
    assert_in_range(time_of_search(f, part), 0, 20 * plain);
}

/* Rows of keys that nothing is asked of but how many they are. */
static void add_keys(struct fixture *f, const char *account, int count) {
    char sql[512];
    snprintf(
        sql, sizeof(sql),
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO api_key (id, account_id, name, preview, "
        "digest, digest_version, enabled, metadata, created_at, created_by, updated_at) SELECT randomblob(16), (SELECT id FROM account "
        "WHERE name = '%s'), 'more ' || i, '', randomblob(32), 1, 1, '{}', 1, '', 1 FROM n",
        count, account);
    fixture_sql(f, sql);
}

static int64_t total_of_keys(struct fixture *f, struct lk_slice token) {
    const struct lk_api_key_filter filter = {0};
    struct lk_api_key *keys;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(fixture_act(f, token), 0);
    assert_int_equal(lk_api_key_list(&f->call, &filter, by_name, (struct lk_page){0, 0}, &keys, &len, &info), 0);
    return info.total;
}

/* Few keys of others, and more than are counted to know how many are one's own. */
static void test_totals_of_accounts(void **state) {
    struct fixture *f = *state;
    struct lk_account other;
    struct lk_id group;
    struct lk_slice token;
    assert_int_equal(total_of_keys(f, f->admin_token), 1);
    fixture_account(f, "Other", &other, &group, &token);
    add_keys(f, "Acme", 10);
    assert_int_equal(total_of_keys(f, f->admin_token), 11);
    assert_int_equal(total_of_keys(f, token), 1);
    add_keys(f, "Other", 998);
    assert_int_equal(total_of_keys(f, f->admin_token), 11);
    assert_int_equal(total_of_keys(f, token), 999);
    fixture_sql(f, "INSERT INTO account SELECT randomblob(16), 'Third', 1, 0, audit_mac, audit_seal, NULL, NULL FROM account LIMIT 1");
    add_keys(f, "Third", 1100);
    assert_int_equal(total_of_keys(f, f->admin_token), 11);
    assert_int_equal(total_of_keys(f, token), 999);
}

/* What a request may take, and as many keys as it may import into a group that holds as much as it may. */
static void test_import_into_a_large_group(void **state) {
    struct fixture *f = *state;
    static struct lk_slice scopes[LK_SCOPES_MAX];
    static struct lk_import_input inputs[LK_IMPORT_MAX];
    for (int i = 0; i < LK_SCOPES_MAX; i++)
        scopes[i] = lk_slice_cstr(lk_arena_printf(&f->arena, "%0110d", i));
    const struct lk_permissions permissions = {.scopes = {scopes, LK_SCOPES_MAX}};
    struct lk_slice ids[2];
    for (int i = 0; i < 2; i++) {
        const struct lk_user_group_input input = {.name = lk_slice_cstr(i == 0 ? "large" : "larger"), .permissions = &permissions};
        struct lk_user_group group;
        fixture_begin(f);
        assert_int_equal(fixture_end(f, lk_user_group_create(&f->call, &input, &group)), 0);
        ids[i] = fixture_id(f, &group.id);
    }
    for (int i = 0; i < LK_IMPORT_MAX; i++) {
        inputs[i].token = lk_slice_cstr(lk_arena_printf(&f->arena, "%ssecret-from-elsewhere-%d", i % 100 == 0 ? " " : "", i));
        inputs[i].key = in_groups(lk_arena_printf(&f->arena, "k%d", i), ids, 2);
    }
    struct lk_import_result *results;
    size_t limit = f->arena.limit;
    f->arena.limit = f->arena.used + ((size_t)64 << 20);
    fixture_begin(f);
    int code = fixture_end(f, lk_api_key_import(&f->call, (struct lk_slice){NULL, 0}, inputs, LK_IMPORT_MAX, &results));
    f->arena.limit = limit;
    assert_int_equal(code, 0);
    for (int i = 0; i < LK_IMPORT_MAX; i++)
        assert_int_equal(results[i].error.ptr == NULL, i % 100 != 0);
}

/* That a caller who is in other groups may put keys into these, or may not, is judged once for a thousand of them. */
static void test_import_into_many_large_groups(void **state) {
    enum { GROUPS = 20, SCOPES = 400 };
    struct fixture *f = *state;
    static struct lk_slice scopes[SCOPES];
    static struct lk_import_input inputs[LK_IMPORT_MAX];
    struct lk_slice ids[GROUPS];
    for (int i = 0; i < GROUPS; i++) {
        for (int j = 0; j < SCOPES; j++)
            scopes[j] = lk_slice_cstr(lk_arena_printf(&f->arena, "group-%d.scope-%d", i, j));
        const struct lk_permissions permissions = {.scopes = {scopes, SCOPES}};
        const struct lk_user_group_input input = {.name = lk_slice_cstr(lk_arena_printf(&f->arena, "g%d", i)), .permissions = &permissions};
        struct lk_user_group group;
        fixture_begin(f);
        assert_int_equal(fixture_end(f, lk_user_group_create(&f->call, &input, &group)), 0);
        ids[i] = fixture_id(f, &group.id);
    }
    for (int turn = 0; turn < 2; turn++) {
        struct lk_import_result *results;
        for (int i = 0; i < LK_IMPORT_MAX; i++) {
            inputs[i].token = lk_slice_cstr(lk_arena_printf(&f->arena, "secret-from-elsewhere-%d-%d", turn, i));
            inputs[i].key = in_groups(lk_arena_printf(&f->arena, "k%d.%d", turn, i), ids, GROUPS);
        }
        if (turn == 1) { /* by somebody who holds little of it */
            struct lk_slice token;
            fixture_key(f, "manager", (struct lk_id[]){fixture_group(f, "managers", BIT(LK_MANAGE_API_KEYS), NULL)}, &token);
            assert_int_equal(fixture_act(f, token), 0);
        }
        size_t limit = f->arena.limit;
        f->arena.limit = f->arena.used + ((size_t)32 << 20);
        fixture_begin(f);
        assert_int_equal(fixture_end(f, lk_api_key_import(&f->call, (struct lk_slice){NULL, 0}, inputs, LK_IMPORT_MAX, &results)), 0);
        f->arena.limit = limit;
        for (int i = 0; i < LK_IMPORT_MAX; i++)
            assert_int_equal(results[i].error.ptr == NULL, turn == 0);
        if (turn == 1)
            assert_non_null(strstr(results[LK_IMPORT_MAX - 1].error.ptr, "the user groups hold more than the caller holds (group-"));
    }
    assert_int_equal(
        fixture_query(f, "SELECT count(*) FROM audit_entry WHERE failure LIKE 'User not authorized: the user groups hold more%'"),
        LK_IMPORT_MAX);
}

static void test_the_last_manager_stays(void **state) {
    struct fixture *f = *state;
    const char *says = "This would leave the account without a credential";
    struct lk_api_key key;
    struct lk_api_key_input input = in_groups("first", NULL, 0);
    fixture_expect(f, fixture_delete(f, &f->admin_key.id), LK_ECONFLICT, says);
    fixture_expect(f, fixture_update(f, &f->admin_key.id, &input, &key), LK_ECONFLICT, says);
    input = named("first");
    input.enabled_given = true;
    fixture_expect(f, fixture_update(f, &f->admin_key.id, &input, &key), LK_ECONFLICT, says);
    assert_int_equal(groups_of(f, &f->admin_key.id), 1);
    struct lk_api_key second = fixture_key(f, "second", &f->admin_group, NULL);
    assert_int_equal(fixture_update(f, &f->admin_key.id, &input, &key), 0);
    assert_int_equal(fixture_act(f, f->admin_token), LK_EUNAUTH);
    fixture_act_as_system(f, &f->account.id);
    fixture_expect(f, fixture_delete(f, &second.id), LK_ECONFLICT, says);
}

static void test_no_token_in_the_database(void **state) {
    struct fixture *f = *state;
    struct lk_slice token;
    struct lk_api_key key = fixture_key(f, "secret", NULL, &token);
    assert_int_equal(fixture_reveal(f, &key.id, &token), 0);
    assert_int_equal(fixture_delete(f, &key.id), 0);
    assert_int_equal(lk_db_commit(f->db), 0);
    const char *files[] = {"latchkey.db", "latchkey.db-wal"};
    for (size_t i = 0; i < 2; i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/%s", f->dir, files[i]);
        FILE *file = fopen(path, "rb");
        if (file == NULL)
            continue;
        static char bytes[4 << 20];
        size_t len = fread(bytes, 1, sizeof(bytes), file);
        fclose(file);
        assert_null(memmem(bytes, len, token.ptr + 25, 43)); /* the random part */
        assert_null(memmem(bytes, len, f->admin_token.ptr + 25, 43));
    }
    assert_int_equal(lk_db_begin(f->db), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_create),
        TEST(test_names),
        TEST(test_duplicate_name),
        TEST(test_group_ids),
        TEST(test_expiry_and_metadata_input),
        TEST(test_update),
        TEST(test_an_expired_key_may_be_renamed),
        TEST(test_authentication),
        TEST(test_reveal),
        TEST(test_permission_is_needed),
        TEST(test_searching_takes_linear_time),
        TEST(test_grant_rule),
        TEST(test_life_is_given_by_the_grant_rule),
        TEST(test_permissions_follow_at_once),
        TEST(test_undone_changes_do_not_linger),
        TEST(test_accounts_are_walls),
        TEST(test_groups_that_were_named_before),
        TEST(test_list),
        TEST(test_totals_of_accounts),
        TEST(test_import_into_a_large_group),
        TEST(test_import_into_many_large_groups),
        TEST(test_the_last_manager_stays),
        TEST(test_no_token_in_the_database),
    };
    return cmocka_run_group_tests_name("domain/api_key", tests, NULL, NULL);
}
