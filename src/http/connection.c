#include "http/connection.h"

#include "http/ahead.h"
#include "http/loop.h"
#include "http/reply.h"
#include "http/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Least room for a read. */
#define READ_MIN ((size_t)4096)

/* Bodies from this size on are not copied before they are sent. */
#define LARGE_BODY ((size_t)64 << 10)

/* Most that is dropped from a client that lingers: whoever was refused for the size of what it sends may be about to send a good deal of it. */
#define LINGER_BYTES_MAX ((size_t)16 << 20)

/* Most that one connection sends of answers, or has dropped, in one turn: others are to have theirs. */
#define TURN_BYTES_MAX ((size_t)512 << 10)

/* The request whose handler runs on this thread and has not answered yet. */
static _Thread_local struct http_request *handling;

static void free_connection(struct http_connection *c) {
    http_tls_free(c->tls);
    free(c);
}

struct http_connection *http_connection_new(struct http_loop *loop, const struct http_listener *listener, SSL_CTX *tls, int fd,
                                            const struct sockaddr_storage *peer) {
    struct http_connection *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->event.kind = HTTP_EVENT_CONNECTION;
    c->fd = fd;
    c->phase = tls == NULL ? HTTP_IDLE : HTTP_HANDSHAKE;
    c->timed = HTTP_TIMEOUTS;
    c->loop = loop;
    c->late = loop->draining;
    c->listener = listener;
    c->in.budget = &loop->shared->strangers;
    c->in.spared = HTTP_BLOCK_SIZE; /* who sends little is not refused for what others send */
    c->peer = *peer;
    c->tls = tls == NULL ? NULL : http_tls_new(tls, c);
    if (tls != NULL && c->tls == NULL) {
        free(c);
        return NULL;
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        free_connection(c);
        return NULL;
    }
    c->next = loop->connections;
    if (c->next != NULL)
        c->next->prev = c;
    loop->connections = c;
    return c;
}

/* Everything is gone: socket, request, buffers. */
static void bury(struct http_connection *c) {
    if (c->request != NULL)
        http_loop_give_request(c->loop, c->request);
    c->request = NULL;
    http2_free(c);
    http_tls_free(c->tls);
    c->tls = NULL;
    http_iobuf_release(&c->in, &c->loop->pool);
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        c->loop->connections = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    http_loop_bury(c->loop, c);
}

/* All of it was sent, or will never be. */
static void release_output(struct http_connection *c) {
    http_iobuf_release(&c->out, &c->loop->pool);
    c->answers_out = false;
    http_loop_sent(c->loop, c->waiting);
    c->waiting = 0;
}

void http_connection_abort(struct http_connection *c) {
    if (c->fd < 0)
        return;
    if (c->tls != NULL) {
        http_tls_end(c);
        http_tls_close(c->tls);
    }
    close(c->fd);
    c->fd = -1;
    if (c->refused)
        c->loop->refused_open--;
    else
        atomic_fetch_sub_explicit(&c->loop->shared->connections_open, 1, memory_order_relaxed);
    http_timer_disarm(&c->read_timer);
    http_timer_disarm(&c->write_timer);
    release_output(c);
    if (c->h2 != NULL)
        http2_close(c);
    if (c->phase != HTTP_HANDLING && (c->h2 == NULL || !http2_has_deferred(c)))
        bury(c);
}

static size_t unsent_len(const struct http_connection *c) {
    return http_iobuf_len(&c->out) + c->behind.len;
}

/* Arms it while the client is to take something, anew when it took something of its answers. By HTTP/2 it may read the socket, answers to its PING for instance,
 * and still not allow the answers to be sent. */
static void set_write_timeout(struct http_connection *c, bool progress) {
    if (unsent_len(c) == 0 && (c->h2 == NULL || !http2_is_owing(c)))
        http_timer_disarm(&c->write_timer);
    else if (progress || !http_timer_armed(&c->write_timer))
        http_timer_arm(&c->loop->timeouts[HTTP_TIMEOUT_WRITE], &c->write_timer, c->loop->now);
}

/* How much of it was sent; 0: the socket takes no more for now, or is gone. */
static size_t send_some(struct http_connection *c, const char *bytes, size_t len) {
    while (c->fd >= 0 && !c->blocked) {
        ssize_t n = c->tls == NULL ? http_socket_send(c->fd, bytes, len) : http_tls_write(c, bytes, len);
        if (n > 0)
            return (size_t)n;
        if (errno == EAGAIN)
            c->blocked = true;
        else if (errno != EINTR)
            http_connection_abort(c);
    }
    return 0;
}

/* Sends the output, as far as the socket takes it. */
static void flush(struct http_connection *c) {
    bool progress = false;
    size_t n;
    while (http_iobuf_len(&c->out) > 0 && (n = send_some(c, c->out.ptr + c->out.start, http_iobuf_len(&c->out))) > 0) {
        c->out.start += n;
        progress |= c->h2 == NULL || c->answers_out;
    }
    if (c->fd < 0)
        return;
    if (http_iobuf_len(&c->out) == 0)
        release_output(c);
    set_write_timeout(c, progress);
}

/* The same for what is behind it. */
static void flush_behind(struct http_connection *c) {
    bool progress = false;
    size_t n;
    while (c->behind.len > 0 && (n = send_some(c, c->behind.ptr, c->behind.len)) > 0) {
        c->behind = lk_slice_make(c->behind.ptr + n, c->behind.len - n);
        progress = true;
    }
    if (c->fd >= 0)
        set_write_timeout(c, progress);
}

/* Whether so much is unsent that no further request is to be begun. */
static bool is_backed_up(struct http_connection *c) {
    size_t most = c->loop->shared->config.write_backlog_max;
    if (http_iobuf_len(&c->out) > most)
        flush(c);
    return c->fd < 0 || http_iobuf_len(&c->out) > most;
}

/* A large body goes out from where it is, if that lives as long as the request: who does not read keeps no copies of what everybody may ask for. */
static void write_answer(struct http_connection *c, struct http_answer *answer) {
    c->closing |= answer->close;
    bool large = answer->body.len >= LARGE_BODY && !answer->gzip && !answer->head_only && !http_answer_is_bare(answer->status);
    answer->head_only |= large;
    if (http_answer_write(answer, &c->out, &c->loop->pool) != 0)
        http_connection_abort(c);
    else if (large)
        c->behind = answer->body;
}

/* Answers in the server's own name. The connection ends with it. */
static void refuse(struct http_connection *c, int status) {
    struct http_reply reply;
    http_reply_error(c->loop, status, &reply);
    http_count_answer(&c->loop->counters, 0, status);
    reply.answer.close = true;
    reply.answer.head_only = c->phase == HTTP_READ_BODY && c->request->head.method_id == HTTP_HEAD;
    c->lingers = true;
    write_answer(c, &reply.answer);
}

static void refuse_request(struct http_connection *c, int status) {
    http_count(&c->loop->counters.bad_requests);
    refuse(c, status);
}

/* All of the answer is in the output, or sent: makes ready for the next request. */
static void end_request(struct http_connection *c) {
    if (c->request->waiting > 0 && http_iobuf_len(&c->out) > 0) {
        c->waiting += c->request->waiting;
        c->request->waiting = 0;
    }
    http_loop_give_request(c->loop, c->request);
    c->request = http_ahead_take(c);
    c->phase = c->request == NULL ? HTTP_IDLE : HTTP_READY;
}

/* Moves a piece of the source to the output, which is empty. */
static void read_source(struct http_connection *c) {
    if (http_iobuf_reserve(&c->out, HTTP_BLOCK_SIZE, &c->loop->pool) != 0) {
        http_connection_abort(c);
        return;
    }
    long n = http_request_read_source(c->request, c->out.ptr + c->out.end, HTTP_BLOCK_SIZE);
    if (n < 0)
        http_connection_abort(c); /* the client sees that less came than the head said */
    else
        c->out.end += (size_t)n;
}

/* Sends the rest of a large answer, as far as the socket takes it and, of a source, for this turn. */
static void send_rest(struct http_connection *c) {
    for (size_t sent = 0; c->fd >= 0; sent += HTTP_BLOCK_SIZE) {
        flush(c);
        if (http_iobuf_len(&c->out) == 0)
            flush_behind(c);
        if (c->fd < 0 || unsent_len(c) > 0)
            return;
        if (c->request->source_sent == c->request->source.len) {
            end_request(c);
            http_loop_queue(c->loop, c); /* what is there of the next request */
            return;
        }
        if (sent >= TURN_BYTES_MAX) {
            http_loop_queue(c->loop, c);
            return;
        }
        read_source(c);
    }
}

/* Of the request of an answer that may be long on its way, what that does not need goes. */
static void begin_sending(struct http_connection *c) {
    c->phase = HTTP_SENDING;
    if (http_request_has_outgrown(c->request))
        http_request_shed(c->request);
}

/* The request is answered: writes that and makes ready for the next one. */
static void finish(struct http_connection *c) {
    struct http_request *request = c->request;
    struct http_reply reply;
    http_reply_make(c->loop, request, &reply);
    http_count_answer(&c->loop->counters, request->kind, reply.answer.status);
    reply.answer.close = !request->head.keep_alive || c->loop->draining;
    reply.answer.http10 = request->head.http10;
    c->lingers |= request->head.keep_alive; /* such a client does not expect the end, if it comes */
    c->phase = HTTP_IDLE;
    c->timed = HTTP_TIMEOUTS;
    write_answer(c, &reply.answer);
    if (c->fd < 0)
        return;
    c->in.start += request->used;
    if (c->behind.len > 0 || (reply.answer.has_source && !reply.answer.head_only))
        begin_sending(c);
    else
        end_request(c);
}

bool http_connection_call(struct http_connection *c, struct http_request *request) {
    http_count(&c->loop->counters.requests);
    handling = request;
    c->listener->handler(request, c->listener->context);
    bool answered = handling == NULL;
    handling = NULL;
    return answered;
}

static void handle(struct http_connection *c) {
    c->request->base = c->in.ptr + c->in.start;
    c->phase = HTTP_HANDLING;
    if (http_connection_call(c, c->request))
        finish(c);
}

void http_send(struct http_request *request) {
    if (http_request_is_counted(request))
        http_body_made(request);
    if (request == handling)
        handling = NULL;
    else
        http_loop_post(request->connection->loop, request);
}

bool http_connection_wants_body(struct http_connection *c, struct http_request *request) {
    size_t most = c->loop->shared->config.body_max;
    bool known = c->listener->body_max == NULL;
    size_t taken = known ? most : c->listener->body_max(request, c->listener->context, &known);
    if (known)
        http_iobuf_leave_part(c->h2 == NULL ? &c->in : &request->stream.text);
    bool wanted = taken != HTTP_BODY_UNUSED && taken != HTTP_BODY_UNHEARD;
    request->body_max = taken == HTTP_BODY_UNUSED ? SIZE_MAX : taken < most ? taken : most;
    return wanted;
}

/* HTTP_PARSE_MORE, HTTP_PARSE_DONE or a status. */
static int read_body(struct http_connection *c) {
    struct http_request *request = c->request;
    size_t len = http_iobuf_len(&c->in);
    size_t start = request->head.len;
    if (request->head.body_kind == HTTP_BODY_LENGTH) {
        request->body_len = (size_t)request->head.content_length;
        if (len - start < request->body_len)
            return HTTP_PARSE_MORE;
        request->used = start + request->body_len;
        return HTTP_PARSE_DONE;
    }
    const struct http_shared *shared = c->loop->shared;
    char *data = c->in.ptr + c->in.start;
    int result = http_chunked_decode(&request->chunked, data, start, &request->used, len, request->body_max, &shared->limits);
    request->body_len = request->chunked.out;
    if (result == HTTP_PARSE_MORE) {
        /* All was used: what comes next goes right behind the body, so that framing takes no room. */
        request->used = start + request->body_len;
        explicit_bzero(data + request->used, len - request->used);
        c->in.end = c->in.start + request->used;
    }
    return result;
}

/* Nobody wants the body. If all of it is here the next request is behind it; else the answer does not wait for the rest, which many a gateway announces and
 * never sends, and then where the next request would begin is not known. */
static void skip_body(struct http_connection *c) {
    struct http_request *request = c->request;
    int result = read_body(c);
    if (result > HTTP_PARSE_DONE) {
        refuse_request(c, result);
        return;
    }
    if (result == HTTP_PARSE_MORE) {
        request->used = http_iobuf_len(&c->in);
        request->head.keep_alive = false;
        c->lingers = true;
    }
    request->body_len = 0;
    c->phase = HTTP_READY;
}

/* The head is complete. */
static void begin_body(struct http_connection *c) {
    struct http_request *request = c->request;
    const struct http_head *head = &request->head;
    request->used = head->len;
    if (head->body_kind == HTTP_BODY_NONE) {
        c->phase = HTTP_READY;
        return;
    }
    http_chunked_init(&request->chunked);
    request->base = c->in.ptr + c->in.start;
    c->phase = HTTP_READ_BODY;
    request->body_max = c->loop->shared->config.body_max;
    bool here = head->body_kind == HTTP_BODY_LENGTH && head->content_length <= http_iobuf_len(&c->in) - head->len;
    bool wanted = here || http_connection_wants_body(c, request);
    if (head->body_kind == HTTP_BODY_LENGTH && head->content_length > request->body_max) {
        refuse_request(c, 413);
        return;
    }
    if (!wanted) {
        skip_body(c);
        return;
    }
    /* A client that has begun to send its body does not wait for the word. */
    if (head->expect_continue && http_iobuf_len(&c->in) == head->len && http_continue_write(&c->out, &c->loop->pool) != 0)
        http_connection_abort(c);
}

static bool begin_request(struct http_connection *c) {
    if (is_backed_up(c))
        return false;
    c->request = http_loop_take_request(c->loop);
    if (c->request == NULL) {
        http_connection_abort(c);
        return false;
    }
    c->request->connection = c;
    http_iobuf_enter_part(&c->in, &c->loop->shared->strangers);
    c->begun = true;
    c->phase = HTTP_READ_HEAD;
    return true;
}

static bool begin_streams(struct http_connection *c) {
    c->begun = true;
    c->phase = HTTP_STREAMS;
    if (http2_begin(c) == 0)
        return true;
    http_connection_abort(c);
    return false;
}

/* First bytes of a connection or of a request. A client that knows that this is HTTP/2 begins with its preface (RFC 9113 section 3.3); over TLS
 * it says so in the handshake. */
static bool begin(struct http_connection *c) {
    size_t len = http_iobuf_len(&c->in);
    c->starved = len == 0;
    if (c->starved)
        return false;
    const char *bytes = c->in.ptr + c->in.start;
    if (c->begun || c->tls != NULL || memcmp(bytes, HTTP2_PREFACE, len < HTTP2_PREFACE_LEN ? len : HTTP2_PREFACE_LEN) != 0)
        return begin_request(c);
    if (len >= HTTP2_PREFACE_LEN)
        return begin_streams(c);
    c->phase = HTTP_PREFACE;
    c->starved = true;
    return false;
}

/* False, and not starved, while too much is unsent. */
static bool advance_streams(struct http_connection *c) {
    if (is_backed_up(c))
        return false;
    if (http_iobuf_len(&c->in) > 0)
        http2_receive(c);
    c->starved = true;
    return false;
}

/* Handles the request that is whole. False while too much is unsent. */
static bool advance_ready(struct http_connection *c) {
    if (is_backed_up(c))
        return false;
    if (!c->request->gathered && http_iobuf_len(&c->in) > c->request->used) {
        struct http_request *together[HTTP_TOGETHER_MAX];
        http_ahead_foresee(together, http_ahead_gather(c, together, HTTP_TOGETHER_MAX));
    }
    handle(c);
    return true;
}

/* Goes one step on in the input that is there. False when that takes more input or something else to happen first. */
static bool advance_once(struct http_connection *c) {
    int result = HTTP_PARSE_MORE;
    switch (c->phase) {
    case HTTP_HANDSHAKE: break;
    case HTTP_IDLE:
    case HTTP_PREFACE: return begin(c);
    case HTTP_STREAMS: return advance_streams(c);
    case HTTP_READ_HEAD:
        result = http_parse_head(&c->request->head, c->in.ptr + c->in.start, http_iobuf_len(&c->in), &c->loop->shared->limits);
        if (result == HTTP_PARSE_DONE)
            begin_body(c);
        break;
    case HTTP_READ_BODY:
        result = read_body(c);
        if (result == HTTP_PARSE_DONE)
            handle(c);
        break;
    case HTTP_READY: return advance_ready(c);
    case HTTP_HANDLING:
    case HTTP_SENDING:
    case HTTP_LINGER: return false;
    }
    c->starved = result == HTTP_PARSE_MORE;
    if (result > HTTP_PARSE_DONE)
        refuse_request(c, result);
    return !c->starved;
}

static void advance(struct http_connection *c) {
    c->starved = false;
    while (c->fd >= 0 && !c->closing && advance_once(c))
        continue;
    if (c->fd >= 0 && (c->phase == HTTP_IDLE || c->phase == HTTP_SENDING || c->phase == HTTP_STREAMS) && http_iobuf_len(&c->in) == 0)
        http_iobuf_release(&c->in, &c->loop->pool);
}

/* One read. Edge-triggered: a read that fills less than its room has emptied the socket, unless the end is due. */
static void receive(struct http_connection *c) {
    int code = http_iobuf_reserve(&c->in, READ_MIN, &c->loop->pool);
    if (code == LK_ELIMIT)
        code = http_iobuf_reserve(&c->in, 1, &c->loop->pool); /* what is left of the block that everybody has */
    if (code != 0) {
        if (code == LK_ELIMIT)
            refuse(c, 503);
        else
            http_connection_abort(c);
        return;
    }
    size_t room = c->in.cap - c->in.end;
    char *out = c->in.ptr + c->in.end;
    ssize_t n = c->tls == NULL ? http_socket_recv(c->fd, out, room) : http_tls_read(c, out, room);
    c->loop->read_is_timed = false;
    if (n > 0) {
        c->in.end += (size_t)n;
        if (c->tls == NULL)
            c->readable = (size_t)n == room || c->hung_up;
    } else if (n == 0) {
        c->ended = true;
        c->readable = false;
    } else if (errno == EAGAIN) {
        c->readable &= c->tls != NULL; /* http_tls_read knows */
    } else if (errno != EINTR) {
        http_connection_abort(c);
    }
}

/* Drops what comes from a client that lingers. */
static void drop_input(struct http_connection *c) {
    char scratch[16384];
    size_t before = c->dropped;
    while (c->readable) {
        if (c->dropped - before >= TURN_BYTES_MAX) {
            http_loop_queue(c->loop, c);
            return;
        }
        ssize_t n = http_socket_recv(c->fd, scratch, sizeof(scratch));
        if (n > 0) {
            c->dropped += (size_t)n;
            if (c->dropped > LINGER_BYTES_MAX)
                n = 0;
        }
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            http_connection_abort(c);
            return;
        }
        if (n < 0 && errno == EAGAIN)
            c->readable = false;
    }
}

/* The last answer is out. */
static void linger(struct http_connection *c) {
    bool more_may_come = c->lingers || c->readable || http_iobuf_len(&c->in) > 0;
    if (c->tls != NULL)
        http_tls_end(c);
    if (c->ended || !more_may_come || shutdown(c->fd, SHUT_WR) != 0) {
        http_connection_abort(c);
        return;
    }
    c->phase = HTTP_LINGER;
    if (c->request != NULL)
        http_loop_give_request(c->loop, c->request);
    c->request = NULL;
    http_iobuf_release(&c->in, &c->loop->pool);
    http_timer_arm(&c->loop->timeouts[HTTP_TIMEOUT_LINGER], &c->read_timer, c->loop->now);
    drop_input(c);
}

/* Whether no request is under way. */
static bool is_waiting(const struct http_connection *c) {
    return c->phase == HTTP_IDLE || (c->phase == HTTP_STREAMS && http2_is_idle(c));
}

/* Whether the client, of which nothing is there, may still be about to ask for the first time, or to begin its handshake. */
static bool is_awaited(const struct http_connection *c) {
    return c->late && !c->begun && (c->phase == HTTP_IDLE || (c->phase == HTTP_HANDSHAKE && !c->tls->begun));
}

/* Arms the timeout of the phase; one that already runs for the same request runs on. */
static void set_timeout(struct http_connection *c) {
    enum http_timeout timeout = HTTP_TIMEOUTS;
    if (is_awaited(c) || (c->phase == HTTP_STREAMS && http2_awaits_client(c)))
        timeout = HTTP_TIMEOUT_NOTICE;
    else if (is_waiting(c) && http_iobuf_len(&c->out) == 0)
        timeout = HTTP_TIMEOUT_IDLE;
    else if (c->phase == HTTP_READ_HEAD || c->phase == HTTP_PREFACE || c->phase == HTTP_HANDSHAKE)
        timeout = HTTP_TIMEOUT_HEADER;
    else if (c->phase == HTTP_READ_BODY)
        timeout = HTTP_TIMEOUT_BODY;
    if (timeout == HTTP_TIMEOUTS || c->closing)
        http_timer_disarm(&c->read_timer);
    else if (timeout != c->timed)
        http_timer_arm(&c->loop->timeouts[timeout], &c->read_timer, c->loop->now);
    c->timed = timeout;
}

/* Whether something may still happen on HTTP/2 streams. Of a client that has ended its side no request gets whole any more, and no window is opened: then it
 * does only while a handler has one, or its turn was too short for what can be sent. */
static bool are_under_way(const struct http_connection *c) {
    return c->ended ? http2_has_deferred(c) || c->queued : !http2_is_idle(c);
}

/* After a run: what comes next. */
static void settle(struct http_connection *c) {
    if (c->fd < 0)
        return;
    bool sent = http_iobuf_len(&c->out) == 0 && c->phase != HTTP_SENDING;
    bool streams = c->phase == HTTP_STREAMS;
    if (streams && http2_is_over(c)) {
        c->closing = true;
        c->lingers = true; /* who reads what was sent says so (WINDOW_UPDATE), and may have asked more before the GOAWAY came */
    }
    if (sent && c->closing) {
        linger(c);
        return;
    }
    bool under_way = streams ? are_under_way(c) : c->phase == HTTP_HANDLING;
    bool let_go = c->loop->draining && c->phase == HTTP_IDLE && c->starved && !is_awaited(c);
    if (sent && !under_way && (c->ended || let_go)) {
        http_connection_abort(c);
        return;
    }
    set_timeout(c);
    if (c->readable && c->starved)
        http_loop_queue(c->loop, c);
}

/* Goes on with the handshake. False when it is not done. */
static bool shake_hands(struct http_connection *c) {
    int result = http_tls_handshake(c);
    if (result < 0) {
        if (c->tls->begun) /* else nothing was tried: balancers look like this whether somebody listens */
            http_count(&c->loop->counters.tls_failures);
        http_connection_abort(c);
    } else if (result == 0) {
        set_timeout(c);
    } else {
        c->phase = HTTP_IDLE;
        c->late = c->loop->draining;
        c->readable = true; /* what came with its end may be a request */
        return !http_tls_chose_h2(c->tls) || begin_streams(c);
    }
    return false;
}

/* The handshake goes on when it is its turn. Of a connection that was just made nothing can be there. */
static void await_turn(struct http_connection *c) {
    if (c->tls->begun || c->tls->wire_readable)
        http_loop_queue_shaking(c->loop, c);
    else
        set_timeout(c);
}

/* Sends frames as long as there are any that may be sent and the socket takes them. */
static void send_frames(struct http_connection *c) {
    size_t sent = 0;
    while (c->fd >= 0 && !c->blocked && sent < TURN_BYTES_MAX && http2_pump(c)) {
        sent += http_iobuf_len(&c->out);
        flush(c);
    }
    if (c->fd >= 0 && sent >= TURN_BYTES_MAX)
        http_loop_queue(c->loop, c);
    if (c->fd >= 0)
        set_write_timeout(c, false);
}

bool http_connection_work(struct http_connection *c) {
    if (!c->fetched)
        c->loop->read_is_timed = false;
    c->fetched = false;
    if (c->phase == HTTP_HANDSHAKE) {
        await_turn(c);
        return false;
    }
    if (c->phase == HTTP_LINGER) {
        drop_input(c);
        return false;
    }
    if (http_iobuf_len(&c->out) > 0)
        flush(c);
    if (c->phase == HTTP_SENDING)
        send_rest(c);
    advance(c);
    if (c->fd >= 0 && c->starved && c->readable && !c->closing) {
        receive(c);
        advance(c);
    }
    return true;
}

void http_connection_send(struct http_connection *c) {
    flush(c);
    if (c->phase == HTTP_SENDING)
        send_rest(c);
    if (c->phase == HTTP_STREAMS)
        send_frames(c);
    http_ahead_drop(c);
    settle(c);
}

void http_connection_run(struct http_connection *c) {
    if (http_connection_work(c))
        http_connection_send(c);
}

void http_connection_shake(struct http_connection *c) {
    if (c->phase != HTTP_HANDSHAKE || shake_hands(c))
        http_connection_run(c);
}

void http_connection_refuse(struct http_connection *c) {
    c->refused = true;
    refuse(c, 503);
    flush(c);
    settle(c);
}

/* Reads, and goes on up to where a handler comes next, or a body, which others need not wait for. */
static void fetch(struct http_connection *c) {
    receive(c);
    c->fetched = true;
    c->starved = false;
    while (c->fd >= 0 && !c->closing && c->phase != HTTP_READY && c->phase != HTTP_READ_BODY && advance_once(c))
        continue;
}

void http_connection_notice(struct http_connection *c, uint32_t events) {
    if (c->fd < 0)
        return;
    if (c->tls != NULL) {
        c->readable = true; /* reading may have waited for room to write */
        c->tls->wire_readable |= (events & ~(uint32_t)EPOLLOUT) != 0;
    }
    if ((events & EPOLLOUT) != 0)
        c->blocked = false;
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        c->readable = true;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        c->hung_up = true;
    if ((events & (EPOLLHUP | EPOLLERR)) != 0 && (c->phase == HTTP_HANDLING || c->phase == HTTP_SENDING || c->phase == HTTP_STREAMS))
        http_connection_abort(c); /* nobody is left to answer */
    else if (c->phase == HTTP_IDLE && c->begun && c->readable && !c->closing && http_iobuf_len(&c->in) == 0 && http_iobuf_len(&c->out) == 0)
        fetch(c);
}

void http_connection_answered(struct http_connection *c, struct http_request *request) {
    if (c->h2 != NULL) {
        http2_answered(c, request);
        if (c->fd >= 0)
            http_loop_queue(c->loop, c); /* with what else is answered in this turn */
        else if (!http2_has_deferred(c))
            bury(c);
        return;
    }
    if (c->fd < 0) {
        c->phase = HTTP_IDLE;
        bury(c);
        return;
    }
    finish(c);
    if (c->fd >= 0)
        http_connection_run(c);
}

/* What the client does not take must not stay in the system's memory either, which keeps megabytes for minutes after a mere end. */
static void reset(struct http_connection *c) {
    const struct linger nothing = {.l_onoff = 1};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &nothing, sizeof(nothing)); /* without it, it only lasts longer */
    http_connection_abort(c);
}

void http_connection_timeout(struct http_connection *c, enum http_timeout timeout) {
    switch (timeout) {
    case HTTP_TIMEOUT_HEADER:
    case HTTP_TIMEOUT_BODY:
        http_count(&c->loop->counters.timeouts);
        if (c->phase == HTTP_HANDSHAKE) {
            http_connection_abort(c);
            return;
        }
        refuse(c, 408);
        if (c->fd < 0)
            return;
        flush(c);
        settle(c);
        break;
    case HTTP_TIMEOUT_WRITE:
        http_count(&c->loop->counters.timeouts);
        reset(c);
        break;
    case HTTP_TIMEOUT_IDLE:
        if (c->phase == HTTP_STREAMS) {
            http2_leave(c);
            http_connection_run(c);
            return;
        }
        http_connection_abort(c);
        break;
    case HTTP_TIMEOUT_NOTICE:
        if (c->phase == HTTP_STREAMS) {
            http2_await_no_longer(c);
            http_connection_run(c);
            return;
        }
        http_connection_abort(c);
        break;
    default: http_connection_abort(c); break;
    }
}
