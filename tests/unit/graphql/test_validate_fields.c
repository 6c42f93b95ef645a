/* Rules on fields, arguments and directives. The expected errors are those of graphql-js 16 for the same schema. */
#include "validate_case.h"

static const struct validate_case scalar_leafs[] = {
    {"{ dog { name } }", ""},
    {"{ dog }", "1:3 Field \"dog\" of type \"Dog\" must have a selection of subfields. Did you mean \"dog { ... }\"?\n"},
    {"{ dog { name { x } } }", "1:14 Field \"name\" must not have a selection since type \"String\" has no subfields.\n"},
    {"{ human { pets } }", "1:11 Field \"pets\" of type \"[Pet!]!\" must have a selection of subfields. Did you mean \"pets { ... }\"?\n"},
    {"{ dog { barks { y } volume } }", "1:15 Field \"barks\" must not have a selection since type \"Boolean\" has no subfields.\n"},
    {"{ human { secret { a } } }", "1:18 Field \"secret\" must not have a selection since type \"Secret\" has no subfields.\n"},
    {"{ thing }", "1:3 Field \"thing\" of type \"Thing\" must have a selection of subfields. Did you mean \"thing { ... }\"?\n"},
};

static void test_scalar_leafs(void **state) {
    (void)state;
    check_cases(scalar_leafs, sizeof(scalar_leafs) / sizeof(scalar_leafs[0]));
}

static const struct validate_case fields_on_correct_type[] = {
    {"{ pet { name ... on Dog { barks } } }", ""},
    {"{ dog { nmae } }", "1:9 Cannot query field \"nmae\" on type \"Dog\". Did you mean \"name\"?\n"},
    {"{ dog { meows } }", "1:9 Cannot query field \"meows\" on type \"Dog\". Did you mean \"knows\"?\n"},
    {"{ pet { barks } }", "1:9 Cannot query field \"barks\" on type \"Pet\". Did you mean to use an inline fragment on \"Dog\"?\n"},
    {"{ pet { volume } }",
     "1:9 Cannot query field \"volume\" on type \"Pet\". Did you mean to use an inline fragment on \"Cat\" or \"Dog\"?\n"},
    {"{ being { owner { name } } }",
     "1:11 Cannot query field \"owner\" on type \"Being\". Did you mean to use an inline fragment on \"Pet\", \"Cat\", or \"Dog\"?\n"},
    {"{ catOrDog { name } }", "1:14 Cannot query field \"name\" on type \"CatOrDog\". Did you mean to use an inline fragment on \"Being\", "
                              "\"Pet\", \"Cat\", or \"Dog\"?\n"},
    {"{ catOrDog { __typename } }", ""},
    {"{ __typename __schema { description } __type(name: \"Dog\") { name } }", ""},
    {"{ dog { __schema { description } } }", "1:9 Cannot query field \"__schema\" on type \"Dog\".\n"},
    {"{ unknown { deeper } }", "1:3 Cannot query field \"unknown\" on type \"Query\".\n"},
    {"{ dgo { name } dog { volum knwos owne } }", "1:3 Cannot query field \"dgo\" on type \"Query\". Did you mean \"dog\"?\n"
                                                  "1:22 Cannot query field \"volum\" on type \"Dog\". Did you mean \"volume\"?\n"
                                                  "1:28 Cannot query field \"knwos\" on type \"Dog\". Did you mean \"knows\"?\n"
                                                  "1:34 Cannot query field \"owne\" on type \"Dog\". Did you mean \"owner\"?\n"},
    {"{ human { name1 } }", "1:11 Cannot query field \"name1\" on type \"Human\". Did you mean \"name\"?\n"},
    {"mutation { rename2 }", "1:12 Cannot query field \"rename2\" on type \"Mutation\". Did you mean \"rename\"?\n"},
    {"{ thing { weight } }",
     "1:11 Cannot query field \"weight\" on type \"Thing\". Did you mean to use an inline fragment on \"Stone\"?\n"},
};

static void test_fields_on_correct_type(void **state) {
    (void)state;
    check_cases(fields_on_correct_type, sizeof(fields_on_correct_type) / sizeof(fields_on_correct_type[0]));
}

static const struct validate_case known_arguments[] = {
    {"{ dog { at(x: 1) } }", ""},
    {"{ dog { at(z: 1) } }", "1:12 Unknown argument \"z\" on field \"Dog.at\". Did you mean \"x\" or \"y\"?\n"},
    {"{ dog { at(xx: 1, q: 2) } }", "1:12 Unknown argument \"xx\" on field \"Dog.at\". Did you mean \"x\"?\n"
                                    "1:19 Unknown argument \"q\" on field \"Dog.at\". Did you mean \"x\" or \"y\"?\n"},
    {"{ dog { knows(commnad: SIT, command: SIT) } }",
     "1:15 Unknown argument \"commnad\" on field \"Dog.knows\". Did you mean \"command\"?\n"},
    {"{ dog { name @skip(unless: true, if: true) } }", "1:20 Unknown argument \"unless\" on directive \"@skip\".\n"},
    {"{ dog { name @skip(iff: true) } }",
     "1:20 Unknown argument \"iff\" on directive \"@skip\". Did you mean \"if\"?\n"
     "1:14 Directive \"@skip\" argument \"if\" of type \"Boolean!\" is required, but it was not provided.\n"},
    {"{ dog { name @unknown(if: true) } }", "1:14 Unknown directive \"@unknown\".\n"},
    {"{ dog { unknown(a: 1) } }", "1:9 Cannot query field \"unknown\" on type \"Dog\". Did you mean \"knows\"?\n"},
};

static void test_known_arguments(void **state) {
    (void)state;
    check_cases(known_arguments, sizeof(known_arguments) / sizeof(known_arguments[0]));
}

static const struct validate_case unique_arguments[] = {
    {"{ dog { at(x: 1, y: 1) } }", ""},
    {"{ dog { at(x: 1, x: 2) } }", "1:12 1:18 There can be only one argument named \"x\".\n"},
    {"{ dog { at(x: 1, y: 2, x: 3, y: 4, x: 5) } }", "1:12 1:24 1:36 There can be only one argument named \"x\".\n"
                                                     "1:18 1:30 There can be only one argument named \"y\".\n"},
    {"{ dog { name @mark(label: \"a\", label: \"b\") } }", "1:20 1:32 There can be only one argument named \"label\".\n"},
    {"{ dog { at(x: 1, a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, k: 1, l: 1, x: 2) } }",
     "1:12 1:90 There can be only one argument named \"x\".\n"
     "1:18 Unknown argument \"a\" on field \"Dog.at\". Did you mean \"x\" or \"y\"?\n"
     "1:24 Unknown argument \"b\" on field \"Dog.at\". Did you mean \"x\" or \"y\"?\n"
     "1:30 Unknown argument \"c\" on field \"Dog.at\". Did you mean \"x\" or \"y\"?\n"
     "1:36 Unknown argument \"d\" on field \"Dog.at\". Did you mean \"x\" or \"y\"?\n"
     "1:42 Unknown argument \"e\" on field \"Dog.at\". Did you mean \"x\" or \"y\"?\n"
     "1:48 Unknown argument \"f\" on field \"Dog.at\". Did you mean \"x\" or \"y\"?\n"
     "1:54 Unknown argument \"g\" on field \"Dog.at\". Did you mean \"x\" or \"y\"?\n"
     "1:60 Unknown argument \"h\" on field \"Dog.at\". Did you mean \"x\" or \"y\"?\n"
     "1:66 Unknown argument \"i\" on field \"Dog.at\". Did you mean \"x\" or \"y\"?\n"
     "1:72 Unknown argument \"j\" on field \"Dog.at\". Did you mean \"x\" or \"y\"?\n"
     "1:78 Unknown argument \"k\" on field \"Dog.at\". Did you mean \"x\" or \"y\"?\n"
     "1:84 Unknown argument \"l\" on field \"Dog.at\". Did you mean \"x\" or \"y\"?\n"},
};

static void test_unique_arguments(void **state) {
    (void)state;
    check_cases(unique_arguments, sizeof(unique_arguments) / sizeof(unique_arguments[0]));
}

static const struct validate_case required_arguments[] = {
    {"{ dog { knows(command: SIT) at } }", ""},
    {"{ dog { knows } }", "1:9 Field \"knows\" argument \"command\" of type \"Command!\" is required, but it was not provided.\n"},
    {"{ find { name } }", "1:3 Field \"find\" argument \"must\" of type \"Int!\" is required, but it was not provided.\n"},
    {"{ ids }", "1:3 Field \"ids\" argument \"ids\" of type \"[ID!]!\" is required, but it was not provided.\n"},
    {"{ dog { name @mark } }", "1:14 Directive \"@mark\" argument \"label\" of type \"String!\" is required, but it was not provided.\n"},
    {"{ dog { name @mark(level: 1) @skip } }",
     "1:14 Directive \"@mark\" argument \"label\" of type \"String!\" is required, but it was not provided.\n"
     "1:30 Directive \"@skip\" argument \"if\" of type \"Boolean!\" is required, but it was not provided.\n"},
    {"{ find(must: 1) { unknown } }", "1:19 Cannot query field \"unknown\" on type \"Human\".\n"},
};

static void test_required_arguments(void **state) {
    (void)state;
    check_cases(required_arguments, sizeof(required_arguments) / sizeof(required_arguments[0]));
}

static const struct validate_case directives[] = {
    {"query @everywhere { dog @everywhere { ... @everywhere { name } ...F @everywhere } } fragment F on Dog @everywhere { barks }", ""},
    {"query ($a: Int @everywhere) { human { pets(limit: $a) { name } } }", ""},
    {"{ dog @unknown { name @other } }", "1:7 Unknown directive \"@unknown\".\n"
                                         "1:23 Unknown directive \"@other\".\n"},
    {"mutation @mark(label: \"x\") { rename(name: \"x\") }", "1:10 Directive \"@mark\" may not be used on MUTATION.\n"},
    {"{ ... @mark(label: \"x\") { dog { name } } }", "1:7 Directive \"@mark\" may not be used on INLINE_FRAGMENT.\n"},
    {"query ($a: Int @mark(label: \"x\")) { human { pets(limit: $a) { name } } }",
     "1:16 Directive \"@mark\" may not be used on VARIABLE_DEFINITION.\n"},
    {"{ dog { ...F @deprecated } } fragment F on Dog @skip(if: true) { name }",
     "1:14 Directive \"@deprecated\" may not be used on FRAGMENT_SPREAD.\n"
     "1:48 Directive \"@skip\" may not be used on FRAGMENT_DEFINITION.\n"},
    {"{ dog { name @many @many @everywhere } }", ""},
    {"{ dog { name @everywhere @everywhere @everywhere } }",
     "1:14 1:26 The directive \"@everywhere\" can only be used once at this location.\n"
     "1:14 1:38 The directive \"@everywhere\" can only be used once at this location.\n"},
    {"{ dog { name @what @what } }", "1:14 Unknown directive \"@what\".\n"
                                     "1:20 Unknown directive \"@what\".\n"},
    {"query @everywhere @everywhere { dog { ... @everywhere @everywhere { name } } }",
     "1:7 1:19 The directive \"@everywhere\" can only be used once at this location.\n"
     "1:43 1:55 The directive \"@everywhere\" can only be used once at this location.\n"},
    {"query ($a: Int @many @many) { human { pets(limit: $a) { name } } }", ""},
};

static void test_directives(void **state) {
    (void)state;
    check_cases(directives, sizeof(directives) / sizeof(directives[0]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalar_leafs),     cmocka_unit_test(test_fields_on_correct_type), cmocka_unit_test(test_known_arguments),
        cmocka_unit_test(test_unique_arguments), cmocka_unit_test(test_required_arguments),     cmocka_unit_test(test_directives),
    };
    return cmocka_run_group_tests(tests, build_schema, free_schema);
}
