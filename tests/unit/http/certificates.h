/* Certificates made for a test, in a directory of its own. */
#ifndef LK_TESTS_HTTP_CERTIFICATES_H
#define LK_TESTS_HTTP_CERTIFICATES_H

#include <openssl/ssl.h>

void certificates_set_up(void);             /* makes the directory, empty */
void certificates_tear_down(void);          /* removes it and what is in it */
const char *in_directory(const char *name); /* its path; valid until the end of the test */

/* Makes name.pem and name.key for the common name; signed by issuer (made before), or by itself when that is NULL. */
void make_certificate(const char *name, const char *common_name, const char *issuer);

/* A client's end of a TLS connection over fd, its handshake done or failed (NULL; fd is then closed). certificate: whose to show, or NULL. protocols:
 * ALPN as on the wire, or NULL. highest: TLS1_2_VERSION or so; 0: any. */
SSL *client_handshake(int fd, const char *certificate, const char *protocols, int highest);
void client_close(SSL *ssl); /* and its socket */

/* The common name that the server showed. */
void server_name(SSL *ssl, char out[64]);

#endif
