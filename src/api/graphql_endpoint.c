#include "api/graphql_endpoint.h"

#include "api/console_cookie.h"
#include "api/credential.h"
#include "api/errors.h"
#include "api/graphql_job.h"
#include "api/graphql_rate.h"
#include "api/peer.h"
#include "api/request_id.h"
#include "api/verify.h"
#include "base/log.h"
#include "crypto/session_token.h"
#include "http/url.h"

/* Most times that a request is run because it needs passwords hashed. The second run has them, unless another request changed what they are checked against. */
#define RUNS_MAX 4

#define CODE_PERSISTED_QUERY_NOT_FOUND "PERSISTED_QUERY_NOT_FOUND"

static void count(struct lk_graphql_service *service, enum lk_graphql_operation operation, enum lk_graphql_result result) {
    atomic_fetch_add_explicit(&service->results[operation][result], 1, memory_order_relaxed);
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

static void answer_error(struct lk_graphql_job *job, int status, const char *message, const char *code) {
    struct lk_buf *body = http_body(job->request);
    lk_buf_clear(body);
    lk_api_write_error(body, message, code, job->context.internal ? job->context.request_id : NULL);
    answer(job->request, job->media, status);
}

static void answer_unauthenticated(struct lk_graphql_job *job) {
    count(job->service, job->operation, LK_GRAPHQL_UNAUTHENTICATED);
    answer_error(job, 401, "Invalid API Key", LK_CODE_UNAUTHENTICATED);
}

static void answer_forbidden(struct lk_graphql_job *job, const char *message) {
    count(job->service, job->operation, LK_GRAPHQL_REFUSED);
    answer_error(job, 403, message, LK_CODE_FORBIDDEN);
}

static void answer_unavailable(struct lk_graphql_job *job, const char *message) {
    count(job->service, job->operation, LK_GRAPHQL_UNAVAILABLE);
    answer_error(job, 503, message, LK_CODE_UNAVAILABLE);
}

/* Memory ran out while a request was read: when the request's own share is mostly used up, it is too large rather than the server too small. */
static void answer_out_of_memory(struct lk_graphql_job *job, int code) {
    const struct lk_arena *arena = http_request_arena(job->request);
    if (code != LK_ELIMIT && arena->used < arena->limit / 2) {
        answer_unavailable(job, "The server has no memory for this request");
        return;
    }
    count(job->service, job->operation, LK_GRAPHQL_REFUSED);
    answer_error(job, 413, "The request is too large to process", LK_CODE_BAD_USER_INPUT);
}

static void answer_refusal(struct lk_graphql_job *job, const struct lk_graphql_refusal *refusal) {
    count(job->service, job->operation, LK_GRAPHQL_REFUSED);
    if (refusal->allow != NULL)
        http_add_header(job->request, "Allow", lk_slice_cstr(refusal->allow));
    if (refusal->accept != NULL)
        http_add_header(job->request, "Accept", lk_slice_cstr(refusal->accept));
    answer_error(job, refusal->status, refusal->problem.text, LK_CODE_BAD_USER_INPUT);
}

/* The job is over, but for its answer. */
static void end(struct lk_graphql_job *job) {
    lk_password_tasks_wipe(&job->context.passwords);
    for (size_t i = 0; i < job->items_len; i++)
        lk_document_release(job->items[i].document);
    http_request_holds(job->request, 0);
    if (job->has_turn)
        lk_turns_give_back(job->service->turns, job->job.owner);
}

/* On the background thread: does what the execution waits for, which then begins anew. */
static void hash_passwords(struct lk_background_job *slow) {
    struct lk_graphql_job *job = (struct lk_graphql_job *)((char *)slow - offsetof(struct lk_graphql_job, slow));
    lk_password_tasks_run(&job->context.passwords);
    if (lk_executor_resume(job->service->executor, &job->job) != 0) {
        end(job);
        answer_unavailable(job, "The server is busy; try again");
    }
}

/* lk_job.finish, on the store thread. */
static void finish(struct lk_job *base, int code) {
    struct lk_graphql_job *job = (struct lk_graphql_job *)base;
    bool again = code == 0 && job->context.passwords.waiting && ++job->runs < RUNS_MAX;
    job->slow.run = hash_passwords;
    if (again && lk_background_submit(job->service->background, &job->slow) == 0)
        return;
    if (code == 0 && job->context.passwords.waiting)
        code = LK_EBUSY;
    end(job);
    if (code == LK_EBUSY) {
        answer_unavailable(job, "The server is busy; try again");
        return;
    }
    if (code != 0) {
        lk_log(LK_LOG_ERROR, "request %s: the commit failed: %s", job->context.request_id, lk_error_text(code));
        job->context.internal = true;
        answer_unavailable(job, code == LK_EFULL ? "The server's disk is full; nothing was changed"
                                                 : "The change could not be kept; nothing was changed");
        return;
    }
    count(job->service, job->operation, job->result);
    answer(job->request, job->media, job->status);
}

/* --- what the audit and the domain are told --- */

/* The target for the audit: the path, and of the query string the accountId only, since the rest may hold a document and its secrets. */
static struct lk_slice audited_url(const struct lk_graphql_job *job, struct lk_arena *arena) {
    struct lk_slice path = http_request_path(job->request);
    if (job->account.ptr == NULL || path.len > LK_ORIGIN_MAX || job->account.len > LK_ORIGIN_MAX)
        return path;
    return lk_slice_cstr(lk_arena_printf(arena, "%.*s?accountId=%.*s", (int)path.len, path.ptr, (int)job->account.len, job->account.ptr));
}

static int fill_context(struct lk_graphql_job *job, struct lk_arena *arena) {
    const struct lk_graphql_service *service = job->service;
    struct lk_graphql_context *context = &job->context;
    context->usage = service->usage;
    int code = lk_request_call(service->lanes, job->request, service->domain, &job->client_ip, &context->problem, &context->call);
    if (code != 0)
        return code;
    context->call.origin.url = audited_url(job, arena);
    return context->call.origin.url.ptr == NULL ? LK_ENOMEM : 0;
}

/* Reads ?accountId=. Whatever cannot be read, or is there twice, is nobody's account and is refused as such later. */
static int read_account(struct lk_graphql_job *job, struct lk_arena *arena) {
    struct lk_slice query = http_request_query(job->request);
    if (query.ptr == NULL)
        return 0;
    struct lk_slice account;
    int code = http_form_get(query, "accountId", arena, &account);
    if (code == 0)
        job->account = account.len > 0 ? account : lk_slice_make("", 0);
    if (code == LK_EINVAL || (code == 0 && http_form_count(query, "accountId") > 1))
        job->account = lk_slice_make("?", 1);
    return code == LK_ENOMEM ? LK_ENOMEM : 0;
}

/* --- who asks --- */

/* Sends the answer when the credential is nobody's. */
static bool recognise(struct lk_graphql_job *job, struct lk_verify_answer *ret) {
    bool good = lk_recognise(job->service->lanes, job->request, job->credential, ret);
    if (!good)
        answer_unauthenticated(job);
    return good;
}

/* A key that may not be used from here is refused before anything is counted for it: whoever has stolen it would use up the rates of its account from anywhere. */
static void answer_not_from_here(struct lk_graphql_job *job) {
    count(job->service, job->operation, LK_GRAPHQL_REFUSED);
    answer_error(job, job->media == LK_GRAPHQL_JSON && !job->tree ? 200 : 403,
                 "User not authorized: this API key may not be used from this address", LK_CODE_FORBIDDEN);
}

/* Whether the key may ask so much now; sends the answer when not. Sessions are counted on the store thread, where it is known whose they are. */
static bool admit(struct lk_graphql_job *job, const struct lk_verify_answer *key, size_t len) {
    if (!key->known)
        return true;
    if (key->code == LK_VERIFY_IP_NOT_ALLOWED) {
        answer_not_from_here(job);
        return false;
    }
    const char *message = lk_graphql_rate_take(job, &key->account_id, &key->key_id, len);
    if (message == NULL)
        return true;
    count(job->service, job->operation, LK_GRAPHQL_REFUSED);
    answer_error(job, 429, message, LK_CODE_RATE_LIMITED);
    return false;
}

/* Whether one more of its requests may wait; sends the answer when not. */
static bool take_turn(struct lk_graphql_job *job) {
    const struct lk_graphql_service *service = job->service;
    job->has_turn = lk_turns_take_of(service->turns, service->lanes, job->request, job->credential, &job->job.owner);
    if (!job->has_turn)
        answer_unavailable(job, lk_session_token_like(job->credential) ? "Too many requests of this address wait already; try again"
                                                                       : "Too many requests of this credential wait already; try again");
    return job->has_turn;
}

/* --- documents --- */

/* What the documents of one request may be together is what one may be: each may take an I/O thread tens of milliseconds. Adds the error when it is more. */
static bool are_too_long(const struct lk_graphql_service *service, struct lk_graphql_item *item, size_t tokens) {
    size_t most = service->parse_limits.tokens;
    if (most == 0 || tokens <= most)
        return false;
    item->errors.default_code = LK_CODE_BAD_USER_INPUT;
    (void)gql_errors_add(&item->errors, NULL, 0, "The documents of the array have more than %zu tokens together; send them apart.", most);
    return true;
}

/* tokens: of the documents of the request that had to be parsed; this one's are added. */
static int parse_and_validate(const struct lk_graphql_service *service, struct lk_graphql_item *item, struct lk_document *document,
                              size_t *tokens, struct lk_arena *arena) {
    if (are_too_long(service, item, *tokens))
        return LK_ELIMIT;
    struct lk_slice text;
    struct gql_document *parsed = NULL;
    int code = lk_arena_copy(&document->arena, item->params->query, &text);
    if (code != 0)
        return code;
    item->errors.default_code = LK_CODE_PARSE_FAILED;
    code = gql_parse(text, &service->parse_limits, &document->arena, &parsed, &item->errors);
    if (code == 0) {
        *tokens += parsed->tokens;
        item->errors.default_code = LK_CODE_VALIDATION_FAILED;
        code = are_too_long(service, item, *tokens) ? LK_ELIMIT
                                                    : gql_validate(service->schema, parsed, &service->limits, arena, &item->errors);
    }
    document->document = parsed;
    return code;
}

/* Sets item->document, or item->errors when the document fails. LK_ELIMIT: it does not fit into the memory that a request may have. */
static int read_document(const struct lk_graphql_service *service, struct lk_graphql_item *item, const uint8_t *digest, size_t *tokens,
                         struct lk_arena *arena) {
    struct lk_document *document = lk_document_new(arena->limit);
    if (document == NULL)
        return LK_ENOMEM;
    int code = parse_and_validate(service, item, document, tokens, arena);
    if (code == 0) {
        memcpy(document->digest, digest, LK_DOCUMENT_DIGEST);
        item->document = document;
        item->fresh = true;
        return 0;
    }
    bool too_large = document->arena.used >= document->arena.limit / 2;
    lk_document_release(document);
    if (code == LK_ENOMEM || item->errors.out_of_memory)
        return too_large ? LK_ELIMIT : LK_ENOMEM;
    return item->errors.first == NULL ? LK_EINTERNAL : 0;
}

/* By its text, by the hash of a text sent before, or by both, which then must agree. */
static int find_document(const struct lk_graphql_job *job, struct lk_graphql_item *item, size_t *tokens, struct lk_arena *arena) {
    const struct lk_graphql_service *service = job->service;
    const struct lk_graphql_params *params = item->params;
    uint8_t digest[LK_DOCUMENT_DIGEST];
    gql_errors_init(&item->errors, arena, LK_CODE_BAD_USER_INPUT);
    item->errors.conceal = lk_conceal_tokens;
    if (params->query.ptr != NULL)
        lk_document_digest(params->query, digest);
    else
        memcpy(digest, params->hash, sizeof(digest));
    if (params->persisted && memcmp(digest, params->hash, sizeof(digest)) != 0)
        return gql_errors_add(&item->errors, NULL, 0, "provided sha does not match query") == NULL ? LK_ENOMEM : 0;
    item->document = lk_document_cache_get(service->cache, digest, job->sender, params->query.ptr != NULL);
    if (item->document != NULL)
        return 0;
    if (params->query.ptr != NULL)
        return read_document(service, item, digest, tokens, arena);
    item->errors.default_code = CODE_PERSISTED_QUERY_NOT_FOUND;
    return gql_errors_add(&item->errors, NULL, 0, "PersistedQueryNotFound") == NULL ? LK_ENOMEM : 0;
}

static int find_documents(struct lk_graphql_job *job, const struct lk_graphql_decoded *decoded, struct lk_arena *arena) {
    job->items = lk_arena_calloc(arena, decoded->len, sizeof(*job->items));
    if (job->items == NULL)
        return LK_ENOMEM;
    job->items_len = decoded->len;
    job->batch = decoded->batch;
    int code = 0;
    size_t tokens = 0;
    for (size_t i = 0; i < decoded->len && code == 0; i++) {
        job->items[i].params = &decoded->requests[i];
        code = find_document(job, &job->items[i], &tokens, arena);
    }
    return code;
}

/* --- on the I/O thread --- */

/* Takes the session of the console's cookie for credential when there is one. A sentence when it is there but may not be used in this way. */
static const char *take_session(struct lk_graphql_job *job, const struct lk_graphql_transport *transport) {
    struct lk_slice token = lk_console_cookie(job->service->lanes, job->request);
    if (token.ptr == NULL)
        return NULL;
    if (transport->method != HTTP_POST || !http_media_type_is(transport->content_type, "application/json"))
        return "The console's session takes GraphQL as JSON with POST only; send x-api-key or Authorization for the other ways";
    const char *refusal = lk_console_refusal(job->request, false);
    if (refusal == NULL)
        job->credential = token;
    job->by_cookie = refusal == NULL;
    return refusal;
}

/* Whether the request may wait: two megabytes of JSON are thirty in memory, and so are its documents, those in the cache apart. */
static bool has_room(const struct lk_graphql_job *job) {
    size_t held = 0;
    for (size_t i = 0; i < job->items_len; i++)
        held += job->items[i].fresh ? lk_arena_held(&job->items[i].document->arena) : 0;
    http_request_holds(job->request, held);
    return http_request_arena(job->request)->used + held <= HTTP_BODY_ROOM_MIN || http_body_room(job->request) > HTTP_BODY_ROOM_MIN;
}

/* Queues what was made ready; code says whether it was. */
static void submit(struct lk_graphql_job *job, int code) {
    if (code != 0) {
        end(job);
        answer_out_of_memory(job, code);
        return;
    }
    job->job.run = lk_graphql_run;
    job->job.finish = finish;
    if (!has_room(job) || lk_executor_submit(job->service->executor, &job->job) != 0) {
        end(job);
        answer_unavailable(job, "The server is busy; try again");
    }
}

static void start(struct lk_graphql_job *job, bool form) {
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
        const char *refusal = take_session(job, &transport);
        if (refusal != NULL) {
            answer_forbidden(job, refusal);
            return;
        }
        if (job->credential.ptr == NULL) {
            answer_unauthenticated(job);
            return;
        }
    }
    struct lk_graphql_decoded decoded;
    struct lk_graphql_refusal refusal;
    struct lk_verify_answer key = {0};
    if (!form && !recognise(job, &key)) /* a form may hold the key, and is read first */
        return;
    int code = lk_graphql_decode(&transport, job->service->batch_max, arena, &decoded, &refusal);
    if (code == LK_EINVAL) {
        answer_refusal(job, &refusal);
        return;
    }
    if (code == 0 && form && decoded.api_key.len > 0)
        job->credential = decoded.api_key;
    if (code == 0 && job->credential.ptr == NULL) {
        answer_unauthenticated(job);
        return;
    }
    if (code == 0 && form && !recognise(job, &key))
        return;
    if (code == 0 && (!admit(job, &key, decoded.len) || !take_turn(job)))
        return;
    if (code == 0)
        code = read_account(job, arena);
    if (code == 0)
        code = fill_context(job, arena);
    job->sender = lk_document_sender(key.known ? lk_slice_make((const char *)key.account_id.bytes, LK_ID_BYTES) : job->credential);
    if (code == 0)
        code = find_documents(job, &decoded, arena);
    submit(job, code);
}

/* *ret's ptr is NULL where the query string has no appId that can be read. */
static int read_application(const struct lk_graphql_job *job, struct lk_arena *arena, struct lk_slice *ret) {
    struct lk_slice query = http_request_query(job->request);
    int code = query.ptr == NULL ? LK_ENOTFOUND : http_form_get(query, "appId", arena, ret);
    return code == LK_ENOMEM ? LK_ENOMEM : 0;
}

static void start_tree(struct lk_graphql_job *job) {
    struct lk_arena *arena = http_request_arena(job->request);
    struct lk_verify_answer key = {0};
    job->tree = true;
    job->credential = lk_credential(job->request);
    if (job->credential.ptr == NULL) {
        answer_unauthenticated(job);
        return;
    }
    if (!recognise(job, &key) || !admit(job, &key, 1) || !take_turn(job))
        return;
    int code = read_account(job, arena);
    if (code == 0)
        code = read_application(job, arena, &job->application);
    if (code == 0)
        code = fill_context(job, arena);
    submit(job, code);
}

enum kind { DOCUMENTS, FORM, TREE };

static void handle(struct http_request *request, struct lk_graphql_service *service, enum kind kind) {
    struct lk_arena *arena = http_request_arena(request);
    struct lk_graphql_job *job = LK_ARENA_NEW(arena, struct lk_graphql_job);
    char *id = lk_arena_alloc(arena, LK_REQUEST_ID_SIZE);
    if (job == NULL || id == NULL) {
        count(service, LK_GRAPHQL_NONE, LK_GRAPHQL_UNAVAILABLE);
        lk_api_write_error(http_body(request), "The server has no memory for this request", LK_CODE_UNAVAILABLE, NULL);
        answer(request, LK_GRAPHQL_JSON, 503);
        return;
    }
    lk_request_id_make(id);
    job->request = request;
    job->service = service;
    job->media = lk_graphql_negotiate(http_request_header(request, "accept"));
    job->context.request_id = id;
    http_add_header(request, "X-Request-Id", lk_slice_cstr(id));
    if (kind == TREE)
        start_tree(job);
    else
        start(job, kind == FORM);
}

bool lk_graphql_admits(const struct http_request *request, void *service, bool *ret_known) {
    const struct lk_graphql_service *graphql = service;
    if (lk_credential(request).ptr == NULL)
        return lk_console_cookie(graphql->lanes, request).ptr != NULL;
    return lk_may_be_recognised(graphql->lanes, request, ret_known);
}

void lk_graphql_handle(struct http_request *request, void *service) {
    handle(request, service, DOCUMENTS);
}

void lk_graphql_handle_form(struct http_request *request, void *service) {
    handle(request, service, FORM);
}

void lk_graphql_handle_tree(struct http_request *request, void *service) {
    handle(request, service, TREE);
}
