/* A server on a free loopback port with handlers that tests steer, and a client that speaks raw bytes. */
#ifndef LK_TESTS_HTTP_HARNESS_H
#define LK_TESTS_HTTP_HARNESS_H

#include "../unit.h"

#include "http/server.h"

#include <stdatomic.h>

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n\r\n"

extern atomic_uint handled;        /* requests that reached the handler */
extern atomic_uint sends;          /* sends of the server */
extern atomic_uint sources_closed; /* of /source and /cut */
extern atomic_uint accept_faults;  /* so many accept4(2) calls fail with EMFILE */
extern atomic_bool accept_crowd;   /* there is always one more to accept */

/*
 * The paths:
 *   /echo     "METHOD path?query body"
 *   /later    kept until answer_kept
 *   /text/N   N bytes of text, static
 *   /made/N   the same, made for this request
 *   /source/N the same, from a source that gives at most 5000 bytes at a time
 *   /cut/N    a source that fails in the middle
 *   /subject  whom the client's certificate names, or "nobody"
 *   /fields   the request's fields, a line each
 *   /odd      fields and a body with line ends in a value
 *   /many     40 fields
 *   /time     both clocks, as http_request_time says them
 *   /note     what the listener's foresight noted of this request: "place of how many: query", or "nothing"
 *   /arena/N  what takes N bytes of its arena, a field among it
 *   /room     http_body_room
 *   /held/N   the same, while N bytes are kept elsewhere
 *   /hold     holds the I/O thread until let_go
 *   /broken   a body that failed to grow
 *   /none     204
 */
struct http_config test_config(void); /* one thread, generous timeouts; its one listener may be changed: */
struct http_listener *test_listener(void);
void start(const struct http_config *config);
int start_default(void **state); /* a test's set-up: with this configuration */
void stop(unsigned grace_ms);    /* and frees */
struct http_server *test_server(void);
int stop_after_test(void **state);

/* Waits until count requests are kept; answers the oldest with text "later". */
void wait_kept(unsigned count);
void answer_kept(void);

void wait_held(void); /* until the thread is at /hold */
void let_go(void);

/* A connection; reads give up after some seconds, so that a failure does not hang. */
int dial(void);
int dial_unix(const char *path); /* -1 when nobody listens */
void say(int fd, const char *text);
void say_bytes(int fd, const char *bytes, size_t len);

struct answer {
    int status;
    char head[4096]; /* with its NUL */
    char *body;      /* freed by answer_free */
    size_t body_len;
};
/* Reads one whole answer; has_body false for answers to HEAD, 204 and 100. */
void hear(int fd, bool has_body, struct answer *ret);
void answer_free(struct answer *answer);

/* Reads one answer and checks status and, when not NULL, the body. */
void expect_answer(int fd, int status, const char *body);
void expect_end(int fd); /* nothing more comes, and the connection ends */

/* Waits for a counter of the server to reach a value. */
void wait_stat(size_t offset, uint64_t least);

#endif
