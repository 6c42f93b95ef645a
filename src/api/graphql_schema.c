#include "api/graphql_schema.h"

#include "api/resolvers.h"
#include "store/embedded.h"

#include <stdlib.h>

/* schema/schema.graphql, the only one. */
extern const struct lk_embedded_file lk_embedded_schema[];

#define BUILD_ARENA_MAX (size_t)(8 << 20)

struct lk_slice lk_graphql_schema_text(void) {
    return lk_slice_make(lk_embedded_schema[0].text, lk_embedded_schema[0].len);
}

/* All tables in one, malloc'd. */
static struct gql_binding *collect_bindings(size_t *ret_len) {
    const struct lk_bindings tables[] = {
        lk_account_bindings(),      lk_key_bindings(),   lk_key_change_bindings(),  lk_limits_bindings(), lk_group_bindings(),
        lk_group_change_bindings(), lk_user_bindings(),  lk_application_bindings(), lk_sso_bindings(),    lk_audit_bindings(),
        lk_permission_bindings(),   lk_usage_bindings(), lk_login_bindings(),
    };
    const size_t tables_len = sizeof(tables) / sizeof(tables[0]);
    size_t len = 0;
    for (size_t i = 0; i < tables_len; i++)
        len += tables[i].len;
    struct gql_binding *all = calloc(len, sizeof(*all));
    if (all == NULL)
        return NULL;
    size_t at = 0;
    for (size_t i = 0; i < tables_len; i++) {
        memcpy(all + at, tables[i].rows, tables[i].len * sizeof(*all));
        at += tables[i].len;
    }
    *ret_len = len;
    return all;
}

static int build(struct gql_schema **ret, struct lk_problem *problem) {
    struct lk_arena arena;
    lk_arena_init(&arena, BUILD_ARENA_MAX);
    struct gql_errors errors;
    gql_errors_init(&errors, &arena, NULL);
    struct lk_slice text = lk_graphql_schema_text();
    int code = gql_schema_build(text, ret, &errors);
    if (code != 0 && errors.first != NULL) {
        unsigned line = 0;
        unsigned column = 0;
        if (errors.first->locations_len > 0)
            gql_position(text, errors.first->locations[0], &line, &column);
        lk_problem_set(problem, code, "schema.graphql line %u column %u: %s", line, column, errors.first->message);
    } else if (code != 0) {
        lk_problem_set(problem, code, "cannot build the GraphQL schema: %s", lk_error_text(code));
    }
    lk_arena_free(&arena);
    return code;
}

int lk_graphql_schema_load(struct gql_schema **ret, struct lk_problem *problem) {
    struct gql_schema *schema;
    int code = build(&schema, problem);
    if (code != 0)
        return code;
    size_t len = 0;
    struct gql_binding *bindings = collect_bindings(&len);
    if (bindings == NULL)
        code = lk_problem_set(problem, LK_ENOMEM, "out of memory");
    else
        code = gql_schema_bind(schema, bindings, len, problem);
    free(bindings);
    if (code != 0) {
        gql_schema_free(schema);
        return code;
    }
    *ret = schema;
    return 0;
}
