#include "api/login_job.h"

#include "api/errors.h"
#include "api/peer.h"
#include "api/rate_headers.h"
#include "base/clock.h"
#include "base/json_read.h"
#include "base/log.h"
#include "http/url.h"

static struct lk_login_job *of_job(struct lk_job *job) {
    return (struct lk_login_job *)((char *)job - offsetof(struct lk_login_job, job));
}

static struct lk_login_job *of_slow(struct lk_background_job *slow) {
    return (struct lk_login_job *)((char *)slow - offsetof(struct lk_login_job, slow));
}

/* --- answers --- */

static void wipe(struct lk_login_job *job) {
    const struct lk_slice secrets[] = {job->password, job->key, job->token, job->result.token};
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        if (secrets[i].len > 0)
            explicit_bzero((char *)secrets[i].ptr, secrets[i].len); /* arena memory of this job's own */
    }
}

void lk_login_job_send(struct lk_login_job *job, int status) {
    struct http_request *request = job->request;
    http_set_status(request, status);
    http_add_header(request, "Content-Type", lk_slice_cstr("application/json; charset=utf-8"));
    http_add_header(request, "Cache-Control", lk_slice_cstr("no-store"));
    if (status == 401)
        http_add_header(request, "WWW-Authenticate", lk_slice_cstr("Bearer realm=\"latchkey\""));
    if (status == 503)
        http_add_header(request, "Retry-After", lk_slice_cstr("1"));
    wipe(job);
    if (job->has_turn)
        lk_turns_give_back(job->service->turns, job->job.owner);
    http_send(request);
}

static void answer_error(struct lk_login_job *job, int status, const char *message, const char *code, const char *request_id) {
    lk_api_write_error(http_body(job->request), message, code, request_id);
    lk_login_job_send(job, status);
}

void lk_login_job_refuse(struct lk_login_job *job, int status, const char *message, const char *code) {
    answer_error(job, status, message, code, NULL);
}

static void answer_busy(struct lk_login_job *job) {
    answer_error(job, 503, "The server is busy; try again", LK_CODE_UNAVAILABLE, NULL);
}

/* Answers with what the domain reported. */
static void answer_failure(struct lk_login_job *job) {
    int code = job->code;
    if (code == LK_EFORBIDDEN) { /* a key that may not be used from where the client is */
        answer_error(job, 403, job->problem.text, LK_CODE_FORBIDDEN, NULL);
        return;
    }
    if (code == LK_EUNAUTH) {
        answer_error(job, 401, job->problem.text, LK_CODE_UNAUTHENTICATED, NULL);
        return;
    }
    lk_log(LK_LOG_ERROR, "request %s: %s: %s", job->request_id, lk_error_text(code),
           job->problem.code == code ? job->problem.text : "no details");
    answer_error(job, 503, "The server cannot answer now; try again", lk_api_code(code), job->request_id);
}

/* --- the steps --- */

static void set_step(struct lk_login_job *job, void (*run)(struct lk_job *, struct lk_db *), void (*finish)(struct lk_job *, int)) {
    job->job.run = run;
    job->job.finish = finish;
}

static void submit(struct lk_login_job *job, void (*run)(struct lk_job *, struct lk_db *), void (*finish)(struct lk_job *, int)) {
    set_step(job, run, finish);
    if (lk_executor_submit(job->service->executor, &job->job) != 0)
        answer_busy(job);
}

/* Whether a step is over that should not have a next one, because it or its commit failed. Then it is answered, and the job is gone. */
static bool has_failed(struct lk_login_job *job, int commit) {
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
    struct lk_login_job *job = of_job(base);
    job->call.db = db;
    job->code = lk_login_end(&job->call, &job->login, &job->result);
}

static void finish_end(struct lk_job *base, int commit) {
    struct lk_login_job *job = of_job(base);
    if (!has_failed(job, commit))
        job->answer(job);
}

static void run_check(struct lk_background_job *slow) {
    struct lk_login_job *job = of_slow(slow);
    lk_login_check(&job->login);
    set_step(job, run_end, finish_end);
    if (lk_executor_resume(job->service->executor, &job->job) != 0)
        answer_busy(job);
}

static void run_begin(struct lk_job *base, struct lk_db *db) {
    struct lk_login_job *job = of_job(base);
    job->call.db = db;
    job->code = lk_login_begin(&job->call, job->email, job->password, &job->login);
}

static void finish_begin(struct lk_job *base, int commit) {
    struct lk_login_job *job = of_job(base);
    if (has_failed(job, commit))
        return;
    job->slow.run = run_check;
    if (lk_background_submit(job->service->background, &job->slow) != 0)
        answer_busy(job);
}

/* --- on the I/O thread --- */

struct lk_login_job *lk_login_job_new(struct http_request *request, struct lk_login_service *service) {
    struct lk_arena *arena = http_request_arena(request);
    struct lk_login_job *job = LK_ARENA_NEW(arena, struct lk_login_job);
    if (job == NULL || lk_request_call(service->lanes, request, service->domain, &job->client_ip, &job->problem, &job->call) != 0) {
        http_set_status(request, 503);
        lk_api_write_error(http_body(request), "The server has no memory for this request", LK_CODE_UNAVAILABLE, NULL);
        http_send(request);
        return NULL;
    }
    job->request = request;
    job->service = service;
    lk_request_id_make(job->request_id);
    http_add_header(request, "X-Request-Id", lk_slice_cstr(job->request_id));
    return job;
}

struct lk_json *lk_login_job_body(struct lk_login_job *job, const char *sentence) {
    struct lk_json *body = NULL;
    if (!http_media_type_is(http_request_header(job->request, "content-type"), "application/json")) {
        http_add_header(job->request, "Accept", lk_slice_cstr("application/json"));
        lk_login_job_refuse(job, 415, "The body must be application/json", LK_CODE_BAD_USER_INPUT);
        return NULL;
    }
    int code = lk_json_parse(http_request_body(job->request), job->call.arena, &body, NULL);
    if (code == 0)
        return body;
    if (code == LK_ENOMEM)
        lk_login_job_refuse(job, 503, "The server has no memory for this request", LK_CODE_UNAVAILABLE);
    else
        lk_login_job_refuse(job, 400, sentence, LK_CODE_BAD_USER_INPUT);
    return NULL;
}

/* Takes one attempt of the client's address from the rate, before a password costs anything. Sends the answer when it has none left. */
static bool admit(struct lk_login_job *job) {
    const struct lk_login_service *service = job->service;
    struct lk_ip ip;
    struct lk_id subject = lk_rate_subject_of_ip(lk_client_ip(service->lanes, job->request, &ip) ? &ip : NULL);
    struct lk_named_rate rate = {"login", {0}};
    if (lk_rate_table_take(service->attempts, &subject, 1, lk_clock_mono_ns(), &rate.state))
        return true;
    lk_add_rate_headers(job->request, &rate, 1);
    lk_add_retry_after(job->request, &rate.state);
    lk_login_job_refuse(job, 429, "Too many logins from this address; try again later", LK_CODE_RATE_LIMITED);
    return false;
}

/* Whether one more request of the client's address may wait. Sends the answer when not. */
static bool take_turn(struct lk_login_job *job) {
    const struct lk_login_service *service = job->service;
    job->has_turn = lk_turns_take_of(service->turns, service->lanes, job->request, (struct lk_slice){NULL, 0}, &job->job.owner);
    if (!job->has_turn)
        answer_busy(job);
    return job->has_turn;
}

void lk_login_job_log_in(struct lk_login_job *job, lk_login_answer answer) {
    if (!admit(job) || !take_turn(job))
        return;
    job->answer = answer;
    submit(job, run_begin, finish_begin);
}

static void run_work(struct lk_job *base, struct lk_db *db) {
    struct lk_login_job *job = of_job(base);
    job->call.db = db;
    job->code = job->work(job);
}

static void finish_work(struct lk_job *base, int commit) {
    struct lk_login_job *job = of_job(base);
    if (!has_failed(job, commit))
        job->answer(job);
}

void lk_login_job_run(struct lk_login_job *job, lk_login_work work, lk_login_answer answer) {
    if (!take_turn(job))
        return;
    job->work = work;
    job->answer = answer;
    submit(job, run_work, finish_work);
}
