/*
 * An HTTP/1.1 and HTTP/2 server (RFC 9110, 9112, 9113): one epoll loop a thread, each with its own SO_REUSEPORT listeners. It knows nothing of what is served.
 *
 * Life of a request: the I/O thread that read it calls the handler. The handler either answers before it returns (fast lane: nothing is
 * allocated, answers to all requests of one read leave in one write), or keeps the request and answers later from any thread (slow lane:
 * http_send posts it to the request's own I/O thread through an eventfd inbox). Every request is answered exactly once with http_send; until then
 * it, its arena and all slices from it stay valid, even when the client has gone. Requests of one HTTP/1.1 connection are handled one after another.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>
#include <sys/socket.h>

struct http_server;
struct http_request;

typedef void (*http_handler)(struct http_request *request, void *context);

/* Most requests that are looked at together: enough to keep the memory busy, few enough that nothing fetched is pushed out again. */
#define HTTP_TOGETHER_MAX 16

/* Told of requests, two to HTTP_TOGETHER_MAX, that came together, before the first of them is handled: to ask for memory that their handlers will need, of all of them
 * at once. It may read them and write their notes (http_request_foresee), nothing else; each goes to its handler next, unless its connection ends before. */
typedef void (*http_foresight)(struct http_request *const *requests, size_t len, void *context);

/* Most bytes that the handler takes of the body of a request whose header is there; http_config.body_max holds all the same. A larger one is refused with
 * 413. It is not asked where the body is known to be there too. Or one of the two below: the handler is then called at once, with an empty body. What came of
 * it along with the header is dropped, and if more is to come, the connection (by HTTP/2, the stream) ends with the answer. *ret_known, which is false, becomes
 * true when the handler knows who asks: all others together may take three quarters of http_config.input_max, so that they leave something to those. */
typedef size_t (*http_body_limit)(const struct http_request *request, void *context, bool *ret_known);

#define HTTP_BODY_UNUSED ((size_t)0) /* the handler has no use for it, whatever its size */
#define HTTP_BODY_UNHEARD SIZE_MAX /* the handler will refuse the request, whatever it says; unless it is larger than http_config allows */

enum http_tls_version { HTTP_TLS_1_2, HTTP_TLS_1_3 };

/* Files in PEM form; read when the server is created and at each http_server_reload. */
struct http_tls_config {
    const char *certificate_file; /* the server's certificate, then those that lead to its issuer */
    const char *key_file;         /* without a passphrase; no other than its owner may read it */
    /* Clients must show a certificate that leads to one of these, at each connection, and that no list of revoked ones in this file names; NULL: they are not asked. */
    const char *client_ca_file;
    enum http_tls_version min_version; /* 1.2 and 1.3 are spoken */
};

/* Calls warn for each certificate and revocation list in these files that has expired or is not valid yet, which is no error for the server: with a sentence, less its full stop, that names file
 * and date and is lent for the call. Files that cannot be read are passed over. Any thread. */
typedef void (*http_tls_warning)(const char *sentence);
void http_tls_check_dates(const struct http_tls_config *config, http_tls_warning warn);

/* One address to listen on. */
struct http_listener {
    const char *address;  /* "127.0.0.1:5390", "[::1]:5390" (port 0 lets the kernel choose), "unix:/path"; lives as long as the server */
    http_handler handler; /* called on an I/O thread; must not block */
    void *context;
    const struct http_tls_config *tls; /* NULL: clear text; lives as long as the server */
    unsigned unix_mode;                /* of the socket's file, such as 0660; 0: 0600 */
    http_foresight foresee;            /* called on an I/O thread with context; NULL: none */
    http_body_limit body_max;          /* the same */
    size_t spare; /* so many connections past connections_max are taken: for who looks after the server when it is full */
};

struct http_answer_field {
    struct lk_slice name, value;
};

/* An answer that the server makes itself. All of it static memory. */
struct http_error {
    struct lk_slice body; /* of text/plain, unless content_type is set */
    const char *content_type;
    const struct http_answer_field *fields; /* besides */
    size_t fields_len;                      /* at most HTTP_ERROR_FIELDS_MAX */
};

#define HTTP_ERROR_FIELDS_MAX 15

/* All limits have a default (http_config_defaults); an exceeded one is answered where HTTP has an answer (400, 408, 413, 414, 431, 503), then the
 * connection closes. */
struct http_config {
    const struct http_listener *listeners;
    size_t listeners_len;
    unsigned threads;        /* 0: one for each core this process may run on */
    size_t request_line_max; /* bytes; longer: 414 (target) or 400 */
    size_t header_bytes_max; /* all header fields together; more: 431 */
    size_t header_count_max; /* more: 431 */
    size_t body_max;         /* bytes after de-chunking; more: 413, without reading it */
    /* Bytes of memory over all threads. For requests of which there is more than a block, and those by HTTP/2 beyond a few of each connection, until they are
     * answered; more: 503. For what handlers make of requests until the answer is sent, small ones aside: see http_body_room. */
    size_t input_max;
    size_t output_max;
    size_t arena_max;           /* bytes a request's arena may hand out */
    unsigned header_timeout_ms; /* from the first byte of a request to the end of its header, however it trickles: 408 */
    unsigned body_timeout_ms;   /* from the end of the header to the end of the body: 408 */
    unsigned idle_timeout_ms;   /* between requests: closed silently */
    unsigned write_timeout_ms;  /* a reader that takes no byte for so long is cut off */
    size_t write_backlog_max;   /* unsent answer bytes of a connection before it stops reading further pipelined requests */
    size_t connections_max;     /* over all threads; past it, new ones get 503 and are closed, but for a listener's spare ones */
    size_t gzip_min;            /* answers from so many bytes to half a MiB are compressed when the client accepts gzip; 0: never */
    void (*describe_error)(int status,
                           struct http_error *ret); /* fills in what the server's own answers say; NULL: the reason phrase as text */
    const struct http_thread_hooks *hooks;          /* NULL: none; lives as long as the server */
};

/* Called by each I/O thread with context and its number (http_request_thread): at its start and end, around each wait for events, and between turns without a wait; during a
 * wait and between turns it holds nothing of a request that was answered. */
struct http_thread_hooks {
    void (*start)(void *context, unsigned thread);
    void (*before_wait)(void *context, unsigned thread);
    void (*after_wait)(void *context, unsigned thread);
    void (*between_turns)(void *context, unsigned thread);
    void (*stop)(void *context, unsigned thread);
    void *context;
};

struct http_config http_config_defaults(void);

/* Binds and listens. LK_EINVAL (an address that is none, a TLS file that is not what it should be), LK_EFORBIDDEN (others can read a TLS key), LK_EBUSY
 * (in use), LK_EIO, LK_ENOMEM; problem names the address or file. No thread runs yet. A socket file that nobody listens on any more
 * is replaced; a file of another kind is not. The socket file goes when the server stops. */
int http_server_create(const struct http_config *config, struct http_server **ret, struct lk_problem *problem);

/* The port that listener number index is bound to; 0 for a Unix socket. */
unsigned http_server_port(const struct http_server *server, size_t index);

/* How many I/O threads it has, or will have. */
unsigned http_server_threads(const struct http_server *server);

/* Reads the TLS files of all listeners again. Connections from now on use what they say; those there are keep what they began with. On an error
 * (as of http_server_create, LK_EFORBIDDEN: others can read a key) nothing changes. Any thread. */
int http_server_reload(struct http_server *server, struct lk_problem *problem);

/* Starts the I/O threads. 0 or LK_EIO (then none runs). All signals are blocked in them. */
int http_server_start(struct http_server *server);

/* Drains: stops accepting, closes idle connections, lets requests under way finish (their answers say Connection: close), and after grace_ms
 * cuts off the rest. Blocks until all threads have ended; requests handed out must have been answered by then or be answered soon: it waits for
 * them. Call once, not from an I/O thread. */
void http_server_stop(struct http_server *server, unsigned grace_ms);
void http_server_free(struct http_server *server); /* after stop; or after create without start; NULL is fine */

/* bad_requests_total: refused by the server itself. timeouts_total: of header, body and write; an idle connection's end is none.
 * connections_refused: past connections_max, or for want of memory. tls_failures_total: handshakes that failed, and what was no TLS; not who went without a word. */
#define HTTP_CLASSES 16       /* kinds of requests that answers are counted by (http_set_class) */
#define HTTP_STATUS_CLASSES 5 /* 1xx to 5xx */

struct http_stats {
    uint64_t answers[HTTP_CLASSES][HTTP_STATUS_CLASSES];
    uint64_t connections_open, connections_total, connections_refused, requests_total, bad_requests_total, timeouts_total,
        tls_failures_total;
};
void http_server_stats(const struct http_server *server, struct http_stats *ret); /* any thread; not one instant */

/* --- reading a request; slices live until http_send --- */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_DELETE, HTTP_OPTIONS, HTTP_PATCH, HTTP_OTHER_METHOD };

enum http_method http_request_method(const struct http_request *request);
struct lk_slice http_request_method_text(const struct http_request *request);
struct lk_slice http_request_path(const struct http_request *request);  /* raw, "/v1/auth"; absolute-form targets reduced to it */
struct lk_slice http_request_query(const struct http_request *request); /* raw, without ?; ptr NULL when there is no ? */
struct lk_slice http_request_body(const struct http_request *request);  /* whole, de-chunked */

/* First field of that name (case ignored; pass it in small letters, digits and hyphens), white space around the value removed; ptr NULL when absent. ret_count: how many there
 * are; NULL when that does not matter. */
struct lk_slice http_request_field(const struct http_request *request, struct lk_slice lower_name, size_t *ret_count);
static inline struct lk_slice http_request_header(const struct http_request *request, const char *lower_name) {
    return http_request_field(request, lk_slice_cstr(lower_name), NULL);
}
/* The index-th field, in order; false past the last. */
bool http_request_header_at(const struct http_request *request, size_t index, struct lk_slice *ret_name, struct lk_slice *ret_value);

const struct sockaddr_storage *http_request_peer(const struct http_request *request); /* AF_INET, AF_INET6 or AF_UNIX */
bool http_request_is_secure(const struct http_request *request);                      /* it came by TLS */
struct lk_arena *http_request_arena(struct http_request *request);
unsigned http_request_thread(const struct http_request *request); /* 0 .. threads-1: index for per-thread counters */
/* What both clocks (base/clock.h) said after the request was read and before its handler was called; requests that came in one read, or in reads
 * that were done together, share it. While the handler runs. */
void http_request_time(const struct http_request *request, int64_t *ret_wall_ms, int64_t *ret_mono_ns);

/* What foresight notes about a request for its handler: HTTP_NOTE_BYTES of memory, aligned for any type. */
#define HTTP_NOTE_BYTES 64
void *http_request_foresee(struct http_request *request);          /* to write */
const void *http_request_note(const struct http_request *request); /* to read; NULL when it was not foreseen */

/* --- answering --- */

/* Which kind of request it is, 0 to HTTP_CLASSES - 1, for counting its answer; 0 unless set, and for those that the server refuses before. */
void http_set_class(struct http_request *request, unsigned kind);

/* Status; 200 unless set. */
void http_set_status(struct http_request *request, int status);

/* Adds a field. name is static (http_add_header: its length is known when it is a literal); value lives in the request's arena or is static. CR, LF and NUL
 * in value are replaced by spaces, so that no value splits the answer. Date, Content-Length, Connection, Content-Encoding and Vary: Accept-Encoding are the server's own. Too many (32): dropped. */
void http_add_field(struct http_request *request, struct lk_slice name, struct lk_slice value);
/* Each of len fields, as above. */
void http_add_fields(struct http_request *request, const struct http_answer_field *fields, size_t len);
static inline void http_add_header(struct http_request *request, const char *name, struct lk_slice value) {
    http_add_field(request, lk_slice_cstr(name), value);
}

/* The answer's body, to append to; owned by the request. A body that failed to grow turns the answer into a 500. */
struct lk_buf *http_body(struct http_request *request);

/* Most bytes of a body for which there is room beside what other requests take, which are handled or whose answers were not taken yet: for a handler that could
 * still do without. Never less than HTTP_BODY_ROOM_MIN: who wants little is not refused for what others do. */
#define HTTP_BODY_ROOM_MIN ((size_t)64 << 10)
size_t http_body_room(const struct http_request *request);

/* Counts what the request's body and arena take from now on, before others are told that there is room: when that is much, and the answer is sent later.
 * (http_send does so too.) */
void http_body_made(struct http_request *request);

/* The same, and counts so many bytes beside, which its handler keeps elsewhere for it; 0 when they are freed. */
void http_request_holds(struct http_request *request, size_t bytes);

/* Uses bytes that live in the arena or are static as the body, without copying; replaces what http_body holds. */
void http_set_body(struct http_request *request, struct lk_slice bytes);

/* A body that is read piece by piece while it is sent, so that it is never in memory as a whole. */
struct http_source {
    /* Up to room bytes of the body from offset on into out: how many, at least 1. Negative: there are no more to be had; the client then sees an answer
     * that is cut short. On the request's I/O thread, which must not wait long. */
    long (*read)(void *context, uint64_t offset, char *out, size_t room);
    /* Once, after the last read, whether all was sent or not: on the request's I/O thread, or on the one that frees the server. */
    void (*close)(void *context);
    void *context;
    uint64_t len; /* bytes of the body */
};

/* Takes the body from source, instead of what http_body and http_set_body say. It is not compressed. */
void http_set_source(struct http_request *request, const struct http_source *source);

/* Says that the body is what is to be sent: in coding, a static text such as "br", or as it is (NULL). The server then leaves it alone. For who chose by
 * Accept-Encoding: Vary says so. */
void http_set_coding(struct http_request *request, const char *coding);

/* Sends the answer; the request may not be touched afterwards. From any thread, exactly once. Never blocks, never fails towards the caller. */
void http_send(struct http_request *request);

#endif
