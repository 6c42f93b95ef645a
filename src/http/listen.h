/* Listening sockets. */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Connections that wait to be taken, at most. */
#define HTTP_BACKLOG 4096

/* "127.0.0.1:80", "[::1]:80" or "unix:/path" as a socket address. 0 or LK_EINVAL. */
int http_address_parse(const char *text, struct sockaddr_storage *ret, socklen_t *ret_len);

/* A non-blocking listening socket, whose connections send without delay, and which shares its address with others of this process (SO_REUSEPORT). The first of them
 * makes sure that nobody else listens there. 0, LK_EBUSY (in use) or LK_EIO; problem names text. */
int http_listen(const struct sockaddr_storage *address, socklen_t len, const char *text, bool first, int *ret, struct lk_problem *problem);

/* A non-blocking listening Unix socket whose file has this mode from before anybody can connect. A socket file that nobody listens on is
 * replaced; of several servers that begin at once, one listens. 0, LK_EBUSY (somebody listens there, or the file is no socket) or LK_EIO; problem names the path. *ret_id tells the file to
 * http_unlink_unix. */
int http_listen_unix(const struct sockaddr_storage *address, socklen_t len, mode_t mode, int *ret, struct stat *ret_id,
                     struct lk_problem *problem);

/* Removes the file if it is still that one. */
void http_unlink_unix(const char *path, const struct stat *id);

/* The port that a socket is bound to; 0 when that cannot be told. */
unsigned http_bound_port(int fd);
void http_address_set_port(struct sockaddr_storage *address, unsigned port);
unsigned http_address_port(const struct sockaddr_storage *address);

/* Whether only one of two addresses can be listened on: the same path, or one port of the same address, or of one that is every address. */
bool http_addresses_overlap(const struct sockaddr_storage *a, const struct sockaddr_storage *b);

#endif
