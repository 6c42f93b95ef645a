/* What resolvers share: the call into the domain, and helpers that give results and errors their GraphQL form. All on the store thread. */
#ifndef LK_API_GRAPHQL_CONTEXT_H
#define LK_API_GRAPHQL_CONTEXT_H

#include "domain/password.h"
#include "graphql/execute.h"

struct lk_usage_service;

struct lk_graphql_context {
    struct lk_call call; /* call.problem points to problem below */
    struct lk_problem problem;
    struct lk_password_tasks passwords;
    const char *request_id;
    const struct lk_usage_service *usage; /* keeps what the database does not hold yet */
    size_t usage_buckets;                 /* in the answer so far */
    size_t refused;                       /* changes that were, in this run */
    int64_t time_ns;                      /* how long a run may last after its first field; 0: as long as it takes */
    int64_t ends_ns;                      /* monotonic; 0: it has begun no second field */
    bool has_begun;                       /* its first field */
    bool late;                            /* it was ended at ends_ns */
    bool internal;                        /* an error's details went to the log under request_id */
};

/* The context of a resolver's call. */
static inline struct lk_graphql_context *lk_context(struct gql_call *call) {
    return call->context;
}

/* Fails the field with what the domain reported: `return lk_fail(call, code)`. Details that are not for clients go to the log. */
int lk_fail(struct gql_call *call, int code);

/* Logs an internal error of this request and remembers that there was one. */
void lk_context_log(struct lk_graphql_context *context, int code);

/* --- results; each returns 0, so that a resolver may end in `return lk_out_text(ret, ...)` --- */

int lk_out_text(struct gql_out *ret, struct lk_slice text); /* ptr NULL: null */
int lk_out_cstr(struct gql_out *ret, const char *text);     /* NULL: null; text is static or arena memory */
int lk_out_int(struct gql_out *ret, int64_t value);
int lk_out_bool(struct gql_out *ret, bool value);
int lk_out_object(struct gql_out *ret, const void *object); /* NULL: null */

/* These need memory: 0, or what lk_fail returned. */
int lk_out_id(struct gql_call *call, struct gql_out *ret, const struct lk_id *id);
int lk_out_texts(struct gql_call *call, struct gql_out *ret, const struct lk_slice *items, size_t len);
/* A list of the len objects at base, each size bytes after the one before. */
int lk_out_objects(struct gql_call *call, struct gql_out *ret, const void *base, size_t len, size_t size);
/* A list of nulls to fill in: the items, or NULL after failing the call. */
struct gql_out *lk_out_list(struct gql_call *call, struct gql_out *ret, size_t len);

/* A page of a list as the connection types show it: PageInfo's source, and the nodes. */
struct lk_connection {
    struct lk_page_info info;
    const void *nodes;
    size_t nodes_len;
    size_t node_size;
};
int lk_out_connection(struct gql_call *call, struct gql_out *ret, const struct lk_page_info *info, const void *nodes, size_t nodes_len,
                      size_t node_size);

/* Resolvers of the fields of every connection type. */
int lk_connection_page_info(struct gql_call *call, const void *source, struct gql_out *ret);
int lk_connection_nodes(struct gql_call *call, const void *source, struct gql_out *ret);

/* What the payload of a mutation shows: source of the two resolvers below. */
struct lk_payload {
    struct lk_slice client_mutation_id; /* of the input; ptr NULL: none */
    const void *object;                 /* what was made or changed, or NULL */
    struct lk_slice secret;             /* ptr NULL: none */
};

/* The payload of the mutation that call is: echoes the input's clientMutationId. */
int lk_out_payload(struct gql_call *call, struct gql_out *ret, const void *object);
int lk_out_secret_payload(struct gql_call *call, struct gql_out *ret, const void *object, struct lk_slice secret);

int lk_payload_client_mutation_id(struct gql_call *call, const void *source, struct gql_out *ret);
int lk_payload_object(struct gql_call *call, const void *source, struct gql_out *ret);
int lk_payload_secret(struct gql_call *call, const void *source, struct gql_out *ret);

/* A field whose value is its parent in another shape, and one that is always null or false. */
int lk_out_same_source(struct gql_call *call, const void *source, struct gql_out *ret);
int lk_out_null(struct gql_call *call, const void *source, struct gql_out *ret);
int lk_out_false(struct gql_call *call, const void *source, struct gql_out *ret);

/* --- arguments --- */

/* A text argument, and a text member of the `input` argument; ptr NULL for null and absent. */
struct lk_slice lk_text_argument(struct gql_call *call, const char *name);
struct lk_slice lk_input_text(struct gql_call *call, const char *name);

/* A member of the `input` argument, or NULL when it was not given. */
const struct gql_value *lk_input(struct gql_call *call, const char *name);

/* The `limit` and `offset` arguments. */
struct lk_page lk_page_argument(struct gql_call *call);

/* A DateTime: 0 with *ret_given false for absent and null; else the milliseconds. LK_EINVAL after failing the call for what is no whole number, nor a string
 * of its digits. */
int lk_time_value(struct gql_call *call, const struct gql_value *value, const char *name, bool *ret_given, int64_t *ret);

/* The texts of a list of strings, in the arena; items that are null have ptr NULL. 0 with *ret_len 0 for null and absent. */
int lk_texts_value(struct gql_call *call, const struct gql_value *value, struct lk_slice **ret, size_t *ret_len);

#endif
