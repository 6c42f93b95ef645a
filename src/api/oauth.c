#include "api/oauth.h"

#include "api/credential.h"
#include "api/peer.h"
#include "api/problem.h"
#include "api/rate_headers.h"
#include "api/refusals.h"
#include "api/request_id.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/json_write.h"
#include "base/log.h"
#include "crypto/random.h"
#include "domain/api_key.h"
#include "http/url.h"

/* --- answers --- */

static void answer(struct http_request *request, int status) {
    http_set_status(request, status);
    http_add_header(request, "Content-Type", lk_slice_cstr("application/json; charset=utf-8"));
    http_add_header(request, "Cache-Control", lk_slice_cstr("no-store"));
    if (status == 401) {
        /* RFC 6750 section 3.1: no error for who has shown no token. */
        bool is_bearer = lk_bearer_token(http_request_header(request, "authorization")).ptr != NULL;
        http_add_header(request, "WWW-Authenticate", lk_slice_cstr("Basic realm=\"latchkey\""));
        http_add_header(request, "WWW-Authenticate",
                        lk_slice_cstr(is_bearer ? "Bearer realm=\"latchkey\", error=\"invalid_token\"" : "Bearer realm=\"latchkey\""));
    }
    if (status == 403)
        lk_add_scope_challenge(request);
    if (status == 503)
        http_add_header(request, "Retry-After", lk_slice_cstr("1"));
    http_send(request);
}

/* As RFC 6749 section 5.2. */
static void answer_error(struct http_request *request, int status, const char *error, const char *description) {
    struct lk_json_writer w;
    struct lk_buf *body = http_body(request);
    lk_buf_clear(body);
    lk_json_writer_init(&w, body);
    lk_json_begin_object(&w);
    lk_json_key(&w, "error");
    lk_json_string(&w, lk_slice_cstr(error));
    lk_json_key(&w, "error_description");
    lk_json_string(&w, lk_slice_cstr(description));
    lk_json_end_object(&w);
    answer(request, status);
}

static void answer_unavailable(struct http_request *request) {
    answer_error(request, 503, "temporarily_unavailable", "The server cannot answer now; try again");
}

/* --- reading --- */

/* The password of "Basic base64(id:password)"; both are form-encoded within. ptr NULL when it is none, or there more than once (api/credential.h). */
static struct lk_slice basic_secret(struct http_request *request) {
    static const struct lk_slice name = LK_SLICE("authorization");
    static const struct lk_slice scheme = LK_SLICE("Basic ");
    struct lk_slice none = {NULL, 0};
    struct lk_arena *arena = http_request_arena(request);
    size_t count;
    struct lk_slice authorization = http_request_field(request, name, &count);
    if (count > 1 || authorization.len <= scheme.len || !lk_slice_equal_nocase(lk_slice_make(authorization.ptr, scheme.len), scheme))
        return none;
    struct lk_slice text = lk_slice_trim(lk_slice_make(authorization.ptr + scheme.len, authorization.len - scheme.len));
    char *pair = lk_arena_alloc(arena, text.len);
    long len = pair == NULL ? -1 : lk_base64_decode(text, (uint8_t *)pair);
    const char *colon = len <= 0 ? NULL : memchr(pair, ':', (size_t)len);
    struct lk_slice secret;
    if (colon == NULL || http_percent_decode(lk_slice_make(colon + 1, (size_t)(pair + len - colon) - 1), true, arena, &secret) != 0)
        return none;
    return secret;
}

static bool is_form(const struct http_request *request) {
    return http_media_type_is(http_request_header(request, "content-type"), "application/x-www-form-urlencoded");
}

/* The caller's key, from a header or the form's client_secret (RFC 6749 section 2.3.1); ptr NULL when there is none. false, after sending the answer, when there
 * are several: section 2.3 allows one way in a request. */
static bool read_caller(struct http_request *request, struct lk_slice *ret) {
    struct lk_arena *arena = http_request_arena(request);
    struct lk_slice token = lk_credential(request);
    struct lk_slice secret = {NULL, 0};
    struct lk_slice basic = basic_secret(request);
    size_t in_form = is_form(request) ? http_form_count(http_request_body(request), "client_secret") : 0;
    size_t in_header = (size_t)(token.ptr != NULL) + (size_t)(basic.ptr != NULL);
    if (in_header + in_form > 1) {
        answer_error(request, 400, "invalid_request", "The client must authenticate in one way only, and once");
        return false;
    }
    if (basic.ptr != NULL)
        token = basic;
    if (in_form == 1 && http_form_get(http_request_body(request), "client_secret", arena, &secret) == 0)
        token = secret;
    *ret = token;
    return true;
}

/* Verifies the caller; sends the answer when it may not ask. */
static bool admit(const struct lk_oauth_service *service, struct http_request *request, struct lk_slice token,
                  const struct lk_expression *require, struct lk_verify_answer *ret) {
    switch (lk_verify_caller(service->verify->lanes, request, token, require, ret)) {
    case LK_VERIFY_VALID: return true;
    case LK_VERIFY_IP_NOT_ALLOWED:
        answer_error(request, 403, "insufficient_scope", "User not authorized: this API key may not be used from this address");
        return false;
    case LK_VERIFY_INSUFFICIENT_PERMISSIONS:
    case LK_VERIFY_RATE_LIMITED:
    case LK_VERIFY_USAGE_EXCEEDED: answer_error(request, 403, "insufficient_scope", "User not authorized"); return false;
    default: answer_error(request, 401, "invalid_client", "Invalid API Key"); return false;
    }
}

/* The form's token; sends the answer when there is none. */
static bool read_token(struct http_request *request, struct lk_slice *ret) {
    if (!is_form(request)) {
        answer_error(request, 400, "invalid_request", "The body must be a form, with Content-Type: application/x-www-form-urlencoded");
        return false;
    }
    if (http_form_count(http_request_body(request), "token") > 1) {
        answer_error(request, 400, "invalid_request", "The parameter token is given more than once"); /* RFC 6749 section 3.2 */
        return false;
    }
    int code = http_form_get(http_request_body(request), "token", http_request_arena(request), ret);
    if (code == 0 && ret->len > 0)
        return true;
    if (code == LK_ENOMEM)
        answer_unavailable(request);
    else
        answer_error(request, 400, "invalid_request", "The parameter token is missing or malformed");
    return false;
}

/* Looks at a token as a caller of this account sees it, without taking anything from its limits. */
static void look(struct lk_verifier *verifier, struct lk_slice token, const struct lk_id *account, struct lk_verify_answer *ret) {
    struct lk_verify_request question = {.token = token, .account = account, .now_ms = lk_clock_wall_ms(), .mono_ns = lk_clock_mono_ns()};
    lk_verify(verifier, &question, ret);
}

/* --- introspection --- */

static void write_id(struct lk_json_writer *w, const char *name, const struct lk_id *id) {
    lk_json_key(w, name);
    lk_json_string(w, lk_slice_cstr(lk_id_format(id).text));
}

/* Names of scopes hold nothing that JSON escapes (domain/permission.h). */
static void write_scopes(struct lk_json_writer *w, const struct lk_permission_set *set) {
    lk_json_key(w, "scope");
    lk_buf_add_char(w->out, '"');
    for (size_t i = 0; i < set->scopes_len; i++) {
        if (i > 0)
            lk_buf_add_char(w->out, ' ');
        lk_buf_add(w->out, set->scopes[i]);
    }
    lk_buf_add_char(w->out, '"');
    w->comma = true;
}

static void write_introspection(struct lk_json_writer *w, const struct lk_verify_answer *token) {
    bool active = lk_is_recognised(token->code); /* where it may be used from is asked when it is used */
    lk_json_begin_object(w);
    lk_json_key(w, "active");
    lk_json_bool(w, active);
    if (active) {
        lk_json_key(w, "token_type");
        lk_json_string(w, lk_slice_cstr("Bearer"));
        write_id(w, "client_id", &token->key_id);
        write_id(w, "sub", &token->key_id);
        lk_json_key(w, "username");
        lk_json_string(w, token->name);
        write_scopes(w, token->set);
        lk_json_key(w, "iat"); /* when the key was made, which its id says */
        lk_json_int(w, lk_id_made_at(&token->key_id) / 1000);
        if (token->expires_at != LK_KEYRING_FOREVER) {
            lk_json_key(w, "exp");
            lk_json_int(w, token->expires_at / 1000);
        }
    }
    lk_json_end_object(w);
}

void lk_oauth_introspect(struct http_request *request, void *context) {
    const struct lk_oauth_service *service = context;
    struct lk_verify_answer caller;
    struct lk_verify_answer shown;
    struct lk_slice credential;
    struct lk_slice token;
    if (!read_caller(request, &credential) || !admit(service, request, credential, service->verify->may_verify, &caller) ||
        !read_token(request, &token))
        return;
    look(&lk_lane_of(service->verify->lanes, request)->verifier, token, &caller.account_id, &shown);
    struct lk_json_writer w;
    lk_json_writer_init(&w, http_body(request));
    write_introspection(&w, &shown);
    if (lk_body_has_room(request))
        answer(request, 200);
    else
        answer_unavailable(request);
}

/* --- revocation --- */

struct revocation {
    struct lk_job job; /* first: the executor hands it back */
    struct http_request *request;
    const struct lk_oauth_service *service;
    struct lk_slice credential; /* the caller's */
    struct lk_slice token;      /* to be revoked */
    struct lk_ip client_ip;     /* of call, where it is known */
    struct lk_call call;
    struct lk_problem problem;
    struct lk_rate_state rate;           /* when code is LK_ELIMIT: the actor was refused too often */
    char request_id[LK_REQUEST_ID_SIZE]; /* of one that failed */
    int code;
};

static void run(struct lk_job *base, struct lk_db *db) {
    struct revocation *job = (struct revocation *)base;
    job->call.db = db;
    job->code = lk_authenticate_key(&job->call, job->credential);
    if (job->code == 0 && lk_refusals_are_too_many(job->service->refusals, &job->call.actor->id, lk_clock_mono_ns(), &job->rate))
        job->code = LK_ELIMIT;
    if (job->code == 0)
        job->code = lk_operation_begin(&job->call);
    if (job->code != 0)
        return;
    job->code = lk_api_key_revoke(&job->call, job->token);
    if (job->code == LK_EFORBIDDEN)
        lk_refusals_note(job->service->refusals, &job->call.actor->id, lk_clock_mono_ns());
    int ended = lk_operation_end(&job->call, job->code != 0);
    if (ended != 0)
        job->code = ended;
}

static void finish(struct lk_job *base, int committed) {
    struct revocation *job = (struct revocation *)base;
    int code = committed != 0 ? committed : job->code;
    lk_turns_give_back(job->service->turns, job->job.owner);
    switch (code) {
    case 0:
    case LK_ENOTFOUND: answer(job->request, 200); return; /* gone already: RFC 7009 section 2.2 */
    case LK_EUNAUTH: answer_error(job->request, 401, "invalid_client", "Invalid API Key"); return;
    case LK_EFORBIDDEN: answer_error(job->request, 403, "insufficient_scope", job->problem.text); return;
    case LK_ECONFLICT: answer_error(job->request, 409, "invalid_request", job->problem.text); return;
    case LK_ELIMIT:
        lk_add_retry_after(job->request, &job->rate);
        answer_error(job->request, 429, "temporarily_unavailable",
                     "Too many changes were refused lately; the Retry-After header says when to try again");
        return;
    default:
        if (code != LK_EBUSY) {
            lk_request_id_make(job->request_id);
            lk_log(LK_LOG_ERROR, "request %s: the revocation failed: %s", job->request_id, lk_error_text(code));
            http_add_header(job->request, "X-Request-Id", lk_slice_cstr(job->request_id));
        }
        answer_unavailable(job->request);
    }
}

static bool submit(const struct lk_oauth_service *service, struct http_request *request, struct lk_slice credential,
                   struct lk_slice token) {
    struct revocation *job = LK_ARENA_NEW(http_request_arena(request), struct revocation);
    if (job == NULL || lk_request_call(service->verify->lanes, request, service->domain, &job->client_ip, &job->problem, &job->call) != 0)
        return false;
    job->job = (struct lk_job){NULL, run, finish};
    job->request = request;
    job->service = service;
    job->credential = credential;
    job->token = token;
    if (!lk_turns_take_of(service->turns, service->verify->lanes, request, credential, &job->job.owner))
        return false;
    if (lk_executor_submit(service->executor, &job->job) == 0)
        return true;
    lk_turns_give_back(service->turns, job->job.owner);
    return false;
}

void lk_oauth_revoke(struct http_request *request, void *context) {
    const struct lk_oauth_service *service = context;
    struct lk_slice credential;
    struct lk_verify_answer caller;
    struct lk_verify_answer found;
    struct lk_slice token;
    if (!read_caller(request, &credential) || !admit(service, request, credential, NULL, &caller) || !read_token(request, &token))
        return;
    look(&lk_lane_of(service->verify->lanes, request)->looker, token, &caller.account_id, &found);
    if (!found.known)
        answer(request, 200);
    else if (!submit(service, request, credential, token))
        answer_unavailable(request);
}
