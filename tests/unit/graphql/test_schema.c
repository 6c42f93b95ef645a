/* Type systems from SDL: what is built, in which order, how it is read, bound, and refused. */
#include "../unit.h"

#include "base/error.h"
#include "graphql/parse.h"
#include "graphql/schema.h"

#define Q "type Query { a: Int } "

struct fixture {
    struct lk_arena arena;
    struct gql_errors errors;
    struct gql_schema *schema;
};

static int build(struct fixture *f, const char *sdl) {
    lk_arena_init(&f->arena, 1 << 24);
    gql_errors_init(&f->errors, &f->arena, NULL);
    f->schema = NULL;
    return gql_schema_build(lk_slice_cstr(sdl), &f->schema, &f->errors);
}

static void end(struct fixture *f) {
    gql_schema_free(f->schema);
    lk_arena_free(&f->arena);
}

static const struct gql_type *type(const struct fixture *f, const char *name) {
    const struct gql_type *found = gql_schema_type(f->schema, lk_slice_cstr(name));
    assert_non_null(found);
    return found;
}

static const struct gql_field *field(const struct fixture *f, const char *type_name, const char *name) {
    const struct gql_field *found = gql_type_field(f->schema, type(f, type_name), lk_slice_cstr(name));
    assert_non_null(found);
    return found;
}

static void assert_text(struct lk_slice text, const char *expected) {
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

/* --- errors: count, words and columns are graphql-js's --- */

static const struct {
    const char *sdl;
    size_t count;
    const char *message; /* of the first */
    gql_pos columns[2];  /* of the first; 0: none */
} cases[] = {
    {"type Query { a: Foo }", 1, "Unknown type \"Foo\".", {17}},
    {Q "schema { query: Query } schema { mutation: Query }", 1, "Must provide only one schema definition.", {47}},
    {Q "schema { query: Query query: Query }", 1, "There can be only one query type in schema.", {32, 45}},
    {Q "scalar Query", 1, "There can be only one type named \"Query\".", {6, 30}},
    {Q "enum E { A } extend enum E { A }", 1, "Enum value \"E.A\" can only be defined once.", {32, 52}},
    {Q "extend type Query { a: ID }", 1, "Field \"Query.a\" can only be defined once.", {14, 43}},
    {Q "input J { q: Int q: Int }", 1, "Field \"J.q\" can only be defined once.", {33, 40}},
    {Q "type T { a(x: Int x: Int): Int }", 1, "Argument \"T.a(x:)\" can only be defined once.", {34, 41}},
    {Q "directive @d(a: Int a: Int) on FIELD", 1, "Argument \"@d(a:)\" can only be defined once.", {36, 43}},
    {Q "directive @d on FIELD directive @d on QUERY", 1, "There can be only one directive named \"@d\".", {34, 56}},
    {Q "type T { a: [Intt!]! }", 1, "Unknown type \"Intt\". Did you mean \"Int\"?", {36}},
    {Q "type T @foo { a: Int }", 1, "Unknown directive \"@foo\".", {30}},
    {Q "type T @skip(if: true) { a: Int }", 1, "Directive \"@skip\" may not be used on OBJECT.", {30}},
    {Q "type T { a: Int @deprecated @deprecated }", 1, "The directive \"@deprecated\" can only be used once at this location.", {39, 51}},
    {Q "directive @d on OBJECT type T @d { a: Int } extend type T @d",
     1,
     "The directive \"@d\" can only be used once at this location.",
     {53, 81}},
    {Q "extend type Qery { b: Int }", 1, "Cannot extend type \"Qery\" because it is not defined. Did you mean \"Query\"?", {35}},
    {Q "extend input Query { b: Int }", 1, "Cannot extend non-input object type \"Query\".", {1, 23}},
    {Q "type T { a: Int @deprecated(reson: \"x\") }",
     1,
     "Unknown argument \"reson\" on directive \"@deprecated\". Did you mean \"reason\"?",
     {51}},
    {Q "type T { a: Int @deprecated(reason: \"x\", reason: \"y\") }", 1, "There can be only one argument named \"reason\".", {51, 64}},
    {Q "type T { f(a: S = {x: 1, x: 2}): Int } scalar S", 1, "There can be only one input field named \"x\".", {42, 48}},
    {Q "scalar S @specifiedBy",
     1,
     "Directive \"@specifiedBy\" argument \"url\" of type \"String!\" is required, but it was not provided.",
     {32}},
    {Q "directive @d(a: Int!) on OBJECT type T @d { a: Int }",
     1,
     "Directive \"@d\" argument \"a\" of type \"Int!\" is required, but it was not provided.",
     {62}},
    {"scalar A", 1, "Query root type must be provided.", {0}},
    {"schema { query: A } scalar A", 1, "Query root type must be Object type, it cannot be A.", {17}},
    {Q "schema { query: Query mutation: E } enum E { A }", 1, "Mutation root type must be Object type if provided, it cannot be E.", {55}},
    {Q "type __T { a: Int }", 1, "Name \"__T\" must not begin with \"__\", which is reserved by GraphQL introspection.", {23}},
    {Q "directive @__d on FIELD", 1, "Name \"__d\" must not begin with \"__\", which is reserved by GraphQL introspection.", {23}},
    {Q "type T", 1, "Type T must define one or more fields.", {23}},
    {Q "enum E", 1, "Enum type E must define one or more values.", {23}},
    {Q "union U", 1, "Union type U must define one or more member types.", {23}},
    {Q "input I", 1, "Input Object type I must define one or more fields.", {23}},
    {Q "interface F", 1, "Type F must define one or more fields.", {23}},
    {Q "input I { a: Int } type T { a: I }", 1, "The type of T.a must be Output Type but got: I.", {54}},
    {Q "type T { a(b: Query): Int }", 1, "The type of T.a(b:) must be Input Type but got: Query.", {37}},
    {Q "input I { a: Query }", 1, "The type of I.a must be Input Type but got: Query.", {36}},
    {Q "directive @d(a: Query) on FIELD", 1, "The type of @d(a:) must be Input Type but got: Query.", {36}},
    {Q "type T { a(b: Int! @deprecated): Int }", 1, "Required argument T.a(b:) cannot be deprecated.", {42, 37}},
    {Q "input I { a: Int! @deprecated }", 1, "Required input field I.a cannot be deprecated.", {41, 36}},
    {Q "interface A { x: Int } type T implements A { y: Int }", 1, "Interface field A.x expected but T does not provide it.", {37, 46}},
    {Q "interface A { x: Int } type T implements A { x: String }",
     1,
     "Interface field A.x expects type Int but T.x is type String.",
     {40, 71}},
    {Q "interface A { x(a: Int): Int } type T implements A { x: Int }",
     1,
     "Interface field argument A.x(a:) expected but T.x does not provide it.",
     {39, 76}},
    {Q "interface A { x(a: Int): Int } type T implements A { x(a: ID): Int }",
     1,
     "Interface field argument A.x(a:) expects type Int but T.x(a:) is type ID.",
     {42, 81}},
    {Q "interface A { x: Int } type T implements A { x(a: ID!): Int }",
     1,
     "Object field T.x includes required argument a that is missing from the Interface field A.x.",
     {70, 37}},
    {Q "interface A { x: Int } type T implements A & A { x: Int }", 1, "Type T can only implement A once.", {64, 68}},
    {Q "interface A implements A { x: Int }", 1, "Type A cannot implement itself because it would create a circular reference.", {46}},
    {Q "type T implements Query { a: Int }", 1, "Type T must only implement Interface types, it cannot implement Query.", {41}},
    {Q "interface A { x: Int } interface B implements A { x: Int } type T implements B { x: Int }",
     1,
     "Type T must implement A because it is implemented by B.",
     {69, 100}},
    {Q "interface A implements B { x: Int } interface B implements A { x: Int }",
     2,
     "Type A cannot implement B because it would create a circular reference.",
     {82, 46}},
    {Q "union U = Query | Query", 1, "Union type U can only include type Query once.", {33, 41}},
    {Q "union U = I input I { a: Int }", 1, "Union type U can only include Object types, it cannot include I.", {33}},
    {Q "input A { b: B! } input B { a: A! }",
     1,
     "Cannot reference Input Object \"A\" within itself through a series of non-null fields: \"b.a\".",
     {33, 51}},
    {Q "input O @oneOf { a: Int! }", 1, "OneOf input field O.a must be nullable.", {43}},
    {Q "input O @oneOf { a: Int = 3 }", 1, "OneOf input field O.a cannot have a default value.", {40}},
    {"{ a }", 1, "A schema cannot contain operations or fragments.", {1}},
    {"type Query { a(b: Int = \"x\"): Int }", 1, "The default value of Query.a(b:) is not a valid value of type \"Int\".", {25}},
    {"directive @d(a: [Int!] = [null]) on FIELD " Q, 1, "The default value of @d(a:) is not a valid value of type \"[Int!]\".", {26}},
    {Q "input I { a: I = {} }", 1, "The default value of I.a depends on itself.", {40}},
    {Q "input I { a: J = {} } input J { b: [I] = [{}] }", 1, "The default value of I.a depends on itself.", {40}},
    {Q "enum E { A @deprecated(reason: 1) }", 1, "Argument \"reason\" has invalid value 1.", {54}},
    {"type Query { a: Int", 1, "Syntax Error: Expected Name, found <EOF>.", {20}},
};

static void test_errors(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        assert_int_equal(build(&f, cases[i].sdl), LK_EINVAL);
        assert_null(f.schema);
        assert_string_equal(f.errors.first->message, cases[i].message);
        assert_int_equal(f.errors.count, cases[i].count);
        size_t columns = cases[i].columns[0] == 0 ? 0 : cases[i].columns[1] == 0 ? 1 : 2;
        assert_int_equal(f.errors.first->locations_len, columns);
        for (size_t j = 0; j < columns; j++)
            assert_int_equal(f.errors.first->locations[j] + 1, cases[i].columns[j]);
        end(&f);
    }
}

static void test_allowed(void **state) {
    (void)state;
    static const char *const allowed[] = {
        Q "input A { b: B! c: B! } input B { x: Int } input C { a: A! b: B! }", /* two ways to B, no circle */
        Q "input A { a: A b: [A!]! c: [A]! }",                                  /* circles that can end */
        Q "input A { a: A = {a: null} }",
        Q "input A { a: [A!] = [] b: B = {a: {b: null}} } input B { a: A }",
        Q "directive @r repeatable on OBJECT type T @r @r { a: Int } extend type T @r",
        Q "extend input I { b: Int @onField } input I { a: Int } directive @onField on INPUT_FIELD_DEFINITION",
        Q "type skip { a: Int } directive @Query on FIELD",
        Q "interface A { x: A y(a: Int): [A!] } type T implements A { x: T! y(a: Int b: Int! = 3): [T!]! }",
        "schema { query: Root } type Root { Mutation: Mutation } type Mutation { a: Int }",
    };
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        struct fixture f;
        assert_int_equal(build(&f, allowed[i]), 0);
        assert_int_equal(f.errors.count, 0);
        end(&f);
    }
}

static void test_no_memory(void **state) {
    (void)state;
    /* The errors' arena is also what checking works in. Whatever its limit, there is a schema, or LK_ENOMEM and none. */
    for (size_t limit = 0; limit < 16384; limit += 64) {
        struct lk_arena arena;
        struct gql_errors errors;
        struct gql_schema *schema = NULL;
        lk_arena_init(&arena, limit);
        gql_errors_init(&errors, &arena, NULL);
        int code = gql_schema_build((struct lk_slice)LK_SLICE(Q "input A { a: Int = 1 b: B = {} } input B { c: [A!] } enum E { X Y }"
                                                                " directive @d(a: Int b: Int) on FIELD union U = Query"),
                                    &schema, &errors);
        assert_true(code == 0 ? schema != NULL : code == LK_ENOMEM && schema == NULL);
        assert_int_equal(errors.count, 0);
        gql_schema_free(schema);
        lk_arena_free(&arena);
    }
}

static void test_many_errors(void **state) {
    (void)state;
    struct fixture f;
    struct lk_buf sdl_text = {0};
    for (int i = 0; i < 3000; i++)
        lk_buf_addf(&sdl_text, "type Type%d { f: Typo%d }", i, i);
    lk_buf_add(&sdl_text, lk_slice_make("", 1)); /* the NUL */
    assert_int_equal(build(&f, sdl_text.ptr), LK_EINVAL);
    assert_int_equal(f.errors.count, GQL_ERRORS_MAX + 1);
    lk_buf_free(&sdl_text);
    end(&f);
}

/* --- what is built --- */

static const char sdl[] =
    "\"the schema\" schema { query: Q } extend schema { mutation: M }"
    " type Q implements N { \"d\" id: ID! old(\"x\" n: Int = 3, f: F = {}): [U!]! @deprecated } extend type Q { e: E }"
    " interface N { id: ID! } interface M2 implements N { id: ID! } type M implements M2 & N { id: ID! }"
    " union U = Q | M enum E { A B @deprecated(reason: \"gone\") C @deprecated(reason: null) }"
    " input F { a: [Int] = 3, b: E! = B, c: String } input O @oneOf { a: Int b: Int }"
    " scalar S @specifiedBy(url: \"https://s\") directive @d(s: Float) repeatable on QUERY | FIELD";

static void test_members(void **state) {
    (void)state;
    struct fixture f;
    assert_int_equal(build(&f, sdl), 0);
    assert_text(gql_schema_description(f.schema), "the schema");
    assert_ptr_equal(gql_schema_root(f.schema, GQL_QUERY), type(&f, "Q"));
    assert_ptr_equal(gql_schema_root(f.schema, GQL_MUTATION), type(&f, "M"));
    assert_null(gql_schema_root(f.schema, GQL_SUBSCRIPTION));
    assert_int_equal(type(&f, "Q")->fields_len, 3);
    assert_text(type(&f, "Q")->fields[2].name, "e");
    const struct gql_field *old = field(&f, "Q", "old");
    assert_true(old->deprecated);
    assert_text(old->deprecation_reason, "No longer supported");
    const struct gql_input *n = gql_field_argument(old, (struct lk_slice)LK_SLICE("n"));
    assert_text(n->description, "x");
    assert_int_equal(n->default_value->integer, 3);
    assert_null(gql_field_argument(old, (struct lk_slice)LK_SLICE("m")));
    const struct gql_value *filter = gql_field_argument(old, (struct lk_slice)LK_SLICE("f"))->default_value;
    assert_int_equal(gql_value_get(filter, "a")->list.items[0].integer, 3);
    assert_text(gql_value_text(gql_value_get(filter, "b")), "B");
    assert_null(gql_value_get(filter, "c"));
    assert_false(gql_type_enum_value(type(&f, "E"), (struct lk_slice)LK_SLICE("A"))->deprecated);
    assert_text(gql_type_enum_value(type(&f, "E"), (struct lk_slice)LK_SLICE("B"))->deprecation_reason, "gone");
    assert_false(gql_type_enum_value(type(&f, "E"), (struct lk_slice)LK_SLICE("C"))->deprecated);
    assert_null(gql_type_enum_value(type(&f, "E"), (struct lk_slice)LK_SLICE("D")));
    assert_true(type(&f, "O")->one_of);
    assert_false(type(&f, "F")->one_of);
    assert_null(gql_type_input(type(&f, "F"), (struct lk_slice)LK_SLICE("c"))->default_value);
    assert_text(type(&f, "S")->specified_by, "https://s");
    assert_null(type(&f, "S")->description.ptr);
    const struct gql_directive_def *d = gql_schema_directive(f.schema, (struct lk_slice)LK_SLICE("d"));
    assert_true(d->repeatable);
    assert_int_equal(d->locations, 1u << GQL_LOC_QUERY | 1u << GQL_LOC_FIELD);
    assert_non_null(gql_directive_argument(d, (struct lk_slice)LK_SLICE("s")));
    assert_null(gql_schema_type(f.schema, (struct lk_slice)LK_SLICE("Meta")));
    end(&f);
}

static void test_order(void **state) {
    (void)state;
    static const char *const types[] = {"Q",
                                        "ID",
                                        "Int",
                                        "N",
                                        "M2",
                                        "M",
                                        "U",
                                        "E",
                                        "F",
                                        "String",
                                        "O",
                                        "S",
                                        "Float",
                                        "Boolean",
                                        "__Schema",
                                        "__Type",
                                        "__TypeKind",
                                        "__Field",
                                        "__InputValue",
                                        "__EnumValue",
                                        "__Directive",
                                        "__DirectiveLocation"};
    static const char *const directives[] = {"d", "include", "skip", "deprecated", "specifiedBy", "oneOf"};
    struct fixture f;
    assert_int_equal(build(&f, sdl), 0);
    assert_int_equal(gql_schema_type_count(f.schema), sizeof(types) / sizeof(types[0]));
    for (size_t i = 0; i < gql_schema_type_count(f.schema); i++) {
        assert_text(gql_schema_type_at(f.schema, i)->name, types[i]);
        assert_int_equal(gql_schema_type_at(f.schema, i)->index, i);
    }
    assert_int_equal(gql_schema_directive_count(f.schema), sizeof(directives) / sizeof(directives[0]));
    for (size_t i = 0; i < gql_schema_directive_count(f.schema); i++)
        assert_text(gql_schema_directive_at(f.schema, i)->name, directives[i]);
    assert_true(type(&f, "Int")->builtin);
    assert_true(type(&f, "__Type")->builtin);
    assert_false(type(&f, "S")->builtin);
    end(&f);
}

static void test_unused_scalars_are_absent(void **state) {
    (void)state;
    struct fixture f;
    assert_int_equal(build(&f, "type Query { a: String }"), 0);
    assert_null(gql_schema_type(f.schema, (struct lk_slice)LK_SLICE("Int")));
    assert_null(gql_schema_type(f.schema, (struct lk_slice)LK_SLICE("ID")));
    assert_non_null(gql_schema_type(f.schema, (struct lk_slice)LK_SLICE("Boolean")));
    end(&f);
}

static void test_own_definition_of_a_standard_directive(void **state) {
    (void)state;
    struct fixture f;
    assert_int_equal(build(&f, "directive @skip(x: Int) on QUERY " Q), 0);
    assert_int_equal(gql_schema_directive_count(f.schema), 5);
    assert_text(gql_schema_directive_at(f.schema, 0)->name, "skip");
    assert_non_null(
        gql_directive_argument(gql_schema_directive(f.schema, (struct lk_slice)LK_SLICE("skip")), (struct lk_slice)LK_SLICE("x")));
    end(&f);
}

static void test_meta_fields(void **state) {
    (void)state;
    struct fixture f;
    assert_int_equal(build(&f, sdl), 0);
    assert_ptr_equal(gql_type_named(field(&f, "Q", "__schema")->type), type(&f, "__Schema"));
    assert_int_equal(field(&f, "Q", "__type")->arguments_len, 1);
    assert_non_null(field(&f, "U", "__typename"));
    assert_non_null(field(&f, "N", "__typename"));
    assert_non_null(field(&f, "__Type", "__typename"));
    assert_null(gql_type_field(f.schema, type(&f, "M"), (struct lk_slice)LK_SLICE("__schema")));
    assert_null(gql_type_field(f.schema, type(&f, "E"), (struct lk_slice)LK_SLICE("__typename")));
    assert_null(gql_type_field(f.schema, type(&f, "Q"), (struct lk_slice)LK_SLICE("__other")));
    end(&f);
}

/* --- relations --- */

static const struct gql_type *ref(struct fixture *f, const char *text) {
    char source[64] = "query($a:";
    struct gql_document *document = NULL;
    strcat(strcat(source, text), "){a}");
    struct lk_slice copy = {NULL, 0};
    assert_int_equal(lk_arena_copy(&f->arena, lk_slice_cstr(source), &copy), 0);
    assert_int_equal(gql_parse(copy, NULL, &f->arena, &document, &f->errors), 0);
    const struct gql_type *ret = NULL;
    assert_int_equal(gql_type_from_ref(f->schema, document->operations->variables->type, &f->arena, &ret), 0);
    return ret;
}

static void test_relations(void **state) {
    (void)state;
    struct fixture f;
    assert_int_equal(build(&f, sdl), 0);
    assert_int_equal(type(&f, "N")->possible_len, 2);
    assert_ptr_equal(type(&f, "N")->possible[0], type(&f, "Q"));
    assert_ptr_equal(type(&f, "N")->possible[1], type(&f, "M"));
    assert_int_equal(type(&f, "U")->possible_len, 2);
    assert_int_equal(type(&f, "Q")->possible_len, 1);
    assert_true(gql_type_is_possible(type(&f, "N"), type(&f, "Q")));
    assert_false(gql_type_is_possible(type(&f, "M2"), type(&f, "Q")));
    assert_false(gql_type_is_possible(type(&f, "N"), type(&f, "M2")));
    assert_true(gql_type_is_possible(type(&f, "Q"), type(&f, "Q")));
    assert_true(gql_type_is_subtype(type(&f, "N"), type(&f, "M2")));
    assert_false(gql_type_is_subtype(type(&f, "M2"), type(&f, "N")));
    assert_true(gql_type_is_subtype(ref(&f, "[N]"), ref(&f, "[M!]!")));
    assert_false(gql_type_is_subtype(ref(&f, "[N!]"), ref(&f, "[M]!")));
    assert_false(gql_type_is_subtype(ref(&f, "[N]"), ref(&f, "M")));
    assert_false(gql_type_is_subtype(ref(&f, "N"), ref(&f, "[M]")));
    assert_true(gql_type_is_subtype(ref(&f, "[[[S]]]"), ref(&f, "[[[S!]]!]")));
    assert_true(gql_type_is_input(ref(&f, "[F!]")));
    assert_false(gql_type_is_output(ref(&f, "[F!]")));
    assert_true(gql_type_is_input(ref(&f, "E")) && gql_type_is_output(ref(&f, "E")) && gql_type_is_leaf(ref(&f, "E!")));
    end(&f);
}

static void test_references(void **state) {
    (void)state;
    struct fixture f;
    assert_int_equal(build(&f, sdl), 0);
    assert_ptr_equal(ref(&f, "[U!]!"), field(&f, "Q", "old")->type);
    assert_ptr_equal(ref(&f, "ID!"), field(&f, "Q", "id")->type);
    assert_null(ref(&f, "[Nope]"));
    struct lk_buf buf = {0};
    gql_type_print(ref(&f, "[[Int!]]!"), &buf);
    assert_text(lk_buf_slice(&buf), "[[Int!]]!");
    lk_buf_free(&buf);
    end(&f);
}

/* --- binding --- */

static int resolve(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    (void)source;
    (void)ret;
    return 0;
}

static void check_bind(const struct gql_binding *bindings, size_t len, const char *expected) {
    struct fixture f;
    struct lk_problem problem = {0};
    assert_int_equal(build(&f, "type Query { a: Int b: Int } type T { c: Int } interface I { d: Int }"), 0);
    int code = gql_schema_bind(f.schema, bindings, len, &problem);
    assert_int_equal(code, expected == NULL ? 0 : LK_EINVAL);
    if (expected != NULL)
        assert_string_equal(problem.text, expected);
    else
        assert_ptr_equal(field(&f, "T", "c")->resolve, resolve);
    end(&f);
}

static void test_bind(void **state) {
    (void)state;
    static const struct gql_binding all[] = {
        {"Query", "a", resolve}, {"T", "c", resolve}, {"Query", "b", resolve}, {"Query", "a", resolve}};
    static const struct gql_binding no_type[] = {{"Qery", "a", resolve}};
    static const struct gql_binding no_field[] = {{"Query", "z", resolve}};
    static const struct gql_binding interface[] = {{"I", "d", resolve}};
    static const struct gql_binding builtin[] = {{"__Type", "name", resolve}};
    check_bind(all, 3, NULL);
    check_bind(all, 2, "Query.b has no resolver");
    check_bind(all, 4, "Query.a has two resolvers");
    check_bind(no_type, 1, "Qery.a has a resolver but the schema has no object type Qery");
    check_bind(no_field, 1, "Query.z has a resolver but is not in the schema");
    check_bind(interface, 1, "I.d has a resolver but the schema has no object type I");
    check_bind(builtin, 1, "__Type.name has a resolver but the schema has no object type __Type");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_many_errors),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_unused_scalars_are_absent),
        cmocka_unit_test(test_own_definition_of_a_standard_directive),
        cmocka_unit_test(test_meta_fields),
        cmocka_unit_test(test_relations),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_bind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
