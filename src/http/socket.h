/*
 * send and recv of the C library are cancellation points: in a process with threads they mark the thread as cancelable and as not, with an atomic
 * operation each, around every call. No thread here is ever canceled, and these two are made for every request.
 */
#ifndef HTTP_SOCKET_H
#define HTTP_SOCKET_H

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As send with MSG_NOSIGNAL. */
static inline ssize_t http_socket_send(int fd, const void *bytes, size_t len) {
    return syscall(SYS_sendto, fd, bytes, len, MSG_NOSIGNAL, NULL, 0);
}

/* As recv without flags. */
static inline ssize_t http_socket_recv(int fd, void *out, size_t room) {
    return syscall(SYS_recvfrom, fd, out, room, 0, NULL, NULL);
}

#endif
