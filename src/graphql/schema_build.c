/*
 * SDL to schema. The built-in definitions are SDL too and go the same way: first every named type gets its node, so that references resolve in
 * any order; then the nodes are filled; then they are put in order (see schema.h), checked, and at last default values are coerced.
 */
#include "graphql/execute.h"
#include "graphql/locations.h"
#include "graphql/parse.h"
#include "graphql/print.h"
#include "graphql/schema_internal.h"

#include <stdlib.h>

#define ARENA_LIMIT ((size_t)1 << 30)

struct builder {
    struct gql_schema *schema;
    struct lk_arena *arena;       /* the schema's */
    struct gql_errors *errors;    /* the caller's */
    struct gql_document *builtin; /* types and directives that every schema has */
    struct gql_names types;       /* nodes of the SDL's and the built-in types; where both define a name, the built-in one */
};

/* --- type references --- */

static struct gql_type_node *new_wrapper(struct builder *b, struct gql_type_node *inner, enum gql_type_kind kind) {
    struct gql_type_node **interned = kind == GQL_LIST_TYPE ? &inner->list : &inner->non_null;
    if (*interned == NULL) {
        struct gql_type_node *node = LK_ARENA_NEW(b->arena, struct gql_type_node);
        if (node == NULL)
            return NULL;
        node->type.kind = kind;
        node->type.of = &inner->type;
        *interned = node;
    }
    return *interned;
}

/* The interned type of a reference whose named type exists; NULL when memory is out. */
static struct gql_type_node *resolve(struct builder *b, const struct gql_type_ref *ref) {
    if (ref->kind == GQL_REF_NAMED)
        return gql_type_node(gql_names_get(&b->types, ref->name));
    struct gql_type_node *inner = resolve(b, ref->of);
    return inner == NULL ? NULL : new_wrapper(b, inner, ref->kind == GQL_REF_LIST ? GQL_LIST_TYPE : GQL_NON_NULL_TYPE);
}

/* --- directives that mean something in SDL --- */

static const struct gql_argument *directive_argument(const struct gql_directive *directives, const char *directive, const char *argument) {
    for (; directives != NULL; directives = directives->next) {
        if (!lk_slice_is(directives->name.text, directive))
            continue;
        for (const struct gql_argument *a = directives->arguments; a != NULL; a = a->next)
            if (lk_slice_is(a->name.text, argument))
                return a;
        return NULL;
    }
    return NULL;
}

static const struct gql_directive *find_directive(const struct gql_directive *directives, const char *name) {
    while (directives != NULL && !lk_slice_is(directives->name.text, name))
        directives = directives->next;
    return directives;
}

/* An argument of type String! (url) or String (reason) that holds something else. */
static int string_argument_error(struct builder *b, const struct gql_argument *argument) {
    const struct lk_slice name = argument->name.text;
    const struct gql_literal *value = argument->value;
    if (value->kind == GQL_LIT_NULL) {
        gql_errors_add(b->errors, &value->at, 1, "Argument \"%.*s\" of non-null type \"String!\" must not be null.", (int)name.len,
                       name.ptr);
    } else {
        struct lk_buf shown = {0};
        gql_print_literal(value, &shown);
        if (shown.failed)
            b->errors->out_of_memory = true;
        else
            gql_errors_add(b->errors, &value->at, 1, "Argument \"%.*s\" has invalid value %.*s.", (int)name.len, name.ptr, (int)shown.len,
                           shown.ptr);
        lk_buf_free(&shown);
    }
    return b->errors->out_of_memory ? LK_ENOMEM : LK_EINVAL;
}

/* @deprecated (3.13.3). An explicit null as the reason means not deprecated, as in graphql-js. */
static int read_deprecation(struct builder *b, const struct gql_directive *directives, bool *ret, struct lk_slice *ret_reason) {
    static const struct lk_slice standard = LK_SLICE("No longer supported");
    if (find_directive(directives, "deprecated") == NULL)
        return 0;
    const struct gql_argument *reason = directive_argument(directives, "deprecated", "reason");
    if (reason != NULL && reason->value->kind == GQL_LIT_NULL)
        return 0;
    if (reason != NULL && reason->value->kind != GQL_LIT_STRING)
        return string_argument_error(b, reason);
    *ret = true;
    *ret_reason = reason == NULL ? standard : reason->value->text;
    return 0;
}

/* @specifiedBy (3.13.4) */
static int read_specified_by(struct builder *b, const struct gql_directive *directives, struct gql_type *type) {
    const struct gql_argument *url = directive_argument(directives, "specifiedBy", "url");
    if (url == NULL)
        return 0;
    if (url->value->kind != GQL_LIT_STRING)
        return string_argument_error(b, url);
    type->specified_by = url->value->text;
    return 0;
}

/* --- members --- */

static int fill_input(struct builder *b, const struct gql_input_def *def, struct gql_input *input) {
    struct gql_type_node *type = resolve(b, def->type);
    if (type == NULL)
        return LK_ENOMEM;
    *input = (struct gql_input){
        .name = def->name.text, .description = def->description, .type = &type->type, .default_literal = def->default_value, .node = def};
    return read_deprecation(b, def->directives, &input->deprecated, &input->deprecation_reason);
}

static int fill_arguments(struct builder *b, const struct gql_input_def *defs, struct gql_input **ret, size_t *ret_len) {
    size_t len = 0;
    for (const struct gql_input_def *d = defs; d != NULL; d = d->next)
        len++;
    struct gql_input *arguments = lk_arena_calloc(b->arena, len, sizeof(*arguments));
    if (arguments == NULL)
        return LK_ENOMEM;
    size_t i = 0;
    for (const struct gql_input_def *d = defs; d != NULL; d = d->next) {
        int code = fill_input(b, d, &arguments[i++]);
        if (code < 0)
            return code;
    }
    *ret = arguments;
    *ret_len = len;
    return 0;
}

static int fill_field(struct builder *b, const struct gql_field_def *def, struct gql_field *field) {
    struct gql_type_node *type = resolve(b, def->type);
    if (type == NULL)
        return LK_ENOMEM;
    *field = (struct gql_field){.name = def->name.text, .description = def->description, .type = &type->type, .node = def};
    int code = read_deprecation(b, def->directives, &field->deprecated, &field->deprecation_reason);
    return code < 0 ? code : fill_arguments(b, def->arguments, &field->arguments, &field->arguments_len);
}

static int fill_fields(struct builder *b, struct gql_type_node *node) {
    size_t len = 0;
    for (const struct gql_part *part = node->parts.first; part != NULL; part = part->next)
        for (const struct gql_field_def *d = part->node->fields; d != NULL; d = d->next)
            len++;
    node->type.fields = lk_arena_calloc(b->arena, len, sizeof(struct gql_field));
    if (node->type.fields == NULL)
        return LK_ENOMEM;
    for (const struct gql_part *part = node->parts.first; part != NULL; part = part->next)
        for (const struct gql_field_def *d = part->node->fields; d != NULL; d = d->next) {
            struct gql_field *field = &node->type.fields[node->type.fields_len++];
            int code = fill_field(b, d, field);
            if (code == 0)
                code = gql_names_put(&node->members, b->arena, field->name, field);
            if (code < 0)
                return code;
        }
    return 0;
}

static int fill_inputs(struct builder *b, struct gql_type_node *node) {
    size_t len = 0;
    for (const struct gql_part *part = node->parts.first; part != NULL; part = part->next)
        for (const struct gql_input_def *d = part->node->inputs; d != NULL; d = d->next)
            len++;
    node->type.inputs = lk_arena_calloc(b->arena, len, sizeof(struct gql_input));
    if (node->type.inputs == NULL)
        return LK_ENOMEM;
    for (const struct gql_part *part = node->parts.first; part != NULL; part = part->next) {
        node->type.one_of = node->type.one_of || find_directive(part->node->directives, "oneOf") != NULL;
        for (const struct gql_input_def *d = part->node->inputs; d != NULL; d = d->next) {
            struct gql_input *input = &node->type.inputs[node->type.inputs_len++];
            int code = fill_input(b, d, input);
            if (code == 0)
                code = gql_names_put(&node->members, b->arena, input->name, input);
            if (code < 0)
                return code;
        }
    }
    return 0;
}

static int fill_values(struct builder *b, struct gql_type_node *node) {
    size_t len = 0;
    for (const struct gql_part *part = node->parts.first; part != NULL; part = part->next)
        for (const struct gql_enum_value_def *d = part->node->values; d != NULL; d = d->next)
            len++;
    node->type.values = lk_arena_calloc(b->arena, len, sizeof(struct gql_enum_value));
    if (node->type.values == NULL)
        return LK_ENOMEM;
    for (const struct gql_part *part = node->parts.first; part != NULL; part = part->next)
        for (const struct gql_enum_value_def *d = part->node->values; d != NULL; d = d->next) {
            struct gql_enum_value *value = &node->type.values[node->type.values_len++];
            *value = (struct gql_enum_value){.name = d->name.text, .description = d->description};
            int code = read_deprecation(b, d->directives, &value->deprecated, &value->deprecation_reason);
            if (code == 0)
                code = gql_names_put(&node->members, b->arena, value->name, value);
            if (code < 0)
                return code;
        }
    return 0;
}

/* The types named in one list of every part: what an object implements, what a union holds. */
static int fill_named(struct builder *b, const struct gql_type_node *node, struct gql_named *(*list_of)(const struct gql_definition *),
                      const struct gql_type ***ret, size_t *ret_len) {
    size_t len = 0;
    for (const struct gql_part *part = node->parts.first; part != NULL; part = part->next)
        for (const struct gql_named *n = list_of(part->node); n != NULL; n = n->next)
            len++;
    const struct gql_type **types = lk_arena_calloc(b->arena, len, sizeof(const struct gql_type *));
    if (types == NULL)
        return LK_ENOMEM;
    *ret = types;
    *ret_len = len;
    for (const struct gql_part *part = node->parts.first; part != NULL; part = part->next)
        for (const struct gql_named *n = list_of(part->node); n != NULL; n = n->next)
            *types++ = gql_names_get(&b->types, n->name.text);
    return 0;
}

static struct gql_named *interfaces_of(const struct gql_definition *d) {
    return d->interfaces;
}

static struct gql_named *members_of(const struct gql_definition *d) {
    return d->members;
}

/* --- types --- */

static int fill_type(struct builder *b, struct gql_type_node *node) {
    struct gql_type *type = &node->type;
    int code = 0;
    switch (type->kind) {
    case GQL_OBJECT_TYPE:
    case GQL_INTERFACE:
        code = fill_named(b, node, interfaces_of, &type->interfaces, &type->interfaces_len);
        return code < 0 ? code : fill_fields(b, node);
    case GQL_UNION: return fill_named(b, node, members_of, &type->possible, &type->possible_len);
    case GQL_ENUM_TYPE: return fill_values(b, node);
    case GQL_INPUT_OBJECT: return fill_inputs(b, node);
    case GQL_SCALAR:
        for (const struct gql_part *part = node->parts.first; part != NULL && code == 0; part = part->next)
            code = read_specified_by(b, part->node->directives, type);
        return code;
    case GQL_LIST_TYPE:
    case GQL_NON_NULL_TYPE: break;
    }
    return 0;
}

static int add_part(struct builder *b, struct gql_parts *parts, const struct gql_definition *node) {
    struct gql_part *part = LK_ARENA_NEW(b->arena, struct gql_part);
    if (part == NULL)
        return LK_ENOMEM;
    part->node = node;
    if (parts->first == NULL)
        parts->first = part;
    else
        parts->last->next = part;
    parts->last = part;
    return 0;
}

static enum gql_type_kind kind_of_definition(enum gql_definition_kind kind) {
    switch (kind) {
    case GQL_DEF_OBJECT: return GQL_OBJECT_TYPE;
    case GQL_DEF_INTERFACE: return GQL_INTERFACE;
    case GQL_DEF_UNION: return GQL_UNION;
    case GQL_DEF_ENUM: return GQL_ENUM_TYPE;
    case GQL_DEF_INPUT: return GQL_INPUT_OBJECT;
    case GQL_DEF_SCALAR:
    case GQL_DEF_SCHEMA:
    case GQL_DEF_DIRECTIVE: break;
    }
    return GQL_SCALAR;
}

static bool is_type(const struct gql_definition *d) {
    return d->kind != GQL_DEF_SCHEMA && d->kind != GQL_DEF_DIRECTIVE;
}

static struct gql_type_node *find_node(const struct builder *b, struct lk_slice name) {
    return gql_type_node(gql_names_get(&b->types, name));
}

/* A node for each type definition of a document whose name has none yet. */
static int declare_types(struct builder *b, const struct gql_document *document, bool builtin) {
    for (const struct gql_definition *d = document->definitions; d != NULL; d = d->next) {
        if (!is_type(d) || d->extension || find_node(b, d->name.text) != NULL)
            continue;
        struct gql_type_node *node = LK_ARENA_NEW(b->arena, struct gql_type_node);
        if (node == NULL || add_part(b, &node->parts, d) < 0 || gql_names_put(&b->types, b->arena, d->name.text, node) < 0)
            return LK_ENOMEM;
        node->type =
            (struct gql_type){.kind = kind_of_definition(d->kind), .name = d->name.text, .description = d->description, .builtin = builtin};
    }
    return 0;
}

static int attach_extensions(struct builder *b) {
    for (const struct gql_definition *d = b->schema->document->definitions; d != NULL; d = d->next) {
        struct gql_type_node *node = is_type(d) && d->extension ? find_node(b, d->name.text) : NULL;
        if (node != NULL && !node->type.builtin && add_part(b, &node->parts, d) < 0)
            return LK_ENOMEM;
    }
    return 0;
}

static int fill_types(struct builder *b, const struct gql_document *document, bool builtin) {
    for (const struct gql_definition *d = document->definitions; d != NULL; d = d->next) {
        struct gql_type_node *node = is_type(d) && !d->extension ? find_node(b, d->name.text) : NULL;
        if (node == NULL || node->type.builtin != builtin)
            continue;
        int code = fill_type(b, node);
        if (code < 0)
            return code;
    }
    return 0;
}

/* --- directives --- */

static int add_directive(struct builder *b, const struct gql_definition *d, bool builtin) {
    struct gql_schema *schema = b->schema;
    struct gql_directive_def *directive = &schema->directives[schema->directives_len];
    *directive = (struct gql_directive_def){.name = d->name.text, .description = d->description, .repeatable = d->repeatable};
    for (const struct gql_named *n = d->locations; n != NULL; n = n->next)
        directive->locations_len++;
    directive->location_order = lk_arena_calloc(b->arena, directive->locations_len, sizeof(enum gql_location));
    if (directive->location_order == NULL)
        return LK_ENOMEM;
    size_t i = 0;
    for (const struct gql_named *n = d->locations; n != NULL; n = n->next, i++) {
        gql_location_from_name(n->name.text, &directive->location_order[i]); /* the parser has seen that it is one */
        directive->locations |= 1u << directive->location_order[i];
    }
    int code = fill_arguments(b, d->inputs, &directive->arguments, &directive->arguments_len);
    if (code < 0)
        return code;
    schema->directive_nodes[schema->directives_len++] = builtin ? NULL : d;
    return gql_names_put(&schema->directives_by_name, b->arena, directive->name, directive);
}

static int add_directives(struct builder *b, const struct gql_document *document, bool builtin) {
    for (const struct gql_definition *d = document->definitions; d != NULL; d = d->next) {
        if (d->kind != GQL_DEF_DIRECTIVE || gql_schema_directive(b->schema, d->name.text) != NULL)
            continue;
        int code = add_directive(b, d, builtin);
        if (code < 0)
            return code;
    }
    return 0;
}

static size_t count_definitions(const struct gql_document *document) {
    size_t len = 0;
    for (const struct gql_definition *d = document->definitions; d != NULL; d = d->next)
        len++;
    return len;
}

static int build_directives(struct builder *b) {
    size_t most = count_definitions(b->schema->document) + count_definitions(b->builtin);
    b->schema->directives = lk_arena_calloc(b->arena, most, sizeof(*b->schema->directives));
    b->schema->directive_nodes = lk_arena_calloc(b->arena, most, sizeof(const struct gql_definition *));
    if (b->schema->directives == NULL || b->schema->directive_nodes == NULL)
        return LK_ENOMEM;
    int code = add_directives(b, b->schema->document, false);
    return code < 0 ? code : add_directives(b, b->builtin, true);
}

/* --- order --- */

static void place(struct builder *b, struct gql_type_node *node);

/* Gives a referenced type its place, unless it has one. All types of the SDL have, so the recursion only goes through built-in ones. */
static void collect(struct builder *b, const struct gql_type *type) {
    struct gql_type_node *node = gql_type_node(gql_type_named(type));
    if (node->collected)
        return;
    node->collected = true;
    place(b, node);
}

static void collect_inputs(struct builder *b, const struct gql_input *inputs, size_t len) {
    for (size_t i = 0; i < len; i++)
        collect(b, inputs[i].type);
}

static void place(struct builder *b, struct gql_type_node *node) {
    const struct gql_type *type = &node->type;
    node->type.index = (unsigned)b->schema->types_len;
    b->schema->types[b->schema->types_len++] = node;
    if (type->kind == GQL_UNION)
        for (size_t i = 0; i < type->possible_len; i++)
            collect(b, type->possible[i]);
    for (size_t i = 0; i < type->interfaces_len; i++)
        collect(b, type->interfaces[i]);
    for (size_t i = 0; i < type->fields_len; i++) {
        collect(b, type->fields[i].type);
        collect_inputs(b, type->fields[i].arguments, type->fields[i].arguments_len);
    }
    collect_inputs(b, type->inputs, type->inputs_len);
}

static int order_types(struct builder *b) {
    struct gql_schema *schema = b->schema;
    const struct gql_definition *first = schema->document->definitions;
    schema->types = lk_arena_calloc(b->arena, b->types.len, sizeof(struct gql_type_node *));
    if (schema->types == NULL)
        return LK_ENOMEM;
    for (const struct gql_definition *d = first; d != NULL; d = d->next)
        if (is_type(d) && !d->extension)
            find_node(b, d->name.text)->collected = true;
    for (const struct gql_definition *d = first; d != NULL; d = d->next)
        if (is_type(d) && !d->extension)
            place(b, find_node(b, d->name.text));
    for (size_t i = 0; i < schema->directives_len; i++)
        collect_inputs(b, schema->directives[i].arguments, schema->directives[i].arguments_len);
    collect(b, &find_node(b, (struct lk_slice)LK_SLICE("__Schema"))->type);
    for (size_t i = 0; i < schema->types_len; i++)
        if (gql_names_put(&schema->types_by_name, b->arena, schema->types[i]->type.name, schema->types[i]) < 0)
            return LK_ENOMEM;
    return 0;
}

/* --- who implements what --- */

static void mark_subtype(const struct gql_type *super, const struct gql_type *sub) {
    gql_type_node(super)->subtypes[sub->index / 8] |= (uint8_t)(1u << sub->index % 8);
}

/* Room for the subtypes of each abstract type, and of the possible types of each interface as many as declare it. */
static int prepare_abstract_types(struct builder *b) {
    struct gql_schema *schema = b->schema;
    for (size_t i = 0; i < schema->types_len; i++) {
        struct gql_type_node *node = schema->types[i];
        if (node->type.kind == GQL_INTERFACE || node->type.kind == GQL_UNION) {
            node->subtypes = lk_arena_calloc(b->arena, schema->types_len / 8 + 1, 1);
            if (node->subtypes == NULL)
                return LK_ENOMEM;
        }
        for (size_t j = 0; node->type.kind == GQL_OBJECT_TYPE && j < node->type.interfaces_len; j++)
            if (node->type.interfaces[j]->kind == GQL_INTERFACE)
                gql_type_node(node->type.interfaces[j])->type.possible_len++;
    }
    for (size_t i = 0; i < schema->types_len; i++) {
        struct gql_type *type = &schema->types[i]->type;
        if (type->kind == GQL_OBJECT_TYPE)
            type->possible_len = 1;
        if (type->kind != GQL_OBJECT_TYPE && type->kind != GQL_INTERFACE)
            continue;
        type->possible = lk_arena_calloc(b->arena, type->possible_len, sizeof(const struct gql_type *));
        if (type->possible == NULL)
            return LK_ENOMEM;
        type->possible_len = 0;
    }
    return 0;
}

static int relate_types(struct builder *b) {
    if (prepare_abstract_types(b) < 0)
        return LK_ENOMEM;
    for (size_t i = 0; i < b->schema->types_len; i++) {
        struct gql_type *type = &b->schema->types[i]->type;
        if (type->kind == GQL_OBJECT_TYPE)
            type->possible[type->possible_len++] = type;
        for (size_t j = 0; type->kind == GQL_UNION && j < type->possible_len; j++)
            mark_subtype(type, type->possible[j]);
        for (size_t j = 0; j < type->interfaces_len; j++) {
            struct gql_type *interface = &gql_type_node(type->interfaces[j])->type;
            if (interface->kind != GQL_INTERFACE)
                continue;
            mark_subtype(interface, type);
            if (type->kind == GQL_OBJECT_TYPE)
                interface->possible[interface->possible_len++] = type;
        }
    }
    return 0;
}

/* --- root types --- */

static void set_roots(struct builder *b, const struct gql_definition *d) {
    for (const struct gql_root_def *root = d->roots; root != NULL; root = root->next)
        b->schema->roots[root->kind] = &find_node(b, root->type.text)->type;
}

/* Of the schema definition and its extensions, or else the types named Query, Mutation and Subscription (3.3.1). */
static int find_roots(struct builder *b) {
    static const struct lk_slice names[] = {LK_SLICE("Query"), LK_SLICE("Mutation"), LK_SLICE("Subscription")};
    bool defined = false;
    for (const struct gql_definition *d = b->schema->document->definitions; d != NULL; d = d->next)
        if (d->kind == GQL_DEF_SCHEMA && !d->extension) {
            defined = true;
            b->schema->description = d->description;
            set_roots(b, d);
            if (add_part(b, &b->schema->schema_parts, d) < 0)
                return LK_ENOMEM;
        }
    for (const struct gql_definition *d = b->schema->document->definitions; d != NULL; d = d->next)
        if (d->kind == GQL_DEF_SCHEMA && d->extension) {
            set_roots(b, d);
            if (add_part(b, &b->schema->schema_parts, d) < 0)
                return LK_ENOMEM;
        }
    for (size_t i = 0; i < 3 && !defined; i++) {
        const struct gql_type *type = gql_schema_type(b->schema, names[i]);
        if (type != NULL)
            b->schema->roots[i] = type;
    }
    return 0;
}

/* --- the whole --- */

static int parse_sdl(struct builder *b, struct lk_slice sdl, struct gql_document **ret) {
    return gql_parse(sdl, NULL, b->arena, ret, b->errors);
}

static int build_meta(struct builder *b) {
    struct gql_document *document = NULL;
    int code = parse_sdl(b, lk_slice_cstr(gql_meta_sdl), &document);
    if (code < 0)
        return code;
    b->schema->meta = LK_ARENA_NEW(b->arena, struct gql_type_node);
    if (b->schema->meta == NULL || add_part(b, &b->schema->meta->parts, document->definitions) < 0)
        return LK_ENOMEM;
    b->schema->meta->type.kind = GQL_OBJECT_TYPE;
    return fill_fields(b, b->schema->meta);
}

/* Definitions that can be executed have no place in a schema. */
static int refuse_executable(struct builder *b) {
    const struct gql_document *document = b->schema->document;
    if (document->operations == NULL && document->fragments == NULL)
        return 0;
    gql_pos at = document->operations != NULL ? document->operations->at : document->fragments->at;
    gql_errors_add(b->errors, &at, 1, "A schema cannot contain operations or fragments.");
    return b->errors->out_of_memory ? LK_ENOMEM : LK_EINVAL;
}

static int outcome(const struct gql_errors *errors, size_t before) {
    if (errors->out_of_memory)
        return LK_ENOMEM;
    return errors->count == before ? 0 : LK_EINVAL;
}

static int build(struct builder *b, struct lk_slice sdl) {
    size_t before = b->errors->count;
    struct lk_slice copy;
    int code = lk_arena_copy(b->arena, sdl, &copy);
    if (code == 0)
        code = parse_sdl(b, copy, &b->schema->document);
    if (code == 0)
        code = parse_sdl(b, lk_slice_cstr(gql_builtin_sdl), &b->builtin);
    if (code == 0)
        code = refuse_executable(b);
    if (code == 0)
        code = gql_sdl_check(b->schema->document, b->builtin, b->errors);
    if (code == 0)
        code = outcome(b->errors, before);
    if (code == 0)
        code = declare_types(b, b->builtin, true);
    if (code == 0)
        code = declare_types(b, b->schema->document, false);
    if (code == 0)
        code = attach_extensions(b);
    if (code == 0)
        code = fill_types(b, b->builtin, true);
    if (code == 0)
        code = fill_types(b, b->schema->document, false);
    if (code == 0)
        code = build_meta(b);
    if (code == 0)
        code = build_directives(b);
    if (code == 0)
        code = order_types(b);
    if (code == 0)
        code = relate_types(b);
    if (code == 0)
        code = find_roots(b);
    if (code == 0)
        code = gql_schema_check(b->schema, b->errors);
    if (code == 0)
        code = outcome(b->errors, before);
    if (code == 0)
        code = gql_schema_coerce_defaults(b->schema, b->errors);
    return code == 0 ? outcome(b->errors, before) : code;
}

int gql_schema_build(struct lk_slice sdl, struct gql_schema **ret, struct gql_errors *errors) {
    struct gql_schema *schema = calloc(1, sizeof(*schema));
    if (schema == NULL)
        return LK_ENOMEM;
    lk_arena_init(&schema->arena, ARENA_LIMIT);
    struct builder b = {.schema = schema, .arena = &schema->arena, .errors = errors};
    int code = build(&b, sdl);
    if (code < 0) {
        gql_schema_free(schema);
        return code;
    }
    *ret = schema;
    return 0;
}
