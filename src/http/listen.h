/* Listening sockets. */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/socket.h>

/* "127.0.0.1:80" or "[::1]:80" as a socket address. 0 or LK_EINVAL. */
int http_address_parse(const char *text, struct sockaddr_storage *ret, socklen_t *ret_len);

/* A non-blocking listening socket that shares its address with others of this process (SO_REUSEPORT). With check, first makes sure that nobody
 * else listens there. 0, LK_EBUSY (in use) or LK_EIO; problem names text. */
int http_listen(const struct sockaddr_storage *address, socklen_t len, const char *text, bool check, int *ret, struct lk_problem *problem);

/* The port that a socket is bound to; 0 when that cannot be told. */
unsigned http_bound_port(int fd);
void http_address_set_port(struct sockaddr_storage *address, unsigned port);
unsigned http_address_port(const struct sockaddr_storage *address);

#endif
