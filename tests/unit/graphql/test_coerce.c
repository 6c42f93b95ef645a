#include "engine.h"

#include "graphql/print.h"
#include "graphql/suggest.h"

#include <sys/mman.h>

static const char sdl[] =
    "type Query { int(v: Int): String float(v: Float): String string(v: String): String id(v: ID): String boolean(v: Boolean): String\n"
    "  color(v: Color): String any(v: Any): String ints(v: [Int]): String must(v: [[Int!]!]): String in(v: In): String\n"
    "  one(v: One): String defaults(a: Int! = 3, in: In = {req: 1}): String }\n"
    "enum Color { RED GREEN BLUE }\n"
    "scalar Any\n"
    "input In { req: Int! opt: String list: [In!] def: Float = 2.5 nil: Int = null }\n"
    "input One @oneOf { a: Int b: String }";

/* Shows the arguments as the resolver gets them. */
static int show(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_buf text = {0};
    struct lk_slice copy;
    const struct gql_value *v = gql_argument(call, "v");
    if (v == NULL)
        v = call->arguments;
    gql_inspect_value(v, &text);
    assert_int_equal(lk_arena_copy(call->arena, lk_buf_slice(&text), &copy), 0);
    lk_buf_free(&text);
    *ret = (struct gql_out){.kind = GQL_OUT_STRING, .text = copy};
    return 0;
}

/* The value that a field's argument v gets, written as a literal. */
static void expect_literal(const char *field, const char *literal, const char *shown) {
    struct engine e;
    engine_start(&e, sdl, show);
    const char *query = lk_arena_printf(&e.arena, "{ x: %s(v: %s) }", field, literal);
    struct lk_buf wanted = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &wanted);
    lk_buf_add_cstr(&wanted, "{\"data\":{\"x\":");
    lk_json_string(&w, lk_slice_cstr(shown));
    lk_buf_add_cstr(&wanted, "}}");
    lk_buf_add_char(&wanted, '\0');
    assert_string_equal(engine_run(&e, query, NULL), wanted.ptr);
    lk_buf_free(&wanted);
    engine_stop(&e);
}

static void refuse_literal(const char *field, const char *literal) {
    struct engine e;
    engine_start(&e, sdl, show);
    const char *answer = engine_run(&e, lk_arena_printf(&e.arena, "{ x: %s(v: %s) }", field, literal), NULL);
    assert_non_null(strstr(answer, "Argument \\\"v\\\" has invalid value "));
    engine_stop(&e);
}

/* The same as a variable's value, in JSON. answer is what stands in the result, or the first error's message. */
static void expect_variable(const char *field, const char *type, const char *json, const char *answer) {
    struct engine e;
    engine_start(&e, sdl, show);
    const char *query = lk_arena_printf(&e.arena, "query ($v: %s) { x: %s(v: $v) }", type, field);
    const char *got = engine_run(&e, query, lk_arena_printf(&e.arena, "{\"v\":%s}", json));
    struct lk_json *parsed;
    assert_int_equal(lk_json_parse(lk_slice_cstr(got), &e.arena, &parsed, NULL), 0);
    const struct lk_json *errors = lk_json_get(parsed, "errors");
    const struct lk_json *found =
        errors != NULL ? lk_json_get(&errors->array.items[0], "message") : lk_json_get(lk_json_get(parsed, "data"), "x");
    assert_string_equal(lk_arena_strdup(&e.arena, lk_json_text(found)), answer);
    engine_stop(&e);
}

static void scalar_literals(void **state) {
    (void)state;
    expect_literal("int", "2147483647", "2147483647");
    expect_literal("int", "-2147483648", "-2147483648");
    refuse_literal("int", "2147483648");
    refuse_literal("int", "99999999999999999999999999999999");
    refuse_literal("int", "1.0");
    refuse_literal("int", "\"1\"");
    expect_literal("float", "1", "1");
    expect_literal("float", "1e3", "1000");
    refuse_literal("float", "true");
    expect_literal("string", "\"\"\"a\"\"\"", "\"a\"");
    refuse_literal("string", "RED");
    refuse_literal("string", "1");
    expect_literal("id", "99999999999999999999", "\"99999999999999999999\"");
    expect_literal("id", "\"x\"", "\"x\"");
    refuse_literal("id", "1.5");
    expect_literal("boolean", "false", "false");
    refuse_literal("boolean", "0");
    expect_literal("boolean", "null", "null");
    expect_literal("color", "GREEN", "\"GREEN\"");
    refuse_literal("color", "\"GREEN\"");
    refuse_literal("color", "PINK");
}

static void custom_scalars_take_anything(void **state) {
    (void)state;
    expect_literal("any", "{a: [1, 2.5, \"x\", WORD, true, null], b: {}}", "{ a: [1, 2.5, \"x\", \"WORD\", true, null], b: {} }");
    expect_literal("any", "[]", "[]");
    expect_literal("any", "9007199254740991", "9007199254740991");
    expect_literal("any", "99999999999999999999", "100000000000000000000");
    expect_variable("any", "Any", "{\"a\":[1,2.5,\"x\",true,null],\"b\":{}}", "{ a: [1, 2.5, \"x\", true, null], b: {} }");
}

static void lists(void **state) {
    (void)state;
    expect_literal("ints", "[1, null, 3]", "[1, null, 3]");
    expect_literal("ints", "1", "[1]");
    expect_literal("ints", "null", "null");
    expect_literal("must", "1", "[[1]]");
    expect_literal("must", "[[1], []]", "[[1], []]");
    refuse_literal("must", "[null]");
    refuse_literal("must", "[[null]]");
    expect_variable("ints", "[Int]", "7", "[7]");
    expect_variable("must", "[[Int!]!]", "[1,[2]]", "[[1], [2]]");
}

static void input_objects(void **state) {
    (void)state;
    expect_literal("in", "{opt: \"x\", req: 1}", "{ req: 1, opt: \"x\", def: 2.5, nil: null }");
    expect_literal("in", "{req: 1, def: null, list: {req: 2}}", "{ req: 1, list: [[Object]], def: null, nil: null }");
    refuse_literal("in", "{opt: \"x\"}");
    refuse_literal("in", "{req: null}");
    refuse_literal("in", "[]");
    expect_literal("one", "{a: 1}", "{ a: 1 }");
    refuse_literal("one", "{a: 1, b: \"x\"}");
    refuse_literal("one", "{a: null}");
    refuse_literal("one", "{}");
}

static void defaults_are_filled_in(void **state) {
    (void)state;
    struct engine e;
    engine_start(&e, sdl, show);
    assert_string_equal(engine_run(&e, "query ($a: Int) { defaults(a: $a) b: defaults(in: null) }", NULL),
                        "{\"data\":{\"defaults\":\"{ a: 3, in: { req: 1, def: 2.5, nil: null } }\",\"b\":\"{ a: 3, in: null }\"}}");
    engine_stop(&e);
}

static void scalar_variables(void **state) {
    (void)state;
    expect_variable("int", "Int", "3.0", "3");
    expect_variable("int", "Int", "1.5", "Variable \"$v\" got invalid value 1.5; Int cannot represent non-integer value: 1.5");
    expect_variable("int", "Int", "2147483648",
                    "Variable \"$v\" got invalid value 2147483648; Int cannot represent non 32-bit signed integer value: 2147483648");
    expect_variable("int", "Int", "\"1\"", "Variable \"$v\" got invalid value \"1\"; Int cannot represent non-integer value: \"1\"");
    expect_variable("float", "Float", "3", "3");
    expect_variable("float", "Float", "\"3\"", "Variable \"$v\" got invalid value \"3\"; Float cannot represent non numeric value: \"3\"");
    expect_variable("string", "String", "1", "Variable \"$v\" got invalid value 1; String cannot represent a non string value: 1");
    expect_variable("boolean", "Boolean", "1", "Variable \"$v\" got invalid value 1; Boolean cannot represent a non boolean value: 1");
    expect_variable("id", "ID", "9223372036854775807", "\"9223372036854775807\"");
    expect_variable("id", "ID", "1.5", "Variable \"$v\" got invalid value 1.5; ID cannot represent value: 1.5");
    expect_variable("color", "Color", "\"RED\"", "\"RED\"");
    expect_variable(
        "color", "Color", "\"RAD\"",
        "Variable \"$v\" got invalid value \"RAD\"; Value \"RAD\" does not exist in \"Color\" enum. Did you mean the enum value \"RED\"?");
    expect_variable("color", "Color", "5", "Variable \"$v\" got invalid value 5; Enum \"Color\" cannot represent non-string value: 5.");
    expect_variable("color", "Color!", "null", "Variable \"$v\" of non-null type \"Color!\" must not be null.");
}

static void object_variables(void **state) {
    (void)state;
    expect_variable("in", "In", "{\"req\":1,\"list\":[{\"req\":2},{\"req\":\"x\"}]}",
                    "Variable \"$v\" got invalid value \"x\" at \"v.list[1].req\"; Int cannot represent non-integer value: \"x\"");
    expect_variable("in", "In", "{\"opt\":\"a\"}",
                    "Variable \"$v\" got invalid value { opt: \"a\" }; Field \"req\" of required type \"Int!\" was not provided.");
    expect_variable(
        "in", "In", "{\"req\":1,\"otp\":\"a\"}",
        "Variable \"$v\" got invalid value { req: 1, otp: \"a\" }; Field \"otp\" is not defined by type \"In\". Did you mean \"opt\"?");
    expect_variable("in", "In", "{\"req\":1,\"a\\u0000b\":2}",
                    "Variable \"$v\" got invalid value { req: 1, a?b: 2 }; Field \"a?b\" is not defined by type \"In\".");
    expect_variable("color", "Color", "\"R\\u0000D\"",
                    "Variable \"$v\" got invalid value \"R\\u0000D\"; Value \"R?D\" does not exist in \"Color\" enum. Did you mean the "
                    "enum value \"RED\"?");
    expect_variable("in", "In", "{\"req\":1,\"list\":[null]}",
                    "Variable \"$v\" got invalid value null at \"v.list[0]\"; Expected non-nullable type \"In!\" not to be null.");
    expect_variable("in", "In", "[]", "Variable \"$v\" got invalid value []; Expected type \"In\" to be an object.");
    expect_variable("one", "One", "{\"a\":1}", "{ a: 1 }");
    expect_variable("one", "One", "{}", "Variable \"$v\" got invalid value {}; Exactly one key must be specified for OneOf type \"One\".");
    expect_variable("one", "One", "{\"b\":null}", "Variable \"$v\" got invalid value null at \"v.b\"; Field \"b\" must be non-null.");
}

static void missing_variables(void **state) {
    (void)state;
    struct engine e;
    engine_start(&e, sdl, show);
    assert_string_equal(
        engine_run(&e, "query ($a: [Int!]!, $q: Query) { int }", "{\"other\":1}"),
        "{\"errors\":[{\"message\":\"Variable \\\"$a\\\" of required type \\\"[Int!]!\\\" was not provided.\",\"locations\":[{\"line\":1,"
        "\"column\":8}]},{\"message\":\"Variable \\\"$q\\\" expected value of type \\\"Query\\\" which cannot be used as an input type.\","
        "\"locations\":[{\"line\":1,\"column\":25}]}]}");
    assert_false(e.outcome.ran);
    assert_string_equal(engine_run(&e, "query ($a: Int = 4, $b: Int) { ints(v: [$a, $b]) in(v: {req: $a, opt: $b}) }", NULL),
                        "{\"data\":{\"ints\":\"[4, null]\",\"in\":\"{ req: 4, def: 2.5, nil: null }\"}}");
    engine_stop(&e);
}

static void errors_of_variables_are_limited(void **state) {
    (void)state;
    struct engine e;
    engine_start(&e, sdl, show);
    struct lk_buf json = {0};
    lk_buf_add_cstr(&json, "{\"v\":[");
    for (int i = 0; i < 1000; i++)
        lk_buf_add_cstr(&json, i == 0 ? "\"x\"" : ",\"x\"");
    lk_buf_add_cstr(&json, "]}");
    lk_buf_add_char(&json, '\0');
    const char *answer = engine_run(&e, "query ($v: [Int]) { ints(v: $v) }", json.ptr);
    assert_int_equal(e.outcome.error_count, 51);
    assert_non_null(strstr(answer, "{\"message\":\"Too many errors processing variables, error limit reached. Execution aborted.\"}]}"));
    lk_buf_free(&json);
    engine_stop(&e);
}

static void inspected(const char *json, const char *shown) {
    struct lk_arena arena;
    lk_arena_init(&arena, (size_t)1 << 24);
    struct lk_json *value;
    assert_int_equal(lk_json_parse(lk_slice_cstr(json), &arena, &value, NULL), 0);
    struct lk_buf buf = {0};
    gql_inspect_json(value, &buf);
    assert_true(lk_slice_is(lk_buf_slice(&buf), shown));
    lk_buf_free(&buf);
    lk_arena_free(&arena);
}

static void inspect_shortens(void **state) {
    (void)state;
    inspected("[1,2,3,4,5,6,7,8,9,10,11]", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ... 1 more item]");
    inspected("[1,2,3,4,5,6,7,8,9,10,11,12]", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ... 2 more items]");
    inspected("{\"a\":{\"b\":{\"c\":1},\"d\":[1],\"e\":{},\"f\":[]}}", "{ a: { b: [Object], d: [Array], e: {}, f: [] } }");
    inspected("\"a\\u0000\\n\"", "\"a\\u0000\\n\"");
    inspected("9007199254740993", "9007199254740992");
}

static void inspect_is_bounded(void **state) {
    (void)state;
    struct lk_buf text = {0};
    for (int i = 0; i < 3000; i++)
        lk_buf_add_cstr(&text, "\xc3\xa4");
    struct lk_json value = {.type = LK_JSON_STRING, .string = lk_buf_slice(&text)};
    struct lk_buf buf = {0};
    gql_inspect_json(&value, &buf);
    assert_in_range(buf.len, GQL_INSPECT_MAX, GQL_INSPECT_MAX + 3);
    assert_memory_equal(buf.ptr + buf.len - 5, "\xc3\xa4...", 5);
    lk_buf_free(&buf);
    lk_buf_free(&text);
}

/* Nothing behind a text is read, at whatever length: here it would be the end of the process. */
static void inspect_stays_within_the_text(void **state) {
    (void)state;
    const size_t half = 8192;
    char *pages = mmap(NULL, 2 * half, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(pages, MAP_FAILED);
    memset(pages, 'a', half);
    assert_int_equal(mprotect(pages + half, half, PROT_NONE), 0);
    for (size_t len = GQL_INSPECT_MAX - 2; len < GQL_INSPECT_MAX + 3; len++) {
        struct lk_json value = {.type = LK_JSON_STRING, .string = lk_slice_make(pages + half - len, len)};
        struct lk_buf buf = {0};
        gql_inspect_json(&value, &buf);
        assert_int_equal(buf.len, len + 2 <= GQL_INSPECT_MAX ? len + 2 : GQL_INSPECT_MAX + 3);
        lk_buf_free(&buf);
    }
    munmap(pages, 2 * half);
}

static void printed_literal(const char *source, const char *printed) {
    struct lk_arena arena;
    lk_arena_init(&arena, (size_t)1 << 20);
    struct gql_errors errors;
    gql_errors_init(&errors, &arena, NULL);
    struct lk_buf buf = {0};
    lk_buf_addf(&buf, "query($v: V = %s) {a}", source);
    struct gql_document *document;
    assert_int_equal(gql_parse(lk_buf_slice(&buf), NULL, &arena, &document, &errors), 0);
    struct lk_buf text = {0};
    gql_print_literal(document->operations->variables->default_value, &text);
    lk_buf_add_char(&text, '\0');
    assert_string_equal(text.ptr, printed);
    lk_buf_free(&text);
    lk_buf_free(&buf);
    lk_arena_free(&arena);
}

static void literals_print(void **state) {
    (void)state;
    printed_literal("{ a : [ 1 2.50 ] , b : { } c:[] d: RED, e: null f:true }", "{a: [1, 2.50], b: {}, c: [], d: RED, e: null, f: true}");
    printed_literal("\"\\u0007\\t\\\"\\\\\\u007f\\u0080\\u00e9\"", "\"\\u0007\\t\\\"\\\\\\u007F\\u0080\xc3\xa9\"");
    printed_literal("\"\"\"one\"\"\"", "\"\"\"one\"\"\"");
    printed_literal("\"\"\"\n a\n  b\n\"\"\"", "\"\"\"\na\n b\n\"\"\"");
    printed_literal("\"\"\"say \\\"\"\" x\"\"\"", "\"\"\"say \\\"\"\" x\"\"\"");
    printed_literal("\"\"\"\nends\\\n\"\"\"", "\"\"\"\nends\\\n\"\"\"");
}

static struct lk_slice option(const void *options, size_t index) {
    return lk_slice_cstr(((const char *const *)options)[index]);
}

static void suggested(const char *input, const char *const *options, size_t len, const char *text) {
    struct lk_buf buf = {0};
    gql_suggest(lk_slice_cstr(input), option, options, len, "", &buf);
    lk_buf_add_char(&buf, '\0');
    assert_string_equal(buf.ptr, text);
    lk_buf_free(&buf);
}

static void suggestions(void **state) {
    (void)state;
    static const char *const names[] = {"name", "names", "nam10", "nam2", "mane", "na", "total", "NAME"};
    suggested("", names, 0, "");
    suggested("zzzzzz", names, 8, "");
    suggested("totl", names, 8, " Did you mean \"total\"?");
    suggested("nams", names + 1, 2, " Did you mean \"names\" or \"nam10\"?");
    suggested("name", names, 8, " Did you mean \"name\", \"NAME\", \"nam2\", \"names\", or \"mane\"?");
    suggested("nam3", names + 2, 2, " Did you mean \"nam2\" or \"nam10\"?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalar_literals),
        cmocka_unit_test(custom_scalars_take_anything),
        cmocka_unit_test(lists),
        cmocka_unit_test(input_objects),
        cmocka_unit_test(defaults_are_filled_in),
        cmocka_unit_test(scalar_variables),
        cmocka_unit_test(object_variables),
        cmocka_unit_test(missing_variables),
        cmocka_unit_test(errors_of_variables_are_limited),
        cmocka_unit_test(inspect_shortens),
        cmocka_unit_test(inspect_is_bounded),
        cmocka_unit_test(inspect_stays_within_the_text),
        cmocka_unit_test(literals_print),
        cmocka_unit_test(suggestions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
