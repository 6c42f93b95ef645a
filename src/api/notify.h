/* Tells the service manager how the server is (sd_notify(3): one datagram to the socket that NOTIFY_SOCKET names). Main thread. */
#ifndef LK_API_NOTIFY_H
#define LK_API_NOTIFY_H

#include "base/error.h"

#include <stdint.h>

struct lk_notify {
    int fd;              /* -1: nobody wants to know */
    int64_t watchdog_ms; /* how often a sign of life is due, half of what the manager allows; 0: none is */
};

/* From the environment, before the sandbox: a socket cannot be made in it. Without NOTIFY_SOCKET it succeeds and tells nobody. LK_EINVAL or LK_EIO with a
 * sentence when it names what cannot be reached; fd is -1 then. */
int lk_notify_open(struct lk_notify *ret, struct lk_problem *problem);
void lk_notify_close(struct lk_notify *notify);

/* Sends "READY=1" or such. A manager that takes nothing more is not waited for. */
void lk_notify_send(const struct lk_notify *notify, const char *state);

#endif
