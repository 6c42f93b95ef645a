/*
 * The fields of a selection set, fragments followed and equal response keys merged (6.3.2): what is computed once for a set and an object type
 * and then serves every object of that type. All of it lives in the execution's arena.
 */
#ifndef GQL_COLLECT_H
#define GQL_COLLECT_H

#include "graphql/coerce.h"

/* One field node of the document among those that share a response key. */
struct gql_node {
    struct gql_node *next;
    const struct gql_selection *selection;
    size_t order; /* within its collection */
};

/* Coercing a group's arguments gives the same each time, so it happens once. */
enum gql_arguments_state { GQL_ARGUMENTS_UNREAD, GQL_ARGUMENTS_READY, GQL_ARGUMENTS_FAULTY };

/* One response key. */
struct gql_group {
    struct gql_group *next; /* in response order */
    struct lk_slice key;
    const struct gql_type *parent; /* object type */
    const struct gql_field *field;
    gql_resolver resolve; /* or NULL: there is none */
    struct gql_node *nodes;
    struct gql_node *last;
    size_t nodes_len;
    enum gql_arguments_state state;
    struct gql_value arguments;
    struct gql_fault fault;
    struct gql_plan *plans; /* what its objects consist of, by their type */
};

/* The fields of one object type. */
struct gql_plan {
    struct gql_plan *next;
    const struct gql_type *type;
    struct gql_group *groups;
    bool faulty; /* @skip or @include could not be evaluated: see fault */
    struct gql_fault fault;
};

struct gql_collector {
    const struct gql_schema *schema;
    const struct gql_value *variables;
    gql_resolver default_resolver;
    struct lk_arena *arena;
    struct gql_mark *fragments; /* sorted by name */
    size_t fragments_len;
    size_t round;   /* which collection is going on */
    size_t visited; /* selections in all of them */
};

/* Prepares for the fragments of a document. 0 or LK_ENOMEM. */
int gql_collector_init(struct gql_collector *collector, const struct gql_document *document);

/* The plan for one object type of the selection sets of a list of nodes (gql_collect_root: of one selection set). 0 with *ret, which may be
 * faulty, or LK_ENOMEM. Near-linear in the number of selections it goes through. */
int gql_collect(struct gql_collector *collector, const struct gql_type *type, const struct gql_node *nodes, struct gql_plan **ret);
int gql_collect_root(struct gql_collector *collector, const struct gql_type *type, const struct gql_selection *selections,
                     struct gql_plan **ret);

#endif
