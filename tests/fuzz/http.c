/*
 * Request heads and chunked bodies: read at once and piece by piece, the outcome is the same, and never reaches past the bytes given.
 *
 * And beside llhttp 8 (the parser of Node.js, from Debian's node-llhttp): what we take, it must take too, and see the same method, target, fields,
 * framing and body in it. Two servers that read one request differently are how requests are smuggled. The other direction is free: we refuse
 * more. Where llhttp refuses what we take, each reason is in explained_refusal.
 */
/* clang-format off: the order matters */
/* Both call their methods alike. */
#define HTTP_GET LLHTTP_GET
#define HTTP_HEAD LLHTTP_HEAD
#define HTTP_POST LLHTTP_POST
#define HTTP_PUT LLHTTP_PUT
#define HTTP_DELETE LLHTTP_DELETE
#define HTTP_OPTIONS LLHTTP_OPTIONS
#define HTTP_PATCH LLHTTP_PATCH
#include <llhttp.h>
#undef HTTP_GET
#undef HTTP_HEAD
#undef HTTP_POST
#undef HTTP_PUT
#undef HTTP_DELETE
#undef HTTP_OPTIONS
#undef HTTP_PATCH
/* clang-format on */
#include "http/chunked.h"
#include "http/parse.h"

#include "fuzz.h"

#include <strings.h>

#define FIELDS_MAX 32

static const struct http_limits limits = {.line_max = 512, .fields_max = 2048, .count_max = FIELDS_MAX};

/* Reads with the bytes coming step at a time; each part in memory of its own exact size, so that the sanitizer sees a read past its end. */
static int parse(const uint8_t *data, size_t size, size_t step, struct http_head *ret, struct http_field *fields) {
    http_head_init(ret, fields);
    int outcome = HTTP_PARSE_MORE;
    for (size_t have = step < size ? step : size; outcome == HTTP_PARSE_MORE; have = size - have < step ? size : have + step) {
        char *copy = malloc(have == 0 ? 1 : have);
        if (copy == NULL)
            abort();
        if (have > 0)
            memcpy(copy, data, have);
        outcome = http_parse_head(ret, copy, have, &limits);
        free(copy);
        if (have == size)
            break;
    }
    return outcome;
}

static void check_within(const struct http_head *head, const struct http_field *fields, size_t size) {
    if (head->len > size || head->fields_len > FIELDS_MAX)
        abort();
    for (size_t i = 0; i < head->fields_len; i++) {
        if ((size_t)fields[i].name + fields[i].name_len > head->len || (size_t)fields[i].value + fields[i].value_len > head->len)
            abort();
    }
    if ((size_t)head->path + head->path_len > head->len || (size_t)head->query + head->query_len > head->len)
        abort();
}

/* Decodes a body; its length and outcome. */
static int decode(const uint8_t *data, size_t size, size_t step, size_t *ret_out) {
    char *copy = malloc(size == 0 ? 1 : size);
    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    struct http_chunked chunked;
    http_chunked_init(&chunked);
    size_t at = 0;
    int outcome = HTTP_PARSE_MORE;
    for (size_t end = step < size ? step : size; outcome == HTTP_PARSE_MORE; end = size - end < step ? size : end + step) {
        outcome = http_chunked_decode(&chunked, copy, 0, &at, end, 1 << 16, &limits);
        if (at > end || chunked.out > at)
            abort();
        if (end == size)
            break;
    }
    *ret_out = chunked.out;
    free(copy);
    return outcome;
}

/* --- llhttp --- */

/* What llhttp saw of the first message. Texts may come in pieces, and are gathered. */
struct seen {
    llhttp_t parser; /* first: the callbacks get it */
    char target[16384];
    size_t target_len;
    char fields[32768]; /* name: value lines */
    size_t fields_len;
    char body[65536];
    size_t body_len;
    size_t count;
    bool headers;
    bool complete;
};

static int add(char *to, size_t *len, size_t max, const char *at, size_t more) {
    if (*len + more > max)
        return -1;
    memcpy(to + *len, at, more);
    *len += more;
    return 0;
}

static int on_url(llhttp_t *parser, const char *at, size_t len) {
    struct seen *seen = (struct seen *)parser;
    return add(seen->target, &seen->target_len, sizeof(seen->target), at, len);
}

static int on_field(llhttp_t *parser, const char *at, size_t len) {
    struct seen *seen = (struct seen *)parser;
    return seen->headers ? 0 : add(seen->fields, &seen->fields_len, sizeof(seen->fields), at, len);
}

static int on_field_end(llhttp_t *parser) {
    struct seen *seen = (struct seen *)parser;
    return seen->headers ? 0 : add(seen->fields, &seen->fields_len, sizeof(seen->fields), ":", 1);
}

static int on_value_end(llhttp_t *parser) {
    struct seen *seen = (struct seen *)parser;
    if (seen->headers) /* of a trailer */
        return 0;
    while (seen->fields_len > 0 && (seen->fields[seen->fields_len - 1] == ' ' || seen->fields[seen->fields_len - 1] == '\t'))
        seen->fields_len--;
    seen->count++;
    return add(seen->fields, &seen->fields_len, sizeof(seen->fields), "\n", 1);
}

static int on_headers(llhttp_t *parser) {
    ((struct seen *)parser)->headers = true;
    return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t len) {
    struct seen *seen = (struct seen *)parser;
    return add(seen->body, &seen->body_len, sizeof(seen->body), at, len);
}

static int on_complete(llhttp_t *parser) {
    ((struct seen *)parser)->complete = true;
    return HPE_PAUSED; /* one message is enough */
}

/* Reads one message. llhttp's error. */
static llhttp_errno_t let_see(struct seen *seen, const char *data, size_t size) {
    static llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_url = on_url;
    settings.on_header_field = on_field;
    settings.on_header_field_complete = on_field_end;
    settings.on_header_value = on_field;
    settings.on_header_value_complete = on_value_end;
    settings.on_headers_complete = on_headers;
    settings.on_body = on_body;
    settings.on_message_complete = on_complete;
    seen->target_len = seen->fields_len = seen->body_len = seen->count = 0;
    seen->headers = seen->complete = false;
    llhttp_init(&seen->parser, HTTP_REQUEST, &settings);
    return llhttp_execute(&seen->parser, data, size);
}

/* Our fields as llhttp's are gathered. */
static size_t gather(const struct http_head *head, const struct http_field *fields, const char *data, char *out, size_t max) {
    size_t len = 0;
    for (size_t i = 0; i < head->fields_len; i++) {
        holds(add(out, &len, max, data + fields[i].name, fields[i].name_len) == 0 && add(out, &len, max, ":", 1) == 0 &&
                  add(out, &len, max, data + fields[i].value, fields[i].value_len) == 0 && add(out, &len, max, "\n", 1) == 0,
              "fields fit");
    }
    return len;
}

static const struct http_field *find_field(const struct http_head *head, const struct http_field *fields, const char *data,
                                           const char *name) {
    for (size_t i = 0; i < head->fields_len; i++) {
        if (fields[i].name_len == strlen(name) && strncasecmp(data + fields[i].name, name, fields[i].name_len) == 0)
            return &fields[i];
    }
    return NULL;
}

static bool is_method_from(llhttp_method_t first, llhttp_method_t last, const char *method, size_t len) {
    for (int i = first; i <= (int)last; i++) {
        const char *known = llhttp_method_name((llhttp_method_t)i);
        if (strlen(known) == len && memcmp(known, method, len) == 0)
            return true;
    }
    return false;
}

/* Whether llhttp has heard of the method as one of HTTP. */
static bool knows_method(const char *method, size_t len) {
    return is_method_from(LLHTTP_DELETE, HTTP_UNLINK, method, len);
}

/* Whether it knows the method of RTSP, a protocol in HTTP's form, and not of HTTP. */
static bool is_rtsp_method(const char *method, size_t len) {
    return is_method_from(HTTP_DESCRIBE, HTTP_FLUSH, method, len);
}

/* A target that nobody may refuse for its form: a path of what RFC 3986 allows in one, and a query. */
static bool is_plain(const char *target, size_t len) {
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@%/?";
    if (len == 0 || target[0] != '/')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (target[i] == '\0' || strchr(allowed, target[i]) == NULL)
            return false;
    }
    return true;
}

/* Whether a tab stands behind the value of a field, white space by RFC 9110 section 5.6.3. llhttp knows spaces only there: it takes `chunked` for another coding
 * and a length for none, and refuses the request. */
static bool has_tab_behind(const struct http_head *head, const struct http_field *fields, const char *data, const char *name) {
    const struct http_field *field = find_field(head, fields, data, name);
    for (size_t i = field == NULL ? head->len : (size_t)field->value + field->value_len; i < head->len && data[i] != '\n'; i++) {
        if (data[i] == '\t')
            return true;
    }
    return false;
}

/*
 * What we take and llhttp does not:
 * - a method it has not heard of, or of RTSP only: we take any token (RFC 9110 section 9.1), and answer 405 where it means nothing
 * - a target with characters that it wants escaped, or a form of target that the method does not have: routing refuses these, by looking for an exact path
 * - PRI, the word that HTTP/2 begins with, where it is a method like any other because the rest of that beginning does not follow; llhttp refuses it, or waits
 *   for that rest
 * - a length past 64 bits: we count it as the largest there is, which is past every limit of a body; and one with a tab behind it
 */
static bool explained_refusal(const struct http_head *head, const struct http_field *fields, const char *data, const struct seen *seen,
                              llhttp_errno_t error) {
    if (seen->headers)
        return false;
    bool pri = head->method_len == 3 && memcmp(data + head->method, "PRI", 3) == 0;
    bool connect = head->method_len == 7 && memcmp(data + head->method, "CONNECT", 7) == 0;
    return (error == HPE_INVALID_CONTENT_LENGTH && head->body_kind == HTTP_BODY_LENGTH && head->content_length == UINT64_MAX) ||
           (error == HPE_INVALID_CONTENT_LENGTH && has_tab_behind(head, fields, data, "content-length")) ||
           ((error == HPE_INVALID_VERSION || error == HPE_OK) && pri) ||
           (error == HPE_INVALID_METHOD && !knows_method(data + head->method, head->method_len)) ||
           (error == HPE_INVALID_CONSTANT && is_rtsp_method(data + head->method, head->method_len)) ||
           (error == HPE_INVALID_URL && (connect || !is_plain(data + head->target, head->target_len)));
}

static bool contains(const char *data, size_t from, size_t end, const char *word) {
    for (size_t len = strlen(word); from + len <= end; from++) {
        if (strncasecmp(data + from, word, len) == 0)
            return true;
    }
    return false;
}

/*
 * The same of a chunked body, which ends at end:
 * - an extension is a text that we drop unread, bounded, up to the CRLF that it cannot hold; llhttp wants its grammar kept
 * - framing fields in a trailer section mean nothing (RFC 9110 section 6.5.1) and are dropped with it; llhttp reads them as if they stood in the head
 */
static bool explained_chunks(const struct seen *seen, llhttp_errno_t error, const char *data, size_t begin, size_t end) {
    if (strstr(llhttp_get_error_reason(&seen->parser), "extensions") != NULL || error == HPE_INVALID_CHUNK_SIZE)
        return contains(data, begin, end, ";");
    if (error == HPE_INVALID_TRANSFER_ENCODING)
        return contains(data, begin, end, "\ntransfer-encoding");
    return (error == HPE_UNEXPECTED_CONTENT_LENGTH || error == HPE_INVALID_CONTENT_LENGTH) &&
           (contains(data, begin, end, "\ncontent-length") || contains(data, begin, end, "\ntransfer-encoding"));
}

static void compare_chunks(const struct http_head *head, const char *data, size_t size, const struct seen *seen, llhttp_errno_t error) {
    char *copy = exact_copy((const uint8_t *)data, size);
    struct http_chunked chunked;
    size_t at = head->len;
    http_chunked_init(&chunked);
    int outcome = http_chunked_decode(&chunked, copy, head->len, &at, size, 1 << 16, &limits);
    if (outcome == HTTP_PARSE_MORE)
        holds(!seen->complete, "llhttp waits for more where we do");
    if (outcome == HTTP_PARSE_DONE) {
        holds(seen->body_len <= chunked.out && memcmp(seen->body, copy + head->len, seen->body_len) == 0,
              "as far as llhttp reads, the chunks hold the same");
        if (!seen->complete && !explained_chunks(seen, error, data, head->len, at)) {
            fprintf(stderr, "llhttp: %s (%s)\n", llhttp_errno_name(error), llhttp_get_error_reason(&seen->parser));
            holds(false, "llhttp takes the chunks that we take");
        }
        holds(!seen->complete || seen->body_len == chunked.out, "the chunks hold the same");
    }
    free(copy);
}

static void compare_body(const struct http_head *head, const char *data, size_t size, const struct seen *seen, llhttp_errno_t error) {
    if (head->body_kind == HTTP_BODY_CHUNKED) {
        compare_chunks(head, data, size, seen, error);
    } else if (head->body_kind == HTTP_BODY_NONE) {
        holds(seen->complete && seen->body_len == 0, "there is no body");
    } else if (size - head->len >= head->content_length) {
        holds(seen->complete && seen->body_len == head->content_length && memcmp(seen->body, data + head->len, seen->body_len) == 0,
              "the body is the same");
    } else {
        holds(!seen->complete, "llhttp waits for the rest of the body where we do");
    }
}

static void compare(const struct http_head *head, const struct http_field *fields, const char *data, size_t size) {
    static struct seen seen;
    static char ours[32768];
    llhttp_errno_t error = let_see(&seen, data, size);
    if (explained_refusal(head, fields, data, &seen, error))
        return;
    if (!seen.headers)
        fprintf(stderr, "llhttp: %s (%s)\n", llhttp_errno_name(error), llhttp_get_error_reason(&seen.parser));
    holds(seen.headers, "llhttp takes what we take");
    const char *method = llhttp_method_name((llhttp_method_t)seen.parser.method);
    holds(strlen(method) == head->method_len && memcmp(method, data + head->method, head->method_len) == 0, "the method is the same");
    holds(head->target_len == seen.target_len && memcmp(data + head->target, seen.target, seen.target_len) == 0, "the target is the same");
    size_t len = gather(head, fields, data, ours, sizeof(ours));
    holds(len == seen.fields_len && memcmp(ours, seen.fields, len) == 0, "the fields are the same");
    holds((seen.parser.http_minor == 0) == head->http10, "the version is the same");
    bool chunked = (seen.parser.flags & F_CHUNKED) != 0;
    if (!chunked && head->body_kind == HTTP_BODY_CHUNKED && has_tab_behind(head, fields, data, "transfer-encoding")) {
        holds(error == HPE_INVALID_TRANSFER_ENCODING, "who does not know the coding refuses the request");
        return;
    }
    holds(chunked == (head->body_kind == HTTP_BODY_CHUNKED), "the body is chunked for both");
    /* llhttp hands a connection that asks for another protocol over, and looks for no body; we know no other protocol and go on with HTTP. */
    if (seen.parser.upgrade)
        holds(find_field(head, fields, data, "upgrade") != NULL || strcmp(method, "CONNECT") == 0, "it is asked to change the protocol");
    else
        compare_body(head, data, size, &seen, error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 8192)
        return 0;
    struct http_field fields[FIELDS_MAX];
    struct http_field slow_fields[FIELDS_MAX];
    struct http_head head;
    struct http_head slow;
    int outcome = parse(data, size, size, &head, fields);
    size_t step = size < 256 ? 1 : 1 + data[0] % 61U;
    if (parse(data, size, step, &slow, slow_fields) != outcome)
        abort();
    if (outcome == HTTP_PARSE_DONE) {
        check_within(&head, fields, size);
        compare(&head, fields, (const char *)data, size);
        if (slow.len != head.len || slow.body_kind != head.body_kind || slow.content_length != head.content_length)
            abort();
    }
    size_t out;
    size_t slow_out;
    outcome = decode(data, size, size, &out);
    if (decode(data, size, step, &slow_out) != outcome || (outcome == HTTP_PARSE_DONE && out != slow_out))
        abort();
    return 0;
}
