/*
 * One client connection: bytes in, requests to handlers one after another, answers out in their order. Touched by its I/O thread only.
 *
 * Two seams: towards the socket, clear text or TLS (tls.h); towards requests, HTTP/1 here or, in phase STREAMS, HTTP/2 (http2.h).
 *
 * Life: (HANDSHAKE ->) IDLE -> HEAD -> (BODY, or READY) -> HANDLING (-> SENDING, a large answer) -> IDLE ... until it is to close; then what is unsent goes out, and it LINGERs: its own
 * direction is shut and what still comes is dropped for a while, because closing at once would reset the connection and take the last answer
 * away from a client that is still sending (RFC 9112 section 9.6). When the socket is gone while a handler has the request, the connection
 * stays, with fd -1, until the answer comes, and drops it.
 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "http/event.h"
#include "http/http2.h"
#include "http/request.h"
#include "http/timer.h"
#include "http/tls.h"

struct http_loop;

enum http_phase {
    HTTP_HANDSHAKE,
    HTTP_IDLE,
    HTTP_PREFACE,
    HTTP_READ_HEAD,
    HTTP_READ_BODY,
    HTTP_READY, /* a request without a body is whole, and its handler comes next */
    HTTP_HANDLING,
    HTTP_SENDING,
    HTTP_STREAMS,
    HTTP_LINGER
};

struct http_connection {
    struct http_event event; /* first: epoll points at it */
    int fd;                  /* -1 once closed */
    enum http_phase phase;
    enum http_timeout timed; /* what read_timer is armed for; HTTP_TIMEOUTS: to be armed anew */
    bool readable;           /* the socket may have bytes, or its end, to read */
    bool hung_up;            /* the client has ended its direction: read up to the end */
    bool ended;              /* and that end was read */
    bool blocked;            /* the socket takes no more for now */
    bool starved;            /* all input was used: it takes more to go on */
    bool closing;            /* nothing is read after the answer that closes */
    bool lingers;            /* the client may not expect the end */
    bool refused;            /* past the cap: only told so */
    bool begun;              /* a request was: it is too late for HTTP/2 */
    bool late;               /* it got here when the server drained already: its first request may be on its way */
    bool queued;             /* in the loop's run queue */
    bool answers_out;        /* HTTP/2: out has something of an answer, and not only of the protocol's own talk */
    bool fetched;            /* what is there was read together with what others sent */
    size_t dropped;          /* bytes while it lingers */
    size_t waiting;          /* bytes in http_shared.output, of requests whose answers are in out and that are gone */
    struct http_loop *loop;
    const struct http_listener *listener;
    struct http_tls *tls;         /* NULL: clear text */
    struct http2 *h2;             /* NULL: HTTP/1 */
    struct http_request *request; /* while it is read or handled */
    struct http_request *ahead;   /* those behind it that are whole (ahead.h), in order */
    struct http_iobuf in, out;
    struct lk_slice behind; /* what goes out behind out: the request's, while it is SENDING */
    struct http_timer read_timer, write_timer;
    struct http_connection *prev, *next; /* all of the loop; next: also the run queue's graveyard */
    struct http_connection *queue_next;
    struct sockaddr_storage peer;
};

/* Takes over fd. tls: what to speak TLS with, NULL for clear text. NULL when out of memory: fd is then still the caller's. */
struct http_connection *http_connection_new(struct http_loop *loop, const struct http_listener *listener, SSL_CTX *tls, int fd,
                                            const struct sockaddr_storage *peer);

/* Goes on as far as it can without waiting: sends, reads once, handles what is complete, sends. */
void http_connection_run(struct http_connection *connection);

/* The two halves of it: the first up to what there is to send, and whether the second is to follow, in the same turn of the loop. Several connections that do
 * the first and then all the second find in the processor's caches what the one before them needed of program and kernel. */
bool http_connection_work(struct http_connection *connection);
void http_connection_send(struct http_connection *connection);

/* Goes on with the handshake, which http_connection_run only queues, and then as http_connection_run. */
void http_connection_shake(struct http_connection *connection);

/* Tells the client that it came past the cap, and closes. */
void http_connection_refuse(struct http_connection *connection);

/* The socket reported these epoll events. Reads what has come for an idle connection, up to where a handler is next (HTTP_READY) or a body; http_connection_run is to follow, if
 * it still is open. */
void http_connection_notice(struct http_connection *connection, uint32_t events);

/* A handler's later answer has come. */
void http_connection_answered(struct http_connection *connection, struct http_request *request);

/* A request's header is there, which says that a body follows: sets the request's body_max, and says whether its handler waits for the body. */
bool http_connection_wants_body(struct http_connection *connection, struct http_request *request);

/* Gives a complete request to its handler. Whether that answered at once; otherwise http_connection_answered comes. */
bool http_connection_call(struct http_connection *connection, struct http_request *request);

void http_connection_timeout(struct http_connection *connection, enum http_timeout timeout);

/* Closes the socket at once. The connection goes when no handler has its request any more. */
void http_connection_abort(struct http_connection *connection);

#endif
