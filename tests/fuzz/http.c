/* Request heads and chunked bodies: read at once and piece by piece, the outcome is the same, and never reaches past the bytes given. */
#include "http/chunked.h"
#include "http/parse.h"

#include <stdlib.h>

#define FIELDS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
