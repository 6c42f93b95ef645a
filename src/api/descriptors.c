#include "api/descriptors.h"

#include "base/log.h"

#include <inttypes.h>
#include <sys/resource.h>

/* What is no connection: listeners, event loops, the database with its log and temporary files, connections to the ops listener, or that are told that there are too many. */
#define OTHERS 512

void lk_descriptors_make_room(size_t connections_max) {
    struct rlimit limit;
    rlim_t wanted = (rlim_t)connections_max + OTHERS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= wanted ? wanted : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == wanted)
        return;
    getrlimit(RLIMIT_NOFILE, &limit);
    lk_log(LK_LOG_WARN,
           "the system allows %" PRIu64
           " open files, too few for --connections-max %zu: raise the limit (ulimit -n, LimitNOFILE= of systemd) or "
           "lower --connections-max",
           (uint64_t)limit.rlim_cur, connections_max);
}
