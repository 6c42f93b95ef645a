/* Rules on fields and their arguments: ScalarLeafs, FieldsOnCorrectType, KnownArgumentNames, UniqueArgumentNames, ProvidedRequiredArguments. */
#include "graphql/suggest.h"
#include "graphql/validate_internal.h"

/* --- ScalarLeafs (5.3.3) --- */

void gql_v_scalar_leafs(struct gql_v *v, const struct gql_selection *field) {
    if (v->type == NULL)
        return;
    int len = (int)field->name.text.len;
    const char *name = field->name.text.ptr;
    bool leaf = gql_type_is_leaf(v->type);
    if (leaf && field->selections != NULL)
        gql_v_error_at(v, field->selections_at, "Field \"%.*s\" must not have a selection since type \"%s\" has no subfields.", len, name,
                       gql_v_type_text(v, v->type));
    else if (!leaf && field->selections == NULL)
        gql_v_error_at(v, field->at, "Field \"%.*s\" of type \"%s\" must have a selection of subfields. Did you mean \"%.*s { ... }\"?",
                       len, name, gql_v_type_text(v, v->type), len, name);
}

/* --- FieldsOnCorrectType (5.3.1) --- */

struct usage_count {
    const struct gql_type *type;
    size_t count; /* possible types that are it or implement it */
};

static void count_type(struct usage_count *counts, size_t *len, const struct gql_type *type) {
    for (size_t i = 0; i < *len; i++) {
        if (counts[i].type == type) {
            counts[i].count++;
            return;
        }
    }
    counts[(*len)++] = (struct usage_count){type, 1};
}

/* The more common first; an interface before what implements it; then by name. */
static bool suggest_before(const struct usage_count *a, const struct usage_count *b) {
    if (a->count != b->count)
        return a->count > b->count;
    if (a->type->kind == GQL_INTERFACE && gql_type_is_subtype(a->type, b->type))
        return true;
    if (b->type->kind == GQL_INTERFACE && gql_type_is_subtype(b->type, a->type))
        return false;
    return gql_natural_compare(a->type->name, b->type->name) < 0;
}

static void sort_counts(struct usage_count *counts, size_t len) {
    for (size_t i = 1; i < len; i++) {
        struct usage_count moving = counts[i];
        size_t at = i;
        for (; at > 0 && suggest_before(&moving, &counts[at - 1]); at--)
            counts[at] = counts[at - 1];
        counts[at] = moving;
    }
}

/* Types below the abstract type that have the field. */
static const char *suggest_types(struct gql_v *v, const struct gql_type *type, struct lk_slice field) {
    if (!gql_v_is_abstract(type) || v->limits.no_suggestions)
        return "";
    size_t types = gql_schema_type_count(v->schema);
    struct usage_count *counts = gql_v_calloc(v, types, sizeof(*counts));
    struct lk_slice *names = gql_v_calloc(v, types, sizeof(*names));
    if (counts == NULL || names == NULL)
        return "";
    size_t len = 0;
    for (size_t i = 0; i < type->possible_len; i++) {
        const struct gql_type *possible = type->possible[i];
        if (gql_v_own_field(v->schema, possible, field) == NULL)
            continue;
        count_type(counts, &len, possible);
        for (size_t j = 0; j < possible->interfaces_len; j++)
            if (gql_v_own_field(v->schema, possible->interfaces[j], field) != NULL)
                count_type(counts, &len, possible->interfaces[j]);
    }
    sort_counts(counts, len);
    for (size_t i = 0; i < len; i++)
        names[i] = counts[i].type->name;
    return gql_v_did_you_mean(v, "to use an inline fragment on ", names, len);
}

static const char *suggest_fields(struct gql_v *v, const struct gql_type *type, struct lk_slice field) {
    struct lk_slice *names = gql_v_calloc(v, type->fields_len, sizeof(*names));
    if (names == NULL)
        return "";
    for (size_t i = 0; i < type->fields_len; i++)
        names[i] = type->fields[i].name;
    return gql_v_suggest(v, "", field, names, type->fields_len);
}

void gql_v_fields_on_correct_type(struct gql_v *v, const struct gql_selection *field) {
    if (v->parent == NULL || v->field != NULL || v->stop)
        return;
    const char *hint = suggest_types(v, v->parent, field->name.text);
    if (hint[0] == '\0')
        hint = suggest_fields(v, v->parent, field->name.text);
    gql_v_error_at(v, field->at, "Cannot query field \"%.*s\" on type \"%.*s\".%s", GQL_SHOWN(field->name.text), GQL_SHOWN(v->parent->name),
                   hint);
}

/* --- arguments (5.4) --- */

static const char *suggest_arguments(struct gql_v *v, struct lk_slice name, const struct gql_input *arguments, size_t len) {
    struct lk_slice *names = gql_v_calloc(v, len, sizeof(*names));
    if (names == NULL)
        return "";
    for (size_t i = 0; i < len; i++)
        names[i] = arguments[i].name;
    return gql_v_suggest(v, "", name, names, len);
}

void gql_v_known_argument(struct gql_v *v, const struct gql_argument *argument) {
    const struct gql_field *field = v->field;
    if (field == NULL || v->parent == NULL || v->stop)
        return;
    struct lk_slice name = argument->name.text;
    gql_v_error_at(v, argument->name.at, "Unknown argument \"%.*s\" on field \"%.*s.%.*s\".%s", GQL_SHOWN(name), GQL_SHOWN(v->parent->name),
                   GQL_SHOWN(field->name), suggest_arguments(v, name, field->arguments, field->arguments_len));
}

void gql_v_known_directive_arguments(struct gql_v *v, const struct gql_directive *directive) {
    const struct gql_directive_def *def = v->directive;
    if (def == NULL)
        return;
    for (const struct gql_argument *a = directive->arguments; a != NULL && !v->stop; a = a->next) {
        if (gql_directive_argument(def, a->name.text) != NULL)
            continue;
        gql_v_error_at(v, a->name.at, "Unknown argument \"%.*s\" on directive \"@%.*s\".%s", GQL_SHOWN(a->name.text), GQL_SHOWN(def->name),
                       suggest_arguments(v, a->name.text, def->arguments, def->arguments_len));
    }
}

void gql_v_unique_arguments(struct gql_v *v, const struct gql_argument *arguments) {
    size_t len = 0;
    for (const struct gql_argument *a = arguments; a != NULL; a = a->next)
        len++;
    if (len < 2 || v->stop)
        return;
    struct lk_slice *names = gql_v_calloc(v, len, sizeof(*names));
    gql_pos *at = gql_v_calloc(v, len, sizeof(*at));
    if (names == NULL || at == NULL)
        return;
    size_t i = 0;
    for (const struct gql_argument *a = arguments; a != NULL; a = a->next, i++) {
        names[i] = a->name.text;
        at[i] = a->name.at;
    }
    gql_v_unique_names(v, names, at, len, "argument named \"");
}

static bool is_given(const struct gql_argument *arguments, struct lk_slice name) {
    for (const struct gql_argument *a = arguments; a != NULL; a = a->next)
        if (lk_slice_equal(a->name.text, name))
            return true;
    return false;
}

void gql_v_required_arguments(struct gql_v *v, const struct gql_selection *field) {
    const struct gql_field *def = v->field;
    for (size_t i = 0; def != NULL && i < def->arguments_len && !v->stop; i++) {
        const struct gql_input *argument = &def->arguments[i];
        if (!gql_input_required(argument) || is_given(field->arguments, argument->name))
            continue;
        gql_v_error_at(v, field->at, "Field \"%.*s\" argument \"%.*s\" of type \"%s\" is required, but it was not provided.",
                       GQL_SHOWN(def->name), GQL_SHOWN(argument->name), gql_v_type_text(v, argument->type));
    }
}

void gql_v_required_directive_arguments(struct gql_v *v, const struct gql_directive *directive) {
    const struct gql_directive_def *def = v->directive;
    for (size_t i = 0; def != NULL && i < def->arguments_len && !v->stop; i++) {
        const struct gql_input *argument = &def->arguments[i];
        if (!gql_input_required(argument) || is_given(directive->arguments, argument->name))
            continue;
        gql_v_error_at(v, directive->name.at, "Directive \"@%.*s\" argument \"%.*s\" of type \"%s\" is required, but it was not provided.",
                       GQL_SHOWN(def->name), GQL_SHOWN(argument->name), gql_v_type_text(v, argument->type));
    }
}
