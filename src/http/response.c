#include "http/response.h"

#include "base/clock.h"
#include "http/chars.h"

/* Upper bounds of what is written besides names, values and body. */
#define STATUS_LINE_MAX 64
#define OWN_FIELDS_MAX 256
#define FIELD_OVERHEAD 4 /* ": " and CRLF */

const char *http_reason(int status) {
    static const struct {
        int status;
        const char *text;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status)
            return reasons[i].text;
    }
    return "Unknown";
}

void http_date_format(int64_t unix_seconds, char out[HTTP_DATE_LEN]) {
    static const char days[] = "ThuFriSatSunMonTueWed"; /* the first of January 1970 was a Thursday */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[25]; /* 2026-11-23T12:05:32.123Z */
    lk_clock_format(unix_seconds * 1000, text);
    int month = (text[5] - '0') * 10 + text[6] - '0';
    memcpy(out, "Ddd, 00 Mmm 0000 00:00:00 GMT", HTTP_DATE_LEN);
    memcpy(out, days + 3 * (unix_seconds / 86400 % 7), 3);
    memcpy(out + 5, text + 8, 2);
    memcpy(out + 8, months + (ptrdiff_t)3 * (month - 1), 3);
    memcpy(out + 12, text, 4);
    memcpy(out + 17, text + 11, 8);
}

static inline char *put_text(char *at, const char *text) {
    return lk_put(at, lk_slice_cstr(text));
}

char *http_put_number(char *at, size_t number) {
    char digits[20];
    size_t i = sizeof(digits);
    do {
        digits[--i] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(at, digits + i, sizeof(digits) - i);
    return at + (sizeof(digits) - i);
}

/* Spaces in place of what would end the line, or the text for a reader of C strings. */
static void mend(char *at, const char *end) {
    for (; at < end; at++) {
        if (http_char_breaks_line(*at))
            *at = ' ';
    }
}

static char *put_value(char *at, struct lk_slice value) {
    char *end = lk_put(at, value);
    if (http_any_breaks_line(value))
        mend(at, end);
    return end;
}

/* RFC 9110 section 8.6: no length with 204; with 304 it would be that of another answer. */
bool http_answer_is_bare(int status) {
    return status == 204 || status == 304;
}

static char *put_own_fields(char *at, const struct http_answer *answer) {
    at = put_text(at, "Date: ");
    at = lk_put(at, lk_slice_make(answer->date, HTTP_DATE_LEN));
    if (answer->vary)
        at = put_text(at, "\r\nVary: Accept-Encoding");
    if (!http_answer_is_bare(answer->status)) {
        if (answer->coding != NULL) {
            at = put_text(at, "\r\nContent-Encoding: ");
            at = put_text(at, answer->coding);
        }
        at = put_text(at, "\r\nContent-Length: ");
        at = http_put_number(at, answer->has_source ? answer->source_len : answer->body.len);
    }
    if (answer->close)
        at = put_text(at, "\r\nConnection: close");
    else if (answer->http10)
        at = put_text(at, "\r\nConnection: keep-alive");
    return put_text(at, "\r\n\r\n");
}

static size_t size_bound(const struct http_answer *answer) {
    size_t size = STATUS_LINE_MAX + OWN_FIELDS_MAX + (answer->head_only ? 0 : answer->body.len);
    for (size_t i = 0; i < answer->fields_len; i++)
        size += answer->fields[i].name.len + answer->fields[i].value.len + FIELD_OVERHEAD;
    return size;
}

int http_answer_write(const struct http_answer *answer, struct http_iobuf *out, struct http_pool *pool) {
    int code = http_iobuf_reserve(out, size_bound(answer), pool);
    if (code != 0)
        return code;
    char *at = out->ptr + out->end;
    if (answer->status == 200) {
        at = put_text(at, "HTTP/1.1 200 OK\r\n");
    } else {
        at = put_text(at, "HTTP/1.1 ");
        at = http_put_number(at, (size_t)answer->status);
        *at++ = ' ';
        at = put_text(at, http_reason(answer->status));
        at = put_text(at, "\r\n");
    }
    for (size_t i = 0; i < answer->fields_len; i++) {
        at = lk_put(at, answer->fields[i].name);
        at = put_text(at, ": ");
        at = put_value(at, answer->fields[i].value);
        at = put_text(at, "\r\n");
    }
    at = put_own_fields(at, answer);
    if (!answer->head_only && !http_answer_is_bare(answer->status))
        at = lk_put(at, answer->body);
    out->end = (size_t)(at - out->ptr);
    return 0;
}

int http_continue_write(struct http_iobuf *out, struct http_pool *pool) {
    static const struct lk_slice text = LK_SLICE("HTTP/1.1 100 Continue\r\n\r\n");
    int code = http_iobuf_reserve(out, text.len, pool);
    if (code != 0)
        return code;
    lk_put(out->ptr + out->end, text);
    out->end += text.len;
    return 0;
}
