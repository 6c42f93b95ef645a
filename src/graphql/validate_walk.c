/*
 * The walk: document order, graphql-js's order of nodes (arguments, directives, selections), and the rules in graphql-js's order at each node.
 * Along the way it knows the types as graphql-js's TypeInfo does, quirks included: an argument of an unknown directive is looked up in the field
 * around it, and an item of a list is also tried against a type that is no list. The recursion is as deep as the syntax is nested, which the
 * parser bounds; fragments are not followed here.
 */
#include "graphql/validate_internal.h"

const struct gql_field *gql_v_own_field(const struct gql_schema *schema, const struct gql_type *type, struct lk_slice name) {
    if (type == NULL || (type->kind != GQL_OBJECT_TYPE && type->kind != GQL_INTERFACE))
        return NULL;
    bool meta = lk_slice_is(name, "__typename") || lk_slice_is(name, "__schema") || lk_slice_is(name, "__type");
    return meta ? NULL : gql_type_field(schema, type, name);
}

static bool with_rules(const struct gql_v *v) {
    return v->collecting == NULL;
}

/* --- values --- */

/* What is known of a value from outside. */
struct position {
    const struct gql_type *type;
    const struct gql_type *parent;
    bool has_default;
};

static void walk_value(struct gql_v *v, const struct gql_literal *literal, struct position at);

static void walk_list(struct gql_v *v, const struct gql_literal *literal, const struct gql_type *type) {
    const struct gql_type *item = gql_v_nullable(type);
    if (item != NULL && item->kind == GQL_LIST_TYPE)
        item = item->of;
    bool skipping = v->skip_values;
    if (with_rules(v) && !skipping)
        v->skip_values = !gql_v_list_value(v, literal, type, item);
    for (const struct gql_literal *i = literal->items; i != NULL && !v->stop; i = i->next)
        walk_value(v, i, (struct position){item, type, false});
    v->skip_values = skipping;
}

/* For each field of the literal, in order, the first of the same name; NULL after stop. */
static const struct gql_object_field **first_fields(struct gql_v *v, const struct gql_literal *literal) {
    size_t len = 0;
    for (const struct gql_object_field *f = literal->fields; f != NULL; f = f->next)
        len++;
    struct lk_slice *names = gql_v_calloc(v, len, sizeof(*names));
    const struct gql_object_field **fields = gql_v_calloc(v, len, sizeof(*fields));
    if (names == NULL || fields == NULL)
        return NULL;
    size_t i = 0;
    for (const struct gql_object_field *f = literal->fields; f != NULL; f = f->next, i++) {
        names[i] = f->name.text;
        fields[i] = f;
    }
    size_t *first = gql_v_first_equal(v, names, len);
    if (first == NULL)
        return NULL;
    for (i = len; i > 0; i--)
        fields[i - 1] = fields[first[i - 1]];
    return fields;
}

static void walk_object(struct gql_v *v, const struct gql_literal *literal, const struct gql_type *type) {
    const struct gql_object_field **first = with_rules(v) ? first_fields(v, literal) : NULL;
    if (v->stop || (with_rules(v) && first == NULL))
        return;
    bool skipping = v->skip_values;
    if (with_rules(v) && !skipping)
        v->skip_values = !gql_v_object_value(v, literal, type);
    const struct gql_type *named = type == NULL ? NULL : gql_type_named(type);
    const struct gql_type *object = named != NULL && named->kind == GQL_INPUT_OBJECT ? named : NULL;
    size_t i = 0;
    for (const struct gql_object_field *f = literal->fields; f != NULL && !v->stop; f = f->next, i++) {
        const struct gql_input *input = object == NULL ? NULL : gql_type_input(object, f->name.text);
        if (first != NULL) {
            if (!v->skip_values && input == NULL && object != NULL)
                gql_v_object_field(v, f, object);
            if (first[i] != f)
                gql_v_error(v, (gql_pos[]){first[i]->name.at, f->name.at}, 2, "There can be only one input field named \"%.*s\".",
                            GQL_SHOWN(f->name.text));
        }
        bool has_default = input != NULL && input->default_literal != NULL;
        walk_value(v, f->value, (struct position){input == NULL ? NULL : input->type, type, has_default});
    }
    v->skip_values = skipping;
}

static void note_usage(struct gql_v *v, const struct gql_literal *literal, struct position at) {
    struct gql_v_scope *scope = v->collecting;
    struct gql_v_usage *usages = gql_v_grow(v, scope->usages, scope->usages_len, &scope->usages_cap, sizeof(*usages));
    if (usages == NULL)
        return;
    scope->usages = usages;
    usages[scope->usages_len++] = (struct gql_v_usage){literal, at.type, at.parent, at.has_default};
}

static void walk_value(struct gql_v *v, const struct gql_literal *literal, struct position at) {
    bool checked = with_rules(v) && !v->skip_values;
    switch (literal->kind) {
    case GQL_LIT_VARIABLE:
        if (v->collecting != NULL)
            note_usage(v, literal, at);
        break;
    case GQL_LIT_LIST: walk_list(v, literal, at.type); break;
    case GQL_LIT_OBJECT: walk_object(v, literal, at.type); break;
    case GQL_LIT_NULL:
        if (checked)
            gql_v_null_value(v, literal, at.type);
        break;
    case GQL_LIT_INT:
    case GQL_LIT_FLOAT:
    case GQL_LIT_STRING:
    case GQL_LIT_BOOLEAN:
    case GQL_LIT_ENUM:
        if (checked)
            gql_v_leaf_value(v, literal, at.type);
        break;
    }
}

/* --- arguments and directives --- */

static void walk_arguments(struct gql_v *v, const struct gql_argument *arguments, bool of_directive) {
    for (const struct gql_argument *a = arguments; a != NULL && !v->stop; a = a->next) {
        const struct gql_input *input = NULL;
        if (v->directive != NULL)
            input = gql_directive_argument(v->directive, a->name.text);
        else if (v->field != NULL)
            input = gql_field_argument(v->field, a->name.text);
        if (with_rules(v) && !of_directive && input == NULL)
            gql_v_known_argument(v, a);
        bool has_default = input != NULL && input->default_literal != NULL;
        walk_value(v, a->value, (struct position){input == NULL ? NULL : input->type, NULL, has_default});
    }
}

static void walk_directives(struct gql_v *v, const struct gql_directive *directives, enum gql_location location) {
    for (const struct gql_directive *d = directives; d != NULL && !v->stop; d = d->next) {
        v->directive = gql_schema_directive(v->schema, d->name.text);
        if (with_rules(v)) {
            gql_v_known_directive(v, d, location);
            gql_v_known_directive_arguments(v, d);
            gql_v_unique_arguments(v, d->arguments);
        }
        walk_arguments(v, d->arguments, true);
        if (with_rules(v))
            gql_v_required_directive_arguments(v, d);
        v->directive = NULL;
    }
}

/* --- selections --- */

static void walk_set(struct gql_v *v, const struct gql_selection *selections, bool of_inline);

static void walk_field(struct gql_v *v, const struct gql_selection *s) {
    const struct gql_field *outer_field = v->field;
    const struct gql_type *outer_type = v->type;
    bool skipping = v->skip_introspection;
    v->field = v->parent == NULL ? NULL : gql_type_field(v->schema, v->parent, s->name.text);
    v->type = v->field == NULL ? NULL : v->field->type;
    if (with_rules(v)) {
        gql_v_scalar_leafs(v, s);
        gql_v_fields_on_correct_type(v, s);
        gql_v_unique_directives(v, s->directives);
        gql_v_unique_arguments(v, s->arguments);
        if (!skipping)
            v->skip_introspection = gql_v_introspection_depth(v, s);
    }
    walk_arguments(v, s->arguments, false);
    walk_directives(v, s->directives, GQL_LOC_FIELD);
    if (s->selections != NULL)
        walk_set(v, s->selections, false);
    if (with_rules(v) && !v->stop)
        gql_v_required_arguments(v, s);
    v->field = outer_field;
    v->type = outer_type;
    v->skip_introspection = skipping;
}

static void walk_spread(struct gql_v *v, const struct gql_selection *s) {
    if (with_rules(v)) {
        gql_v_known_fragment(v, s);
        gql_v_possible_spread(v, s);
        gql_v_unique_directives(v, s->directives);
    }
    walk_directives(v, s->directives, GQL_LOC_FRAGMENT_SPREAD);
}

/* The type if it can be that of a selection set or field, else NULL. */
static const struct gql_type *output_type(const struct gql_type *type) {
    return type != NULL && gql_type_is_output(type) ? type : NULL;
}

static void walk_inline(struct gql_v *v, const struct gql_selection *s) {
    const struct gql_type *outer_type = v->type;
    if (s->on.text.ptr != NULL)
        v->type = output_type(gql_schema_type(v->schema, s->on.text));
    else if (v->type != NULL)
        v->type = gql_type_named(v->type);
    if (with_rules(v)) {
        gql_v_inline_on_composite(v, s);
        gql_v_possible_inline(v, s);
        gql_v_unique_directives(v, s->directives);
        if (s->on.text.ptr != NULL)
            gql_v_known_type(v, s->on.text, s->on.at);
    }
    walk_directives(v, s->directives, GQL_LOC_INLINE_FRAGMENT);
    if (s->selections != NULL)
        walk_set(v, s->selections, true);
    v->type = outer_type;
}

static void walk_set(struct gql_v *v, const struct gql_selection *selections, bool of_inline) {
    const struct gql_type *outer = v->parent;
    const struct gql_type *named = v->type == NULL ? NULL : gql_type_named(v->type);
    v->parent = gql_v_is_composite(named) ? named : NULL;
    if (with_rules(v) && !of_inline && !v->stop)
        gql_v_overlapping_fields(v, selections);
    for (const struct gql_selection *s = selections; s != NULL && !v->stop; s = s->next) {
        switch (s->kind) {
        case GQL_SEL_FIELD: walk_field(v, s); break;
        case GQL_SEL_SPREAD: walk_spread(v, s); break;
        case GQL_SEL_INLINE: walk_inline(v, s); break;
        }
    }
    v->parent = outer;
}

/* --- definitions --- */

static void known_ref(struct gql_v *v, const struct gql_type_ref *ref) {
    while (ref->kind != GQL_REF_NAMED)
        ref = ref->of;
    gql_v_known_type(v, ref->name, ref->at);
}

static void walk_variables(struct gql_v *v, const struct gql_variable *variables) {
    for (const struct gql_variable *d = variables; d != NULL && !v->stop; d = d->next) {
        const struct gql_type *type = gql_v_type_of_ref(v, d->type);
        gql_v_variable_is_input(v, d, type);
        gql_v_unique_directives(v, d->directives);
        known_ref(v, d->type);
        if (d->default_value != NULL && !v->stop)
            walk_value(v, d->default_value, (struct position){type != NULL && gql_type_is_input(type) ? type : NULL, NULL, false});
        walk_directives(v, d->directives, GQL_LOC_VARIABLE_DEFINITION);
    }
}

static enum gql_location operation_location(enum gql_operation_kind kind) {
    switch (kind) {
    case GQL_QUERY: return GQL_LOC_QUERY;
    case GQL_MUTATION: return GQL_LOC_MUTATION;
    case GQL_SUBSCRIPTION: return GQL_LOC_SUBSCRIPTION;
    }
    return GQL_LOC_QUERY;
}

static void walk_operation(struct gql_v *v, const struct gql_v_operation *operation) {
    const struct gql_operation *def = operation->def;
    v->type = gql_schema_root(v->schema, def->kind);
    if (with_rules(v)) {
        gql_v_unique_operation_name(v, def);
        gql_v_lone_anonymous(v, def);
        gql_v_single_field_subscription(v, operation);
        gql_v_unique_variables(v, def);
        gql_v_unique_directives(v, def->directives);
        walk_variables(v, def->variables);
    }
    walk_directives(v, def->directives, operation_location(def->kind));
    walk_set(v, def->selections, false);
    if (with_rules(v) && !v->stop)
        gql_v_variables_leave(v, operation);
    v->type = NULL;
}

static void walk_fragment(struct gql_v *v, const struct gql_v_fragment *fragment) {
    const struct gql_fragment *def = fragment->def;
    v->type = output_type(fragment->type);
    if (with_rules(v)) {
        gql_v_fragment_on_composite(v, def);
        gql_v_unique_fragment_name(v, def);
        gql_v_fragment_cycles(v, (size_t)(fragment - v->fragments));
        gql_v_unique_directives(v, def->directives);
        gql_v_known_type(v, def->on.text, def->on.at);
    }
    walk_directives(v, def->directives, GQL_LOC_FRAGMENT_DEFINITION);
    walk_set(v, def->selections, false);
    v->type = NULL;
}

void gql_v_collect_operation(struct gql_v *v, struct gql_v_operation *operation) {
    v->collecting = &operation->scope;
    walk_operation(v, operation);
    v->collecting = NULL;
}

void gql_v_collect_fragment(struct gql_v *v, struct gql_v_fragment *fragment) {
    v->collecting = &fragment->scope;
    walk_fragment(v, fragment);
    v->collecting = NULL;
}

void gql_v_walk(struct gql_v *v) {
    gql_v_executable_definitions(v);
    gql_v_overlap_init(v);
    size_t o = 0;
    size_t f = 0;
    while (!v->stop && (o < v->operations_len || f < v->fragments_len)) {
        bool operation_next = f == v->fragments_len || (o < v->operations_len && v->operations[o].def->at < v->fragments[f].def->at);
        if (operation_next)
            walk_operation(v, &v->operations[o++]);
        else
            walk_fragment(v, &v->fragments[f++]);
    }
    if (!v->stop)
        gql_v_unused_fragments(v);
}
