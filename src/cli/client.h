/* HTTP to a server. */
#ifndef LK_CLI_CLIENT_H
#define LK_CLI_CLIENT_H

#include "base/buf.h"
#include "cli/connection.h"

struct cli_client;

/* A client that authenticates with key, which is copied, of a server that was checked; its texts are not copied. Nothing is sent yet. 0 or LK_ENOMEM. */
int cli_client_new(const struct cli_server *server, struct lk_slice key, struct cli_client **ret, struct lk_problem *problem);

/* Wipes the key. NULL is fine. */
void cli_client_free(struct cli_client *client);

/* POSTs a JSON body to a path. 0 with the status and the answer's body appended to ret_body; LK_EIO with a sentence when there is no answer.
 * A server that asks for patience (429) is waited for some times. */
int cli_client_post(struct cli_client *client, const char *path, const struct lk_buf *body, long *ret_status, struct lk_buf *ret_body,
                    struct lk_problem *problem);

/* Whether anything of the last request was sent, though there was no answer. */
bool cli_client_sent(const struct cli_client *client);

/* Where the last answer leads, when it was a redirect; NULL: it was none. The client's, until its next request. */
const char *cli_client_redirect(const struct cli_client *client);

/* Takes the next bytes of an answer. 0, or negative to end it. */
typedef int (*cli_client_sink)(void *context, struct lk_slice bytes);

/* GETs a path whose answer may be of any length and slow to begin: with status 200 its body goes to sink, with another one it is appended to ret_body. As
 * cli_client_post, but that nothing is asked again; LK_EIO also when sink ended it (problem is then the sink's to set). */
int cli_client_get(struct cli_client *client, const char *path, cli_client_sink sink, void *context, long *ret_status,
                   struct lk_buf *ret_body, struct lk_problem *problem);

#endif
