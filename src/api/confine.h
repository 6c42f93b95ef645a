/* The sandbox of api/sandbox.h around this server: which directories its settings need, and what the log says of it. */
#ifndef LK_API_CONFINE_H
#define LK_API_CONFINE_H

#include "api/settings.h"
#include "base/error.h"

/* As --sandbox says. After files are open and addresses bound, before any other thread runs. 0; LK_EIO or LK_ENOMEM with a sentence, also when a part is
 * missing that --sandbox on asks for. */
int lk_confine(const struct lk_settings *settings, struct lk_problem *problem);

#endif
