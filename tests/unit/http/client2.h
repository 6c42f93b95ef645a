/* An HTTP/2 client, by libnghttp2, over a blocking socket or TLS. */
#ifndef LK_TESTS_HTTP_CLIENT2_H
#define LK_TESTS_HTTP_CLIENT2_H

#include "harness.h"

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#define CLIENT_STREAMS_MAX 2048

struct client_stream {
    int32_t id;
    int status;
    bool informed; /* an interim answer came */
    bool closed;
    uint32_t error;
    char fields[1024]; /* name: value lines */
    char *body;        /* NUL after it */
    size_t body_len;
};

struct client {
    int fd;
    SSL *ssl; /* NULL: clear text */
    nghttp2_session *session;
    struct client_stream *streams;
    size_t len;
    bool manual; /* windows stay as they are */
    bool goaway; /* came */
    uint32_t goaway_error;
    int32_t goaway_last;
    bool ended;
    unsigned reads; /* that brought something */
};

void client_start(struct client *client, int fd, SSL *ssl, bool manual);
void client_stop(struct client *client);

/* Asks, with a body when that is not NULL; returns the index of the stream. Sent by client_send. extra: "name", "value", ..., NULL; or NULL. */
size_t client_ask(struct client *client, const char *method, const char *path, const char *body, const char *const *extra);
/* The same without :authority and with nothing but what fields says. open: the stream's end is not sent. */
size_t client_ask_raw(struct client *client, const char *const *fields, bool open);

void client_send(struct client *client);
void client_read(struct client *client);               /* sends, then reads once */
void client_wait(struct client *client, size_t index); /* until the stream is closed or the connection ends */
void client_wait_end(struct client *client);

/* Waits, and checks status and, when not NULL, body. */
void client_expect(struct client *client, size_t index, int status, const char *body);

#endif
