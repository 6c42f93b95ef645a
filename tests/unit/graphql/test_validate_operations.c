/* Rules on operations and variables. The expected errors are those of graphql-js 16 for the same schema. */
#include "validate_case.h"

static const struct validate_case executable[] = {
    {"{ choose } type Foo { a: Int }", "1:12 The \"Foo\" definition is not executable.\n"},
    {"{ choose } schema { query: Query } extend type Dog { x: Int } scalar X directive @d on FIELD",
     "1:12 The schema definition is not executable.\n"
     "1:36 The \"Dog\" definition is not executable.\n"
     "1:63 The \"X\" definition is not executable.\n"
     "1:72 The \"d\" definition is not executable.\n"},
};

static void test_executable(void **state) {
    (void)state;
    check_cases(executable, sizeof(executable) / sizeof(executable[0]));
}

static const struct validate_case names[] = {
    {"query A { choose } query B { choose } mutation C { rename(name: \"x\") }", ""},
    {"query A { choose } query A { choose } mutation A { rename(name: \"x\") }", "1:7 1:26 There can be only one operation named \"A\".\n"
                                                                                 "1:7 1:48 There can be only one operation named \"A\".\n"},
    {"{ choose } { choose }", "1:1 This anonymous operation must be the only defined operation.\n"
                              "1:12 This anonymous operation must be the only defined operation.\n"},
    {"{ choose } query A { choose }", "1:1 This anonymous operation must be the only defined operation.\n"},
    {"query A { ...A } fragment A on Query { choose }", ""},
};

static void test_names(void **state) {
    (void)state;
    check_cases(names, sizeof(names) / sizeof(names[0]));
}

static const struct validate_case subscriptions[] = {
    {"subscription { barked }", ""},
    {"subscription S { barked meowed }", "1:25 Subscription \"S\" must select only one top level field.\n"},
    {"subscription { barked meowed barked other: meowed }", "1:23 1:37 Anonymous Subscription must select only one top level field.\n"},
    {"subscription S { ...F } fragment F on Subscription { barked ... on Subscription { meowed } ...F }",
     "1:83 Subscription \"S\" must select only one top level field.\n"
     "1:92 Cannot spread fragment \"F\" within itself.\n"},
    {"subscription { __typename }", "1:16 Anonymous Subscription must not select an introspection top level field.\n"},
    {"subscription { barked x: __typename }", "1:23 Anonymous Subscription must select only one top level field.\n"
                                              "1:23 Anonymous Subscription must not select an introspection top level field.\n"},
    {"subscription { barked meowed @skip(if: true) }", ""},
    {"subscription { barked barked }", ""},
};

static void test_subscriptions(void **state) {
    (void)state;
    check_cases(subscriptions, sizeof(subscriptions) / sizeof(subscriptions[0]));
}

static const struct validate_case unique_variables[] = {
    {"query ($a: Int, $b: Int) { find(must: 1, number: $a, list: [$b]) { name } }", ""},
    {"query ($a: Int, $b: Int, $a: Int, $ a: Int) { find(must: 1, number: $a, list: [$b]) { name } }",
     "1:9 1:27 1:37 There can be only one variable named \"$a\".\n"},
    {"query ($ #a b\n , a: ID, $a: ID) { human(id: $a) { name } }", "2:4 2:12 There can be only one variable named \"$a\".\n"},
};

static void test_unique_variables(void **state) {
    (void)state;
    check_cases(unique_variables, sizeof(unique_variables) / sizeof(unique_variables[0]));
}

static const struct validate_case input_variables[] = {
    {"query ($a: [Int!], $b: Filter!, $c: Command, $d: Secret) { find(must: 1, list: $a, filter: $b, command: $c, secret: $d) { name } }",
     ""},
    {"query ($a: Dog, $b: [[CatOrDog!]]!, $c: Pet!) { find(must: 1, text: $a, number: $b, flag: $c) { name } }",
     "1:12 Variable \"$a\" cannot be non-input type \"Dog\".\n"
     "1:21 Variable \"$b\" cannot be non-input type \"[[CatOrDog!]]!\".\n"
     "1:41 Variable \"$c\" cannot be non-input type \"Pet!\".\n"
     "1:8 1:69 Variable \"$a\" of type \"Dog\" used in position expecting type \"String\".\n"
     "1:17 1:81 Variable \"$b\" of type \"[[CatOrDog!]]!\" used in position expecting type \"Int\".\n"
     "1:37 1:91 Variable \"$c\" of type \"Pet!\" used in position expecting type \"Boolean\".\n"},
};

static void test_input_variables(void **state) {
    (void)state;
    check_cases(input_variables, sizeof(input_variables) / sizeof(input_variables[0]));
}

static const struct validate_case undefined[] = {
    {"query Q { human { pets(limit: $a) { name } } }", "1:31 1:1 Variable \"$a\" is not defined by operation \"Q\".\n"},
    {"{ human { ...F } } fragment F on Human { pets(limit: $a) { name(upper: $b) } ...G } fragment G on Human { name @skip(if: $c) }",
     "1:54 1:1 Variable \"$a\" is not defined.\n"
     "1:72 1:1 Variable \"$b\" is not defined.\n"
     "1:122 1:1 Variable \"$c\" is not defined.\n"},
    {"query A($a: Int) { human { ...F } } query B { human { ...F } } fragment F on Human { pets(limit: $a) { name } }",
     "1:98 1:37 Variable \"$a\" is not defined by operation \"B\".\n"},
    {"query ($a: Int) { find(must: 1, list: [$a, $b], filter: {name: $c}) { name } }", "1:44 1:1 Variable \"$b\" is not defined.\n"
                                                                                       "1:64 1:1 Variable \"$c\" is not defined.\n"},
};

static void test_undefined(void **state) {
    (void)state;
    check_cases(undefined, sizeof(undefined) / sizeof(undefined[0]));
}

static const struct validate_case unused[] = {
    {"query ($a: Int) { choose }", "1:8 Variable \"$a\" is never used.\n"},
    {"query Q($a: Int, $b: Int, $c: [Int]) { human { ...F } } fragment F on Human { pets(limit: $b) { name } }",
     "1:9 Variable \"$a\" is never used in operation \"Q\".\n"
     "1:27 Variable \"$c\" is never used in operation \"Q\".\n"},
};

static void test_unused(void **state) {
    (void)state;
    check_cases(unused, sizeof(unused) / sizeof(unused[0]));
}

static const struct validate_case positions[] = {
    {"query ($a: Int!, $b: [Int!]!, $c: ID) { find(must: $a, number: $a, list: $b, id: $c) { name } }", ""},
    {"query ($a: Int) { find(must: $a) { name } }", "1:8 1:30 Variable \"$a\" of type \"Int\" used in position expecting type \"Int!\".\n"},
    {"query ($a: Int = 1) { find(must: $a) { name } }", ""},
    {"query ($a: Int = null) { find(must: $a) { name } }",
     "1:8 1:37 Variable \"$a\" of type \"Int\" used in position expecting type \"Int!\".\n"},
    {"query ($a: String) { find(must: 1, number: $a, text: $a) { name } }",
     "1:8 1:44 Variable \"$a\" of type \"String\" used in position expecting type \"Int\".\n"},
    {"query ($a: [Int]) { find(must: 1, number: $a, list: $a) { name } }",
     "1:8 1:43 Variable \"$a\" of type \"[Int]\" used in position expecting type \"Int\".\n"},
    {"query ($a: Int) { find(must: 1, list: $a) { name } }",
     "1:8 1:39 Variable \"$a\" of type \"Int\" used in position expecting type \"[Int]\".\n"},
    {"query ($a: [ID]!, $b: ID) { ids(ids: $a) other: ids(ids: [$b]) }",
     "1:8 1:38 Variable \"$a\" of type \"[ID]!\" used in position expecting type \"[ID!]!\".\n"
     "1:19 1:59 Variable \"$b\" of type \"ID\" used in position expecting type \"ID!\".\n"},
    {"query ($a: Int) { any(filter: {name: \"x\", must: $a, age: $a}) dog { at(y: $a) } }", ""},
    {"query ($a: Boolean) { dog { name @skip(if: $a) } }",
     "1:8 1:44 Variable \"$a\" of type \"Boolean\" used in position expecting type \"Boolean!\".\n"},
    {"query Q($a: Int) { ...F } fragment F on Query { find(must: $a, text: $a) { name } }",
     "1:9 1:60 Variable \"$a\" of type \"Int\" used in position expecting type \"Int!\".\n"
     "1:9 1:70 Variable \"$a\" of type \"Int\" used in position expecting type \"String\".\n"},
};

static void test_positions(void **state) {
    (void)state;
    check_cases(positions, sizeof(positions) / sizeof(positions[0]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_executable),       cmocka_unit_test(test_names),           cmocka_unit_test(test_subscriptions),
        cmocka_unit_test(test_unique_variables), cmocka_unit_test(test_input_variables), cmocka_unit_test(test_undefined),
        cmocka_unit_test(test_unused),           cmocka_unit_test(test_positions),
    };
    return cmocka_run_group_tests(tests, build_schema, free_schema);
}
