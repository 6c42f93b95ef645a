#include "../unit.h"

#include "api/graphql_schema.h"

#include <stdio.h>

static struct gql_schema *schema;

static int set_up(void **state) {
    (void)state;
    struct lk_problem problem = {0};
    int code = lk_graphql_schema_load(&schema, &problem);
    if (code != 0)
        print_error("%s\n", problem.text);
    return code;
}

static int tear_down(void **state) {
    (void)state;
    gql_schema_free(schema);
    return 0;
}

static bool is_described(struct lk_slice description, struct lk_slice type, struct lk_slice name) {
    if (description.len > 0)
        return true;
    print_error("%.*s.%.*s has no description\n", (int)type.len, type.ptr, (int)name.len, name.ptr);
    return false;
}

/* The descriptions are what the API Explorer shows: nothing may be without. */
static bool type_is_described(const struct gql_type *type) {
    const struct lk_slice itself = LK_SLICE("(type)");
    bool all = is_described(type->description, type->name, itself);
    for (size_t i = 0; i < type->fields_len; i++) {
        const struct gql_field *field = &type->fields[i];
        all = is_described(field->description, type->name, field->name) && all;
        for (size_t j = 0; j < field->arguments_len; j++)
            all = is_described(field->arguments[j].description, field->name, field->arguments[j].name) && all;
    }
    for (size_t i = 0; i < type->values_len; i++)
        all = is_described(type->values[i].description, type->name, type->values[i].name) && all;
    for (size_t i = 0; i < type->inputs_len; i++)
        all = is_described(type->inputs[i].description, type->name, type->inputs[i].name) && all;
    return all;
}

static void everything_is_described(void **state) {
    (void)state;
    bool all = true;
    for (size_t i = 0; i < gql_schema_type_count(schema); i++) {
        const struct gql_type *type = gql_schema_type_at(schema, i);
        if (!type->builtin)
            all = type_is_described(type) && all;
    }
    assert_true(all);
}

static void mutations_take_one_input_and_echo(void **state) {
    (void)state;
    const struct gql_type *mutation = gql_schema_root(schema, GQL_MUTATION);
    const struct lk_slice echoed = LK_SLICE("clientMutationId");
    for (size_t i = 0; i < mutation->fields_len; i++) {
        const struct gql_field *field = &mutation->fields[i];
        assert_int_equal(field->arguments_len, 1);
        assert_true(lk_slice_is(field->arguments[0].name, "input"));
        assert_non_null(gql_type_field(schema, field->type, echoed));
        assert_non_null(gql_type_input(gql_type_named(field->arguments[0].type), echoed));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_described),
        cmocka_unit_test(mutations_take_one_input_and_echo),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
