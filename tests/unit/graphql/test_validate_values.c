/* Rules on values. The expected errors are those of graphql-js 16 for the same schema. */
#include "validate_case.h"

static const struct validate_case leafs[] = {
    {"{ find(must: 1, text: \"a\", number: -5, real: 1, flag: true, id: 7, command: SIT, secret: {a: [1]}, list: [1, 2]) { name } }", ""},
    {"{ find(must: 1, id: \"x\", real: 1.5e3, list: 1, filter: null) { name } }", ""},
    {"{ find(must: \"1\") { name } }", "1:14 Int cannot represent non-integer value: \"1\"\n"},
    {"{ find(must: 2147483647, number: 2147483648) { name } }", "1:34 Int cannot represent non 32-bit signed integer value: 2147483648\n"},
    {"{ find(must: -2147483648, number: -2147483649) { name } }",
     "1:35 Int cannot represent non 32-bit signed integer value: -2147483649\n"},
    {"{ find(must: 1.0, number: true) { name } }", "1:14 Int cannot represent non-integer value: 1.0\n"
                                                   "1:27 Int cannot represent non-integer value: true\n"},
    {"{ find(must: 1, text: 1, real: \"1\", flag: 1, id: 1.5, command: \"SIT\") { name } }",
     "1:23 String cannot represent a non string value: 1\n"
     "1:32 Float cannot represent non numeric value: \"1\"\n"
     "1:43 Boolean cannot represent a non boolean value: 1\n"
     "1:50 ID cannot represent a non-string and non-integer value: 1.5\n"
     "1:64 Enum \"Command\" cannot represent non-enum value: \"SIT\". Did you mean the enum value \"SIT\"?\n"},
    {"{ find(must: 1, command: SITT) { name } }",
     "1:26 Value \"SITT\" does not exist in \"Command\" enum. Did you mean the enum value \"SIT\"?\n"},
    {"{ find(must: 1, command: sit) { name } }",
     "1:26 Value \"sit\" does not exist in \"Command\" enum. Did you mean the enum value \"SIT\"?\n"},
    {"{ find(must: 1, command: JUMP) { name } }", "1:26 Value \"JUMP\" does not exist in \"Command\" enum.\n"},
    {"{ find(must: 1, flag: TRUE, text: BROWN, id: true) { name } }",
     "1:23 Boolean cannot represent a non boolean value: TRUE\n"
     "1:35 String cannot represent a non string value: BROWN\n"
     "1:46 ID cannot represent a non-string and non-integer value: true\n"},
    {"{ find(must: null) { name } }", "1:14 Expected value of type \"Int!\", found null.\n"},
    {"{ find(must: 1, text: \"\"\"a \"b\" c\"\"\", number: \"\"\"x\"\"\") { name } }",
     "1:46 Int cannot represent non-integer value: \"\"\"x\"\"\"\n"},
    {"{ find(must: 1, number: \"a\\n\\\"b\\\" \303\251 \\u0007\") { name } }",
     "1:25 Int cannot represent non-integer value: \"a\\n\\\"b\\\" \303\251 \\u0007\"\n"},
};

static void test_leafs(void **state) {
    (void)state;
    check_cases(leafs, sizeof(leafs) / sizeof(leafs[0]));
}

static const struct validate_case lists[] = {
    {"{ ids(ids: [\"a\", 1]) }", ""},
    {"{ ids(ids: \"a\") }", ""},
    {"{ ids(ids: [null]) }", "1:13 Expected value of type \"ID!\", found null.\n"},
    {"{ ids(ids: [[\"a\"]]) }", "1:13 ID cannot represent a non-string and non-integer value: [\"a\"]\n"},
    {"{ ids(ids: null) }", "1:12 Expected value of type \"[ID!]!\", found null.\n"},
    {"{ find(must: [1], text: [\"a\"], flag: []) { name } }", "1:14 Int cannot represent non-integer value: [1]\n"
                                                              "1:25 String cannot represent a non string value: [\"a\"]\n"
                                                              "1:38 Boolean cannot represent a non boolean value: []\n"},
    {"{ find(must: 1, list: [\"a\", 1, null, true]) { name } }", "1:24 Int cannot represent non-integer value: \"a\"\n"
                                                                 "1:38 Int cannot represent non-integer value: true\n"},
    {"{ find(must: 1, secret: [1, {a: $x}]) { name } }", "1:33 1:1 Variable \"$x\" is not defined.\n"},
};

static void test_lists(void **state) {
    (void)state;
    check_cases(lists, sizeof(lists) / sizeof(lists[0]));
}

static const struct validate_case objects[] = {
    {"{ any(filter: {name: \"a\", tags: [\"x\"], next: {name: \"b\"}}) }", ""},
    {"{ any(filter: {}) }", "1:15 Field \"Filter.name\" of required type \"String!\" was not provided.\n"},
    {"{ any(filter: {name: null, age: \"1\"}) }", "1:22 Expected value of type \"String!\", found null.\n"
                                                  "1:33 Int cannot represent non-integer value: \"1\"\n"},
    {"{ any(filter: {name: \"a\", nmae: 1, aeg: 2, zzz: 3}) }",
     "1:27 Field \"nmae\" is not defined by type \"Filter\". Did you mean \"name\"?\n"
     "1:36 Field \"aeg\" is not defined by type \"Filter\". Did you mean \"age\"?\n"
     "1:44 Field \"zzz\" is not defined by type \"Filter\".\n"},
    {"{ any(filter: \"x\") }", "1:15 Expected value of type \"Filter\", found \"x\".\n"},
    {"{ any(filter: [{name: \"a\"}]) }", "1:15 Expected value of type \"Filter\", found [{name: \"a\"}].\n"},
    {"{ any(filter: {name: \"a\", next: {tags: [1, null]}}) }",
     "1:33 Field \"Filter.name\" of required type \"String!\" was not provided.\n"
     "1:41 String cannot represent a non string value: 1\n"
     "1:44 Expected value of type \"String!\", found null.\n"},
    {"{ any(filter: {name: \"a\", must: null}) }", "1:33 Expected value of type \"Int!\", found null.\n"},
    {"{ find(must: 1, filters: [{name: \"a\"}, {age: 1}], text: {a: 1}, command: {b: [2]}) { name } }",
     "1:40 Field \"Filter.name\" of required type \"String!\" was not provided.\n"
     "1:57 String cannot represent a non string value: {a: 1}\n"
     "1:74 Enum \"Command\" cannot represent non-enum value: {b: [2]}.\n"},
    {"{ find(must: 1, filters: {name: 1}) { name } }", "1:33 String cannot represent a non string value: 1\n"},
    {"{ any(filter: {name: \"a\", name: \"b\", age: 1, age: 2, name: \"c\"}) }",
     "1:16 1:27 There can be only one input field named \"name\".\n"
     "1:38 1:46 There can be only one input field named \"age\".\n"
     "1:16 1:54 There can be only one input field named \"name\".\n"},
    {"{ find(must: 1, secret: {a: 1, a: 2, b: {a: 1}}) { name } }", "1:26 1:32 There can be only one input field named \"a\".\n"},
};

static void test_objects(void **state) {
    (void)state;
    check_cases(objects, sizeof(objects) / sizeof(objects[0]));
}

static const struct validate_case one_of[] = {
    {"{ choose(choice: {id: 1}) }", ""},
    {"{ choose(choice: {}) }", "1:18 OneOf Input Object \"Choice\" must specify exactly one key.\n"},
    {"{ choose(choice: {id: 1, name: \"a\"}) }", "1:18 OneOf Input Object \"Choice\" must specify exactly one key.\n"},
    {"{ choose(choice: {id: null}) }", "1:18 Field \"Choice.id\" must be non-null.\n"},
    {"{ choose(choice: {id: 1, id: 2}) }", "1:19 1:26 There can be only one input field named \"id\".\n"},
    {"query ($a: ID!) { choose(choice: {id: $a}) }", ""},
    {"query ($a: ID) { choose(choice: {id: $a}) }",
     "1:8 1:38 Variable \"$a\" is of type \"ID\" but must be non-nullable to be used for OneOf Input Object \"Choice\".\n"},
    {"query ($a: ID) { choose(choices: [{id: $a}]) }",
     "1:8 1:40 Variable \"$a\" is of type \"ID\" but must be non-nullable to be used for OneOf Input Object \"Choice\".\n"},
    {"{ choose(choice: {idd: 1}) }", "1:19 Field \"idd\" is not defined by type \"Choice\". Did you mean \"id\"?\n"},
};

static void test_one_of(void **state) {
    (void)state;
    check_cases(one_of, sizeof(one_of) / sizeof(one_of[0]));
}

static const struct validate_case defaults[] = {
    {"query ($a: Int = 1, $b: [Int!]! = [1]) { human(id: $a) { pets(limit: $a) { name } } find(must: 1, list: $b) { name } }",
     "1:8 1:52 Variable \"$a\" of type \"Int\" used in position expecting type \"ID\".\n"},
    {"query ($a: Int = \"x\") { human { pets(limit: $a) { name } } }", "1:18 Int cannot represent non-integer value: \"x\"\n"},
    {"query ($f: Filter = {age: 1}) { any(filter: $f) }", "1:21 Field \"Filter.name\" of required type \"String!\" was not provided.\n"},
    {"query ($a: Int! = null) { human { pets(limit: $a) { name } } }", "1:19 Expected value of type \"Int!\", found null.\n"},
    {"query ($c: Choice = {id: 1, name: \"b\"}) { choose(choice: $c) }",
     "1:21 OneOf Input Object \"Choice\" must specify exactly one key.\n"},
    {"query ($u: Unknown = 1) { choose }", "1:12 Unknown type \"Unknown\".\n"
                                           "1:8 Variable \"$u\" is never used.\n"},
};

static void test_defaults(void **state) {
    (void)state;
    check_cases(defaults, sizeof(defaults) / sizeof(defaults[0]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leafs),  cmocka_unit_test(test_lists),    cmocka_unit_test(test_objects),
        cmocka_unit_test(test_one_of), cmocka_unit_test(test_defaults),
    };
    return cmocka_run_group_tests(tests, build_schema, free_schema);
}
