/* Field merging, and the depth of introspection. The expected errors are those of graphql-js 16 for the same schema. */
#include "validate_case.h"

static const struct validate_case same[] = {
    {"{ dog { name name } }", ""},
    {"{ dog { n: name n: name } dog { barks } }", ""},
    {"{ dog { at(x: 1, y: 2) at(y: 2, x: 1) } }", ""},
    {"{ any(filter: {name: \"a\", age: 1}) any(filter: {age: 1, name: \"a\"}) }", ""},
    {"{ pet { ... on Dog { n: name } ... on Cat { n: meows } } }",
     "1:22 1:45 Fields \"n\" conflict because they return conflicting types \"String\" and \"Boolean\". Use different aliases on the "
     "fields to fetch both if this was intentional.\n"},
    {"{ pet { ... on Dog { owner { name } } ... on Cat { owner { n: name } } } }", ""},
    {"{ catOrDog { ... on Dog { at(x: 1) } ... on Cat { at: meows } } }", ""},
    {"{ dog { ...F ...F } } fragment F on Dog { name ...G } fragment G on Dog { name }", ""},
};

static void test_same(void **state) {
    (void)state;
    check_cases(same, sizeof(same) / sizeof(same[0]));
}

static const struct validate_case different[] = {
    {"{ dog { n: name n: barks } }", "1:9 1:17 Fields \"n\" conflict because \"name\" and \"barks\" are different fields. Use different "
                                     "aliases on the fields to fetch both if this was intentional.\n"},
    {"{ dog { at(x: 1) at(x: 2) at } }", "1:9 1:18 Fields \"at\" conflict because they have differing arguments. Use different aliases on "
                                         "the fields to fetch both if this was intentional.\n"
                                         "1:9 1:27 Fields \"at\" conflict because they have differing arguments. Use different aliases on "
                                         "the fields to fetch both if this was intentional.\n"
                                         "1:18 1:27 Fields \"at\" conflict because they have differing arguments. Use different aliases on "
                                         "the fields to fetch both if this was intentional.\n"},
    {"{ dog { at(x: 1) at(x: 1, y: 2) } }", "1:9 1:18 Fields \"at\" conflict because they have differing arguments. Use different aliases "
                                            "on the fields to fetch both if this was intentional.\n"},
    {"query ($a: Int, $b: Int) { dog { at(x: $a) at(x: $b) } }",
     "1:34 1:44 Fields \"at\" conflict because they have differing arguments. Use different aliases on the fields to fetch both if this "
     "was intentional.\n"},
    {"{ any(filter: {name: \"a\"}) any(filter: {name: \"\"\"a\"\"\"}) }",
     "1:3 1:28 Fields \"any\" conflict because they have differing arguments. Use different aliases on the fields to fetch both if this "
     "was intentional.\n"},
    {"{ pet { ... on Dog { volume } ... on Cat { volume } } }",
     "1:22 1:44 Fields \"volume\" conflict because they return conflicting types \"Int\" and \"String!\". Use different aliases on the "
     "fields to fetch both if this was intentional.\n"},
    {"{ pet { ... on Dog { x: barks } ... on Cat { x: name } } }",
     "1:22 1:46 Fields \"x\" conflict because they return conflicting types \"Boolean\" and \"String\". Use different aliases on the "
     "fields to fetch both if this was intentional.\n"},
    {"{ pet { name ... on Dog { name: barks } } }", "1:9 1:27 Fields \"name\" conflict because \"name\" and \"barks\" are different "
                                                    "fields. Use different aliases on the fields to fetch both if this was intentional.\n"},
    {"{ pet { ... on Dog { x: owner { name } } ... on Cat { x: meows } } }",
     "1:22 1:55 Fields \"x\" conflict because they return conflicting types \"Human\" and \"Boolean\". Use different aliases on the fields "
     "to fetch both if this was intentional.\n"},
};

static void test_different(void **state) {
    (void)state;
    check_cases(different, sizeof(different) / sizeof(different[0]));
}

static const struct validate_case deep[] = {
    {"{ human { x: name } human { x: id } }",
     "1:3 1:11 1:21 1:29 Fields \"human\" conflict because subfields \"x\" conflict because \"name\" and \"id\" are different fields. Use "
     "different aliases on the fields to fetch both if this was intentional.\n"
     "1:29 Cannot query field \"id\" on type \"Human\".\n"},
    {"{ dog { owner { n: name pets { name } } } dog { owner { n: secret pets { name: owner { name } } } } }",
     "1:3 1:9 1:17 1:25 1:32 1:43 1:49 1:57 1:67 1:74 Fields \"dog\" conflict because subfields \"owner\" conflict because subfields \"n\" "
     "conflict because \"name\" and \"secret\" are different fields and subfields \"pets\" conflict because subfields \"name\" conflict "
     "because \"name\" and \"owner\" are different fields. Use different aliases on the fields to fetch both if this was intentional.\n"},
    {"{ ...A ...B } fragment A on Query { dog { x: name } } fragment B on Query { dog { x: barks } }",
     "1:37 1:43 1:77 1:83 Fields \"dog\" conflict because subfields \"x\" conflict because \"name\" and \"barks\" are different fields. "
     "Use different aliases on the fields to fetch both if this was intentional.\n"},
    {"{ dog { x: name ...A } } fragment A on Dog { x: barks ...B } fragment B on Dog { x: volume }",
     "1:9 1:46 Fields \"x\" conflict because \"name\" and \"barks\" are different fields. Use different aliases on the fields to fetch "
     "both if this was intentional.\n"
     "1:9 1:82 Fields \"x\" conflict because \"name\" and \"volume\" are different fields. Use different aliases on the fields to fetch "
     "both if this was intentional.\n"
     "1:46 1:82 Fields \"x\" conflict because \"barks\" and \"volume\" are different fields. Use different aliases on the fields to fetch "
     "both if this was intentional.\n"},
    {"{ pet { ... on Dog { owner { x: name } } ... on Cat { owner { x: pets { name } } } } }",
     "1:22 1:30 1:55 1:63 Fields \"owner\" conflict because subfields \"x\" conflict because they return conflicting types \"String\" and "
     "\"[Pet!]!\". Use different aliases on the fields to fetch both if this was intentional.\n"},
    {"{ a: human { ...A } a: human { ...B } } fragment A on Human { x: name ...B } fragment B on Human { x: secret ...A }",
     "1:3 1:63 1:21 1:100 Fields \"a\" conflict because subfields \"x\" conflict because \"name\" and \"secret\" are different fields. Use "
     "different aliases on the fields to fetch both if this was intentional.\n"
     "1:71 1:110 Cannot spread fragment \"A\" within itself via \"B\".\n"
     "1:63 1:100 Fields \"x\" conflict because \"name\" and \"secret\" are different fields. Use different aliases on the fields to fetch "
     "both if this was intentional.\n"
     "1:100 1:63 Fields \"x\" conflict because \"secret\" and \"name\" are different fields. Use different aliases on the fields to fetch "
     "both if this was intentional.\n"},
    {"{ human { relatives { ...F } ...F } } fragment F on Human { relatives { relatives { name: secret } name } }",
     "1:11 1:73 1:85 1:61 1:61 1:100 Fields \"relatives\" conflict because subfields \"relatives\" conflict because subfields \"name\" "
     "conflict because \"secret\" and \"name\" are different fields. Use different aliases on the fields to fetch both if this was "
     "intentional.\n"},
    {"{ x: __typename x: choose }", "1:3 1:17 Fields \"x\" conflict because \"__typename\" and \"choose\" are different fields. Use "
                                    "different aliases on the fields to fetch both if this was intentional.\n"},
    {"{ x: unknown x: dog { name } }", "1:3 1:14 Fields \"x\" conflict because \"unknown\" and \"dog\" are different fields. Use different "
                                       "aliases on the fields to fetch both if this was intentional.\n"
                                       "1:3 Cannot query field \"unknown\" on type \"Query\".\n"},
    {"{ dog { name ... { name: barks ... on Pet { name: owner { name } } } } }",
     "1:9 1:20 Fields \"name\" conflict because \"name\" and \"barks\" are different fields. Use different aliases on the fields to fetch "
     "both if this was intentional.\n"
     "1:9 1:45 Fields \"name\" conflict because \"name\" and \"owner\" are different fields. Use different aliases on the fields to fetch "
     "both if this was intentional.\n"
     "1:20 1:45 Fields \"name\" conflict because \"barks\" and \"owner\" are different fields. Use different aliases on the fields to "
     "fetch both if this was intentional.\n"},
};

static void test_deep(void **state) {
    (void)state;
    check_cases(deep, sizeof(deep) / sizeof(deep[0]));
}

static const struct validate_case introspection[] = {
    {"{ __schema { types { fields { type { name } } } } }", ""},
    {"{ __schema { types { fields { type { fields { type { name } } } } } } }", ""},
    {"{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }", "1:3 Maximum introspection depth exceeded\n"},
    {"{ __type(name: \"Dog\") { ...F } } fragment F on __Type { fields { type { interfaces { possibleTypes { name } } } } }",
     "1:3 Maximum introspection depth exceeded\n"},
    {"{ __type(name: \"Dog\") { ...F } } fragment F on __Type { fields { type { ...F } } }",
     "1:3 Maximum introspection depth exceeded\n"
     "1:73 Cannot spread fragment \"F\" within itself.\n"},
    {"{ __schema { types { inputFields { type { ...T } } } } } fragment T on __Type { inputFields { type { ...U } } } fragment U on __Type "
     "{ kind }",
     ""},
};

static void test_introspection(void **state) {
    (void)state;
    check_cases(introspection, sizeof(introspection) / sizeof(introspection[0]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_different),
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_introspection),
    };
    return cmocka_run_group_tests(tests, build_schema, free_schema);
}
