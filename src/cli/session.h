/* A command as a client of a server: where it is, the key, one GraphQL request at a time, and what comes of it for people or programs. */
#ifndef LK_CLI_SESSION_H
#define LK_CLI_SESSION_H

#include "base/json_read.h"
#include "base/json_write.h"
#include "cli/cli.h"
#include "cli/grid.h"

struct cli_client;
struct cli_server; /* cli/connection.h */

/* Where a server is when nothing else is said. */
#define CLI_DEFAULT_URL "http://127.0.0.1:5390"

/* Most bytes that a session holds of what it has read. */
#define CLI_ARENA_MAX ((size_t)512 << 20)

struct cli_session {
    const struct cli_command *command;
    const struct cli_args *args;
    struct lk_arena arena;      /* lives as long as the session */
    struct lk_arena *answers;   /* where answers are read: that, or one that is wiped sooner where there are many */
    struct cli_client *client;  /* NULL until cli_connect */
    char *key_option;           /* the key that an option gave; NULL: none did */
    const char *key_from;       /* "the file ci.key": for errors */
    bool json;                  /* for programs */
    struct lk_slice account_id; /* cli_account_id's; empty: it was not asked for yet */
    struct lk_problem problem;
    const char *hint;             /* what would be right, when that is too long for the problem; NULL: nothing */
    long status;                  /* of the last answer to a POST; 0: there was none */
    const struct lk_json *errors; /* of the last GraphQL answer that had any, in answers */
};

/* A command's own options and those of every client, in arena. NULL when out of memory. */
const struct cli_option *cli_session_options(const struct cli_command *command, struct lk_arena *arena, size_t *ret_len);

/* A session without a connection. It ends with cli_session_end whatever comes of it. 0 or LK_ENOMEM with session->problem set. */
int cli_session_begin(struct cli_session *session, const struct cli_command *command, const struct cli_args *args);

/* Wipes the key. */
void cli_session_end(struct cli_session *session);

/* Runs command->act. The exit code. */
int cli_session_run(const struct cli_command *command, const struct cli_args *args);

/* The server that options or the environment name, or the default. */
void cli_named_server(const struct cli_args *args, struct cli_server *ret);

/* Whether options or the environment say of a key to authenticate with, which may then be unusable all the same. */
bool cli_has_key(const struct cli_args *args);

/* Whether they name a server, or say of a key for one. */
bool cli_names_server(const struct cli_args *args);

/* Finds the key and prepares to talk to the server, unless that was done. Nothing is sent yet. The first request does it too, so that mistakes of the command
 * line, which are looked for before, are told before a missing key. 0; negative with session->problem set; or CLI_USAGE after cli_usage_error. */
int cli_connect(struct cli_session *session);

/* Sends a document with variables (a JSON object as text; NULL: none). 0 with *ret_data the `data` of the answer; negative with session->problem
 * set: LK_ENOTFOUND for an error of that code, LK_EUNAUTH, LK_EFORBIDDEN, LK_ECONFLICT, LK_EINVAL, or LK_EIO when there is no answer. */
int cli_graphql(struct cli_session *session, const char *document, const struct lk_buf *variables, const struct lk_json **ret_data);

/* The same with the one variable $id. */
int cli_graphql_of(struct cli_session *session, const char *document, struct lk_slice id, const struct lk_json **ret_data);

/* POSTs JSON to a path and reads the JSON answer. 0 with the body of an answer of 200 without errors; failures as of cli_graphql. */
int cli_post(struct cli_session *session, const char *path, const struct lk_buf *body, const struct lk_json **ret);

/* Sets session->problem: an answer with this status and without what was asked for. Returns LK_EIO. */
int cli_no_result(struct cli_session *session, long status);

/* Turns an answer that is an error (status and its body), to a request for path, into session->problem; returns its code. */
int cli_answer_problem(struct cli_session *session, const char *path, long status, const struct lk_buf *body);

/* --- values of answers --- */

/* The value at a path of member names separated by dots; NULL when there is none. */
const struct lk_json *cli_at(const struct lk_json *value, const char *path);

/* Appends text for people. Names are what others chose: control characters in them must not reach the terminal. */
void cli_add_printable(struct lk_buf *out, struct lk_slice text);

/* How many bytes from the beginning of text, at most so many, are characters that are not cut: for "%.*s". */
int cli_whole(struct lk_slice text, size_t most);

/* Appends text as one word of a command that somebody may copy into a shell: in quotes where it needs them. */
void cli_add_word(struct lk_buf *out, const char *text);

/* Writes text that may be anything, such as a path, as a JSON string: bytes that are not UTF-8 become U+FFFD. */
void cli_write_text(struct lk_json_writer *w, struct lk_slice text);

/* Appends a JSON value as text. */
void cli_write_json(struct lk_json_writer *w, const struct lk_json *value);

enum cli_column_kind { CLI_COLUMN_TEXT, CLI_COLUMN_TIME };

struct cli_column {
    const char *title;
    const char *path; /* as cli_at; arrays on the way are joined with commas */
    enum cli_column_kind kind;
};

/* Objects on their way to standard output, of which none is kept: a table no wider than the terminal, whose columns a later part may widen, or a JSON array. What
 * fails before the end leaves an array that does not end either, so that nobody takes it for the whole. */
struct cli_list {
    const struct cli_column *columns;
    const char *empty; /* what people read on standard error where there are none: a sentence */
    size_t len;        /* so far */
    struct cli_grid grid;
};

/* columns_len is at most CLI_GRID_COLUMNS_MAX. */
void cli_list_begin(const struct cli_column *columns, size_t columns_len, const char *empty, struct cli_list *ret);

/* Prints the next objects. 0, or negative with session->problem set, as the next. */
int cli_list_add(struct cli_session *session, struct cli_list *list, const struct lk_json *items, size_t len);

/* Ends the list: without it, what was printed is none. */
int cli_list_end(struct cli_session *session, const struct cli_list *list);

/* Prints one object as lines of title and value, those without a value left out, or as JSON. LK_EIO when it is none: the server's answer lacks it. */
int cli_print_object(struct cli_session *session, const struct lk_json *object, const struct cli_column *columns, size_t columns_len);

/* Asks a person at the terminal whether to go on: `question` and [y/N]. 0 when the answer is yes, when nobody is there to ask, or with --yes;
 * LK_EFORBIDDEN with a problem otherwise. */
int cli_confirm(struct cli_session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define CLI_OPTION_YES \
    { "yes", NULL, "Does not ask. Nor is anybody asked where there is no terminal.", false }

/* --limit and --offset of a list. */
struct cli_range {
    size_t from;
    size_t most;
};

#define CLI_OPTION_LIMIT(unless) \
    { "limit", "N", "How many to show; " unless " unless given.", false }
#define CLI_OPTION_OFFSET \
    { "offset", "N", "How many to skip first.", false }

/* What the options --limit and --offset say; most entries unless --limit is given. 0 or CLI_USAGE after cli_usage_error. */
int cli_option_range(struct cli_session *session, size_t most, struct cli_range *ret);

/* The moment that an option says, a date or a length of time that leads from now forward (direction 1) or back (-1). *ret stays as it is when the option was not
 * given. 0 or CLI_USAGE after cli_usage_error. */
int cli_option_moment(struct cli_session *session, const char *name, int direction, int64_t *ret);

/* A list of the server's. */
struct cli_query {
    const char *document; /* takes $limit and $offset and answers, at the path field, { pageInfo { hasMore } nodes } */
    const char *field;
    struct cli_range range;                                 /* only those */
    void (*extra)(struct lk_json_writer *w, void *context); /* adds variables; NULL: none */
    void *context;                                          /* extra's */
};

/* Takes a page of a list: it is gone when this returns. 0; CLI_ENOUGH to be given no more; negative with session->problem set. */
typedef int (*cli_page_taker)(struct cli_session *session, const struct lk_json *nodes, size_t len, void *context);

#define CLI_ENOUGH 1

/* Asks for a list page by page and gives each to take. What has an `id` and is in the list all the time is given once, whatever others add and delete meanwhile;
 * where it cannot be told how the list goes on, that is LK_ECONFLICT. Until this returns, session->answers is the page's. 0, or negative with session->problem
 * set. */
int cli_each_page(struct cli_session *session, const struct cli_query *query, cli_page_taker take, void *context);

/* Prints a list, page by page. As cli_each_page. */
int cli_print_pages(struct cli_session *session, const struct cli_query *query, const struct cli_column *columns, size_t columns_len,
                    const char *empty);

/* --- names --- */

/* A kind of thing that has an id and a name. */
struct cli_kind {
    const char *what;    /* "user group" */
    const char *command; /* "group" */
    const char *by_id;   /* documents that take $text: String! and answer `found { id name }` */
    const char *by_name;
    const char *by_email; /* for text with an @; NULL: none */
};

extern const struct cli_kind cli_kind_key, cli_kind_group, cli_kind_user;

struct cli_found {
    struct lk_slice id;
    struct lk_slice name;
};

/* Finds a thing by what a person wrote: its id or its name. LK_ENOTFOUND and the rest as cli_graphql; LK_ECONFLICT when several
 * users have the name, with their ids. */
int cli_find(struct cli_session *session, const struct cli_kind *kind, const char *text, struct cli_found *ret);

/* Deletes what the command's words name, with delete_one, which asks first, and tells of each: people in a sentence, programs in a JSON array of {id, name} of
 * what is gone. Stops at the first failure; of none that is gone programs are told nothing. 0, or what delete_one returned, or negative when that cannot be
 * printed. */
int cli_delete_each(struct cli_session *session, const struct cli_kind *kind,
                    int (*delete_one)(struct cli_session *session, const char *word, struct cli_found *ret));

/* Writes the ids of the things that an option, given any number of times, names: a JSON array. */
int cli_write_found(struct cli_session *session, struct lk_json_writer *w, const struct cli_kind *kind, const char *option);

/* The id of the account that the key belongs to. */
int cli_account_id(struct cli_session *session, struct lk_slice *ret);

/* Whether an option was given. */
bool cli_option_given(const struct cli_session *session, const char *name);

/* 0 when the command has its first word, and that is not empty; else CLI_USAGE after asking for what ("KEY"). */
int cli_need_word(struct cli_session *session, const char *what);

/* The name of what is to be made: the first word, or the option of the macro below. NULL when neither or both were given. */
const char *cli_new_name(const struct cli_session *session);

#define CLI_OPTION_NEW_NAME \
    { "name", "NAME", "Its name, when it is not the first word.", false }

#endif
