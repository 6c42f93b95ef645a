/* Documents to trees: the grammar, positions, limits, and graphql-js's words for what is not in it. */
#include "parse_case.h"

#include <stdlib.h>

static const struct parse_case cases[] = {
    {"", "Unexpected <EOF>.", 1, 1},
    {"#c\n", "Unexpected <EOF>.", 2, 1},
    {"{", "Expected Name, found <EOF>.", 1, 2},
    {"{ a", "Expected Name, found <EOF>.", 1, 4},
    {"{ a }}", "Unexpected \"}\".", 1, 6},
    {"{ a } b", "Unexpected Name \"b\".", 1, 7},
    {"query", "Expected \"{\", found <EOF>.", 1, 6},
    {"query {", "Expected Name, found <EOF>.", 1, 8},
    {"{ }", "Expected Name, found \"}\".", 1, 3},
    {"{ a() }", "Expected Name, found \")\".", 1, 5},
    {"{ a: b: c }", "Expected Name, found \":\".", 1, 7},
    {"{ a @ }", "Expected Name, found \"}\".", 1, 7},
    {"{ a {} }", "Expected Name, found \"}\".", 1, 6},
    {"{ a(b: {c: 1) }", "Expected Name, found \")\".", 1, 13},
    {"{ a(b: [1, 2 }", "Unexpected \"}\".", 1, 14},
    {"{ a(b: {c 1}) }", "Expected \":\", found Int \"1\".", 1, 11},
    {"{a(b:\"\" \"\")}", "Expected Name, found String \"\".", 1, 9},
    {"query () { a }", "Expected \"$\", found \")\".", 1, 8},
    {"query (a: Int) { a }", "Expected \"$\", found Name \"a\".", 1, 8},
    {"query ($a Int) { a }", "Expected \":\", found Name \"Int\".", 1, 11},
    {"query ($a: [Int) { a }", "Expected \"]\", found \")\".", 1, 16},
    {"query ($a: Int!!) { a }", "Expected \"$\", found \"!\".", 1, 16},
    {"query ($a: Int = $b) { a }", "Unexpected variable \"$b\" in constant value.", 1, 18},
    {"query ($a: Int = $) { a }", "Unexpected \"$\".", 1, 18},
    {"query Q @d(a: $b) { a } query (@d) { a }", "Expected \"$\", found \"@\".", 1, 32},
    {"{ ...on }", "Expected Name, found \"}\".", 1, 9},
    {"fragment on on T { a }", "Unexpected Name \"on\".", 1, 10},
    {"fragment F on { a }", "Expected Name, found \"{\".", 1, 15},
    {"fragment F { a }", "Expected \"on\", found \"{\".", 1, 12},
    {"{ ...\"on\" }", "Expected \"{\", found String \"on\".", 1, 6},
    {"\"x\" { a }", "Unexpected description, descriptions are not supported on shorthand queries.", 1, 1},
    {"\"x\" extend type A { b: Int }", "Unexpected description, only GraphQL definitions support descriptions.", 1, 1},
    {"\"x\" 12", "Unexpected Int \"12\".", 1, 5},
    {"\"x\"", "Unexpected <EOF>.", 1, 4},
    {"foo", "Unexpected Name \"foo\".", 1, 1},
    {"\"a\" foo", "Unexpected description, only GraphQL definitions support descriptions.", 1, 1},
    {"schema { }", "Expected Name, found \"}\".", 1, 10},
    {"schema { foo: X }", "Unexpected Name \"foo\".", 1, 10},
    {"extend schema", "Unexpected <EOF>.", 1, 14},
    {"extend schema {", "Expected Name, found <EOF>.", 1, 16},
    {"extend scalar S", "Unexpected <EOF>.", 1, 16},
    {"extend type T", "Unexpected <EOF>.", 1, 14},
    {"extend interface I", "Unexpected <EOF>.", 1, 19},
    {"extend union U", "Unexpected <EOF>.", 1, 15},
    {"extend enum E", "Unexpected <EOF>.", 1, 14},
    {"extend input I", "Unexpected <EOF>.", 1, 15},
    {"extend foo", "Unexpected Name \"foo\".", 1, 8},
    {"extend 1", "Unexpected Int \"1\".", 1, 8},
    {"extend directive @e on FIELD", "Unexpected Name \"directive\".", 1, 8},
    {"type T implements", "Expected Name, found <EOF>.", 1, 18},
    {"type T {}", "Expected Name, found \"}\".", 1, 9},
    {"type T { a: Int = 3 }", "Expected Name, found \"=\".", 1, 17},
    {"union U =", "Expected Name, found <EOF>.", 1, 10},
    {"enum F { true }", "Name \"true\" is reserved and cannot be used for an enum value.", 1, 10},
    {"enum F { \"a\" \"false\" }", "String \"false\" is reserved and cannot be used for an enum value.", 1, 14},
    {"directive @e on FOO", "Unexpected Name \"FOO\".", 1, 17},
    {"directive e on FIELD", "Expected \"@\", found Name \"e\".", 1, 11},
    {"directive @e repeatable", "Expected \"on\", found <EOF>.", 1, 24},
    {"input I { a: Int = $x }", "Unexpected variable \"$x\" in constant value.", 1, 20},
    {"scalar", "Expected Name, found <EOF>.", 1, 7},
    {"{ a \xff }", "Document is not valid UTF-8.", 1, 5},
};

static void test_errors(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_parse_case(&cases[i]);
}

struct fixture {
    struct lk_arena arena;
    struct gql_errors errors;
    struct gql_document *document;
};

static int parse(struct fixture *f, const char *source, const struct gql_parse_limits *limits) {
    lk_arena_init(&f->arena, (size_t)64 << 20);
    gql_errors_init(&f->errors, &f->arena, NULL);
    f->document = NULL;
    return gql_parse(lk_slice_cstr(source), limits, &f->arena, &f->document, &f->errors);
}

static void end(struct fixture *f) {
    lk_arena_free(&f->arena);
}

static void assert_text(struct lk_slice text, const char *expected) {
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

static void test_operation(void **state) {
    (void)state;
    struct fixture f;
    assert_int_equal(
        parse(&f, "\"doc\" query Q(\"v\" $a: [Int!]! = [1] @d, $b: B) @x(y: $a) { k: f(a: $b, c: {d: E}) @skip(if: true) { ...F } }", NULL),
        0);
    const struct gql_operation *q = f.document->operations;
    assert_null(q->next);
    assert_int_equal(q->kind, GQL_QUERY);
    assert_int_equal(q->at, 0);
    assert_false(q->shorthand);
    assert_text(q->description, "doc");
    assert_text(q->name.text, "Q");
    const struct gql_variable *a = q->variables;
    assert_text(a->description, "v");
    assert_int_equal(a->at, 14);
    assert_int_equal(a->name.at, 18);
    assert_text(a->name.text, "a");
    assert_int_equal(a->type->kind, GQL_REF_NON_NULL);
    assert_int_equal(a->type->of->kind, GQL_REF_LIST);
    assert_int_equal(a->type->of->of->kind, GQL_REF_NON_NULL);
    assert_text(a->type->of->of->of->name, "Int");
    assert_int_equal(a->type->at, 22);
    assert_int_equal(a->default_value->kind, GQL_LIT_LIST);
    assert_text(a->directives->name.text, "d");
    assert_null(a->next->description.ptr);
    assert_null(a->next->default_value);
    assert_int_equal(q->directives->arguments->value->kind, GQL_LIT_VARIABLE);
    const struct gql_selection *field = q->selections;
    assert_int_equal(field->kind, GQL_SEL_FIELD);
    assert_text(field->alias.text, "k");
    assert_text(field->name.text, "f");
    assert_int_equal(field->arguments->next->value->fields->value->kind, GQL_LIT_ENUM);
    assert_text(field->directives->name.text, "skip");
    assert_true(field->directives->arguments->value->boolean);
    assert_int_equal(field->selections->kind, GQL_SEL_SPREAD);
    assert_text(field->selections->name.text, "F");
    end(&f);
}

static void test_fragments_and_order(void **state) {
    (void)state;
    struct fixture f;
    assert_int_equal(
        parse(&f, "{ a ... @i { b } ... on T { c } ...on } mutation { m } \"d\" fragment F on T { on } subscription S { s }", NULL),
        LK_EINVAL);
    end(&f);
    assert_int_equal(
        parse(&f, "{ a ... @i { b } ... on T { c } ...on2 } mutation { m } \"d\" fragment F on T { on } subscription S { s }", NULL), 0);
    const struct gql_operation *q = f.document->operations;
    assert_true(q->shorthand);
    const struct gql_selection *inline1 = q->selections->next;
    assert_int_equal(inline1->kind, GQL_SEL_INLINE);
    assert_null(inline1->on.text.ptr);
    assert_text(inline1->next->on.text, "T");
    assert_int_equal(inline1->next->next->kind, GQL_SEL_SPREAD);
    assert_int_equal(q->next->kind, GQL_MUTATION);
    assert_null(q->next->name.text.ptr);
    assert_int_equal(q->next->next->kind, GQL_SUBSCRIPTION);
    assert_text(f.document->fragments->description, "d");
    assert_text(f.document->fragments->on.text, "T");
    assert_text(f.document->fragments->selections->name.text, "on");
    end(&f);
}

static void test_type_system(void **state) {
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f,
                           "\"s\" schema @a { query: Q } extend schema { mutation: M } scalar S @specifiedBy(url: \"u\")"
                           " type T implements & A & B { \"f\" f(\"x\" x: Int = 1 @y): String! @deprecated } extend type T @d"
                           " interface I implements J { a: Int } union U = | A | B enum E { A \"b\" B @c } input N { a: Int = 3 }"
                           " directive @d(a: Int) repeatable on | FIELD | QUERY",
                           NULL),
                     0);
    const struct gql_definition *d = f.document->definitions;
    assert_int_equal(d->kind, GQL_DEF_SCHEMA);
    assert_text(d->description, "s");
    assert_text(d->roots->type.text, "Q");
    d = d->next;
    assert_true(d->extension);
    assert_int_equal(d->roots->kind, GQL_MUTATION);
    d = d->next;
    assert_int_equal(d->kind, GQL_DEF_SCALAR);
    d = d->next;
    assert_int_equal(d->kind, GQL_DEF_OBJECT);
    assert_text(d->interfaces->next->name.text, "B");
    assert_text(d->fields->description, "f");
    assert_text(d->fields->arguments->description, "x");
    assert_text(d->fields->arguments->directives->name.text, "y");
    assert_int_equal(d->fields->type->kind, GQL_REF_NON_NULL);
    d = d->next;
    assert_true(d->extension);
    assert_text(d->directives->name.text, "d");
    d = d->next;
    assert_int_equal(d->kind, GQL_DEF_INTERFACE);
    d = d->next;
    assert_text(d->members->next->name.text, "B");
    d = d->next;
    assert_text(d->values->next->description, "b");
    d = d->next;
    assert_text(d->inputs->default_value->text, "3");
    d = d->next;
    assert_int_equal(d->kind, GQL_DEF_DIRECTIVE);
    assert_true(d->repeatable);
    assert_text(d->locations->next->name.text, "QUERY");
    assert_null(d->next);
    end(&f);
}

static void test_value(void **state) {
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, "query($v: V = {a: [1, null, \"x\", \"\"\"y\"\"\"]}) {a}", NULL), 0);
    const struct gql_literal *item = f.document->operations->variables->default_value->fields->value->items;
    assert_int_equal(item->kind, GQL_LIT_INT);
    assert_int_equal(item->next->kind, GQL_LIT_NULL);
    assert_false(item->next->next->block);
    assert_true(item->next->next->next->block);
    end(&f);
}

static void test_token_limit(void **state) {
    (void)state;
    struct fixture f;
    struct gql_parse_limits limits = {.tokens = 4};
    assert_int_equal(parse(&f, "{ a b }", &limits), 0);
    end(&f);
    limits.tokens = 3;
    assert_int_equal(parse(&f, "{ a b }", &limits), LK_ELIMIT);
    assert_int_equal(f.errors.count, 1);
    assert_string_equal(f.errors.first->message, "Syntax Error: Document contains more that 3 tokens. Parsing aborted.");
    assert_int_equal(f.errors.first->locations[0], 6);
    end(&f);
}

/* depth times opening, then middle, then depth times closing. */
static char *nest(const char *opening, const char *middle, const char *closing, size_t depth) {
    char *text = malloc(depth * (strlen(opening) + strlen(closing)) + strlen(middle) + 1);
    assert_non_null(text);
    char *end = text;
    for (size_t i = 0; i < depth; i++)
        end = stpcpy(end, opening);
    end = stpcpy(end, middle);
    for (size_t i = 0; i < depth; i++)
        end = stpcpy(end, closing);
    return text;
}

static void check_depth(const char *opening, const char *middle, const char *closing, size_t depth, int expected) {
    struct fixture f;
    char *text = nest(opening, middle, closing, depth);
    assert_int_equal(parse(&f, text, NULL), expected);
    assert_int_equal(f.errors.count, expected == 0 ? 0 : 1);
    if (expected != 0)
        assert_string_equal(f.errors.first->message, "Syntax Error: Document is nested deeper than 200 levels. Parsing aborted.");
    end(&f);
    free(text);
}

static void test_depth_limit(void **state) {
    (void)state;
    check_depth("{a", "", "}", 200, 0);
    check_depth("{a", "", "}", 201, LK_ELIMIT);
    check_depth("{a", "", "}", 100000, LK_ELIMIT);
    check_depth("{...", "{a}", "}", 100000, LK_ELIMIT);
}

static void test_deep_values_and_types(void **state) {
    (void)state;
    struct fixture f;
    const char *const insides[] = {"1", "T"};
    for (int i = 0; i < 2; i++) {
        char *nested = nest("[", insides[i], "]", 100000);
        char *document = malloc(strlen(nested) + 32);
        assert_non_null(document);
        stpcpy(stpcpy(stpcpy(document, i == 0 ? "query($a:V=" : "query($a:"), nested), "){a}");
        assert_int_equal(parse(&f, document, NULL), LK_ELIMIT);
        end(&f);
        free(document);
        free(nested);
    }
}

static void test_no_memory(void **state) {
    (void)state;
    /* Whatever the arena's limit, the answer is a document or LK_ENOMEM, never a wrong error. */
    for (size_t limit = 0; limit < 4096; limit += 16) {
        struct lk_arena arena;
        struct gql_errors errors;
        struct gql_document *document = NULL;
        lk_arena_init(&arena, limit);
        gql_errors_init(&errors, &arena, NULL);
        int code = gql_parse(
            (struct lk_slice)LK_SLICE("query Q($a: [Int] = 1) { a(b: \"\\n\", c: {d: \"\"\"e\"\"\"}) @f ...G } fragment G on T { h }"),
            NULL, &arena, &document, &errors);
        assert_true(code == 0 || code == LK_ENOMEM);
        assert_int_equal(errors.count, 0);
        lk_arena_free(&arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_operation),
        cmocka_unit_test(test_fragments_and_order),
        cmocka_unit_test(test_type_system),
        cmocka_unit_test(test_value),
        cmocka_unit_test(test_token_limit),
        cmocka_unit_test(test_depth_limit),
        cmocka_unit_test(test_deep_values_and_types),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
