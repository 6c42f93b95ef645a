/* The part of a GraphQL request that runs on the store thread. */
#include "api/errors.h"
#include "api/graphql_job.h"
#include "api/graphql_rate.h"
#include "api/rate_headers.h"
#include "api/refusals.h"
#include "base/clock.h"
#include "crypto/session_token.h"
#include "domain/application.h"
#include "domain/session.h"

#include <inttypes.h>
#include <stdio.h>

/* Most bytes of an answer, where there is room for so many. What is asked for a hundred times under other names would make a small request a huge answer, and
 * the store thread writes it. */
#define ANSWER_MAX ((size_t)32 << 20)

/* --- how it can end early --- */

static void end_with_error(struct lk_graphql_job *job, int status, enum lk_graphql_result result, const char *message, const char *code) {
    lk_api_write_error(http_body(job->request), message, code, job->context.internal ? job->context.request_id : NULL);
    job->status = status;
    job->result = result;
}

static void end_with_failure(struct lk_graphql_job *job, int code) {
    if (lk_api_is_internal(code))
        lk_context_log(&job->context, code);
    end_with_error(job, 503, LK_GRAPHQL_UNAVAILABLE, "The server cannot answer now; try again", lk_api_code(code));
}

/* --- one document --- */

static int before_field(struct gql_call *call) {
    int code = lk_operation_begin(&lk_context(call)->call);
    return code == 0 ? 0 : lk_fail(call, code);
}

static int after_field(struct gql_call *call, bool failed) {
    struct lk_graphql_context *c = lk_context(call);
    bool refused = failed && c->call.denial.operation != NULL;
    int code = lk_operation_end(&c->call, failed);
    c->refused += refused;
    return code == 0 ? 0 : lk_fail(call, code);
}

/* Whether a field may begin: what takes long is not asked for again and again, since all others wait for the store thread. The first may always, or what is large could
 * not be asked for at all. */
static bool go_on(void *context) {
    struct lk_graphql_context *c = context;
    if (c->time_ns == 0 || !c->has_begun) {
        c->has_begun = true;
        return true;
    }
    int64_t now = lk_clock_mono_ns();
    if (c->ends_ns == 0)
        c->ends_ns = now + c->time_ns;
    c->late = now >= c->ends_ns;
    return !c->late;
}

static void write_errors(struct lk_graphql_job *job, const struct lk_graphql_item *item) {
    struct lk_json_writer w;
    lk_json_writer_init(&w, http_body(job->request));
    lk_json_begin_object(&w);
    lk_json_key(&w, "errors");
    gql_errors_write(&item->errors, item->params->query, &w);
    lk_json_end_object(&w);
}

/* Names the request in an answer that holds an error whose details are in the log. */
static void add_request_id(struct lk_graphql_job *job) {
    struct lk_buf *body = http_body(job->request);
    if (body->failed)
        return;
    lk_buf_truncate(body, body->len - 1);
    lk_buf_addf(body, ",\"extensions\":{\"requestId\":\"%s\"}}", job->context.request_id);
}

/* Whether a document is one to keep in memory. A mutation with texts written into it comes once, and one of the texts may be a password. */
static bool is_worth_keeping(const struct lk_graphql_item *item) {
    struct lk_slice text = item->params->query;
    if (!item->fresh || item->params->persisted)
        return item->fresh;
    bool changes = false;
    for (const struct gql_operation *o = item->document->document->operations; o != NULL; o = o->next)
        changes = changes || o->kind == GQL_MUTATION;
    return !changes || memchr(text.ptr, '"', text.len) == NULL;
}

/* Appends the answer to one document to the body. 0 or negative when it does not fit, or takes too long. */
static int run_item(struct lk_graphql_job *job, struct lk_graphql_item *item) {
    if (item->document == NULL) {
        write_errors(job, item);
        return 0;
    }
    if (is_worth_keeping(item))
        lk_document_cache_put(job->service->cache, item->document, job->sender);
    const struct gql_execution execution = {
        .schema = job->service->schema,
        .document = item->document->document,
        .operation_name = item->params->operation_name,
        .variables = item->params->variables,
        .context = &job->context,
        .arena = http_request_arena(job->request),
        .before_field = before_field,
        .after_field = after_field,
        .go_on = go_on,
        .no_suggestions = job->service->limits.no_suggestions,
        .conceal = lk_conceal_tokens,
    };
    job->context.internal = false;
    int code = gql_execute(&execution, http_body(job->request), &item->outcome);
    if (code == 0 && job->context.internal)
        add_request_id(job);
    return code;
}

/* What kind of operations would run. */
static enum lk_graphql_operation find_operation(struct lk_graphql_job *job) {
    enum lk_graphql_operation found = LK_GRAPHQL_NONE;
    for (size_t i = 0; i < job->items_len; i++) {
        const struct lk_graphql_item *item = &job->items[i];
        if (item->document == NULL)
            continue;
        struct gql_errors ignored;
        gql_errors_init(&ignored, http_request_arena(job->request), NULL);
        const struct gql_operation *operation = gql_find_operation(item->document->document, item->params->operation_name, &ignored);
        if (operation != NULL && operation->kind != GQL_QUERY)
            return LK_GRAPHQL_MUTATION;
        if (operation != NULL)
            found = LK_GRAPHQL_QUERY;
    }
    return found;
}

static int run_items(struct lk_graphql_job *job) {
    struct lk_buf *body = http_body(job->request);
    bool ran = true;
    bool errors = false;
    int code = 0;
    job->context.time_ns = job->service->time_ms * 1000000;
    job->context.ends_ns = 0;
    job->context.has_begun = false;
    job->context.late = false;
    size_t room = http_body_room(job->request);
    body->limit = room < ANSWER_MAX ? room : ANSWER_MAX;
    if (job->batch)
        lk_buf_add_char(body, '[');
    for (size_t i = 0; i < job->items_len && code == 0; i++) {
        struct lk_graphql_item *item = &job->items[i];
        if (i > 0)
            lk_buf_add_char(body, ',');
        code = run_item(job, item);
        ran = ran && item->outcome.ran;
        errors = errors || item->outcome.error_count > 0;
    }
    if (job->batch)
        lk_buf_add_char(body, ']');
    job->status = job->batch ? 200 : lk_graphql_status(job->media, ran);
    job->result = !ran ? LK_GRAPHQL_REFUSED : errors ? LK_GRAPHQL_ERRORS : LK_GRAPHQL_OK;
    return body->failed ? LK_ENOMEM : code;
}

static void end_late(struct lk_graphql_job *job, const char *advice) {
    char message[160];
    lk_buf_clear(http_body(job->request));
    job->context.internal = false;
    snprintf(message, sizeof(message), "The request would keep all others waiting: after its first field it may take %" PRId64 " ms; %s",
             job->service->time_ms, advice);
    end_with_error(job, lk_graphql_status(job->media, false), LK_GRAPHQL_REFUSED, message, LK_CODE_BAD_USER_INPUT);
}

/* There was no room for the answer: in what it may take, which is mostly used up then; beside the answers that others have not taken yet; or else in the server. */
static void end_without_room(struct lk_graphql_job *job, const char *message) {
    const struct lk_arena *arena = http_request_arena(job->request);
    bool crowded = http_body(job->request)->limit < ANSWER_MAX;
    bool too_large = http_body(job->request)->cap >= ANSWER_MAX / 2 || arena->used >= arena->limit / 2;
    job->context.internal = false;
    lk_buf_clear(http_body(job->request));
    if (!too_large && crowded) {
        end_with_failure(job, LK_EBUSY);
        return;
    }
    if (!too_large) {
        lk_problem_set(&job->context.problem, LK_ENOMEM, "Out of memory");
        end_with_failure(job, LK_ENOMEM);
        return;
    }
    end_with_error(job, lk_graphql_status(job->media, false), LK_GRAPHQL_REFUSED, message, LK_CODE_BAD_USER_INPUT);
}

/* Whether the actor may try to change something. Sends it away when it was refused too often. */
static bool may_try(struct lk_graphql_job *job) {
    struct lk_rate_state state;
    if (!lk_refusals_are_too_many(job->service->refusals, &job->context.call.actor->id, lk_clock_mono_ns(), &state))
        return true;
    lk_add_retry_after(job->request, &state);
    end_with_error(job, 429, LK_GRAPHQL_REFUSED, "Too many changes were refused lately; the Retry-After header says when to try again",
                   LK_CODE_RATE_LIMITED);
    return false;
}

static void note_refusals(const struct lk_graphql_job *job) {
    size_t len = job->context.refused + job->context.call.denied;
    for (size_t i = 0; i < len; i++)
        lk_refusals_note(job->service->refusals, &job->context.call.actor->id, lk_clock_mono_ns());
}

/* Runs what may change something, and takes all of it back when passwords have to be hashed first, the answer does not fit or it takes too long. */
static void run_changes(struct lk_graphql_job *job) {
    struct lk_password_tasks *passwords = &job->context.passwords;
    int code = lk_request_begin(&job->context.call);
    if (code != 0) {
        end_with_failure(job, code);
        return;
    }
    job->context.usage_buckets = 0; /* of a run before */
    job->context.refused = 0;
    bool no_room = run_items(job) != 0;
    code = lk_request_end(&job->context.call, no_room || passwords->waiting);
    if (no_room || !passwords->waiting) /* else they will be refused again */
        note_refusals(job);
    if (code == 0 && no_room) {
        passwords->waiting = false;
        if (job->context.late)
            end_late(job, "nothing was changed");
        else
            end_without_room(job, "The answer would be too large: nothing was changed");
        return;
    }
    if (code == 0 && !passwords->waiting)
        return;
    lk_buf_clear(http_body(job->request));
    if (code != 0) {
        passwords->waiting = false;
        end_with_failure(job, code);
    }
}

/* The members that the one client reads that asks for it. Its tree would hold the application, if that were there. */
static void run_tree(struct lk_graphql_job *job) {
    bool gone = false;
    int code = job->application.len == 0 ? 0 : lk_application_is_gone(&job->context.call, job->application, &gone);
    if (code != 0 && code != LK_EFORBIDDEN) {
        end_with_failure(job, code);
        return;
    }
    if (!gone) {
        end_with_error(job, 404, LK_GRAPHQL_REFUSED, "There is no Configuration as Code here: nothing is at this path", LK_CODE_NOT_FOUND);
        return;
    }
    lk_buf_add_cstr(http_body(job->request), "{\"metaData\":{},\"resource\":{\"name\":\"Setup\",\"children\":[]},\"responseMessages\":[]}");
    job->status = 200;
    job->result = LK_GRAPHQL_OK;
}

static int authenticate(struct lk_graphql_job *job) {
    struct lk_call *call = &job->context.call;
    bool session = lk_session_token_like(job->credential);
    int code = session ? lk_authenticate_session(call, job->credential, job->account) : lk_authenticate_key(call, job->credential);
    if (code == 0 && session && call->actor->kind == LK_ACTOR_KEY) /* a key itself was noted when it was recognised */
        lk_usage_touch(job->service->usage, &call->actor->id, &call->actor->account_id, call->now_ms);
    return code;
}

static void run(struct lk_graphql_job *job, struct lk_db *db) {
    struct lk_call *call = &job->context.call;
    call->db = db;
    int code = authenticate(job);
    if (code == LK_EUNAUTH) {
        const char *message = job->by_cookie ? "The session has ended; sign in again" : "Invalid API Key";
        end_with_error(job, 401, LK_GRAPHQL_UNAUTHENTICATED, message, LK_CODE_UNAUTHENTICATED);
        return;
    }
    job->operation = job->tree ? LK_GRAPHQL_QUERY : find_operation(job);
    if (code == 0 && job->account.ptr != NULL)
        code = lk_require_account(call, job->account);
    if (code == LK_EFORBIDDEN) {
        int status = job->media == LK_GRAPHQL_JSON && !job->tree ? 200 : 403;
        end_with_error(job, status, LK_GRAPHQL_REFUSED, job->context.problem.text, LK_CODE_FORBIDDEN);
        return;
    }
    if (code == 0 && job->runs == 0 && lk_session_token_like(job->credential)) {
        const struct lk_id *key = call->actor->kind == LK_ACTOR_KEY ? &call->actor->id : NULL;
        const char *message = lk_graphql_rate_take(job, &call->actor->account_id, key, job->tree ? 1 : job->items_len);
        if (message != NULL) {
            end_with_error(job, 429, LK_GRAPHQL_REFUSED, message, LK_CODE_RATE_LIMITED);
            return;
        }
    }
    if (code != 0) {
        end_with_failure(job, code);
        return;
    }
    if (job->tree) {
        run_tree(job);
    } else if (job->operation != LK_GRAPHQL_MUTATION) {
        int unfinished = run_items(job);
        if (job->context.late)
            end_late(job, "ask for less at a time");
        else if (unfinished != 0)
            end_without_room(job, "The answer would be too large: ask for less at a time");
    } else if (http_request_method(job->request) != HTTP_POST) {
        /* Nothing may change by GET (RFC 9110 section 9.2.1). */
        http_add_header(job->request, "Allow", lk_slice_cstr("POST"));
        end_with_error(job, 405, LK_GRAPHQL_REFUSED, "Only queries may be sent with GET; send this with POST", LK_CODE_BAD_USER_INPUT);
    } else if (may_try(job)) {
        run_changes(job);
    }
}

void lk_graphql_run(struct lk_job *base, struct lk_db *db) {
    struct lk_graphql_job *job = (struct lk_graphql_job *)base;
    run(job, db);
    http_body_made(job->request); /* it waits for the others of its batch */
}
