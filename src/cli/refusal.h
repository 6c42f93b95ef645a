/* What a server says about a value of a request that is not of its type: in words for whoever typed the value, and without the rest of the request, which may
 * hold a secret. */
#ifndef LK_CLI_REFUSAL_H
#define LK_CLI_REFUSAL_H

#include "cli/session.h"

struct cli_refusal {
    struct lk_slice path;   /* in the variable: "keys[0].enabled"; empty: the whole */
    struct lk_slice reason; /* a sentence of the server's */
};

/* Reads a GraphQL error's message; what is found lies in it. False when it is about something else. */
bool cli_refusal_read(struct lk_slice message, struct cli_refusal *ret);

/* Says it in words, in the session's arena: *ret_text is a sentence without a full stop; *ret_hint a sentence that lists what the server would take, or NULL where
 * there is no such list. Asks the server for it. 0 or LK_ENOMEM, without a problem set. */
int cli_refusal_tell(struct cli_session *session, const struct cli_refusal *refusal, const char **ret_text, const char **ret_hint);

#endif
