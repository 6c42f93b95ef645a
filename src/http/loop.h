/*
 * One I/O thread: epoll, its listeners, connections, timers and the inbox of later answers. All of it is touched by that thread only, but for
 * the inbox, the stop flag and the counters.
 *
 * Connections are registered once, edge-triggered; what is left to do without a new edge is in the run queue. Closed connections are freed at
 * the end of a turn, so that an event of the same turn still finds memory.
 */
#ifndef HTTP_LOOP_H
#define HTTP_LOOP_H

#include "http/connection.h"
#include "http/gzip.h"
#include "http/http2_memory.h"

#include <pthread.h>
#include <stdatomic.h>

struct http_listen_socket {
    struct http_event event; /* first */
    int fd;                  /* -1 once closed */
    const struct http_listener *listener;
    struct http_tls_slot *tls; /* NULL: clear text */
};

/* Written by the loop's thread, read by any. */
struct http_counters {
    _Atomic uint64_t connections, refused, requests, bad_requests, timeouts, tls_failures;
    _Atomic uint64_t answers[HTTP_CLASSES][HTTP_STATUS_CLASSES];
};

static inline void http_count(_Atomic uint64_t *counter) {
    /* One writer: no locked instruction is needed. */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_relaxed);
}

/* Counts an answer to a request of a kind. status is 100 to 599. */
static inline void http_count_answer(struct http_counters *counters, unsigned kind, int status) {
    http_count(&counters->answers[kind][status / 100 - 1]);
}

/* What new connections of a listener use; another takes its place when the files are read again. */
struct http_tls_slot {
    pthread_mutex_t lock;
    SSL_CTX *context; /* NULL: clear text */
};

/* What all loops of a server share. */
struct http_shared {
    struct http_config config;
    struct http_limits limits;
    struct http_tls_slot *tls;    /* config.listeners_len */
    struct http_budget input;     /* for what is being read */
    struct http_budget strangers; /* the part of it for those who are not known */
    _Atomic size_t output;        /* bytes of what handlers made of requests; small amounts are not counted */
    _Atomic size_t connections_open;
};

/* First come, first served; a connection is in one of them at most. */
struct http_queue {
    struct http_connection *first, *last;
};

struct http_loop {
    struct http_shared *shared;
    unsigned index;
    pthread_t thread;
    int epoll, wakeup; /* wakeup: an eventfd */
    struct http_event inbox_event;
    struct http_listen_socket *listeners; /* shared->config.listeners_len */

    int64_t now; /* of this turn, monotonic ns */
    bool busy;   /* several events came to the last turn */
    /* Of the read, or the reads done together, whose requests are handled now, once one of them asks. */
    bool read_is_timed;
    int64_t read_wall_ms, read_mono_ns;
    int64_t date_second;
    char date[HTTP_DATE_LEN];
    struct http_timer_class timeouts[HTTP_TIMEOUTS];

    struct http_connection *connections, *graveyard;
    struct http_queue queue;   /* those with something left to do */
    struct http_queue shaking; /* those whose handshake goes on: a few in each turn, since they cost more than all else */
    struct http_pool pool;
    struct http2_memory http2_memory;
    struct http_request *free_requests;
    size_t free_requests_len;
    struct http_gzip gzip;
    size_t refused_open;

    bool accept_paused;
    int64_t accept_resume; /* monotonic ns */
    bool draining;
    int64_t drain_deadline;

    struct http_counters counters;

    _Atomic int64_t stop_deadline;        /* 0 until it is to drain; monotonic ns */
    _Atomic(struct http_request *) inbox; /* answered requests, last first */
    atomic_uint senders;                  /* threads inside http_loop_post */
};

/* Makes epoll and inbox; the listeners' sockets are set by the caller before it runs. 0, LK_EIO or LK_ENOMEM; then nothing is left over. */
int http_loop_init(struct http_loop *loop, struct http_shared *shared, unsigned index);
void http_loop_free(struct http_loop *loop);

/* The thread's function (context: its loop): returns when it was stopped and the last connection is gone. */
void *http_loop_run(void *context);

/* What http_loop_run does again and again: waits until there is something to do, does it, and frees the connections that ended. */
void http_loop_turn(struct http_loop *loop);

/* Any thread: begin to drain; what is left at deadline (monotonic ns) is cut off. */
void http_loop_stop(struct http_loop *loop, int64_t deadline);

/* Any thread: a turn, even if nothing has happened. */
void http_loop_wake(struct http_loop *loop);

/* Any thread: an answer that did not come inside its handler. */
void http_loop_post(struct http_loop *loop, struct http_request *request);

/* Whether a thread may still be inside http_loop_post. */
bool http_loop_posting(struct http_loop *loop);

/* The loop's own thread: */
void http_loop_queue(struct http_loop *loop, struct http_connection *connection);         /* http_connection_run in this turn or the next */
void http_loop_queue_shaking(struct http_loop *loop, struct http_connection *connection); /* http_connection_shake when it is its turn */
struct http_request *http_loop_take_request(struct http_loop *loop);                      /* reset; NULL when out of memory */
void http_loop_give_request(struct http_loop *loop, struct http_request *request);        /* its stream, if any, is closed */
/* So much of http_shared.output waits no longer. */
static inline void http_loop_sent(struct http_loop *loop, size_t len) {
    if (len > 0)
        atomic_fetch_sub_explicit(&loop->shared->output, len, memory_order_relaxed);
}
const char *http_loop_date(struct http_loop *loop);
void http_loop_bury(struct http_loop *loop, struct http_connection *connection); /* freed at the end of the turn */

#endif
