#include "api/router.h"

#include "api/errors.h"
#include "api/problem.h"

static const struct lk_slice json_type = LK_SLICE("application/json; charset=utf-8");

bool lk_router_allows(const char *allow, struct lk_slice method) {
    for (const char *at = allow; *at != '\0';) {
        size_t len = strcspn(at, ",");
        if (lk_slice_equal(lk_slice_trim(lk_slice_make(at, len)), method))
            return true;
        at += len;
        if (*at == ',')
            at++;
    }
    return false;
}

void lk_answer_error(struct http_request *request, int status, const char *message, const char *code) {
    http_set_status(request, status);
    http_add_header(request, "Content-Type", json_type);
    lk_api_write_error(http_body(request), message, code, NULL);
    http_send(request);
}

static bool is_at(const struct lk_route *route, struct lk_slice path) {
    size_t len = route->path.len;
    if (!route->below || path.len <= len)
        return lk_slice_equal(path, route->path);
    return path.ptr[len] == '/' && memcmp(path.ptr, route->path.ptr, len) == 0;
}

/* In the form of the errors around it. */
static void refuse(struct http_request *request, int status, const char *message, const char *code) {
    if (lk_slice_starts_with(http_request_path(request), "/v1/"))
        lk_answer_problem(request, status, code, message);
    else
        lk_answer_error(request, status, message, code);
}

/* Whether there is a body that was compressed on its way (RFC 9110 section 8.4). */
static bool is_coded(const struct http_request *request) {
    static const struct lk_slice identity = LK_SLICE("identity");
    struct lk_slice coding = lk_slice_trim(http_request_header(request, "content-encoding"));
    return http_request_body(request).len > 0 && coding.len > 0 && !lk_slice_equal_nocase(coding, identity);
}

static void serve(const struct lk_route *route, struct http_request *request) {
    if (route->body_max > 0 && is_coded(request)) {
        http_add_header(request, "Accept-Encoding", lk_slice_cstr("identity"));
        refuse(request, 415, "Compressed bodies are not read here: send the request without Content-Encoding", LK_CODE_BAD_USER_INPUT);
        return;
    }
    route->handler(request, route->context);
}

void lk_router_handle(struct http_request *request, void *router) {
    const struct lk_router *table = router;
    struct lk_slice path = http_request_path(request);
    for (size_t i = 0; i < table->len; i++) {
        const struct lk_route *route = &table->routes[i];
        if (!is_at(route, path))
            continue;
        http_set_class(request, route->class);
        if (route->allow == NULL || lk_router_allows(route->allow, http_request_method_text(request))) {
            serve(route, request);
            return;
        }
        http_add_header(request, "Allow", lk_slice_cstr(route->allow));
        refuse(request, 405, "This method is not offered here; the Allow header lists those that are", LK_CODE_BAD_USER_INPUT);
        return;
    }
    refuse(request, 404, "There is nothing at this path", LK_CODE_NOT_FOUND);
}

static void foresee_route(const struct lk_route *route, struct http_request *const *requests, size_t len) {
    struct http_request *mine[HTTP_TOGETHER_MAX];
    size_t mine_len = 0;
    for (size_t i = 0; i < len; i++) {
        if (is_at(route, http_request_path(requests[i])))
            mine[mine_len++] = requests[i];
    }
    if (mine_len > 0)
        route->foresee(mine, mine_len, route->context);
}

void lk_router_foresee(struct http_request *const *requests, size_t len, void *router) {
    const struct lk_router *table = router;
    for (size_t i = 0; i < table->len; i++) {
        if (table->routes[i].foresee != NULL)
            foresee_route(&table->routes[i], requests, len);
    }
}

/* A request that will be refused, for its method or for who asks, needs no body for that. */
static size_t body_max_of(const struct lk_route *route, const struct http_request *request, bool *ret_known) {
    bool served = route->allow == NULL || lk_router_allows(route->allow, http_request_method_text(request));
    bool admitted = served && (route->admits == NULL || route->admits(request, route->context, ret_known));
    return admitted ? route->body_max : HTTP_BODY_UNHEARD;
}

size_t lk_router_body_max(const struct http_request *request, void *router, bool *ret_known) {
    const struct lk_router *table = router;
    struct lk_slice path = http_request_path(request);
    for (size_t i = 0; i < table->len; i++) {
        if (is_at(&table->routes[i], path))
            return body_max_of(&table->routes[i], request, ret_known);
    }
    return HTTP_BODY_UNHEARD;
}

/* --- what the HTTP server answers by itself --- */

#define ERROR(message, code) LK_SLICE("{\"errors\":[{\"message\":\"" message "\",\"extensions\":{\"code\":\"" code "\"}}]}")

static struct lk_slice error_body(int status) {
    static const struct {
        int status;
        struct lk_slice body;
    } bodies[] = {
        {400, ERROR("The HTTP request is malformed", LK_CODE_BAD_USER_INPUT)},
        {408, ERROR("The request took too long to arrive", LK_CODE_BAD_USER_INPUT)},
        {413, ERROR("The request body is too large", LK_CODE_BAD_USER_INPUT)},
        {414, ERROR("The request's URL is too long", LK_CODE_BAD_USER_INPUT)},
        {417, ERROR("The Expect header may only say 100-continue", LK_CODE_BAD_USER_INPUT)},
        {431, ERROR("The request's header is too large", LK_CODE_BAD_USER_INPUT)},
        {501, ERROR("The server knows no CONNECT, and no Transfer-Encoding but chunked", LK_CODE_BAD_USER_INPUT)},
        {503, ERROR("The server is busy; try again", LK_CODE_UNAVAILABLE)},
        {505, ERROR("The server speaks HTTP/1.0, HTTP/1.1 and HTTP/2", LK_CODE_BAD_USER_INPUT)},
    };
    static const struct lk_slice other = ERROR("The request failed", LK_CODE_INTERNAL);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        if (bodies[i].status == status)
            return bodies[i].body;
    }
    return other;
}

void lk_router_describe_error(int status, struct http_error *ret) {
    static const struct http_answer_field fields[] = {
        {LK_SLICE("Cache-Control"), LK_SLICE("no-store")}, {LK_SLICE("X-Latchkey-Account-Id"), LK_SLICE("")},
        {LK_SLICE("X-Latchkey-Key-Id"), LK_SLICE("")},     {LK_SLICE("X-Latchkey-Key-Name"), LK_SLICE("")},
        {LK_SLICE("X-Latchkey-Groups"), LK_SLICE("")},     {LK_SLICE("X-Latchkey-Scopes"), LK_SLICE("")},
        {LK_SLICE("X-Latchkey-Code"), LK_SLICE("")},       {LK_SLICE("Retry-After"), LK_SLICE("1")}, /* last: only for 503 */
    };
    static const size_t len = sizeof(fields) / sizeof(fields[0]);
    *ret = (struct http_error){
        .body = error_body(status), .content_type = json_type.ptr, .fields = fields, .fields_len = status == 503 ? len : len - 1};
}
