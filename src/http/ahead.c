#include "http/ahead.h"

#include "http/loop.h"

/* Parses the request that begins at offset of the input. NULL when it is not whole, has a body, is refused, or there is no memory: it is then read in its turn. */
static struct http_request *parse(struct http_connection *c, size_t offset) {
    struct http_request *request = http_loop_take_request(c->loop);
    if (request == NULL)
        return NULL;
    const char *data = c->in.ptr + c->in.start + offset;
    int result = http_parse_head(&request->head, data, http_iobuf_len(&c->in) - offset, &c->loop->shared->limits);
    if (result != HTTP_PARSE_DONE || request->head.body_kind != HTTP_BODY_NONE) {
        http_loop_give_request(c->loop, request);
        return NULL;
    }
    request->connection = c;
    request->used = request->head.len;
    request->gathered = true;
    return request;
}

size_t http_ahead_gather(struct http_connection *c, struct http_request **ret, size_t room) {
    c->request->gathered = true;
    c->request->base = c->in.ptr + c->in.start;
    ret[0] = c->request;
    size_t len = 1;
    size_t offset = c->request->used;
    struct http_request **last = &c->ahead;
    while (len < room && offset < http_iobuf_len(&c->in) && ret[len - 1]->head.keep_alive) {
        struct http_request *request = parse(c, offset);
        if (request == NULL)
            break;
        request->base = c->in.ptr + c->in.start + offset;
        request->next = NULL;
        *last = request;
        last = &request->next;
        ret[len++] = request;
        offset += request->used;
    }
    return len;
}

void http_ahead_foresee(struct http_request *const *requests, size_t len) {
    if (len < 2)
        return;
    for (size_t i = 0, end; i < len; i = end) {
        const struct http_listener *listener = requests[i]->connection->listener;
        for (end = i + 1; end < len && requests[end]->connection->listener == listener; end++)
            continue;
        if (listener->foresee != NULL)
            listener->foresee(requests + i, end - i, listener->context);
    }
}

struct http_request *http_ahead_take(struct http_connection *c) {
    struct http_request *request = c->ahead;
    if (request != NULL)
        c->ahead = request->next;
    return request;
}

void http_ahead_drop(struct http_connection *c) {
    if (c->request != NULL) {
        c->request->gathered = false;
        c->request->noted = false;
    }
    struct http_request *request;
    while ((request = http_ahead_take(c)) != NULL)
        http_loop_give_request(c->loop, request);
}
