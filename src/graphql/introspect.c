#include "graphql/introspect.h"

#include "graphql/locations.h"
#include "graphql/print.h"

/* --- results --- */

static int out_text(struct lk_slice text, struct gql_out *ret) {
    if (text.ptr != NULL)
        *ret = (struct gql_out){.kind = GQL_OUT_STRING, .text = text};
    return 0;
}

static int out_bool(bool value, struct gql_out *ret) {
    *ret = (struct gql_out){.kind = GQL_OUT_BOOLEAN, .boolean = value};
    return 0;
}

static int out_object(const void *object, struct gql_out *ret) {
    if (object != NULL)
        *ret = (struct gql_out){.kind = GQL_OUT_OBJECT, .object = object};
    return 0;
}

/* A list with room for len items, which the caller fills. */
static int out_list(struct gql_call *call, size_t len, struct gql_out *ret) {
    struct gql_out *items = lk_arena_calloc(call->arena, len, sizeof(*items));
    if (items == NULL)
        return LK_ENOMEM;
    *ret = (struct gql_out){.kind = GQL_OUT_LIST, .items = items};
    return 0;
}

static void add_object(struct gql_out *list, const void *object) {
    out_object(object, &list->items[list->items_len++]);
}

static int out_types(struct gql_call *call, const struct gql_type *const *types, size_t len, struct gql_out *ret) {
    int code = out_list(call, len, ret);
    for (size_t i = 0; code == 0 && i < len; i++)
        add_object(ret, types[i]);
    return code;
}

static bool include_deprecated(const struct gql_call *call) {
    const struct gql_value *value = gql_argument(call, "includeDeprecated");
    return value != NULL && value->kind == GQL_BOOLEAN && value->boolean;
}

static int out_inputs(struct gql_call *call, const struct gql_input *inputs, size_t len, struct gql_out *ret) {
    bool all = include_deprecated(call);
    int code = out_list(call, len, ret);
    for (size_t i = 0; code == 0 && i < len; i++) {
        if (all || !inputs[i].deprecated)
            add_object(ret, &inputs[i]);
    }
    return code;
}

static int out_deprecation(bool deprecated, struct lk_slice reason, struct gql_out *ret) {
    return deprecated ? out_text(reason, ret) : 0;
}

/* --- meta-fields --- */

static int resolve_typename(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    return out_text(call->parent->name, ret);
}

static int resolve_schema(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    return out_object(call->schema, ret);
}

static int resolve_type(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    return out_object(gql_schema_type(call->schema, gql_value_text(gql_argument(call, "name"))), ret);
}

/* --- __Schema --- */

static int schema_description(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_text(gql_schema_description(source), ret);
}

static int schema_types(struct gql_call *call, const void *source, struct gql_out *ret) {
    size_t len = gql_schema_type_count(source);
    int code = out_list(call, len, ret);
    for (size_t i = 0; code == 0 && i < len; i++)
        add_object(ret, gql_schema_type_at(source, i));
    return code;
}

static int schema_query(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_object(gql_schema_root(source, GQL_QUERY), ret);
}

static int schema_mutation(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_object(gql_schema_root(source, GQL_MUTATION), ret);
}

static int schema_subscription(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_object(gql_schema_root(source, GQL_SUBSCRIPTION), ret);
}

static int schema_directives(struct gql_call *call, const void *source, struct gql_out *ret) {
    size_t len = gql_schema_directive_count(source);
    int code = out_list(call, len, ret);
    for (size_t i = 0; code == 0 && i < len; i++)
        add_object(ret, gql_schema_directive_at(source, i));
    return code;
}

/* --- __Type --- */

static int type_kind(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    static const char *const kinds[] = {
        [GQL_SCALAR] = "SCALAR",  [GQL_OBJECT_TYPE] = "OBJECT",        [GQL_INTERFACE] = "INTERFACE", [GQL_UNION] = "UNION",
        [GQL_ENUM_TYPE] = "ENUM", [GQL_INPUT_OBJECT] = "INPUT_OBJECT", [GQL_LIST_TYPE] = "LIST",      [GQL_NON_NULL_TYPE] = "NON_NULL",
    };
    const struct gql_type *type = source;
    return out_text(lk_slice_cstr(kinds[type->kind]), ret);
}

static bool is_wrapper(const struct gql_type *type) {
    return type->kind == GQL_LIST_TYPE || type->kind == GQL_NON_NULL_TYPE;
}

static bool has_fields(const struct gql_type *type) {
    return type->kind == GQL_OBJECT_TYPE || type->kind == GQL_INTERFACE;
}

static int type_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    const struct gql_type *type = source;
    return is_wrapper(type) ? 0 : out_text(type->name, ret);
}

static int type_description(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    const struct gql_type *type = source;
    return is_wrapper(type) ? 0 : out_text(type->description, ret);
}

static int type_specified_by(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    const struct gql_type *type = source;
    return type->kind == GQL_SCALAR ? out_text(type->specified_by, ret) : 0;
}

static int type_fields(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct gql_type *type = source;
    if (!has_fields(type))
        return 0;
    bool all = include_deprecated(call);
    int code = out_list(call, type->fields_len, ret);
    for (size_t i = 0; code == 0 && i < type->fields_len; i++) {
        if (all || !type->fields[i].deprecated)
            add_object(ret, &type->fields[i]);
    }
    return code;
}

static int type_interfaces(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct gql_type *type = source;
    return has_fields(type) ? out_types(call, type->interfaces, type->interfaces_len, ret) : 0;
}

static int type_possible(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct gql_type *type = source;
    if (type->kind != GQL_INTERFACE && type->kind != GQL_UNION)
        return 0;
    return out_types(call, type->possible, type->possible_len, ret);
}

static int type_values(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct gql_type *type = source;
    if (type->kind != GQL_ENUM_TYPE)
        return 0;
    bool all = include_deprecated(call);
    int code = out_list(call, type->values_len, ret);
    for (size_t i = 0; code == 0 && i < type->values_len; i++) {
        if (all || !type->values[i].deprecated)
            add_object(ret, &type->values[i]);
    }
    return code;
}

static int type_inputs(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct gql_type *type = source;
    return type->kind == GQL_INPUT_OBJECT ? out_inputs(call, type->inputs, type->inputs_len, ret) : 0;
}

static int type_of(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_object(((const struct gql_type *)source)->of, ret);
}

static int type_one_of(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    const struct gql_type *type = source;
    return type->kind == GQL_INPUT_OBJECT ? out_bool(type->one_of, ret) : 0;
}

/* --- __Field --- */

static int field_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_text(((const struct gql_field *)source)->name, ret);
}

static int field_description(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_text(((const struct gql_field *)source)->description, ret);
}

static int field_args(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct gql_field *field = source;
    return out_inputs(call, field->arguments, field->arguments_len, ret);
}

static int field_type(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_object(((const struct gql_field *)source)->type, ret);
}

static int field_is_deprecated(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_bool(((const struct gql_field *)source)->deprecated, ret);
}

static int field_reason(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    const struct gql_field *field = source;
    return out_deprecation(field->deprecated, field->deprecation_reason, ret);
}

/* --- __InputValue --- */

static int input_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_text(((const struct gql_input *)source)->name, ret);
}

static int input_description(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_text(((const struct gql_input *)source)->description, ret);
}

static int input_type(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_object(((const struct gql_input *)source)->type, ret);
}

static int fail_without_literal(struct gql_call *call, const struct gql_value *value) {
    struct lk_buf shown = {0};
    gql_inspect_value(value, &shown);
    int code = gql_fail(call, NULL, "Cannot convert value to AST: %.*s.", (int)shown.len, shown.ptr);
    lk_buf_free(&shown);
    return code;
}

static int input_default(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct gql_input *input = source;
    if (input->default_value == NULL)
        return 0;
    struct lk_buf text = {0};
    const struct gql_value *culprit = NULL;
    int code = gql_print_value(input->type, input->default_value, &text, &culprit);
    struct lk_slice copy = {NULL, 0};
    if (code == LK_EINVAL)
        code = fail_without_literal(call, culprit);
    else
        code = text.failed ? LK_ENOMEM : lk_arena_copy(call->arena, lk_buf_slice(&text), &copy);
    lk_buf_free(&text);
    return code < 0 ? code : out_text(copy, ret);
}

static int input_is_deprecated(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_bool(((const struct gql_input *)source)->deprecated, ret);
}

static int input_reason(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    const struct gql_input *input = source;
    return out_deprecation(input->deprecated, input->deprecation_reason, ret);
}

/* --- __EnumValue --- */

static int value_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_text(((const struct gql_enum_value *)source)->name, ret);
}

static int value_description(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_text(((const struct gql_enum_value *)source)->description, ret);
}

static int value_is_deprecated(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_bool(((const struct gql_enum_value *)source)->deprecated, ret);
}

static int value_reason(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    const struct gql_enum_value *value = source;
    return out_deprecation(value->deprecated, value->deprecation_reason, ret);
}

/* --- __Directive --- */

static int directive_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_text(((const struct gql_directive_def *)source)->name, ret);
}

static int directive_description(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_text(((const struct gql_directive_def *)source)->description, ret);
}

static int directive_is_repeatable(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_bool(((const struct gql_directive_def *)source)->repeatable, ret);
}

static int directive_locations(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct gql_directive_def *directive = source;
    int code = out_list(call, directive->locations_len, ret);
    for (size_t i = 0; code == 0 && i < directive->locations_len; i++)
        out_text(lk_slice_cstr(gql_location_name(directive->location_order[i])), &ret->items[ret->items_len++]);
    return code;
}

static int directive_args(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct gql_directive_def *directive = source;
    return out_inputs(call, directive->arguments, directive->arguments_len, ret);
}

/* The language has no way to deprecate a directive. */
static int directive_is_deprecated(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    (void)source;
    return out_bool(false, ret);
}

static int directive_reason(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    (void)source;
    (void)ret;
    return 0;
}

/* --- the table --- */

static const struct gql_binding bindings[] = {
    {"__Schema", "description", schema_description},
    {"__Schema", "types", schema_types},
    {"__Schema", "queryType", schema_query},
    {"__Schema", "mutationType", schema_mutation},
    {"__Schema", "subscriptionType", schema_subscription},
    {"__Schema", "directives", schema_directives},
    {"__Type", "kind", type_kind},
    {"__Type", "name", type_name},
    {"__Type", "description", type_description},
    {"__Type", "specifiedByURL", type_specified_by},
    {"__Type", "fields", type_fields},
    {"__Type", "interfaces", type_interfaces},
    {"__Type", "possibleTypes", type_possible},
    {"__Type", "enumValues", type_values},
    {"__Type", "inputFields", type_inputs},
    {"__Type", "ofType", type_of},
    {"__Type", "isOneOf", type_one_of},
    {"__Field", "name", field_name},
    {"__Field", "description", field_description},
    {"__Field", "args", field_args},
    {"__Field", "type", field_type},
    {"__Field", "isDeprecated", field_is_deprecated},
    {"__Field", "deprecationReason", field_reason},
    {"__InputValue", "name", input_name},
    {"__InputValue", "description", input_description},
    {"__InputValue", "type", input_type},
    {"__InputValue", "defaultValue", input_default},
    {"__InputValue", "isDeprecated", input_is_deprecated},
    {"__InputValue", "deprecationReason", input_reason},
    {"__EnumValue", "name", value_name},
    {"__EnumValue", "description", value_description},
    {"__EnumValue", "isDeprecated", value_is_deprecated},
    {"__EnumValue", "deprecationReason", value_reason},
    {"__Directive", "name", directive_name},
    {"__Directive", "description", directive_description},
    {"__Directive", "isRepeatable", directive_is_repeatable},
    {"__Directive", "locations", directive_locations},
    {"__Directive", "args", directive_args},
    {"__Directive", "isDeprecated", directive_is_deprecated},
    {"__Directive", "deprecationReason", directive_reason},
};

gql_resolver gql_introspection_resolver(const struct gql_type *parent, const struct gql_field *field) {
    if (lk_slice_is(field->name, "__typename"))
        return resolve_typename;
    if (lk_slice_is(field->name, "__schema"))
        return resolve_schema;
    if (lk_slice_is(field->name, "__type"))
        return resolve_type;
    if (!parent->builtin)
        return NULL;
    for (size_t i = 0; i < sizeof(bindings) / sizeof(bindings[0]); i++) {
        if (lk_slice_is(parent->name, bindings[i].type) && lk_slice_is(field->name, bindings[i].field))
            return bindings[i].resolve;
    }
    return NULL;
}
