/* A command as a client of a server: where it is, the key, one GraphQL request at a time, and what comes of it for people or programs. */
#ifndef LK_CLI_SESSION_H
#define LK_CLI_SESSION_H

#include "base/json_read.h"
#include "base/json_write.h"
#include "cli/cli.h"

struct cli_client;

struct cli_session {
    const struct cli_command *command;
    const struct cli_args *args;
    struct lk_arena arena; /* everything that is read lives here */
    struct cli_client *client;
    bool json; /* for programs */
    struct lk_problem problem;
};

/* A command's own options and those of every client, in arena. NULL when out of memory. */
const struct cli_option *cli_session_options(const struct cli_command *command, struct lk_arena *arena, size_t *ret_len);

/* Runs command->act. The exit code. */
int cli_session_run(const struct cli_command *command, const struct cli_args *args);

/* Sends a document with variables (a JSON object as text; NULL: none). 0 with *ret_data the `data` of the answer; negative with session->problem
 * set: LK_ENOTFOUND for an error of that code, LK_EUNAUTH, LK_EFORBIDDEN, LK_ECONFLICT, LK_EINVAL, or LK_EIO when there is no answer. */
int cli_graphql(struct cli_session *session, const char *document, const struct lk_buf *variables, const struct lk_json **ret_data);

/* --- values of answers --- */

/* The value at a path of member names separated by dots; NULL when there is none. */
const struct lk_json *cli_at(const struct lk_json *value, const char *path);

/* Appends a JSON value as text. */
void cli_write_json(struct lk_json_writer *w, const struct lk_json *value);

enum cli_column_kind { CLI_COLUMN_TEXT, CLI_COLUMN_TIME };

struct cli_column {
    const char *title;
    const char *path; /* as cli_at; arrays on the way are joined with commas */
    enum cli_column_kind kind;
};

/* Prints objects as a table, or as a JSON array. */
int cli_print_list(struct cli_session *session, const struct lk_json *items, size_t len, const struct cli_column *columns,
                   size_t columns_len);

/* Prints one object as lines of title and value, or as JSON. */
int cli_print_object(struct cli_session *session, const struct lk_json *object, const struct cli_column *columns, size_t columns_len);

/* Prints a sentence for people; nothing for programs. */
int cli_print_done(struct cli_session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* All pages of a list: document takes $limit and $offset and answers, at the path field, { pageInfo { hasMore } nodes }; extra (NULL: none) adds variables. At most
 * most items. 0 with the items in the arena. */
int cli_fetch_all(struct cli_session *session, const char *document, const char *field, size_t most,
                  void (*extra)(struct lk_json_writer *w, void *context), void *context, struct lk_json **ret, size_t *ret_len);

/* --- names --- */

/* A kind of thing that has an id and a name. */
struct cli_kind {
    const char *what;  /* "user group" */
    const char *by_id; /* documents that take $text: String! and answer `found { id name }` */
    const char *by_name;
    const char *by_email; /* for text with an @; NULL: none */
};

extern const struct cli_kind cli_kind_key, cli_kind_group, cli_kind_user;

struct cli_found {
    struct lk_slice id;
    struct lk_slice name;
};

/* Finds a thing by what a person wrote: its id or its name. LK_ENOTFOUND and the rest as cli_graphql. */
int cli_find(struct cli_session *session, const struct cli_kind *kind, const char *text, struct cli_found *ret);

/* Writes the ids of the things that an option, given any number of times, names: a JSON array. */
int cli_write_found(struct cli_session *session, struct lk_json_writer *w, const struct cli_kind *kind, const char *option);

/* The id of the account that the key belongs to. */
int cli_account_id(struct cli_session *session, struct lk_slice *ret);

/* Whether an option was given. */
bool cli_option_given(const struct cli_session *session, const char *name);

/* --- times --- */

/* "2027-01-31", "2027-01-31T12:00:00Z" or a length from now such as "90d", "12h", "30m" to milliseconds since 1970. 0 or LK_EINVAL. */
int cli_parse_time(const char *text, int64_t now_ms, int64_t *ret);

/* A length such as "90d", "12h", "30m", "45s", "2w" in milliseconds. 0 or LK_EINVAL. */
int cli_parse_length(const char *text, int64_t *ret);

#endif
