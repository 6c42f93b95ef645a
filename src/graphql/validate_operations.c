/*
 * Rules on operations and names of types: ExecutableDefinitions (5.1.1), UniqueOperationNames (5.2.1), LoneAnonymousOperation (5.2.2),
 * SingleFieldSubscriptions (5.2.3), KnownTypeNames (5.5.1.2, 5.8.2).
 */
#include "graphql/validate_internal.h"

void gql_v_executable_definitions(struct gql_v *v) {
    for (const struct gql_definition *d = v->document->definitions; d != NULL && !v->stop; d = d->next) {
        if (d->kind == GQL_DEF_SCHEMA)
            gql_v_error_at(v, d->at, "The schema definition is not executable.");
        else
            gql_v_error_at(v, d->at, "The \"%.*s\" definition is not executable.", GQL_SHOWN(d->name.text));
    }
}

void gql_v_unique_operation_name(struct gql_v *v, const struct gql_operation *operation) {
    struct lk_slice name = operation->name.text;
    size_t *first = name.ptr == NULL || v->stop ? NULL : gql_v_map_put(v, v->arena, &v->operation_names, name);
    if (first == NULL)
        return;
    if (*first == GQL_V_NONE)
        *first = operation->name.at;
    else
        gql_v_error(v, (gql_pos[]){(gql_pos)*first, operation->name.at}, 2, "There can be only one operation named \"%.*s\".",
                    GQL_SHOWN(name));
}

void gql_v_lone_anonymous(struct gql_v *v, const struct gql_operation *operation) {
    if (operation->name.text.ptr == NULL && v->operations_len > 1)
        gql_v_error_at(v, operation->at, "This anonymous operation must be the only defined operation.");
}

/* --- SingleFieldSubscriptions --- */

struct root_field {
    const struct gql_selection *node;
    size_t group; /* number of its response name, in order of appearance */
};

struct root_fields {
    struct root_field *items;
    size_t len;
    size_t cap;
    struct gql_v_map groups;
    bool *visited; /* fragment names */
    const struct gql_type *type;
};

static bool is_boolean_if(const struct gql_directive *directive, bool value) {
    for (const struct gql_argument *a = directive->arguments; a != NULL; a = a->next)
        if (lk_slice_is(a->name.text, "if"))
            return a->value->kind == GQL_LIT_BOOLEAN && a->value->boolean == value;
    return false;
}

/* Not left out by a constant @skip or @include. */
static bool is_included(const struct gql_selection *selection) {
    for (const struct gql_directive *d = selection->directives; d != NULL; d = d->next) {
        if (lk_slice_is(d->name.text, "skip") && is_boolean_if(d, true))
            return false;
        if (lk_slice_is(d->name.text, "include") && is_boolean_if(d, false))
            return false;
    }
    return true;
}

static bool applies(const struct gql_type *condition, const struct gql_type *object) {
    return condition == object || (condition != NULL && gql_v_is_abstract(condition) && gql_type_is_possible(condition, object));
}

static bool add_root_field(struct gql_v *v, struct root_fields *fields, const struct gql_selection *node) {
    struct lk_slice key = node->alias.text.ptr != NULL ? node->alias.text : node->name.text;
    size_t *group = gql_v_map_put(v, v->arena, &fields->groups, key);
    struct root_field *items = group == NULL ? NULL : gql_v_grow(v, fields->items, fields->len, &fields->cap, sizeof(*items));
    if (items == NULL)
        return false;
    if (*group == GQL_V_NONE)
        *group = fields->groups.len - 1;
    fields->items = items;
    items[fields->len++] = (struct root_field){node, *group};
    return true;
}

/* How deep fragments may nest here: far beyond any real subscription, far below the end of the stack. */
enum { SUBSCRIPTION_DEPTH = 400 };

static bool collect_root(struct gql_v *v, struct root_fields *fields, const struct gql_selection *selections, unsigned depth) {
    if (depth > SUBSCRIPTION_DEPTH) {
        gql_v_abort(v);
        return false;
    }
    for (const struct gql_selection *s = selections; s != NULL; s = s->next) {
        if (!gql_v_spend(v, 1))
            return false;
        if (!is_included(s))
            continue;
        if (s->kind == GQL_SEL_FIELD) {
            if (!add_root_field(v, fields, s))
                return false;
        } else if (s->kind == GQL_SEL_INLINE) {
            bool matches = s->on.text.ptr == NULL || applies(gql_schema_type(v->schema, s->on.text), fields->type);
            if (matches && !collect_root(v, fields, s->selections, depth + 1))
                return false;
        } else {
            const struct gql_v_fragment *fragment = gql_v_fragment_named(v, s->name.text);
            if (fragment == NULL || fields->visited[fragment->name])
                continue;
            fields->visited[fragment->name] = true;
            if (applies(fragment->type, fields->type) && !collect_root(v, fields, fragment->def->selections, depth + 1))
                return false;
        }
    }
    return true;
}

/* Gathers where the fields of the groups from..to are, group by group, and reports them. */
static void report_root(struct gql_v *v, const struct root_fields *fields, size_t from, size_t to, const struct gql_operation *operation,
                        const char *problem) {
    gql_pos *at = gql_v_calloc(v, fields->len, sizeof(*at));
    if (at == NULL)
        return;
    size_t len = 0;
    for (size_t group = from; group < to && len < GQL_V_LOCATIONS_MAX; group++)
        for (size_t i = 0; i < fields->len; i++)
            if (fields->items[i].group == group)
                at[len++] = fields->items[i].node->at;
    struct lk_slice name = operation->name.text;
    if (name.ptr != NULL)
        gql_v_error(v, at, len, "Subscription \"%.*s\" %s", GQL_SHOWN(name), problem);
    else
        gql_v_error(v, at, len, "Anonymous Subscription %s", problem);
}

void gql_v_single_field_subscription(struct gql_v *v, const struct gql_v_operation *operation) {
    const struct gql_operation *def = operation->def;
    if (def->kind != GQL_SUBSCRIPTION || v->type == NULL || v->stop)
        return;
    struct root_fields fields = {.visited = gql_v_calloc(v, v->names_len, sizeof(bool)), .type = v->type};
    if (fields.visited == NULL || !collect_root(v, &fields, def->selections, 0))
        return;
    if (fields.groups.len > 1)
        report_root(v, &fields, 1, fields.groups.len, def, "must select only one top level field.");
    size_t group = 0;
    for (size_t i = 0; i < fields.len && !v->stop; i++) {
        if (fields.items[i].group != group)
            continue;
        if (lk_slice_starts_with(fields.items[i].node->name.text, "__"))
            report_root(v, &fields, group, group + 1, def, "must not select an introspection top level field.");
        group++;
    }
}

/* --- KnownTypeNames --- */

static bool is_defined_here(const struct gql_v *v, struct lk_slice name) {
    for (const struct gql_definition *d = v->document->definitions; d != NULL; d = d->next)
        if (!d->extension && d->kind != GQL_DEF_SCHEMA && d->kind != GQL_DEF_DIRECTIVE && lk_slice_equal(d->name.text, name))
            return true;
    return false;
}

void gql_v_known_type(struct gql_v *v, struct lk_slice name, gql_pos at) {
    if (v->stop || gql_schema_type(v->schema, name) != NULL || is_defined_here(v, name))
        return;
    size_t len = gql_schema_type_count(v->schema);
    struct lk_slice *names = gql_v_calloc(v, len, sizeof(*names));
    if (names == NULL)
        return;
    for (size_t i = 0; i < len; i++)
        names[i] = gql_schema_type_at(v->schema, i)->name;
    gql_v_error_at(v, at, "Unknown type \"%.*s\".%s", GQL_SHOWN(name), gql_v_suggest(v, "", name, names, len));
}
