#include "engine.h"

#include <stdlib.h>

static const char sdl[] =
    "\"\"\"The schema.\"\"\" schema { query: Root }\n"
    "directive @tag(name: String = \"x\\n\") repeatable on FIELD | QUERY\n"
    "scalar Date @specifiedBy(url: \"https://example.com\")\n"
    "enum Color { RED @deprecated(reason: \"Old\") GREEN }\n"
    "input In @oneOf { a: Int b: [In!] @deprecated }\n"
    "input Def { i: Int = 1 f: Float = 2.0 s: String = \"a\\\"b\" id: ID = 4 text: ID = \"04\" e: Color = RED l: [[Int]] = 1\n"
    "  o: Pair = {y: 2} n: Int = null any: Date = {a: 1} plain: Date = 5 req: Int! = 3 none: Int }\n"
    "input Pair { x: Int = 7 y: Int }\n"
    "interface Node { id: ID } interface Sub implements Node { id: ID }\n"
    "\"A thing\" type Thing implements Sub & Node { id: ID old(a: Int @deprecated, b: Def): Int @deprecated list: [Thing!]! }\n"
    "union Any = Thing | Root\n"
    "type Root { thing: Thing any: Any at: Date in(in: In): Color }";

static void expect(const char *query, const char *answer) {
    struct engine e;
    engine_start(&e, sdl, NULL);
    assert_string_equal(engine_run(&e, query, NULL), answer);
    engine_stop(&e);
}

static void kinds_and_names(void **state) {
    (void)state;
    expect("{ a: __type(name: \"Thing\") { kind name description specifiedByURL isOneOf ofType { name } interfaces { name } possibleTypes "
           "{ name }"
           " enumValues { name } inputFields { name } } b: __type(name: \"Nothing\") { name } }",
           "{\"data\":{\"a\":{\"kind\":\"OBJECT\",\"name\":\"Thing\",\"description\":\"A "
           "thing\",\"specifiedByURL\":null,\"isOneOf\":null,\"ofType\":null,"
           "\"interfaces\":[{\"name\":\"Sub\"},{\"name\":\"Node\"}],\"possibleTypes\":null,\"enumValues\":null,\"inputFields\":null},\"b\":"
           "null}}");
    expect("{ a: __type(name: \"Date\") { kind specifiedByURL fields { name } } b: __type(name: \"In\") { kind isOneOf } c: __type(name: "
           "\"Node\") { kind"
           " interfaces { name } possibleTypes { name } } d: __type(name: \"Any\") { kind possibleTypes { name } } e: __type(name: "
           "\"Pair\") { isOneOf } }",
           "{\"data\":{\"a\":{\"kind\":\"SCALAR\",\"specifiedByURL\":\"https://"
           "example.com\",\"fields\":null},\"b\":{\"kind\":\"INPUT_OBJECT\","
           "\"isOneOf\":true},\"c\":{\"kind\":\"INTERFACE\",\"interfaces\":[],\"possibleTypes\":[{\"name\":\"Thing\"}]},\"d\":{\"kind\":"
           "\"UNION\","
           "\"possibleTypes\":[{\"name\":\"Thing\"},{\"name\":\"Root\"}]},\"e\":{\"isOneOf\":false}}}");
}

static void wrapped_types(void **state) {
    (void)state;
    expect("{ __type(name: \"Thing\") { fields { name type { kind name ofType { kind name description ofType { kind ofType { name } } } } "
           "} } }",
           "{\"data\":{\"__type\":{\"fields\":[{\"name\":\"id\",\"type\":{\"kind\":\"SCALAR\",\"name\":\"ID\",\"ofType\":null}},{\"name\":"
           "\"list\",\"type\":"
           "{\"kind\":\"NON_NULL\",\"name\":null,\"ofType\":{\"kind\":\"LIST\",\"name\":null,\"description\":null,\"ofType\":{\"kind\":"
           "\"NON_NULL\","
           "\"ofType\":{\"name\":\"Thing\"}}}}}]}}}");
}

static void deprecated_things_are_hidden_unless_asked_for(void **state) {
    (void)state;
    expect("{ __type(name: \"Thing\") { a: fields { name } b: fields(includeDeprecated: true) { name isDeprecated deprecationReason args { "
           "name }"
           " all: args(includeDeprecated: true) { name isDeprecated deprecationReason } } c: fields(includeDeprecated: null) { name } } }",
           "{\"data\":{\"__type\":{\"a\":[{\"name\":\"id\"},{\"name\":\"list\"}],\"b\":[{\"name\":\"id\",\"isDeprecated\":false,"
           "\"deprecationReason\":null,"
           "\"args\":[],\"all\":[]},{\"name\":\"old\",\"isDeprecated\":true,\"deprecationReason\":\"No longer "
           "supported\",\"args\":[{\"name\":\"b\"}],"
           "\"all\":[{\"name\":\"a\",\"isDeprecated\":true,\"deprecationReason\":\"No longer "
           "supported\"},{\"name\":\"b\",\"isDeprecated\":false,"
           "\"deprecationReason\":null}]},{\"name\":\"list\",\"isDeprecated\":false,\"deprecationReason\":null,\"args\":[],\"all\":[]}],"
           "\"c\":[{\"name\":\"id\"},{\"name\":\"list\"}]}}}");
    expect("{ a: __type(name: \"Color\") { enumValues { name } all: enumValues(includeDeprecated: true) { name deprecationReason } }"
           " b: __type(name: \"In\") { inputFields { name } all: inputFields(includeDeprecated: true) { name } } }",
           "{\"data\":{\"a\":{\"enumValues\":[{\"name\":\"GREEN\"}],\"all\":[{\"name\":\"RED\",\"deprecationReason\":\"Old\"},{\"name\":"
           "\"GREEN\","
           "\"deprecationReason\":null}]},\"b\":{\"inputFields\":[{\"name\":\"a\"}],\"all\":[{\"name\":\"a\"},{\"name\":\"b\"}]}}}");
}

static void default_values_print_as_literals(void **state) {
    (void)state;
    expect("{ __type(name: \"Def\") { inputFields { name defaultValue } } }",
           "{\"errors\":[{\"message\":\"Cannot convert value to AST: { a: 1 "
           "}.\",\"locations\":[{\"line\":1,\"column\":44}],\"path\":[\"__type\","
           "\"inputFields\",9,\"defaultValue\"]}],\"data\":{\"__type\":{\"inputFields\":["
           "{\"name\":\"i\",\"defaultValue\":\"1\"},{\"name\":\"f\",\"defaultValue\":\"2\"},{\"name\":\"s\",\"defaultValue\":"
           "\"\\\"a\\\\\\\"b\\\"\"},"
           "{\"name\":\"id\",\"defaultValue\":\"4\"},{\"name\":\"text\",\"defaultValue\":\"\\\"04\\\"\"},{\"name\":\"e\",\"defaultValue\":"
           "\"RED\"},"
           "{\"name\":\"l\",\"defaultValue\":\"[[1]]\"},{\"name\":\"o\",\"defaultValue\":\"{x: 7, y: "
           "2}\"},{\"name\":\"n\",\"defaultValue\":\"null\"},"
           "{\"name\":\"any\",\"defaultValue\":null},{\"name\":\"plain\",\"defaultValue\":\"5\"},{\"name\":\"req\",\"defaultValue\":\"3\"},"
           "{\"name\":\"none\",\"defaultValue\":null}]}}}");
}

static void the_schema_itself(void **state) {
    (void)state;
    expect(
        "{ __schema { description queryType { name } mutationType { name } subscriptionType { name } directives { name isRepeatable "
        "locations"
        " args { name defaultValue } isDeprecated deprecationReason } } }",
        "{\"data\":{\"__schema\":{\"description\":\"The "
        "schema.\",\"queryType\":{\"name\":\"Root\"},\"mutationType\":null,\"subscriptionType\":null,"
        "\"directives\":[{\"name\":\"tag\",\"isRepeatable\":true,\"locations\":[\"FIELD\",\"QUERY\"],\"args\":[{\"name\":\"name\","
        "\"defaultValue\":"
        "\"\\\"x\\\\n\\\"\"}],\"isDeprecated\":false,\"deprecationReason\":null},"
        "{\"name\":\"include\",\"isRepeatable\":false,\"locations\":[\"FIELD\",\"FRAGMENT_SPREAD\",\"INLINE_FRAGMENT\"],\"args\":[{"
        "\"name\":\"if\","
        "\"defaultValue\":null}],\"isDeprecated\":false,\"deprecationReason\":null},"
        "{\"name\":\"skip\",\"isRepeatable\":false,\"locations\":[\"FIELD\",\"FRAGMENT_SPREAD\",\"INLINE_FRAGMENT\"],\"args\":[{\"name\":"
        "\"if\","
        "\"defaultValue\":null}],\"isDeprecated\":false,\"deprecationReason\":null},"
        "{\"name\":\"deprecated\",\"isRepeatable\":false,\"locations\":[\"FIELD_DEFINITION\",\"ARGUMENT_DEFINITION\",\"INPUT_FIELD_"
        "DEFINITION\","
        "\"ENUM_VALUE\",\"DIRECTIVE_DEFINITION\"],\"args\":[{\"name\":\"reason\",\"defaultValue\":\"\\\"No longer supported\\\"\"}],"
        "\"isDeprecated\":false,\"deprecationReason\":null},"
        "{\"name\":\"specifiedBy\",\"isRepeatable\":false,\"locations\":[\"SCALAR\"],\"args\":[{\"name\":\"url\",\"defaultValue\":null}],"
        "\"isDeprecated\":false,\"deprecationReason\":null},"
        "{\"name\":\"oneOf\",\"isRepeatable\":false,\"locations\":[\"INPUT_OBJECT\"],\"args\":[],\"isDeprecated\":false,"
        "\"deprecationReason\":null}]}}}");
}

/* graphql-js lists a built-in scalar after the first type that leads to it, and not at all when none does; but where the SDL defines it. */
static void only_used_and_defined_scalars_exist(void **state) {
    (void)state;
    struct engine e;
    engine_start(&e, "type Query { a: A s: [Int] } type A { b: Boolean }", NULL);
    assert_string_equal(
        engine_run(&e, "{ __schema { types { name } } a: __type(name: \"Float\") { name } b: __type(name: \"Int\") { name } }", NULL),
        "{\"data\":{\"__schema\":{\"types\":[{\"name\":\"Query\"},{\"name\":\"Int\"},{\"name\":\"A\"},{\"name\":\"Boolean\"},"
        "{\"name\":\"String\"},{\"name\":\"__Schema\"},{\"name\":\"__Type\"},{\"name\":\"__TypeKind\"},{\"name\":\"__Field\"},"
        "{\"name\":\"__InputValue\"},{\"name\":\"__EnumValue\"},{\"name\":\"__Directive\"},{\"name\":\"__DirectiveLocation\"}]},"
        "\"a\":null,\"b\":{\"name\":\"Int\"}}}");
    engine_stop(&e);
    engine_start(&e, "scalar Float type Query { a: Int b: String } scalar Int", NULL);
    assert_string_equal(
        engine_run(&e, "{ __schema { types { name } } a: __type(name: \"Float\") { name } }", NULL),
        "{\"data\":{\"__schema\":{\"types\":[{\"name\":\"Float\"},{\"name\":\"Query\"},{\"name\":\"String\"},{\"name\":\"Int\"},"
        "{\"name\":\"Boolean\"},"
        "{\"name\":\"__Schema\"},{\"name\":\"__Type\"},{\"name\":\"__TypeKind\"},{\"name\":\"__Field\"},"
        "{\"name\":\"__InputValue\"},{\"name\":\"__EnumValue\"},{\"name\":\"__Directive\"},{\"name\":\"__DirectiveLocation\"}]},"
        "\"a\":{\"name\":\"Float\"}}}");
    engine_stop(&e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_and_names),
        cmocka_unit_test(wrapped_types),
        cmocka_unit_test(deprecated_things_are_hidden_unless_asked_for),
        cmocka_unit_test(default_values_print_as_literals),
        cmocka_unit_test(the_schema_itself),
        cmocka_unit_test(only_used_and_defined_scalars_exist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
