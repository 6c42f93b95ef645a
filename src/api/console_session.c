#include "api/console_session.h"

#include "api/console_cookie.h"
#include "api/errors.h"
#include "api/login_job.h"
#include "api/rate_headers.h"
#include "api/verify.h"
#include "base/clock.h"
#include "base/json_read.h"
#include "base/json_write.h"

/* What a job of this endpoint has in its context. */
struct console {
    const struct lk_console_session_service *service;
    bool secure; /* so will the cookie be; found out on the I/O thread, which the connection belongs to */
};

static const char body_sentence[] = "The body must be {\"apiKey\":…} or {\"email\":…,\"password\":…}, each a string";

/* --- answers --- */

static void protect(struct http_request *request) {
    http_add_header(request, "X-Content-Type-Options", lk_slice_cstr("nosniff"));
    http_add_header(request, "Cross-Origin-Resource-Policy", lk_slice_cstr("same-origin"));
    http_add_header(request, "Vary", lk_slice_cstr("Cookie"));
}

static void write_account(struct lk_json_writer *w, const char *id_name, const struct lk_login_account *account) {
    lk_json_key(w, id_name);
    lk_json_string(w, lk_slice_cstr(lk_id_format(&account->id).text));
    lk_json_key(w, "accountName");
    lk_json_string(w, account->name);
}

static void write_actor(struct lk_json_writer *w, const struct lk_login_result *result) {
    lk_json_begin_object(w);
    lk_json_key(w, "kind");
    lk_json_string(w, lk_slice_cstr(result->actor_kind == LK_ACTOR_KEY ? "API_KEY" : "USER"));
    lk_json_key(w, "id");
    lk_json_string(w, lk_slice_cstr(lk_id_format(&result->actor_id).text));
    lk_json_key(w, "name");
    lk_json_string(w, result->actor_name);
    lk_json_end_object(w);
}

static void answer_session(struct lk_login_job *job) {
    const struct lk_login_result *result = &job->result;
    struct lk_json_writer w;
    lk_json_writer_init(&w, http_body(job->request));
    lk_json_begin_object(&w);
    write_account(&w, "accountId", &result->accounts[0]);
    lk_json_key(&w, "accounts");
    lk_json_begin_array(&w);
    for (size_t i = 0; i < result->accounts_len; i++) {
        lk_json_begin_object(&w);
        write_account(&w, "uuid", &result->accounts[i]);
        lk_json_end_object(&w);
    }
    lk_json_end_array(&w);
    lk_json_key(&w, "actor");
    write_actor(&w, result);
    lk_json_end_object(&w);
    lk_login_job_send(job, 200);
}

/* The cookie with a token, or taken back when it is empty. false when the answer that there is no memory was sent instead. */
static bool set_cookie(struct lk_login_job *job, struct lk_slice token) {
    const struct console *console = job->context;
    const char *cookie = lk_console_set_cookie(job->call.arena, token, console->service->ttl_ms / 1000, console->secure);
    if (cookie == NULL) {
        lk_login_job_refuse(job, 503, "The server has no memory for this request", LK_CODE_UNAVAILABLE);
        return false;
    }
    http_add_header(job->request, "Set-Cookie", lk_slice_cstr(cookie));
    return true;
}

static void answer_sign_in(struct lk_login_job *job) {
    if (set_cookie(job, job->result.token))
        answer_session(job);
}

static void answer_sign_out(struct lk_login_job *job) {
    if (set_cookie(job, lk_slice_make("", 0)))
        lk_login_job_send(job, 204);
}

/* --- on the store thread --- */

static int sign_in_key(struct lk_login_job *job) {
    return lk_login_key(&job->call, job->key, &job->result);
}

static int look(struct lk_login_job *job) {
    int code = lk_session_describe(&job->call, job->token, &job->result);
    return code == LK_EUNAUTH ? lk_problem_set(&job->problem, code, "The session has ended; sign in again") : code;
}

static int sign_out(struct lk_login_job *job) {
    int code = lk_logout(&job->call, job->token);
    return code == LK_EUNAUTH ? 0 : code; /* it has ended already */
}

/* --- on the I/O thread --- */

static bool is_text(const struct lk_json *value) {
    return value != NULL && value->type == LK_JSON_STRING;
}

const struct lk_rate lk_console_key_rate = {600, 3600000};

/* Whether the key is good, and has not opened too many sessions lately. Sends the answer when not. As in graphql_endpoint.c a wrong key costs the store thread nothing, and the
 * time does not tell. */
static bool admit_key(struct lk_login_job *job) {
    struct lk_verify_answer key;
    if (!lk_is_recognised(lk_verify_caller(job->service->lanes, job->request, job->key, NULL, &key))) {
        lk_login_job_refuse(job, 401, "Invalid API Key", LK_CODE_UNAUTHENTICATED);
        return false;
    }
    struct lk_rate_state rate;
    if (lk_rate_table_take(job->service->key_attempts, &key.key_id, 1, lk_clock_mono_ns(), &rate))
        return true;
    lk_add_retry_after(job->request, &rate);
    lk_login_job_refuse(job, 429, "This API key has signed in too often; try again later", LK_CODE_RATE_LIMITED);
    return false;
}

static void sign_in(struct lk_login_job *job) {
    const struct lk_json *body = lk_login_job_body(job, body_sentence);
    if (body == NULL)
        return;
    const struct lk_json *key = lk_json_get(body, "apiKey");
    const struct lk_json *email = lk_json_get(body, "email");
    const struct lk_json *password = lk_json_get(body, "password");
    job->key = lk_json_text(key);
    job->email = lk_json_text(email);
    job->password = lk_json_text(password);
    bool by_key = is_text(key) && email == NULL && password == NULL;
    bool by_password = key == NULL && is_text(email) && is_text(password);
    if (by_password)
        lk_login_job_log_in(job, answer_sign_in);
    else if (!by_key)
        lk_login_job_refuse(job, 400, body_sentence, LK_CODE_BAD_USER_INPUT);
    else if (admit_key(job))
        lk_login_job_run(job, sign_in_key, answer_sign_in);
}

static void with_session(struct lk_login_job *job, lk_login_work work, lk_login_answer answer) {
    if (lk_arena_copy(job->call.arena, lk_console_cookie(job->service->lanes, job->request), &job->token) != 0)
        lk_login_job_refuse(job, 503, "The server has no memory for this request", LK_CODE_UNAVAILABLE);
    else
        lk_login_job_run(job, work, answer);
}

void lk_console_session_handle(struct http_request *request, void *context) {
    const struct lk_console_session_service *service = context;
    enum http_method method = http_request_method(request);
    bool reads = method == HTTP_GET || method == HTTP_HEAD;
    protect(request);
    struct lk_login_job *job = lk_login_job_new(request, service->login);
    struct console *console = job == NULL ? NULL : LK_ARENA_NEW(job->call.arena, struct console);
    if (job == NULL)
        return;
    if (console == NULL) {
        lk_login_job_refuse(job, 503, "The server has no memory for this request", LK_CODE_UNAVAILABLE);
        return;
    }
    *console = (struct console){service, lk_client_is_secure(service->lanes, request)};
    job->context = console;
    const char *refusal = lk_console_refusal(request, reads);
    bool signed_in = lk_console_cookie(service->lanes, request).ptr != NULL;
    if (refusal != NULL)
        lk_login_job_refuse(job, 403, refusal, LK_CODE_FORBIDDEN);
    else if (method == HTTP_POST)
        sign_in(job);
    else if (!reads)
        with_session(job, sign_out, answer_sign_out);
    else if (signed_in)
        with_session(job, look, answer_session);
    else
        lk_login_job_send(job, 204); /* no error: a browser would write one down each time that the console is opened */
}
