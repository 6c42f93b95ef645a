/* The names of directive locations (3.13). */
#ifndef GQL_LOCATIONS_H
#define GQL_LOCATIONS_H

#include "graphql/schema.h"

#define GQL_LOCATION_COUNT (GQL_LOC_DIRECTIVE_DEFINITION + 1)

/* "FIELD_DEFINITION" of a location. Static. */
const char *gql_location_name(enum gql_location location);

/* The inverse; false when name is none. */
bool gql_location_from_name(struct lk_slice name, enum gql_location *ret);

#endif
