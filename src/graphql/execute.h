/*
 * Execution (section 6). Resolvers are plain blocking functions, called one after another in document order (a mutation's root fields are
 * serial by that), so nothing here needs a lock; several executions may run on several threads over one schema.
 */
#ifndef GQL_EXECUTE_H
#define GQL_EXECUTE_H

#include "base/json_read.h"
#include "graphql/schema.h"
#include "graphql/validate.h"

enum gql_out_kind { GQL_OUT_NULL, GQL_OUT_INT, GQL_OUT_FLOAT, GQL_OUT_STRING, GQL_OUT_BOOLEAN, GQL_OUT_OBJECT, GQL_OUT_LIST };

/* A resolver's result. Memory it points to must live until the execution is over (the call's arena, or longer). An enum is GQL_OUT_STRING with
 * the value's name. Result coercion (6.4.3) follows: a String field given an integer prints it, an Int out of 32 bits is an error, a custom
 * scalar passes through as it is. */
struct gql_out {
    enum gql_out_kind kind; /* GQL_OUT_NULL when the resolver sets nothing */
    int64_t integer;
    double real;
    bool boolean;
    struct lk_slice text;
    const void *object;    /* source for the resolvers of its fields */
    const char *type_name; /* object of an interface or union field: its type; may be NULL for a field of object type */
    struct gql_out *items; /* list */
    size_t items_len;
};

/* What a resolver knows of where it is. Valid during the call. */
struct gql_call {
    const struct gql_schema *schema;
    const struct gql_type *parent; /* object type */
    const struct gql_field *field;
    const struct gql_value *arguments; /* GQL_OBJECT: all coerced arguments, defaults filled in */
    struct lk_arena *arena;            /* lives until the execution is over */
    void *context;                     /* as given to gql_execute */
    /* On failure, set by gql_fail. */
    const char *error_message;
    const char *error_code;
};

/* The argument, or NULL when absent. */
static inline const struct gql_value *gql_argument(const struct gql_call *call, const char *name) {
    return gql_value_get(call->arguments, name);
}

/* Fails the field: `return gql_fail(call, "FORBIDDEN", "User not authorized")`. code is static and becomes extensions.code. Returns LK_EINVAL.
 * A resolver that returns negative without it fails with "Internal server error", code INTERNAL. */
int gql_fail(struct gql_call *call, const char *code, const char *format, ...) __attribute__((format(printf, 3, 4)));

struct gql_execution {
    const struct gql_schema *schema;
    const struct gql_document *document; /* validated */
    struct lk_slice operation_name;      /* ptr NULL: none given */
    const struct lk_json *variables;     /* an object, or NULL */
    const void *root;                    /* source of the root fields */
    void *context;
    struct lk_arena *arena;
    gql_resolver default_resolver; /* for fields that have none of their own; NULL: such a field fails */
    bool no_suggestions;           /* messages name no near matches ("Did you mean ...") */
    bool no_codes;                 /* errors of the engine's own carry no extensions.code; those of gql_fail keep theirs */
    /* Called before and after each root field of a mutation (both may be NULL): where a store puts its savepoint. after gets failed = true when
     * the field is null because of an error, of its own or propagated from below; not when only something below is, since the rest of the answer
     * must stay true. A negative result of before_field fails the field (after_field is then not called), of after_field too: they say why with gql_fail, as
     * resolvers do. Their call has no arguments. */
    int (*before_field)(struct gql_call *call);
    int (*after_field)(struct gql_call *call, bool failed);
    /* Called before each field that gives objects (may be NULL): false ends the execution with LK_ELIMIT. */
    bool (*go_on)(void *context);
    void (*conceal)(char *message); /* as of struct gql_errors */
};

/* Finds the operation to run: by name, or the only one. NULL after adding graphql-js's error ("Must provide operation name if query contains
 * multiple operations." / `Unknown operation named "X".`), code BAD_USER_INPUT. */
const struct gql_operation *gql_find_operation(const struct gql_document *document, struct lk_slice name, struct gql_errors *errors);

/* How an execution ended. */
struct gql_outcome {
    bool ran; /* false: a request error (no operation, bad variables), so the result has no data member */
    size_t error_count;
};

/* Runs the operation and appends one JSON object to out: {"errors":[...],"data":{...}} (errors first and only when there are any; data absent
 * after a request error). Request errors (variables) and those about arguments carry BAD_USER_INPUT, results that do not fit their type
 * INTERNAL. Words, order, locations (at most 100 of one error) and paths as graphql-js 16 `execute`. Subscriptions are refused; so are objects
 * and fragments nested deeper than 500 levels, and fragments spread in so many places that more than 4,000,000 selections come of it. Time is
 * near-linear in the sizes of document and result, resolvers apart. 0; LK_ENOMEM (also when out reached its limit) or LK_ELIMIT (go_on) with out restored. */
int gql_execute(const struct gql_execution *execution, struct lk_buf *out, struct gql_outcome *ret);

/* Coerces one input value of a literal against a type (3.12); variables may be NULL for constants. Used by validation, default values and
 * execution. 0, LK_EINVAL (it does not fit; no error is added) or LK_ENOMEM. */
int gql_coerce_literal(const struct gql_type *type, const struct gql_literal *literal, const struct gql_value *variables,
                       struct lk_arena *arena, struct gql_value *ret);

#endif
