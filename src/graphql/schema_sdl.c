/*
 * The rules on SDL documents that need no types yet: graphql-js's specifiedSDLRules, in its words. One walk visits the nodes in the order of
 * its visitor and applies the rules at each in the order of its list, so that errors come out in the same order.
 */
#include "graphql/locations.h"
#include "graphql/print.h"
#include "graphql/schema_internal.h"
#include "graphql/suggest.h"

#include "base/error.h"

struct sdl {
    const struct gql_document *document;
    struct gql_errors *errors;
    struct lk_arena *arena;
    struct gql_names standard;   /* built-in type names */
    struct gql_names types;      /* name -> struct gql_definition, the last of that name */
    struct gql_names directives; /* name -> struct gql_definition, built-in ones included, the last of that name */
    struct gql_names defined;    /* type name -> struct gql_name of its first definition */
    struct gql_names directive_defined;
    struct gql_names values;  /* "Enum.VALUE" -> struct gql_name */
    struct gql_names fields;  /* "Type.field" -> struct gql_name */
    struct gql_names applied; /* "Type.directive" -> struct gql_directive; see check_repetition */
    const struct gql_root_def *roots[3];
    struct lk_slice *type_options; /* what a misspelt type might have been; the document's first */
    size_t type_options_len;
    size_t own_len; /* how many of them the document defines */
    bool schema_seen;
    bool no_memory;
};

#define NAME_ARGS(name) (int)(name).text.len, (name).text.ptr
#define SLICE_ARGS(slice) (int)(slice).len, (slice).ptr

/* --- helpers --- */

static void put(struct sdl *s, struct gql_names *names, struct lk_slice name, const void *value) {
    if (gql_names_put(names, s->arena, name, value) < 0)
        s->no_memory = true;
}

/* "parent.child"; names contain no dot, so the pair is unique. The empty slice (ptr not NULL) when memory is out. */
static struct lk_slice pair(struct sdl *s, struct lk_slice parent, struct lk_slice child) {
    char *text = lk_arena_alloc(s->arena, parent.len + 1 + child.len);
    if (text == NULL) {
        s->no_memory = true;
        return lk_slice_make("", 0);
    }
    memcpy(text, parent.ptr, parent.len);
    text[parent.len] = '.';
    memcpy(text + parent.len + 1, child.ptr, child.len);
    return lk_slice_make(text, parent.len + 1 + child.len);
}

/* Whether key is new in names; if it is, it is put there with value, else *ret_first is what was there. */
static bool is_first(struct sdl *s, struct gql_names *names, struct lk_slice key, const void *value, const void **ret_first) {
    *ret_first = gql_names_get(names, key);
    if (*ret_first != NULL)
        return false;
    put(s, names, key, value);
    return true;
}

static bool is_type(const struct gql_definition *d) {
    return d->kind != GQL_DEF_SCHEMA && d->kind != GQL_DEF_DIRECTIVE;
}

static struct lk_slice option_name(const void *options, size_t index) {
    return ((const struct lk_slice *)options)[index];
}

/* " Did you mean ...?" or "", in the arena. A search goes through all options, so there is none for errors that would be dropped. */
static const char *suggestion(struct sdl *s, struct lk_slice input, const struct lk_slice *options, size_t len) {
    struct lk_buf buf = {0};
    if (gql_errors_full(s->errors))
        return "";
    gql_suggest(input, option_name, options, len, "", &buf);
    const char *text = buf.failed ? NULL : lk_arena_strdup(s->arena, lk_buf_slice(&buf));
    lk_buf_free(&buf);
    if (text == NULL)
        s->no_memory = true;
    return text == NULL ? "" : text;
}

/* --- names given twice in one list --- */

struct group {
    struct lk_slice name;
    struct gql_places places;
};

/* The positions of each name, in the order in which the names first occur. NULL when memory is out. */
static struct group *group_names(struct sdl *s, const struct gql_name *names, size_t len, size_t *ret_len) {
    struct group *groups = lk_arena_calloc(s->arena, len, sizeof(*groups));
    struct gql_names index = {0};
    size_t n = 0;
    for (size_t i = 0; groups != NULL && i < len; i++) {
        struct group *group = (struct group *)(uintptr_t)gql_names_get(&index, names[i].text);
        if (group == NULL) {
            group = &groups[n++];
            *group = (struct group){names[i].text, {.arena = s->arena}};
            put(s, &index, group->name, group);
        }
        gql_places_add(&group->places, names[i].at);
        s->no_memory = s->no_memory || group->places.failed;
    }
    if (groups == NULL)
        s->no_memory = true;
    *ret_len = n;
    return groups;
}

/* UniqueArgumentDefinitionNames; owner is "Type.field" or "@directive". */
static void check_argument_definitions(struct sdl *s, const char *owner, const struct gql_input_def *first) {
    size_t len = 0;
    for (const struct gql_input_def *d = first; d != NULL; d = d->next)
        len++;
    struct gql_name *names = len < 2 ? NULL : lk_arena_calloc(s->arena, len, sizeof(*names));
    if (names == NULL || owner == NULL) {
        s->no_memory = s->no_memory || len >= 2;
        return;
    }
    size_t i = 0;
    for (const struct gql_input_def *d = first; d != NULL; d = d->next)
        names[i++] = d->name;
    struct group *groups = group_names(s, names, len, &len);
    for (i = 0; groups != NULL && i < len; i++)
        if (groups[i].places.len > 1)
            gql_errors_add(s->errors, groups[i].places.at, groups[i].places.len, "Argument \"%s(%.*s:)\" can only be defined once.", owner,
                           SLICE_ARGS(groups[i].name));
}

/* UniqueArgumentNames */
static void check_arguments_unique(struct sdl *s, const struct gql_argument *first) {
    size_t len = 0;
    for (const struct gql_argument *a = first; a != NULL; a = a->next)
        len++;
    struct gql_name *names = len < 2 ? NULL : lk_arena_calloc(s->arena, len, sizeof(*names));
    if (names == NULL) {
        s->no_memory = s->no_memory || len >= 2;
        return;
    }
    size_t i = 0;
    for (const struct gql_argument *a = first; a != NULL; a = a->next)
        names[i++] = a->name;
    struct group *groups = group_names(s, names, len, &len);
    for (i = 0; groups != NULL && i < len; i++)
        if (groups[i].places.len > 1)
            gql_errors_add(s->errors, groups[i].places.at, groups[i].places.len, "There can be only one argument named \"%.*s\".",
                           SLICE_ARGS(groups[i].name));
}

/* --- values: UniqueInputFieldNames --- */

static void visit_literal(struct sdl *s, const struct gql_literal *literal) {
    if (literal == NULL)
        return;
    for (const struct gql_literal *item = literal->items; item != NULL; item = item->next)
        visit_literal(s, item);
    struct gql_names seen = {0};
    for (const struct gql_object_field *field = literal->fields; field != NULL; field = field->next) {
        const void *first = NULL;
        if (!is_first(s, &seen, field->name.text, &field->name, &first)) {
            gql_pos at[] = {((const struct gql_name *)first)->at, field->name.at};
            gql_errors_add(s->errors, at, 2, "There can be only one input field named \"%.*s\".", NAME_ARGS(field->name));
        }
        visit_literal(s, field->value);
    }
}

/* --- type names: KnownTypeNames --- */

static void visit_named_type(struct sdl *s, struct lk_slice name, gql_pos at) {
    if (gql_names_get(&s->types, name) != NULL || gql_names_get(&s->standard, name) != NULL)
        return;
    gql_errors_add(s->errors, &at, 1, "Unknown type \"%.*s\".%s", SLICE_ARGS(name),
                   suggestion(s, name, s->type_options, s->type_options_len));
}

static void visit_type_ref(struct sdl *s, const struct gql_type_ref *ref) {
    while (ref->kind != GQL_REF_NAMED)
        ref = ref->of;
    visit_named_type(s, ref->name, ref->at);
}

static void visit_named_list(struct sdl *s, const struct gql_named *named) {
    for (; named != NULL; named = named->next)
        visit_named_type(s, named->name.text, named->name.at);
}

/* --- directives --- */

static bool is_allowed_at(const struct gql_definition *directive, enum gql_location location) {
    for (const struct gql_named *n = directive->locations; n != NULL; n = n->next)
        if (lk_slice_is(n->name.text, gql_location_name(location)))
            return true;
    return false;
}

/* KnownDirectives */
static void check_directive_known(struct sdl *s, const struct gql_directive *d, const struct gql_definition *def,
                                  enum gql_location location) {
    if (def == NULL)
        gql_errors_add(s->errors, &d->name.at, 1, "Unknown directive \"@%.*s\".", NAME_ARGS(d->name));
    else if (!is_allowed_at(def, location))
        gql_errors_add(s->errors, &d->name.at, 1, "Directive \"@%.*s\" may not be used on %s.", NAME_ARGS(d->name),
                       gql_location_name(location));
}

static const struct gql_input_def *find_input(const struct gql_input_def *inputs, struct lk_slice name) {
    while (inputs != NULL && !lk_slice_equal(inputs->name.text, name))
        inputs = inputs->next;
    return inputs;
}

static void unknown_argument(struct sdl *s, const struct gql_directive *d, const struct gql_argument *a, const struct gql_definition *def) {
    size_t len = 0;
    for (const struct gql_input_def *i = def->inputs; i != NULL; i = i->next)
        len++;
    struct lk_slice *options = lk_arena_calloc(s->arena, len, sizeof(*options));
    if (options == NULL) {
        s->no_memory = true;
        return;
    }
    len = 0;
    for (const struct gql_input_def *i = def->inputs; i != NULL; i = i->next)
        options[len++] = i->name.text;
    gql_errors_add(s->errors, &a->name.at, 1, "Unknown argument \"%.*s\" on directive \"@%.*s\".%s", NAME_ARGS(a->name), NAME_ARGS(d->name),
                   suggestion(s, a->name.text, options, len));
}

/* KnownArgumentNamesOnDirectives */
static void check_arguments_known(struct sdl *s, const struct gql_directive *d, const struct gql_definition *def) {
    for (const struct gql_argument *a = d->arguments; a != NULL && def != NULL; a = a->next)
        if (find_input(def->inputs, a->name.text) == NULL)
            unknown_argument(s, d, a, def);
}

static bool is_given(const struct gql_directive *d, struct lk_slice name) {
    for (const struct gql_argument *a = d->arguments; a != NULL; a = a->next)
        if (lk_slice_equal(a->name.text, name))
            return true;
    return false;
}

/* ProvidedRequiredArgumentsOnDirectives */
static void check_arguments_provided(struct sdl *s, const struct gql_directive *d, const struct gql_definition *def) {
    for (const struct gql_input_def *i = def == NULL ? NULL : def->inputs; i != NULL; i = i->next) {
        if (i->type->kind != GQL_REF_NON_NULL || i->default_value != NULL || is_given(d, i->name.text))
            continue;
        struct lk_buf type = {0};
        gql_ref_print(i->type, &type);
        s->no_memory = s->no_memory || type.failed;
        gql_errors_add(s->errors, &d->name.at, 1,
                       "Directive \"@%.*s\" argument \"%.*s\" of type \"%.*s\" is required, but it was not provided.", NAME_ARGS(d->name),
                       NAME_ARGS(i->name), (int)type.len, type.ptr == NULL ? "" : type.ptr);
        lk_buf_free(&type);
    }
}

static void visit_directives(struct sdl *s, const struct gql_directive *d, enum gql_location location) {
    for (; d != NULL; d = d->next) {
        const struct gql_definition *def = gql_names_get(&s->directives, d->name.text);
        check_directive_known(s, d, def, location);
        check_arguments_known(s, d, def);
        check_arguments_unique(s, d->arguments);
        for (const struct gql_argument *a = d->arguments; a != NULL; a = a->next)
            visit_literal(s, a->value);
        check_arguments_provided(s, d, def);
    }
}

/* UniqueDirectivesPerLocation. seen holds what is applied where: a type and its extensions are one place, whose name owner is, and the schema
 * and its extensions another. */
static void check_repetition(struct sdl *s, const struct gql_directive *d, struct gql_names *seen, struct lk_slice owner) {
    for (; d != NULL; d = d->next) {
        const struct gql_definition *def = gql_names_get(&s->directives, d->name.text);
        const void *first = NULL;
        if (def == NULL || def->repeatable || is_first(s, seen, pair(s, owner, d->name.text), d, &first))
            continue;
        gql_pos at[] = {((const struct gql_directive *)first)->name.at, d->name.at};
        gql_errors_add(s->errors, at, 2, "The directive \"@%.*s\" can only be used once at this location.", NAME_ARGS(d->name));
    }
}

static void check_local_repetition(struct sdl *s, const struct gql_directive *d) {
    struct gql_names seen = {0};
    if (d != NULL && d->next != NULL)
        check_repetition(s, d, &seen, lk_slice_make("", 0));
}

/* --- parts of definitions --- */

static void visit_inputs(struct sdl *s, const struct gql_input_def *input, enum gql_location location) {
    for (; input != NULL; input = input->next) {
        check_local_repetition(s, input->directives);
        visit_type_ref(s, input->type);
        visit_literal(s, input->default_value);
        visit_directives(s, input->directives, location);
    }
}

static void visit_fields(struct sdl *s, const struct gql_field_def *field) {
    for (; field != NULL; field = field->next) {
        check_local_repetition(s, field->directives);
        visit_inputs(s, field->arguments, GQL_LOC_ARGUMENT_DEFINITION);
        visit_type_ref(s, field->type);
        visit_directives(s, field->directives, GQL_LOC_FIELD_DEFINITION);
    }
}

static void visit_values(struct sdl *s, const struct gql_enum_value_def *value) {
    for (; value != NULL; value = value->next) {
        check_local_repetition(s, value->directives);
        visit_directives(s, value->directives, GQL_LOC_ENUM_VALUE);
    }
}

/* --- definitions --- */

/* LoneSchemaDefinition, UniqueOperationTypes */
static void check_schema(struct sdl *s, const struct gql_definition *d) {
    static const char *const names[] = {"query", "mutation", "subscription"};
    if (!d->extension && s->schema_seen)
        gql_errors_add(s->errors, &d->at, 1, "Must provide only one schema definition.");
    s->schema_seen = s->schema_seen || !d->extension;
    for (const struct gql_root_def *root = d->roots; root != NULL; root = root->next) {
        const struct gql_root_def *first = s->roots[root->kind];
        if (first == NULL) {
            s->roots[root->kind] = root;
            continue;
        }
        gql_pos at[] = {first->at, root->at};
        gql_errors_add(s->errors, at, 2, "There can be only one %s type in schema.", names[root->kind]);
    }
}

/* UniqueTypeNames */
static void check_type_name(struct sdl *s, const struct gql_definition *d) {
    const void *first = NULL;
    if (d->extension || is_first(s, &s->defined, d->name.text, &d->name, &first))
        return;
    gql_pos at[] = {((const struct gql_name *)first)->at, d->name.at};
    gql_errors_add(s->errors, at, 2, "There can be only one type named \"%.*s\".", NAME_ARGS(d->name));
}

/* UniqueEnumValueNames, UniqueFieldDefinitionNames */
static void check_member(struct sdl *s, struct gql_names *members, const char *what, const struct gql_definition *d,
                         const struct gql_name *member) {
    const void *first = NULL;
    if (is_first(s, members, pair(s, d->name.text, member->text), member, &first))
        return;
    gql_pos at[] = {((const struct gql_name *)first)->at, member->at};
    gql_errors_add(s->errors, at, 2, "%s \"%.*s.%.*s\" can only be defined once.", what, NAME_ARGS(d->name), NAME_ARGS(*member));
}

static void check_members(struct sdl *s, const struct gql_definition *d) {
    for (const struct gql_enum_value_def *v = d->values; v != NULL; v = v->next)
        check_member(s, &s->values, "Enum value", d, &v->name);
    for (const struct gql_field_def *f = d->fields; f != NULL; f = f->next)
        check_member(s, &s->fields, "Field", d, &f->name);
    for (const struct gql_input_def *i = d->kind == GQL_DEF_INPUT ? d->inputs : NULL; i != NULL; i = i->next)
        check_member(s, &s->fields, "Field", d, &i->name);
    for (const struct gql_field_def *f = d->fields; f != NULL; f = f->next)
        check_argument_definitions(s, lk_arena_printf(s->arena, "%.*s.%.*s", NAME_ARGS(d->name), NAME_ARGS(f->name)), f->arguments);
}

/* UniqueArgumentDefinitionNames and UniqueDirectiveNames on a directive's definition */
static void check_directive_definition(struct sdl *s, const struct gql_definition *d) {
    const void *first = NULL;
    check_argument_definitions(s, lk_arena_printf(s->arena, "@%.*s", NAME_ARGS(d->name)), d->inputs);
    if (is_first(s, &s->directive_defined, d->name.text, &d->name, &first))
        return;
    gql_pos at[] = {((const struct gql_name *)first)->at, d->name.at};
    gql_errors_add(s->errors, at, 2, "There can be only one directive named \"@%.*s\".", NAME_ARGS(d->name));
}

static const char *kind_words(enum gql_definition_kind kind) {
    switch (kind) {
    case GQL_DEF_SCALAR: return "scalar";
    case GQL_DEF_OBJECT: return "object";
    case GQL_DEF_INTERFACE: return "interface";
    case GQL_DEF_UNION: return "union";
    case GQL_DEF_ENUM: return "enum";
    case GQL_DEF_INPUT: return "input object";
    case GQL_DEF_SCHEMA: return "schema";
    case GQL_DEF_DIRECTIVE: return "directive";
    }
    return "";
}

/* PossibleTypeExtensions */
static void check_extension(struct sdl *s, const struct gql_definition *d) {
    const struct gql_definition *def = gql_names_get(&s->types, d->name.text);
    if (def != NULL && def->kind == d->kind)
        return;
    if (def != NULL) {
        gql_pos at[] = {def->at, d->at};
        gql_errors_add(s->errors, at, 2, "Cannot extend non-%s type \"%.*s\".", kind_words(d->kind), NAME_ARGS(d->name));
        return;
    }
    gql_errors_add(s->errors, &d->name.at, 1, "Cannot extend type \"%.*s\" because it is not defined.%s", NAME_ARGS(d->name),
                   suggestion(s, d->name.text, s->type_options, s->own_len));
}

static enum gql_location location_of(enum gql_definition_kind kind) {
    switch (kind) {
    case GQL_DEF_SCHEMA: return GQL_LOC_SCHEMA;
    case GQL_DEF_SCALAR: return GQL_LOC_SCALAR;
    case GQL_DEF_OBJECT: return GQL_LOC_OBJECT;
    case GQL_DEF_INTERFACE: return GQL_LOC_INTERFACE;
    case GQL_DEF_UNION: return GQL_LOC_UNION;
    case GQL_DEF_ENUM: return GQL_LOC_ENUM;
    case GQL_DEF_INPUT: return GQL_LOC_INPUT_OBJECT;
    case GQL_DEF_DIRECTIVE: break;
    }
    return GQL_LOC_DIRECTIVE_DEFINITION;
}

static void visit_type_definition(struct sdl *s, const struct gql_definition *d) {
    check_type_name(s, d);
    check_members(s, d);
    check_repetition(s, d->directives, &s->applied, d->name.text);
    if (d->extension)
        check_extension(s, d);
    visit_named_list(s, d->interfaces);
    visit_directives(s, d->directives, location_of(d->kind));
    visit_fields(s, d->fields);
    visit_named_list(s, d->members);
    visit_values(s, d->values);
    visit_inputs(s, d->inputs, GQL_LOC_INPUT_FIELD_DEFINITION);
}

static void visit_definition(struct sdl *s, const struct gql_definition *d) {
    if (d->kind == GQL_DEF_SCHEMA) {
        check_schema(s, d);
        check_repetition(s, d->directives, &s->applied, lk_slice_make("", 0));
        visit_directives(s, d->directives, GQL_LOC_SCHEMA);
        for (const struct gql_root_def *root = d->roots; root != NULL; root = root->next)
            visit_named_type(s, root->type.text, root->type.at);
    } else if (d->kind == GQL_DEF_DIRECTIVE) {
        check_directive_definition(s, d);
        visit_inputs(s, d->inputs, GQL_LOC_ARGUMENT_DEFINITION);
    } else {
        visit_type_definition(s, d);
    }
}

/* --- what is defined anywhere in the documents --- */

static size_t count_types(const struct gql_document *document) {
    size_t len = 0;
    for (const struct gql_definition *d = document->definitions; d != NULL; d = d->next)
        len += is_type(d) && !d->extension ? 1 : 0;
    return len;
}

static void note_type(struct sdl *s, const struct gql_definition *d, struct gql_names *types) {
    if (gql_names_get(types, d->name.text) == NULL && gql_names_get(&s->types, d->name.text) == NULL)
        s->type_options[s->type_options_len++] = d->name.text;
    put(s, types, d->name.text, d);
}

static void note_document(struct sdl *s) {
    for (const struct gql_definition *d = s->document->definitions; d != NULL; d = d->next) {
        if (d->kind == GQL_DEF_DIRECTIVE)
            put(s, &s->directives, d->name.text, d);
        else if (is_type(d) && !d->extension)
            note_type(s, d, &s->types);
    }
    s->own_len = s->type_options_len;
}

static void note_builtin(struct sdl *s, const struct gql_document *builtin) {
    for (const struct gql_definition *d = builtin->definitions; d != NULL; d = d->next) {
        if (d->kind != GQL_DEF_DIRECTIVE)
            note_type(s, d, &s->standard);
        else if (gql_names_get(&s->directives, d->name.text) == NULL)
            put(s, &s->directives, d->name.text, d);
    }
}

int gql_sdl_check(const struct gql_document *document, const struct gql_document *builtin, struct gql_errors *errors) {
    struct sdl s = {.document = document, .errors = errors, .arena = errors->arena};
    s.type_options = lk_arena_calloc(s.arena, count_types(document) + count_types(builtin), sizeof(*s.type_options));
    if (s.type_options == NULL)
        return LK_ENOMEM;
    note_document(&s);
    note_builtin(&s, builtin);
    for (const struct gql_definition *d = document->definitions; d != NULL && !s.no_memory; d = d->next)
        visit_definition(&s, d);
    return s.no_memory ? LK_ENOMEM : 0;
}
