/* From a path to who serves it, with plain JSON errors for paths and methods that nobody serves. */
#ifndef LK_API_ROUTER_H
#define LK_API_ROUTER_H

#include "http/server.h"

/* What answers are counted by (http_set_class). */
enum lk_route_class {
    LK_ROUTE_OTHER, /* no path that is served, and what no other word fits */
    LK_ROUTE_AUTH,
    LK_ROUTE_VERIFY,
    LK_ROUTE_OAUTH,
    LK_ROUTE_GRAPHQL,
    LK_ROUTE_LOGIN,
    LK_ROUTE_CONSOLE,
    LK_ROUTE_OPERATIONS,
    LK_ROUTE_CLASSES /* how many; at most HTTP_CLASSES */
};

/* Bodies of a few short texts; and whatever the server takes at all. */
#define LK_BODY_SMALL ((size_t)64 << 10)
#define LK_BODY_ANY (SIZE_MAX / 2)

struct lk_route {
    struct lk_slice path; /* the whole raw path */
    const char *allow;    /* the methods it serves, as Allow lists them: "GET, POST, HEAD"; NULL: any */
    http_handler handler; /* called with context for these methods */
    void *context;
    bool below; /* serves path and all paths below it, path + "/..." */
    enum lk_route_class class;
    http_foresight foresee; /* called with context for requests at the path, whatever their method; NULL: none */
    size_t body_max; /* bytes that the handler takes of a body (LK_BODY_...); 0: it has no use for one, and answers before it comes */
    /* With context: whether what the header says is worth a body; else the handler refuses the request before it comes. *ret_known, which is false, becomes
     * true where it says who asks. NULL: always, whoever it may be. */
    bool (*admits)(const struct http_request *request, void *context, bool *ret_known);
};

struct lk_router {
    const struct lk_route *routes;
    size_t len;
};

/* An http_handler whose context is a struct lk_router: calls the route's handler, or answers 404, or 405 with Allow, or, to a compressed body where one is read,
 * 415 with Accept-Encoding (RFC 9110 section 15.5.16). */
void lk_router_handle(struct http_request *request, void *router);

/* An http_foresight whose context is a struct lk_router: tells the routes that want to know. */
void lk_router_foresee(struct http_request *const *requests, size_t len, void *router);

/* An http_body_limit whose context is a struct lk_router. */
size_t lk_router_body_max(const struct http_request *request, void *router, bool *ret_known);

/* Whether an Allow list names a method. */
bool lk_router_allows(const char *allow, struct lk_slice method);

/* Answers with an error as GraphQL clients expect it ({"errors":[…]}) and sends it. */
void lk_answer_error(struct http_request *request, int status, const char *message, const char *code);

/* What the HTTP server's own answers say, for its describe_error: an error as above, and whom forward auth found: nobody. Such an answer comes where
 * the path is not known, and a gateway that copies these fields over its client's must find them all. */
void lk_router_describe_error(int status, struct http_error *ret);

#endif
