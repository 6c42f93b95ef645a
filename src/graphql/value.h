/* Input values after coercion (section 3.12 and 6.1.2): what resolvers read their arguments from. Arena memory, read-only. */
#ifndef GQL_VALUE_H
#define GQL_VALUE_H

#include "base/error.h"
#include "base/slice.h"

#include <stdint.h>

enum gql_value_kind {
    GQL_NULL,
    GQL_INT,    /* integer */
    GQL_FLOAT,  /* real */
    GQL_STRING, /* text; also ID */
    GQL_BOOLEAN,
    GQL_ENUM,   /* text: the value's name */
    GQL_LIST,   /* items */
    GQL_OBJECT, /* members, in the order the input type declares them; absent ones are not there */
};

struct gql_value_member;

struct gql_value {
    enum gql_value_kind kind;
    union {
        int64_t integer; /* Int: 32 bits; a custom scalar may carry more */
        double real;
        bool boolean;
        struct lk_slice text;
        struct {
            struct gql_value *items;
            size_t len;
        } list;
        struct {
            struct gql_value_member *members;
            size_t len;
        } object;
    };
};

struct gql_value_member {
    struct lk_slice name;
    struct gql_value value;
};

/* Member of an object value; NULL when value is NULL, not an object or the member was not given (an explicit null is a GQL_NULL value). */
const struct gql_value *gql_value_get(const struct gql_value *value, const char *name);

/* Whether it was not given or is null. */
static inline bool gql_value_is_null(const struct gql_value *value) {
    return value == NULL || value->kind == GQL_NULL;
}

/* The text of a string, ID or enum value; the empty slice with ptr NULL for null and absent. */
struct lk_slice gql_value_text(const struct gql_value *value);

/* The integer of an Int or of an integral Float; fallback for all else and when absent. */
int64_t gql_value_int(const struct gql_value *value, int64_t fallback);

#endif
