/* Rules on fragments and names of types. The expected errors are those of graphql-js 16 for the same schema. */
#include "validate_case.h"

static const struct validate_case composite[] = {
    {"{ pet { ... on Dog { barks } } catOrDog { ...F } } fragment F on Pet { name }", ""},
    {"{ dog { ... on Boolean { x } } }", "1:16 Fragment cannot condition on non composite type \"Boolean\".\n"},
    {"{ dog { ...F } } fragment F on Filter { name }", "1:32 Fragment \"F\" cannot condition on non composite type \"Filter\".\n"},
    {"{ dog { ...F ... on Command { name } } } fragment F on Secret { name }",
     "1:21 Fragment cannot condition on non composite type \"Command\".\n"
     "1:56 Fragment \"F\" cannot condition on non composite type \"Secret\".\n"},
};

static void test_composite(void **state) {
    (void)state;
    check_cases(composite, sizeof(composite) / sizeof(composite[0]));
}

static const struct validate_case names[] = {
    {"{ dog { ...A ...B } } fragment A on Dog { name } fragment B on Dog { barks }", ""},
    {"{ dog { ...A } } fragment A on Dog { name } fragment A on Dog { barks }", "1:27 1:54 There can be only one fragment named \"A\".\n"},
    {"{ dog { ...A ...B } } fragment A on Dog { name ...C }", "1:17 Unknown fragment \"B\".\n"
                                                              "1:51 Unknown fragment \"C\".\n"},
    {"{ dog { name } } fragment A on Dog { name } fragment B on Dog { ...A }", "1:18 Fragment \"A\" is never used.\n"
                                                                               "1:45 Fragment \"B\" is never used.\n"},
    {"fragment A on Dog { name }", "1:1 Fragment \"A\" is never used.\n"},
};

static void test_names(void **state) {
    (void)state;
    check_cases(names, sizeof(names) / sizeof(names[0]));
}

static const struct validate_case possible[] = {
    {"{ dog { ... on Pet { name } ... on Being { name } ... on CatOrDog { __typename } ... { name } } }", ""},
    {"{ dog { ... on Cat { meows } } }", "1:9 Fragment cannot be spread here as objects of type \"Dog\" can never be of type \"Cat\".\n"},
    {"{ dog { ...F } } fragment F on Cat { meows }",
     "1:9 Fragment \"F\" cannot be spread here as objects of type \"Dog\" can never be of type \"Cat\".\n"},
    {"{ pet { ... on Human { name } } }",
     "1:9 Fragment cannot be spread here as objects of type \"Pet\" can never be of type \"Human\".\n"},
    {"{ thing { ... on Pet { name } ... on Being { name } } }",
     "1:11 Fragment cannot be spread here as objects of type \"Thing\" can never be of type \"Pet\".\n"},
    {"{ catOrDog { ...T } } fragment T on Thing { __typename }",
     "1:14 Fragment \"T\" cannot be spread here as objects of type \"CatOrDog\" can never be of type \"Thing\".\n"},
    {"{ dog { ... on Unknown { x ... on Cat { y } } } }", "1:16 Unknown type \"Unknown\".\n"
                                                          "1:41 Cannot query field \"y\" on type \"Cat\".\n"},
};

static void test_possible(void **state) {
    (void)state;
    check_cases(possible, sizeof(possible) / sizeof(possible[0]));
}

static const struct validate_case cycles[] = {
    {"{ dog { ...A } } fragment A on Dog { ...B } fragment B on Dog { name }", ""},
    {"{ dog { ...A } } fragment A on Dog { ...A }", "1:38 Cannot spread fragment \"A\" within itself.\n"},
    {"{ dog { ...A } } fragment A on Dog { ...B } fragment B on Dog { ...C name } fragment C on Dog { ...A }",
     "1:38 1:65 1:97 Cannot spread fragment \"A\" within itself via \"B\", \"C\".\n"},
    {"{ human { ...A } } fragment A on Human { relatives { ...B ...A } } fragment B on Human { relatives { ...A } ...C } fragment C on "
     "Human { ...B ...C name }",
     "1:109 1:138 Cannot spread fragment \"B\" within itself via \"C\".\n"
     "1:143 Cannot spread fragment \"C\" within itself.\n"
     "1:54 1:102 Cannot spread fragment \"A\" within itself via \"B\".\n"
     "1:59 Cannot spread fragment \"A\" within itself.\n"},
    {"{ dog { ...A } } fragment A on Dog { ...A ...X } fragment A on Dog { name }",
     "1:38 Cannot spread fragment \"A\" within itself.\n"
     "1:46 Unknown fragment \"X\".\n"
     "1:27 1:59 There can be only one fragment named \"A\".\n"},
};

static void test_cycles(void **state) {
    (void)state;
    check_cases(cycles, sizeof(cycles) / sizeof(cycles[0]));
}

static const struct validate_case types[] = {
    {"query ($a: Int) { human { pets(limit: $a) { name } } }", ""},
    {"query ($a: Itn) { human { pets(limit: $a) { name } } }", "1:12 Unknown type \"Itn\". Did you mean \"Int\" or \"ID\"?\n"},
    {"{ dog { ... on Dgo { name } ...F } } fragment F on Peet { name }", "1:16 Unknown type \"Dgo\". Did you mean \"Dog\"?\n"
                                                                         "1:52 Unknown type \"Peet\". Did you mean \"Pet\"?\n"},
    {"query ($a: [Filtr!]!, $b: Qqqqqqq) { find(must: 1, filters: $a, secret: $b) { name } }",
     "1:13 Unknown type \"Filtr\". Did you mean \"Filter\" or \"Int\"?\n"
     "1:27 Unknown type \"Qqqqqqq\".\n"},
};

static void test_types(void **state) {
    (void)state;
    check_cases(types, sizeof(types) / sizeof(types[0]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_composite), cmocka_unit_test(test_names), cmocka_unit_test(test_possible),
        cmocka_unit_test(test_cycles),    cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests(tests, build_schema, free_schema);
}
