/* The request parser: each case whole, and cut in two at every byte, must give the same result; inputs end where their memory ends. */
#include "../unit.h"

#include "http/chars.h"
#include "http/chunked.h"
#include "http/parse.h"

#include <stdlib.h>

#define FIELDS_MAX 8

static const struct http_limits limits = {.line_max = 64, .fields_max = 256, .count_max = FIELDS_MAX};

struct result {
    int status;
    struct http_head head;
    struct http_field fields[FIELDS_MAX];
};

/* Parses text given as its first cut bytes and then all of it, each in memory of just that size. */
static void parse_cut(const char *text, size_t len, size_t cut, struct result *ret) {
    http_head_init(&ret->head, ret->fields);
    char *part = malloc(cut == 0 ? 1 : cut);
    memcpy(part, text, cut);
    ret->status = http_parse_head(&ret->head, part, cut, &limits);
    free(part);
    if (ret->status != HTTP_PARSE_MORE)
        return;
    char *all = malloc(len);
    memcpy(all, text, len);
    ret->status = http_parse_head(&ret->head, all, len, &limits);
    free(all);
}

static void parse_bytewise(const char *text, size_t len, struct result *ret) {
    http_head_init(&ret->head, ret->fields);
    ret->status = HTTP_PARSE_MORE;
    for (size_t i = 1; i <= len && ret->status == HTTP_PARSE_MORE; i++) {
        char *part = malloc(i);
        memcpy(part, text, i);
        ret->status = http_parse_head(&ret->head, part, i, &limits);
        free(part);
    }
}

static void assert_same(const struct result *a, const struct result *b) {
    assert_int_equal(a->status, b->status);
    if (a->status != HTTP_PARSE_DONE)
        return;
    assert_int_equal(a->head.len, b->head.len);
    assert_int_equal(a->head.path, b->head.path);
    assert_int_equal(a->head.path_len, b->head.path_len);
    assert_int_equal(a->head.query_len, b->head.query_len);
    assert_int_equal(a->head.keep_alive, b->head.keep_alive);
    assert_int_equal(a->head.body_kind, b->head.body_kind);
    assert_int_equal(a->head.fields_len, b->head.fields_len);
    assert_memory_equal(a->fields, b->fields, a->head.fields_len * sizeof(a->fields[0]));
}

static void parse(const char *text, size_t len, struct result *ret) {
    parse_cut(text, len, len, ret);
    for (size_t cut = 0; cut < len; cut++) {
        struct result other;
        parse_cut(text, len, cut, &other);
        assert_same(ret, &other);
    }
    struct result other;
    parse_bytewise(text, len, &other);
    assert_same(ret, &other);
}

struct status_case {
    struct lk_slice text;
    int status;
};

#define HOST "Host: a\r\n"

static const struct status_case status_cases[] = {
    /* good */
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "\r\n"), HTTP_PARSE_DONE},
    {LK_SLICE("GET / HTTP/1.0\r\n\r\n"), HTTP_PARSE_DONE},
    {LK_SLICE("\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n"), HTTP_PARSE_DONE},
    {LK_SLICE("GET / HTTP/1.1\r\nHost:\r\n\r\n"), HTTP_PARSE_DONE},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "X:\t a\tb \xE4 \t\r\n\r\n"), HTTP_PARSE_DONE},
    {LK_SLICE("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), HTTP_PARSE_DONE},
    {LK_SLICE("GET http://h:1/p?q HTTP/1.1\r\n" HOST "\r\n"), HTTP_PARSE_DONE},
    {LK_SLICE("!#$%&'*+-.^_`|~ / HTTP/1.1\r\n" HOST "\r\n"), HTTP_PARSE_DONE},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"), HTTP_PARSE_DONE},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n"), HTTP_PARSE_DONE},
    /* not complete */
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "\r"), HTTP_PARSE_MORE},
    {LK_SLICE("GE"), HTTP_PARSE_MORE},
    {LK_SLICE("\r\n"), HTTP_PARSE_MORE},
    /* request line */
    {LK_SLICE("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {LK_SLICE("\nGET / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {LK_SLICE(" GET / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {LK_SLICE("GET  / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {LK_SLICE("GET /  HTTP/1.1\r\n" HOST "\r\n"), 400},
    {LK_SLICE("GET\t/ HTTP/1.1\r\n" HOST "\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1 \r\n" HOST "\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\n" HOST "\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r" HOST "\r\n"), 400},
    {LK_SLICE("GET /\r\n"), 400},
    {LK_SLICE("GET /\xC3\xA4 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {LK_SLICE("GET /\x01 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {LK_SLICE("GET /\0 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {LK_SLICE("GET /\x7F HTTP/1.1\r\n" HOST "\r\n"), 400},
    {LK_SLICE("GET /#f HTTP/1.1\r\n" HOST "\r\n"), 400},
    {LK_SLICE("GET x HTTP/1.1\r\n" HOST "\r\n"), 400},
    {LK_SLICE("GET * HTTP/1.1\r\n" HOST "\r\n"), 400},
    {LK_SLICE("GET http:// HTTP/1.1\r\n" HOST "\r\n"), 400},
    {LK_SLICE("GET http://u@h/ HTTP/1.1\r\n" HOST "\r\n"), 400},
    {LK_SLICE("GET ftp://h/ HTTP/1.1\r\n" HOST "\r\n"), 400},
    {LK_SLICE("G(T / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {LK_SLICE("GET / http/1.1\r\n" HOST "\r\n"), 400},
    {LK_SLICE("GET / HTTP/11\r\n" HOST "\r\n"), 400},
    {LK_SLICE("GET / \r\n"), 400},
    {LK_SLICE("\x16\x03\x01\x02"), 400},
    {LK_SLICE("GET / HTTP/1.2\r\n" HOST "\r\n"), 505},
    {LK_SLICE("GET / HTTP/0.9\r\n" HOST "\r\n"), 505},
    {LK_SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505},
    {LK_SLICE("CONNECT h:1 HTTP/1.1\r\n" HOST "\r\n"), 501},
    /* fields */
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "A : b\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST " A: b\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "A: b\r\n\tc\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "A: b\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "A: b\r\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "A: b\0c\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "A: b\x01\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "A: b\x7F\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "A\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "A(: b\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "\xC3\xA4: b\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "\rX"), 400},
    /* Host */
    {LK_SLICE("GET / HTTP/1.1\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST HOST "\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.0\r\n" HOST HOST "\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"), 400},
    /* framing */
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Content-Length: 1 1\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n\r\n"), 501},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n"), 501},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n"), 501},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: \"chunked\"\r\n\r\n"), 501},
    {LK_SLICE("GET / HTTP/1.1\r\n" HOST "Expect: magic\r\n\r\n"), 417},
};

static void statuses(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(status_cases) / sizeof(status_cases[0]); i++) {
        struct result result;
        parse(status_cases[i].text.ptr, status_cases[i].text.len, &result);
        if (result.status != status_cases[i].status)
            print_error("case %zu: %s\n", i, status_cases[i].text.ptr);
        assert_int_equal(result.status, status_cases[i].status);
    }
}

static void assert_part(const char *text, uint32_t at, uint32_t len, const char *expected) {
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(text + at, expected, len);
}

static void takes_a_request_apart(void **state) {
    (void)state;
    const char *text = "\r\nPATCH /a/b?c=d?e HTTP/1.1\r\nHost: x\r\nX-Two: \t v  w \t\r\nEmpty: \r\nContent-Length: 007\r\n\r\nrest";
    struct result result;
    parse(text, strlen(text), &result);
    assert_int_equal(result.status, HTTP_PARSE_DONE);
    assert_int_equal(result.head.len, strlen(text) - 4);
    assert_int_equal(result.head.method_id, HTTP_PATCH);
    assert_part(text, result.head.method, result.head.method_len, "PATCH");
    assert_part(text, result.head.path, result.head.path_len, "/a/b");
    assert_true(result.head.has_query);
    assert_part(text, result.head.query, result.head.query_len, "c=d?e");
    assert_int_equal(result.head.fields_len, 4);
    assert_part(text, result.fields[1].name, result.fields[1].name_len, "X-Two");
    assert_part(text, result.fields[1].value, result.fields[1].value_len, "v  w");
    assert_part(text, result.fields[2].value, result.fields[2].value_len, "");
    assert_int_equal(result.head.body_kind, HTTP_BODY_LENGTH);
    assert_int_equal(result.head.content_length, 7);
    assert_true(result.head.keep_alive);
}

static void reduces_absolute_targets(void **state) {
    (void)state;
    static const struct {
        const char *target, *path, *query;
    } cases[] = {
        {"http://h/p", "/p", NULL}, {"HTTPS://h:8/p?q", "/p", "q"}, {"http://h", "", NULL}, {"http://h?q", "", "q"}, {"/?", "/", ""},
        {"//h/p", "//h/p", NULL},   {"http://[::1]/", "/", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[128];
        strcpy(text, "GET ");
        strcat(text, cases[i].target);
        strcat(text, " HTTP/1.1\r\nHost: other\r\n\r\n");
        struct result result;
        parse(text, strlen(text), &result);
        assert_int_equal(result.status, HTTP_PARSE_DONE);
        assert_part(text, result.head.path, result.head.path_len, cases[i].path);
        assert_int_equal(result.head.has_query, cases[i].query != NULL);
        if (cases[i].query != NULL)
            assert_part(text, result.head.query, result.head.query_len, cases[i].query);
    }
}

static void tells_keep_alive(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool keep_alive;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x , close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed,,\r\n\r\n", true},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct result result;
        parse(cases[i].text, strlen(cases[i].text), &result);
        assert_int_equal(result.status, HTTP_PARSE_DONE);
        assert_int_equal(result.head.keep_alive, cases[i].keep_alive);
    }
}

/* before, then count times filler, then after */
static int status_of_long(const char *before, char filler, size_t count, const char *after) {
    char text[1024];
    size_t len = strlen(before);
    memcpy(text, before, len);
    memset(text + len, filler, count);
    strcpy(text + len + count, after);
    struct result result;
    parse(text, strlen(text), &result);
    return result.status;
}

static void holds_to_limits(void **state) {
    (void)state;
    const char *end = " HTTP/1.1\r\nHost: a\r\n\r\n";
    size_t most = 64 - strlen("GET / HTTP/1.1");
    assert_int_equal(status_of_long("GET /", 'x', most, end), HTTP_PARSE_DONE);
    assert_int_equal(status_of_long("GET /", 'x', most + 1, end), 414);
    assert_int_equal(status_of_long("GET /", 'x', 200, ""), 414);
    assert_int_equal(status_of_long("", 'M', 65, " / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    assert_int_equal(status_of_long("\r\n\r\nGET /", 'x', most, end), HTTP_PARSE_DONE);
    most = 256 - strlen("Host: a\r\nX: \r\n\r\n");
    assert_int_equal(status_of_long("GET / HTTP/1.1\r\nHost: a\r\nX: ", 'x', most, "\r\n\r\n"), HTTP_PARSE_DONE);
    assert_int_equal(status_of_long("GET / HTTP/1.1\r\nHost: a\r\nX: ", 'x', most + 1, "\r\n\r\n"), 431);
    assert_int_equal(status_of_long("GET / HTTP/1.1\r\nHost: a\r\nX: ", 'x', 500, ""), 431);
    char text[256] = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < FIELDS_MAX - 1; i++)
        strcat(text, "A: b\r\n");
    struct result result;
    size_t len = strlen(text);
    strcat(text, "\r\n");
    parse(text, strlen(text), &result);
    assert_int_equal(result.status, HTTP_PARSE_DONE);
    strcpy(text + len, "A: b\r\n\r\n");
    parse(text, strlen(text), &result);
    assert_int_equal(result.status, 431);
}

/* Every byte at every place of a value that is longer than what is read at once. */
/* Where a text of a class may stand: 34 bytes from `begin` on are of it, more than are looked at at once. */
struct part {
    const char *text;
    uint8_t class;
    char ends; /* the one byte besides that may stand there, since what follows it may be something else; 0: none */
};

/* What there is of each class, said once more: chars.h has it as a table, and the parser also as comparisons. */
static bool is_of(int byte, uint8_t class) {
    const char *others = class == HTTP_CHAR_TOKEN ? "!#$%&'*+-.^_`|~" : "-._~!$&'()*+,;=%:[]";
    switch (class) {
    case HTTP_CHAR_VALUE: return byte == '\t' || (byte >= ' ' && byte != 0x7F);
    case HTTP_CHAR_TARGET: return byte > ' ' && byte < 0x7F && byte != '#';
    default:
        return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') ||
               (byte != 0 && strchr(others, byte) != NULL);
    }
}

static void knows_every_byte_everywhere(void **state) {
    (void)state;
    static const struct part parts[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\nV: 0123456789abcdef0123456789abcdef0123\r\n\r\n", HTTP_CHAR_VALUE, 0},
        {"GET /0123456789abcdef0123456789abcdef0123 HTTP/1.1\r\nHost: x\r\n\r\n", HTTP_CHAR_TARGET, 0},
        {"GET / HTTP/1.1\r\nHost: x\r\n0123456789abcdef0123456789abcdef0123: v\r\n\r\n", HTTP_CHAR_TOKEN, ':'},
        {"GET / HTTP/1.1\r\nHost: 0123456789abcdef0123456789abcdef0123\r\n\r\n", HTTP_CHAR_HOST, 0},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char text[128];
        strcpy(text, parts[i].text);
        size_t begin = (size_t)(strstr(text, "0123") - text);
        for (size_t at = begin + 1; at < begin + 35; at++) {
            for (int byte = 0; byte < 256; byte++) {
                char before = text[at];
                text[at] = (char)byte;
                struct result result;
                parse(text, strlen(parts[i].text), &result);
                bool allowed = is_of(byte, parts[i].class) || (parts[i].ends != 0 && byte == parts[i].ends);
                if (result.status != (allowed ? HTTP_PARSE_DONE : 400))
                    print_error("byte %d at %zu of %s\n", byte, at, parts[i].text);
                assert_int_equal(result.status, allowed ? HTTP_PARSE_DONE : 400);
                text[at] = before;
            }
        }
    }
}

/* A name is compared by eight bytes where it has so many. */
static void knows_names_in_any_case(void **state) {
    (void)state;
    static const char lower[] = "abcdefgh-0123456789-ijklmnopqrstuvwxyz";
    for (size_t len = 0; len < sizeof(lower); len++) {
        char name[sizeof(lower)];
        for (size_t i = 0; i < len; i++)
            name[i] = (char)(lower[i] >= 'a' && i % 3 != 0 ? lower[i] - 0x20 : lower[i]);
        assert_true(http_name_is(name, len, lk_slice_make(lower, len)));
        assert_false(http_name_is(name, len, lk_slice_make(lower, len + 1)));
        for (size_t i = 0; i < len; i++) {
            for (int byte = 0; byte < 256; byte++) {
                char before = name[i];
                bool same = byte == lower[i] || (lower[i] >= 'a' && byte == lower[i] - 0x20);
                name[i] = (char)byte;
                if (is_of(byte, HTTP_CHAR_TOKEN))
                    assert_int_equal(http_name_is(name, len, lk_slice_make(lower, len)), same);
                name[i] = before;
            }
        }
    }
}

static void saturates_lengths(void **state) {
    (void)state;
    const char *text = "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n";
    struct result result;
    parse(text, strlen(text), &result);
    assert_int_equal(result.status, HTTP_PARSE_DONE);
    assert_true(result.head.content_length == UINT64_MAX);
    text = "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n";
    parse(text, strlen(text), &result);
    assert_true(result.head.content_length == UINT64_MAX);
}

/* --- chunked bodies --- */

static const struct {
    struct lk_slice text;
    int status;
    const char *body; /* of those that are done */
} chunked_cases[] = {
    {LK_SLICE("0\r\n\r\n"), HTTP_PARSE_DONE, ""},
    {LK_SLICE("3\r\nabc\r\n0\r\n\r\n"), HTTP_PARSE_DONE, "abc"},
    {LK_SLICE("3\r\nabc\r\n000A\r\n0123456789\r\n0\r\n\r\n"), HTTP_PARSE_DONE, "abc0123456789"},
    {LK_SLICE("a\r\n0123456789\r\n1\r\n\r\r\n0\r\n\r\n"), HTTP_PARSE_DONE, "0123456789\r"},
    {LK_SLICE("3;x=y;\"z\"\r\nabc\r\n0;e\r\nTrailer: v\r\nB:\r\n\r\n"), HTTP_PARSE_DONE, "abc"},
    {LK_SLICE("3\r\nabc\r\n0\r\n"), HTTP_PARSE_MORE, NULL},
    {LK_SLICE("3\r\nab"), HTTP_PARSE_MORE, NULL},
    {LK_SLICE(""), HTTP_PARSE_MORE, NULL},
    {LK_SLICE("\r\n"), 400, NULL},
    {LK_SLICE("g\r\n"), 400, NULL},
    {LK_SLICE("+3\r\n"), 400, NULL},
    {LK_SLICE("-3\r\n"), 400, NULL},
    {LK_SLICE(" 3\r\n"), 400, NULL},
    {LK_SLICE("3 \r\n"), 400, NULL},
    {LK_SLICE("0x3\r\n"), 400, NULL},
    {LK_SLICE("3\nabc\r\n0\r\n\r\n"), 400, NULL},
    {LK_SLICE("3\r\rabc"), 400, NULL},
    {LK_SLICE("3;a\nbc\r\n"), 400, NULL},
    {LK_SLICE("3;a\0\r\nabc\r\n"), 400, NULL},
    {LK_SLICE("3\r\nabcd"), 400, NULL},
    {LK_SLICE("3\r\nabc\n"), 400, NULL},
    {LK_SLICE("3\r\nabc\rx"), 400, NULL},
    {LK_SLICE("0\r\nA : b\r\n\r\n"), 400, NULL},
    {LK_SLICE("0\r\n A: b\r\n\r\n"), 400, NULL},
    {LK_SLICE("0\r\nA: b\n\r\n"), 400, NULL},
    {LK_SLICE("0\r\n\rx"), 400, NULL},
    {LK_SLICE("00000000000000003\r\nabc"), 400, NULL},
    {LK_SLICE("10000000000000000\r\n"), 400, NULL},
    {LK_SLICE("ffffffffffffffff\r\n"), 413, NULL},
    {LK_SLICE("15\r\n"), 413, NULL},
    {LK_SLICE("14\r\n01234567890123456789\r\n1\r\n"), 413, NULL},
    {LK_SLICE("14\r\n01234567890123456789\r\n0\r\n\r\n"), HTTP_PARSE_DONE, "01234567890123456789"},
};

#define CHUNKED_BODY_MAX 20

/* Feeds text in pieces of at most step bytes, behind a gap of 3 bytes, in memory of just the size there is. */
static int decode(struct lk_slice text, size_t step, const char *body) {
    const struct http_limits small = {.line_max = 10, .fields_max = 40, .count_max = 3};
    struct http_chunked chunked;
    http_chunked_init(&chunked);
    char *data = malloc(3);
    size_t at = 3;
    size_t end = 3;
    size_t fed = 0;
    int status = HTTP_PARSE_MORE;
    while (status == HTTP_PARSE_MORE && fed < text.len) {
        size_t len = text.len - fed < step ? text.len - fed : step;
        data = realloc(data, end + len);
        memcpy(data + end, text.ptr + fed, len);
        fed += len;
        end += len;
        status = http_chunked_decode(&chunked, data, 3, &at, end, CHUNKED_BODY_MAX, &small);
        if (status == HTTP_PARSE_MORE) {
            assert_int_equal(at, end);
            at = end = 3 + chunked.out;
        }
    }
    if (status == HTTP_PARSE_DONE) {
        assert_int_equal(fed, text.len);
        assert_int_equal(at, end);
        if (body != NULL) {
            assert_int_equal(chunked.out, strlen(body));
            assert_memory_equal(data + 3, body, strlen(body));
        }
    }
    free(data);
    return status;
}

static void decodes_chunks(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(chunked_cases) / sizeof(chunked_cases[0]); i++) {
        for (size_t step = 1; step <= chunked_cases[i].text.len + 1; step++) {
            int status = decode(chunked_cases[i].text, step, chunked_cases[i].body);
            if (status != chunked_cases[i].status)
                print_error("case %zu, step %zu: %s\n", i, step, chunked_cases[i].text.ptr);
            assert_int_equal(status, chunked_cases[i].status);
        }
    }
}

static void bounds_chunk_framing(void **state) {
    (void)state;
    static char text[HTTP_CHUNK_EXTENSIONS_MAX + 64];
    for (size_t extra = 0; extra < 2; extra++) {
        strcpy(text, "0;");
        memset(text + 2, 'e', HTTP_CHUNK_EXTENSIONS_MAX + extra);
        strcpy(text + 2 + HTTP_CHUNK_EXTENSIONS_MAX + extra, "\r\n\r\n");
        assert_int_equal(decode(lk_slice_cstr(text), 1000, NULL), extra == 0 ? HTTP_PARSE_DONE : 400);
    }
    assert_int_equal(decode(lk_slice_cstr("0\r\nA:\r\nA:\r\nA:\r\n\r\n"), 100, NULL), HTTP_PARSE_DONE);
    assert_int_equal(decode(lk_slice_cstr("0\r\nA:\r\nA:\r\nA:\r\nA:\r\n\r\n"), 100, NULL), 431);
    assert_int_equal(decode(lk_slice_cstr("0\r\nA: 0123456789012345678901234567890123456789\r\n\r\n"), 100, NULL), 431);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses),
        cmocka_unit_test(takes_a_request_apart),
        cmocka_unit_test(reduces_absolute_targets),
        cmocka_unit_test(tells_keep_alive),
        cmocka_unit_test(holds_to_limits),
        cmocka_unit_test(saturates_lengths),
        cmocka_unit_test(knows_every_byte_everywhere),
        cmocka_unit_test(knows_names_in_any_case),
        cmocka_unit_test(decodes_chunks),
        cmocka_unit_test(bounds_chunk_framing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
