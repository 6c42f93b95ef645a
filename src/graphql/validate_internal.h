/*
 * What the files of validation share. One struct gql_v lives for one gql_validate call and one thread; all it points to is arena memory.
 *
 * How it works: gql_v_index numbers the fragments and operations and notes what each uses itself (spreads, variables). gql_v_check_limits refuses
 * documents that are too large in some way. Then one walk visits the document in graphql-js's order and calls the rules where graphql-js's
 * visitors would run; a rule adds errors by gql_v_error. `stop` ends the walk early: the error list is full, a work budget is spent, or memory
 * is out.
 */
#ifndef GQL_VALIDATE_INTERNAL_H
#define GQL_VALIDATE_INTERNAL_H

#include "base/arena.h"
#include "graphql/validate.h"

#define GQL_V_NONE ((size_t)-1)

/* --- a map from texts to numbers (validate_map.c) --- */

struct gql_v_slot {
    struct lk_slice key; /* ptr NULL: free */
    size_t value;
};

/* Zeroed: empty. Keys are not copied. */
struct gql_v_map {
    struct gql_v_slot *slots;
    size_t cap;
    size_t len;
};

/* --- what the document holds --- */

struct gql_v_usage { /* a variable used as a value */
    const struct gql_literal *node;
    const struct gql_type *type;   /* expected there, or NULL when unknown */
    const struct gql_type *parent; /* type of the literal around it, or NULL */
    bool has_default;              /* the argument or input field has a default */
};

struct gql_v_spread {
    const struct gql_selection *node;
    size_t name; /* index into names */
};

struct gql_v_scope { /* an operation or fragment, fragments not followed */
    const struct gql_selection *selections;
    struct gql_v_spread *spreads; /* in the order in which graphql-js collects them: level by level, last nested set first */
    size_t spreads_len;
    size_t spreads_cap;
    struct gql_v_usage *usages; /* in document order */
    size_t usages_len;
    size_t usages_cap;
};

struct gql_v_fragment {
    const struct gql_fragment *def;
    const struct gql_type *type; /* of the type condition, or NULL when unknown */
    size_t name;
    struct gql_v_scope scope;
};

struct gql_v_operation {
    const struct gql_operation *def;
    struct gql_v_scope scope;
};

struct gql_v_name { /* a name that fragments are defined or spread by */
    struct lk_slice text;
    size_t fragment; /* the last fragment defined by it, or GQL_V_NONE */
};

/* Fragments reachable from a set of spreads, and the variables used in them. */
struct gql_v_reach {
    size_t *fragments;
    size_t fragments_len;
    struct gql_v_usage *usages;
    size_t usages_len;
    bool usages_known;
};

struct gql_v_met;     /* validate_index.c */
struct gql_v_overlap; /* validate_overlap.c */

struct gql_v {
    const struct gql_schema *schema;
    const struct gql_document *document;
    struct gql_limits limits;
    struct lk_arena *arena;
    struct gql_errors *errors;
    uint64_t hash_key[2];
    bool stop;
    bool no_memory;
    bool limited; /* a limit or budget was exceeded */

    struct gql_v_operation *operations;
    size_t operations_len;
    struct gql_v_fragment *fragments;
    size_t fragments_len;
    struct gql_v_name *names;
    size_t names_len;
    size_t names_cap;
    struct gql_v_map name_index;
    size_t selections; /* selections in the document */

    /* Where the walk is, as graphql-js's TypeInfo knows it. NULL: unknown. */
    struct gql_v_scope *collecting; /* the first walk: notes usages, runs no rule */
    const struct gql_type *type;    /* of the node */
    const struct gql_type *parent;  /* of the selection set, composite */
    const struct gql_field *field;
    const struct gql_directive_def *directive;
    bool skip_values;        /* inside a literal that is already reported */
    bool skip_introspection; /* inside an introspection field that is already checked */

    /* Rule state. */
    size_t fragment_work;  /* left of the budget for following fragments */
    struct gql_v_met *met; /* NULL while nothing was followed */
    struct gql_v_map reach_index;
    struct gql_v_reach *reaches;
    size_t reaches_len;
    size_t reaches_cap;
    struct gql_v_map operation_names;
    struct gql_v_map fragment_names;
    bool *cycle_visited; /* by name */
    size_t *cycle_index; /* by name: position in the spread path, or GQL_V_NONE */
    const struct gql_selection **cycle_path;
    unsigned *list_depths; /* by fragment: introspection list nesting, or NULL while not computed */

    /* Field merging. */
    struct lk_arena work; /* freed at the end: its need may be large, but is bounded by the budgets */
    struct gql_v_map arguments;
    const struct gql_v_arguments **prepared;
    size_t prepared_len;
    size_t prepared_cap;
    struct gql_v_overlap *overlap; /* NULL: no field can conflict */
};

/* --- validate.c --- */

/* Adds an error; sets stop when no more can be taken. At most GQL_V_LOCATIONS_MAX locations are kept. */
#define GQL_V_LOCATIONS_MAX 100
void gql_v_error(struct gql_v *v, const gql_pos *at, size_t at_len, const char *format, ...) __attribute__((format(printf, 4, 5)));
void gql_v_error_at(struct gql_v *v, gql_pos at, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Ends validation because a work budget is spent. */
void gql_v_abort(struct gql_v *v);

/* Memory is out: ends validation. */
void gql_v_fail(struct gql_v *v);

/* Zeroed arena memory; NULL after gql_v_fail. count 0 is fine. */
void *gql_v_calloc(struct gql_v *v, size_t count, size_t size);

/* The type of a reference, or NULL when it is unknown and after gql_v_fail. */
const struct gql_type *gql_v_type_of_ref(struct gql_v *v, const struct gql_type_ref *ref);

/* Makes room for one more element; array, doubled when full, or NULL after gql_v_fail. */
void *gql_v_grow(struct gql_v *v, void *array, size_t len, size_t *cap, size_t size);

/* What reading a name counts for in a budget of work, beside what is done with it: a hostile one may be most of the document. */
static inline size_t gql_v_name_work(struct lk_slice name) {
    return name.len / 64;
}

/* --- validate_map.c --- */

/* Key for the maps of this validation: names come from the client, who must not be able to choose colliding ones. */
void gql_v_map_seed(struct gql_v *v);

/* The value for key; a new one is set to GQL_V_NONE. NULL after gql_v_fail. Valid until the next call. */
size_t *gql_v_map_put(struct gql_v *v, struct lk_arena *arena, struct gql_v_map *map, struct lk_slice key);

/* The value for key or GQL_V_NONE. */
size_t gql_v_map_get(const struct gql_v *v, const struct gql_v_map *map, struct lk_slice key);

/* For each of the names the index of the first equal one; NULL after gql_v_fail. */
size_t *gql_v_first_equal(struct gql_v *v, const struct lk_slice *names, size_t len);

/* Adds `There can be only one <what><name>".` for each name that is there more than once, with the places of all that are it. */
void gql_v_unique_names(struct gql_v *v, const struct lk_slice *names, const gql_pos *at, size_t len, const char *what);

/* --- validate_text.c: arena texts for messages; "" after gql_v_fail --- */

const char *gql_v_type_text(struct gql_v *v, const struct gql_type *type);
const char *gql_v_ref_text(struct gql_v *v, const struct gql_type_ref *ref);
const char *gql_v_literal_text(struct gql_v *v, const struct gql_literal *literal);

/* What gql_suggest and gql_did_you_mean append, or "" (also when suggestions are switched off). */
const char *gql_v_suggest(struct gql_v *v, const char *sub, struct lk_slice input, const struct lk_slice *options, size_t len);
const char *gql_v_did_you_mean(struct gql_v *v, const char *sub, const struct lk_slice *names, size_t len);

/* --- validate_index.c --- */

void gql_v_index(struct gql_v *v);

/* The fragment that a spread of this name means, or NULL. */
struct gql_v_fragment *gql_v_fragment_named(const struct gql_v *v, struct lk_slice name);

/* The variables an operation uses, fragments followed: its own, then the fragments'. False after stop. */
bool gql_v_operation_usages(struct gql_v *v, const struct gql_v_operation *operation, struct gql_v_usage **ret, size_t *ret_len);

/* Fragments reachable from scopes; NULL after stop. */
struct gql_v_reach *gql_v_reachable(struct gql_v *v, const struct gql_v_operation *operations, size_t len);

/* Takes work from the budget for following fragments; false after abort. */
bool gql_v_spend(struct gql_v *v, size_t work);

/* --- validate_walk.c --- */

/* Notes the usages of one definition into scope. */
void gql_v_collect_operation(struct gql_v *v, struct gql_v_operation *operation);
void gql_v_collect_fragment(struct gql_v *v, struct gql_v_fragment *fragment);

/* The walk with all rules. */
void gql_v_walk(struct gql_v *v);

/* A field of an object or interface type itself: not __typename and its kind. */
const struct gql_field *gql_v_own_field(const struct gql_schema *schema, const struct gql_type *type, struct lk_slice name);

/* The type without a non-null around it; NULL for NULL. */
static inline const struct gql_type *gql_v_nullable(const struct gql_type *type) {
    return type != NULL && type->kind == GQL_NON_NULL_TYPE ? type->of : type;
}

static inline bool gql_v_is_abstract(const struct gql_type *type) {
    return type->kind == GQL_INTERFACE || type->kind == GQL_UNION;
}

/* A composite type itself, not a list of one; false for NULL. */
static inline bool gql_v_is_composite(const struct gql_type *type) {
    return type != NULL && (type->kind == GQL_OBJECT_TYPE || gql_v_is_abstract(type));
}

/* --- rules, by the file they are in; each is called on entering (or leaving) its node --- */

/* validate_fields.c */
void gql_v_scalar_leafs(struct gql_v *v, const struct gql_selection *field);
void gql_v_fields_on_correct_type(struct gql_v *v, const struct gql_selection *field);
void gql_v_known_argument(struct gql_v *v, const struct gql_argument *argument);
void gql_v_unique_arguments(struct gql_v *v, const struct gql_argument *arguments);
void gql_v_required_arguments(struct gql_v *v, const struct gql_selection *field); /* leave */

/* validate_directives.c */
void gql_v_known_directive(struct gql_v *v, const struct gql_directive *directive, enum gql_location location);
void gql_v_known_directive_arguments(struct gql_v *v, const struct gql_directive *directive);
void gql_v_required_directive_arguments(struct gql_v *v, const struct gql_directive *directive); /* leave */
void gql_v_unique_directives(struct gql_v *v, const struct gql_directive *directives);

/* validate_values.c */
bool gql_v_list_value(struct gql_v *v, const struct gql_literal *literal, const struct gql_type *type, const struct gql_type *item);
bool gql_v_object_value(struct gql_v *v, const struct gql_literal *literal, const struct gql_type *type);
void gql_v_object_field(struct gql_v *v, const struct gql_object_field *field, const struct gql_type *object);
void gql_v_leaf_value(struct gql_v *v, const struct gql_literal *literal, const struct gql_type *type);
void gql_v_null_value(struct gql_v *v, const struct gql_literal *literal, const struct gql_type *type);

/* validate_fragments.c */
void gql_v_fragment_on_composite(struct gql_v *v, const struct gql_fragment *fragment);
void gql_v_inline_on_composite(struct gql_v *v, const struct gql_selection *fragment);
void gql_v_unique_fragment_name(struct gql_v *v, const struct gql_fragment *fragment);
void gql_v_known_fragment(struct gql_v *v, const struct gql_selection *spread);
void gql_v_possible_inline(struct gql_v *v, const struct gql_selection *fragment);
void gql_v_possible_spread(struct gql_v *v, const struct gql_selection *spread);
void gql_v_fragment_cycles(struct gql_v *v, size_t fragment);
void gql_v_unused_fragments(struct gql_v *v); /* leaving the document */

/* validate_operations.c */
void gql_v_executable_definitions(struct gql_v *v);
void gql_v_unique_operation_name(struct gql_v *v, const struct gql_operation *operation);
void gql_v_lone_anonymous(struct gql_v *v, const struct gql_operation *operation);
void gql_v_single_field_subscription(struct gql_v *v, const struct gql_v_operation *operation);
void gql_v_known_type(struct gql_v *v, struct lk_slice name, gql_pos at);

/* validate_variables.c */
void gql_v_unique_variables(struct gql_v *v, const struct gql_operation *operation);
void gql_v_variable_is_input(struct gql_v *v, const struct gql_variable *variable, const struct gql_type *type);
void gql_v_variables_leave(struct gql_v *v, const struct gql_v_operation *operation); /* undefined, unused, allowed position */

/* validate_limits.c */
void gql_v_check_limits(struct gql_v *v);

/* validate_introspection.c. Returns whether the field was one to check: what is inside it is then checked too. */
bool gql_v_introspection_depth(struct gql_v *v, const struct gql_selection *field);

/* validate_merge.c: whether some fields may not merge: false is certain, true may be wrong. */
bool gql_v_may_conflict(struct gql_v *v);

/* validate_overlap.c */
void gql_v_overlap_init(struct gql_v *v);
void gql_v_overlapping_fields(struct gql_v *v, const struct gql_selection *selections);

/* validate_canonical.c: a field's arguments ready for comparing. */
struct gql_v_argument {
    struct lk_slice name;
    struct lk_slice value; /* a text that equal values share */
};

struct gql_v_arguments {
    const struct gql_selection *field;
    struct gql_v_argument *written; /* in document order */
    size_t len;
    struct gql_v_argument *sorted; /* by name, the last of each name */
    size_t sorted_len;
};

/* Made once for each field; NULL after gql_v_fail. */
const struct gql_v_arguments *gql_v_arguments_of(struct gql_v *v, const struct gql_selection *field);

/* Whether values of the two types can not stand in one place of the response: lists, non-nulls and leaf types must be the same. */
bool gql_v_types_conflict(const struct gql_type *a, const struct gql_type *b);

#endif
