#include "../unit.h"

#include "base/json_read.h"
#include "base/json_write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct lk_arena arena;

static int setup(void **state) {
    (void)state;
    lk_arena_init(&arena, 1 << 24);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    lk_arena_free(&arena);
    return 0;
}

static const struct lk_json *parse(struct lk_slice text) {
    struct lk_json *value = NULL;
    struct lk_problem problem = {0};
    int code = lk_json_parse(text, &arena, &value, &problem);
    if (code != 0)
        fail_msg("%s", problem.text);
    return value;
}

static int parse_code(struct lk_slice text, struct lk_problem *problem) {
    struct lk_json *value = (struct lk_json *)&arena; /* any pointer, to see that it stays */
    int code = lk_json_parse(text, &arena, &value, problem);
    if (code != 0)
        assert_ptr_equal(value, &arena);
    return code;
}

static void test_values(void **state) {
    (void)state;
    const struct lk_json *v = parse((struct lk_slice)LK_SLICE(" {\"a\": [1, -2.5, true, false, null, \"x\\u0000y\"], \"b\": {}} "));
    assert_int_equal(v->type, LK_JSON_OBJECT);
    assert_int_equal(v->object.len, 2);
    const struct lk_json *a = lk_json_get(v, "a");
    assert_int_equal(a->type, LK_JSON_ARRAY);
    assert_int_equal(a->array.len, 6);
    assert_int_equal(a->array.items[0].integer, 1);
    assert_true(a->array.items[1].type == LK_JSON_REAL && a->array.items[1].real == -2.5);
    assert_true(a->array.items[2].boolean);
    assert_false(a->array.items[3].boolean);
    assert_int_equal(a->array.items[4].type, LK_JSON_NULL);
    assert_true(lk_slice_equal(lk_json_text(&a->array.items[5]), (struct lk_slice)LK_SLICE("x\0y")));
    assert_int_equal(lk_json_get(v, "b")->object.len, 0);
    assert_null(lk_json_get(v, "c"));
    assert_null(lk_json_get(a, "a"));
    assert_null(lk_json_get(NULL, "a"));
    assert_int_equal(lk_json_text(a).len, 0);
    assert_int_equal(lk_json_text(NULL).len, 0);
    assert_int_equal(parse((struct lk_slice)LK_SLICE("7"))->integer, 7);
    assert_int_equal(parse((struct lk_slice)LK_SLICE("\xEF\xBB\xBF 7"))->integer, 7);
}

static void test_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool integral;
        double value;
    } cases[] = {
        {"0", true, 0},         {"-0", true, 0},     {"10.0", true, 10},      {"1e1", true, 10},
        {"-3.0e2", true, -300}, {"1.5", false, 1.5}, {"1e300", false, 1e300}, {"9223372036854775808", false, 9223372036854775808.0},
        {"1e-400", true, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct lk_json *v = parse(lk_slice_cstr(cases[i].text));
        assert_int_equal(v->type, cases[i].integral ? LK_JSON_INT : LK_JSON_REAL);
        assert_true((v->type == LK_JSON_INT ? (double)v->integer : v->real) == cases[i].value);
    }
    assert_true(parse((struct lk_slice)LK_SLICE("9223372036854775807"))->integer == INT64_MAX);
    assert_true(parse((struct lk_slice)LK_SLICE("-9223372036854775808"))->integer == INT64_MIN);
    /* A number too large for an integer must not turn its neighbours into something else. */
    const struct lk_json *v = parse((struct lk_slice)LK_SLICE("[5,99999999999999999999,-7]"));
    assert_int_equal(v->array.items[0].type, LK_JSON_INT);
    assert_int_equal(v->array.items[0].integer, 5);
    assert_int_equal(v->array.items[1].type, LK_JSON_REAL);
    assert_int_equal(v->array.items[2].integer, -7);
}

static void test_members_keep_order_and_the_last_wins(void **state) {
    (void)state;
    const struct lk_json *v = parse((struct lk_slice)LK_SLICE("{\"z\":1,\"a\":2,\"m\":3,\"a\":4}"));
    assert_int_equal(v->object.len, 3);
    assert_true(lk_slice_is(v->object.members[0].name, "z"));
    assert_true(lk_slice_is(v->object.members[1].name, "a"));
    assert_true(lk_slice_is(v->object.members[2].name, "m"));
    assert_int_equal(lk_json_get(v, "a")->integer, 4);
}

static void test_raw_controls_in_strings_are_taken(void **state) {
    (void)state;
    const struct lk_json *v = parse((struct lk_slice)LK_SLICE("{\"q\n\": \"a\nb\tc\r\\\"d\x01\0e\\\\\"}\n"));
    assert_true(lk_slice_equal(lk_json_text(lk_json_get(v, "q\n")), (struct lk_slice)LK_SLICE("a\nb\tc\r\"d\x01\0e\\")));
    struct lk_problem problem;
    assert_int_equal(parse_code((struct lk_slice)LK_SLICE("{\x01}"), &problem), LK_EINVAL);
    assert_int_equal(parse_code((struct lk_slice)LK_SLICE("\"a\\\nb\""), &problem), LK_EINVAL); /* a broken escape stays broken */
}

static void test_malformed(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "\xEF\xBB\xBF",
        "\xEF\xBB\xBF\xEF\xBB\xBF 1",
        " \xEF\xBB\xBF 1",
        "{",
        "}",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "'a'",
        "01",
        "1.",
        "+1",
        ".5",
        "NaN",
        "Infinity",
        "tru",
        "nul",
        "\"",
        "\"\\",
        "\"\\u12\"",
        "\"\\x\"",
        "\"\\ud800\"",
        "[1 2]",
        "1 2",
        "{} x",
        "/**/1",
        "\"\xFF\"",
        "\"\xED\xA0\x80\"",
        "{\"a\" 1}",
        "1e999",
        "[",
        "{\"a\":",
        "-",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lk_problem problem = {0};
        assert_int_equal(parse_code(lk_slice_cstr(bad[i]), &problem), LK_EINVAL);
        assert_int_equal(problem.code, LK_EINVAL);
        assert_memory_equal(problem.text, "malformed JSON at line ", 23);
    }
    struct lk_problem problem = {0};
    assert_int_equal(parse_code((struct lk_slice)LK_SLICE("{}\0"), &problem), LK_EINVAL);
    assert_int_equal(parse_code((struct lk_slice){NULL, 0}, &problem), LK_EINVAL);
    parse_code((struct lk_slice)LK_SLICE("{\n  \"a\": x\n}"), &problem);
    assert_non_null(strstr(problem.text, "line 2"));
}

static int parse_nested(size_t depth, const char *open, const char *inner, const char *close) {
    struct lk_buf text = {0};
    for (size_t i = 0; i < depth; i++)
        lk_buf_add_cstr(&text, open);
    lk_buf_add_cstr(&text, inner);
    for (size_t i = 0; i < depth; i++)
        lk_buf_add_cstr(&text, close);
    struct lk_problem problem = {0};
    int code = parse_code(lk_buf_slice(&text), &problem);
    if (code == LK_ELIMIT)
        assert_true(problem.text[0] != '\0');
    lk_buf_free(&text);
    return code;
}

static void test_depth_is_bounded(void **state) {
    (void)state;
    assert_int_equal(parse_nested(LK_JSON_DEPTH_MAX, "[", "1", "]"), 0);
    assert_int_equal(parse_nested(LK_JSON_DEPTH_MAX, "[", "", "]"), 0);
    assert_int_equal(parse_nested(LK_JSON_DEPTH_MAX + 1, "[", "", "]"), LK_ELIMIT);
    assert_int_equal(parse_nested(LK_JSON_DEPTH_MAX, "{\"a\":", "1", "}"), 0);
    assert_int_equal(parse_nested(LK_JSON_DEPTH_MAX + 1, "{\"a\":", "1", "}"), LK_ELIMIT);
    assert_int_equal(parse_nested(100000, "[", "", "]"), LK_ELIMIT);
    assert_int_equal(parse_nested(100000, "[", "", ""), LK_ELIMIT);
}

static void test_arena_limit_is_an_error(void **state) {
    (void)state;
    struct lk_arena small;
    lk_arena_init(&small, 64);
    struct lk_json *value = NULL;
    struct lk_problem problem = {0};
    assert_int_equal(lk_json_parse((struct lk_slice)LK_SLICE("[1,2,3,4,5,6,7,8,9]"), &small, &value, &problem), LK_ENOMEM);
    assert_null(value);
    lk_arena_free(&small);
}

static void test_writer(void **state) {
    (void)state;
    struct lk_buf out = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &out);
    lk_json_begin_object(&w);
    lk_json_key(&w, "a");
    lk_json_begin_array(&w);
    lk_json_int(&w, INT64_MIN);
    lk_json_begin_object(&w);
    lk_json_end_object(&w);
    lk_json_begin_array(&w);
    lk_json_end_array(&w);
    lk_json_null(&w);
    lk_json_bool(&w, true);
    lk_json_double(&w, NAN);
    lk_json_double(&w, -INFINITY);
    lk_json_raw(&w, (struct lk_slice)LK_SLICE("{\"r\":1}"));
    lk_json_end_array(&w);
    lk_json_key_slice(&w, (struct lk_slice)LK_SLICE("q\"\\"));
    lk_json_string(&w, (struct lk_slice)LK_SLICE("\b\f\n\r\t\0\x1F\x7F/\xE2\x80\xA8"));
    lk_json_end_object(&w);
    assert_true(lk_slice_is(lk_buf_slice(&out), "{\"a\":[-9223372036854775808,{},[],null,true,null,null,{\"r\":1}],"
                                                "\"q\\\"\\\\\":\"\\b\\f\\n\\r\\t\\u0000\\u001f\x7F/\xE2\x80\xA8\"}"));
    lk_buf_free(&out);
}

static void test_doubles_as_javascript_writes_them(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {3.14, "3.14"},
        {0.1, "0.1"},
        {100000, "100000"},
        {123456789012345680000.0, "123456789012345680000"},
        {1e21, "1e+21"},
        {1.5e21, "1.5e+21"},
        {1e-6, "0.000001"},
        {1.5e-7, "1.5e-7"},
        {1e-7, "1e-7"},
        {0.1 + 0.2, "0.30000000000000004"},
        {5e-324, "5e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {-0.000001234567890123456, "-0.000001234567890123456"},
        {4294967296.5, "4294967296.5"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[32];
        size_t len = lk_json_format_double(cases[i].value, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(len, strlen(text));
    }
}

static void test_doubles_read_back_the_same(void **state) {
    (void)state;
    uint64_t bits = 88172645463325252ULL;
    for (int i = 0; i < 20000; i++) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        double value;
        memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value))
            continue;
        char text[32];
        assert_in_range(lk_json_format_double(value, text), 1, 31);
        if (strtod(text, NULL) != value)
            fail_msg("%s is not %.17g", text, value);
    }
}

typedef int (*parser)(struct lk_slice text, struct lk_arena *arena, struct lk_json **ret, struct lk_problem *problem);

static int parse_zeros(parser parse_text, size_t len, struct lk_problem *problem) {
    struct lk_json *value = NULL;
    struct lk_buf text = {0};
    lk_buf_add_char(&text, '[');
    for (size_t i = 0; i < len; i++)
        lk_buf_add_cstr(&text, i == 0 ? "0" : ",0");
    lk_buf_add_char(&text, ']');
    lk_arena_reset(&arena);
    int code = parse_text(lk_buf_slice(&text), &arena, &value, problem);
    assert_true(code != 0 || value->array.len == len);
    lk_buf_free(&text);
    return code;
}

/* The array is one itself. */
static void test_many_values(void **state) {
    (void)state;
    struct lk_problem problem = {0};
    assert_int_equal(parse_zeros(lk_json_parse, LK_JSON_VALUES_MAX - 1, &problem), 0);
    assert_int_equal(parse_zeros(lk_json_parse, LK_JSON_VALUES_MAX, &problem), LK_ELIMIT);
    assert_string_equal(problem.text, "the JSON has more than 393216 values");
    assert_int_equal(parse_zeros(lk_json_parse_any_size, LK_JSON_VALUES_MAX, &problem), 0);
}

static int parse_members(size_t len, struct lk_problem *problem) {
    struct lk_buf text = {0};
    lk_buf_add_char(&text, '{');
    for (size_t i = 0; i < len; i++)
        lk_buf_addf(&text, "%s\"%zu\":%zu", i == 0 ? "" : ",", len - i, i);
    lk_buf_add_char(&text, '}');
    int code = parse_code(lk_buf_slice(&text), problem);
    lk_buf_free(&text);
    return code;
}

static void test_many_members(void **state) {
    (void)state;
    struct lk_problem problem = {0};
    assert_int_equal(parse_members(LK_JSON_MEMBERS_MAX, &problem), 0);
    assert_int_equal(parse_members(LK_JSON_MEMBERS_MAX + 1, &problem), LK_ELIMIT);
    assert_string_equal(problem.text, "an object in the JSON has more than 512 members");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_members_keep_order_and_the_last_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_raw_controls_in_strings_are_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_depth_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_members, setup, teardown),
        cmocka_unit_test(test_arena_limit_is_an_error),
        cmocka_unit_test(test_writer),
        cmocka_unit_test(test_doubles_as_javascript_writes_them),
        cmocka_unit_test(test_doubles_read_back_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
