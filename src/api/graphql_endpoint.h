/*
 * The GraphQL endpoint. A request is read, parsed and validated on the I/O thread, when the keyring knows its key as good; to authenticate it in the transaction and to
 * execute it is a job for the store thread, and what the document's errors are is told only to who is authenticated. The answer leaves after the commit: what it
 * says is durable.
 */
#ifndef LK_API_GRAPHQL_ENDPOINT_H
#define LK_API_GRAPHQL_ENDPOINT_H

#include "api/background.h"
#include "api/document_cache.h"
#include "api/lanes.h"
#include "api/rate_table.h"
#include "api/turns.h"
#include "api/usage.h"
#include "domain/call.h"
#include "graphql/parse.h"
#include "graphql/validate.h"
#include "http/server.h"
#include "store/executor.h"

enum lk_graphql_result {
    LK_GRAPHQL_OK,              /* a result without errors */
    LK_GRAPHQL_ERRORS,          /* a result with errors */
    LK_GRAPHQL_REFUSED,         /* malformed, invalid or not authorized as a whole */
    LK_GRAPHQL_UNAUTHENTICATED, /* no or unknown credential */
    LK_GRAPHQL_UNAVAILABLE,     /* queue full, commit failed, out of memory */
    LK_GRAPHQL_RESULTS          /* how many */
};

enum lk_graphql_operation {
    LK_GRAPHQL_NONE, /* none that could run was found */
    LK_GRAPHQL_QUERY,
    LK_GRAPHQL_MUTATION,  /* of a batch: at least one */
    LK_GRAPHQL_OPERATIONS /* how many */
};

/* Shared by all threads; only the counters and the cache change. */
struct lk_graphql_service {
    const struct gql_schema *schema;
    struct gql_parse_limits parse_limits;
    struct gql_limits limits;
    size_t batch_max;             /* requests in one HTTP request */
    int64_t time_ms;              /* for which one may have the store thread, its first field apart; 0: no limit */
    const struct lk_lanes *lanes; /* by which a key is known before it costs anything, and where a client is */
    struct lk_rate_table *account_requests;
    struct lk_rate_table *key_requests;
    struct lk_document_cache *cache;
    struct lk_domain *domain;
    struct lk_executor *executor;
    struct lk_background *background;
    struct lk_usage_service *usage; /* told which keys ask */
    struct lk_rate_table *refusals; /* api/refusals.h */
    struct lk_turns *turns;
    atomic_uint_least64_t results[LK_GRAPHQL_OPERATIONS][LK_GRAPHQL_RESULTS];
};

/* An lk_route.admits for the first of these http_handlers; context is the struct lk_graphql_service. The second is the one that takes forms, in which the key may be. */
bool lk_graphql_admits(const struct http_request *request, void *service, bool *ret_known);
void lk_graphql_handle(struct http_request *request, void *service);
void lk_graphql_handle_form(struct http_request *request, void *service);

/* What the public Go client asks when it was told "User not authorized" of an application: for the tree of the application's files, ?appId=. Without an application of that id
 * the tree is empty, by which that client, and Terraform, knows that the application is gone. All else is 404: there are no such files here. Counts as a query. */
void lk_graphql_handle_tree(struct http_request *request, void *service);

#endif
