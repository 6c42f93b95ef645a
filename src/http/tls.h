/*
 * TLS 1.2 and 1.3 (RFC 5246, 8446) between a connection and its socket, by OpenSSL. OpenSSL reaches the socket through a BIO of ours, which knows from
 * epoll whether the socket can be read or written, so that no system call is made only to hear that it cannot.
 *
 * A context (certificate, key, settings) serves all connections made while it is current; those keep it alive when another takes its place.
 */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "http/server.h"

#include <openssl/ssl.h>
#include <sys/types.h>

struct http_connection;

/* The TLS side of a connection; touched by its I/O thread only. */
struct http_tls {
    SSL *ssl;           /* NULL once closed */
    bool wire_readable; /* the socket may have bytes, or its end, to read */
    size_t wire_left;   /* bytes that may still be read from it in this call: none left ends the call as if there were no more */
    bool begun;         /* the first byte was read */
    bool established;   /* the handshake is done */
    bool failed;        /* nothing more can be said */
    bool ended;         /* close_notify was sent */
};

/* Reads the files. 0; LK_EFORBIDDEN: others than its owner can read the key; LK_EINVAL: a file that is not what it should be; LK_EIO; LK_ENOMEM.
 * problem names the file. Any thread. */
int http_tls_load(const struct http_tls_config *config, SSL_CTX **ret, struct lk_problem *problem);

/* A server's side of a new connection. NULL when out of memory. */
struct http_tls *http_tls_new(SSL_CTX *context, struct http_connection *connection);

/* Goes on with the handshake. 1: done; 0: it takes more from the socket; -1: failed, the connection is to be aborted. */
int http_tls_handshake(struct http_connection *connection);

/* Whether the client chose HTTP/2 (RFC 7301). After the handshake. */
bool http_tls_chose_h2(const struct http_tls *tls);

/* As recv and send. Reading takes what has come and fits, or a part of it when that is much on the wire, and clears connection->readable when that is all. What write
 * refused with EAGAIN must be given again, from the same first byte. */
ssize_t http_tls_read(struct http_connection *connection, char *out, size_t room);
ssize_t http_tls_write(struct http_connection *connection, const char *bytes, size_t len);

/* Tells the client that nothing more comes (close_notify), if that can be said at once. */
void http_tls_end(struct http_connection *connection);

/* Frees what OpenSSL holds, so that *tls itself can wait until nobody uses it. */
void http_tls_close(struct http_tls *tls);
void http_tls_free(struct http_tls *tls); /* NULL is fine */

#endif
