/* Resolvers for the fields of a schema. */
#include "graphql/schema_internal.h"

static int bind_one(struct gql_schema *schema, const struct gql_binding *binding, struct lk_problem *problem) {
    const struct gql_type *type = gql_schema_type(schema, lk_slice_cstr(binding->type));
    if (type == NULL || type->builtin || type->kind != GQL_OBJECT_TYPE)
        return lk_problem_set(problem, LK_EINVAL, "%s.%s has a resolver but the schema has no object type %s", binding->type,
                              binding->field, binding->type);
    struct gql_field *field = (struct gql_field *)(uintptr_t)gql_names_get(&gql_type_node(type)->members, lk_slice_cstr(binding->field));
    if (field == NULL)
        return lk_problem_set(problem, LK_EINVAL, "%s.%s has a resolver but is not in the schema", binding->type, binding->field);
    if (field->resolve != NULL)
        return lk_problem_set(problem, LK_EINVAL, "%s.%s has two resolvers", binding->type, binding->field);
    field->resolve = binding->resolve;
    return 0;
}

int gql_schema_bind(struct gql_schema *schema, const struct gql_binding *bindings, size_t len, struct lk_problem *problem) {
    for (size_t i = 0; i < len; i++) {
        int code = bind_one(schema, &bindings[i], problem);
        if (code < 0)
            return code;
    }
    for (size_t i = 0; i < schema->types_len; i++) {
        const struct gql_type *type = &schema->types[i]->type;
        if (type->builtin || type->kind != GQL_OBJECT_TYPE)
            continue;
        for (size_t j = 0; j < type->fields_len; j++)
            if (type->fields[j].resolve == NULL)
                return lk_problem_set(problem, LK_EINVAL, "%.*s.%.*s has no resolver", (int)type->name.len, type->name.ptr,
                                      (int)type->fields[j].name.len, type->fields[j].name.ptr);
    }
    return 0;
}
