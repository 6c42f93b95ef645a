/*
 * A request about sessions on its way between the threads, for endpoints that log in and out: login.h and console_session.h. Lives in the request's arena,
 * which is wiped; what is secret in it is wiped before the answer is sent.
 */
#ifndef LK_API_LOGIN_JOB_H
#define LK_API_LOGIN_JOB_H

#include "api/login.h"
#include "api/request_id.h"
#include "domain/session.h"

struct lk_login_job;
typedef int (*lk_login_work)(struct lk_login_job *job);    /* on the store thread: 0, or what the domain returned */
typedef void (*lk_login_answer)(struct lk_login_job *job); /* sends the answer */

struct lk_login_job {
    struct lk_job job;
    struct lk_background_job slow;
    struct http_request *request;
    struct lk_login_service *service;
    char request_id[LK_REQUEST_ID_SIZE];
    struct lk_call call;
    struct lk_problem problem;
    struct lk_ip client_ip; /* of call, where it is known */
    struct lk_slice email;  /* these live in memory of the job's own */
    struct lk_slice password;
    struct lk_slice key;
    struct lk_slice token; /* of the session that the request presents */
    struct lk_login login;
    struct lk_login_result result;
    int code;      /* of the last step */
    bool has_turn; /* among those of its address, in which it is turn */
    lk_login_work work;
    lk_login_answer answer;
    void *context; /* the endpoint's own */
};

/* A job for the request, or NULL after answering that there is no memory. I/O thread, as are those that hand a job on. */
struct lk_login_job *lk_login_job_new(struct http_request *request, struct lk_login_service *service);

/* Logs in job->email with job->password, in the steps of domain/session.h. Then answer sends job->result, after the commit; a failure is answered here, and so is that the client's
 * address has no attempt left (--login-rate). */
void lk_login_job_log_in(struct lk_login_job *job, lk_login_answer answer);

/* The same with one step of work on the store thread. */
void lk_login_job_run(struct lk_login_job *job, lk_login_work work, lk_login_answer answer);

/* Sends what is in the request's body as JSON; the job is gone then. */
void lk_login_job_send(struct lk_login_job *job, int status);

/* Sends {"errors":[…]}. */
void lk_login_job_refuse(struct lk_login_job *job, int status, const char *message, const char *code);

/* The request's JSON body. NULL after answering why not (sentence says what was expected instead of what does not parse). */
struct lk_json *lk_login_job_body(struct lk_login_job *job, const char *sentence);

#endif
