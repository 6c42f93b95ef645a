#include "api/login.h"

#include "api/credential.h"
#include "api/errors.h"
#include "api/peer.h"
#include "api/rate_headers.h"
#include "base/clock.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/log.h"
#include "domain/session.h"
#include "http/url.h"

#include <inttypes.h>
#include <stdio.h>

/* One request on its way. Lives in the request's arena. */
struct login_job {
    struct lk_job job;
    struct lk_background_job slow;
    struct http_request *request;
    struct lk_login_service *service;
    char request_id[32];
    struct lk_call call;
    struct lk_problem problem;
    struct lk_slice email;
    struct lk_slice password;
    struct lk_slice token; /* to log out */
    struct lk_login login;
    struct lk_login_result result;
    int code; /* of the last step */
};

static struct login_job *of_job(struct lk_job *job) {
    return (struct login_job *)((char *)job - offsetof(struct login_job, job));
}

static struct login_job *of_slow(struct lk_background_job *slow) {
    return (struct login_job *)((char *)slow - offsetof(struct login_job, slow));
}

/* --- answers --- */

static void wipe(struct login_job *job) {
    const struct lk_slice secrets[] = {job->password, job->result.token};
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        if (secrets[i].len > 0)
            explicit_bzero((char *)secrets[i].ptr, secrets[i].len); /* arena memory of this job's own */
    }
}

static void answer(struct login_job *job, int status) {
    struct http_request *request = job->request;
    http_set_status(request, status);
    http_add_header(request, "Content-Type", lk_slice_cstr("application/json; charset=utf-8"));
    http_add_header(request, "Cache-Control", lk_slice_cstr("no-store"));
    if (status == 401)
        http_add_header(request, "WWW-Authenticate", lk_slice_cstr("Bearer realm=\"latchkey\""));
    if (status == 503)
        http_add_header(request, "Retry-After", lk_slice_cstr("1"));
    wipe(job);
    http_send(request);
}

static void answer_error(struct login_job *job, int status, const char *message, const char *code, const char *request_id) {
    lk_api_write_error(http_body(job->request), message, code, request_id);
    answer(job, status);
}

static void answer_busy(struct login_job *job) {
    answer_error(job, 503, "The server is busy; try again", LK_CODE_UNAVAILABLE, NULL);
}

/* Answers with what the domain reported. */
static void answer_failure(struct login_job *job) {
    int code = job->code;
    if (code == LK_EUNAUTH) {
        answer_error(job, 401, job->problem.text, LK_CODE_UNAUTHENTICATED, NULL);
        return;
    }
    lk_log(LK_LOG_ERROR, "request %s: %s: %s", job->request_id, lk_error_text(code),
           job->problem.code == code ? job->problem.text : "no details");
    answer_error(job, 503, "The server cannot answer now; try again", lk_api_code(code), job->request_id);
}

static void write_account(struct lk_json_writer *w, const struct lk_login_account *account) {
    lk_json_begin_object(w);
    lk_json_key(w, "accountName");
    lk_json_string(w, account->name);
    lk_json_key(w, "companyName");
    lk_json_string(w, account->name);
    lk_json_key(w, "uuid");
    lk_json_string(w, lk_slice_cstr(lk_id_format(&account->id).text));
    lk_json_end_object(w);
}

static void answer_login(struct login_job *job) {
    const struct lk_login_result *result = &job->result;
    struct lk_json_writer w;
    lk_json_writer_init(&w, http_body(job->request));
    lk_json_begin_object(&w);
    lk_json_key(&w, "resource");
    lk_json_begin_object(&w);
    lk_json_key(&w, "token");
    lk_json_string(&w, result->token);
    lk_json_key(&w, "defaultAccountId");
    lk_json_string(&w, lk_slice_cstr(lk_id_format(&result->accounts[0].id).text));
    lk_json_key(&w, "accounts");
    lk_json_begin_array(&w);
    for (size_t i = 0; i < result->accounts_len; i++)
        write_account(&w, &result->accounts[i]);
    lk_json_end_array(&w);
    lk_json_key(&w, "supportAccounts");
    lk_json_begin_array(&w);
    lk_json_end_array(&w);
    lk_json_end_object(&w);
    lk_json_end_object(&w);
    answer(job, 200);
}

/* --- the steps --- */

static void submit(struct login_job *job, void (*run)(struct lk_job *, struct lk_db *), void (*finish)(struct lk_job *, int)) {
    job->job.run = run;
    job->job.finish = finish;
    if (lk_executor_submit(job->service->executor, &job->job) != 0)
        answer_busy(job);
}

/* Whether a step is over that should not have a next one, because it or its commit failed. Then it is answered, and the job is gone. */
static bool has_failed(struct login_job *job, int commit) {
    if (commit == 0 && job->code == 0)
        return false;
    if (commit == LK_EBUSY) {
        answer_busy(job);
        return true;
    }
    if (commit != 0) {
        job->problem.code = 0;
        job->code = commit;
    }
    answer_failure(job);
    return true;
}

static void run_end(struct lk_job *base, struct lk_db *db) {
    struct login_job *job = of_job(base);
    job->call.db = db;
    job->code = lk_login_end(&job->call, &job->login, &job->result);
}

static void finish_end(struct lk_job *base, int commit) {
    struct login_job *job = of_job(base);
    if (!has_failed(job, commit))
        answer_login(job);
}

static void run_check(struct lk_background_job *slow) {
    struct login_job *job = of_slow(slow);
    lk_login_check(&job->login);
    submit(job, run_end, finish_end);
}

static void run_begin(struct lk_job *base, struct lk_db *db) {
    struct login_job *job = of_job(base);
    job->call.db = db;
    job->code = lk_login_begin(&job->call, job->email, job->password, &job->login);
}

static void finish_begin(struct lk_job *base, int commit) {
    struct login_job *job = of_job(base);
    if (has_failed(job, commit))
        return;
    job->slow.run = run_check;
    if (lk_background_submit(job->service->background, &job->slow) != 0)
        answer_busy(job);
}

static void run_logout(struct lk_job *base, struct lk_db *db) {
    struct login_job *job = of_job(base);
    job->call.db = db;
    job->code = lk_logout(&job->call, job->token);
}

static void finish_logout(struct lk_job *base, int commit) {
    struct login_job *job = of_job(base);
    if (has_failed(job, commit))
        return;
    lk_buf_add_cstr(http_body(job->request), "{\"resource\":{}}");
    answer(job, 200);
}

/* --- on the I/O thread --- */

/* A job for the request, or NULL after answering that there is no memory. */
static struct login_job *make_job(struct http_request *request, struct lk_login_service *service) {
    struct lk_arena *arena = http_request_arena(request);
    struct login_job *job = LK_ARENA_NEW(arena, struct login_job);
    struct lk_slice remote = lk_peer_text(request, arena);
    if (job == NULL || remote.ptr == NULL) {
        http_set_status(request, 503);
        lk_api_write_error(http_body(request), "The server has no memory for this request", LK_CODE_UNAVAILABLE, NULL);
        http_send(request);
        return NULL;
    }
    job->request = request;
    job->service = service;
    snprintf(job->request_id, sizeof(job->request_id), "%08" PRIx32 "-%" PRIx64, service->instance, http_request_number(request));
    http_add_header(request, "X-Request-Id", lk_slice_cstr(job->request_id));
    job->call = (struct lk_call){
        .arena = arena,
        .domain = service->domain,
        .origin = {.url = http_request_path(request),
                   .path = http_request_path(request),
                   .method = http_request_method_text(request),
                   .remote = remote,
                   .status = 200},
        .now_ms = lk_clock_wall_ms(),
        .problem = &job->problem,
    };
    return job;
}

/* Reads user and password out of "Basic base64(user:password)" (RFC 7617): the first colon is between them. LK_EINVAL, LK_ENOMEM. */
static int read_basic(struct login_job *job, struct lk_slice authorization) {
    static const struct lk_slice scheme = LK_SLICE("Basic ");
    if (authorization.len <= scheme.len || !lk_slice_equal_nocase(lk_slice_make(authorization.ptr, scheme.len), scheme))
        return LK_EINVAL;
    struct lk_slice text = lk_slice_trim(lk_slice_make(authorization.ptr + scheme.len, authorization.len - scheme.len));
    char *bytes = lk_arena_alloc(job->call.arena, text.len + 1);
    if (bytes == NULL)
        return LK_ENOMEM;
    long len = lk_base64_decode(text, (uint8_t *)bytes);
    char *colon = len < 0 ? NULL : memchr(bytes, ':', (size_t)len);
    if (colon == NULL)
        return LK_EINVAL;
    job->email = lk_slice_make(bytes, (size_t)(colon - bytes));
    job->password = lk_slice_make(colon + 1, (size_t)len - job->email.len - 1);
    return 0;
}

static int read_login(struct login_job *job) {
    struct lk_json *body;
    struct lk_slice text = http_request_body(job->request);
    int code = lk_json_parse(text, job->call.arena, &body, NULL);
    if (code == 0)
        code = read_basic(job, lk_json_text(lk_json_get(body, "authorization")));
    return code;
}

bool lk_login_admit(const struct lk_login_service *service, struct http_request *request) {
    struct lk_ip ip;
    if (service->attempts == NULL)
        return true;
    struct lk_id subject = lk_rate_subject_of_ip(lk_client_ip(service->lanes, request, &ip) ? &ip : NULL);
    struct lk_named_rate rate = {"login", {0}};
    bool allowed = lk_rate_table_take(service->attempts, &subject, 1, lk_clock_mono_ns(), &rate.state);
    if (!allowed) {
        lk_add_rate_headers(request, &rate, 1);
        lk_add_retry_after(request, &rate.state);
    }
    return allowed;
}

void lk_login_handle(struct http_request *request, void *service) {
    struct login_job *job = make_job(request, service);
    if (job == NULL)
        return;
    if (!http_media_type_is(http_request_header(request, "content-type"), "application/json")) {
        http_add_header(request, "Accept", lk_slice_cstr("application/json"));
        answer_error(job, 415, "The body must be application/json", LK_CODE_BAD_USER_INPUT, NULL);
        return;
    }
    int code = read_login(job);
    if (code == LK_ENOMEM)
        answer_error(job, 503, "The server has no memory for this request", LK_CODE_UNAVAILABLE, NULL);
    else if (code != 0)
        answer_error(job, 400, "The body must be {\"authorization\":\"Basic …\"} with the base64 of user:password", LK_CODE_BAD_USER_INPUT,
                     NULL);
    else if (!lk_login_admit(job->service, request))
        answer_error(job, 429, "Too many logins from this address; try again later", LK_CODE_RATE_LIMITED, NULL);
    else
        submit(job, run_begin, finish_begin);
}

void lk_logout_handle(struct http_request *request, void *service) {
    struct login_job *job = make_job(request, service);
    if (job == NULL)
        return;
    job->token = lk_bearer_token(http_request_header(request, "authorization"));
    submit(job, run_logout, finish_logout);
}
