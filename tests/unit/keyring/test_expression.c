#include "fixture.h"

#include <stdlib.h>

static struct lk_permission_set *the_set(void) {
    static const struct lk_slice scopes[] = {LK_SLICE("invoices.*"), LK_SLICE("users.read"), LK_SLICE("AND.x")};
    static const struct lk_slice apps[] = {LK_SLICE("shop"), LK_SLICE("bank")};
    static const struct lk_grant_app permissions[] = {
        {.type = 2, .actions = 1U << 1, .all_apps = true},
        {.type = 1, .actions = 1U << 2, .app_ids = apps, .app_ids_len = 2},
        {.type = 0, .actions = 1U << 0, .app_ids = apps, .app_ids_len = 1},
    };
    static const struct lk_grants grants = {
        .account = 1, .account_held = 3, .scopes = scopes, .scopes_len = 3, .apps = permissions, .apps_len = 3};
    const struct lk_grants *list[] = {&grants, NULL};
    struct lk_id groups[] = {id_of(1), id_of(2)};
    struct lk_permission_set *set;
    assert_int_equal(lk_permission_set_build(&test_vocabulary, &groups[0], groups, list, 2, &set), 0);
    return set;
}

static void test_holds(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool holds;
    } cases[] = {
        {"MANAGE_API_KEYS", true},
        {"VIEW_USERS", true},
        {"VIEW_AUDITS", false},
        {"MANAGE_APIKEYS", false},
        {"invoices.read", true},
        {"invoices.a.b", true},
        {"invoices.*", true},
        {"invoices", false},
        {"invoices.", false},
        {"invoicesXread", false},
        {"users.read", true},
        {"users.reader", false},
        {"users.*", false},
        {"*", false},
        {"AND.x", true},
        {"NOT VIEW_AUDITS", true},
        {"NOT NOT VIEW_AUDITS", false},
        {"NOT NOT NOT VIEW_AUDITS", true},
        {"users.read AND VIEW_AUDITS", false},
        {"users.read OR VIEW_AUDITS", true},
        {"users.read OR users.read AND VIEW_AUDITS", true},
        {"(users.read OR users.read) AND VIEW_AUDITS", false},
        {"NOT users.read OR users.read", true},
        {"NOT (users.read OR users.read)", false},
        {"NOT users.read AND VIEW_AUDITS", false},
        {"NOT(users.read)OR(invoices.x)", true},
        {" \t( ( users.read ) ) ", true},
        {"app:*:SERVICE:READ", true},
        {"app:any:SERVICE:READ", true},
        {"app:*:SERVICE:UPDATE", false},
        {"app:shop:ENV:UPDATE", true},
        {"app:bank:ENV:UPDATE", true},
        {"app:*:ENV:UPDATE", false},
        {"app:other:ENV:UPDATE", false},
        {"app:shop:ENV:CREATE", true},
        {"app:shop:ALL:CREATE", true},
        {"app:bank:ENV:CREATE", false},
        {"app:shop:ALL:UPDATE", false},
    };
    struct lk_permission_set *set = the_set();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lk_expression *expression;
        assert_int_equal(lk_expression_compile(&test_vocabulary, lk_slice_cstr(cases[i].text), &expression, NULL), 0);
        if (lk_expression_holds(expression, set) != cases[i].holds)
            fail_msg("%s", cases[i].text);
        assert_true(lk_slice_is(lk_expression_text(expression), cases[i].text));
        lk_expression_free(expression);
    }
    lk_permission_set_free(set);
}

static void test_every_scope(void **state) {
    (void)state;
    static const struct lk_slice star[] = {LK_SLICE("*"), LK_SLICE("latchkey.*")};
    struct lk_grants grants = {.scopes = star, .scopes_len = 2};
    const struct lk_grants *list[] = {&grants};
    struct lk_id group = id_of(1);
    struct lk_permission_set *set;
    assert_int_equal(lk_permission_set_build(&test_vocabulary, &group, &group, list, 1, &set), 0);
    assert_true(lk_permission_set_has_scope(set, lk_slice_cstr("anything"), false));
    assert_false(lk_permission_set_has_scope(set, lk_slice_cstr("latchkey.operator"), true));
    struct lk_expression *expression;
    assert_int_equal(lk_expression_compile(&test_vocabulary, lk_slice_cstr("latchkey.operator"), &expression, NULL), 0);
    assert_false(lk_expression_holds(expression, set));
    lk_expression_free(expression);
    lk_permission_set_free(set);
}

static void test_errors(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t offset;
        const char *found;
    } cases[] = {
        {"", 0, "the end"},
        {"   ", 3, "the end"},
        {"AND", 0, "AND"},
        {"a AND", 5, "the end"},
        {"a OR OR b", 5, "OR"},
        {"a b", 2, "b"},
        {"a and b", 2, "and"},
        {"(a", 2, "the end"},
        {"a)", 1, ")"},
        {"()", 1, ")"},
        {"NOT", 3, "the end"},
        {"a & b", 2, "&"},
        {"a \x01", 2, "the byte 0x01"},
        {"a.*.b", 0, "a.*.b"},
        {".a", 0, ".a"},
        {"a*", 0, "a*"},
        {"app:x", 0, "app:x"},
        {"app::SERVICE:READ", 0, "app::SERVICE:READ"},
        {"a OR app:x:SERVICES:READ", 11, "app:x:SERVICES:READ"},
        {"app:x:SERVICE:LOOK", 14, "app:x:SERVICE:LOOK"},
        {"app:x:SERVICE:READ:MORE", 14, "app:x:SERVICE:READ:MORE"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lk_expression *expression = NULL;
        struct lk_expression_error error = {0};
        assert_int_equal(lk_expression_compile(&test_vocabulary, lk_slice_cstr(cases[i].text), &expression, &error), LK_EINVAL);
        assert_null(expression);
        assert_int_equal(error.offset, cases[i].offset);
        assert_int_equal(error.column, cases[i].offset + 1);
        assert_string_equal(error.found, cases[i].found);
        assert_true(error.expected[0] != '\0');
        assert_int_equal(lk_expression_compile(&test_vocabulary, lk_slice_cstr(cases[i].text), &expression, NULL), LK_EINVAL);
    }
}

static int compile_repeated(const char *before, size_t count, const char *middle, const char *after) {
    char text[2048] = "";
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s", before);
    len += (size_t)snprintf(text + len, sizeof text - len, "%s", middle);
    for (size_t i = 0; i < count && *after != '\0'; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s", after);
    struct lk_expression *expression = NULL;
    struct lk_expression_error error;
    int code = lk_expression_compile(&test_vocabulary, lk_slice_make(text, len), &expression, &error);
    lk_expression_free(expression);
    return code;
}

static void test_limits(void **state) {
    (void)state;
    assert_int_equal(compile_repeated("(", 32, "a", ")"), 0);
    assert_int_equal(compile_repeated("(", 33, "a", ")"), LK_ELIMIT);
    assert_int_equal(compile_repeated("NOT(", 32, "a", ")"), 0);
    assert_int_equal(compile_repeated("a OR ", 99, "a", ""), 0);
    assert_int_equal(compile_repeated("a OR ", 100, "a", ""), LK_ELIMIT);
    assert_int_equal(compile_repeated("NOT ", 255, "abcd", ""), 0);
    assert_int_equal(compile_repeated("NOT ", 255, "abcde", ""), LK_ELIMIT);
}

static void test_cache(void **state) {
    (void)state;
    struct lk_expression_cache *cache;
    assert_int_equal(lk_expression_cache_open(&test_vocabulary, 8, &cache), 0);
    const struct lk_expression *first;
    const struct lk_expression *again;
    assert_int_equal(lk_expression_cache_get(cache, lk_slice_cstr("a AND b"), &first, NULL), 0);
    assert_int_equal(lk_expression_cache_get(cache, lk_slice_cstr("a AND b"), &again, NULL), 0);
    assert_ptr_equal(first, again);
    struct lk_expression_error error = {0};
    assert_int_equal(lk_expression_cache_get(cache, lk_slice_cstr("a AND"), &again, &error), LK_EINVAL);
    assert_int_equal(error.column, 6);
    for (int i = 0; i < 1000; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "scope%d", i % 40);
        assert_int_equal(lk_expression_cache_get(cache, lk_slice_cstr(text), &again, NULL), 0);
        assert_true(lk_slice_is(lk_expression_text(again), text));
    }
    lk_expression_cache_close(cache);
    lk_expression_cache_close(NULL);
}

static void test_answers(void **state) {
    (void)state;
    struct lk_permission_set *set = the_set();
    char expected[256];
    struct lk_id group = id_of(1);
    (void)snprintf(
        expected, sizeof expected,
        "\"userGroupIds\":[\"%s\"],\"accountPermissions\":[\"MANAGE_API_KEYS\"],\"scopes\":[\"AND.x\",\"invoices.*\",\"users.read\"]",
        lk_id_format(&group).text);
    assert_int_equal(set->json.len, strlen(expected));
    assert_memory_equal(set->json.ptr, expected, set->json.len);
    assert_true(lk_slice_is(set->groups_header, lk_id_format(&group).text));
    assert_true(lk_slice_is(set->scopes_header, "AND.x,invoices.*,users.read"));
    lk_permission_set_free(set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds),  cmocka_unit_test(test_every_scope), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_cache),       cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
