#include "api/auth.h"

#include "api/credential.h"
#include "api/errors.h"
#include "api/problem.h"
#include "api/rate_headers.h"
#include "base/characters.h"

#include <stdio.h>

/* What is foreseen of a request. */
struct note {
    struct lk_slice token;
    struct lk_foreseen foreseen;
};

_Static_assert(sizeof(struct note) <= HTTP_NOTE_BYTES, "it fits");

/* --- the path --- */

/* What follows the expression's first "/at/", or "/at" at the end, is the gateway's. */
static struct lk_slice cut_at(struct lk_slice text) {
    static const struct lk_slice mark = LK_SLICE("/at");
    for (size_t i = 0; i + mark.len <= text.len; i++) {
        bool ends = i + mark.len == text.len || text.ptr[i + mark.len] == '/';
        if (ends && memcmp(text.ptr + i, mark.ptr, mark.len) == 0)
            return lk_slice_make(text.ptr, i);
    }
    return text;
}

/* Takes the expression, still encoded, out of the path; ptr NULL when it has none. false: there is nothing at this path. */
static bool read_path(struct lk_slice path, struct lk_slice *ret) {
    static const struct lk_slice require = LK_SLICE("/require/");
    struct lk_slice rest = lk_slice_make(path.ptr + strlen(LK_AUTH_PATH), path.len - strlen(LK_AUTH_PATH));
    if (rest.len >= require.len && memcmp(rest.ptr, require.ptr, require.len) == 0) {
        *ret = cut_at(lk_slice_make(rest.ptr + require.len, rest.len - require.len));
        return true;
    }
    *ret = (struct lk_slice){NULL, 0};
    return rest.len == 0 || cut_at(rest).len == 0;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte more than an expression may have: what is longer is cut, and still too long. */
#define DECODED_MAX (LK_EXPRESSION_BYTES_MAX + 1)

/* Percent-decodes into out. false when an escape is broken: *ret_len is then where, in text. */
static bool decode(struct lk_slice text, char out[DECODED_MAX], size_t *ret_len) {
    size_t len = 0;
    for (size_t i = 0; i < text.len && len < DECODED_MAX; i++) {
        int value = (unsigned char)text.ptr[i];
        if (value == '%') {
            int high = i + 2 < text.len ? hex_value(text.ptr[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_value(text.ptr[i + 2]) : -1;
            if (high < 0 || low < 0) {
                *ret_len = i;
                return false;
            }
            value = high * 16 + low;
            i += 2;
        }
        out[len++] = (char)value;
    }
    *ret_len = len;
    return true;
}

/* --- the answer --- */

static int status_of(const struct lk_auth_service *service, enum lk_verify_code code) {
    switch (code) {
    case LK_VERIFY_VALID: return 200;
    case LK_VERIFY_IP_NOT_ALLOWED:
    case LK_VERIFY_INSUFFICIENT_PERMISSIONS: return 403;
    case LK_VERIFY_RATE_LIMITED:
    case LK_VERIFY_USAGE_EXCEEDED: return atomic_load_explicit(&service->rate_status, memory_order_relaxed);
    default: return 401;
    }
}

static bool is_plain(char c) {
    return c > 0x20 && c < 0x7F && c != '%' && c != ',';
}

/* The opposite, of sixteen. */
static lk_characters are_odd(lk_characters c) {
    return (lk_characters)((c <= 0x20) | (c >= 0x7F) | (c == '%') | (c == ','));
}

/* A name as a header value: everything but visible ASCII, commas and % percent-encoded. Writes up to three bytes for each; returns the end. */
static char *put_name(char *out, struct lk_slice name) {
    static const char digits[] = "0123456789ABCDEF";
    if (!lk_any_character(name, are_odd))
        return lk_put(out, name);
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (is_plain(name.ptr[i])) {
            *out++ = name.ptr[i];
        } else {
            *out++ = '%';
            *out++ = digits[c >> 4];
            *out++ = digits[c & 15];
        }
    }
    return out;
}

/* The identity of a known key, as header values in the request's arena; the keyring's own memory is only lent. */
struct identity {
    struct lk_slice account, key, name, groups, scopes;
};

static char *put(char *at, struct lk_slice text, struct lk_slice *ret) {
    *ret = lk_slice_make(at, text.len);
    return lk_put(at, text);
}

static char *put_id(char *at, const struct lk_id *id, struct lk_slice *ret) {
    lk_base64url_encode(id->bytes, LK_ID_BYTES, at);
    *ret = lk_slice_make(at, LK_ID_TEXT);
    return at + LK_ID_TEXT;
}

/* All in one block: this is done for every request. A key may have megabytes of scopes, which wait in memory for who does not read them. */
static int identify(const struct lk_verify_answer *answer, struct http_request *request, struct identity *ret) {
    const struct lk_permission_set *set = answer->set;
    size_t size = (size_t)2 * LK_ID_TEXT + 3 * answer->name.len + set->groups_header.len + set->scopes_header.len;
    bool has_room = size <= HTTP_BODY_ROOM_MIN || size <= http_body_room(request);
    char *at = has_room ? lk_arena_alloc(http_request_arena(request), size) : NULL;
    if (at == NULL)
        return LK_ENOMEM;
    at = put(at, lk_slice_make(set->account_text, LK_ID_TEXT), &ret->account);
    at = put_id(at, &answer->key_id, &ret->key);
    at = put(at, set->groups_header, &ret->groups);
    at = put(at, set->scopes_header, &ret->scopes);
    ret->name = lk_slice_make(at, (size_t)(put_name(at, answer->name) - at));
    return 0;
}

static void add_identity(struct http_request *request, const struct identity *identity, const char *code) {
    const struct http_answer_field fields[] = {
        {LK_SLICE("X-Latchkey-Account-Id"), identity->account}, {LK_SLICE("X-Latchkey-Key-Id"), identity->key},
        {LK_SLICE("X-Latchkey-Key-Name"), identity->name},      {LK_SLICE("X-Latchkey-Groups"), identity->groups},
        {LK_SLICE("X-Latchkey-Scopes"), identity->scopes},      {LK_SLICE("X-Latchkey-Code"), lk_slice_cstr(code)},
    };
    http_add_fields(request, fields, sizeof(fields) / sizeof(fields[0]));
}

/* Every answer names somebody or nobody, errors included: a gateway that copies our fields over the client's must find them all. */
static void add_nobody(struct http_request *request, const char *code) {
    static const struct identity nobody;
    add_identity(request, &nobody, code);
}

static void refuse_nobody(struct http_request *request, const char *code, const char *challenge) {
    http_set_status(request, 401);
    add_nobody(request, code);
    http_add_header(request, "Cache-Control", lk_slice_cstr("no-store"));
    http_add_header(request, "WWW-Authenticate", lk_slice_cstr(challenge));
    http_send(request);
}

static void answer(struct http_request *request, const struct lk_auth_service *service, const struct lk_verify_answer *verified) {
    int status = status_of(service, verified->code);
    const char *code = lk_verify_code_name(verified->code);
    if (status == 401) {
        refuse_nobody(request, code, "Bearer realm=\"latchkey\", error=\"invalid_token\"");
        return;
    }
    struct identity identity;
    if (identify(verified, request, &identity) != 0) {
        add_nobody(request, "");
        lk_answer_problem(request, 503, LK_CODE_UNAVAILABLE, "The server has no room for the answer; try again");
        return;
    }
    http_set_status(request, status);
    add_identity(request, &identity, code);
    http_add_header(request, "Cache-Control", lk_slice_cstr("no-store"));
    if (verified->has_rate) {
        const struct lk_named_rate rate = {"default", verified->rate};
        lk_add_rate_headers(request, &rate, 1);
    }
    if (verified->code == LK_VERIFY_RATE_LIMITED)
        lk_add_retry_after(request, &verified->rate);
    if (verified->code == LK_VERIFY_INSUFFICIENT_PERMISSIONS)
        lk_add_scope_challenge(request);
    http_send(request);
}

/* --- the question --- */

static void answer_broken_escape(struct http_request *request, struct lk_slice encoded, size_t at) {
    struct lk_expression_error error = {.offset = at, .column = at + 1, .expected = "two hexadecimal digits after %"};
    size_t left = encoded.len - at;
    snprintf(error.found, sizeof(error.found), "%.*s", (int)(left < 3 ? left : 3), encoded.ptr + at);
    add_nobody(request, "");
    lk_answer_expression_problem(request, "", &error);
}

/* Sets *ret to the compiled expression, or sends the answer that says why there is none and returns false. */
static bool find_expression(struct http_request *request, struct lk_lane *lane, struct lk_slice encoded, const struct lk_expression **ret) {
    char text[DECODED_MAX];
    size_t len = 0;
    if (!decode(encoded, text, &len)) {
        answer_broken_escape(request, encoded, len);
        return false;
    }
    struct lk_expression_error error;
    int code = lk_expression_cache_get(lane->expressions, lk_slice_make(text, len), ret, &error);
    if (code == 0)
        return true;
    add_nobody(request, "");
    if (code == LK_ENOMEM)
        lk_answer_problem(request, 503, LK_CODE_UNAVAILABLE, "The server has no memory for this request");
    else
        lk_answer_expression_problem(request, "", &error);
    return false;
}

void lk_auth_foresee(struct http_request *const *requests, size_t len, void *context) {
    const struct lk_auth_service *service = context;
    struct lk_slice tokens[HTTP_TOGETHER_MAX];
    struct lk_foreseen *foreseen[HTTP_TOGETHER_MAX];
    size_t tokens_len = 0;
    for (size_t i = 0; i < len; i++) {
        struct lk_slice token = lk_credential(requests[i]);
        if (token.ptr == NULL)
            continue;
        struct note *note = http_request_foresee(requests[i]);
        note->token = token;
        foreseen[tokens_len] = &note->foreseen;
        tokens[tokens_len++] = token;
    }
    lk_verify_foresee(lk_lane_of(service->lanes, requests[0])->verifier.keyring, tokens, tokens_len, foreseen);
}

void lk_auth_handle(struct http_request *request, void *context) {
    const struct lk_auth_service *service = context;
    struct lk_lane *lane = lk_lane_of(service->lanes, request);
    struct lk_slice encoded;
    if (!read_path(http_request_path(request), &encoded)) {
        add_nobody(request, "");
        lk_answer_problem(request, 404, LK_CODE_NOT_FOUND, "There is nothing at this path");
        return;
    }
    const struct lk_expression *require = NULL;
    if (encoded.ptr != NULL && !find_expression(request, lane, encoded, &require))
        return;
    const struct note *note = http_request_note(request);
    struct lk_slice token = note != NULL ? note->token : lk_credential(request);
    if (token.ptr == NULL) {
        refuse_nobody(request, "", "Bearer realm=\"latchkey\"");
        return;
    }
    struct lk_ip ip;
    struct lk_verify_request question = {
        .token = token,
        .foreseen = note != NULL ? &note->foreseen : NULL,
        .ip = lk_client_ip(service->lanes, request, &ip) ? &ip : NULL,
        .require = require,
        .cost = 1,
    };
    http_request_time(request, &question.now_ms, &question.mono_ns);
    struct lk_verify_answer verified;
    lk_verify(&lane->verifier, &question, &verified);
    answer(request, service, &verified);
    lk_latency_end(&lane->latency[LK_BY_AUTH], question.mono_ns);
}
