#include "api/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* WATCHDOG_USEC counts when WATCHDOG_PID, where given, is ours. */
static int64_t watchdog_interval(void) {
    const char *usec = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    if (usec == NULL || (pid != NULL && strtoll(pid, NULL, 10) != (long long)getpid()))
        return 0;
    long long value = strtoll(usec, NULL, 10);
    return value < 2000 ? 0 : value / 2000;
}

int lk_notify_open(struct lk_notify *ret, struct lk_problem *problem) {
    *ret = (struct lk_notify){.fd = -1};
    const char *name = getenv("NOTIFY_SOCKET");
    if (name == NULL || name[0] == '\0')
        return 0;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || len >= sizeof(address.sun_path))
        return lk_problem_set(problem, LK_EINVAL, "NOTIFY_SOCKET is no path and no abstract name of a Unix socket");
    memcpy(address.sun_path, name, len);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, size) != 0) {
        int error = errno;
        if (fd >= 0)
            close(fd);
        return lk_problem_set(problem, LK_EIO, "The service manager's socket NOTIFY_SOCKET cannot be reached: %s", strerror(error));
    }
    *ret = (struct lk_notify){fd, watchdog_interval()};
    return 0;
}

void lk_notify_close(struct lk_notify *notify) {
    if (notify->fd >= 0)
        close(notify->fd);
    notify->fd = -1;
}

void lk_notify_send(const struct lk_notify *notify, const char *state) {
    if (notify->fd >= 0)
        (void)send(notify->fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT);
}
