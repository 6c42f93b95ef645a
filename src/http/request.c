#include "http/request.h"

#include "base/clock.h"
#include "http/chars.h"
#include "http/connection.h"
#include "http/loop.h"

#include <stdlib.h>

struct http_request *http_request_new(size_t fields_max, size_t arena_max) {
    struct http_request *request = calloc(1, sizeof(*request) + fields_max * sizeof(request->fields[0]));
    if (request == NULL)
        return NULL;
    lk_arena_init(&request->arena, arena_max);
    return request;
}

static void close_source(struct http_request *request) {
    if (request->source.read != NULL)
        request->source.close(request->source.context);
    request->source = (struct http_source){0};
    request->source_sent = 0;
}

void http_request_free(struct http_request *request) {
    close_source(request);
    lk_arena_free(&request->arena);
    lk_buf_free(&request->body);
    free(request);
}

static size_t if_large(size_t size) {
    return size > HTTP_REQUEST_KEEP_MAX ? size : 0;
}

void http_body_made(struct http_request *request) {
    size_t waiting = if_large(request->body.cap) + if_large(request->arena.used) + if_large(request->held);
    if (waiting != request->waiting) /* it may be made anew, and less */
        atomic_fetch_add_explicit(&request->connection->loop->shared->output, waiting - request->waiting, memory_order_relaxed);
    request->waiting = waiting;
}

void http_request_holds(struct http_request *request, size_t bytes) {
    request->held = bytes;
    http_body_made(request);
}

bool http_request_has_outgrown(const struct http_request *request) {
    return request->arena.used > HTTP_REQUEST_KEEP_MAX && !request->is_fixed && request->source.read == NULL;
}

void http_request_shed(struct http_request *request) {
    lk_arena_free(&request->arena);
    request->fields_len = 0;
    http_body_made(request);
}

size_t http_body_room(const struct http_request *request) {
    const struct http_shared *shared = request->connection->loop->shared;
    size_t waiting = atomic_load_explicit(&shared->output, memory_order_relaxed);
    size_t left = waiting < shared->config.output_max ? shared->config.output_max - waiting : 0;
    return left > HTTP_BODY_ROOM_MIN ? left : HTTP_BODY_ROOM_MIN;
}

void http_request_reset(struct http_request *request) {
    close_source(request);
    if (request->arena.used > HTTP_REQUEST_KEEP_MAX)
        lk_arena_free(&request->arena); /* a reset would keep the first chunk, which may be large */
    else
        lk_arena_reset(&request->arena);
    lk_buf_clear(&request->body);
    if (request->body.cap > HTTP_REQUEST_KEEP_MAX)
        lk_buf_free(&request->body);
    request->body.limit = 0; /* its handler may have set one */
    request->held = 0;
    request->waiting = 0;
    http_head_init(&request->head, request->fields);
    request->base = NULL;
    request->body_max = 0;
    request->body_len = 0;
    request->used = 0;
    request->gathered = false;
    request->noted = false;
    request->kind = 0;
    request->status = 200;
    request->fields_len = 0;
    request->is_fixed = false;
    request->is_coded = false;
    request->stream = (struct http_stream){0};
}

enum http_method http_request_method(const struct http_request *request) {
    return request->head.method_id;
}

struct lk_slice http_request_method_text(const struct http_request *request) {
    return lk_slice_make(request->base + request->head.method, request->head.method_len);
}

struct lk_slice http_request_path(const struct http_request *request) {
    if (request->head.path_len == 0)
        return lk_slice_cstr(request->head.method_id == HTTP_OPTIONS && !request->head.has_query ? "*" : "/");
    return lk_slice_make(request->base + request->head.path, request->head.path_len);
}

struct lk_slice http_request_query(const struct http_request *request) {
    if (!request->head.has_query)
        return (struct lk_slice){0};
    return lk_slice_make(request->base + request->head.query, request->head.query_len);
}

struct lk_slice http_request_body(const struct http_request *request) {
    return lk_slice_make(request->base + request->head.len, request->body_len);
}

static bool name_is(const struct http_request *request, const struct http_field *field, struct lk_slice lower_name) {
    return http_name_is(request->base + field->name, field->name_len, lower_name);
}

static struct lk_slice value_of(const struct http_request *request, const struct http_field *field) {
    return lk_slice_make(request->base + field->value, field->value_len);
}

struct lk_slice http_request_field(const struct http_request *request, struct lk_slice lower_name, size_t *ret_count) {
    struct lk_slice first = {0};
    size_t count = 0;
    for (size_t i = 0; i < request->head.fields_len; i++) {
        if (!name_is(request, &request->fields[i], lower_name))
            continue;
        if (count++ == 0)
            first = value_of(request, &request->fields[i]);
        if (ret_count == NULL)
            break;
    }
    if (ret_count != NULL)
        *ret_count = count;
    return first;
}

bool http_request_header_at(const struct http_request *request, size_t index, struct lk_slice *ret_name, struct lk_slice *ret_value) {
    if (index >= request->head.fields_len)
        return false;
    const struct http_field *field = &request->fields[index];
    *ret_name = lk_slice_make(request->base + field->name, field->name_len);
    *ret_value = value_of(request, field);
    return true;
}

const struct sockaddr_storage *http_request_peer(const struct http_request *request) {
    return &request->connection->peer;
}

bool http_request_is_secure(const struct http_request *request) {
    return request->connection->tls != NULL;
}

struct lk_arena *http_request_arena(struct http_request *request) {
    return &request->arena;
}

unsigned http_request_thread(const struct http_request *request) {
    return request->connection->loop->index;
}

void http_request_time(const struct http_request *request, int64_t *ret_wall_ms, int64_t *ret_mono_ns) {
    struct http_loop *loop = request->connection->loop;
    if (!loop->read_is_timed) {
        loop->read_wall_ms = lk_clock_wall_ms();
        loop->read_mono_ns = lk_clock_mono_ns();
        loop->read_is_timed = true;
    }
    *ret_wall_ms = loop->read_wall_ms;
    *ret_mono_ns = loop->read_mono_ns;
}

void *http_request_foresee(struct http_request *request) {
    request->noted = true;
    return request->note;
}

const void *http_request_note(const struct http_request *request) {
    return request->noted ? request->note : NULL;
}

void http_set_class(struct http_request *request, unsigned kind) {
    request->kind = (unsigned char)(kind < HTTP_CLASSES ? kind : 0);
}

void http_set_status(struct http_request *request, int status) {
    request->status = status;
}

void http_add_fields(struct http_request *request, const struct http_answer_field *fields, size_t len) {
    size_t room = HTTP_ANSWER_FIELDS_MAX - request->fields_len;
    if (len > room)
        len = room;
    memcpy(request->answer_fields + request->fields_len, fields, len * sizeof(fields[0]));
    request->fields_len += len;
}

void http_add_field(struct http_request *request, struct lk_slice name, struct lk_slice value) {
    http_add_fields(request, &(struct http_answer_field){name, value}, 1);
}

struct lk_buf *http_body(struct http_request *request) {
    request->is_fixed = false;
    return &request->body;
}

void http_set_body(struct http_request *request, struct lk_slice bytes) {
    lk_buf_clear(&request->body);
    request->fixed_body = bytes;
    request->is_fixed = true;
}

void http_set_source(struct http_request *request, const struct http_source *source) {
    request->source = *source;
}

long http_request_read_source(struct http_request *request, char *out, size_t room) {
    uint64_t left = request->source.len - request->source_sent;
    long n = request->source.read(request->source.context, request->source_sent, out, left < room ? (size_t)left : room);
    if (n > 0)
        request->source_sent += (uint64_t)n;
    return n > 0 ? n : -1;
}

void http_set_coding(struct http_request *request, const char *coding) {
    request->is_coded = true;
    request->coding = coding;
}
