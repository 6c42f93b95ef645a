/* One GraphQL request on its way from the I/O thread to the store thread and back. Lives in the request's arena. */
#ifndef LK_API_GRAPHQL_JOB_H
#define LK_API_GRAPHQL_JOB_H

#include "api/graphql_context.h"
#include "api/graphql_endpoint.h"
#include "api/graphql_http.h"

/* One of its documents: all but the last member are set on the I/O thread. */
struct lk_graphql_item {
    const struct lk_graphql_params *params;
    struct lk_document *document; /* a reference; NULL when there are errors */
    bool fresh;                   /* not from the cache */
    struct gql_errors errors;     /* of finding, parsing and validating */
    struct gql_outcome outcome;   /* of executing */
};

struct lk_graphql_job {
    struct lk_job job; /* first: the executor hands it back */
    struct lk_background_job slow;
    unsigned runs; /* how often it came back from the store thread to have passwords hashed */
    struct http_request *request;
    struct lk_graphql_service *service;
    enum lk_graphql_media media;
    struct lk_slice credential;
    struct lk_ip client_ip;  /* of context.call, where it is known */
    bool by_cookie;          /* it is the console's session */
    struct lk_slice account; /* ?accountId=; ptr NULL: none */
    bool tree;               /* no document is run: it asks for the tree of an application */
    struct lk_slice application;
    uint64_t sender; /* of the documents: the key's account, or the session */
    struct lk_graphql_item *items;
    size_t items_len;
    bool batch;
    bool has_turn; /* among those of its credential, in which it is turn */
    struct lk_graphql_context context;
    /* What the answer will be; its body is in the request. */
    int status;
    enum lk_graphql_operation operation;
    enum lk_graphql_result result;
};

/* lk_job.run: authenticates and executes, or looks for the application. The answer is then in the request's body, to be sent when the commit is done. But when
 * context.passwords.waiting is set, all is undone and the request is to be run again once these are hashed (domain/password.h). */
void lk_graphql_run(struct lk_job *base, struct lk_db *db);

#endif
