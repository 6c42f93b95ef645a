/* Variables: JSON of any shape, coerced to the types of an operation. What is accepted has no null where the type has none. */
#include "fuzz.h"

#include "base/json_read.h"
#include "graphql/coerce.h"
#include "graphql/parse.h"
#include "graphql/schema.h"
#include "graphql/validate.h"

static const char sdl[] = "type Query { f(i: In, l: [[Int!]!], e: E, s: String!, x: Float, b: Boolean, id: ID, c: Any, o: One): Int }\n"
                          "enum E { A B } scalar Any input In { a: Int! b: [In!] c: E = A d: String = \"x\" }\n"
                          "input One @oneOf { a: Int b: String }";
static const char text[] = "query ($i: In, $l: [[Int!]!], $e: E = B, $s: String!, $x: Float, $b: Boolean, $id: ID, $c: Any, $o: One) "
                           "{ f(i: $i, l: $l, e: $e, s: $s, x: $x, b: $b, id: $id, c: $c, o: $o) }";
static struct gql_schema *schema;
static struct gql_document *document;
static struct lk_arena forever;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    lk_arena_init(&forever, (size_t)1 << 20);
    struct gql_errors errors;
    gql_errors_init(&errors, &forever, NULL);
    const struct gql_parse_limits limits = {.tokens = 1000, .depth = 50};
    holds(gql_schema_build(lk_slice_cstr(sdl), &schema, &errors) == 0, "the schema is one");
    holds(gql_parse(lk_slice_cstr(text), &limits, &forever, &document, &errors) == 0, "the document is one");
    holds(gql_validate(schema, document, NULL, &forever, &errors) == 0, "the document is valid");
    return 0;
}

static void check_values(const struct gql_value *value, unsigned depth) {
    holds(depth < 1000, "values are no deeper than JSON may be");
    if (value->kind == GQL_LIST) {
        for (size_t i = 0; i < value->list.len; i++)
            check_values(&value->list.items[i], depth + 1);
    } else if (value->kind == GQL_OBJECT) {
        for (size_t i = 0; i < value->object.len; i++)
            check_values(&value->object.members[i].value, depth + 1);
    }
}

static void check(const struct gql_value *variables) {
    check_values(variables, 0);
    const struct gql_value *s = gql_value_get(variables, "s");
    holds(s != NULL && s->kind == GQL_STRING, "String! is a string");
    const struct gql_value *i = gql_value_get(variables, "i");
    if (!gql_value_is_null(i)) {
        const struct gql_value *a = gql_value_get(i, "a");
        holds(a != NULL && a->kind == GQL_INT && a->integer >= INT32_MIN && a->integer <= INT32_MAX, "Int! is a number of 32 bits");
        holds(gql_value_get(i, "d") != NULL, "a default is there");
    }
    const struct gql_value *l = gql_value_get(variables, "l");
    for (size_t k = 0; !gql_value_is_null(l) && k < l->list.len; k++)
        holds(l->list.items[k].kind == GQL_LIST, "a list of lists holds lists");
    const struct gql_value *o = gql_value_get(variables, "o");
    if (!gql_value_is_null(o))
        holds(o->object.len == 1 && o->object.members[0].value.kind != GQL_NULL, "one of a @oneOf input is given");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = exact_copy(data, size);
    struct lk_arena arena;
    lk_arena_init(&arena, (size_t)64 << 20);
    struct lk_json *json;
    struct gql_errors errors;
    struct gql_value variables;
    gql_errors_init(&errors, &arena, NULL);
    if (lk_json_parse(lk_slice_make(copy, size), &arena, &json, NULL) == 0 && json->type == LK_JSON_OBJECT) {
        int code = gql_coerce_variables(schema, document->operations, json, true, &arena, &errors, &variables);
        if (code == 0)
            check(&variables);
        else
            holds(code == LK_ENOMEM || (errors.count > 0 && errors.count <= 51), "a refusal has reasons, not more than are read");
    }
    lk_arena_free(&arena);
    free(copy);
    return 0;
}
