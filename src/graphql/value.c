#include "graphql/value.h"

#include <math.h>

const struct gql_value *gql_value_get(const struct gql_value *value, const char *name) {
    if (value == NULL || value->kind != GQL_OBJECT)
        return NULL;
    for (size_t i = 0; i < value->object.len; i++) {
        if (lk_slice_is(value->object.members[i].name, name))
            return &value->object.members[i].value;
    }
    return NULL;
}

struct lk_slice gql_value_text(const struct gql_value *value) {
    if (value == NULL || (value->kind != GQL_STRING && value->kind != GQL_ENUM))
        return (struct lk_slice){NULL, 0};
    return value->text;
}

int64_t gql_value_int(const struct gql_value *value, int64_t fallback) {
    if (value == NULL)
        return fallback;
    if (value->kind == GQL_INT)
        return value->integer;
    const double limit = 9223372036854775808.0; /* 2^63 itself does not fit; every double below it does */
    if (value->kind == GQL_FLOAT && value->real == trunc(value->real) && value->real >= -limit && value->real < limit)
        return (int64_t)value->real;
    return fallback;
}
