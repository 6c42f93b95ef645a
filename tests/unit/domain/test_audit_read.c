#include "fixture.h"

#include "domain/yaml.h"

#include <stdio.h>

#define BIT LK_ACCOUNT_PERMISSION_BIT

static const struct lk_audit_filter always = {.range = {INT64_MIN, INT64_MAX}};

/* A new request at a later time, by the same actor. */
static void next_request(struct fixture *f, int64_t later_ms) {
    int64_t now = f->call.now_ms;
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    f->call.now_ms = now + later_ms;
}

static void test_sets(void **state) {
    struct fixture *f = *state;
    int64_t start = f->call.now_ms;
    next_request(f, 10);
    struct lk_api_key key = fixture_key(f, "x", NULL, NULL);
    struct lk_slice token;
    assert_int_equal(fixture_reveal(f, &key.id, &token), 0);
    next_request(f, 10);
    assert_int_equal(fixture_delete(f, &key.id), 0);
    struct lk_change_set *sets;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(lk_audit_list(&f->call, &always, (struct lk_page){10, 0}, &sets, &len, &info), 0);
    assert_int_equal(info.total, 3);
    assert_int_equal(sets[0].created_at, start + 20);
    assert_int_equal(sets[0].entries_len, 1);
    assert_true(lk_slice_is(sets[0].entries[0].operation, "DELETE"));
    assert_int_equal(sets[1].entries_len, 2);
    assert_true(lk_slice_is(sets[1].entries[0].operation, "CREATE"));
    assert_true(lk_slice_is(sets[1].entries[1].operation, "REVEAL"));
    assert_true(lk_slice_is(sets[1].entries[0].resource_name, "x"));
    assert_int_equal(sets[1].actor_kind, LK_ACTOR_KEY);
    assert_true(lk_id_equal(&sets[1].actor_id, &f->admin_key.id));
    assert_true(lk_slice_is(sets[1].path, "/graphql"));
    assert_true(lk_slice_is(sets[1].url, "/graphql?accountId=x"));
    assert_int_equal(sets[1].status, 200);
    assert_int_equal(sets[2].actor_kind, LK_ACTOR_SYSTEM);
    assert_int_equal(
        lk_audit_list(&f->call, &(struct lk_audit_filter){.range = {start + 10, start + 20}}, (struct lk_page){10, 0}, &sets, &len, &info),
        0);
    assert_int_equal(info.total, 1);
    assert_int_equal(sets[0].created_at, start + 10);
    assert_int_equal(lk_audit_list(&f->call, &always, (struct lk_page){1, 1}, &sets, &len, &info), 0);
    assert_int_equal(len, 1);
    assert_true(info.has_more);
    assert_int_equal(sets[0].created_at, start + 10);
}

/* How many sets fit, and that the list has them, the newest first. */
static int64_t count_sets(struct fixture *f, const char *type, const char *operation, int64_t from, int64_t to) {
    const struct lk_audit_filter filter = {
        .range = {from, to}, .resource_type = lk_slice_cstr(type), .operation = lk_slice_cstr(operation)};
    struct lk_change_set *sets;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(lk_audit_list(&f->call, &filter, (struct lk_page){100, 0}, &sets, &len, &info), 0);
    assert_int_equal(info.total, len);
    for (size_t i = 0; i < len; i++) {
        bool fits = false;
        for (size_t j = 0; j < sets[i].entries_len; j++)
            fits = fits || ((type == NULL || lk_slice_is(sets[i].entries[j].resource_type, type)) &&
                            (operation == NULL || lk_slice_is(sets[i].entries[j].operation, operation)));
        assert_true(fits);
        assert_true(sets[i].created_at >= from && sets[i].created_at < to);
        assert_true(i == 0 || sets[i].created_at < sets[i - 1].created_at);
    }
    return info.total;
}

/* Which way they are found depends on how much of the log is asked for. */
static void test_sets_of_a_kind(void **state) {
    struct fixture *f = *state;
    const int64_t start = f->call.now_ms;
    for (int i = 1; i <= 40; i++) {
        char name[16];
        snprintf(name, sizeof(name), "k%d", i);
        next_request(f, 10);
        struct lk_slice token;
        struct lk_api_key key = fixture_key(f, lk_arena_strdup(&f->arena, lk_slice_cstr(name)), NULL, &token);
        if (i % 8 == 0)
            assert_int_equal(fixture_reveal(f, &key.id, &token), 0);
    }
    assert_int_equal(count_sets(f, NULL, "REVEAL", INT64_MIN, INT64_MAX), 5);
    assert_int_equal(count_sets(f, "API_KEY", "CREATE", INT64_MIN, INT64_MAX), 41);
    assert_int_equal(count_sets(f, "ACCOUNT", "CREATE", INT64_MIN, INT64_MAX), 1);
    assert_int_equal(count_sets(f, "ACCOUNT", "REVEAL", INT64_MIN, INT64_MAX), 0);
    assert_int_equal(count_sets(f, "API_KEY", NULL, start + 10, start + 200), 19);
    assert_int_equal(count_sets(f, NULL, "REVEAL", start + 80, start + 320), 3);
    assert_int_equal(count_sets(f, NULL, "REVEAL", start + 80, start + 100), 1); /* of a twentieth */
    assert_int_equal(count_sets(f, NULL, "REVEAL", start + 90, start + 110), 0);
    assert_int_equal(count_sets(f, "API_KEY", "CREATE", start + 80, start + 110), 3);
}

static void test_a_refusal_shows(void **state) {
    struct fixture *f = *state;
    fixture_act_with(f, BIT(LK_VIEW_AUDITS));
    struct lk_slice token;
    fixture_expect(f, fixture_reveal(f, &f->admin_key.id, &token), LK_EFORBIDDEN, "User not authorized");
    struct lk_change_set *sets;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(lk_audit_list(&f->call, &always, (struct lk_page){1, 0}, &sets, &len, &info), 0);
    assert_true(lk_slice_is(sets[0].failure, "User not authorized: MANAGE_API_KEYS is required"));
    assert_true(lk_slice_is(sets[0].entries[0].failure, "User not authorized: MANAGE_API_KEYS is required"));
}

/* The document of a key that has nothing but a name. */
static void check_plain(const char *yaml, const char *name, const struct lk_api_key *key) {
    char expected[300];
    snprintf(expected, sizeof(expected),
             "name: %s\nenabled: true\nexpiresAt: null\nmetadata: {}\npreview: \"%.*s\"\nallowedIps: []\nrateLimit: null\ncredits: null\n"
             "userGroups: []\n",
             name, (int)key->preview.len, key->preview.ptr);
    assert_string_equal(yaml, expected);
}

static void test_contents(void **state) {
    struct fixture *f = *state;
    next_request(f, 10);
    struct lk_api_key key = fixture_key(f, "x", NULL, NULL);
    fixture_key(f, "y", NULL, NULL);
    struct lk_api_key_input input = {.name = LK_SLICE("true")};
    assert_int_equal(fixture_update(f, &key.id, &input, &key), 0);
    struct lk_slice set = fixture_id(f, &f->call.change_set);
    struct lk_change_content *contents;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(lk_audit_contents(&f->call, set, (struct lk_slice){NULL, 0}, (struct lk_page){10, 0}, &contents, &len, &info), 0);
    assert_int_equal(len, 3);
    assert_int_equal(lk_audit_contents(&f->call, set, fixture_id(f, &key.id), (struct lk_page){10, 0}, &contents, &len, &info), 0);
    assert_int_equal(len, 2);
    assert_null(contents[0].old_yaml.ptr);
    assert_null(contents[0].old_path.ptr);
    check_plain(contents[0].new_yaml.ptr, "x", &key);
    assert_true(lk_slice_is(contents[0].new_path, "API_KEY/x.yaml"));
    check_plain(contents[1].new_yaml.ptr, "\"true\"", &key);
    assert_string_equal(contents[1].old_yaml.ptr, contents[0].new_yaml.ptr);
    assert_int_equal(
        lk_audit_contents(&f->call, lk_slice_cstr("x"), (struct lk_slice){NULL, 0}, (struct lk_page){10, 0}, &contents, &len, &info), 0);
    assert_int_equal(len, 0);
}

/* What was changed may be large: the list does not show it, and must not need the memory for it. */
static void test_a_list_does_not_read_documents(void **state) {
    struct fixture *f = *state;
    fixture_sql(f, "UPDATE audit_entry SET before_doc = '\"' || hex(zeroblob(300000)) || '\"', after_doc = before_doc");
    struct lk_change_set *sets;
    size_t len;
    struct lk_page_info info;
    size_t limit = f->arena.limit;
    f->arena.limit = f->arena.used + 100000;
    assert_int_equal(lk_audit_list(&f->call, &always, (struct lk_page){10, 0}, &sets, &len, &info), 0);
    f->arena.limit = limit;
    assert_int_equal(len, 1);
    assert_int_equal(sets[0].entries_len, 2);
}

static void test_permission_and_walls(void **state) {
    struct fixture *f = *state;
    next_request(f, 1);
    fixture_key(f, "x", NULL, NULL);
    struct lk_slice set = fixture_id(f, &f->call.change_set);
    struct lk_change_set *sets;
    struct lk_change_content *contents;
    size_t len;
    struct lk_page_info info;
    fixture_act_with(f, ~BIT(LK_VIEW_AUDITS) & LK_ACCOUNT_PERMISSIONS_ALL);
    const char *says = "User not authorized: VIEW_AUDITS is required";
    fixture_expect(f, lk_audit_list(&f->call, &always, (struct lk_page){10, 0}, &sets, &len, &info), LK_EFORBIDDEN, says);
    fixture_expect(f, lk_audit_contents(&f->call, set, (struct lk_slice){NULL, 0}, (struct lk_page){10, 0}, &contents, &len, &info),
                   LK_EFORBIDDEN, says);
    struct lk_account other;
    struct lk_id group;
    struct lk_slice token;
    fixture_account(f, "Other", &other, &group, &token);
    assert_int_equal(fixture_act(f, token), 0);
    assert_int_equal(lk_audit_list(&f->call, &always, (struct lk_page){10, 0}, &sets, &len, &info), 0);
    assert_int_equal(info.total, 1);
    assert_int_equal(lk_audit_contents(&f->call, set, (struct lk_slice){NULL, 0}, (struct lk_page){10, 0}, &contents, &len, &info), 0);
    assert_int_equal(len, 0);
}

static void expect_yaml(struct fixture *f, const char *json_text, const char *expected) {
    struct lk_json *json;
    assert_int_equal(lk_json_parse(lk_slice_cstr(json_text), &f->arena, &json, &f->problem), 0);
    struct lk_buf out = {0};
    lk_yaml_write(json, &out);
    lk_buf_add_char(&out, '\0');
    assert_string_equal(out.ptr, expected);
    lk_buf_free(&out);
}

static void test_yaml(void **state) {
    struct fixture *f = *state;
    expect_yaml(f, "{}", "{}\n");
    expect_yaml(f, "[1,-2.5,null,false]", "- 1\n- -2.5\n- null\n- false\n");
    expect_yaml(f, "{\"a\":{\"b\":[{\"c\":1,\"d\":2},[3,4],[]]}}", "a:\n  b:\n    - c: 1\n      d: 2\n    - - 3\n      - 4\n    - []\n");
    expect_yaml(
        f,
        "[\"plain words\",\"\",\"1\",\"null\",\"No\",\"a: b\",\"# x\",\"-x\",\" x\",\"x \",\"a  b\",\"a\\nb\",\"\\\"\",\"*\",\"\xC3\xA4\"]",
        "- plain words\n- \"\"\n- \"1\"\n- \"null\"\n- \"No\"\n- \"a: b\"\n- \"# x\"\n- \"-x\"\n- \" x\"\n- \"x \"\n- \"a  b\"\n- "
        "\"a\\nb\"\n"
        "- \"\\\"\"\n- \"*\"\n- \"\xC3\xA4\"\n");
    expect_yaml(f, "{\"a b\":1,\"1\":{\"x\":[]}}", "a b: 1\n\"1\":\n  x: []\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_sets),
        TEST(test_sets_of_a_kind),
        TEST(test_a_refusal_shows),
        TEST(test_contents),
        TEST(test_a_list_does_not_read_documents),
        TEST(test_permission_and_walls),
        TEST(test_yaml),
    };
    return cmocka_run_group_tests_name("domain/audit_read", tests, NULL, NULL);
}
