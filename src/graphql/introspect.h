/* Introspection (section 4): the resolvers of __schema, __type, __typename and of all fields of the __ types. */
#ifndef GQL_INTROSPECT_H
#define GQL_INTROSPECT_H

#include "graphql/execute.h"

/* The resolver of an introspection field, or NULL when the field is none. parent: the object type it is selected on. Any thread. */
gql_resolver gql_introspection_resolver(const struct gql_type *parent, const struct gql_field *field);

#endif
