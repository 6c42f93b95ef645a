/* SIGHUP: the settings are read again from where they came from, and what may change is taken over. Functions for struct lk_server_events; on its thread. */
#ifndef LK_CLI_RELOAD_H
#define LK_CLI_RELOAD_H

#include "cli/settings.h"

struct cli_reload {
    const struct cli_args *args;
    const struct lk_settings *start; /* what the server was started with; outlives this */
    struct lk_settings slots[2];     /* read since: those taken last, to compare with, and those that are looked at */
    unsigned taken;                  /* the slot of the former; without data before the first SIGHUP */
};

/* Settings from the arguments, as cli_settings_load, and checked as a whole by lk_settings_check, whose errors it has too. */
int cli_reload_load(const struct cli_args *args, struct lk_settings *ret, struct lk_problem *problem);

/* Level of the log and form, by settings. Before other threads start. */
void cli_reload_set_up_log(const struct lk_settings *settings);

/* lk_server_events.settings_again and settings_taken, whose context is a struct cli_reload. The second sets the log's level, and logs what has changed and what would
 * need a restart. */
int cli_reload_again(void *context, const struct lk_settings **ret_settings, struct lk_problem *problem);
void cli_reload_taken(void *context);

void cli_reload_free(struct cli_reload *reload);

#endif
