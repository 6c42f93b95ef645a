/*
 * No memory: each allocation of building a schema and of parsing, checking, running and answering a document fails in turn. It is called lack of memory and
 * nothing else, leaves no half of an answer, and the next try goes well.
 */
#include "../faults.h"
#include "engine.h"
#include "graphql/validate.h"

static const char sdl[] =
    "\"\"\"All of it\"\"\" schema @mark(label: \"s\") { query: Query mutation: Mutation }\n"
    "directive @mark(label: String!, levels: [Int!] = [1, 2]) repeatable on SCHEMA | FIELD | QUERY | OBJECT\n"
    "scalar Any @specifiedBy(url: \"https://example.com\")\n"
    "enum Color { RED \"not used\" GREEN @deprecated(reason: \"too green\") }\n"
    "interface Being { name: String } interface Pet implements Being { name: String owner: Human }\n"
    "type Dog implements Pet & Being { name: String owner: Human age(unit: String = \"years\"): Int color: Color any: Any }\n"
    "type Human implements Being { name: String pets(first: Int! = 2): [Pet!]! friend: Human any: Any }\n"
    "union Thing = Dog | Human extend type Human { height: Float }\n"
    "input Filter { name: String = \"x\" tags: [String!] next: Filter color: Color = RED real: Float id: ID flag: Boolean }\n"
    "input Choice @oneOf { id: ID name: String }\n"
    "type Query { dog: Dog thing: Thing find(filter: Filter, many: [Filter!], choice: Choice, any: Any): Human pet: Pet }\n"
    "type Mutation { rename(name: String!): Human }";

static const struct request {
    const char *query;
    const char *variables;
} requests[] = {
    {"query Q($f: Filter = {name: \"y\", tags: [\"a\", \"b\"]}, $all: [Filter!]!, $on: Boolean!, $any: Any) @mark(label: \"q\") {\n"
     "  a: dog { ...Names @include(if: $on) age(unit: \"\"\"months\"\"\") any color }\n"
     "  b: find(filter: $f, many: $all, any: [1, {x: $any}, \"s\", 1.5, true, null, RED]) { ...Names pets { __typename ... on Dog { color "
     "} } }\n"
     "  thing { __typename ... on Human { friend { name } height } ... @skip(if: $on) { ... on Dog { name } } } pet { name } }\n"
     "fragment Names on Being { name ... on Pet { owner { name ...More } } } fragment More on Human { friend { name } }",
     "{\"f\":{\"name\":\"z\",\"tags\":[\"\\u00e9\"],\"next\":{\"real\":1.5,\"id\":7,\"flag\":true}},\"all\":[{\"color\":\"GREEN\"}],\"on\":"
     "true,"
     "\"any\":{\"deep\":[1,2.5,\"x\",false,null]}}"},
    {"mutation { first: rename(name: \"a\") { name } second: rename(name: \"b\") { pets(first: 1) { name } } }", NULL},
    {"{ __schema { description types { kind name description specifiedByURL isOneOf fields(includeDeprecated: true) { name isDeprecated "
     "args { name defaultValue\n"
     "  type { name ofType { name } } } type { kind } } inputFields { name defaultValue } interfaces { name } possibleTypes { name }\n"
     "  enumValues(includeDeprecated: true) { name deprecationReason } } directives { name locations isRepeatable args { name } } "
     "queryType { name } } __type(name: \"Dog\") { name } }",
     NULL},
    /* Refused: unknown things with something near, fragments, conflicts, values, variables. */
    {"{ dgo { name } dog { nme ...Lost ...Round owner { name: any name } } find(fliter: 1) { name } pet { color } }\n"
     "fragment Round on Dog { ...Round } fragment Unused on Humn { name }",
     NULL},
    {"query A($x: Filte, $x: Int, $unused: Int) { find(filter: {nam: \"x\", tags: [1, 2], color: GREN}, choice: {id: 1, name: \"x\"}) { "
     "name @skip @mark @nowhere } }\n"
     "query A { dog } { dog { name { x } } }",
     NULL},
    {"{ dog { a: age a: name b: age(unit: \"x\") b: age(unit: \"y\") owner { c: name } owner { c: any } } thing { ... on Dog { d: name } "
     "... on Human { d: height } } }",
     NULL},
    {"query ($f: Filter!, $l: [Filter!], $n: Int!) { find(filter: $f, many: $l) { name pets(first: $n) { name } } }",
     "{\"f\":{\"nam\":1,\"tags\":[1,null],\"color\":\"GREN\",\"flag\":\"x\",\"id\":1.5},\"l\":[null],\"n\":1.5}"},
    {"query One { dog { name } } query Two { dog { name } }", NULL},
    {"{ dog(: }", NULL},
    {"{ dog { name(a: \"\\uD800\") } }", NULL},
};

static int resolve(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_slice name = call->field->name;
    if (lk_slice_is(name, "pets")) {
        struct gql_out *items = lk_arena_calloc(call->arena, 2, sizeof(*items));
        if (items == NULL)
            return LK_ENOMEM;
        for (size_t i = 0; i < 2; i++)
            items[i] = (struct gql_out){.kind = GQL_OUT_OBJECT, .type_name = "Dog"};
        *ret = (struct gql_out){.kind = GQL_OUT_LIST, .items = items, .items_len = 2};
    } else if (lk_slice_is(name, "name")) {
        *ret = (struct gql_out){.kind = GQL_OUT_STRING, .text = LK_SLICE("Rex")};
    } else if (lk_slice_is(name, "friend")) {
        return gql_fail(call, "NOT_FOUND", "%s", "There is none");
    } else if (lk_slice_is(name, "age")) {
        *ret = (struct gql_out){.kind = GQL_OUT_STRING, .text = LK_SLICE("old")}; /* no Int */
    } else if (lk_slice_is(name, "color")) {
        *ret = (struct gql_out){.kind = GQL_OUT_STRING, .text = LK_SLICE("GREEN")};
    } else if (!lk_slice_is(name, "any") && !lk_slice_is(name, "height")) {
        *ret = (struct gql_out){.kind = GQL_OUT_OBJECT, .type_name = lk_slice_is(name, "thing") ? "Human" : "Dog"};
    }
    return 0;
}

/* All that a server does with a request. The answer is in out, which a failure leaves empty. */
static int serve(const struct gql_schema *schema, const struct request *request, struct lk_arena *arena, struct lk_buf *out) {
    struct gql_errors errors;
    gql_errors_init(&errors, arena, "GRAPHQL_VALIDATION_FAILED");
    struct lk_json *variables = NULL;
    if (request->variables != NULL) {
        int code = lk_json_parse(lk_slice_cstr(request->variables), arena, &variables, NULL);
        if (code != 0)
            return code;
    }
    struct gql_document *document = NULL;
    int code = gql_parse(lk_slice_cstr(request->query), &(struct gql_parse_limits){0}, arena, &document, &errors);
    if (code == 0)
        code = gql_validate(schema, document, NULL, arena, &errors);
    if (code == 0) {
        const struct gql_execution execution = {
            .schema = schema, .document = document, .variables = variables, .arena = arena, .default_resolver = resolve};
        struct gql_outcome outcome;
        return gql_execute(&execution, out, &outcome);
    }
    if (code == LK_ENOMEM)
        return code;
    assert_int_equal(code, LK_EINVAL);
    assert_non_null(errors.first);
    struct lk_json_writer w;
    lk_json_writer_init(&w, out);
    gql_errors_write(&errors, lk_slice_cstr(request->query), &w);
    if (!out->failed)
        return 0;
    lk_buf_clear(out);
    return LK_ENOMEM;
}

static int build(struct gql_schema **ret) {
    struct lk_arena arena;
    struct gql_errors errors;
    lk_arena_init(&arena, (size_t)64 << 20);
    gql_errors_init(&errors, &arena, NULL);
    int code = gql_schema_build(lk_slice_cstr(sdl), ret, &errors);
    if (errors.first != NULL)
        print_error("%s\n", errors.first->message);
    lk_arena_free(&arena);
    return code;
}

static void test_schema(void **state) {
    (void)state;
    for (long place = 0;; place++) {
        struct gql_schema *schema = NULL;
        faults_arm(FAULT_ALLOCATION, place, 0);
        int code = build(&schema);
        if (!faults_disarm()) {
            assert_int_equal(code, 0);
            gql_schema_free(schema);
            assert_true(place > 100);
            return;
        }
        assert_int_equal(code, LK_ENOMEM);
        assert_null(schema);
    }
}

static void test_requests(void **state) {
    (void)state;
    struct gql_schema *schema = NULL;
    assert_int_equal(build(&schema), 0);
    struct lk_arena arena;
    lk_arena_init(&arena, (size_t)64 << 20);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct lk_buf whole = {0};
        assert_int_equal(serve(schema, &requests[i], &arena, &whole), 0);
        lk_buf_add_char(&whole, '\0');
        lk_arena_reset(&arena);
        for (long place = 0;; place++) {
            struct lk_buf out = {0};
            faults_arm(FAULT_ALLOCATION, place, 0);
            int code = serve(schema, &requests[i], &arena, &out);
            bool struck = faults_disarm();
            lk_buf_add_char(&out, '\0');
            if (struck && code == 0) /* in a resolver: that field has failed, and not by anything that the client sent */
                assert_non_null(strstr(out.ptr, "\"message\":\"Internal server error\""));
            else if (struck && (code != LK_ENOMEM || out.len != 1))
                fail_msg("request %zu, place %ld: %d %s", i, place, code, out.ptr);
            else if (!struck)
                assert_int_equal(code, 0);
            bool same = out.len == whole.len && memcmp(out.ptr, whole.ptr, whole.len) == 0;
            lk_buf_free(&out);
            lk_arena_free(&arena);
            lk_arena_init(&arena, (size_t)64 << 20);
            if (!struck) {
                assert_true(same);
                assert_true(place > 2);
                break;
            }
        }
        lk_buf_free(&whole);
    }
    lk_arena_free(&arena);
    gql_schema_free(schema);
}

/* The request's arena ends at each place in turn, and what is smaller may still fit behind that. */
static void test_small_arenas(void **state) {
    (void)state;
    struct gql_schema *schema = NULL;
    struct lk_arena arena;
    assert_int_equal(build(&schema), 0);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct lk_buf whole = {0};
        lk_arena_init(&arena, SIZE_MAX);
        assert_int_equal(serve(schema, &requests[i], &arena, &whole), 0);
        lk_buf_add_char(&whole, '\0');
        size_t need = arena.used;
        lk_arena_free(&arena);
        for (size_t room = 0; room <= need; room += 16) {
            struct lk_buf out = {0};
            lk_arena_init(&arena, room);
            int code = serve(schema, &requests[i], &arena, &out);
            lk_buf_add_char(&out, '\0');
            if (code != 0)
                assert_true(code == LK_ENOMEM && out.len == 1 && room < need);
            else if (room == need || strstr(out.ptr, "\"message\":\"Internal server error\"") == NULL) /* as above */
                assert_string_equal(out.ptr, whole.ptr);
            lk_buf_free(&out);
            lk_arena_free(&arena);
        }
        lk_buf_free(&whole);
    }
    gql_schema_free(schema);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_schema), cmocka_unit_test(test_requests), cmocka_unit_test(test_small_arenas)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
