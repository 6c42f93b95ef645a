#include "api/descriptors.h"

#include "base/log.h"

#include <inttypes.h>
#include <sys/resource.h>

/* What is no connection: listeners, event loops, the database with its log and temporary files, connections to the ops listener, or that are told that there are too many. */
#define OTHERS 512

/* Least that is kept for these where the system allows less than is asked for: without it nobody would hear how the server is, and no certificate could be read
 * again, for as long as a crowd stays. */
#define OTHERS_LEAST 256

/* How many connections there is room for; where that is next to none, as many as come. */
static size_t room_within(rlim_t limit, size_t connections_max) {
    return limit < (rlim_t)2 * OTHERS_LEAST || limit - OTHERS_LEAST >= connections_max ? connections_max : (size_t)limit - OTHERS_LEAST;
}

size_t lk_descriptors_make_room(size_t connections_max) {
    struct rlimit limit;
    rlim_t wanted = (rlim_t)connections_max + OTHERS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= wanted)
        return connections_max;
    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= wanted ? wanted : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == wanted)
        return connections_max;
    getrlimit(RLIMIT_NOFILE, &limit);
    size_t room = room_within(limit.rlim_cur, connections_max);
    lk_log(LK_LOG_WARN,
           "the system allows %" PRIu64
           " open files, too few for --connections-max %zu: raise the limit (ulimit -n, LimitNOFILE= of systemd) or "
           "lower --connections-max; %zu connections are taken",
           (uint64_t)limit.rlim_cur, connections_max, room);
    return room;
}
