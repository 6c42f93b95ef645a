/* Reading a schema: lookups, and what types are to each other. */
#include "graphql/schema_internal.h"

#include <stdlib.h>

void gql_schema_free(struct gql_schema *schema) {
    if (schema == NULL)
        return;
    lk_arena_free(&schema->arena);
    free(schema);
}

/* --- the schema --- */

const struct gql_type *gql_schema_type(const struct gql_schema *schema, struct lk_slice name) {
    const struct gql_type_node *node = gql_names_get(&schema->types_by_name, name);
    return node == NULL ? NULL : &node->type;
}

size_t gql_schema_type_count(const struct gql_schema *schema) {
    return schema->types_len;
}

const struct gql_type *gql_schema_type_at(const struct gql_schema *schema, size_t index) {
    return &schema->types[index]->type;
}

const struct gql_type *gql_schema_root(const struct gql_schema *schema, enum gql_operation_kind kind) {
    return schema->roots[kind];
}

struct lk_slice gql_schema_description(const struct gql_schema *schema) {
    return schema->description;
}

const struct gql_directive_def *gql_schema_directive(const struct gql_schema *schema, struct lk_slice name) {
    return gql_names_get(&schema->directives_by_name, name);
}

size_t gql_schema_directive_count(const struct gql_schema *schema) {
    return schema->directives_len;
}

const struct gql_directive_def *gql_schema_directive_at(const struct gql_schema *schema, size_t index) {
    return &schema->directives[index];
}

/* --- members --- */

const struct gql_field *gql_type_field(const struct gql_schema *schema, const struct gql_type *type, struct lk_slice name) {
    if (lk_slice_starts_with(name, "__")) {
        const struct gql_field *meta = gql_names_get(&schema->meta->members, name);
        if (meta != NULL && lk_slice_is(name, "__typename"))
            return type->kind == GQL_OBJECT_TYPE || type->kind == GQL_INTERFACE || type->kind == GQL_UNION ? meta : NULL;
        if (meta != NULL && type == schema->roots[GQL_QUERY])
            return meta;
    }
    if (type->kind != GQL_OBJECT_TYPE && type->kind != GQL_INTERFACE)
        return NULL;
    return gql_names_get(&gql_type_node(type)->members, name);
}

const struct gql_input *gql_type_input(const struct gql_type *type, struct lk_slice name) {
    return type->kind == GQL_INPUT_OBJECT ? gql_names_get(&gql_type_node(type)->members, name) : NULL;
}

const struct gql_enum_value *gql_type_enum_value(const struct gql_type *type, struct lk_slice name) {
    return type->kind == GQL_ENUM_TYPE ? gql_names_get(&gql_type_node(type)->members, name) : NULL;
}

static const struct gql_input *find_argument(const struct gql_input *arguments, size_t len, struct lk_slice name) {
    for (size_t i = 0; i < len; i++)
        if (lk_slice_equal(arguments[i].name, name))
            return &arguments[i];
    return NULL;
}

const struct gql_input *gql_field_argument(const struct gql_field *field, struct lk_slice name) {
    return find_argument(field->arguments, field->arguments_len, name);
}

const struct gql_input *gql_directive_argument(const struct gql_directive_def *directive, struct lk_slice name) {
    return find_argument(directive->arguments, directive->arguments_len, name);
}

/* --- kinds and relations --- */

const struct gql_type *gql_type_named(const struct gql_type *type) {
    while (type->of != NULL)
        type = type->of;
    return type;
}

bool gql_type_is_input(const struct gql_type *type) {
    enum gql_type_kind kind = gql_type_named(type)->kind;
    return kind == GQL_SCALAR || kind == GQL_ENUM_TYPE || kind == GQL_INPUT_OBJECT;
}

bool gql_type_is_output(const struct gql_type *type) {
    return gql_type_named(type)->kind != GQL_INPUT_OBJECT;
}

bool gql_type_is_leaf(const struct gql_type *type) {
    enum gql_type_kind kind = gql_type_named(type)->kind;
    return kind == GQL_SCALAR || kind == GQL_ENUM_TYPE;
}

static bool is_declared_subtype(const struct gql_type *super, const struct gql_type *sub) {
    const uint8_t *bits = gql_type_node(super)->subtypes;
    return bits != NULL && (bits[sub->index / 8] >> sub->index % 8 & 1) != 0;
}

bool gql_type_is_possible(const struct gql_type *abstract_type, const struct gql_type *object) {
    return object->kind == GQL_OBJECT_TYPE && (abstract_type == object || is_declared_subtype(abstract_type, object));
}

bool gql_type_is_subtype(const struct gql_type *super, const struct gql_type *sub) {
    for (;;) {
        if (super == sub)
            return true;
        if (super->kind == GQL_NON_NULL_TYPE) {
            if (sub->kind != GQL_NON_NULL_TYPE)
                return false;
            super = super->of;
            sub = sub->of;
        } else if (sub->kind == GQL_NON_NULL_TYPE) {
            sub = sub->of;
        } else if (super->kind == GQL_LIST_TYPE && sub->kind == GQL_LIST_TYPE) {
            super = super->of;
            sub = sub->of;
        } else {
            return (sub->kind == GQL_OBJECT_TYPE || sub->kind == GQL_INTERFACE) && is_declared_subtype(super, sub);
        }
    }
}

/* --- type references --- */

static struct gql_type_node *wrap(struct gql_type_node *inner, enum gql_type_kind kind, struct lk_arena *arena) {
    struct gql_type_node *interned = kind == GQL_LIST_TYPE ? inner->list : inner->non_null;
    if (interned != NULL)
        return interned;
    struct gql_type_node *node = LK_ARENA_NEW(arena, struct gql_type_node);
    if (node != NULL) {
        node->type.kind = kind;
        node->type.of = &inner->type;
    }
    return node;
}

int gql_type_from_ref(const struct gql_schema *schema, const struct gql_type_ref *ref, struct lk_arena *arena,
                      const struct gql_type **ret) {
    const struct gql_type *type = NULL;
    if (ref->kind == GQL_REF_NAMED) {
        type = gql_schema_type(schema, ref->name);
    } else if (gql_type_from_ref(schema, ref->of, arena, &type) < 0) {
        return LK_ENOMEM;
    } else if (type != NULL) {
        struct gql_type_node *node = wrap(gql_type_node(type), ref->kind == GQL_REF_LIST ? GQL_LIST_TYPE : GQL_NON_NULL_TYPE, arena);
        if (node == NULL)
            return LK_ENOMEM;
        type = &node->type;
    }
    *ret = type;
    return 0;
}

/* Recursion here and above follows the type's nesting, which the parser bounds. */
void gql_type_print(const struct gql_type *type, struct lk_buf *buf) {
    if (type->kind == GQL_LIST_TYPE) {
        lk_buf_add_char(buf, '[');
        gql_type_print(type->of, buf);
        lk_buf_add_char(buf, ']');
    } else if (type->kind == GQL_NON_NULL_TYPE) {
        gql_type_print(type->of, buf);
        lk_buf_add_char(buf, '!');
    } else {
        lk_buf_add(buf, type->name);
    }
}

const char *gql_type_text(const struct gql_type *type, struct lk_arena *arena) {
    struct lk_buf buf = {0};
    gql_type_print(type, &buf);
    const char *text = buf.failed ? NULL : lk_arena_strdup(arena, lk_buf_slice(&buf));
    lk_buf_free(&buf);
    return text;
}
