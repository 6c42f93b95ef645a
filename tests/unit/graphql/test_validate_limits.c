/* The limits of struct gql_limits: just within, just over, and that they come before the rules. */
#include "validate_case.h"

struct limit_case {
    const char *query;
    struct gql_limits limits;
    const char *errors;
};

static const struct limit_case cases[] = {
    {"{ dog { owner { name } } }", {.depth = 3}, ""},
    {"{ dog { owner { name __typename } } }", {.depth = 2}, "1:1 The operation is too deep: its fields nest to level 3; the limit is 2.\n"},
    {"{ ... { dog { ... on Dog { owner { ... { name } } } } } }", {.depth = 3}, ""},
    {"{ dog { ...F } } fragment F on Dog { owner { ...G } } fragment G on Human { relatives { name } }",
     {.depth = 3},
     "1:1 The operation is too deep: its fields nest to level 4; the limit is 3.\n"},
    {"query A { choose } query B { dog { name } }",
     {.depth = 1},
     "1:20 The operation is too deep: its fields nest to level 2; the limit is 1.\n"},
    {"{ __schema { types { fields { name } } } choose }", {.depth = 1, .introspection_depth = 3}, ""},
    {"{ __schema { types { fields { name } } } }",
     {.introspection_depth = 2},
     "1:1 The operation's introspection is too deep: its fields nest to level 3; the limit is 2.\n"},
    {"{ ...F } fragment F on Query { __type(name: \"Dog\") { ...G } } fragment G on __Type { fields { name } }",
     {.introspection_depth = 1},
     "1:1 The operation's introspection is too deep: its fields nest to level 2; the limit is 1.\n"},
    {"{ a: choose b: choose }", {.aliases = 2}, ""},
    {"{ a: choose b: choose dog { c: name d: name } }", {.aliases = 2}, "1:29 The document has too many aliases; the limit is 2.\n"},
    {"{ choose dog { name owner { name } } }", {.root_fields = 2}, ""},
    {"{ choose ...F ...F } fragment F on Query { ids(ids: []) }",
     {.root_fields = 2},
     "1:1 The operation has too many root fields: 3; the limit is 2.\n"},
    {"query @everywhere { choose @everywhere }", {.directives = 2}, ""},
    {"query ($a: Int @many) @everywhere { human { pets(limit: $a) { name @many } } }",
     {.directives = 2},
     "1:68 The document has too many directives; the limit is 2.\n"},
    {"{ human { pets(limit: 10) { name owner { name } } } }", {.complexity = 32}, ""},
    {"{ human { pets(limit: 10) { name owner { name } } } }",
     {.complexity = 31},
     "1:1 The operation is too complex: its cost is 32; the limit is 31.\n"},
    {"query ($n: Int) { human { pets(limit: $n) { name } } }",
     {.complexity = 101},
     "1:1 The operation is too complex: its cost is 102; the limit is 101.\n"},
    {"query ($n: Int = 1) { human { pets(limit: $n) { name } } }", /* more than 1 may be sent with it */
     {.complexity = 101},
     "1:1 The operation is too complex: its cost is 102; the limit is 101.\n"},
    {"{ human { pets { name } } }", {.complexity = 3}, ""},
    {"{ human { pets(limit: 100000) { name } } }", {.complexity = 102}, ""},
    {"{ human { pets(limit: 99999999999999999999) { owner { pets(limit: 99999999999999999999) { name } } } } }",
     {.complexity = 1000},
     "1:1 The operation is too complex: its cost is 10202; the limit is 1000.\n"},
    {"{ __typename choose }", {.no_introspection = true}, ""},
    {"{ __schema { description } ...F } fragment F on Query { x: __type(name: \"Dog\") { name } }",
     {.no_introspection = true},
     "1:3 GraphQL introspection has been disabled, but the requested query contained the field \"__schema\".\n"
     "1:57 GraphQL introspection has been disabled, but the requested query contained the field \"__type\".\n"},
    /* A document over a limit is not looked at further; one with a cycle is, and has no endless depth. */
    {"{ a: unknown b: unknown }", {.aliases = 1}, "1:14 The document has too many aliases; the limit is 1.\n"},
    {"{ dog { ...A } } fragment A on Dog { owner { name } ...A }", {.depth = 3}, "1:53 Cannot spread fragment \"A\" within itself.\n"},
    {"{ dgo { name } }", {.no_suggestions = true}, "1:3 Cannot query field \"dgo\" on type \"Query\".\n"},
    {"{ pet { barks at(z: 1) } find(must: 1, command: SITT) { name } }",
     {.no_suggestions = true},
     "1:9 Cannot query field \"barks\" on type \"Pet\".\n1:15 Cannot query field \"at\" on type \"Pet\".\n"
     "1:49 Value \"SITT\" does not exist in \"Command\" enum.\n"},
};

static void test_limits(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lk_buf out = {0};
        int code = validate_text(lk_slice_cstr(cases[i].query), &cases[i].limits, &out);
        if (strcmp(out.ptr, cases[i].errors) != 0)
            print_error("%s\n", cases[i].query);
        assert_string_equal(out.ptr, cases[i].errors);
        bool by_limit = strstr(out.ptr, "the limit is") != NULL || strstr(out.ptr, "disabled") != NULL;
        assert_int_equal(code, by_limit ? LK_ELIMIT : out.ptr[0] != '\0' ? LK_EINVAL : 0);
        lk_buf_free(&out);
    }
}

/* 2^200 fields when written out. */
static void test_fan_out_is_measured_once(void **state) {
    (void)state;
    struct lk_buf query = {0};
    struct lk_buf out = {0};
    lk_buf_add_cstr(&query, "{ human { ...F0 } }");
    for (int i = 0; i < 200; i++)
        lk_buf_addf(&query, " fragment F%d on Human { a: relatives { ...F%d } b: relatives { ...F%d } }", i, i + 1, i + 1);
    lk_buf_add_cstr(&query, " fragment F200 on Human { name }");
    struct gql_limits limits = {.complexity = 1000};
    assert_int_equal(validate_text(lk_buf_slice(&query), &limits, &out), LK_ELIMIT);
    assert_string_equal(out.ptr, "1:1 The operation is too complex: its cost is more than can be counted; the limit is 1000.\n");
    lk_buf_clear(&out);
    assert_int_equal(validate_text(lk_buf_slice(&query), NULL, &out), 0);
    lk_buf_free(&query);
    lk_buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_fan_out_is_measured_once),
    };
    return cmocka_run_group_tests(tests, build_schema, free_schema);
}
