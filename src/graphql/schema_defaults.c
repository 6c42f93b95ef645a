/*
 * Coercion of default values, after all else of a schema is checked. An object literal takes the defaults of the input fields that it leaves
 * out, so those are coerced first; a default value that needs itself that way is an error (3.10, type validation of input objects).
 */
#include "graphql/execute.h"
#include "graphql/schema_internal.h"

#include "base/error.h"

struct defaults {
    struct gql_schema *schema;
    struct gql_errors *errors;
};

/* Whose default value it is, for messages. */
struct owner {
    const struct gql_directive_def *directive; /* argument of a directive, */
    const struct gql_type *type;               /* or else field of an input object, */
    const struct gql_field *field;             /* or else argument of this field of type */
};

/* The inputs whose default values are being coerced, innermost first. */
struct pending {
    const struct pending *outer;
    const struct gql_input *input;
};

static int coerce_default(struct defaults *d, struct gql_input *input, const struct owner *owner, const struct pending *outer);

/* "Query.users(limit:)", "@cost(of:)" or "Filter.limit" in the errors' arena, or NULL. */
static const char *describe(const struct defaults *d, const struct gql_input *input, const struct owner *owner) {
    int len = (int)input->name.len;
    const char *name = input->name.ptr;
    if (owner->directive != NULL)
        return lk_arena_printf(d->errors->arena, "@%.*s(%.*s:)", (int)owner->directive->name.len, owner->directive->name.ptr, len, name);
    if (owner->field == NULL)
        return lk_arena_printf(d->errors->arena, "%.*s.%.*s", (int)owner->type->name.len, owner->type->name.ptr, len, name);
    return lk_arena_printf(d->errors->arena, "%.*s.%.*s(%.*s:)", (int)owner->type->name.len, owner->type->name.ptr,
                           (int)owner->field->name.len, owner->field->name.ptr, len, name);
}

static int fail_cycle(const struct defaults *d, const struct gql_input *input, const struct owner *owner) {
    const char *what = describe(d, input, owner);
    if (what == NULL)
        return LK_ENOMEM;
    gql_errors_add(d->errors, &input->default_literal->at, 1, "The default value of %s depends on itself.", what);
    return d->errors->out_of_memory ? LK_ENOMEM : LK_EINVAL;
}

static int fail_type(const struct defaults *d, const struct gql_input *input, const struct owner *owner) {
    const char *what = describe(d, input, owner);
    const char *type = gql_type_text(input->type, d->errors->arena);
    if (what == NULL || type == NULL)
        return LK_ENOMEM;
    gql_errors_add(d->errors, &input->default_literal->at, 1, "The default value of %s is not a valid value of type \"%s\".", what, type);
    return d->errors->out_of_memory ? LK_ENOMEM : LK_EINVAL;
}

/* Coerces the defaults that an object literal of a type leaves to its fields, and those that its own literals need. */
static int prepare(struct defaults *d, const struct gql_type *type, const struct gql_literal *literal, const struct pending *pending);

static int prepare_object(struct defaults *d, const struct gql_type *type, const struct gql_literal *literal,
                          const struct pending *pending) {
    struct gql_names given = {0};
    for (const struct gql_object_field *f = literal->fields; f != NULL; f = f->next) {
        const struct gql_input *input = gql_type_input(type, f->name.text);
        if (gql_names_put(&given, d->errors->arena, f->name.text, f) < 0)
            return LK_ENOMEM;
        int code = input == NULL ? 0 : prepare(d, input->type, f->value, pending);
        if (code < 0)
            return code;
    }
    struct owner owner = {.type = type};
    for (size_t i = 0; i < type->inputs_len; i++) {
        int code = gql_names_get(&given, type->inputs[i].name) != NULL ? 0 : coerce_default(d, &type->inputs[i], &owner, pending);
        if (code < 0)
            return code;
    }
    return 0;
}

static int prepare(struct defaults *d, const struct gql_type *type, const struct gql_literal *literal, const struct pending *pending) {
    if (type->kind == GQL_NON_NULL_TYPE)
        type = type->of;
    if (type->kind == GQL_LIST_TYPE && literal->kind != GQL_LIT_LIST)
        return prepare(d, type->of, literal, pending);
    if (type->kind == GQL_LIST_TYPE) {
        int code = 0;
        for (const struct gql_literal *item = literal->items; item != NULL && code == 0; item = item->next)
            code = prepare(d, type->of, item, pending);
        return code;
    }
    if (type->kind == GQL_INPUT_OBJECT && literal->kind == GQL_LIT_OBJECT)
        return prepare_object(d, type, literal, pending);
    return 0;
}

static int coerce_default(struct defaults *d, struct gql_input *input, const struct owner *owner, const struct pending *outer) {
    if (input->default_literal == NULL || input->default_value != NULL)
        return 0;
    for (const struct pending *p = outer; p != NULL; p = p->outer)
        if (p->input == input)
            return fail_cycle(d, input, owner);
    struct pending self = {outer, input};
    int code = prepare(d, input->type, input->default_literal, &self);
    if (code < 0)
        return code;
    struct gql_value *value = LK_ARENA_NEW(&d->schema->arena, struct gql_value);
    if (value == NULL)
        return LK_ENOMEM;
    code = gql_coerce_literal(input->type, input->default_literal, NULL, &d->schema->arena, value);
    if (code == LK_EINVAL)
        return fail_type(d, input, owner);
    input->default_value = value;
    return code;
}

static int coerce_inputs(struct defaults *d, struct gql_input *inputs, size_t len, const struct owner *owner) {
    for (size_t i = 0; i < len; i++) {
        int code = coerce_default(d, &inputs[i], owner, NULL);
        if (code < 0)
            return code;
    }
    return 0;
}

static int coerce_type(struct defaults *d, const struct gql_type *type) {
    struct owner owner = {.type = type};
    int code = coerce_inputs(d, type->inputs, type->inputs_len, &owner);
    for (size_t i = 0; i < type->fields_len && code == 0; i++) {
        owner.field = &type->fields[i];
        code = coerce_inputs(d, type->fields[i].arguments, type->fields[i].arguments_len, &owner);
    }
    return code;
}

int gql_schema_coerce_defaults(struct gql_schema *schema, struct gql_errors *errors) {
    struct defaults d = {schema, errors};
    for (size_t i = 0; i < schema->types_len; i++) {
        int code = coerce_type(&d, &schema->types[i]->type);
        if (code < 0)
            return code;
    }
    for (size_t i = 0; i < schema->directives_len; i++) {
        struct gql_directive_def *directive = &schema->directives[i];
        struct owner owner = {.directive = directive};
        int code = coerce_inputs(&d, directive->arguments, directive->arguments_len, &owner);
        if (code < 0)
            return code;
    }
    return 0;
}
