/* Whether types implement the interfaces they declare (IsValidImplementation, 3.6 and 3.7), as graphql-js words it. */
#include "graphql/schema_check.h"

#define SLICE_ARGS(slice) (int)(slice).len, (slice).ptr

/* Adds where type says that it implements the interface. */
static void add_implements(struct gql_check *c, const struct gql_type *type, const struct gql_type *interface, struct gql_places *places) {
    for (const struct gql_part *part = gql_type_node(type)->parts.first; part != NULL; part = part->next)
        for (const struct gql_named *n = part->node->interfaces; n != NULL; n = n->next)
            if (lk_slice_equal(n->name.text, interface->name))
                gql_places_add(places, n->name.at);
    c->no_memory = c->no_memory || places->failed;
}

static bool declares(const struct gql_type *type, const struct gql_type *interface) {
    for (size_t i = 0; i < type->interfaces_len; i++)
        if (type->interfaces[i] == interface)
            return true;
    return false;
}

/* An interface's own interfaces must be declared too. */
static void check_ancestors(struct gql_check *c, const struct gql_type *type, const struct gql_type *interface) {
    for (size_t i = 0; i < interface->interfaces_len; i++) {
        const struct gql_type *ancestor = interface->interfaces[i];
        if (declares(type, ancestor))
            continue;
        struct gql_places places = {.arena = c->errors->arena};
        add_implements(c, interface, ancestor, &places);
        add_implements(c, type, interface, &places);
        if (ancestor == type)
            gql_errors_add(c->errors, places.at, places.len,
                           "Type %.*s cannot implement %.*s because it would create a circular reference.", SLICE_ARGS(type->name),
                           SLICE_ARGS(interface->name));
        else
            gql_errors_add(c->errors, places.at, places.len, "Type %.*s must implement %.*s because it is implemented by %.*s.",
                           SLICE_ARGS(type->name), SLICE_ARGS(ancestor->name), SLICE_ARGS(interface->name));
    }
}

/* The argument of an interface's field must be there with the same type. */
static void check_argument(struct gql_check *c, const struct gql_type *type, const struct gql_field *field,
                           const struct gql_type *interface, const struct gql_input *expected) {
    const struct gql_input *argument = gql_field_argument(field, expected->name);
    if (argument == NULL) {
        gql_pos at[] = {expected->node->at, field->node->at};
        gql_errors_add(c->errors, at, 2, "Interface field argument %.*s.%.*s(%.*s:) expected but %.*s.%.*s does not provide it.",
                       SLICE_ARGS(interface->name), SLICE_ARGS(field->name), SLICE_ARGS(expected->name), SLICE_ARGS(type->name),
                       SLICE_ARGS(field->name));
    } else if (argument->type != expected->type) {
        gql_pos at[] = {expected->node->type->at, argument->node->type->at};
        gql_errors_add(c->errors, at, 2, "Interface field argument %.*s.%.*s(%.*s:) expects type %s but %.*s.%.*s(%.*s:) is type %s.",
                       SLICE_ARGS(interface->name), SLICE_ARGS(field->name), SLICE_ARGS(expected->name),
                       gql_check_type_text(c, expected->type), SLICE_ARGS(type->name), SLICE_ARGS(field->name), SLICE_ARGS(expected->name),
                       gql_check_type_text(c, argument->type));
    }
}

static void check_field(struct gql_check *c, const struct gql_type *type, const struct gql_field *field, const struct gql_type *interface,
                        const struct gql_field *expected) {
    if (!gql_type_is_subtype(expected->type, field->type)) {
        gql_pos at[] = {expected->node->type->at, field->node->type->at};
        gql_errors_add(c->errors, at, 2, "Interface field %.*s.%.*s expects type %s but %.*s.%.*s is type %s.", SLICE_ARGS(interface->name),
                       SLICE_ARGS(field->name), gql_check_type_text(c, expected->type), SLICE_ARGS(type->name), SLICE_ARGS(field->name),
                       gql_check_type_text(c, field->type));
    }
    for (size_t i = 0; i < expected->arguments_len; i++)
        check_argument(c, type, field, interface, &expected->arguments[i]);
    for (size_t i = 0; i < field->arguments_len; i++) {
        const struct gql_input *argument = &field->arguments[i];
        if (!gql_input_required(argument) || gql_field_argument(expected, argument->name) != NULL)
            continue;
        gql_pos at[] = {argument->node->at, expected->node->at};
        gql_errors_add(c->errors, at, 2,
                       "Object field %.*s.%.*s includes required argument %.*s that is missing from the Interface field %.*s.%.*s.",
                       SLICE_ARGS(type->name), SLICE_ARGS(field->name), SLICE_ARGS(argument->name), SLICE_ARGS(interface->name),
                       SLICE_ARGS(field->name));
    }
}

static void check_implementation(struct gql_check *c, const struct gql_type *type, const struct gql_type *interface) {
    for (size_t i = 0; i < interface->fields_len; i++) {
        const struct gql_field *expected = &interface->fields[i];
        const struct gql_field *field = gql_type_field(c->schema, type, expected->name);
        if (field != NULL) {
            check_field(c, type, field, interface, expected);
            continue;
        }
        struct gql_places places = {.arena = c->errors->arena};
        gql_places_add(&places, expected->node->at);
        gql_check_add_parts(c, type, &places);
        gql_errors_add(c->errors, places.at, places.len, "Interface field %.*s.%.*s expected but %.*s does not provide it.",
                       SLICE_ARGS(interface->name), SLICE_ARGS(expected->name), SLICE_ARGS(type->name));
    }
}

void gql_check_implements(struct gql_check *c, const struct gql_type *type) {
    struct gql_names seen = {0};
    for (size_t i = 0; i < type->interfaces_len; i++) {
        const struct gql_type *interface = type->interfaces[i];
        struct gql_places places = {.arena = c->errors->arena};
        if (interface->kind != GQL_INTERFACE) {
            add_implements(c, type, interface, &places);
            gql_errors_add(c->errors, places.at, places.len, "Type %.*s must only implement Interface types, it cannot implement %.*s.",
                           SLICE_ARGS(type->name), SLICE_ARGS(interface->name));
        } else if (interface == type) {
            add_implements(c, type, interface, &places);
            gql_errors_add(c->errors, places.at, places.len,
                           "Type %.*s cannot implement itself because it would create a circular reference.", SLICE_ARGS(type->name));
        } else if (gql_names_get(&seen, interface->name) != NULL) {
            add_implements(c, type, interface, &places);
            gql_errors_add(c->errors, places.at, places.len, "Type %.*s can only implement %.*s once.", SLICE_ARGS(type->name),
                           SLICE_ARGS(interface->name));
        } else {
            c->no_memory = gql_names_put(&seen, c->errors->arena, interface->name, interface) < 0 || c->no_memory;
            check_ancestors(c, type, interface);
            check_implementation(c, type, interface);
        }
    }
}
