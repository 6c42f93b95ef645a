#include "http/http2_head.h"

#include "http/chars.h"

/* --- requests --- */

static uint32_t put(struct http_iobuf *text, struct lk_slice bytes) {
    size_t at = text->end;
    lk_put(text->ptr + at, bytes);
    text->end += bytes.len;
    return (uint32_t)at;
}

static void put_field(struct http_request *request, struct lk_slice name, struct lk_slice value) {
    struct http_field *field = &request->fields[request->head.fields_len++];
    field->name = put(&request->stream.text, name);
    field->name_len = (uint32_t)name.len;
    field->value = put(&request->stream.text, value);
    field->value_len = (uint32_t)value.len;
}

/* Whether a field is within the limits; otherwise the request is to be refused. */
static bool fits(struct http_request *request, struct lk_slice name, struct lk_slice value, const struct http_limits *limits) {
    struct http_stream *stream = &request->stream;
    if (lk_slice_is(name, ":path")) {
        if (value.len > limits->line_max)
            stream->refusal = 414;
    } else {
        stream->fields_size += name.len + value.len;
        if (stream->fields_size > limits->fields_max || request->head.fields_len == limits->count_max)
            stream->refusal = 431;
    }
    return stream->refusal == 0;
}

/* There is room for it. */
static void put_pseudo_field(struct http_request *request, struct lk_slice name, struct lk_slice value) {
    struct http_head *head = &request->head;
    if (lk_slice_is(name, ":method")) {
        head->method = put(&request->stream.text, value);
        head->method_len = (uint32_t)value.len;
    } else if (lk_slice_is(name, ":path")) {
        head->target = put(&request->stream.text, value);
        head->target_len = (uint32_t)value.len;
    } else if (lk_slice_is(name, ":authority")) {
        put_field(request, lk_slice_cstr("host"), value);
        request->stream.has_authority = true;
    }
}

int http2_head_add(struct http_request *request, struct lk_slice name, struct lk_slice value, const struct http_limits *limits,
                   struct http_pool *pool) {
    if (lk_slice_is(name, ":method"))
        request->head.method_id = http_method_of(lk_slice_trim(value)); /* a refusal asks for it */
    if (!fits(request, name, value, limits))
        return 0;
    int code = http_iobuf_reserve(&request->stream.text, name.len + value.len, pool);
    if (code == LK_ELIMIT)
        request->stream.refusal = 503;
    if (code != 0)
        return code == LK_ELIMIT ? 0 : code;
    value = lk_slice_trim(value);
    if (name.len > 0 && name.ptr[0] == ':')
        put_pseudo_field(request, name, value);
    else
        put_field(request, name, value);
    return 0;
}

static struct lk_slice name_of(const struct http_request *request, size_t index) {
    return lk_slice_make(request->stream.text.ptr + request->fields[index].name, request->fields[index].name_len);
}

static struct lk_slice value_of(const struct http_request *request, size_t index) {
    return lk_slice_make(request->stream.text.ptr + request->fields[index].value, request->fields[index].value_len);
}

static void remove_field(struct http_request *request, size_t index) {
    struct http_field *fields = request->fields;
    memmove(fields + index, fields + index + 1, (--request->head.fields_len - index) * sizeof(fields[0]));
}

/* A Host field beside :authority must say the same (section 8.3.1), and then says nothing. */
static int merge_host(struct http_request *request) {
    size_t first = SIZE_MAX;
    for (size_t i = 0; i < request->head.fields_len; i++) {
        if (!lk_slice_is(name_of(request, i), "host"))
            continue;
        if (first == SIZE_MAX) {
            first = i;
            continue;
        }
        if (!request->stream.has_authority || !lk_slice_equal_nocase(value_of(request, i), value_of(request, first)))
            return 400;
        remove_field(request, i--);
    }
    return 0;
}

/* Clients may split the cookie field (section 8.2.3). The pieces, which are there already, move together behind the rest. */
static int join_cookies(struct http_request *request, struct http_pool *pool) {
    struct http_iobuf *text = &request->stream.text;
    size_t first = SIZE_MAX, count = 0, size = 0;
    for (size_t i = 0; i < request->head.fields_len; i++) {
        if (!lk_slice_is(name_of(request, i), "cookie"))
            continue;
        if (count++ == 0)
            first = i;
        size += request->fields[i].value_len + 2;
    }
    if (count < 2)
        return 0;
    if (http_iobuf_reserve(text, size, pool) != 0)
        return 503;
    uint32_t start = (uint32_t)text->end;
    for (size_t i = first, kept = first + 1; i < request->head.fields_len; i++) {
        if (lk_slice_is(name_of(request, i), "cookie")) {
            if (i != first)
                put(text, lk_slice_cstr("; "));
            put(text, value_of(request, i));
        } else {
            request->fields[kept++] = request->fields[i];
        }
    }
    request->fields[first].value = start;
    request->fields[first].value_len = (uint32_t)text->end - start;
    request->head.fields_len -= count - 1;
    return 0;
}

static int check_target(struct http_request *request) {
    struct http_head *head = &request->head;
    const char *data = request->stream.text.ptr;
    if (head->target_len == 0) /* CONNECT has none */
        return lk_slice_is(lk_slice_make(data + head->method, head->method_len), "CONNECT") ? 501 : 400;
    if (lk_any_character(lk_slice_make(data + head->target, head->target_len), http_are_no_target))
        return 400;
    return http_head_end_line(head, data);
}

int http2_head_finish(struct http_request *request, struct http_pool *pool) {
    int status = request->stream.refusal;
    if (status == 0)
        status = check_target(request);
    if (status == 0)
        status = merge_host(request);
    if (status == 0)
        status = join_cookies(request, pool);
    if (status == 0)
        status = http_head_examine(&request->head, request->stream.text.ptr);
    request->head.len = request->stream.text.end;
    return status;
}

/* --- answers --- */

/* The value as it may be sent: a copy with spaces, where it has what would end a line. */
static int clean_value(struct http_request *request, struct lk_slice *value) {
    if (!http_any_breaks_line(*value))
        return 0;
    char *copy = lk_arena_strdup(&request->arena, *value);
    if (copy == NULL)
        return LK_ENOMEM;
    for (size_t i = 0; i < value->len; i++) {
        if (http_char_breaks_line(copy[i]))
            copy[i] = ' ';
    }
    value->ptr = copy;
    return 0;
}

/* The names in lower case (section 8.2.1), one behind the other in the arena; NULL when there is no room. */
static const char *lower_names(struct http_request *request, const struct http_answer *answer) {
    size_t size = 0;
    for (size_t i = 0; i < answer->fields_len; i++)
        size += answer->fields[i].name.len;
    size = (size + sizeof(lk_characters) - 1) & ~(sizeof(lk_characters) - 1);
    char *names = lk_arena_alloc(&request->arena, size);
    if (names == NULL)
        return NULL;
    char *end = names;
    for (size_t i = 0; i < answer->fields_len; i++)
        end = lk_put(end, answer->fields[i].name);
    memset(end, 0, size - (size_t)(end - names));
    for (size_t at = 0; at < size; at += sizeof(lk_characters)) {
        lk_characters c = lk_characters_at(names + at);
        c |= (lk_characters)(c - 'A' < 26) & 0x20;
        memcpy(names + at, &c, sizeof(c));
    }
    return names;
}

/* What is pointed to lives as long as the answer, unless flags say that it is to be copied. */
static nghttp2_nv field_of(struct lk_slice name, struct lk_slice value, uint8_t flags) {
    union {
        const char *text;
        uint8_t *bytes;
    } names = {name.ptr}, values = {value.ptr};
    return (nghttp2_nv){names.bytes, values.bytes, name.len, value.len, flags};
}

int http2_answer_fields(struct http_request *request, const struct http_answer *answer, bool copied, char digits[HTTP2_DIGITS_MAX],
                        nghttp2_nv fields[HTTP2_ANSWER_FIELDS_MAX], size_t *ret_len) {
    size_t n = 0;
    char *length = http_put_number(digits, (size_t)answer->status); /* three, from 200 to 599 */
    char *end = http_put_number(length, answer->has_source ? answer->source_len : answer->body.len);
    fields[n++] = field_of((struct lk_slice)LK_SLICE(":status"), lk_slice_make(digits, 3), NGHTTP2_NV_FLAG_NO_COPY_NAME);
    const char *lower = copied ? NULL : lower_names(request, answer); /* a copy is made in lower case */
    uint8_t flags = (uint8_t)((lower == NULL ? 0 : NGHTTP2_NV_FLAG_NO_COPY_NAME) | (copied ? 0 : NGHTTP2_NV_FLAG_NO_COPY_VALUE));
    for (size_t i = 0; i < answer->fields_len; i++) {
        struct lk_slice value = answer->fields[i].value;
        if (clean_value(request, &value) != 0)
            return LK_ENOMEM;
        struct lk_slice name = answer->fields[i].name;
        if (lower != NULL) {
            fields[n++] = field_of(lk_slice_make(lower, name.len), value, flags);
            lower += name.len;
        } else {
            fields[n++] = field_of(name, value, flags);
        }
    }
    fields[n++] = field_of((struct lk_slice)LK_SLICE("date"), lk_slice_make(answer->date, HTTP_DATE_LEN), NGHTTP2_NV_FLAG_NO_COPY_NAME);
    if (answer->vary)
        fields[n++] = field_of((struct lk_slice)LK_SLICE("vary"), lk_slice_cstr("accept-encoding"),
                               NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE);
    if (!http_answer_is_bare(answer->status)) {
        if (answer->coding != NULL)
            fields[n++] = field_of((struct lk_slice)LK_SLICE("content-encoding"), lk_slice_cstr(answer->coding),
                                   NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE);
        fields[n++] = field_of((struct lk_slice)LK_SLICE("content-length"), lk_slice_make(length, (size_t)(end - length)),
                               NGHTTP2_NV_FLAG_NO_COPY_NAME);
    }
    *ret_len = n;
    return 0;
}

void http2_submit_continue(nghttp2_session *session, int32_t id) {
    const nghttp2_nv status =
        field_of((struct lk_slice)LK_SLICE(":status"), lk_slice_cstr("100"), NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE);
    nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, id, NULL, &status, 1, NULL);
}
