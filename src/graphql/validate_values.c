/* ValuesOfCorrectType (5.6.1 to 5.6.4): literals against the types expected, required input fields, @oneOf. */
#include "graphql/validate_internal.h"

static void unexpected(struct gql_v *v, const struct gql_literal *literal, const struct gql_type *type) {
    if (v->stop)
        return;
    gql_v_error_at(v, literal->at, "Expected value of type \"%s\", found %s.", gql_v_type_text(v, type), gql_v_literal_text(v, literal));
}

/* --- scalars (3.5): their input coercion of literals. A scalar of the schema's own takes any. --- */

static bool fits_int32(struct lk_slice text) {
    bool negative = text.len > 0 && text.ptr[0] == '-';
    int64_t number = 0;
    for (size_t i = negative ? 1 : 0; i < text.len; i++) {
        number = number * 10 + (text.ptr[i] - '0');
        if (number > (int64_t)INT32_MAX + 1)
            return false;
    }
    return negative || number <= INT32_MAX;
}

static void refuse(struct gql_v *v, const struct gql_literal *literal, const char *what) {
    gql_v_error_at(v, literal->at, "%s: %s", what, gql_v_literal_text(v, literal));
}

static void check_scalar(struct gql_v *v, const struct gql_literal *literal, const struct gql_type *type) {
    enum gql_literal_kind kind = literal->kind;
    if (lk_slice_is(type->name, "Int")) {
        if (kind != GQL_LIT_INT)
            refuse(v, literal, "Int cannot represent non-integer value");
        else if (!fits_int32(literal->text))
            refuse(v, literal, "Int cannot represent non 32-bit signed integer value");
    } else if (lk_slice_is(type->name, "Float")) {
        if (kind != GQL_LIT_INT && kind != GQL_LIT_FLOAT)
            refuse(v, literal, "Float cannot represent non numeric value");
    } else if (lk_slice_is(type->name, "String")) {
        if (kind != GQL_LIT_STRING)
            refuse(v, literal, "String cannot represent a non string value");
    } else if (lk_slice_is(type->name, "Boolean")) {
        if (kind != GQL_LIT_BOOLEAN)
            refuse(v, literal, "Boolean cannot represent a non boolean value");
    } else if (lk_slice_is(type->name, "ID")) {
        if (kind != GQL_LIT_STRING && kind != GQL_LIT_INT)
            refuse(v, literal, "ID cannot represent a non-string and non-integer value");
    }
}

static void check_enum(struct gql_v *v, const struct gql_literal *literal, const struct gql_type *type) {
    bool is_enum = literal->kind == GQL_LIT_ENUM;
    if (is_enum && gql_type_enum_value(type, literal->text) != NULL)
        return;
    struct lk_slice *names = gql_v_calloc(v, type->values_len, sizeof(*names));
    if (names == NULL)
        return;
    for (size_t i = 0; i < type->values_len; i++)
        names[i] = type->values[i].name;
    const char *text = gql_v_literal_text(v, literal);
    const char *hint = gql_v_suggest(v, "the enum value ", lk_slice_cstr(text), names, type->values_len);
    if (is_enum)
        gql_v_error_at(v, literal->at, "Value \"%s\" does not exist in \"%.*s\" enum.%s", text, GQL_SHOWN(type->name), hint);
    else
        gql_v_error_at(v, literal->at, "Enum \"%.*s\" cannot represent non-enum value: %s.%s", GQL_SHOWN(type->name), text, hint);
}

void gql_v_leaf_value(struct gql_v *v, const struct gql_literal *literal, const struct gql_type *type) {
    if (type == NULL || v->stop)
        return;
    const struct gql_type *named = gql_type_named(type);
    if (named->kind == GQL_SCALAR)
        check_scalar(v, literal, named);
    else if (named->kind == GQL_ENUM_TYPE)
        check_enum(v, literal, named);
    else
        unexpected(v, literal, type);
}

void gql_v_null_value(struct gql_v *v, const struct gql_literal *literal, const struct gql_type *type) {
    if (type != NULL && type->kind == GQL_NON_NULL_TYPE)
        unexpected(v, literal, type);
}

/* --- lists and input objects. False: the value is settled, what it contains is not looked at. --- */

bool gql_v_list_value(struct gql_v *v, const struct gql_literal *literal, const struct gql_type *type, const struct gql_type *item) {
    const struct gql_type *nullable = gql_v_nullable(type);
    if (nullable != NULL && nullable->kind == GQL_LIST_TYPE)
        return true;
    gql_v_leaf_value(v, literal, item);
    return false;
}

/* The last field of the literal by that name, or NULL. */
static const struct gql_object_field *given_field(const struct gql_literal *literal, struct lk_slice name) {
    const struct gql_object_field *found = NULL;
    for (const struct gql_object_field *f = literal->fields; f != NULL; f = f->next)
        if (lk_slice_equal(f->name.text, name))
            found = f;
    return found;
}

static void check_one_of(struct gql_v *v, const struct gql_literal *literal, const struct gql_type *type) {
    const struct gql_object_field *last = literal->fields;
    bool one = last != NULL;
    for (; one && last->next != NULL; last = last->next)
        one = lk_slice_equal(last->name.text, last->next->name.text);
    int type_len = (int)type->name.len;
    if (!one)
        gql_v_error_at(v, literal->at, "OneOf Input Object \"%.*s\" must specify exactly one key.", type_len, type->name.ptr);
    else if (last->value->kind == GQL_LIT_NULL)
        gql_v_error_at(v, literal->at, "Field \"%.*s.%.*s\" must be non-null.", type_len, type->name.ptr, GQL_SHOWN(last->name.text));
}

bool gql_v_object_value(struct gql_v *v, const struct gql_literal *literal, const struct gql_type *type) {
    const struct gql_type *named = type == NULL ? NULL : gql_type_named(type);
    if (named == NULL || named->kind != GQL_INPUT_OBJECT) {
        gql_v_leaf_value(v, literal, type);
        return false;
    }
    for (size_t i = 0; i < named->inputs_len && !v->stop; i++) {
        const struct gql_input *input = &named->inputs[i];
        if (!gql_input_required(input) || given_field(literal, input->name) != NULL)
            continue;
        gql_v_error_at(v, literal->at, "Field \"%.*s.%.*s\" of required type \"%s\" was not provided.", GQL_SHOWN(named->name),
                       GQL_SHOWN(input->name), gql_v_type_text(v, input->type));
    }
    if (named->one_of)
        check_one_of(v, literal, named);
    return true;
}

void gql_v_object_field(struct gql_v *v, const struct gql_object_field *field, const struct gql_type *object) {
    struct lk_slice *names = gql_v_calloc(v, object->inputs_len, sizeof(*names));
    if (names == NULL)
        return;
    for (size_t i = 0; i < object->inputs_len; i++)
        names[i] = object->inputs[i].name;
    const char *hint = gql_v_suggest(v, "", field->name.text, names, object->inputs_len);
    gql_v_error_at(v, field->name.at, "Field \"%.*s\" is not defined by type \"%.*s\".%s", GQL_SHOWN(field->name.text),
                   GQL_SHOWN(object->name), hint);
}
