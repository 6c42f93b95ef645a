/* Small parts: routes, credentials, addresses, error codes. */
#include "../unit.h"

#include "api/credential.h"
#include "api/errors.h"
#include "api/router.h"
#include "api/settings.h"
#include "base/json_read.h"

#include <stdio.h>

static void allow_lists_name_whole_methods(void **state) {
    (void)state;
    const char *const allow = "GET, POST, HEAD";
    assert_true(lk_router_allows(allow, lk_slice_cstr("GET")));
    assert_true(lk_router_allows(allow, lk_slice_cstr("POST")));
    assert_true(lk_router_allows(allow, lk_slice_cstr("HEAD")));
    const char *const others[] = {"get", "PO", "POSTS", "GET, POST", "", "DELETE"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(lk_router_allows(allow, lk_slice_cstr(others[i])));
}

static void bearer_tokens_are_taken_apart(void **state) {
    (void)state;
    const char *const good[] = {"Bearer key", "bearer key", "BEARER   key  "};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(lk_slice_is(lk_bearer_token(lk_slice_cstr(good[i])), "key"));
    const char *const bad[] = {"", "Bearer", "Bearer ", "Bearerkey", "Basic key", "key", "Bearer\tkey"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_null(lk_bearer_token(lk_slice_cstr(bad[i])).ptr);
    assert_null(lk_bearer_token((struct lk_slice){NULL, 0}).ptr);
}

static void loopback_is_told_from_the_world(void **state) {
    (void)state;
    const char *const loopback[] = {"127.0.0.1:5390", "127.9.9.9:0", "[::1]:80"};
    for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++)
        assert_true(lk_address_is_loopback(loopback[i]));
    const char *const others[] = {"0.0.0.0:5390", "[::]:80",   "10.0.0.1:1", "128.0.0.1:1", "[::ffff:10.0.0.1]:1",
                                  "localhost",    "127.0.0.1", "",           ":",           "1127.0.0.1:1",
                                  "[::1"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(lk_address_is_loopback(others[i]));
}

static void every_error_has_a_code(void **state) {
    (void)state;
    const struct {
        int error;
        const char *code;
        bool internal;
    } expected[] = {
        {LK_EINVAL, "BAD_USER_INPUT", false},
        {LK_ELIMIT, "BAD_USER_INPUT", false},
        {LK_ENOTFOUND, "NOT_FOUND", false},
        {LK_ECONFLICT, "CONFLICT", false},
        {LK_EFORBIDDEN, "FORBIDDEN", false},
        {LK_EUNAUTH, "UNAUTHENTICATED", false},
        {LK_EBUSY, "UNAVAILABLE", false},
        {LK_EIO, "UNAVAILABLE", true},
        {LK_EFULL, "UNAVAILABLE", true},
        {LK_ENOMEM, "UNAVAILABLE", true},
        {LK_ECORRUPT, "INTERNAL", true},
        {LK_EINTERNAL, "INTERNAL", true},
        {-1000, "INTERNAL", true},
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_string_equal(lk_api_code(expected[i].error), expected[i].code);
        assert_int_equal(lk_api_is_internal(expected[i].error), expected[i].internal);
    }
}

static void errors_are_written_to_the_byte(void **state) {
    (void)state;
    struct lk_buf out;
    lk_buf_init(&out, 0);
    lk_api_write_error(&out, "Invalid API Key", LK_CODE_UNAUTHENTICATED, NULL);
    assert_true(
        lk_slice_is(lk_buf_slice(&out), "{\"errors\":[{\"message\":\"Invalid API Key\",\"extensions\":{\"code\":\"UNAUTHENTICATED\"}}]}"));
    lk_buf_clear(&out);
    lk_api_write_error(&out, "x", LK_CODE_INTERNAL, "id-1");
    assert_true(lk_slice_is(lk_buf_slice(&out),
                            "{\"errors\":[{\"message\":\"x\",\"extensions\":{\"code\":\"INTERNAL\",\"requestId\":\"id-1\"}}]}"));
    lk_buf_free(&out);
}

/* What the HTTP server answers by itself must read as a GraphQL result too: clients parse every body. */
static void the_servers_own_errors_are_json(void **state) {
    (void)state;
    const int statuses[] = {400, 408, 413, 414, 417, 431, 500, 501, 503, 505};
    struct lk_arena arena;
    lk_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        struct http_error error = {0};
        lk_router_describe_error(statuses[i], &error);
        assert_string_equal(error.content_type, "application/json; charset=utf-8");
        assert_true(error.fields_len <= HTTP_ERROR_FIELDS_MAX);
        struct lk_json *json;
        assert_int_equal(lk_json_parse(error.body, &arena, &json, NULL), 0);
        assert_int_equal(lk_json_get(json, "errors")->array.len, 1);
    }
    lk_arena_free(&arena);
}

static void tokens_are_starred_out(void **state) {
    (void)state;
    static const struct {
        const char *said, *shown;
    } cases[] = {
        {"", ""},
        {"l lk lk_ lks_ lk", "l lk lk_ lks_ lk"},
        {"no scope lk_12345678901234567890123", "no scope lk_12345678901234567890123"},
        {"lk_123456789012345678901234", "lk_************************"},
        {"got \"lk_4L2X2JLSQe2DnjOwBXj0TQab4L2X2JLSQe2DnjOwBXj0TQab4L2X2JLSQe2DnjOwBXj0\"; no",
         "got \"lk_********************************************************************\"; no"},
        {"llks_4L2X2JLSQe2DnjOwBXj0TQab4L2X2JLSQe2DnjOwBXj0TQab4L-lk_4L2X2JLSQe2DnjOwBXj0TQab4...",
         "llks_**************************************************-lk_*************************..."},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[128];
        snprintf(text, sizeof(text), "%s", cases[i].said);
        lk_conceal_tokens(text);
        assert_string_equal(text, cases[i].shown);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allow_lists_name_whole_methods),  cmocka_unit_test(bearer_tokens_are_taken_apart),
        cmocka_unit_test(loopback_is_told_from_the_world), cmocka_unit_test(every_error_has_a_code),
        cmocka_unit_test(errors_are_written_to_the_byte),  cmocka_unit_test(the_servers_own_errors_are_json),
        cmocka_unit_test(tokens_are_starred_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
