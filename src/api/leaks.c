#include "api/leaks.h"

#include "api/errors.h"
#include "api/peer.h"
#include "api/problem.h"
#include "api/rate_headers.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/log.h"
#include "crypto/signature.h"
#include "domain/key_leak.h"

#include <stdio.h>

#define REQUESTS_AN_HOUR 60
#define HOUR_MS 3600000

/* How long reports of a request are worked on at once; the others wait for another turn, for what a report takes depends on the key's groups: a thousand can take many seconds. */
#define PIECE_NS (4 * INT64_C(1000000))

/* Most memory that one report takes on the store thread: what a hundred user groups hold is read for the audit. */
#define ARENA_MAX ((size_t)32 << 20)

/* A reported token. */
struct report {
    struct lk_slice token;
    struct lk_slice type;
    struct lk_slice url;
    struct lk_slice source;
    bool known;
    struct lk_id key;
    int code; /* what came of it */
};

struct work {
    struct lk_job job; /* first: the executor hands it back */
    const struct lk_leak_service *service;
    struct http_request *request;
    struct lk_slice reported_by;
    struct lk_call call; /* of each report, but for its problem and memory */
    struct lk_ip client_ip;
    struct lk_slice answer; /* GitHub's; ptr NULL for a finder, who is told nothing */
    struct report *reports;
    size_t len;
    size_t next; /* the first that has not been tried */
    size_t done; /* those before it are in force, or failed */
};

int lk_leak_service_open(const char *keys_file, struct lk_leak_service *ret, struct lk_problem *problem) {
    struct lk_leak_keys *keys = NULL;
    int code = keys_file[0] == '\0' ? 0 : lk_leak_keys_load(keys_file, &keys, problem);
    if (code != 0)
        return code;
    const struct lk_rate rate = {REQUESTS_AN_HOUR, HOUR_MS};
    struct lk_rate_table *finders = NULL;
    struct lk_rate_table *forgers = NULL;
    code = lk_rate_table_new(&rate, &finders);
    if (code == 0)
        code = lk_rate_table_new(&rate, &forgers);
    if (code == 0 && pthread_rwlock_init(&ret->lock, NULL) != 0)
        code = LK_ENOMEM;
    if (code != 0) {
        lk_rate_table_free(forgers);
        lk_rate_table_free(finders);
        lk_leak_keys_free(keys);
        return lk_problem_set(problem, code, "Out of memory");
    }
    ret->finders = finders;
    ret->forgers = forgers;
    ret->keys = keys;
    return 0;
}

int lk_leak_service_reload(struct lk_leak_service *service, const char *keys_file, struct lk_problem *problem) {
    struct lk_leak_keys *keys = NULL;
    int code = keys_file[0] == '\0' ? 0 : lk_leak_keys_load(keys_file, &keys, problem);
    if (code != 0)
        return code;
    pthread_rwlock_wrlock(&service->lock);
    struct lk_leak_keys *old = service->keys;
    service->keys = keys;
    pthread_rwlock_unlock(&service->lock);
    lk_leak_keys_free(old);
    return 0;
}

void lk_leak_service_close(struct lk_leak_service *service) {
    if (service->finders == NULL)
        return;
    lk_leak_keys_free(service->keys);
    lk_rate_table_free(service->finders);
    lk_rate_table_free(service->forgers);
    pthread_rwlock_destroy(&service->lock);
    *service = (struct lk_leak_service){0};
}

/* --- answers --- */

static void answer(struct http_request *request, int status, struct lk_slice body) {
    http_set_status(request, status);
    http_add_header(request, "Content-Type", lk_slice_cstr("application/json; charset=utf-8"));
    http_add_header(request, "Cache-Control", lk_slice_cstr("no-store"));
    http_set_body(request, body);
    http_send(request);
}

static void answer_done(const struct work *work) {
    if (work->answer.ptr != NULL)
        answer(work->request, 200, work->answer);
    else
        answer(work->request, 202, lk_slice_cstr("{}"));
}

static void answer_unavailable(struct http_request *request) {
    lk_answer_problem(request, 503, LK_CODE_UNAVAILABLE, "The server cannot answer now; try again");
}

/* Whom a request counts for. */
static struct lk_id subject_of(const struct lk_leak_service *service, const struct http_request *request) {
    struct lk_ip ip;
    return lk_rate_subject_of_ip(lk_client_ip(service->lanes, request, &ip) ? &ip : NULL);
}

static void answer_limited(struct http_request *request, const struct lk_rate_state *state) {
    lk_add_retry_after(request, state);
    lk_answer_problem(request, 429, LK_CODE_RATE_LIMITED, "Too many requests from this address: 60 an hour are taken");
}

static void refuse(struct http_request *request, const char *sentence) {
    lk_answer_problem(request, 400, LK_CODE_BAD_USER_INPUT, sentence);
}

/* --- disabling, on the store thread --- */

static int disable(const struct work *work, const struct report *report, struct lk_db *db, struct lk_arena *arena) {
    struct lk_problem problem = {0};
    struct lk_call call = work->call;
    call.db = db;
    call.arena = arena;
    call.problem = &problem;
    call.origin.status = work->answer.ptr != NULL ? 200 : 202;
    const struct lk_leak leak = {work->reported_by, report->url, report->source};
    int code = lk_operation_begin(&call);
    if (code != 0)
        return code;
    struct lk_id key;
    code = lk_api_key_disable_leaked(&call, report->token, &leak, &key);
    int ended = lk_operation_end(&call, code != 0);
    if (code == LK_ENOTFOUND) /* deleted meanwhile: it opens nothing either */
        code = 0;
    return ended != 0 ? ended : code;
}

/* Some of the reports. One that fails keeps none of the others in use. */
static void run(struct lk_job *base, struct lk_db *db) {
    struct work *work = (struct work *)base;
    const int64_t end_ns = lk_clock_mono_ns() + PIECE_NS;
    struct lk_arena arena;
    lk_arena_init(&arena, ARENA_MAX);
    do {
        struct report *report = &work->reports[work->next++];
        if (!report->known)
            continue;
        report->code = disable(work, report, db, &arena);
        lk_arena_reset(&arena);
    } while (work->next < work->len && lk_clock_mono_ns() < end_ns);
    lk_arena_free(&arena);
}

/* Says in the log what came of a report; whether it was heeded. */
static bool tell(const struct work *work, const struct report *report) {
    const struct lk_id_text key = lk_id_format(&report->key);
    int code = report->code;
    if (code != 0)
        lk_log(LK_LOG_ERROR, "a secret of API key %s was leaked, says %.*s, and could not be ended: %s", key.text,
               (int)work->reported_by.len, work->reported_by.ptr, lk_error_text(code));
    else
        lk_log(LK_LOG_WARN, "a secret of API key %s was leaked, says %.*s: it opens nothing any more", key.text, (int)work->reported_by.len,
               work->reported_by.ptr);
    return code == 0;
}

/* All reports were tried. */
static void end(const struct work *work) {
    bool heeded = true;
    lk_turns_give_back(work->service->turns, work->job.owner);
    for (size_t i = 0; i < work->len; i++) {
        if (work->reports[i].known)
            heeded = tell(work, &work->reports[i]) && heeded;
    }
    if (heeded)
        answer_done(work);
    else
        answer_unavailable(work->request);
}

/* So it went for all up to here that were not done. */
static void fail_up_to(struct work *work, size_t end, int code) {
    for (; work->done < end; work->done++)
        work->reports[work->done].code = code;
    work->next = end;
}

static void finish(struct lk_job *base, int committed) {
    struct work *work = (struct work *)base;
    if (committed != 0) /* where no transaction could be begun, there will be none for the others */
        fail_up_to(work, work->next > work->done ? work->next : work->len, committed);
    work->done = work->next;
    if (work->done < work->len) {
        if (lk_executor_resume(work->service->executor, &work->job) == 0)
            return;
        fail_up_to(work, work->len, LK_EBUSY);
    }
    end(work);
}

/* --- the I/O thread's part --- */

/* Who knows the secret knows the key: the look takes nothing from the key's limits and counts neither as its use nor as a verification. */
static void look(const struct lk_leak_service *service, const struct http_request *request, struct report *reports, size_t len) {
    struct lk_verifier *looker = &lk_lane_of(service->lanes, request)->looker;
    for (size_t i = 0; i < len; i++) {
        const struct lk_verify_request question = {.token = reports[i].token, .now_ms = lk_clock_wall_ms(), .mono_ns = lk_clock_mono_ns()};
        struct lk_verify_answer found;
        lk_verify(looker, &question, &found);
        reports[i].known = found.known;
        if (found.known)
            reports[i].key = found.key_id;
    }
}

/* In the turn of the address. Whether its reports wait for the store thread. */
static bool queue(struct work *work) {
    const struct lk_leak_service *service = work->service;
    if (!lk_turns_take_of(service->turns, service->lanes, work->request, (struct lk_slice){NULL, 0}, &work->job.owner))
        return false;
    if (lk_executor_submit(service->executor, &work->job) == 0)
        return true;
    lk_turns_give_back(service->turns, work->job.owner);
    return false;
}

static void submit(struct work *work) {
    bool any = false;
    for (size_t i = 0; i < work->len && !any; i++)
        any = work->reports[i].known;
    if (!any)
        answer_done(work);
    else if (!queue(work))
        answer_unavailable(work->request);
}

static struct work *new_work(const struct lk_leak_service *service, struct http_request *request, const char *reported_by, size_t len) {
    struct lk_arena *arena = http_request_arena(request);
    struct work *work = LK_ARENA_NEW(arena, struct work);
    struct report *reports = lk_arena_calloc(arena, len + 1, sizeof(*reports));
    if (work == NULL || reports == NULL ||
        lk_request_call(service->lanes, request, service->domain, &work->client_ip, NULL, &work->call) != 0)
        return NULL;
    work->job = (struct lk_job){NULL, run, finish};
    work->service = service;
    work->request = request;
    work->reported_by = lk_slice_cstr(reported_by);
    work->reports = reports;
    work->len = len;
    return work;
}

/* --- finders --- */

/* The tokens of {"tokens": [...]}; NULL when it is not that. */
static const struct lk_json *token_list(const struct lk_json *json) {
    const struct lk_json *list = json->type == LK_JSON_OBJECT && json->object.len == 1 ? lk_json_get(json, "tokens") : NULL;
    if (list == NULL || list->type != LK_JSON_ARRAY || list->array.len == 0 || list->array.len > LK_LEAKS_MAX)
        return NULL;
    for (size_t i = 0; i < list->array.len; i++) {
        if (list->array.items[i].type != LK_JSON_STRING)
            return NULL;
    }
    return list;
}

void lk_leaks_handle_finder(struct http_request *request, void *context) {
    struct lk_leak_service *service = context;
    const struct lk_id subject = subject_of(service, request);
    struct lk_rate_state state;
    if (!lk_rate_table_take(service->finders, &subject, 1, lk_clock_mono_ns(), &state)) {
        answer_limited(request, &state);
        return;
    }
    const struct lk_json *json = lk_json_body(request);
    if (json == NULL)
        return;
    const struct lk_json *list = token_list(json);
    if (list == NULL) {
        refuse(request, "The body must be {\"tokens\": [...]} with 1 to 1000 strings");
        return;
    }
    struct work *work = new_work(service, request, "a finder of leaked keys", list->array.len);
    if (work == NULL) {
        answer_unavailable(request);
        return;
    }
    for (size_t i = 0; i < list->array.len; i++)
        work->reports[i].token = list->array.items[i].string;
    look(service, request, work->reports, work->len);
    submit(work);
}

/* --- GitHub --- */

static bool is_signed(struct lk_leak_service *service, const struct http_request *request) {
    struct lk_slice identifier = http_request_header(request, "github-public-key-identifier");
    struct lk_slice signature = http_request_header(request, "github-public-key-signature");
    pthread_rwlock_rdlock(&service->lock);
    bool good = service->keys != NULL && lk_leak_keys_check(service->keys, identifier, signature, http_request_body(request));
    pthread_rwlock_unlock(&service->lock);
    return good;
}

static bool has_keys(struct lk_leak_service *service) {
    pthread_rwlock_rdlock(&service->lock);
    bool has = service->keys != NULL;
    pthread_rwlock_unlock(&service->lock);
    return has;
}

/* Sends the answer when the request is not GitHub's. */
static bool admit_github(struct lk_leak_service *service, struct http_request *request) {
    const struct lk_id subject = subject_of(service, request);
    struct lk_rate_state state;
    if (!has_keys(service)) {
        lk_answer_problem(request, 404, LK_CODE_NOT_FOUND,
                          "This server has no public keys to check GitHub's signature with (--leak-public-keys)");
        return false;
    }
    if (!lk_rate_table_take(service->forgers, &subject, 1, lk_clock_mono_ns(), &state)) {
        answer_limited(request, &state);
        return false;
    }
    if (!is_signed(service, request)) {
        lk_answer_problem(request, 401, LK_CODE_UNAUTHENTICATED,
                          "Github-Public-Key-Signature is not a signature of this body by the key that Github-Public-Key-Identifier names");
        return false;
    }
    lk_rate_table_give_back(service->forgers, &subject, 1);
    return true;
}

/* A text member; empty when it is absent or null. false when it is something else. */
static bool text_member(const struct lk_json *object, const char *name, struct lk_slice *ret) {
    const struct lk_json *member = lk_json_get(object, name);
    *ret = lk_slice_cstr("");
    if (member == NULL || member->type == LK_JSON_NULL)
        return true;
    *ret = member->string;
    return member->type == LK_JSON_STRING;
}

static bool read_report(const struct lk_json *item, struct report *ret) {
    return item->type == LK_JSON_OBJECT && text_member(item, "token", &ret->token) && text_member(item, "type", &ret->type) &&
           text_member(item, "url", &ret->url) && text_member(item, "source", &ret->source) && ret->token.len > 0;
}

/* Where it was found, without what could hold a secret: the query goes, and all of it when the token, or one of our form, is in it. */
static struct lk_slice safe_url(const struct report *report) {
    struct lk_slice url = report->url;
    size_t end = 0;
    while (end < url.len && url.ptr[end] != '?' && url.ptr[end] != '#')
        end++;
    url.len = end;
    if (memmem(url.ptr, url.len, report->token.ptr, report->token.len) != NULL || memmem(url.ptr, url.len, "lk_", 3) != NULL)
        return lk_slice_cstr("");
    return url;
}

/* As the protocol's documentation has it: a hash, so that no answer holds a secret. */
static int write_answer(struct work *work) {
    struct lk_buf *out = http_body(work->request);
    struct lk_json_writer w;
    lk_json_writer_init(&w, out);
    lk_json_begin_array(&w);
    for (size_t i = 0; i < work->len; i++) {
        const struct report *report = &work->reports[i];
        uint8_t hash[LK_SHA256_BYTES];
        char hex[2 * LK_SHA256_BYTES];
        if (lk_sha256(report->token, hash) != 0)
            return LK_ENOMEM;
        lk_hex_encode(hash, sizeof(hash), hex);
        lk_json_begin_object(&w);
        lk_json_key(&w, "token_hash");
        lk_json_string(&w, lk_slice_make(hex, sizeof(hex)));
        lk_json_key(&w, "token_type");
        lk_json_string(&w, report->type);
        lk_json_key(&w, "label");
        lk_json_string(&w, lk_slice_cstr(report->known ? "true_positive" : "false_positive"));
        lk_json_end_object(&w);
    }
    lk_json_end_array(&w);
    if (out->failed)
        return LK_ENOMEM;
    char *copy = lk_arena_strdup(http_request_arena(work->request), lk_buf_slice(out));
    if (copy == NULL)
        return LK_ENOMEM;
    work->answer = lk_slice_make(copy, lk_buf_slice(out).len);
    lk_buf_clear(out);
    return 0;
}

void lk_leaks_handle_github(struct http_request *request, void *context) {
    struct lk_leak_service *service = context;
    if (!admit_github(service, request))
        return;
    const struct lk_json *json = lk_json_body(request);
    if (json == NULL)
        return;
    if (json->type != LK_JSON_ARRAY || json->array.len > LK_LEAKS_MAX) {
        refuse(request, "The body must be an array of at most 1000 objects {token, type, url, source}");
        return;
    }
    struct work *work = new_work(service, request, "GitHub secret scanning", json->array.len);
    if (work == NULL) {
        answer_unavailable(request);
        return;
    }
    for (size_t i = 0; i < work->len; i++) {
        if (!read_report(&json->array.items[i], &work->reports[i])) {
            refuse(request, "Each of the array must be an object whose token, type, url and source are strings, and a token must be there");
            return;
        }
    }
    look(service, request, work->reports, work->len);
    for (size_t i = 0; i < work->len; i++) {
        if (work->reports[i].known)
            work->reports[i].url = safe_url(&work->reports[i]);
    }
    if (write_answer(work) != 0) {
        answer_unavailable(request);
        return;
    }
    submit(work);
}
