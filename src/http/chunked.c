#include "http/chunked.h"

#include "http/chars.h"

enum state {
    SIZE,         /* in the hexadecimal size */
    EXTENSION,    /* between ; and CR */
    SIZE_LF,      /* CR after the size line read */
    DATA,         /* in the chunk's bytes */
    DATA_CR,      /* after them */
    DATA_LF,      /* CR after them read */
    TRAILER,      /* at the first byte of a trailer line or of the last CRLF */
    TRAILER_NAME, /* in a field name */
    TRAILER_VALUE,
    TRAILER_LF, /* CR after a value read */
    END_LF      /* CR of the last line read */
};

/* A 64-bit number in hexadecimal: longer ones are refused even when they begin with zeros. */
#define SIZE_DIGITS_MAX 16

void http_chunked_init(struct http_chunked *chunked) {
    *chunked = (struct http_chunked){.state = SIZE};
}

static int read_size(struct http_chunked *chunked, char c, size_t body_max) {
    int digit = http_char_hex(c);
    if (digit >= 0) {
        if (++chunked->digits > SIZE_DIGITS_MAX)
            return 400;
        chunked->left = chunked->left << 4 | (unsigned)digit;
        return 0;
    }
    if (chunked->digits == 0 || (c != ';' && c != '\r'))
        return 400;
    if (chunked->left > body_max - chunked->out)
        return 413;
    chunked->digits = 0;
    chunked->state = c == ';' ? EXTENSION : SIZE_LF;
    return 0;
}

static int read_extension(struct http_chunked *chunked, char c) {
    if (c == '\r') {
        chunked->state = SIZE_LF;
        return 0;
    }
    return http_char_is(c, HTTP_CHAR_VALUE) && ++chunked->extensions <= HTTP_CHUNK_EXTENSIONS_MAX ? 0 : 400;
}

static int expect(struct http_chunked *chunked, char c, char expected, int next) {
    if (c != expected)
        return 400;
    chunked->state = next;
    return 0;
}

static int begin_trailer(struct http_chunked *chunked, char c, size_t count_max) {
    if (c == '\r') {
        chunked->state = END_LF;
        return 0;
    }
    if (!http_char_is(c, HTTP_CHAR_TOKEN))
        return 400;
    chunked->state = TRAILER_NAME;
    return ++chunked->trailer_count > count_max ? 431 : 0;
}

static int read_trailer(struct http_chunked *chunked, char c, const struct http_limits *limits) {
    if (++chunked->trailer > limits->fields_max)
        return 431;
    switch (chunked->state) {
    case TRAILER: return begin_trailer(chunked, c, limits->count_max);
    case TRAILER_NAME: return http_char_is(c, HTTP_CHAR_TOKEN) ? 0 : expect(chunked, c, ':', TRAILER_VALUE);
    case TRAILER_VALUE: return http_char_is(c, HTTP_CHAR_VALUE) ? 0 : expect(chunked, c, '\r', TRAILER_LF);
    case TRAILER_LF: return expect(chunked, c, '\n', TRAILER);
    default: return c == '\n' ? HTTP_PARSE_DONE : 400; /* END_LF */
    }
}

static int read_byte(struct http_chunked *chunked, char c, size_t body_max, const struct http_limits *limits) {
    switch (chunked->state) {
    case SIZE: return read_size(chunked, c, body_max);
    case EXTENSION: return read_extension(chunked, c);
    case SIZE_LF: return expect(chunked, c, '\n', chunked->left == 0 ? TRAILER : DATA);
    case DATA_CR: return expect(chunked, c, '\r', DATA_LF);
    case DATA_LF: return expect(chunked, c, '\n', SIZE);
    default: return read_trailer(chunked, c, limits);
    }
}

static size_t move_data(struct http_chunked *chunked, char *data, size_t body_start, size_t at, size_t end) {
    size_t len = end - at;
    if (len > chunked->left)
        len = (size_t)chunked->left;
    memmove(data + body_start + chunked->out, data + at, len);
    chunked->out += len;
    chunked->left -= len;
    if (chunked->left == 0)
        chunked->state = DATA_CR;
    return at + len;
}

int http_chunked_decode(struct http_chunked *chunked, char *data, size_t body_start, size_t *at, size_t end, size_t body_max,
                        const struct http_limits *limits) {
    size_t i = *at;
    int result = HTTP_PARSE_MORE;
    while (i < end && result == HTTP_PARSE_MORE) {
        if (chunked->state == DATA)
            i = move_data(chunked, data, body_start, i, end);
        else
            result = read_byte(chunked, data[i++], body_max, limits);
    }
    *at = i;
    return result;
}
