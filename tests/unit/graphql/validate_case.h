/* Documents and the errors that validation must give for them, one a line: "line:column line:column message". */
#ifndef LK_TESTS_VALIDATE_CASE_H
#define LK_TESTS_VALIDATE_CASE_H

#include "../unit.h"
#include "base/buf.h"
#include "graphql/parse.h"
#include "graphql/validate.h"

struct validate_case {
    const char *query;
    const char *errors;
};

static const char test_sdl[] =
    "interface Being { name(upper: Boolean): String }\n"
    "interface Pet implements Being { name(upper: Boolean): String owner: Human }\n"
    "type Dog implements Pet & Being { name(upper: Boolean): String owner: Human barks: Boolean volume: Int knows(command: Command!): "
    "Boolean at(x: Int, y: Int! = 0): Boolean }\n"
    "type Cat implements Pet & Being { name(upper: Boolean): String owner: Human meows: Boolean volume: String! colour: Colour }\n"
    "type Human implements Being { name(upper: Boolean): String pets(limit: Int): [Pet!]! relatives: [Human] secret: Secret }\n"
    "type Stone { weight: Float }\n"
    "union CatOrDog = Cat | Dog\n"
    "union Thing = Stone | Human\n"
    "enum Command { SIT HEEL DOWN }\n"
    "enum Colour { BROWN BLACK }\n"
    "scalar Secret\n"
    "input Filter { name: String! age: Int tags: [String!] next: Filter size: Float = 1.5 must: Int! = 3 }\n"
    "input Choice @oneOf { id: ID name: String }\n"
    "directive @mark(label: String!, level: Int = 1) on FIELD | QUERY\n"
    "directive @many repeatable on FIELD | VARIABLE_DEFINITION\n"
    "directive @everywhere on QUERY | MUTATION | SUBSCRIPTION | FIELD | FRAGMENT_DEFINITION | FRAGMENT_SPREAD | INLINE_FRAGMENT | "
    "VARIABLE_DEFINITION\n"
    "type Query { dog: Dog cat: Cat pet: Pet being: Being human(id: ID): Human catOrDog: CatOrDog thing: Thing\n"
    "  find(filter: Filter, filters: [Filter], list: [Int], text: String, number: Int, real: Float, flag: Boolean, id: ID, command: "
    "Command, secret: Secret, must: Int!): Human\n"
    "  choose(choice: Choice, choices: [Choice]): String any(filter: Filter): String ids(ids: [ID!]!): String }\n"
    "type Mutation { rename(name: String!): String }\n"
    "type Subscription { barked: String meowed: String }\n";

static struct gql_schema *schema;

static inline int build_schema(void **state) {
    (void)state;
    struct lk_arena arena;
    struct gql_errors errors;
    lk_arena_init(&arena, SIZE_MAX);
    gql_errors_init(&errors, &arena, NULL);
    int code = gql_schema_build(lk_slice_cstr(test_sdl), &schema, &errors);
    if (errors.first != NULL)
        print_error("%s\n", errors.first->message);
    lk_arena_free(&arena);
    return code;
}

static inline int free_schema(void **state) {
    (void)state;
    gql_schema_free(schema);
    return 0;
}

/* Validates and appends the errors to out; returns what gql_validate does. */
static inline int validate_text(struct lk_slice query, const struct gql_limits *limits, struct lk_buf *out) {
    struct lk_arena arena;
    struct gql_errors errors;
    struct gql_document *document = NULL;
    lk_arena_init(&arena, SIZE_MAX);
    gql_errors_init(&errors, &arena, "GRAPHQL_VALIDATION_FAILED");
    assert_int_equal(gql_parse(query, &(struct gql_parse_limits){0}, &arena, &document, &errors), 0);
    int code = gql_validate(schema, document, limits, &arena, &errors);
    for (const struct gql_error *e = errors.first; e != NULL; e = e->next) {
        assert_string_equal(e->code, "GRAPHQL_VALIDATION_FAILED");
        for (size_t i = 0; i < e->locations_len; i++) {
            unsigned line = 0;
            unsigned column = 0;
            gql_position(query, e->locations[i], &line, &column);
            lk_buf_addf(out, "%s%u:%u", i == 0 ? "" : " ", line, column);
        }
        lk_buf_addf(out, " %s\n", e->message);
    }
    assert_int_equal(code == 0, errors.first == NULL);
    lk_buf_add_char(out, '\0');
    lk_arena_free(&arena);
    return code;
}

static inline void check_cases(const struct validate_case *cases, size_t len) {
    for (size_t i = 0; i < len; i++) {
        struct lk_buf out = {0};
        validate_text(lk_slice_cstr(cases[i].query), NULL, &out);
        if (strcmp(out.ptr, cases[i].errors) != 0)
            print_error("%s\n", cases[i].query);
        assert_string_equal(out.ptr, cases[i].errors);
        lk_buf_free(&out);
    }
}

#endif
