/* What the fields of a request mean for its connection and its body. */
#include "http/chars.h"
#include "http/parse.h"

/* What has been seen so far. */
struct seen {
    unsigned hosts, lengths, encodings;
    bool chunked, close, keep_alive;
    uint64_t length;
};

static struct lk_slice value_of(const struct http_field *field, const char *data) {
    return lk_slice_make(data + field->value, field->value_len);
}

static int see_host(struct seen *seen, struct lk_slice value) {
    seen->hosts++;
    return lk_any_character(value, http_are_no_host) ? 400 : 0;
}

/* Digits only. A number past 64 bits counts as the largest, which no limit allows. */
static int see_length(struct seen *seen, struct lk_slice value) {
    if (++seen->lengths > 1 || value.len == 0)
        return 400;
    uint64_t length = 0;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c < '0' || c > '9')
            return 400;
        unsigned digit = (unsigned)(c - '0');
        length = length > (UINT64_MAX - digit) / 10 ? UINT64_MAX : length * 10 + digit;
    }
    seen->length = length;
    return 0;
}

static int see_encoding(struct seen *seen, struct lk_slice value) {
    if (++seen->encodings > 1 || value.len == 0)
        return 400;
    seen->chunked = lk_slice_equal_nocase(value, lk_slice_cstr("chunked"));
    return 0;
}

static int see_connection(struct seen *seen, struct lk_slice value) {
    while (value.len > 0) {
        const char *comma = memchr(value.ptr, ',', value.len);
        size_t len = comma == NULL ? value.len : (size_t)(comma - value.ptr);
        struct lk_slice option = lk_slice_trim(lk_slice_make(value.ptr, len));
        seen->close |= lk_slice_equal_nocase(option, lk_slice_cstr("close"));
        seen->keep_alive |= lk_slice_equal_nocase(option, lk_slice_cstr("keep-alive"));
        if (comma != NULL)
            len++;
        value.ptr += len;
        value.len -= len;
    }
    return 0;
}

/* RFC 9110 section 10.1.1: 1.0 clients do not know it, and another expectation cannot be met. */
static int see_expect(struct http_head *head, struct lk_slice value) {
    if (head->http10)
        return 0;
    if (!lk_slice_equal_nocase(value, lk_slice_cstr("100-continue")))
        return 417;
    head->expect_continue = true;
    return 0;
}

static inline bool name_is(const struct http_field *field, const char *data, const char *lower_name) {
    return http_name_is(data + field->name, field->name_len, lk_slice_cstr(lower_name));
}

static int see_field(struct http_head *head, struct seen *seen, const struct http_field *field, const char *data) {
    struct lk_slice value = value_of(field, data);
    switch (field->name_len) { /* the length tells most fields that do not matter */
    case 4: return name_is(field, data, "host") ? see_host(seen, value) : 0;
    case 6: return name_is(field, data, "expect") ? see_expect(head, value) : 0;
    case 10: return name_is(field, data, "connection") ? see_connection(seen, value) : 0;
    case 14: return name_is(field, data, "content-length") ? see_length(seen, value) : 0;
    case 17: return name_is(field, data, "transfer-encoding") ? see_encoding(seen, value) : 0;
    default: return 0;
    }
}

static int frame_body(struct http_head *head, const struct seen *seen) {
    if (seen->encodings > 0) {
        if (seen->lengths > 0 || head->http10)
            return 400;
        if (!seen->chunked)
            return 501;
        head->body_kind = HTTP_BODY_CHUNKED;
        return 0;
    }
    head->content_length = seen->length;
    head->body_kind = seen->length > 0 ? HTTP_BODY_LENGTH : HTTP_BODY_NONE;
    return 0;
}

int http_head_examine(struct http_head *head, const char *data) {
    struct seen seen = {0};
    for (size_t i = 0; i < head->fields_len; i++) {
        int status = see_field(head, &seen, &head->fields[i], data);
        if (status != 0)
            return status;
    }
    if (seen.hosts > 1 || (seen.hosts == 0 && !head->http10))
        return 400;
    head->keep_alive = !seen.close && (!head->http10 || seen.keep_alive);
    return frame_body(head, &seen);
}
