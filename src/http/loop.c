#include "http/loop.h"

#include "base/clock.h"
#include "http/ahead.h"
#include "http/listen.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 256

/* Connections taken from one listener in a turn. */
#define ACCEPT_MAX 64

/* Handshakes of TLS that go on in a turn: a signature takes a millisecond, and a crowd would hold up all requests of the thread. */
#define SHAKING_MAX 8

/* How long no connection is taken when the system has no descriptor or memory for one. */
#define ACCEPT_PAUSE_NS ((int64_t)50 * 1000000)

/* Connections past the cap that are told so at one time; more are just closed. */
#define REFUSED_MAX 64

/* How long a client may read its last answer. */
#define LINGER_MS 2000

/* How long a client may take to say that it has heard of a drain, or to say its first word when it came during that: a round trip. */
#define NOTICE_MS 1000

/* Free requests kept. */
#define FREE_REQUESTS_MAX 64

int http_loop_init(struct http_loop *loop, struct http_shared *shared, unsigned index) {
    const struct http_config *config = &shared->config;
    *loop = (struct http_loop){.shared = shared, .index = index, .inbox_event = {HTTP_EVENT_INBOX}, .date_second = -1};
    loop->listeners = calloc(config->listeners_len, sizeof(loop->listeners[0]));
    if (loop->listeners == NULL)
        return LK_ENOMEM;
    for (size_t i = 0; i < config->listeners_len; i++)
        loop->listeners[i] = (struct http_listen_socket){
            {HTTP_EVENT_LISTENER}, -1, &config->listeners[i], config->listeners[i].tls == NULL ? NULL : &shared->tls[i]};
    const unsigned ms[HTTP_TIMEOUTS] = {
        [HTTP_TIMEOUT_IDLE] = config->idle_timeout_ms,
        [HTTP_TIMEOUT_HEADER] = config->header_timeout_ms,
        [HTTP_TIMEOUT_BODY] = config->body_timeout_ms,
        [HTTP_TIMEOUT_LINGER] = LINGER_MS,
        [HTTP_TIMEOUT_NOTICE] = NOTICE_MS,
        [HTTP_TIMEOUT_WRITE] = config->write_timeout_ms,
        [HTTP_TIMEOUT_STREAM_HEAD] = config->header_timeout_ms,
        [HTTP_TIMEOUT_STREAM_BODY] = config->body_timeout_ms,
    };
    for (size_t i = 0; i < HTTP_TIMEOUTS; i++)
        http_timer_class_init(&loop->timeouts[i], ms[i]);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &loop->inbox_event};
    if (loop->epoll < 0 || loop->wakeup < 0 || epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wakeup, &event) != 0) {
        http_loop_free(loop);
        return LK_EIO;
    }
    return 0;
}

static void close_listener(struct http_listen_socket *listener) {
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
}

void http_loop_free(struct http_loop *loop) {
    if (loop->listeners == NULL)
        return;
    for (size_t i = 0; i < loop->shared->config.listeners_len; i++)
        close_listener(&loop->listeners[i]);
    free(loop->listeners);
    loop->listeners = NULL;
    while (loop->free_requests != NULL) {
        struct http_request *request = loop->free_requests;
        loop->free_requests = request->next;
        http_request_free(request);
    }
    http_pool_free(&loop->pool);
    http2_memory_empty(&loop->http2_memory);
    http_gzip_free(&loop->gzip);
    if (loop->wakeup >= 0)
        close(loop->wakeup);
    if (loop->epoll >= 0)
        close(loop->epoll);
}

struct http_request *http_loop_take_request(struct http_loop *loop) {
    struct http_request *request = loop->free_requests;
    if (request != NULL) {
        loop->free_requests = request->next;
        loop->free_requests_len--;
    } else {
        request = http_request_new(loop->shared->limits.count_max, loop->shared->config.arena_max);
        if (request == NULL)
            return NULL;
        http_request_reset(request);
    }
    return request;
}

void http_loop_give_request(struct http_loop *loop, struct http_request *request) {
    http_iobuf_release(&request->stream.text, &loop->pool);
    http_loop_sent(loop, request->waiting);
    if (loop->free_requests_len >= FREE_REQUESTS_MAX) {
        http_request_free(request);
        return;
    }
    http_request_reset(request);
    request->next = loop->free_requests;
    loop->free_requests = request;
    loop->free_requests_len++;
}

/* Of the present moment, or of when what is answered was read, if that is known. */
static int64_t second_of(const struct http_loop *loop) {
    if (loop->read_is_timed)
        return loop->read_wall_ms / 1000;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return now.tv_sec;
}

const char *http_loop_date(struct http_loop *loop) {
    int64_t second = second_of(loop);
    if (second != loop->date_second) {
        loop->date_second = second;
        http_date_format(second, loop->date);
    }
    return loop->date;
}

void http_loop_bury(struct http_loop *loop, struct http_connection *c) {
    c->next = loop->graveyard;
    loop->graveyard = c;
}

static void push(struct http_queue *queue, struct http_connection *c) {
    if (c->queued)
        return;
    c->queued = true;
    c->queue_next = NULL;
    if (queue->last != NULL)
        queue->last->queue_next = c;
    else
        queue->first = c;
    queue->last = c;
}

void http_loop_queue(struct http_loop *loop, struct http_connection *c) {
    push(&loop->queue, c);
}

void http_loop_queue_shaking(struct http_loop *loop, struct http_connection *c) {
    push(&loop->shaking, c);
}

/* --- the inbox: a stack that senders push to and the loop takes as a whole --- */

void http_loop_wake(struct http_loop *loop) {
    uint64_t one = 1;
    while (write(loop->wakeup, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

void http_loop_post(struct http_loop *loop, struct http_request *request) {
    /* The loop may end, and its memory go, once this answer is taken; senders keeps it until this thread is out of here. */
    atomic_fetch_add_explicit(&loop->senders, 1, memory_order_relaxed);
    struct http_request *first = atomic_load_explicit(&loop->inbox, memory_order_relaxed);
    do
        request->next = first;
    while (!atomic_compare_exchange_weak_explicit(&loop->inbox, &first, request, memory_order_release, memory_order_relaxed));
    /* Whoever found it not empty comes after one who wakes the loop, and the loop takes all there is. */
    if (first == NULL)
        http_loop_wake(loop);
    atomic_fetch_sub_explicit(&loop->senders, 1, memory_order_release);
}

bool http_loop_posting(struct http_loop *loop) {
    return atomic_load_explicit(&loop->senders, memory_order_acquire) != 0;
}

static void take_inbox(struct http_loop *loop) {
    uint64_t count;
    while (read(loop->wakeup, &count, sizeof(count)) < 0 && errno == EINTR)
        continue;
    struct http_request *last = atomic_exchange_explicit(&loop->inbox, NULL, memory_order_acquire);
    struct http_request *request = NULL;
    while (last != NULL) { /* turns it round: first come, first served */
        struct http_request *next = last->next;
        last->next = request;
        request = last;
        last = next;
    }
    while (request != NULL) {
        struct http_request *next = request->next;
        http_connection_answered(request->connection, request);
        request = next;
    }
}

/* --- new connections --- */

static int watch_listeners(struct http_loop *loop, int operation) {
    for (size_t i = 0; i < loop->shared->config.listeners_len; i++) {
        /* Threads share the one socket of a path: exclusive wakes one of them. */
        struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = &loop->listeners[i]};
        if (epoll_ctl(loop->epoll, operation, loop->listeners[i].fd, &event) != 0)
            return LK_EIO;
    }
    return 0;
}

/* The listeners stay ready, so looking at them again at once would spin. */
static void pause_accepting(struct http_loop *loop) {
    if (loop->accept_paused || loop->draining)
        return;
    watch_listeners(loop, EPOLL_CTL_DEL);
    loop->accept_paused = true;
    loop->accept_resume = loop->now + ACCEPT_PAUSE_NS;
}

static void resume_accepting(struct http_loop *loop) {
    loop->accept_paused = false;
    if (watch_listeners(loop, EPOLL_CTL_ADD) != 0)
        pause_accepting(loop);
}

/* In clear text it is told why; a handshake for that would cost more than to serve. */
static void refuse_connection(struct http_loop *loop, const struct http_listen_socket *from, int fd, const struct sockaddr_storage *peer) {
    http_count(&loop->counters.refused);
    bool told = from->tls == NULL && loop->refused_open < REFUSED_MAX;
    struct http_connection *c = told ? http_connection_new(loop, from->listener, NULL, fd, peer) : NULL;
    if (c == NULL) {
        close(fd);
        return;
    }
    loop->refused_open++;
    http_connection_refuse(c);
}

static struct http_connection *make_connection(struct http_loop *loop, const struct http_listen_socket *from, int fd,
                                               const struct sockaddr_storage *peer) {
    if (from->tls == NULL)
        return http_connection_new(loop, from->listener, NULL, fd, peer);
    pthread_mutex_lock(&from->tls->lock);
    SSL_CTX *context = from->tls->context;
    SSL_CTX_up_ref(context);
    pthread_mutex_unlock(&from->tls->lock);
    struct http_connection *c = http_connection_new(loop, from->listener, context, fd, peer);
    SSL_CTX_free(context);
    return c;
}

static void admit(struct http_loop *loop, const struct http_listen_socket *from, int fd, const struct sockaddr_storage *peer) {
    struct http_shared *shared = loop->shared;
    if (atomic_fetch_add_explicit(&shared->connections_open, 1, memory_order_relaxed) >=
        shared->config.connections_max + from->listener->spare) {
        atomic_fetch_sub_explicit(&shared->connections_open, 1, memory_order_relaxed);
        refuse_connection(loop, from, fd, peer);
        return;
    }
    struct http_connection *c = make_connection(loop, from, fd, peer);
    if (c == NULL) {
        atomic_fetch_sub_explicit(&shared->connections_open, 1, memory_order_relaxed);
        http_count(&loop->counters.refused);
        close(fd);
        return;
    }
    http_count(&loop->counters.connections);
    http_connection_run(c);
}

/* False when the listener has no more for now. */
static bool accept_one(struct http_loop *loop, const struct http_listen_socket *listener) {
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof(peer);
    int fd = accept4(listener->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        admit(loop, listener, fd, &peer);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        pause_accepting(loop);
        return false;
    }
    return errno != EAGAIN; /* others are of the one connection, which is gone */
}

static void accept_some(struct http_loop *loop, const struct http_listen_socket *listener) {
    for (int i = 0; i < ACCEPT_MAX && listener->fd >= 0 && accept_one(loop, listener); i++)
        continue;
}

/* --- the end --- */

void http_loop_stop(struct http_loop *loop, int64_t deadline) {
    atomic_store_explicit(&loop->stop_deadline, deadline, memory_order_release);
    http_loop_wake(loop);
}

/* Lets the client go, if it asks for nothing and is not in the middle of saying who it is. */
static void drain(struct http_connection *c) {
    bool silent = c->phase == HTTP_HANDSHAKE && !c->tls->begun;
    if (c->fd < 0 || (!silent && c->phase != HTTP_IDLE && c->phase != HTTP_STREAMS))
        return;
    c->readable = true; /* something may have come since the last look */
    if (c->tls != NULL)
        c->tls->wire_readable = true;
    if (silent)
        http_connection_shake(c);
    else
        http_connection_run(c);
    if (c->fd >= 0 && c->phase == HTTP_HANDSHAKE && !c->tls->begun && !c->late)
        http_connection_abort(c);
}

static void begin_drain(struct http_loop *loop) {
    loop->draining = true;
    loop->accept_paused = false;
    /* Who is in the queue of a listener has been told that it is connected: closing the listener would reset it. Those who come as fast are too late. */
    for (size_t i = 0; i < loop->shared->config.listeners_len; i++) {
        for (int n = 0; n < HTTP_BACKLOG && accept_one(loop, &loop->listeners[i]); n++)
            continue;
        close_listener(&loop->listeners[i]);
    }
    for (struct http_connection *c = loop->connections, *next; c != NULL; c = next) {
        next = c->next;
        drain(c);
    }
}

static void cut_off(struct http_loop *loop) {
    for (struct http_connection *c = loop->connections, *next; c != NULL; c = next) {
        next = c->next;
        http_connection_abort(c);
    }
    loop->drain_deadline = INT64_MAX; /* left are those whose handlers have not answered */
}

static void check_stop(struct http_loop *loop) {
    if (!loop->draining) {
        loop->drain_deadline = atomic_load_explicit(&loop->stop_deadline, memory_order_acquire);
        if (loop->drain_deadline != 0)
            begin_drain(loop);
    }
    if (loop->draining && loop->now >= loop->drain_deadline)
        cut_off(loop);
}

/* --- one turn --- */

static int wait_ms(const struct http_loop *loop) {
    if (loop->queue.first != NULL || loop->shaking.first != NULL)
        return 0;
    int64_t next = loop->accept_paused ? loop->accept_resume : INT64_MAX;
    if (loop->draining && loop->drain_deadline < next)
        next = loop->drain_deadline;
    for (size_t i = 0; i < HTTP_TIMEOUTS; i++) {
        int64_t timeout = http_timer_next(&loop->timeouts[i]);
        if (timeout < next)
            next = timeout;
    }
    if (next == INT64_MAX)
        return -1;
    int64_t ms = (next - loop->now + 999999) / 1000000; /* upwards: not to wake before it */
    return ms < 0 ? 0 : ms > INT_MAX ? INT_MAX : (int)ms;
}

static void run_timeout(struct http_timer *timer, enum http_timeout timeout) {
    char *at = (char *)timer;
    switch (timeout) {
    case HTTP_TIMEOUT_STREAM_HEAD:
    case HTTP_TIMEOUT_STREAM_BODY:
        http2_stream_timeout((struct http_request *)(at - offsetof(struct http_request, stream.timer)), timeout);
        break;
    case HTTP_TIMEOUT_WRITE:
        http_connection_timeout((struct http_connection *)(at - offsetof(struct http_connection, write_timer)), timeout);
        break;
    default: http_connection_timeout((struct http_connection *)(at - offsetof(struct http_connection, read_timer)), timeout); break;
    }
}

static void run_timeouts(struct http_loop *loop) {
    for (size_t i = 0; i < HTTP_TIMEOUTS; i++) {
        struct http_timer *timer;
        while ((timer = http_timer_pop(&loop->timeouts[i], loop->now)) != NULL)
            run_timeout(timer, (enum http_timeout)i);
    }
}

static void run_queue(struct http_loop *loop) {
    struct http_connection *c = loop->queue.first;
    loop->queue = (struct http_queue){NULL, NULL};
    while (c != NULL) {
        struct http_connection *next = c->queue_next;
        c->queued = false;
        if (c->fd >= 0)
            http_connection_run(c);
        c = next;
    }
}

static void run_shaking(struct http_loop *loop) {
    struct http_connection *c;
    for (int i = 0; i < SHAKING_MAX && (c = loop->shaking.first) != NULL; i++) {
        loop->shaking.first = c->queue_next;
        if (c->queue_next == NULL)
            loop->shaking.last = NULL;
        c->queued = false;
        if (c->fd >= 0)
            http_connection_shake(c);
    }
}

/* Those in a queue wait for the next turn. */
static void empty_graveyard(struct http_loop *loop) {
    struct http_connection *c = loop->graveyard;
    loop->graveyard = NULL;
    while (c != NULL) {
        struct http_connection *next = c->next;
        if (c->queued)
            http_loop_bury(loop, c);
        else
            free(c);
        c = next;
    }
}

static void dispatch(struct http_loop *loop, struct http_event *event) {
    switch (event->kind) {
    case HTTP_EVENT_LISTENER: accept_some(loop, (struct http_listen_socket *)event); break;
    case HTTP_EVENT_INBOX: take_inbox(loop); break;
    case HTTP_EVENT_CONNECTION:
        if (((struct http_connection *)event)->fd >= 0)
            http_connection_run((struct http_connection *)event);
        break;
    }
}

/* Reads what has come on several connections before the first of it is handled: that needs memory which no cache holds, and one wait is enough for all. */
static void fetch_together(const struct epoll_event *events, size_t len) {
    struct http_request *together[HTTP_TOGETHER_MAX];
    size_t gathered = 0;
    for (size_t i = 0; i < len; i++) {
        if (((struct http_event *)events[i].data.ptr)->kind != HTTP_EVENT_CONNECTION)
            continue;
        struct http_connection *c = events[i].data.ptr;
        http_connection_notice(c, events[i].events);
        if (c->fd >= 0 && c->phase == HTTP_READY && gathered < HTTP_TOGETHER_MAX)
            gathered += http_ahead_gather(c, together + gathered, HTTP_TOGETHER_MAX - gathered);
    }
    http_ahead_foresee(together, gathered);
}

static bool work_on_ready(struct http_event *event) {
    struct http_connection *c = (struct http_connection *)event;
    return event->kind == HTTP_EVENT_CONNECTION && c->fd >= 0 && c->phase == HTTP_READY && http_connection_work(c);
}

/* At most HTTP_TOGETHER_MAX. Reading, handling and sending each for all that have a small request, which is what they cost least by; then the others in their order,
 * which may take longer. */
static void serve(struct http_loop *loop, const struct epoll_event *events, size_t len) {
    fetch_together(events, len);
    bool worked[HTTP_TOGETHER_MAX] = {false};
    for (size_t i = 0; i < len; i++)
        worked[i] = work_on_ready(events[i].data.ptr);
    for (size_t i = 0; i < len; i++) {
        if (worked[i])
            http_connection_send(events[i].data.ptr);
    }
    for (size_t i = 0; i < len; i++) {
        if (!worked[i])
            dispatch(loop, events[i].data.ptr);
    }
}

/* Waits for events, unless something is to be done already. How many came, or negative. */
static int await(struct http_loop *loop, struct epoll_event *events) {
    const struct http_thread_hooks *hooks = loop->shared->config.hooks;
    if (hooks != NULL)
        hooks->before_wait(hooks->context, loop->index);
    int n = epoll_wait(loop->epoll, events, EVENTS_MAX, wait_ms(loop));
    if (hooks != NULL)
        hooks->after_wait(hooks->context, loop->index);
    return n;
}

/* What has come meanwhile. A wait that may last, even if it need not, costs more: the kernel reads the clock twice to know its end, and the hooks tell other threads. */
static int look(struct http_loop *loop, struct epoll_event *events) {
    const struct http_thread_hooks *hooks = loop->shared->config.hooks;
    if (hooks != NULL)
        hooks->between_turns(hooks->context, loop->index);
    return epoll_wait(loop->epoll, events, EVENTS_MAX, 0);
}

/* Where several came at once, more have mostly come while they were served. */
static size_t gather(struct http_loop *loop, struct epoll_event *events) {
    int n = loop->busy ? look(loop, events) : 0;
    if (n <= 0)
        n = await(loop, events);
    loop->busy = n > 1;
    loop->now = lk_clock_mono_ns();
    loop->read_is_timed = false;
    return n < 0 ? 0 : (size_t)n;
}

void http_loop_turn(struct http_loop *loop) {
    struct epoll_event events[EVENTS_MAX];
    size_t len = gather(loop, events);
    for (size_t i = 0; i < len; i += HTTP_TOGETHER_MAX)
        serve(loop, events + i, len - i < HTTP_TOGETHER_MAX ? len - i : HTTP_TOGETHER_MAX);
    run_timeouts(loop);
    if (loop->accept_paused && loop->now >= loop->accept_resume)
        resume_accepting(loop);
    check_stop(loop);
    run_queue(loop);
    run_shaking(loop);
    empty_graveyard(loop);
}

void *http_loop_run(void *context) {
    struct http_loop *loop = context;
    const struct http_thread_hooks *hooks = loop->shared->config.hooks;
    if (hooks != NULL)
        hooks->start(hooks->context, loop->index);
    loop->now = lk_clock_mono_ns();
    resume_accepting(loop);
    while (!loop->draining || loop->connections != NULL || loop->graveyard != NULL)
        http_loop_turn(loop);
    if (hooks != NULL)
        hooks->stop(hooks->context, loop->index);
    return NULL;
}
