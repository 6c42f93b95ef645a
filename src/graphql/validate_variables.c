/*
 * Rules on variables (5.8): UniqueVariableNames, VariablesAreInputTypes, NoUndefinedVariables, NoUnusedVariables, VariablesInAllowedPosition.
 */
#include "graphql/validate_internal.h"

/* Where the name itself is: anything that is ignored may stand between it and the $. */
static gql_pos name_at(const struct gql_v *v, const struct gql_variable *variable) {
    return (gql_pos)(variable->name.text.ptr - v->document->source.ptr);
}

void gql_v_variable_is_input(struct gql_v *v, const struct gql_variable *variable, const struct gql_type *type) {
    if (type != NULL && !gql_type_is_input(type))
        gql_v_error_at(v, variable->type->at, "Variable \"$%.*s\" cannot be non-input type \"%s\".", GQL_SHOWN(variable->name.text),
                       gql_v_ref_text(v, variable->type));
}

/* --- UniqueVariableNames --- */

static size_t count_variables(const struct gql_operation *operation) {
    size_t len = 0;
    for (const struct gql_variable *d = operation->variables; d != NULL; d = d->next)
        len++;
    return len;
}

void gql_v_unique_variables(struct gql_v *v, const struct gql_operation *operation) {
    size_t len = count_variables(operation);
    if (len < 2 || v->stop)
        return;
    struct lk_slice *names = gql_v_calloc(v, len, sizeof(*names));
    gql_pos *at = gql_v_calloc(v, len, sizeof(*at));
    if (v->stop)
        return;
    size_t i = 0;
    for (const struct gql_variable *d = operation->variables; d != NULL; d = d->next, i++) {
        names[i] = d->name.text;
        at[i] = name_at(v, d);
    }
    gql_v_unique_names(v, names, at, len, "variable named \"$");
}

/* --- on leaving the operation --- */

struct variable {
    const struct gql_variable *def;
    const struct gql_type *type; /* NULL: unknown */
    bool used;
};

struct variables {
    struct variable *items; /* in order, repeated names included */
    size_t len;
    struct gql_v_map index; /* name to the last of that name */
};

static bool variables_make(struct gql_v *v, const struct gql_operation *operation, struct variables *ret) {
    struct variables variables = {.items = gql_v_calloc(v, count_variables(operation), sizeof(struct variable))};
    if (variables.items == NULL)
        return false;
    for (const struct gql_variable *d = operation->variables; d != NULL; d = d->next) {
        size_t *index = gql_v_map_put(v, v->arena, &variables.index, d->name.text);
        if (index == NULL)
            return false;
        *index = variables.len;
        variables.items[variables.len++] = (struct variable){.def = d, .type = gql_v_type_of_ref(v, d->type)};
    }
    *ret = variables;
    return true;
}

static struct variable *variable_named(const struct gql_v *v, const struct variables *variables, struct lk_slice name) {
    size_t index = gql_v_map_get(v, &variables->index, name);
    return index == GQL_V_NONE ? NULL : &variables->items[index];
}

static void report_undefined(struct gql_v *v, const struct gql_literal *node, const struct gql_operation *operation) {
    gql_pos at[] = {node->at, operation->at};
    struct lk_slice name = operation->name.text;
    if (name.ptr != NULL)
        gql_v_error(v, at, 2, "Variable \"$%.*s\" is not defined by operation \"%.*s\".", GQL_SHOWN(node->text), GQL_SHOWN(name));
    else
        gql_v_error(v, at, 2, "Variable \"$%.*s\" is not defined.", GQL_SHOWN(node->text));
}

static void report_unused(struct gql_v *v, const struct gql_variable *def, const struct gql_operation *operation) {
    struct lk_slice name = operation->name.text;
    if (name.ptr != NULL)
        gql_v_error_at(v, def->name.at, "Variable \"$%.*s\" is never used in operation \"%.*s\".", GQL_SHOWN(def->name.text),
                       GQL_SHOWN(name));
    else
        gql_v_error_at(v, def->name.at, "Variable \"$%.*s\" is never used.", GQL_SHOWN(def->name.text));
}

/* IsVariableUsageAllowed (5.8.5). */
static bool is_allowed(const struct variable *variable, const struct gql_v_usage *usage) {
    const struct gql_type *expected = usage->type;
    if (expected->kind == GQL_NON_NULL_TYPE && variable->type->kind != GQL_NON_NULL_TYPE) {
        const struct gql_literal *own = variable->def->default_value;
        if ((own == NULL || own->kind == GQL_LIT_NULL) && !usage->has_default)
            return false;
        expected = expected->of;
    }
    return gql_type_is_subtype(expected, variable->type);
}

static void check_position(struct gql_v *v, const struct variable *variable, const struct gql_v_usage *usage) {
    if (variable == NULL || variable->type == NULL || usage->type == NULL)
        return;
    struct lk_slice name = usage->node->text;
    gql_pos at[] = {variable->def->name.at, usage->node->at};
    if (!is_allowed(variable, usage))
        gql_v_error(v, at, 2, "Variable \"$%.*s\" of type \"%s\" used in position expecting type \"%s\".", GQL_SHOWN(name),
                    gql_v_type_text(v, variable->type), gql_v_type_text(v, usage->type));
    const struct gql_type *parent = usage->parent;
    if (parent != NULL && parent->kind == GQL_INPUT_OBJECT && parent->one_of && variable->type->kind != GQL_NON_NULL_TYPE)
        gql_v_error(v, at, 2, "Variable \"$%.*s\" is of type \"%s\" but must be non-nullable to be used for OneOf Input Object \"%.*s\".",
                    GQL_SHOWN(name), gql_v_type_text(v, variable->type), GQL_SHOWN(parent->name));
}

void gql_v_variables_leave(struct gql_v *v, const struct gql_v_operation *operation) {
    struct gql_v_usage *usages = NULL;
    size_t len = 0;
    struct variables variables;
    if (!gql_v_operation_usages(v, operation, &usages, &len) || !variables_make(v, operation->def, &variables))
        return;
    for (size_t i = 0; i < len && !v->stop; i++) {
        struct variable *variable = variable_named(v, &variables, usages[i].node->text);
        if (variable == NULL)
            report_undefined(v, usages[i].node, operation->def);
        else
            variable->used = true;
    }
    for (size_t i = 0; variables.items != NULL && i < variables.len && !v->stop; i++) {
        const struct gql_variable *def = variables.items[i].def;
        const struct variable *variable = variable_named(v, &variables, def->name.text);
        if (variable != NULL && !variable->used)
            report_unused(v, def, operation->def);
    }
    for (size_t i = 0; i < len && !v->stop; i++)
        check_position(v, variable_named(v, &variables, usages[i].node->text), &usages[i]);
}
