/*
 * GraphQL over HTTP (the GraphQL Foundation's draft, and the older habits of the reference API): from an HTTP request to what GraphQL needs, and which
 * media type and status the answer gets. Sockets are not touched here.
 *
 *   GET                               query, operationName, variables (JSON), extensions (JSON) in the query string
 *   POST application/json             {"query", "operationName", "variables", "extensions"}, or an array of such (a batch); unknown members are
 *                                     ignored, null is absent, and so is an empty operationName
 *   POST text/plain, application/graphql   the document itself
 *   POST without a Content-Type       the JSON request, a batch, or the document; not on the form endpoint
 *   POST multipart/form-data          a part `query`: the document or the JSON request; optional parts operationName and variables
 *   POST application/x-www-form-urlencoded   the same fields; on the form endpoint only
 */
#ifndef LK_API_GRAPHQL_HTTP_H
#define LK_API_GRAPHQL_HTTP_H

#include "base/json_read.h"
#include "http/server.h"

/* What of an HTTP request matters here. Slices with ptr NULL are absent. */
struct lk_graphql_transport {
    enum http_method method;
    bool form; /* the endpoint that takes forms (graphql-api) */
    struct lk_slice query_string;
    struct lk_slice content_type;
    struct lk_slice body;
};

/* One GraphQL request. It has a query, or the hash of one that was sent before, or both. */
struct lk_graphql_params {
    struct lk_slice query;           /* valid UTF-8; ptr NULL: only the hash was sent */
    struct lk_slice operation_name;  /* ptr NULL: none */
    const struct lk_json *variables; /* an object, or NULL */
    bool persisted;                  /* extensions.persistedQuery was sent: hash holds its sha256Hash */
    uint8_t hash[32];
};

/* What one HTTP request carries. */
struct lk_graphql_decoded {
    struct lk_graphql_params *requests;
    size_t len;              /* 1 unless it is a batch, then 1 or more */
    bool batch;              /* a JSON array: so is the answer */
    struct lk_slice api_key; /* the form's x-api-key field; ptr NULL: none */
};

/* Why a request was refused. */
struct lk_graphql_refusal {
    int status;         /* 400, 405 or 415 */
    const char *allow;  /* value of Allow, with 405 */
    const char *accept; /* value of Accept, with 415 */
    struct lk_problem problem;
};

/* Reads the request; a batch has at most batch_max requests. 0; LK_EINVAL with *ret_refusal filled; LK_ENOMEM. Everything lives in arena and the transport's slices. Any thread. */
int lk_graphql_decode(const struct lk_graphql_transport *transport, size_t batch_max, struct lk_arena *arena,
                      struct lk_graphql_decoded *ret, struct lk_graphql_refusal *ret_refusal);

enum lk_graphql_media {
    LK_GRAPHQL_JSON,          /* application/json: 200 also for documents that fail */
    LK_GRAPHQL_RESPONSE_JSON, /* application/graphql-response+json: 400 for a request without a result */
};

/* The media type of the answer. application/json unless the client prefers the other (or names it and ranks both alike). */
enum lk_graphql_media lk_graphql_negotiate(struct lk_slice accept);

/* Its Content-Type value. Static. */
struct lk_slice lk_graphql_content_type(enum lk_graphql_media media);

/* Status of an answer to a well-formed request: executed is false when the document failed to parse or validate, or its variables did. */
int lk_graphql_status(enum lk_graphql_media media, bool executed);

#endif
