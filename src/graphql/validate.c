/* The entry to validation, and how its files report errors and get memory. See validate_internal.h for the whole. */
#include "graphql/validate_internal.h"

void gql_v_fail(struct gql_v *v) {
    v->no_memory = true;
    v->stop = true;
}

void *gql_v_calloc(struct gql_v *v, size_t count, size_t size) {
    void *memory = lk_arena_calloc(v->arena, count == 0 ? 1 : count, size);
    if (memory == NULL)
        gql_v_fail(v);
    return memory;
}

void *gql_v_grow(struct gql_v *v, void *array, size_t len, size_t *cap, size_t size) {
    if (len < *cap)
        return array;
    size_t larger = *cap == 0 ? 4 : *cap * 2;
    void *copy = gql_v_calloc(v, larger, size);
    if (copy == NULL)
        return NULL;
    if (len > 0)
        memcpy(copy, array, len * size);
    *cap = larger;
    return copy;
}

const struct gql_type *gql_v_type_of_ref(struct gql_v *v, const struct gql_type_ref *ref) {
    const struct gql_type *type = NULL;
    if (gql_type_from_ref(v->schema, ref, v->arena, &type) < 0)
        gql_v_fail(v);
    return type;
}

/* Sets stop when that was the last error there is room for. */
static __attribute__((format(printf, 4, 0))) void add_error(struct gql_v *v, const gql_pos *at, size_t at_len, const char *format,
                                                            va_list args) {
    if (v->stop)
        return;
    if (gql_errors_addv(v->errors, at, at_len > GQL_V_LOCATIONS_MAX ? GQL_V_LOCATIONS_MAX : at_len, format, args) == NULL)
        gql_v_fail(v);
    else if (gql_errors_full(v->errors))
        v->stop = true;
}

void gql_v_error(struct gql_v *v, const gql_pos *at, size_t at_len, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add_error(v, at, at_len, format, args);
    va_end(args);
}

void gql_v_error_at(struct gql_v *v, gql_pos at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add_error(v, &at, 1, format, args);
    va_end(args);
}

void gql_v_abort(struct gql_v *v) {
    if (v->stop)
        return;
    gql_v_error(v, NULL, 0, "Validation aborted.");
    v->limited = true;
    v->stop = true;
}

int gql_validate(const struct gql_schema *schema, const struct gql_document *document, const struct gql_limits *limits,
                 struct lk_arena *arena, struct gql_errors *errors) {
    enum { FRAGMENT_WORK = 50000 }; /* graphql-js's budget */
    struct gql_v v = {.schema = schema, .document = document, .arena = arena, .errors = errors, .fragment_work = FRAGMENT_WORK};
    size_t errors_before = errors->count;
    if (limits != NULL)
        v.limits = *limits;
    gql_v_map_seed(&v);
    lk_arena_init(&v.work, SIZE_MAX);
    gql_v_index(&v);
    if (!v.stop)
        gql_v_check_limits(&v);
    if (!v.stop && !v.limited)
        gql_v_walk(&v);
    lk_arena_free(&v.work);
    if (v.no_memory)
        return LK_ENOMEM;
    if (v.limited)
        return LK_ELIMIT;
    return errors->count > errors_before ? LK_EINVAL : 0;
}
