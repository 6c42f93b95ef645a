/*
 * The rules on a built type system (section 3, "Type Validation"): graphql-js's validateSchema, in its order and words. Interfaces are in
 * schema_check_implements.c.
 */
#include "graphql/schema_check.h"

#include "base/error.h"

#define SLICE_ARGS(slice) (int)(slice).len, (slice).ptr

void gql_places_add(struct gql_places *places, gql_pos at) {
    if (places->len == places->cap) {
        size_t cap = places->cap == 0 ? 4 : places->cap * 2;
        gql_pos *larger = lk_arena_calloc(places->arena, cap, sizeof(*larger));
        if (larger == NULL) {
            places->failed = true;
            return;
        }
        if (places->len > 0)
            memcpy(larger, places->at, places->len * sizeof(*larger));
        places->at = larger;
        places->cap = cap;
    }
    places->at[places->len++] = at;
}

const char *gql_check_type_text(struct gql_check *c, const struct gql_type *type) {
    const char *text = gql_type_text(type, c->errors->arena);
    if (text == NULL)
        c->no_memory = true;
    return text == NULL ? "" : text;
}

/* The definition of a type and all its extensions. */
static struct gql_places part_places(struct gql_check *c, const struct gql_type *type) {
    struct gql_places places = {.arena = c->errors->arena};
    gql_check_add_parts(c, type, &places);
    return places;
}

void gql_check_add_parts(struct gql_check *c, const struct gql_type *type, struct gql_places *places) {
    for (const struct gql_part *part = gql_type_node(type)->parts.first; part != NULL; part = part->next)
        gql_places_add(places, part->node->at);
    c->no_memory = c->no_memory || places->failed;
}

static void check_name(struct gql_check *c, struct lk_slice name, gql_pos at) {
    if (lk_slice_starts_with(name, "__"))
        gql_errors_add(c->errors, &at, 1, "Name \"%.*s\" must not begin with \"__\", which is reserved by GraphQL introspection.",
                       SLICE_ARGS(name));
}

/* Where @deprecated and the type of an input stand. */
static void deprecated_places(const struct gql_input *input, gql_pos ret[2]) {
    const struct gql_directive *d = input->node->directives;
    while (d != NULL && !lk_slice_is(d->name.text, "deprecated"))
        d = d->next;
    ret[0] = d == NULL ? input->node->at : d->name.at;
    ret[1] = input->node->type->at;
}

/* --- root types --- */

/* Where the schema names a root type, or else where the type is defined. */
static gql_pos root_place(const struct gql_schema *schema, enum gql_operation_kind kind, const struct gql_type *type) {
    for (const struct gql_part *part = schema->schema_parts.first; part != NULL; part = part->next)
        for (const struct gql_root_def *root = part->node->roots; root != NULL; root = root->next)
            if (root->kind == kind)
                return root->type.at;
    return gql_type_node(type)->parts.first->node->at;
}

static void check_root(struct gql_check *c, enum gql_operation_kind kind, const char *name, const char *if_provided) {
    const struct gql_type *type = c->schema->roots[kind];
    if (type == NULL || type->kind == GQL_OBJECT_TYPE)
        return;
    gql_pos at = root_place(c->schema, kind, type);
    gql_errors_add(c->errors, &at, 1, "%s root type must be Object type%s, it cannot be %.*s.", name, if_provided, SLICE_ARGS(type->name));
}

static void check_roots(struct gql_check *c) {
    const struct gql_part *part = c->schema->schema_parts.first;
    bool defined = part != NULL && !part->node->extension;
    if (c->schema->roots[GQL_QUERY] == NULL)
        gql_errors_add(c->errors, defined ? &part->node->at : NULL, defined ? 1 : 0, "Query root type must be provided.");
    check_root(c, GQL_QUERY, "Query", "");
    check_root(c, GQL_MUTATION, "Mutation", " if provided");
    check_root(c, GQL_SUBSCRIPTION, "Subscription", " if provided");
}

/* --- directives --- */

static void check_directive_argument(struct gql_check *c, const struct gql_directive_def *directive, const struct gql_input *argument) {
    check_name(c, argument->name, argument->node->at);
    if (!gql_type_is_input(argument->type))
        gql_errors_add(c->errors, &argument->node->at, 1, "The type of @%.*s(%.*s:) must be Input Type but got: %s.",
                       SLICE_ARGS(directive->name), SLICE_ARGS(argument->name), gql_check_type_text(c, argument->type));
    if (!gql_input_required(argument) || !argument->deprecated)
        return;
    gql_pos at[2];
    deprecated_places(argument, at);
    gql_errors_add(c->errors, at, 2, "Required argument @%.*s(%.*s:) cannot be deprecated.", SLICE_ARGS(directive->name),
                   SLICE_ARGS(argument->name));
}

static void check_directives(struct gql_check *c) {
    for (size_t i = 0; i < c->schema->directives_len; i++) {
        const struct gql_directive_def *directive = &c->schema->directives[i];
        if (c->schema->directive_nodes[i] == NULL)
            continue; /* built in */
        check_name(c, directive->name, c->schema->directive_nodes[i]->at);
        for (size_t j = 0; j < directive->arguments_len; j++)
            check_directive_argument(c, directive, &directive->arguments[j]);
    }
}

/* --- fields --- */

static void check_argument(struct gql_check *c, const struct gql_type *type, const struct gql_field *field,
                           const struct gql_input *argument) {
    check_name(c, argument->name, argument->node->at);
    if (!gql_type_is_input(argument->type))
        gql_errors_add(c->errors, &argument->node->type->at, 1, "The type of %.*s.%.*s(%.*s:) must be Input Type but got: %s.",
                       SLICE_ARGS(type->name), SLICE_ARGS(field->name), SLICE_ARGS(argument->name), gql_check_type_text(c, argument->type));
    if (!gql_input_required(argument) || !argument->deprecated)
        return;
    gql_pos at[2];
    deprecated_places(argument, at);
    gql_errors_add(c->errors, at, 2, "Required argument %.*s.%.*s(%.*s:) cannot be deprecated.", SLICE_ARGS(type->name),
                   SLICE_ARGS(field->name), SLICE_ARGS(argument->name));
}

static void check_fields(struct gql_check *c, const struct gql_type *type) {
    if (type->fields_len == 0) {
        struct gql_places places = part_places(c, type);
        gql_errors_add(c->errors, places.at, places.len, "Type %.*s must define one or more fields.", SLICE_ARGS(type->name));
    }
    for (size_t i = 0; i < type->fields_len; i++) {
        const struct gql_field *field = &type->fields[i];
        check_name(c, field->name, field->node->at);
        if (!gql_type_is_output(field->type))
            gql_errors_add(c->errors, &field->node->type->at, 1, "The type of %.*s.%.*s must be Output Type but got: %s.",
                           SLICE_ARGS(type->name), SLICE_ARGS(field->name), gql_check_type_text(c, field->type));
        for (size_t j = 0; j < field->arguments_len; j++)
            check_argument(c, type, field, &field->arguments[j]);
    }
}

/* --- unions and enums --- */

static struct gql_places member_places(struct gql_check *c, const struct gql_type *type, struct lk_slice name) {
    struct gql_places places = {.arena = c->errors->arena};
    for (const struct gql_part *part = gql_type_node(type)->parts.first; part != NULL; part = part->next)
        for (const struct gql_named *n = part->node->members; n != NULL; n = n->next)
            if (lk_slice_equal(n->name.text, name))
                gql_places_add(&places, n->name.at);
    c->no_memory = c->no_memory || places.failed;
    return places;
}

static void check_union(struct gql_check *c, const struct gql_type *type) {
    struct gql_names seen = {0};
    if (type->possible_len == 0) {
        struct gql_places places = part_places(c, type);
        gql_errors_add(c->errors, places.at, places.len, "Union type %.*s must define one or more member types.", SLICE_ARGS(type->name));
    }
    for (size_t i = 0; i < type->possible_len; i++) {
        const struct gql_type *member = type->possible[i];
        bool again = gql_names_get(&seen, member->name) != NULL;
        if (!again && member->kind == GQL_OBJECT_TYPE) {
            c->no_memory = gql_names_put(&seen, c->errors->arena, member->name, member) < 0 || c->no_memory;
            continue;
        }
        struct gql_places places = member_places(c, type, member->name);
        if (again) {
            gql_errors_add(c->errors, places.at, places.len, "Union type %.*s can only include type %.*s once.", SLICE_ARGS(type->name),
                           SLICE_ARGS(member->name));
            continue;
        }
        c->no_memory = gql_names_put(&seen, c->errors->arena, member->name, member) < 0 || c->no_memory;
        gql_errors_add(c->errors, places.at, places.len, "Union type %.*s can only include Object types, it cannot include %.*s.",
                       SLICE_ARGS(type->name), SLICE_ARGS(member->name));
    }
}

static void check_enum(struct gql_check *c, const struct gql_type *type) {
    if (type->values_len == 0) {
        struct gql_places places = part_places(c, type);
        gql_errors_add(c->errors, places.at, places.len, "Enum type %.*s must define one or more values.", SLICE_ARGS(type->name));
    }
    for (const struct gql_part *part = gql_type_node(type)->parts.first; part != NULL; part = part->next)
        for (const struct gql_enum_value_def *v = part->node->values; v != NULL; v = v->next)
            check_name(c, v->name.text, v->at);
}

/* --- input objects --- */

static void check_one_of_field(struct gql_check *c, const struct gql_type *type, const struct gql_input *field) {
    if (field->type->kind == GQL_NON_NULL_TYPE)
        gql_errors_add(c->errors, &field->node->type->at, 1, "OneOf input field %.*s.%.*s must be nullable.", SLICE_ARGS(type->name),
                       SLICE_ARGS(field->name));
    if (field->default_literal != NULL)
        gql_errors_add(c->errors, &field->node->at, 1, "OneOf input field %.*s.%.*s cannot have a default value.", SLICE_ARGS(type->name),
                       SLICE_ARGS(field->name));
}

static void check_input_field(struct gql_check *c, const struct gql_type *type, const struct gql_input *field) {
    check_name(c, field->name, field->node->at);
    if (!gql_type_is_input(field->type))
        gql_errors_add(c->errors, &field->node->type->at, 1, "The type of %.*s.%.*s must be Input Type but got: %s.",
                       SLICE_ARGS(type->name), SLICE_ARGS(field->name), gql_check_type_text(c, field->type));
    if (gql_input_required(field) && field->deprecated) {
        gql_pos at[2];
        deprecated_places(field, at);
        gql_errors_add(c->errors, at, 2, "Required input field %.*s.%.*s cannot be deprecated.", SLICE_ARGS(type->name),
                       SLICE_ARGS(field->name));
    }
    if (type->one_of)
        check_one_of_field(c, type, field);
}

static void check_input_object(struct gql_check *c, const struct gql_type *type) {
    if (type->inputs_len == 0) {
        struct gql_places places = part_places(c, type);
        gql_errors_add(c->errors, places.at, places.len, "Input Object type %.*s must define one or more fields.", SLICE_ARGS(type->name));
    }
    for (size_t i = 0; i < type->inputs_len; i++)
        check_input_field(c, type, &type->inputs[i]);
}

/* --- circles of non-null input fields --- */

static void report_circle(struct gql_check *c, const struct gql_type *type, size_t from) {
    struct lk_buf path = {0};
    struct gql_places places = {.arena = c->errors->arena};
    for (size_t i = from; i < c->path_len; i++) {
        if (i > from)
            lk_buf_add_char(&path, '.');
        lk_buf_add(&path, c->path[i]->name);
        gql_places_add(&places, c->path[i]->node->at);
    }
    c->no_memory = c->no_memory || path.failed || places.failed;
    gql_errors_add(c->errors, places.at, places.len,
                   "Cannot reference Input Object \"%.*s\" within itself through a series of non-null fields: \"%.*s\".",
                   SLICE_ARGS(type->name), (int)path.len, path.ptr == NULL ? "" : path.ptr);
    lk_buf_free(&path);
}

/* Follows the non-null fields of an input object depth first. A type is entered once, so the path is never longer than there are types. */
static void find_circles(struct gql_check *c, const struct gql_type *type) {
    struct gql_check_circle *state = &c->circles[type->index];
    if (state->visited)
        return;
    *state = (struct gql_check_circle){true, true, c->path_len};
    for (size_t i = 0; i < type->inputs_len; i++) {
        const struct gql_type *field_type = type->inputs[i].type;
        if (field_type->kind != GQL_NON_NULL_TYPE || field_type->of->kind != GQL_INPUT_OBJECT)
            continue;
        c->path[c->path_len++] = &type->inputs[i];
        if (c->circles[field_type->of->index].on_path)
            report_circle(c, field_type->of, c->circles[field_type->of->index].path_index);
        else
            find_circles(c, field_type->of);
        c->path_len--;
    }
    state->on_path = false;
}

/* --- all of it --- */

static void check_type(struct gql_check *c, const struct gql_type *type) {
    check_name(c, type->name, gql_type_node(type)->parts.first->node->at);
    switch (type->kind) {
    case GQL_OBJECT_TYPE:
    case GQL_INTERFACE:
        check_fields(c, type);
        gql_check_implements(c, type);
        break;
    case GQL_UNION: check_union(c, type); break;
    case GQL_ENUM_TYPE: check_enum(c, type); break;
    case GQL_INPUT_OBJECT:
        check_input_object(c, type);
        find_circles(c, type);
        break;
    case GQL_SCALAR:
    case GQL_LIST_TYPE:
    case GQL_NON_NULL_TYPE: break;
    }
}

int gql_schema_check(const struct gql_schema *schema, struct gql_errors *errors) {
    struct gql_check c = {.schema = schema, .errors = errors};
    c.path = lk_arena_calloc(errors->arena, schema->types_len, sizeof(const struct gql_input *));
    c.circles = lk_arena_calloc(errors->arena, schema->types_len, sizeof(*c.circles));
    if (c.path == NULL || c.circles == NULL)
        return LK_ENOMEM;
    check_roots(&c);
    check_directives(&c);
    for (size_t i = 0; i < schema->types_len && !c.no_memory; i++)
        if (!schema->types[i]->type.builtin)
            check_type(&c, &schema->types[i]->type);
    return c.no_memory ? LK_ENOMEM : 0;
}
