#include "api/verify.h"

#include "api/credential.h"
#include "api/errors.h"
#include "api/keyring_feed.h"
#include "api/problem.h"
#include "base/clock.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "crypto/session_token.h"

#include <stdio.h>

int lk_verify_service_open(const struct lk_lanes *lanes, struct lk_verify_service *ret) {
    struct lk_verify_service service = {.lanes = lanes};
    int code = lk_expression_compile(lk_keyring_vocabulary(),
                                     lk_slice_cstr("VIEW_USER_AND_USER_GROUPS_AND_API_KEYS OR MANAGE_API_KEYS OR latchkey.verify"),
                                     &service.may_verify, NULL);
    if (code == 0)
        *ret = service;
    return code;
}

void lk_verify_service_close(struct lk_verify_service *service) {
    lk_expression_free(service->may_verify);
    *service = (struct lk_verify_service){0};
}

/* --- the caller --- */

/* One request under work. */
struct work {
    struct http_request *request;
    struct lk_lane *lane;
    struct lk_id account; /* the caller's */
    int64_t now_ms;
    int64_t mono_ns;
};

enum lk_verify_code lk_verify_caller(const struct lk_lanes *lanes, const struct http_request *request, struct lk_slice token,
                                     const struct lk_expression *require, struct lk_verify_answer *ret) {
    struct lk_ip ip;
    const struct lk_verify_request question = {
        .token = token,
        .ip = lk_client_ip(lanes, request, &ip) ? &ip : NULL,
        .require = require,
        .now_ms = lk_clock_wall_ms(),
        .mono_ns = lk_clock_mono_ns(),
    };
    return lk_verify(&lk_lane_of(lanes, request)->caller, &question, ret);
}

bool lk_is_recognised(enum lk_verify_code code) {
    return code != LK_VERIFY_MALFORMED && code != LK_VERIFY_NOT_FOUND && code != LK_VERIFY_DISABLED && code != LK_VERIFY_EXPIRED;
}

bool lk_recognise(const struct lk_lanes *lanes, const struct http_request *request, struct lk_slice credential,
                  struct lk_verify_answer *ret) {
    *ret = (struct lk_verify_answer){0};
    if (lk_session_token_like(credential))
        return lk_session_token_check(credential);
    return lk_is_recognised(lk_verify_caller(lanes, request, credential, NULL, ret));
}

bool lk_may_be_recognised(const struct lk_lanes *lanes, const struct http_request *request, bool *ret_known) {
    struct lk_slice credential = lk_credential(request);
    if (lk_session_token_like(credential))
        return lk_session_token_check(credential);
    const struct lk_verify_request question = {.token = credential, .now_ms = lk_clock_wall_ms(), .mono_ns = lk_clock_mono_ns()};
    struct lk_verify_answer ignored;
    *ret_known = credential.ptr != NULL && lk_is_recognised(lk_verify(&lk_lane_of(lanes, request)->looker, &question, &ignored));
    return *ret_known;
}

bool lk_verify_admits(const struct http_request *request, void *service, bool *ret_known) {
    const struct lk_verify_service *verify = service;
    return lk_may_be_recognised(verify->lanes, request, ret_known);
}

/* Sends the answer when the caller may not verify. */
static bool admit(struct work *work, const struct lk_verify_service *service) {
    struct lk_verify_answer caller;
    switch (lk_verify_caller(service->lanes, work->request, lk_credential(work->request), service->may_verify, &caller)) {
    case LK_VERIFY_VALID: work->account = caller.account_id; return true;
    case LK_VERIFY_IP_NOT_ALLOWED:
        lk_answer_problem(work->request, 403, LK_CODE_FORBIDDEN, "User not authorized: this API key may not be used from this address");
        return false;
    case LK_VERIFY_INSUFFICIENT_PERMISSIONS:
    case LK_VERIFY_RATE_LIMITED:
    case LK_VERIFY_USAGE_EXCEEDED:
        lk_add_scope_challenge(work->request);
        lk_answer_problem(
            work->request, 403, LK_CODE_FORBIDDEN,
            "User not authorized: VIEW_USER_AND_USER_GROUPS_AND_API_KEYS, MANAGE_API_KEYS or the scope latchkey.verify is required");
        return false;
    default: lk_answer_problem(work->request, 401, LK_CODE_UNAUTHENTICATED, "Invalid API Key"); return false;
    }
}

static bool begin(struct work *work, struct http_request *request, const struct lk_verify_service *service) {
    *work = (struct work){
        .request = request,
        .lane = lk_lane_of(service->lanes, request),
        .now_ms = lk_clock_wall_ms(),
        .mono_ns = lk_clock_mono_ns(),
    };
    return admit(work, service);
}

/* --- what is asked --- */

/* One key to verify. */
struct item {
    struct lk_slice require; /* ptr NULL: none */
    struct lk_ip ip;
};

/* Where in the body a sentence is about. */
struct place {
    bool batch;
    size_t index; /* in a batch */
};

static int refuse(struct lk_problem *problem, const struct place *place, const char *what) {
    if (place->batch)
        return lk_problem_set(problem, LK_EINVAL, "requests[%zu]: %s", place->index, what);
    return lk_problem_set(problem, LK_EINVAL, "%s", what);
}

static int read_member(const struct lk_json_member *member, const struct place *place, struct lk_verify_request *question,
                       struct item *item, struct lk_problem *problem) {
    const struct lk_json *value = &member->value;
    bool is_text = value->type == LK_JSON_STRING;
    if (lk_slice_is(member->name, "key")) {
        if (!is_text)
            return refuse(problem, place, "key must be a string");
        question->token = value->string;
    } else if (lk_slice_is(member->name, "require")) {
        if (!is_text && value->type != LK_JSON_NULL)
            return refuse(problem, place, "require must be a string or null");
        item->require = is_text ? value->string : (struct lk_slice){NULL, 0};
    } else if (lk_slice_is(member->name, "ip")) {
        if (value->type == LK_JSON_NULL)
            return 0;
        if (!is_text || lk_ip_parse(value->string, &item->ip) != 0)
            return refuse(problem, place, "ip must be an IPv4 or IPv6 address");
        question->ip = &item->ip;
    } else if (lk_slice_is(member->name, "cost")) {
        if (value->type == LK_JSON_NULL)
            return 0;
        if (value->type != LK_JSON_INT || value->integer < 0 || value->integer > UINT32_MAX)
            return refuse(problem, place, "cost must be a whole number from 0 to 4294967295");
        question->cost = (uint32_t)value->integer;
    } else {
        return refuse(problem, place, "only the members key, require, ip and cost are known");
    }
    return 0;
}

static int read_item(const struct work *work, const struct lk_json *json, const struct place *place, struct lk_verify_request *question,
                     struct item *item, struct lk_problem *problem) {
    *question = (struct lk_verify_request){.account = &work->account, .cost = 1, .now_ms = work->now_ms, .mono_ns = work->mono_ns};
    *item = (struct item){0};
    if (json->type != LK_JSON_OBJECT)
        return refuse(problem, place, "an object with a member key is expected");
    int code = 0;
    for (size_t i = 0; i < json->object.len && code == 0; i++)
        code = read_member(&json->object.members[i], place, question, item, problem);
    if (code == 0 && question->token.ptr == NULL)
        code = refuse(problem, place, "the member key is missing");
    return code;
}

/* false when the expression is none and the answer that says so has been sent. */
static bool find_expression(struct work *work, const struct item *item, const struct place *place, struct lk_verify_request *question) {
    if (item->require.ptr == NULL)
        return true;
    struct lk_expression_error error;
    int code = lk_expression_cache_get(work->lane->expressions, item->require, &question->require, &error);
    if (code == 0)
        return true;
    if (code == LK_ENOMEM) {
        lk_answer_problem(work->request, 503, LK_CODE_UNAVAILABLE, "The server has no memory for this request");
        return false;
    }
    char where[40] = "";
    if (place->batch)
        snprintf(where, sizeof(where), "requests[%zu]: ", place->index);
    lk_answer_expression_problem(work->request, where, &error);
    return false;
}

/* --- what is answered --- */

/* A thousand of these are written for one request, so what never varies goes out in long pieces. What follows a piece needs no comma. */
static inline void put(struct lk_json_writer *w, struct lk_slice piece) {
    (void)lk_buf_add(w->out, piece);
    w->comma = false;
}

#define PIECE(text) (struct lk_slice) LK_SLICE(text)

/* Which needs no escapes. */
static void put_id(struct lk_json_writer *w, const struct lk_id *id) {
    char text[LK_ID_TEXT];
    lk_base64url_encode(id->bytes, LK_ID_BYTES, text);
    put(w, lk_slice_make(text, sizeof(text)));
}

static void write_rate(struct lk_json_writer *w, const struct work *work, const struct lk_verify_answer *answer) {
    if (!answer->has_rate) {
        put(w, PIECE(",\"rateLimit\":null"));
        return;
    }
    put(w, PIECE(",\"rateLimit\":{\"limit\":"));
    lk_json_int(w, answer->rate.limit);
    put(w, PIECE(",\"remaining\":"));
    lk_json_int(w, answer->rate.remaining);
    put(w, PIECE(",\"resetAt\":"));
    lk_json_int(w, work->now_ms + answer->rate.reset_ms);
    put(w, PIECE("}"));
}

static void write_credits(struct lk_json_writer *w, const struct lk_verify_answer *answer) {
    if (!answer->has_credits) {
        put(w, PIECE(",\"credits\":null"));
        return;
    }
    put(w, PIECE(",\"credits\":{\"remaining\":"));
    lk_json_int(w, answer->credits_left);
    put(w, PIECE("}"));
}

static void write_known(struct lk_json_writer *w, const struct work *work, const struct lk_verify_answer *answer) {
    put(w, PIECE(",\"keyId\":\""));
    put_id(w, &answer->key_id);
    put(w, PIECE("\",\"accountId\":\""));
    put(w, lk_slice_make(answer->set->account_text, LK_ID_TEXT));
    put(w, PIECE("\",\"name\":"));
    lk_json_string(w, answer->name);
    put(w, PIECE(","));
    put(w, answer->set->json);
    if (answer->expires_at == LK_KEYRING_FOREVER) {
        put(w, PIECE(",\"expiresAt\":null,\"metadata\":"));
    } else {
        put(w, PIECE(",\"expiresAt\":"));
        lk_json_int(w, answer->expires_at);
        put(w, PIECE(",\"metadata\":"));
    }
    put(w, answer->metadata.len > 0 ? answer->metadata : PIECE("{}"));
    write_rate(w, work, answer);
    write_credits(w, answer);
}

static void write_answer(struct lk_json_writer *w, const struct work *work, const struct lk_verify_answer *answer) {
    static const struct lk_slice unknown =
        LK_SLICE(",\"keyId\":null,\"accountId\":null,\"name\":null,\"userGroupIds\":[],\"accountPermissions\":[],"
                 "\"scopes\":[],\"expiresAt\":null,\"metadata\":null,\"rateLimit\":null,\"credits\":null");
    lk_json_begin_object(w);
    if (answer->code == LK_VERIFY_VALID) {
        put(w, PIECE("\"valid\":true,\"code\":\"VALID\""));
    } else {
        put(w, PIECE("\"valid\":false,\"code\":\""));
        put(w, lk_slice_cstr(lk_verify_code_name(answer->code)));
        put(w, PIECE("\""));
    }
    if (answer->known)
        write_known(w, work, answer);
    else
        put(w, unknown);
    lk_json_end_object(w);
}

static void send_json(struct http_request *request) {
    if (!lk_body_has_room(request)) {
        lk_answer_problem(request, 503, LK_CODE_UNAVAILABLE, "The server has no room for the answer; try again");
        return;
    }
    http_add_header(request, "Content-Type", lk_slice_cstr("application/json; charset=utf-8"));
    http_add_header(request, "Cache-Control", lk_slice_cstr("no-store"));
    http_send(request);
}

/* --- one --- */

void lk_verify_handle(struct http_request *request, void *service) {
    struct work work;
    if (!begin(&work, request, service))
        return;
    const struct lk_json *json = lk_json_body(request);
    if (json == NULL)
        return;
    const struct place place = {.batch = false};
    struct lk_problem problem;
    struct lk_verify_request question;
    struct item item;
    if (read_item(&work, json, &place, &question, &item, &problem) != 0) {
        lk_answer_problem(request, 400, LK_CODE_BAD_USER_INPUT, problem.text);
        return;
    }
    if (!find_expression(&work, &item, &place, &question))
        return;
    struct lk_verify_answer answer;
    lk_verify(&work.lane->verifier, &question, &answer);
    struct lk_json_writer w;
    lk_json_writer_init(&w, http_body(request));
    write_answer(&w, &work, &answer);
    send_json(request);
    lk_latency_end(&work.lane->latency[LK_BY_VERIFY], work.mono_ns);
}

/* --- many --- */

/* Bytes of an answer about a key in a group or two. */
#define ANSWER_USUAL 512

/* Most bytes of them all: a key may have megabytes of scopes, and be asked about again and again. */
#define ANSWERS_MAX ((size_t)8 << 20)

struct batch {
    struct item *items;
    struct lk_verify_request *questions;
    struct lk_verify_answer *answers;
    size_t len;
};

/* The array in {"requests":[...]}; NULL when the answer that says why not has been sent. */
static const struct lk_json *read_requests(struct http_request *request) {
    const struct lk_json *json = lk_json_body(request);
    if (json == NULL)
        return NULL;
    const struct lk_json *requests = lk_json_get(json, "requests");
    char text[96];
    if (requests == NULL || requests->type != LK_JSON_ARRAY || json->object.len != 1)
        snprintf(text, sizeof(text), "An object with one member is expected: requests, an array");
    else if (requests->array.len > LK_BATCH_MAX)
        snprintf(text, sizeof(text), "Too many requests: %zu, and at most %d are allowed", requests->array.len, LK_BATCH_MAX);
    else
        return requests;
    lk_answer_problem(request, 400, LK_CODE_BAD_USER_INPUT, text);
    return NULL;
}

/* Reads all before any is verified, so that a mistake in one takes nothing from the limits of others. */
static bool read_batch(struct work *work, const struct lk_json *requests, struct batch *ret) {
    struct lk_arena *arena = http_request_arena(work->request);
    /* All of it is written before it is read. */
    struct batch batch = {.len = requests->array.len};
    batch.items = lk_arena_alloc(arena, batch.len * sizeof(*batch.items));
    batch.questions = lk_arena_alloc(arena, batch.len * sizeof(*batch.questions));
    batch.answers = lk_arena_alloc(arena, batch.len * sizeof(*batch.answers));
    if (batch.items == NULL || batch.questions == NULL || batch.answers == NULL) {
        lk_answer_no_memory(work->request);
        return false;
    }
    struct lk_problem problem;
    for (size_t i = 0; i < batch.len; i++) {
        const struct place place = {.batch = true, .index = i};
        if (read_item(work, &requests->array.items[i], &place, &batch.questions[i], &batch.items[i], &problem) != 0) {
            lk_answer_problem(work->request, 400, LK_CODE_BAD_USER_INPUT, problem.text);
            return false;
        }
        if (!find_expression(work, &batch.items[i], &place, &batch.questions[i]))
            return false;
    }
    *ret = batch;
    return true;
}

static bool same_expression(const struct item *a, const struct item *b) {
    return (a->require.ptr == NULL) == (b->require.ptr == NULL) && lk_slice_equal(a->require, b->require);
}

/* Verifies runs that share an expression: the cache may have dropped those of earlier runs. */
static bool verify_batch(struct work *work, const struct batch *batch) {
    for (size_t i = 0, end; i < batch->len; i = end) {
        const struct place place = {.batch = true, .index = i};
        if (!find_expression(work, &batch->items[i], &place, &batch->questions[i]))
            return false;
        for (end = i + 1; end < batch->len && same_expression(&batch->items[i], &batch->items[end]); end++)
            batch->questions[end].require = batch->questions[i].require;
        lk_verify_batch(&work->lane->verifier, &batch->questions[i], end - i, &batch->answers[i]);
    }
    return true;
}

void lk_verify_handle_batch(struct http_request *request, void *service) {
    struct work work;
    struct batch batch;
    if (!begin(&work, request, service))
        return;
    const struct lk_json *requests = read_requests(request);
    if (requests == NULL || !read_batch(&work, requests, &batch) || !verify_batch(&work, &batch))
        return;
    (void)lk_buf_reserve(http_body(request), batch.len * ANSWER_USUAL); /* else it grows, copy by copy */
    struct lk_json_writer w;
    lk_json_writer_init(&w, http_body(request));
    lk_json_begin_object(&w);
    lk_json_key(&w, "results");
    lk_json_begin_array(&w);
    for (size_t i = 0; i < batch.len && http_body(request)->len <= ANSWERS_MAX; i++)
        write_answer(&w, &work, &batch.answers[i]);
    if (http_body(request)->len > ANSWERS_MAX) {
        lk_buf_free(http_body(request));
        lk_answer_problem(request, 400, LK_CODE_BAD_USER_INPUT, "The answer would be too large: ask about fewer keys at a time");
        return;
    }
    lk_json_end_array(&w);
    lk_json_end_object(&w);
    send_json(request);
    lk_latency_end(&work.lane->latency[LK_BY_BATCH_VERIFY], work.mono_ns);
}
