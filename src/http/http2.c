#include "http/http2.h"

#include "http/ahead.h"
#include "http/http2_head.h"
#include "http/loop.h"
#include "http/reply.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>

/* Streams at a time; also most requests that handlers have while their streams were reset. */
#define STREAMS_MAX 128

/* Flow control: bytes of body that a client may send ahead, on a stream and on all of them. */
#define STREAM_WINDOW ((int32_t)256 << 10)
#define CONNECTION_WINDOW ((int32_t)1 << 20)

/* Bodies of one connection together, in units of the largest body: beyond, the window is not opened again until some are done. */
#define HELD_BODIES 4

/* Streams that may end in an error at once, and how many more each second (CVE-2023-44487 and its kin), besides one for each that ends well: a gateway's one
 * connection carries many clients, and those who cancel are not to end it for the others. Whoever pays so for his resets only asks twice. */
#define RESETS_BURST 200
#define RESETS_PER_SECOND 20

/* Answers to PING and SETTINGS that may wait; they do so only while the client reads nothing. */
#define ACKS_MAX 256

/* Most bytes of the fields of an answer; more: 500. nghttp2 sends none of more than 64 KiB with what it needs beside, and says so to nobody: the client would wait
 * without end. (Those that are made with it take no longer field either, and end the connection.) */
#define ANSWER_HEADER_MAX ((size_t)63 << 10)

/* Requests of one connection that find a block of memory when all that requests may take together is taken: who sends little is not refused for what others
 * send. */
#define SPARED_MAX 4

#define NS_PER_SECOND ((int64_t)1000000000)

/* How far the end of a connection has come, in a drain or because it was idle (RFC 9113 section 6.8). A client learns of it by a GOAWAY that leaves no stream out, with a PING behind it: what it asked until it answers that, it asked
 * before it knew, and is answered. Then comes the GOAWAY that names the last stream. */
enum goodbye { GOODBYE_NOT_YET, GOODBYE_NOTICE, GOODBYE_PING, GOODBYE_HEARD, GOODBYE_SAID };

struct http2 {
    nghttp2_session *session;
    struct http_request *streams;                  /* all open ones, linked by next and prev of their stream */
    struct http_request *reading;                  /* whose header section is being read; NULL: nobody wants it */
    struct http_request *ready[HTTP_TOGETHER_MAX]; /* whole, and to be handled together; NULL: its stream is gone */
    size_t ready_len;
    size_t deferred;       /* requests that handlers have, of closed streams too */
    size_t owing;          /* open streams that are answered */
    size_t held;           /* bytes of bodies of open streams */
    size_t spared;         /* requests whose block is not of what all may take together */
    size_t unacknowledged; /* bytes read whose window was not given back */
    int64_t resets_left;
    int64_t resets_at; /* when that was reckoned, monotonic ns */
    enum goodbye goodbye;
    bool leaving;       /* it was idle for long */
    bool client_leaves; /* it sent a GOAWAY: it asks no more */
};

/* --- streams --- */

static void add_stream(struct http2 *h2, struct http_request *request) {
    request->stream.next = h2->streams;
    if (h2->streams != NULL)
        h2->streams->stream.prev = request;
    h2->streams = request;
}

static void remove_stream(struct http2 *h2, struct http_request *request) {
    struct http_stream *stream = &request->stream;
    if (stream->prev != NULL)
        stream->prev->stream.next = stream->next;
    else
        h2->streams = stream->next;
    if (stream->next != NULL)
        stream->next->stream.prev = stream->prev;
    stream->prev = NULL;
    stream->next = NULL;
}

static void forget_ready(struct http2 *h2, const struct http_request *request) {
    for (size_t i = 0; i < h2->ready_len; i++) {
        if (h2->ready[i] == request)
            h2->ready[i] = NULL;
    }
}

/* Nobody reads the request any more. */
static void release_text(struct http_connection *c, struct http_request *request) {
    struct http_stream *stream = &request->stream;
    c->h2->held -= stream->held;
    stream->held = 0;
    if (stream->text.spared > 0)
        c->h2->spared--;
    http_iobuf_release(&stream->text, &c->loop->pool);
    stream->text.spared = 0;
    request->base = NULL;
}

static void give_request(struct http_connection *c, struct http_request *request) {
    release_text(c, request);
    http_loop_give_request(c->loop, request);
}

/* The stream is gone; its request too, unless a handler has it. */
static void drop_stream(struct http_connection *c, struct http_request *request) {
    struct http2 *h2 = c->h2;
    remove_stream(h2, request);
    forget_ready(h2, request);
    if (h2->reading == request)
        h2->reading = NULL;
    http_timer_disarm(&request->stream.timer);
    if (request->stream.answered)
        h2->owing--;
    request->stream.id = 0;
    if (!request->stream.deferred)
        give_request(c, request);
}

static void time_stream(struct http_request *request, enum http_timeout timeout) {
    struct http_loop *loop = request->connection->loop;
    http_timer_arm(&loop->timeouts[timeout], &request->stream.timer, loop->now);
}

/* --- answers --- */

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *out, size_t room, uint32_t *flags, nghttp2_data_source *source,
                         void *context) {
    (void)session;
    (void)id;
    (void)context;
    struct http_stream *stream = &((struct http_request *)source->ptr)->stream;
    size_t left = stream->body.len - stream->sent;
    size_t n = left < room ? left : room;
    memcpy(out, stream->body.ptr + stream->sent, n);
    stream->sent += n;
    if (n == left)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static ssize_t read_source(nghttp2_session *session, int32_t id, uint8_t *out, size_t room, uint32_t *flags, nghttp2_data_source *source,
                           void *context) {
    (void)session;
    (void)id;
    (void)context;
    struct http_request *request = source->ptr;
    long n = http_request_read_source(request, (char *)out, room);
    if (n < 0)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (request->source_sent == request->source.len)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return n;
}

static size_t header_size(const struct http_answer *answer) {
    size_t size = 0;
    for (size_t i = 0; i < answer->fields_len; i++)
        size += answer->fields[i].name.len + answer->fields[i].value.len;
    return size;
}

/* Hands the answer to nghttp2. What it points to must live as long as the request; what it does not need goes, for it may be long on its way. */
static void submit(struct http_connection *c, struct http_request *request, const struct http_answer *answer) {
    nghttp2_nv fields[HTTP2_ANSWER_FIELDS_MAX];
    char digits[HTTP2_DIGITS_MAX];
    struct http_stream *stream = &request->stream;
    http_timer_disarm(&stream->timer);
    stream->answered = true;
    c->h2->owing++;
    bool bare = answer->head_only || http_answer_is_bare(answer->status);
    stream->body = bare ? lk_slice_make(NULL, 0) : answer->body;
    stream->sent = 0;
    bool streams = answer->has_source && !bare && answer->source_len > 0;
    nghttp2_data_provider provider = {.source.ptr = request, .read_callback = streams ? read_source : read_body};
    bool outgrown = http_request_has_outgrown(request);
    size_t len = 0;
    int failed = http2_answer_fields(request, answer, outgrown, digits, fields, &len);
    if (failed == 0)
        failed = nghttp2_submit_response(c->h2->session, stream->id, fields, len, stream->body.len > 0 || streams ? &provider : NULL);
    if (failed != 0)
        nghttp2_submit_rst_stream(c->h2->session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_INTERNAL_ERROR);
    release_text(c, request);
    if (outgrown)
        http_request_shed(request);
}

/* A reply does not live as long as the frames: its own fields go where the handler's would be. */
static void keep_own_fields(struct http_request *request, struct http_reply *reply) {
    memcpy(request->answer_fields, reply->own_fields, reply->answer.fields_len * sizeof(reply->own_fields[0]));
    reply->answer.fields = request->answer_fields;
}

static void refuse(struct http_connection *c, struct http_request *request, int status) {
    struct http_reply reply;
    http_reply_error(c->loop, status, &reply);
    http_count_answer(&c->loop->counters, request->kind, status); /* which is known when the answer of its handler cannot be sent */
    reply.answer.head_only = request->head.method_id == HTTP_HEAD;
    keep_own_fields(request, &reply);
    submit(c, request, &reply.answer);
}

static void refuse_bad(struct http_connection *c, struct http_request *request, int status) {
    http_count(&c->loop->counters.bad_requests);
    refuse(c, request, status);
}

/* In place of what was compressed. False when out of memory. */
static bool keep_compressed(struct http_request *request, struct http_answer *answer) {
    lk_buf_free(&request->body);
    request->is_fixed = false;
    if (lk_buf_add(&request->body, answer->body) != 0)
        return false;
    answer->body = lk_buf_slice(&request->body);
    http_body_made(request);
    return true;
}

static void answer(struct http_connection *c, struct http_request *request) {
    struct http_reply reply;
    http_reply_make(c->loop, request, &reply);
    struct http_answer *answer = &reply.answer;
    if (header_size(answer) > ANSWER_HEADER_MAX || (answer->gzip && !keep_compressed(request, answer))) {
        refuse(c, request, 500);
        return;
    }
    if (answer->fields == reply.own_fields)
        keep_own_fields(request, &reply);
    http_count_answer(&c->loop->counters, request->kind, answer->status);
    submit(c, request, answer);
}

/* --- requests --- */

static void run(struct http_connection *c, struct http_request *request) {
    if (c->h2->deferred >= STREAMS_MAX) {
        refuse(c, request, 503);
    } else if (http_connection_call(c, request)) {
        answer(c, request);
    } else {
        request->stream.deferred = true;
        c->h2->deferred++;
    }
}

/* Handles those that are ready. No handler's answer ends another stream. */
static void run_ready(struct http_connection *c) {
    struct http_request *together[HTTP_TOGETHER_MAX] = {NULL};
    size_t len = 0;
    for (size_t i = 0; i < c->h2->ready_len; i++) {
        if (c->h2->ready[i] != NULL)
            together[len++] = c->h2->ready[i];
    }
    c->h2->ready_len = 0;
    http_ahead_foresee(together, len);
    for (size_t i = 0; i < len; i++)
        run(c, together[i]);
}

/* The request is whole: its handler is called when all that was read with it is, or when there are many. */
static void make_ready(struct http_connection *c, struct http_request *request) {
    http_timer_disarm(&request->stream.timer);
    request->stream.whole = true;
    request->base = request->stream.text.ptr;
    request->body_len = http_iobuf_len(&request->stream.text) - request->head.len;
    c->h2->ready[c->h2->ready_len++] = request;
    if (c->h2->ready_len == HTTP_TOGETHER_MAX)
        run_ready(c);
}

/* The header section is complete. */
static void begin_body(struct http_connection *c, struct http_request *request, bool ended) {
    int status = http2_head_finish(request, &c->loop->pool);
    const struct http_head *head = &request->head;
    request->base = request->stream.text.ptr;
    bool whole = ended || (status == 0 && !http_connection_wants_body(c, request));
    if (status == 0 && !ended && head->body_kind == HTTP_BODY_LENGTH && head->content_length > request->body_max)
        status = 413;
    if (status == 503) {
        refuse(c, request, status);
    } else if (status != 0) {
        refuse_bad(c, request, status);
    } else if (whole) {
        make_ready(c, request);
    } else {
        time_stream(request, HTTP_TIMEOUT_STREAM_BODY);
        if (head->expect_continue)
            http2_submit_continue(c->h2->session, request->stream.id);
    }
}

/* The first block for a request. When there is none left, those that are whole are handled before, which ends what they take. */
static int take_block(struct http_connection *c, struct http_request *request) {
    struct http_iobuf *text = &request->stream.text;
    int code = http_iobuf_reserve(text, 1, &c->loop->pool);
    if (code != LK_ELIMIT)
        return code;
    run_ready(c);
    if (c->h2->spared < SPARED_MAX) {
        c->h2->spared++;
        text->spared = HTTP_BLOCK_SIZE;
    }
    return http_iobuf_reserve(text, 1, &c->loop->pool);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *context) {
    struct http_connection *c = context;
    c->h2->reading = NULL;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0; /* trailers are dropped */
    struct http_request *request = http_loop_take_request(c->loop);
    if (request == NULL)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    request->connection = c;
    request->stream.id = frame->hd.stream_id;
    request->stream.text.budget = &c->loop->shared->strangers;
    add_stream(c->h2, request);
    c->h2->reading = request;
    time_stream(request, HTTP_TIMEOUT_STREAM_HEAD);
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, request);
    int code = take_block(c, request);
    if (code == LK_ELIMIT)
        request->stream.refusal = 503;
    return code == 0 || code == LK_ELIMIT ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* Of the header section that began last: no other frame comes within one (RFC 9113 section 4.3). */
static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len, const uint8_t *value,
                     size_t value_len, uint8_t flags, void *context) {
    struct http_connection *c = context;
    (void)session;
    (void)frame;
    (void)flags;
    struct http_request *request = c->h2->reading;
    if (request == NULL)
        return 0;
    int code = http2_head_add(request, lk_slice_make((const char *)name, name_len), lk_slice_make((const char *)value, value_len),
                              &c->loop->shared->limits, &c->loop->pool);
    return code == 0 ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* Gives back the connection's window for what was read, unless too much is held. */
static void open_window(struct http_connection *c) {
    struct http2 *h2 = c->h2;
    if (h2->unacknowledged == 0 || h2->held > HELD_BODIES * c->loop->shared->config.body_max)
        return;
    nghttp2_session_consume_connection(h2->session, h2->unacknowledged);
    h2->unacknowledged = 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *context) {
    struct http_connection *c = context;
    (void)flags;
    struct http_request *request = nghttp2_session_get_stream_user_data(session, id);
    c->h2->unacknowledged += len;
    nghttp2_session_consume_stream(session, id, len);
    if (request != NULL && !request->stream.answered && !request->stream.whole) {
        struct http_iobuf *text = &request->stream.text;
        if (http_iobuf_len(text) - request->head.len + len > request->body_max) {
            refuse_bad(c, request, 413);
            return 0;
        }
        int code = http_iobuf_reserve(text, len, &c->loop->pool);
        if (code == LK_ELIMIT) {
            refuse(c, request, 503);
        } else if (code != 0) {
            nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
        } else {
            memcpy(text->ptr + text->end, data, len);
            text->end += len;
            request->stream.held += len;
            c->h2->held += len;
        }
    }
    open_window(c);
    return 0;
}

/* The client has reset a stream, or made it necessary to. A bucket of RESETS_BURST that refills. */
static void count_reset(struct http_connection *c) {
    struct http2 *h2 = c->h2;
    int64_t refill = (c->loop->now - h2->resets_at) / (NS_PER_SECOND / RESETS_PER_SECOND);
    h2->resets_at += refill * (NS_PER_SECOND / RESETS_PER_SECOND);
    h2->resets_left = refill >= RESETS_BURST - h2->resets_left ? RESETS_BURST : h2->resets_left + refill;
    if (--h2->resets_left <= 0)
        nghttp2_session_terminate_session(h2->session, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void pay_for_reset(struct http2 *h2) {
    if (h2->resets_left < RESETS_BURST)
        h2->resets_left++;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context) {
    struct http_connection *c = context;
    bool ended = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type == NGHTTP2_RST_STREAM)
        count_reset(c);
    c->h2->client_leaves |= frame->hd.type == NGHTTP2_GOAWAY;
    if (c->h2->goodbye == GOODBYE_PING && frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0)
        c->h2->goodbye = GOODBYE_HEARD;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    struct http_request *request = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (request == NULL || request->stream.answered || request->stream.whole)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        begin_body(c, request, ended);
    else if (ended)
        make_ready(c, request);
    return 0;
}

/* Whether an error that ends a stream or the connection is about what the client has sent. Most such frames are nghttp2's own. */
static bool is_of_client(uint32_t error) {
    return error == NGHTTP2_PROTOCOL_ERROR || error == NGHTTP2_FLOW_CONTROL_ERROR || error == NGHTTP2_FRAME_SIZE_ERROR ||
           error == NGHTTP2_COMPRESSION_ERROR || error == NGHTTP2_ENHANCE_YOUR_CALM;
}

/* Requests that get no answer, and frames that are none. */
static void count_bad(struct http_connection *c, const nghttp2_frame *frame) {
    bool of_stream = frame->hd.type == NGHTTP2_RST_STREAM && is_of_client(frame->rst_stream.error_code);
    bool of_connection = frame->hd.type == NGHTTP2_GOAWAY && is_of_client(frame->goaway.error_code);
    if (of_stream || of_connection)
        http_count(&c->loop->counters.bad_requests);
}

/* An answer that came before the request's end makes the rest of that needless (RFC 9113 section 8.1). */
static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *context) {
    struct http_connection *c = context;
    count_bad(c, frame);
    if (frame->hd.type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code != NGHTTP2_NO_ERROR)
        count_reset(c);
    if (frame->hd.type == NGHTTP2_GOAWAY && c->h2->goodbye == GOODBYE_NOTICE) {
        c->h2->goodbye = GOODBYE_PING; /* not before: nghttp2 lets a PING overtake what waits to be sent */
        nghttp2_submit_ping(session, NGHTTP2_FLAG_NONE, NULL);
    }
    bool can_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    c->answers_out |= can_end;
    if (can_end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
        nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) == 0)
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error, void *context) {
    struct http_connection *c = context;
    struct http_request *request = nghttp2_session_get_stream_user_data(session, id);
    if (request == NULL)
        return 0;
    if (error == NGHTTP2_NO_ERROR && request->stream.answered)
        pay_for_reset(c->h2);
    nghttp2_session_set_stream_user_data(session, id, NULL);
    drop_stream(c, request);
    if (c->timed == HTTP_TIMEOUT_IDLE)
        c->timed = HTTP_TIMEOUTS; /* if it was the last, the connection is idle from now on, also where it was before this turn */
    open_window(c);
    return 0;
}

/* --- the session --- */

static int new_session(struct http_connection *c, nghttp2_session **ret) {
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    int failed = nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0;
    if (!failed) {
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
        nghttp2_option_set_no_auto_window_update(option, 1);
        nghttp2_option_set_no_closed_streams(option, 1);
        nghttp2_option_set_max_outbound_ack(option, ACKS_MAX);
        nghttp2_option_set_stream_reset_rate_limit(option, UINT32_MAX, UINT32_MAX); /* count_reset knows better */
        nghttp2_mem memory = http2_memory_of(&c->loop->http2_memory);
        failed = nghttp2_session_server_new3(ret, callbacks, c, option, &memory) != 0;
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return failed ? LK_ENOMEM : 0;
}

int http2_begin(struct http_connection *c) {
    struct http2 *h2 = calloc(1, sizeof(*h2));
    if (h2 == NULL)
        return LK_ENOMEM;
    c->h2 = h2;
    h2->resets_left = RESETS_BURST;
    h2->resets_at = c->loop->now;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MAX},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, (uint32_t)STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)c->loop->shared->limits.fields_max},
    };
    if (new_session(c, &h2->session) == 0 &&
        nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, settings, sizeof(settings) / sizeof(settings[0])) == 0 &&
        nghttp2_session_set_local_window_size(h2->session, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW) == 0)
        return 0;
    http2_free(c);
    return LK_ENOMEM;
}

void http2_terminate(struct http_connection *c) {
    nghttp2_session_terminate_session(c->h2->session, NGHTTP2_NO_ERROR);
}

void http2_leave(struct http_connection *c) {
    c->h2->leaving = true;
}

void http2_receive(struct http_connection *c) {
    nghttp2_session *session = c->h2->session;
    size_t len = http_iobuf_len(&c->in);
    ssize_t n = nghttp2_session_mem_recv(session, (const uint8_t *)c->in.ptr + c->in.start, len);
    c->in.start = c->in.end;
    run_ready(c);
    if (n >= 0)
        return;
    nghttp2_session_terminate_session(session, n == NGHTTP2_ERR_FLOODED ? NGHTTP2_ENHANCE_YOUR_CALM
                                               : n == NGHTTP2_ERR_NOMEM ? NGHTTP2_INTERNAL_ERROR
                                                                        : NGHTTP2_PROTOCOL_ERROR);
}

/* Goes on with it as far as the client lets it. */
static void say_goodbye(struct http2 *h2) {
    if (h2->goodbye == GOODBYE_NOT_YET && !h2->client_leaves) {
        h2->goodbye = GOODBYE_NOTICE;
        nghttp2_submit_shutdown_notice(h2->session);
    }
    if (h2->goodbye != GOODBYE_SAID && (h2->goodbye == GOODBYE_HEARD || h2->client_leaves)) {
        h2->goodbye = GOODBYE_SAID;
        nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h2->session), NGHTTP2_NO_ERROR, NULL,
                              0);
    }
}

bool http2_awaits_client(const struct http_connection *c) {
    return c->h2->goodbye > GOODBYE_NOT_YET && c->h2->goodbye < GOODBYE_SAID;
}

void http2_await_no_longer(struct http_connection *c) {
    if (http2_awaits_client(c))
        c->h2->goodbye = GOODBYE_HEARD;
}

bool http2_pump(struct http_connection *c) {
    struct http2 *h2 = c->h2;
    size_t before = http_iobuf_len(&c->out);
    if (c->loop->draining || h2->leaving)
        say_goodbye(h2);
    while (http_iobuf_len(&c->out) <= c->loop->shared->config.write_backlog_max) {
        const uint8_t *data = NULL;
        ssize_t n = nghttp2_session_mem_send(h2->session, &data);
        if (n == 0)
            break;
        if (n < 0 || http_iobuf_reserve(&c->out, (size_t)n, &c->loop->pool) != 0) {
            http_connection_abort(c);
            return false;
        }
        memcpy(c->out.ptr + c->out.end, data, (size_t)n);
        c->out.end += (size_t)n;
    }
    return http_iobuf_len(&c->out) > before;
}

void http2_answered(struct http_connection *c, struct http_request *request) {
    c->h2->deferred--;
    request->stream.deferred = false;
    if (request->stream.id == 0)
        give_request(c, request);
    else
        answer(c, request);
}

void http2_stream_timeout(struct http_request *request, enum http_timeout timeout) {
    struct http_connection *c = request->connection;
    http_count(&c->loop->counters.timeouts);
    if (timeout == HTTP_TIMEOUT_STREAM_BODY)
        refuse(c, request, 408);
    else
        http2_terminate(c); /* an unfinished header section stops all streams */
    http_loop_queue(c->loop, c);
}

bool http2_is_idle(const struct http_connection *c) {
    return c->h2->streams == NULL;
}

bool http2_is_owing(const struct http_connection *c) {
    return c->h2->owing > 0;
}

bool http2_is_over(const struct http_connection *c) {
    return nghttp2_session_want_read(c->h2->session) == 0 && nghttp2_session_want_write(c->h2->session) == 0;
}

bool http2_has_deferred(const struct http_connection *c) {
    return c->h2->deferred > 0;
}

void http2_close(struct http_connection *c) {
    while (c->h2->streams != NULL)
        drop_stream(c, c->h2->streams);
}

void http2_free(struct http_connection *c) {
    if (c->h2 == NULL)
        return;
    http2_close(c);
    nghttp2_session_del(c->h2->session);
    free(c->h2);
    c->h2 = NULL;
}
