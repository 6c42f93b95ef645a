#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Most that a socket keeps unsent. The system would keep megabytes, and ask for more when a third of them is gone: a client that reads slowly seemed to read
 * nothing, and one that reads nothing held them. */
#define UNSENT_MAX (256 << 10)

/* How often a server looks, a hundredth of a second apart, whether another one has done with the directory of its socket. */
#define TURN_TRIES 100

static int parse_port(const char *text, in_port_t *ret) {
    unsigned port = 0;
    if (*text == '\0')
        return LK_EINVAL;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return LK_EINVAL;
        port = port * 10 + (unsigned)(*text - '0');
        if (port > 65535)
            return LK_EINVAL;
    }
    *ret = htons((in_port_t)port);
    return 0;
}

static int parse_unix(const char *path, struct sockaddr_storage *ret, socklen_t *ret_len) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof(address.sun_path))
        return LK_EINVAL;
    memcpy(address.sun_path, path, len + 1);
    *ret = (struct sockaddr_storage){0};
    memcpy(ret, &address, sizeof(address));
    *ret_len = sizeof(address);
    return 0;
}

int http_address_parse(const char *text, struct sockaddr_storage *ret, socklen_t *ret_len) {
    if (strncmp(text, "unix:", 5) == 0)
        return parse_unix(text + 5, ret, ret_len);
    char host[INET6_ADDRSTRLEN + 2];
    const char *colon = strrchr(text, ':');
    in_port_t port = 0;
    if (colon == NULL || (size_t)(colon - text) >= sizeof(host) || parse_port(colon + 1, &port) != 0)
        return LK_EINVAL;
    size_t len = (size_t)(colon - text);
    memcpy(host, text, len);
    host[len] = '\0';
    struct sockaddr_storage address = {0};
    if (host[0] == '[' && host[len - 1] == ']') {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;
        host[len - 1] = '\0';
        in6->sin6_family = AF_INET6;
        in6->sin6_port = port;
        if (inet_pton(AF_INET6, host + 1, &in6->sin6_addr) != 1)
            return LK_EINVAL;
        *ret_len = sizeof(*in6);
    } else {
        struct sockaddr_in *in = (struct sockaddr_in *)&address;
        in->sin_family = AF_INET;
        in->sin_port = port;
        if (inet_pton(AF_INET, host, &in->sin_addr) != 1)
            return LK_EINVAL;
        *ret_len = sizeof(*in);
    }
    *ret = address;
    return 0;
}

static bool is_loopback(const struct sockaddr_storage *address) {
    if (address->ss_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
    return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* What connections inherit from the socket that they come to (tcp(7)). It works without any of it, only worse. */
static void set_options(int fd, const struct sockaddr_storage *address) {
    int one = 1;
    int unsent = UNSENT_MAX;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
    /* Nothing is congested within a machine: the simplest control does, where others pace each answer and model a path that is none. */
    if (is_loopback(address))
        setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", strlen("reno"));
}

static bool share(int fd) {
    int one = 1;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) == 0;
}

static int open_socket(const struct sockaddr_storage *address, socklen_t len, bool shares) {
    int one = 1;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0)
        goto fail;
    if (shares && !share(fd))
        goto fail;
    if (address->ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) != 0)
        goto fail;
    if (bind(fd, (const struct sockaddr *)address, len) != 0)
        goto fail;
    return fd;
fail:
    close(fd);
    return -1;
}

static int fail(const char *text, struct lk_problem *problem) {
    if (errno == EADDRINUSE)
        return lk_problem_set(problem, LK_EBUSY, "Cannot listen on %s: another program does already", text);
    return lk_problem_set(problem, LK_EIO, "Cannot listen on %s: %s", text, strerror(errno));
}

int http_listen(const struct sockaddr_storage *address, socklen_t len, const char *text, bool first, int *ret, struct lk_problem *problem) {
    int fd = open_socket(address, len, !first);
    if (fd < 0)
        return fail(text, problem);
    set_options(fd, address);
    /* What shares from the beginning would also share with another server of the same user. The system lets one alone listen of those that do not. */
    if (listen(fd, HTTP_BACKLOG) != 0 || (first && !share(fd))) {
        int code = fail(text, problem);
        close(fd);
        return code;
    }
    *ret = fd;
    return 0;
}

/* Of two servers that start in the same moment, each would take the other's socket, which is bound and not listened on yet, for one that was left: one begins
 * after the other. What is to be closed for that; -1 where the directory cannot be locked, or somebody else keeps it so, which is not to keep a server from starting. */
static int take_turn(const char *path) {
    const struct timespec pause = {0, 10000000};
    const char *slash = strrchr(path, '/');
    char directory[sizeof(((struct sockaddr_un *)NULL)->sun_path)] = ".";
    if (slash != NULL)
        snprintf(directory, sizeof(directory), "%.*s/", (int)(slash - path), path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
        if (i == TURN_TRIES) {
            close(fd);
            return -1;
        }
        nanosleep(&pause, NULL);
    }
    return fd;
}

/* Whether nobody listens on a path, so that it may be bound. What is there must be a socket: only that is removed. */
static int clear_stale(const struct sockaddr_storage *address, socklen_t len, const char *path, struct lk_problem *problem) {
    struct stat file;
    if (lstat(path, &file) != 0)
        return errno == ENOENT ? 0 : fail(path, problem);
    if (!S_ISSOCK(file.st_mode))
        return lk_problem_set(problem, LK_EBUSY, "Cannot listen on %s: there is a file that is no socket", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(path, problem);
    int refused = connect(fd, (const struct sockaddr *)address, len) != 0 && errno == ECONNREFUSED;
    close(fd);
    if (!refused) {
        errno = EADDRINUSE;
        return fail(path, problem);
    }
    return unlink(path) == 0 || errno == ENOENT ? 0 : fail(path, problem);
}

static int listen_in_turn(const struct sockaddr_storage *address, socklen_t len, mode_t mode, int *ret, struct stat *ret_id,
                          struct lk_problem *problem) {
    const char *path = ((const struct sockaddr_un *)address)->sun_path;
    int code = clear_stale(address, len, path, problem);
    if (code != 0)
        return code;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(path, problem);
    if (bind(fd, (const struct sockaddr *)address, len) != 0) {
        code = fail(path, problem);
        close(fd);
        return code;
    }
    /* Nobody can connect before listen. */
    if (chmod(path, mode) != 0 || stat(path, ret_id) != 0 || listen(fd, HTTP_BACKLOG) != 0) {
        code = fail(path, problem);
        unlink(path);
        close(fd);
        return code;
    }
    *ret = fd;
    return 0;
}

int http_listen_unix(const struct sockaddr_storage *address, socklen_t len, mode_t mode, int *ret, struct stat *ret_id,
                     struct lk_problem *problem) {
    int turn = take_turn(((const struct sockaddr_un *)address)->sun_path);
    int code = listen_in_turn(address, len, mode, ret, ret_id, problem);
    if (turn >= 0)
        close(turn);
    return code;
}

void http_unlink_unix(const char *path, const struct stat *id) {
    struct stat now;
    if (lstat(path, &now) == 0 && now.st_dev == id->st_dev && now.st_ino == id->st_ino)
        unlink(path);
}

unsigned http_address_port(const struct sockaddr_storage *address) {
    if (address->ss_family == AF_UNIX)
        return 0;
    in_port_t port = 0;
    const void *at = address->ss_family == AF_INET6 ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_port
                                                    : (const void *)&((const struct sockaddr_in *)address)->sin_port;
    memcpy(&port, at, sizeof(port));
    return ntohs(port);
}

void http_address_set_port(struct sockaddr_storage *address, unsigned port) {
    if (address->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)address)->sin6_port = htons((in_port_t)port);
    else
        ((struct sockaddr_in *)address)->sin_port = htons((in_port_t)port);
}

unsigned http_bound_port(int fd) {
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);
    return getsockname(fd, (struct sockaddr *)&address, &len) == 0 ? http_address_port(&address) : 0;
}

static bool overlap_in(const struct sockaddr_in *a, const struct sockaddr_in *b) {
    return a->sin_addr.s_addr == b->sin_addr.s_addr || a->sin_addr.s_addr == INADDR_ANY || b->sin_addr.s_addr == INADDR_ANY;
}

static bool overlap_in6(const struct sockaddr_in6 *a, const struct sockaddr_in6 *b) {
    return IN6_ARE_ADDR_EQUAL(&a->sin6_addr, &b->sin6_addr) || IN6_IS_ADDR_UNSPECIFIED(&a->sin6_addr) ||
           IN6_IS_ADDR_UNSPECIFIED(&b->sin6_addr);
}

bool http_addresses_overlap(const struct sockaddr_storage *a, const struct sockaddr_storage *b) {
    if (a->ss_family != b->ss_family)
        return false;
    if (a->ss_family == AF_UNIX)
        return strcmp(((const struct sockaddr_un *)a)->sun_path, ((const struct sockaddr_un *)b)->sun_path) == 0;
    if (http_address_port(a) != http_address_port(b))
        return false;
    return a->ss_family == AF_INET6 ? overlap_in6((const struct sockaddr_in6 *)a, (const struct sockaddr_in6 *)b)
                                    : overlap_in((const struct sockaddr_in *)a, (const struct sockaddr_in *)b);
}
