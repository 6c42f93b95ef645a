#include "api/graphql_endpoint.h"

#include "api/credential.h"
#include "api/errors.h"
#include "api/graphql_context.h"
#include "api/graphql_http.h"
#include "api/peer.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/session_token.h"
#include "domain/session.h"
#include "http/url.h"

#include <inttypes.h>

/* Times that a request may be run because it needs passwords hashed; the second does unless another request got in between. */
#define RUNS_MAX 4

/* One request on its way. Lives in the request's arena. */
struct graphql_job {
    struct lk_job job; /* first: the executor hands it back */
    struct lk_background_job slow;
    unsigned runs; /* how often it was executed */
    struct http_request *request;
    struct lk_graphql_service *service;
    enum lk_graphql_media media;
    struct lk_graphql_params params;
    struct lk_slice credential;
    struct lk_slice account;             /* ?accountId=; ptr NULL: none */
    const struct gql_document *document; /* NULL when it did not parse */
    struct gql_errors errors;            /* of parsing and validating */
    struct lk_graphql_context context;
    struct gql_outcome outcome;
    enum lk_graphql_result result;
    int status;
};

static void count(struct lk_graphql_service *service, enum lk_graphql_result result) {
    atomic_fetch_add_explicit(&service->results[result], 1, memory_order_relaxed);
}

/* --- answers that need no job --- */

static void answer(struct http_request *request, enum lk_graphql_media media, int status) {
    http_set_status(request, status);
    http_add_header(request, "Content-Type", lk_graphql_content_type(media));
    http_add_header(request, "Cache-Control", lk_slice_cstr("no-store"));
    if (status == 401)
        http_add_header(request, "WWW-Authenticate", lk_slice_cstr("Bearer realm=\"latchkey\""));
    if (status == 503)
        http_add_header(request, "Retry-After", lk_slice_cstr("1"));
    http_send(request);
}

static void answer_error(struct graphql_job *job, int status, const char *message, const char *code) {
    struct lk_buf *body = http_body(job->request);
    lk_buf_clear(body);
    lk_api_write_error(body, message, code, job->context.internal ? job->context.request_id : NULL);
    answer(job->request, job->media, status);
}

static void answer_unauthenticated(struct graphql_job *job) {
    count(job->service, LK_GRAPHQL_UNAUTHENTICATED);
    answer_error(job, 401, "Invalid API Key", LK_CODE_UNAUTHENTICATED);
}

static void answer_unavailable(struct graphql_job *job, const char *message) {
    count(job->service, LK_GRAPHQL_UNAVAILABLE);
    answer_error(job, 503, message, LK_CODE_UNAVAILABLE);
}

/* Memory ran out while a request was read: when the request's own share is mostly used up, it is too large rather than the server too small. */
static void answer_out_of_memory(struct graphql_job *job) {
    const struct lk_arena *arena = http_request_arena(job->request);
    if (arena->used < arena->limit / 2) {
        answer_unavailable(job, "The server has no memory for this request");
        return;
    }
    count(job->service, LK_GRAPHQL_REFUSED);
    answer_error(job, 413, "The request is too large to process", LK_CODE_BAD_USER_INPUT);
}

static void answer_refusal(struct graphql_job *job, const struct lk_graphql_refusal *refusal) {
    count(job->service, LK_GRAPHQL_REFUSED);
    if (refusal->allow != NULL)
        http_add_header(job->request, "Allow", lk_slice_cstr(refusal->allow));
    if (refusal->accept != NULL)
        http_add_header(job->request, "Accept", lk_slice_cstr(refusal->accept));
    answer_error(job, refusal->status, refusal->problem.text, LK_CODE_BAD_USER_INPUT);
}

/* --- on the store thread --- */

static void write_errors(struct graphql_job *job, const struct gql_errors *errors, struct lk_slice source) {
    struct lk_json_writer w;
    lk_json_writer_init(&w, http_body(job->request));
    lk_json_begin_object(&w);
    lk_json_key(&w, "errors");
    gql_errors_write(errors, source, &w);
    lk_json_end_object(&w);
}

/* Ends the job with one error; kept for finish, which sends it. */
static void end_with_error(struct graphql_job *job, int status, enum lk_graphql_result result, const char *message, const char *code) {
    lk_api_write_error(http_body(job->request), message, code, job->context.internal ? job->context.request_id : NULL);
    job->status = status;
    job->result = result;
}

static void end_with_failure(struct graphql_job *job, int code) {
    if (lk_api_is_internal(code))
        lk_context_log(&job->context, code);
    end_with_error(job, 503, LK_GRAPHQL_UNAVAILABLE, "The server cannot answer now; try again", lk_api_code(code));
}

static int before_field(void *context) {
    struct lk_graphql_context *c = context;
    return lk_operation_begin(&c->call);
}

static int after_field(void *context, bool failed) {
    struct lk_graphql_context *c = context;
    int code = lk_operation_end(&c->call, failed);
    if (code != 0 && lk_api_is_internal(code))
        lk_context_log(c, code);
    return code;
}

/* Names the request in an answer that holds an error whose details are in the log. */
static void add_request_id(struct graphql_job *job) {
    struct lk_buf *body = http_body(job->request);
    if (body->len == 0 || body->failed)
        return;
    lk_buf_truncate(body, body->len - 1);
    lk_buf_addf(body, ",\"extensions\":{\"requestId\":\"%s\"}}", job->context.request_id);
}

static void run_document(struct graphql_job *job) {
    const struct gql_execution execution = {
        .schema = job->service->schema,
        .document = job->document,
        .operation_name = job->params.operation_name,
        .variables = job->params.variables,
        .context = &job->context,
        .arena = http_request_arena(job->request),
        .before_field = before_field,
        .after_field = after_field,
    };
    int code = gql_execute(&execution, http_body(job->request), &job->outcome);
    if (code != 0) {
        end_with_failure(job, code);
        return;
    }
    if (job->context.internal)
        add_request_id(job);
    job->status = lk_graphql_status(job->media, job->outcome.ran);
    job->result = !job->outcome.ran ? LK_GRAPHQL_REFUSED : job->outcome.error_count > 0 ? LK_GRAPHQL_ERRORS : LK_GRAPHQL_OK;
}

/* Whether the operation that would run is a mutation. */
static bool changes(struct graphql_job *job) {
    struct gql_errors ignored;
    gql_errors_init(&ignored, http_request_arena(job->request), NULL);
    const struct gql_operation *operation = gql_find_operation(job->document, job->params.operation_name, &ignored);
    return operation != NULL && operation->kind != GQL_QUERY;
}

/* Runs a mutation, and takes all of it back when it must run again because passwords are to be hashed first (domain/password.h). */
static void run_mutation(struct graphql_job *job) {
    struct lk_call *call = &job->context.call;
    int code = lk_request_begin(call);
    if (code != 0) {
        end_with_failure(job, code);
        return;
    }
    run_document(job);
    code = lk_request_end(call, job->context.passwords.waiting);
    if (code != 0) {
        job->context.passwords.waiting = false;
        lk_buf_clear(http_body(job->request));
        end_with_failure(job, code);
    } else if (job->context.passwords.waiting) {
        lk_buf_clear(http_body(job->request));
    }
}

static void execute(struct graphql_job *job) {
    if (!changes(job)) {
        run_document(job);
    } else if (http_request_method(job->request) != HTTP_POST) {
        /* Nothing may change by GET (RFC 9110 section 9.2.1). */
        http_add_header(job->request, "Allow", lk_slice_cstr("POST"));
        end_with_error(job, 405, LK_GRAPHQL_REFUSED, "Only queries may be sent with GET; send this with POST", LK_CODE_BAD_USER_INPUT);
    } else {
        run_mutation(job);
    }
}

static int authenticate(struct graphql_job *job) {
    struct lk_call *call = &job->context.call;
    if (lk_session_token_like(job->credential))
        return lk_authenticate_session(call, job->credential, job->account);
    return lk_authenticate_key(call, job->credential);
}

static void run(struct lk_job *base, struct lk_db *db) {
    struct graphql_job *job = (struct graphql_job *)base;
    struct lk_call *call = &job->context.call;
    call->db = db;
    call->problem = &job->context.problem;
    job->status = 200;
    int code = authenticate(job);
    if (code == LK_EUNAUTH) {
        end_with_error(job, 401, LK_GRAPHQL_UNAUTHENTICATED, "Invalid API Key", LK_CODE_UNAUTHENTICATED);
        return;
    }
    if (code == 0 && job->account.ptr != NULL)
        code = lk_require_account(call, job->account);
    if (code == LK_EFORBIDDEN) {
        int status = job->media == LK_GRAPHQL_JSON ? 200 : 403;
        end_with_error(job, status, LK_GRAPHQL_REFUSED, job->context.problem.text, LK_CODE_FORBIDDEN);
        return;
    }
    if (code != 0) {
        end_with_failure(job, code);
        return;
    }
    if (job->errors.first != NULL) {
        write_errors(job, &job->errors, job->params.query);
        job->status = lk_graphql_status(job->media, false);
        job->result = LK_GRAPHQL_REFUSED;
        return;
    }
    execute(job);
}

static void run_slow(struct lk_background_job *slow);

/* Has the background thread do what the execution was waiting for, which then begins anew. */
static void hash_passwords(struct graphql_job *job) {
    job->slow.run = run_slow;
    if (++job->runs == RUNS_MAX || lk_background_submit(job->service->background, &job->slow) != 0)
        answer_unavailable(job, "The server is busy; try again");
}

static void finish(struct lk_job *base, int code) {
    struct graphql_job *job = (struct graphql_job *)base;
    if (code == LK_EBUSY) {
        answer_unavailable(job, "The server is stopping; try again");
        return;
    }
    if (code != 0) {
        lk_log(LK_LOG_ERROR, "request %s: the commit failed: %s", job->context.request_id, lk_error_text(code));
        job->context.internal = true;
        answer_unavailable(job, code == LK_EFULL ? "The server's disk is full; nothing was changed"
                                                 : "The change could not be kept; nothing was changed");
        return;
    }
    if (job->context.passwords.waiting) {
        hash_passwords(job);
        return;
    }
    lk_password_tasks_wipe(&job->context.passwords);
    count(job->service, job->result);
    answer(job->request, job->media, job->status);
}

static void run_slow(struct lk_background_job *slow) {
    struct graphql_job *job = (struct graphql_job *)((char *)slow - offsetof(struct graphql_job, slow));
    lk_password_tasks_run(&job->context.passwords);
    if (lk_executor_submit(job->service->executor, &job->job) != 0)
        answer_unavailable(job, "The server is busy; try again");
}

/* --- on the I/O thread --- */

/* The target for the audit: the path, and of the query string the accountId only, since the rest may hold a document and its secrets. */
static struct lk_slice audited_url(const struct graphql_job *job, struct lk_arena *arena) {
    struct lk_slice path = http_request_path(job->request);
    if (job->account.ptr == NULL || path.len > LK_ORIGIN_MAX || job->account.len > LK_ORIGIN_MAX)
        return path;
    return lk_slice_cstr(lk_arena_printf(arena, "%.*s?accountId=%.*s", (int)path.len, path.ptr, (int)job->account.len, job->account.ptr));
}

static int fill_context(struct graphql_job *job, struct lk_arena *arena) {
    struct lk_graphql_context *context = &job->context;
    context->call.arena = arena;
    context->call.domain = job->service->domain;
    context->call.now_ms = lk_clock_wall_ms();
    context->call.origin = (struct lk_origin){
        .url = audited_url(job, arena),
        .path = http_request_path(job->request),
        .method = http_request_method_text(job->request),
        .remote = lk_peer_text(job->request, arena),
        .status = 200,
    };
    return context->call.origin.url.ptr == NULL || context->call.origin.remote.ptr == NULL ? LK_ENOMEM : 0;
}

/* Reads ?accountId=. Whatever cannot be read is nobody's account and is refused as such later. */
static int read_account(struct graphql_job *job, struct lk_arena *arena) {
    struct lk_slice query = http_request_query(job->request);
    if (query.ptr == NULL)
        return 0;
    struct lk_slice account;
    int code = http_form_get(query, "accountId", arena, &account);
    if (code == 0)
        job->account = account.len > 0 ? account : lk_slice_make("", 0);
    if (code == LK_EINVAL)
        job->account = lk_slice_make("?", 1);
    return code == LK_ENOMEM ? LK_ENOMEM : 0;
}

static int parse_and_validate(struct graphql_job *job, struct lk_arena *arena) {
    gql_errors_init(&job->errors, arena, LK_CODE_PARSE_FAILED);
    struct gql_document *document = NULL;
    int code = gql_parse(job->params.query, &job->service->parse_limits, arena, &document, &job->errors);
    if (code == 0) {
        job->document = document;
        job->errors.default_code = LK_CODE_VALIDATION_FAILED;
        code = gql_validate(job->service->schema, document, &job->service->limits, arena, &job->errors);
    }
    if (code == LK_ENOMEM || job->errors.out_of_memory)
        return LK_ENOMEM;
    return code != 0 && job->errors.first == NULL ? LK_EINTERNAL : 0;
}

static void start(struct graphql_job *job, bool form) {
    struct lk_arena *arena = http_request_arena(job->request);
    const struct lk_graphql_transport transport = {
        .method = http_request_method(job->request),
        .form = form,
        .query_string = http_request_query(job->request),
        .content_type = http_request_header(job->request, "content-type"),
        .body = http_request_body(job->request),
    };
    job->credential = lk_credential(job->request);
    if (job->credential.ptr == NULL && !form) {
        answer_unauthenticated(job);
        return;
    }
    struct lk_graphql_refusal refusal;
    int code = lk_graphql_decode(&transport, arena, &job->params, &refusal);
    if (code == LK_EINVAL) {
        answer_refusal(job, &refusal);
        return;
    }
    if (form && job->params.api_key.len > 0)
        job->credential = job->params.api_key;
    if (code == 0 && job->credential.ptr == NULL) {
        answer_unauthenticated(job);
        return;
    }
    if (code == 0)
        code = read_account(job, arena);
    if (code == 0)
        code = fill_context(job, arena);
    if (code == 0)
        code = parse_and_validate(job, arena);
    if (code != 0) {
        answer_out_of_memory(job);
        return;
    }
    job->job.run = run;
    job->job.finish = finish;
    if (lk_executor_submit(job->service->executor, &job->job) != 0)
        answer_unavailable(job, "The server is busy; try again");
}

static void handle(struct http_request *request, struct lk_graphql_service *service, bool form) {
    struct lk_arena *arena = http_request_arena(request);
    struct graphql_job *job = LK_ARENA_NEW(arena, struct graphql_job);
    char *id = lk_arena_printf(arena, "%08" PRIx32 "-%" PRIx64, service->instance, http_request_number(request));
    if (job == NULL || id == NULL) {
        count(service, LK_GRAPHQL_UNAVAILABLE);
        lk_api_write_error(http_body(request), "The server has no memory for this request", LK_CODE_UNAVAILABLE, NULL);
        answer(request, LK_GRAPHQL_JSON, 503);
        return;
    }
    job->request = request;
    job->service = service;
    job->media = lk_graphql_negotiate(http_request_header(request, "accept"));
    job->context.request_id = id;
    http_add_header(request, "X-Request-Id", lk_slice_cstr(id));
    start(job, form);
}

void lk_graphql_handle(struct http_request *request, void *service) {
    handle(request, service, false);
}

void lk_graphql_handle_form(struct http_request *request, void *service) {
    handle(request, service, true);
}
