/* One value of a setting: read, checked, put into struct lk_settings. For cli/settings.c. */
#ifndef LK_CLI_SETTINGS_VALUE_H
#define LK_CLI_SETTINGS_VALUE_H

#include "cli/settings.h"

/* A value as it was written, and where for the error. */
struct cli_setting_source {
    const struct cli_setting *setting;
    const char *value;
    const char *where; /* "--threads", "LATCHKEY_THREADS", "FILE line 3: threads" */
};

/* Sets the setting's member, in the arena of settings where it needs memory; items of a list are added to those there are. 0; LK_EINVAL with a sentence that begins
 * with where; LK_ENOMEM. */
int cli_setting_set(struct lk_settings *settings, const struct cli_setting_source *from, struct lk_problem *problem);

#endif
