/* Errors: how they are collected, located and written. */
#include "../unit.h"

#include "base/error.h"
#include "graphql/error.h"

struct fixture {
    struct lk_arena arena;
    struct gql_errors errors;
};

static void begin(struct fixture *f, const char *code) {
    lk_arena_init(&f->arena, 1 << 20);
    gql_errors_init(&f->errors, &f->arena, code);
}

static void end(struct fixture *f) {
    lk_arena_free(&f->arena);
}

static void assert_written(const struct gql_errors *errors, const char *source, const char *expected) {
    struct lk_buf buf = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &buf);
    gql_errors_write(errors, lk_slice_cstr(source), &w);
    assert_false(buf.failed);
    assert_int_equal(buf.len, strlen(expected));
    assert_memory_equal(buf.ptr, expected, buf.len);
    lk_buf_free(&buf);
}

static void assert_position(const char *source, gql_pos at, unsigned line, unsigned column) {
    unsigned l = 0;
    unsigned c = 0;
    gql_position(lk_slice_cstr(source), at, &l, &c);
    assert_int_equal(l, line);
    assert_int_equal(c, column);
}

static void test_positions(void **state) {
    (void)state;
    assert_position("", 0, 1, 1);
    assert_position("abc", 2, 1, 3);
    assert_position("abc", 99, 1, 4); /* past the end is the end */
    assert_position("a\nb", 1, 1, 2);
    assert_position("a\nb", 2, 2, 1);
    assert_position("a\r\nb", 3, 2, 1);
    assert_position("a\rb\n\rc", 5, 4, 1);
    assert_position("\xc3\xa9x", 2, 1, 2);         /* U+00E9: one unit */
    assert_position("\xf0\x9f\x98\x80x", 4, 1, 3); /* U+1F600: two */
    assert_position("\xef\xbb\xbfx", 3, 1, 2);     /* the byte order mark counts */
}

static void test_long_messages_are_cut(void **state) {
    (void)state;
    struct lk_buf text = {0};
    lk_buf_add_char(&text, 'a'); /* so that the limit falls into a character */
    for (int i = 0; i < GQL_MESSAGE_MAX; i++)
        lk_buf_add_cstr(&text, "\xc3\xa4");
    for (size_t len = GQL_MESSAGE_MAX - 1; len <= GQL_MESSAGE_MAX + 3; len += 2) {
        struct fixture f;
        begin(&f, NULL);
        const char *message = gql_errors_add(&f.errors, NULL, 0, "%.*s", (int)len, text.ptr)->message;
        size_t kept = len <= GQL_MESSAGE_MAX ? len : GQL_MESSAGE_MAX - 1;
        assert_memory_equal(message, text.ptr, kept);
        assert_string_equal(message + kept, len <= GQL_MESSAGE_MAX ? "" : "...");
        end(&f);
    }
    lk_buf_free(&text);
}

static void test_written(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, "DEFAULT");
    gql_pos at[] = {4, 0};
    gql_errors_add(&f.errors, at, 2, "first %d \"x\"", 1);
    struct gql_error *second = gql_errors_add(&f.errors, NULL, 0, "second");
    struct gql_path users = {.key = LK_SLICE("users")};
    struct gql_path index = {.parent = &users, .index = 3};
    struct gql_path name = {.parent = &index, .key = LK_SLICE("name")};
    second->path = &name;
    second->code = NULL;
    gql_errors_add(&f.errors, at, 1, "third")->code = "OWN";
    assert_written(&f.errors, "{\n  a }",
                   "[{\"message\":\"first 1 \\\"x\\\"\",\"locations\":[{\"line\":2,\"column\":3},{\"line\":1,\"column\":1}],"
                   "\"extensions\":{\"code\":\"DEFAULT\"}},"
                   "{\"message\":\"second\",\"path\":[\"users\",3,\"name\"]},"
                   "{\"message\":\"third\",\"locations\":[{\"line\":2,\"column\":3}],\"extensions\":{\"code\":\"OWN\"}}]");
    end(&f);
}

static void test_none_written(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, NULL);
    assert_written(&f.errors, "", "[]");
    end(&f);
}

static void test_limit(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, NULL);
    for (int i = 0; i < GQL_ERRORS_MAX; i++)
        assert_non_null(gql_errors_add(&f.errors, NULL, 0, "%d", i));
    assert_false(gql_errors_full(&f.errors));
    gql_pos at = 0;
    struct gql_error *last = gql_errors_add(&f.errors, &at, 1, "one more");
    assert_string_equal(last->message, "Too many validation errors, error limit reached. Validation aborted.");
    assert_int_equal(last->locations_len, 0);
    assert_true(gql_errors_full(&f.errors));
    assert_null(gql_errors_add(&f.errors, NULL, 0, "dropped"));
    assert_int_equal(f.errors.count, GQL_ERRORS_MAX + 1);
    assert_false(f.errors.out_of_memory);
    end(&f);
}

static void test_no_memory(void **state) {
    (void)state;
    struct fixture f;
    lk_arena_init(&f.arena, 32);
    gql_errors_init(&f.errors, &f.arena, NULL);
    gql_pos at = 0;
    assert_null(gql_errors_add(&f.errors, &at, 1, "a message that is longer than the arena is"));
    assert_true(f.errors.out_of_memory);
    assert_int_equal(f.errors.count, 0);
    end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_positions), cmocka_unit_test(test_long_messages_are_cut),
        cmocka_unit_test(test_written),   cmocka_unit_test(test_none_written),
        cmocka_unit_test(test_limit),     cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
