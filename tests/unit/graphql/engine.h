/* What the tests of coercion, execution and introspection share: SDL, query and variables in, the answer's text out. */
#ifndef LK_TESTS_GRAPHQL_ENGINE_H
#define LK_TESTS_GRAPHQL_ENGINE_H

#include "../unit.h"

#include "graphql/execute.h"
#include "graphql/parse.h"

struct engine {
    struct gql_schema *schema;
    struct lk_arena arena;
    struct lk_buf out;
    struct gql_execution execution; /* filled in by engine_start; a test may change it before engine_run */
    struct gql_outcome outcome;
};

static inline void engine_start(struct engine *e, const char *sdl, gql_resolver resolver) {
    *e = (struct engine){0};
    lk_arena_init(&e->arena, (size_t)64 << 20);
    struct gql_errors errors;
    gql_errors_init(&errors, &e->arena, NULL);
    int code = gql_schema_build(lk_slice_cstr(sdl), &e->schema, &errors);
    if (errors.first != NULL)
        print_error("%s\n", errors.first->message);
    assert_int_equal(code, 0);
    e->execution =
        (struct gql_execution){.schema = e->schema, .arena = &e->arena, .default_resolver = resolver, .context = e, .no_codes = true};
}

static inline void engine_stop(struct engine *e) {
    lk_buf_free(&e->out);
    lk_arena_free(&e->arena);
    gql_schema_free(e->schema);
}

/* The answer to a query that is not validated; variables is JSON or NULL. Valid until the next run. */
static inline const char *engine_run(struct engine *e, const char *query, const char *variables) {
    struct gql_errors errors;
    gql_errors_init(&errors, &e->arena, NULL);
    struct gql_document *document = NULL;
    int code = gql_parse(lk_slice_cstr(query), &(struct gql_parse_limits){0}, &e->arena, &document, &errors);
    if (errors.first != NULL)
        print_error("%s\n", errors.first->message);
    assert_int_equal(code, 0);
    struct lk_json *json = NULL;
    if (variables != NULL)
        assert_int_equal(lk_json_parse(lk_slice_cstr(variables), &e->arena, &json, NULL), 0);
    e->execution.document = document;
    e->execution.variables = json;
    lk_buf_clear(&e->out);
    assert_int_equal(gql_execute(&e->execution, &e->out, &e->outcome), 0);
    lk_buf_add_char(&e->out, '\0');
    assert_false(e->out.failed);
    return e->out.ptr;
}

#endif
