/* The whole server: everything put together from the settings, run until it is told to stop. */
#ifndef LK_API_SERVER_H
#define LK_API_SERVER_H

#include "api/settings.h"
#include "base/error.h"

/* What the caller wants to know of it. */
struct lk_server_events {
    const char *version; /* of this binary, for the metrics */
    /* Called for each address once it serves: what is "main" or "ops", url has the port that was chosen. */
    void (*listening)(void *context, const char *what, const char *url);
    /* SIGHUP: the settings as they are said now, which lk_settings_check has passed; lent until the next call.
     * *ret_settings NULL: they cannot have changed. An error has a sentence; then nothing changes. */
    int (*settings_again)(void *context, const struct lk_settings **ret_settings, struct lk_problem *problem);
    /* What of the last ones may change while the server runs is in force now, but for the log's level, which is the caller's. */
    void (*settings_taken)(void *context);
    void *context;
};

/* Opens the data directory of settings that lk_settings_check has passed, and serves it until SIGTERM or SIGINT; then lets requests under way end and closes everything. Called once, from the main
 * thread, before any other thread starts; it changes the process's signal mask. 0 after an orderly stop; else an error with a sentence that
 * says what to do, nothing being open any more. */
int lk_server_run(const struct lk_settings *settings, const struct lk_server_events *events, struct lk_problem *problem);

#endif
