/*
 * A type system, built once from SDL and read-only after that (any thread). Types, fields, arguments and values keep the order of the SDL.
 * Types, directives, fields, input fields and enum values are looked up by hash, arguments (few) one by one. The built-in directives (@include
 * @skip @deprecated @specifiedBy @oneOf), the introspection types and the scalars that anything uses (String and Boolean always) are there.
 *
 * Types and directives are numbered as graphql-js's buildSchema lists them: each type of the SDL in order, followed by the built-in types that
 * are met in it for the first time (depth first: interfaces or members, then each field's type and its arguments'), then those of the
 * directives' arguments, then those of __Schema. Directives: those of the SDL, then the built-in ones that it does not define itself.
 */
#ifndef GQL_SCHEMA_H
#define GQL_SCHEMA_H

#include "graphql/ast.h"
#include "graphql/error.h"
#include "graphql/value.h"

enum gql_type_kind {
    GQL_SCALAR,
    GQL_OBJECT_TYPE,
    GQL_INTERFACE,
    GQL_UNION,
    GQL_ENUM_TYPE,
    GQL_INPUT_OBJECT,
    GQL_LIST_TYPE,
    GQL_NON_NULL_TYPE,
};

struct gql_schema;
struct gql_type;
struct gql_call;
struct gql_out;

/* Produces a field's value: see execute.h. */
typedef int (*gql_resolver)(struct gql_call *call, const void *source, struct gql_out *ret);

struct gql_input { /* argument or input field */
    struct lk_slice name;
    struct lk_slice description; /* ptr NULL: none; so in every description below */
    const struct gql_type *type;
    const struct gql_literal *default_literal; /* NULL: none */
    const struct gql_value *default_value;     /* coerced, NULL: none */
    bool deprecated;
    struct lk_slice deprecation_reason;
    const struct gql_input_def *node; /* its definition */
};

struct gql_field {
    struct lk_slice name;
    struct lk_slice description;
    struct gql_input *arguments;
    size_t arguments_len;
    const struct gql_type *type;
    bool deprecated;
    struct lk_slice deprecation_reason;
    gql_resolver resolve;             /* set by gql_schema_bind; NULL until then */
    const struct gql_field_def *node; /* its definition */
};

struct gql_enum_value {
    struct lk_slice name;
    struct lk_slice description;
    bool deprecated;
    struct lk_slice deprecation_reason;
};

struct gql_type {
    enum gql_type_kind kind;
    struct lk_slice name; /* empty for list and non-null */
    struct lk_slice description;
    const struct gql_type *of; /* list, non-null */
    struct gql_field *fields;  /* object, interface */
    size_t fields_len;
    const struct gql_type **interfaces; /* object, interface: all it declares, in order */
    size_t interfaces_len;
    const struct gql_type **possible; /* interface: object types implementing it; union: members; object: itself */
    size_t possible_len;
    struct gql_enum_value *values;
    size_t values_len;
    struct gql_input *inputs; /* input object */
    size_t inputs_len;
    struct lk_slice specified_by; /* scalar: @specifiedBy url, ptr NULL: none */
    bool one_of;                  /* input object */
    bool builtin;                 /* scalar of the specification, or introspection type */
    unsigned index;               /* 0 .. gql_schema_type_count-1 for named types */
};

enum gql_location { /* directive locations, as bits: 1u << value */
                    GQL_LOC_QUERY,
                    GQL_LOC_MUTATION,
                    GQL_LOC_SUBSCRIPTION,
                    GQL_LOC_FIELD,
                    GQL_LOC_FRAGMENT_DEFINITION,
                    GQL_LOC_FRAGMENT_SPREAD,
                    GQL_LOC_INLINE_FRAGMENT,
                    GQL_LOC_VARIABLE_DEFINITION,
                    GQL_LOC_SCHEMA,
                    GQL_LOC_SCALAR,
                    GQL_LOC_OBJECT,
                    GQL_LOC_FIELD_DEFINITION,
                    GQL_LOC_ARGUMENT_DEFINITION,
                    GQL_LOC_INTERFACE,
                    GQL_LOC_UNION,
                    GQL_LOC_ENUM,
                    GQL_LOC_ENUM_VALUE,
                    GQL_LOC_INPUT_OBJECT,
                    GQL_LOC_INPUT_FIELD_DEFINITION,
                    GQL_LOC_DIRECTIVE_DEFINITION, /* not of the 2025 edition; graphql-js 16 lists it */
};

struct gql_directive_def {
    struct lk_slice name;
    struct lk_slice description;
    struct gql_input *arguments;
    size_t arguments_len;
    uint32_t locations;                /* bits */
    enum gql_location *location_order; /* as written, for introspection */
    size_t locations_len;
    bool repeatable;
};

/* Builds a schema from SDL (definitions and extensions in any order) and checks it as section 3 and graphql-js's validateSDL + validateSchema do.
 * Beyond graphql-js, a default value that its type does not accept or that depends on itself is an error, so are executable definitions, and
 * @specifiedBy and @oneOf count on extensions too. 0 with *ret owned by the caller (gql_schema_free); LK_EINVAL with errors (positions in sdl),
 * LK_ELIMIT for too deep nesting, LK_ENOMEM. sdl is copied, and trusted to be of sane size: chains of input types are followed by recursion. */
int gql_schema_build(struct lk_slice sdl, struct gql_schema **ret, struct gql_errors *errors);
void gql_schema_free(struct gql_schema *schema);

/* Named type, or NULL. */
const struct gql_type *gql_schema_type(const struct gql_schema *schema, struct lk_slice name);
size_t gql_schema_type_count(const struct gql_schema *schema);
const struct gql_type *gql_schema_type_at(const struct gql_schema *schema, size_t index);              /* order: see above */
const struct gql_type *gql_schema_root(const struct gql_schema *schema, enum gql_operation_kind kind); /* or NULL */
struct lk_slice gql_schema_description(const struct gql_schema *schema);
const struct gql_directive_def *gql_schema_directive(const struct gql_schema *schema, struct lk_slice name); /* or NULL */
size_t gql_schema_directive_count(const struct gql_schema *schema);
const struct gql_directive_def *gql_schema_directive_at(const struct gql_schema *schema, size_t index);

/* Field of an object or interface type by name; for the query root also __schema and __type, for composite types __typename. NULL: none. */
const struct gql_field *gql_type_field(const struct gql_schema *schema, const struct gql_type *type, struct lk_slice name);
const struct gql_input *gql_type_input(const struct gql_type *type, struct lk_slice name);
const struct gql_input *gql_field_argument(const struct gql_field *field, struct lk_slice name);
const struct gql_input *gql_directive_argument(const struct gql_directive_def *directive, struct lk_slice name);
const struct gql_enum_value *gql_type_enum_value(const struct gql_type *type, struct lk_slice name);

bool gql_type_is_input(const struct gql_type *type); /* looks through list and non-null, as do the next two */
bool gql_type_is_output(const struct gql_type *type);
bool gql_type_is_leaf(const struct gql_type *type);                                             /* scalar or enum */
const struct gql_type *gql_type_named(const struct gql_type *type);                             /* without its lists and non-nulls */
bool gql_type_is_possible(const struct gql_type *abstract_type, const struct gql_type *object); /* constant time */
bool gql_type_is_subtype(const struct gql_type *super, const struct gql_type *sub);             /* 5.8.5 AreTypesCompatible's order */

/* Whether a value must be given: non-null without a default. */
static inline bool gql_input_required(const struct gql_input *input) {
    return input->type->kind == GQL_NON_NULL_TYPE && input->default_literal == NULL;
}

/* Resolves a type reference of a document against the schema; list and non-null wrappers come from the schema's own interned ones where they
 * exist, else from arena. 0 with *ret, NULL when the named type is unknown; or LK_ENOMEM. */
int gql_type_from_ref(const struct gql_schema *schema, const struct gql_type_ref *ref, struct lk_arena *arena, const struct gql_type **ret);

/* "[String!]!" into buf; or in the arena, NULL when memory is out. */
void gql_type_print(const struct gql_type *type, struct lk_buf *buf);
const char *gql_type_text(const struct gql_type *type, struct lk_arena *arena);

/* One row a field. */
struct gql_binding {
    const char *type;
    const char *field;
    gql_resolver resolve;
};

/* Gives each field of each object type (introspection apart) its resolver. Every such field needs exactly one row and every row a field:
 * otherwise LK_EINVAL, and problem names the first unbound, surplus or doubled one ("Mutation.createApiKey has no resolver"). Once, before
 * the schema is shared; after a failure the schema is partly bound and only good for gql_schema_free. */
int gql_schema_bind(struct gql_schema *schema, const struct gql_binding *bindings, size_t len, struct lk_problem *problem);

#endif
