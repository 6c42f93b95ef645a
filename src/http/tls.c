#include "http/tls.h"

#include "http/connection.h"
#include "http/socket.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>

/* First byte of every TLS connection: the content type of a handshake record (RFC 8446 section 5.1). */
#define RECORD_HANDSHAKE 0x16

/* Most that is taken from the socket in one read, give or take what OpenSSL asks for at once: a record. There may be no end to what holds no byte for us
 * (KeyUpdate, RFC 8446 section 4.6.3), each with keys to derive, and OpenSSL would read on while others wait. */
#define WIRE_BYTES_MAX ((size_t)16 << 10)

/* --- the BIO: OpenSSL's calls to the socket --- */

static int bio_write(BIO *bio, const char *bytes, int len) {
    struct http_connection *c = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!c->blocked) {
        ssize_t n;
        do
            n = http_socket_send(c->fd, bytes, (size_t)len);
        while (n < 0 && errno == EINTR);
        if (n >= 0 || errno != EAGAIN)
            return (int)n;
        c->blocked = true;
    }
    BIO_set_retry_write(bio);
    return -1;
}

static int bio_read(BIO *bio, char *out, int len) {
    struct http_connection *c = BIO_get_data(bio);
    struct http_tls *tls = c->tls;
    BIO_clear_retry_flags(bio);
    if (tls->wire_readable && tls->wire_left > 0) {
        ssize_t n;
        do
            n = http_socket_recv(c->fd, out, (size_t)len);
        while (n < 0 && errno == EINTR);
        if (n > 0) {
            tls->wire_readable = n == len || c->hung_up;
            tls->wire_left -= (size_t)n < tls->wire_left ? (size_t)n : tls->wire_left;
            bool first = !tls->begun;
            tls->begun = true;
            if (first && out[0] != RECORD_HANDSHAKE)
                return -1; /* not TLS: OpenSSL would answer what the client does not understand */
        }
        if (n >= 0 || errno != EAGAIN)
            return (int)n;
        tls->wire_readable = false;
    }
    BIO_set_retry_read(bio);
    return -1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer) {
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int bio_create(BIO *bio) {
    BIO_set_init(bio, 1);
    return 1;
}

static BIO_METHOD *bio_method;

static void make_bio_method(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
    if (method != NULL && BIO_meth_set_write(method, bio_write) == 1 && BIO_meth_set_read(method, bio_read) == 1 &&
        BIO_meth_set_ctrl(method, bio_ctrl) == 1 && BIO_meth_set_create(method, bio_create) == 1) {
        bio_method = method;
        return;
    }
    BIO_meth_free(method);
}

/* The one method of the process, made at its first use and kept to its end. */
static CRYPTO_ONCE bio_once = CRYPTO_ONCE_STATIC_INIT;

/* --- a connection --- */

struct http_tls *http_tls_new(SSL_CTX *context, struct http_connection *c) {
    struct http_tls *tls = calloc(1, sizeof(*tls));
    if (tls == NULL)
        return NULL;
    tls->ssl = SSL_new(context);
    BIO *bio = CRYPTO_THREAD_run_once(&bio_once, make_bio_method) == 1 && bio_method != NULL ? BIO_new(bio_method) : NULL;
    if (tls->ssl == NULL || bio == NULL) {
        BIO_free(bio);
        http_tls_free(tls);
        ERR_clear_error();
        return NULL;
    }
    BIO_set_data(bio, c);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_accept_state(tls->ssl);
    return tls;
}

/* Ends an operation that did not succeed: 0, with errno, for what takes patience; otherwise as given for an end, -1 for a failure. */
static int look_at_error(struct http_tls *tls, int result) {
    int error = SSL_get_error(tls->ssl, result);
    ERR_clear_error();
    errno = EAGAIN;
    switch (error) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return -1;
    case SSL_ERROR_ZERO_RETURN: return 0;
    default:
        tls->failed = true;
        errno = EPROTO;
        return -1;
    }
}

int http_tls_handshake(struct http_connection *c) {
    struct http_tls *tls = c->tls;
    ERR_clear_error();
    tls->wire_left = SIZE_MAX; /* OpenSSL knows the limits of a handshake */
    int result = SSL_do_handshake(tls->ssl);
    if (result == 1) {
        tls->established = true;
        return 1;
    }
    result = look_at_error(tls, result);
    return result < 0 && errno == EAGAIN ? 0 : -1;
}

bool http_tls_chose_h2(const struct http_tls *tls) {
    const unsigned char *name = NULL;
    unsigned len = 0;
    SSL_get0_alpn_selected(tls->ssl, &name, &len);
    return len == 2 && memcmp(name, "h2", 2) == 0;
}

ssize_t http_tls_read(struct http_connection *c, char *out, size_t room) {
    struct http_tls *tls = c->tls;
    size_t total = 0;
    tls->wire_left = WIRE_BYTES_MAX;
    while (total < room) {
        size_t n = 0;
        ERR_clear_error();
        int result = SSL_read_ex(tls->ssl, out + total, room - total, &n);
        if (result == 1) {
            total += n;
            continue;
        }
        result = look_at_error(tls, result);
        if (result < 0 && errno == EAGAIN)
            c->readable = SSL_want_read(tls->ssl) && tls->wire_readable; /* there is more, for the next turn */
        return total > 0 ? (ssize_t)total : result;                      /* an end or a failure will be found again */
    }
    return (ssize_t)total;
}

ssize_t http_tls_write(struct http_connection *c, const char *bytes, size_t len) {
    size_t n = 0;
    ERR_clear_error();
    int result = SSL_write_ex(c->tls->ssl, bytes, len, &n);
    if (result == 1)
        return (ssize_t)n;
    if (look_at_error(c->tls, result) == 0)
        errno = EPIPE;
    return -1;
}

void http_tls_end(struct http_connection *c) {
    struct http_tls *tls = c->tls;
    if (tls->ssl == NULL || !tls->established || tls->failed || tls->ended || c->blocked || http_iobuf_len(&c->out) > 0)
        return;
    tls->ended = true;
    ERR_clear_error();
    if (SSL_shutdown(tls->ssl) < 0)
        tls->failed = true;
    ERR_clear_error();
}

void http_tls_close(struct http_tls *tls) {
    SSL_free(tls->ssl);
    tls->ssl = NULL;
}

void http_tls_free(struct http_tls *tls) {
    if (tls == NULL)
        return;
    http_tls_close(tls);
    free(tls);
}
