#include "api/problem.h"

#include "api/errors.h"
#include "base/json_write.h"
#include "http/url.h"

#include <stdio.h>

static const char *title(int status) {
    switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 429: return "Too Many Requests";
    case 503: return "Service Unavailable";
    default: return "Internal Server Error";
    }
}

static void begin(struct http_request *request, struct lk_json_writer *w, int status, const char *code, const char *detail) {
    http_set_status(request, status);
    http_add_header(request, "Content-Type", lk_slice_cstr("application/problem+json"));
    http_add_header(request, "Cache-Control", lk_slice_cstr("no-store"));
    if (status == 401)
        http_add_header(request, "WWW-Authenticate", lk_slice_cstr("Bearer realm=\"latchkey\""));
    if (status == 503)
        http_add_header(request, "Retry-After", lk_slice_cstr("1"));
    struct lk_buf *body = http_body(request);
    lk_buf_clear(body);
    lk_json_writer_init(w, body);
    lk_json_begin_object(w);
    lk_json_key(w, "type");
    lk_json_string(w, lk_slice_cstr("about:blank"));
    lk_json_key(w, "title");
    lk_json_string(w, lk_slice_cstr(title(status)));
    lk_json_key(w, "status");
    lk_json_int(w, status);
    lk_json_key(w, "detail");
    lk_json_string(w, lk_slice_cstr(detail));
    lk_json_key(w, "code");
    lk_json_string(w, lk_slice_cstr(code));
}

void lk_answer_problem(struct http_request *request, int status, const char *code, const char *detail) {
    struct lk_json_writer w;
    begin(request, &w, status, code, detail);
    lk_json_end_object(&w);
    http_send(request);
}

void lk_answer_expression_problem(struct http_request *request, const char *where, const struct lk_expression_error *error) {
    struct lk_json_writer w;
    char detail[256];
    snprintf(detail, sizeof(detail), "%sThe permission expression is wrong at column %zu: expected %s, found %s", where, error->column,
             error->expected, error->found);
    lk_conceal_tokens(detail); /* one may stand where a name should */
    begin(request, &w, 400, LK_CODE_BAD_USER_INPUT, detail);
    lk_json_key(&w, "offset");
    lk_json_int(&w, (int64_t)error->offset);
    lk_json_key(&w, "column");
    lk_json_int(&w, (int64_t)error->column);
    lk_json_end_object(&w);
    http_send(request);
}

void lk_answer_no_memory(struct http_request *request) {
    const struct lk_arena *arena = http_request_arena(request);
    if (arena->used > arena->limit / 2)
        lk_answer_problem(request, 413, LK_CODE_BAD_USER_INPUT, "The request is too large to process");
    else
        lk_answer_problem(request, 503, LK_CODE_UNAVAILABLE, "The server has no memory for this request; try again");
}

void lk_add_scope_challenge(struct http_request *request) {
    http_add_header(request, "WWW-Authenticate", lk_slice_cstr("Bearer realm=\"latchkey\", error=\"insufficient_scope\""));
}

bool lk_body_has_room(struct http_request *request) {
    struct lk_buf *body = http_body(request);
    size_t taken = body->len + http_request_arena(request)->used;
    if (taken <= HTTP_BODY_ROOM_MIN || taken <= http_body_room(request))
        return true;
    lk_buf_free(body);
    return false;
}

const struct lk_json *lk_json_body(struct http_request *request) {
    struct lk_json *json = NULL;
    struct lk_problem problem = {0};
    if (!http_media_type_is(http_request_header(request, "content-type"), "application/json")) {
        lk_answer_problem(request, 415, LK_CODE_BAD_USER_INPUT, "The body must be JSON, with Content-Type: application/json");
        return NULL;
    }
    int code = lk_json_parse(http_request_body(request), http_request_arena(request), &json, &problem);
    if (code == 0)
        return json;
    if (code == LK_ENOMEM)
        lk_answer_no_memory(request);
    else
        lk_answer_problem(request, 400, LK_CODE_BAD_USER_INPUT, problem.text);
    return NULL;
}
