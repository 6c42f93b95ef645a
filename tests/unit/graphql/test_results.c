/* What resolvers return, made to fit the field's type as graphql-js does (6.4.3), or refused with its words. */
#include "engine.h"

#include <math.h>
#include <stdio.h>

static const char sdl[] =
    "scalar Any enum Color { RED GREEN } interface Node { ok: Int } type Obj implements Node { ok: Int }\n"
    "type Query { Int: Int Float: Float String: String ID: ID Boolean: Boolean Any: Any Color: Color Obj: Obj Node: Node }";

#define INT(n) \
    { .kind = GQL_OUT_INT, .integer = (n) }
#define REAL(n) \
    { .kind = GQL_OUT_FLOAT, .real = (n) }
#define TEXT(t) \
    { .kind = GQL_OUT_STRING, .text = LK_SLICE(t) }
#define BOOL(b) \
    { .kind = GQL_OUT_BOOLEAN, .boolean = (b) }
#define LIST(array) \
    { .kind = GQL_OUT_LIST, .items = (array), .items_len = sizeof(array) / sizeof((array)[0]) }

static struct gql_out inner[] = {INT(1), {.kind = GQL_OUT_NULL}};
static struct gql_out mixed[] = {INT(7), REAL(1.5), TEXT("a\"b"), BOOL(true), BOOL(false), {.kind = GQL_OUT_NULL}, LIST(inner)};
static struct gql_out with_object[] = {INT(1), {.kind = GQL_OUT_OBJECT}};
static struct gql_out many[] = {INT(1), INT(2), INT(3), INT(4), INT(5), INT(6), INT(7), INT(8), INT(9), INT(10), INT(11), INT(12)};

static const struct result {
    const char *field;
    struct gql_out out;
    const char *value; /* JSON; or NULL, */
    const char *error; /* and this is the message, as JSON */
} results[] = {
    {"Int", INT(-2147483648LL), "-2147483648", NULL},
    {"Int", TEXT("7"), "7", NULL},
    {"Int", TEXT("1e3"), "1000", NULL},
    {"Int", BOOL(true), "1", NULL},
    {"Int", BOOL(false), "0", NULL},
    {"Int", REAL(3.0), "3", NULL},
    {"Int", REAL(1.5), NULL, "Int cannot represent non-integer value: 1.5"},
    {"Int", TEXT(""), NULL, "Int cannot represent non-integer value: \\\"\\\""},
    {"Int", TEXT("12 apples"), NULL, "Int cannot represent non-integer value: \\\"12 apples\\\""},
    {"Int", INT(2147483648LL), NULL, "Int cannot represent non 32-bit signed integer value: 2147483648"},
    {"Int", REAL(-2147483649.0), NULL, "Int cannot represent non 32-bit signed integer value: -2147483649"},
    {"Int", LIST(mixed), NULL, "Int cannot represent non-integer value: [7, 1.5, \\\"a\\\\\\\"b\\\", true, false, null, [1, null]]"},
    {"Int", LIST(many), NULL, "Int cannot represent non-integer value: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ... 2 more items]"},
    {"Float", INT(3), "3", NULL},
    {"Float", REAL(0.1), "0.1", NULL},
    {"Float", TEXT("1.5"), "1.5", NULL},
    {"Float", TEXT("infinity"), NULL, "Float cannot represent non numeric value: \\\"infinity\\\""},
    {"Float", BOOL(true), "1", NULL},
    {"Float", REAL(INFINITY), NULL, "Float cannot represent non numeric value: Infinity"},
    {"Float", REAL(NAN), NULL, "Float cannot represent non numeric value: NaN"},
    {"Float", {.kind = GQL_OUT_OBJECT}, NULL, "Float cannot represent non numeric value: [Object]"},
    {"String", INT(5), "\"5\"", NULL},
    {"String", REAL(1.5), "\"1.5\"", NULL},
    {"String", BOOL(true), "\"true\"", NULL},
    {"String", BOOL(false), "\"false\"", NULL},
    {"String", LIST(inner), NULL, "String cannot represent value: [1, null]"},
    {"String", REAL(INFINITY), NULL, "String cannot represent value: Infinity"},
    {"ID", TEXT("x"), "\"x\"", NULL},
    {"ID", INT(12), "\"12\"", NULL},
    {"ID", REAL(12.0), "\"12\"", NULL},
    {"ID", REAL(1.5), NULL, "ID cannot represent value: 1.5"},
    {"ID", BOOL(true), NULL, "ID cannot represent value: true"},
    {"Boolean", BOOL(false), "false", NULL},
    {"Boolean", INT(0), "false", NULL},
    {"Boolean", INT(2), "true", NULL},
    {"Boolean", REAL(0.5), "true", NULL},
    {"Boolean", REAL(NAN), NULL, "Boolean cannot represent a non boolean value: NaN"},
    {"Boolean", TEXT("true"), NULL, "Boolean cannot represent a non boolean value: \\\"true\\\""},
    {"Color", TEXT("GREEN"), "\"GREEN\"", NULL},
    {"Color", TEXT("BLUE"), NULL, "Enum \\\"Color\\\" cannot represent value: \\\"BLUE\\\""},
    {"Color", INT(1), NULL, "Enum \\\"Color\\\" cannot represent value: 1"},
    {"Any", LIST(mixed), "[7,1.5,\"a\\\"b\",true,false,null,[1,null]]", NULL},
    {"Any", TEXT(""), "\"\"", NULL},
    {"Any", LIST(with_object), NULL, "Any cannot represent value: [Object]"},
    {"Any", {.kind = GQL_OUT_NULL}, "null", NULL},
    {"Obj", INT(1), NULL, "Expected value of type \\\"Obj\\\"."},
};

static const struct gql_out *current;

static int resolve(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    (void)source;
    *ret = *current;
    return 0;
}

static void test_results(void **state) {
    (void)state;
    struct engine e;
    engine_start(&e, sdl, resolve);
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        const struct result *r = &results[i];
        char query[40];
        char expected[400];
        bool composite = strcmp(r->field, "Obj") == 0;
        snprintf(query, sizeof(query), "{ %s%s }", r->field, composite ? " { ok }" : "");
        if (r->value != NULL)
            snprintf(expected, sizeof(expected), "{\"data\":{\"%s\":%s}}", r->field, r->value);
        else
            snprintf(
                expected, sizeof(expected),
                "{\"errors\":[{\"message\":\"%s\",\"locations\":[{\"line\":1,\"column\":3}],\"path\":[\"%s\"]}],\"data\":{\"%s\":null}}",
                r->error, r->field, r->field);
        current = &r->out;
        assert_string_equal(engine_run(&e, query, NULL), expected);
        assert_int_equal(e.outcome.error_count, r->value == NULL);
    }
    engine_stop(&e);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_results)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
