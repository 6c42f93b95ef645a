#include "graphql/locations.h"

static const char *const names[GQL_LOCATION_COUNT] = {
    [GQL_LOC_QUERY] = "QUERY",
    [GQL_LOC_MUTATION] = "MUTATION",
    [GQL_LOC_SUBSCRIPTION] = "SUBSCRIPTION",
    [GQL_LOC_FIELD] = "FIELD",
    [GQL_LOC_FRAGMENT_DEFINITION] = "FRAGMENT_DEFINITION",
    [GQL_LOC_FRAGMENT_SPREAD] = "FRAGMENT_SPREAD",
    [GQL_LOC_INLINE_FRAGMENT] = "INLINE_FRAGMENT",
    [GQL_LOC_VARIABLE_DEFINITION] = "VARIABLE_DEFINITION",
    [GQL_LOC_SCHEMA] = "SCHEMA",
    [GQL_LOC_SCALAR] = "SCALAR",
    [GQL_LOC_OBJECT] = "OBJECT",
    [GQL_LOC_FIELD_DEFINITION] = "FIELD_DEFINITION",
    [GQL_LOC_ARGUMENT_DEFINITION] = "ARGUMENT_DEFINITION",
    [GQL_LOC_INTERFACE] = "INTERFACE",
    [GQL_LOC_UNION] = "UNION",
    [GQL_LOC_ENUM] = "ENUM",
    [GQL_LOC_ENUM_VALUE] = "ENUM_VALUE",
    [GQL_LOC_INPUT_OBJECT] = "INPUT_OBJECT",
    [GQL_LOC_INPUT_FIELD_DEFINITION] = "INPUT_FIELD_DEFINITION",
    [GQL_LOC_DIRECTIVE_DEFINITION] = "DIRECTIVE_DEFINITION",
};

const char *gql_location_name(enum gql_location location) {
    return names[location];
}

bool gql_location_from_name(struct lk_slice name, enum gql_location *ret) {
    for (size_t i = 0; i < GQL_LOCATION_COUNT; i++)
        if (lk_slice_is(name, names[i])) {
            *ret = (enum gql_location)i;
            return true;
        }
    return false;
}
