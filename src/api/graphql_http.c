#include "api/graphql_http.h"

#include "base/utf8.h"
#include "http/url.h"

#include <inttypes.h>

#define ACCEPTED "application/json, application/graphql, text/plain, multipart/form-data"
#define ACCEPTED_FORMS "multipart/form-data, application/x-www-form-urlencoded, application/json"

static int refuse(struct lk_graphql_refusal *refusal, int status, const char *text) {
    refusal->status = status;
    return lk_problem_set(&refusal->problem, LK_EINVAL, "%s", text);
}

static int refuse_not_utf8(struct lk_graphql_refusal *refusal, const char *what) {
    refusal->status = 400;
    return lk_problem_set(&refusal->problem, LK_EINVAL, "%s is not valid UTF-8", what);
}

/* --- the JSON request --- */

static bool is_absent(const struct lk_json *value) {
    return value == NULL || value->type == LK_JSON_NULL;
}

/* An optional member that must be an object. */
static int take_object(const struct lk_json *value, const char *name, const struct lk_json **ret, struct lk_graphql_refusal *refusal) {
    if (is_absent(value))
        return 0;
    if (value->type != LK_JSON_OBJECT) {
        refusal->status = 400;
        return lk_problem_set(&refusal->problem, LK_EINVAL, "\"%s\" must be an object", name);
    }
    *ret = value;
    return 0;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

static bool read_hash(struct lk_slice text, uint8_t out[32]) {
    if (text.len != 64)
        return false;
    for (size_t i = 0; i < 32; i++) {
        int high = hex_digit(text.ptr[2 * i]);
        int low = hex_digit(text.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* extensions.persistedQuery: {"version":1,"sha256Hash":"64 hexadecimal digits"}. Other extensions are not ours. */
static int take_extensions(const struct lk_json *extensions, struct lk_graphql_params *ret, struct lk_graphql_refusal *refusal) {
    const struct lk_json *persisted = lk_json_get(extensions, "persistedQuery");
    if (is_absent(persisted))
        return 0;
    const struct lk_json *version = lk_json_get(persisted, "version");
    if (version == NULL || version->type != LK_JSON_INT || version->integer != 1)
        return refuse(refusal, 400, "Unsupported persisted query version");
    if (!read_hash(lk_json_text(lk_json_get(persisted, "sha256Hash")), ret->hash))
        return refuse(refusal, 400, "\"sha256Hash\" must be 64 lower-case hexadecimal digits");
    ret->persisted = true;
    return 0;
}

static int decode_request(const struct lk_json *json, struct lk_graphql_params *ret, struct lk_graphql_refusal *refusal) {
    if (json->type != LK_JSON_OBJECT)
        return refuse(refusal, 400, "A GraphQL request must be a JSON object with a \"query\"");
    const struct lk_json *extensions = NULL;
    int code = take_object(lk_json_get(json, "extensions"), "extensions", &extensions, refusal);
    if (code == 0)
        code = take_extensions(extensions, ret, refusal);
    if (code == 0)
        code = take_object(lk_json_get(json, "variables"), "variables", &ret->variables, refusal);
    if (code != 0)
        return code;
    const struct lk_json *query = lk_json_get(json, "query");
    if (is_absent(query) && !ret->persisted)
        return refuse(refusal, 400, "Must provide query string.");
    if (!is_absent(query) && query->type != LK_JSON_STRING)
        return refuse(refusal, 400, "\"query\" must be a string");
    const struct lk_json *name = lk_json_get(json, "operationName");
    if (!is_absent(name) && name->type != LK_JSON_STRING)
        return refuse(refusal, 400, "\"operationName\" must be a string");
    if (!is_absent(query))
        ret->query = query->string;
    /* No operation has an empty name: it is what clients send that have none to send, as in forms. */
    if (!is_absent(name) && name->string.len > 0)
        ret->operation_name = name->string;
    return 0;
}

static int decode_batch(const struct lk_json *json, size_t batch_max, struct lk_arena *arena, struct lk_graphql_decoded *ret,
                        struct lk_graphql_refusal *refusal) {
    size_t len = json->array.len;
    if (len == 0)
        return refuse(refusal, 400, "A batch must hold at least one request");
    if (len > batch_max) {
        refusal->status = 400;
        return lk_problem_set(&refusal->problem, LK_EINVAL, "A batch may hold at most %zu requests, this one has %zu", batch_max, len);
    }
    ret->requests = lk_arena_calloc(arena, len, sizeof(*ret->requests));
    if (ret->requests == NULL)
        return LK_ENOMEM;
    int code = 0;
    for (size_t i = 0; i < len && code == 0; i++)
        code = decode_request(&json->array.items[i], &ret->requests[i], refusal);
    ret->len = len;
    ret->batch = true;
    return code;
}

static int parse_json(struct lk_slice text, struct lk_arena *arena, struct lk_json **ret, struct lk_graphql_refusal *refusal) {
    refusal->status = 400;
    int code = lk_json_parse(text, arena, ret, &refusal->problem);
    return code == LK_ENOMEM ? LK_ENOMEM : code == 0 ? 0 : LK_EINVAL;
}

static int decode_json(struct lk_slice text, size_t batch_max, struct lk_arena *arena, struct lk_graphql_decoded *ret,
                       struct lk_graphql_refusal *refusal) {
    if (!lk_utf8_valid(text))
        return refuse_not_utf8(refusal, "The body");
    if (lk_slice_trim(text).len == 0)
        return refuse(refusal, 400, "The body is empty; it must be a JSON object with a \"query\"");
    struct lk_json *json;
    int code = parse_json(text, arena, &json, refusal);
    if (code != 0)
        return code;
    return json->type == LK_JSON_ARRAY ? decode_batch(json, batch_max, arena, ret, refusal) : decode_request(json, ret->requests, refusal);
}

/* text from its first character on: white space around it and a byte order mark in front say nothing. */
static struct lk_slice begin_of(struct lk_slice text) {
    static const char mark[] = "\xEF\xBB\xBF";
    if (lk_slice_starts_with(text, mark))
        text = lk_slice_make(text.ptr + strlen(mark), text.len - strlen(mark));
    return lk_slice_trim(text);
}

/* Whether text is a JSON request and not a document: no document has a string after its first brace. */
static bool looks_like_json(struct lk_slice text) {
    text = begin_of(text);
    if (text.len == 0 || text.ptr[0] != '{')
        return false;
    text = lk_slice_trim(lk_slice_make(text.ptr + 1, text.len - 1));
    return text.len > 0 && text.ptr[0] == '"';
}

static int take_document(struct lk_slice text, struct lk_graphql_params *ret, struct lk_graphql_refusal *refusal) {
    if (!lk_utf8_valid(text))
        return refuse_not_utf8(refusal, "The query");
    if (lk_slice_trim(text).len == 0)
        return refuse(refusal, 400, "Must provide query string.");
    ret->query = text;
    return 0;
}

/* --- fields: of a query string, an urlencoded or a multipart form --- */

struct fields {
    struct lk_slice encoded;      /* query string or urlencoded body */
    struct lk_slice content_type; /* of the multipart body; ptr NULL when encoded counts */
    struct lk_slice body;
};

/* 0 with *ret, its ptr NULL when there is no such field. */
static int get_field(const struct fields *fields, const char *name, struct lk_arena *arena, struct lk_slice *ret,
                     struct lk_graphql_refusal *refusal) {
    struct lk_slice value = {NULL, 0};
    int code = fields->content_type.ptr != NULL ? http_multipart_get(fields->content_type, fields->body, name, &value)
                                                : http_form_get(fields->encoded, name, arena, &value);
    if (code == LK_EINVAL) {
        refusal->status = 400;
        return lk_problem_set(&refusal->problem, LK_EINVAL, "The field \"%s\" cannot be read: malformed %s", name,
                              fields->content_type.ptr != NULL ? "multipart/form-data" : "percent-encoding");
    }
    if (code == LK_ENOTFOUND)
        value = (struct lk_slice){NULL, 0};
    else if (code != 0)
        return code;
    if (!lk_utf8_valid(value))
        return refuse_not_utf8(refusal, name);
    if (value.ptr == NULL && code == 0)
        value.ptr = "";
    *ret = value;
    return 0;
}

/* A field that holds a JSON object; absent and empty mean none. */
static int get_object_field(const struct fields *fields, const char *name, struct lk_arena *arena, const struct lk_json **ret,
                            struct lk_graphql_refusal *refusal) {
    struct lk_slice text = {NULL, 0};
    int code = get_field(fields, name, arena, &text, refusal);
    if (code != 0 || text.len == 0)
        return code;
    struct lk_json *json;
    code = parse_json(text, arena, &json, refusal);
    return code == 0 ? take_object(json, name, ret, refusal) : code;
}

static int decode_fields(const struct fields *fields, struct lk_arena *arena, struct lk_graphql_decoded *ret,
                         struct lk_graphql_refusal *refusal) {
    struct lk_graphql_params *params = ret->requests;
    struct lk_slice query = {NULL, 0};
    struct lk_slice name = {NULL, 0};
    const struct lk_json *extensions = NULL;
    int code = get_field(fields, "query", arena, &query, refusal);
    if (code == 0)
        code = get_object_field(fields, "extensions", arena, &extensions, refusal);
    if (code == 0)
        code = take_extensions(extensions, params, refusal);
    if (code == 0)
        code = get_field(fields, "operationName", arena, &name, refusal);
    if (code == 0 && name.len > 0)
        params->operation_name = name;
    if (code == 0)
        code = get_object_field(fields, "variables", arena, &params->variables, refusal);
    if (code != 0 || (query.len == 0 && params->persisted))
        return code;
    return looks_like_json(query) ? decode_json(query, 0, arena, ret, refusal) : take_document(query, params, refusal);
}

/* --- by method and media type --- */

static bool charset_is_utf8(struct lk_slice content_type) {
    struct lk_slice charset = http_media_type_param(content_type, "charset");
    static const struct lk_slice utf8 = LK_SLICE("utf-8");
    static const struct lk_slice utf8_short = LK_SLICE("utf8");
    static const struct lk_slice ascii = LK_SLICE("us-ascii");
    return charset.ptr == NULL || lk_slice_equal_nocase(charset, utf8) || lk_slice_equal_nocase(charset, utf8_short) ||
           lk_slice_equal_nocase(charset, ascii);
}

static int refuse_type(const struct lk_graphql_transport *transport, struct lk_graphql_refusal *refusal) {
    refusal->status = 415;
    refusal->accept = transport->form ? ACCEPTED_FORMS : ACCEPTED;
    return lk_problem_set(&refusal->problem, LK_EINVAL, "Send the request with one of these as Content-Type: %s (UTF-8)", refusal->accept);
}

/* A body that is the document itself. A JSON request is no such thing: text/plain is what a fetch without a Content-Type sends, and must not pass. */
static int decode_document(const struct lk_graphql_transport *transport, struct lk_graphql_decoded *ret,
                           struct lk_graphql_refusal *refusal) {
    if (looks_like_json(transport->body)) {
        refusal->status = 415;
        refusal->accept = ACCEPTED;
        return lk_problem_set(
            &refusal->problem, LK_EINVAL,
            "The body is JSON: send it with Content-Type: application/json (the others are for a GraphQL document as it is)");
    }
    return take_document(transport->body, ret->requests, refusal);
}

/* A body of which nothing says what it is, as the API that this one stands in for takes it. No page of another site gains by it: a key is in a header that
 * browsers ask leave for, and the console's session goes with JSON that says so. */
static int decode_untyped(const struct lk_graphql_transport *transport, size_t batch_max, struct lk_arena *arena,
                          struct lk_graphql_decoded *ret, struct lk_graphql_refusal *refusal) {
    struct lk_slice text = begin_of(transport->body);
    bool batch = text.len > 0 && text.ptr[0] == '['; /* no document begins so */
    return batch || looks_like_json(text) ? decode_json(text, batch_max, arena, ret, refusal)
                                          : take_document(transport->body, ret->requests, refusal);
}

static int decode_post(const struct lk_graphql_transport *transport, size_t batch_max, struct lk_arena *arena,
                       struct lk_graphql_decoded *ret, struct lk_graphql_refusal *refusal) {
    struct lk_slice type = transport->content_type;
    if (type.ptr == NULL && !transport->form)
        return decode_untyped(transport, batch_max, arena, ret, refusal);
    if (type.ptr == NULL || !charset_is_utf8(type))
        return refuse_type(transport, refusal);
    if (http_media_type_is(type, "application/json"))
        return decode_json(transport->body, batch_max, arena, ret, refusal);
    if (!transport->form && (http_media_type_is(type, "application/graphql") || http_media_type_is(type, "text/plain")))
        return decode_document(transport, ret, refusal);

    struct fields fields = {{NULL, 0}, {NULL, 0}, transport->body};
    if (http_media_type_is(type, "multipart/form-data"))
        fields.content_type = type;
    else if (transport->form && http_media_type_is(type, "application/x-www-form-urlencoded"))
        fields.encoded = transport->body;
    else
        return refuse_type(transport, refusal);
    int code = decode_fields(&fields, arena, ret, refusal);
    if (code == 0 && transport->form)
        code = get_field(&fields, "x-api-key", arena, &ret->api_key, refusal);
    return code;
}

static int refuse_method(const struct lk_graphql_transport *transport, struct lk_graphql_refusal *refusal) {
    refusal->status = 405;
    refusal->allow = transport->form ? "POST" : "GET, POST";
    return lk_problem_set(&refusal->problem, LK_EINVAL, "This method is not offered here; use %s",
                          transport->form ? "POST" : "POST or GET");
}

int lk_graphql_decode(const struct lk_graphql_transport *transport, size_t batch_max, struct lk_arena *arena,
                      struct lk_graphql_decoded *ret, struct lk_graphql_refusal *ret_refusal) {
    struct lk_graphql_decoded decoded;
    memset(&decoded, 0, sizeof(decoded));
    decoded.requests = LK_ARENA_NEW(arena, struct lk_graphql_params);
    decoded.len = 1;
    if (decoded.requests == NULL)
        return LK_ENOMEM;
    struct lk_graphql_refusal refusal;
    memset(&refusal, 0, sizeof(refusal));
    int code;
    if (transport->method == HTTP_POST) {
        code = decode_post(transport, batch_max, arena, &decoded, &refusal);
    } else if ((transport->method == HTTP_GET || transport->method == HTTP_HEAD) && !transport->form) {
        struct fields fields = {transport->query_string, {NULL, 0}, {NULL, 0}};
        code = decode_fields(&fields, arena, &decoded, &refusal);
    } else {
        code = refuse_method(transport, &refusal);
    }
    if (code == 0)
        *ret = decoded;
    else
        *ret_refusal = refusal;
    return code;
}

/* --- the answer --- */

#define RESPONSE_JSON "application/graphql-response+json"

enum lk_graphql_media lk_graphql_negotiate(struct lk_slice accept) {
    return http_accept_prefers(accept, RESPONSE_JSON, "application/json") ? LK_GRAPHQL_RESPONSE_JSON : LK_GRAPHQL_JSON;
}

struct lk_slice lk_graphql_content_type(enum lk_graphql_media media) {
    static const struct lk_slice json = LK_SLICE("application/json; charset=utf-8");
    static const struct lk_slice response = LK_SLICE(RESPONSE_JSON "; charset=utf-8");
    return media == LK_GRAPHQL_JSON ? json : response;
}

int lk_graphql_status(enum lk_graphql_media media, bool executed) {
    return executed || media == LK_GRAPHQL_JSON ? 200 : 400;
}
