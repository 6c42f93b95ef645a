#include "cli/session.h"

#include "base/log.h"
#include "base/utf8.h"
#include "cli/client.h"
#include "cli/refusal.h"
#include "cli/secret_input.h"
#include "crypto/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KEY_VARIABLE "LATCHKEY_API_KEY"

static const struct cli_option client_options[] = {
    {"url", "URL", "The server; unix:PATH is a Unix socket. Or LATCHKEY_URL. Default: " CLI_DEFAULT_URL ".", false},
    {"api-key-file", "FILE", "A file that holds the API key to authenticate with. Or LATCHKEY_API_KEY, the key itself.", false},
    {"api-key", "KEY", "The API key itself. For a moment others on this machine may see it: prefer the file or the environment.", false},
    {"ca", "FILE",
     "Certificates in PEM form of the authorities that an https server is believed by, instead of the system's. Or LATCHKEY_CA.", false},
    {"client-cert", "FILE", "A certificate in PEM form for an https server that asks for one. Or LATCHKEY_CLIENT_CERT.", false},
    {"client-key", "FILE", "Its key in PEM form, when that is in a file of its own. Or LATCHKEY_CLIENT_KEY.", false},
    {"json", NULL, "Prints JSON, for programs.", false},
};

const struct cli_option *cli_session_options(const struct cli_command *command, struct lk_arena *arena, size_t *ret_len) {
    const size_t shared = sizeof(client_options) / sizeof(client_options[0]);
    struct cli_option *all = lk_arena_calloc(arena, command->options_len + shared, sizeof(*all));
    if (all == NULL)
        return NULL;
    if (command->options_len > 0)
        memcpy(all, command->options, command->options_len * sizeof(*all));
    memcpy(all + command->options_len, client_options, sizeof(client_options));
    *ret_len = command->options_len + shared;
    return all;
}

/* --- the key --- */

/* Without the line's end that it was put there with. */
static struct lk_slice environment_key(void) {
    return lk_slice_trim(lk_slice_cstr(getenv(KEY_VARIABLE)));
}

enum key_source { KEY_NONE, KEY_OPTION, KEY_FILE, KEY_ENVIRONMENT };

/* The strongest source of a key that there is. */
static enum key_source key_source(const struct cli_args *args) {
    if (cli_args_get(args, "api-key") != NULL)
        return KEY_OPTION;
    if (cli_args_get(args, "api-key-file") != NULL)
        return KEY_FILE;
    return environment_key().len > 0 ? KEY_ENVIRONMENT : KEY_NONE;
}

bool cli_has_key(const struct cli_args *args) {
    return key_source(args) != KEY_NONE;
}

/* buffer is where the key then lies when it is from a file. */
static int find_key(struct cli_session *session, char buffer[CLI_SECRET_MAX], struct lk_slice *ret) {
    const char *file = cli_args_get(session->args, "api-key-file");
    struct lk_problem *problem = &session->problem;
    int code = 0;
    switch (key_source(session->args)) {
    case KEY_OPTION: *ret = lk_slice_cstr(session->key_option); return 0;
    case KEY_FILE:
        code = cli_read_secret_file(file, "the API key", buffer, ret, problem);
        return code != 0 || ret->len > 0
                   ? code
                   : lk_problem_set(problem, LK_EUNAUTH, "The file %.200s is empty: --api-key-file names one that holds an API key", file);
    case KEY_ENVIRONMENT: *ret = environment_key(); return 0;
    case KEY_NONE: break;
    }
    return lk_problem_set(problem, LK_EUNAUTH, "An API key is needed: set " KEY_VARIABLE ", or give --api-key-file FILE");
}

static int check_key(struct cli_session *session, struct lk_slice key) {
    if (key.len > LK_TOKEN_IMPORT_MAX)
        return lk_problem_set(&session->problem, LK_EINVAL, "The API key of %s is too long: a key has at most %d characters",
                              session->key_from, LK_TOKEN_IMPORT_MAX);
    for (size_t i = 0; i < key.len; i++) {
        if (key.ptr[i] <= ' ' || key.ptr[i] > '~')
            return lk_problem_set(&session->problem, LK_EINVAL,
                                  "The API key of %s holds a character that no key holds; is it the right one?", session->key_from);
    }
    return 0;
}

/* A key given as an option stands in the process list until it is overwritten, so that is done first of all. */
static int take_key_option(struct cli_session *session) {
    const char *key = cli_args_get(session->args, "api-key");
    if (key == NULL)
        return 0;
    session->key_option = strdup(key);
    memset((char *)key, 'x', strlen(key)); /* argv's memory, which is ours to write */
    return session->key_option != NULL ? 0 : lk_problem_set(&session->problem, LK_ENOMEM, "Out of memory");
}

static const char *key_from(struct cli_session *session) {
    const char *text = NULL;
    switch (key_source(session->args)) {
    case KEY_OPTION: return "the option --api-key";
    case KEY_FILE:
        text = lk_arena_printf(&session->arena, "the file %.200s", cli_args_get(session->args, "api-key-file"));
        return text == NULL ? "the file" : text;
    case KEY_ENVIRONMENT:
    case KEY_NONE: break;
    }
    return "the environment variable " KEY_VARIABLE;
}

/* --- the session --- */

void cli_named_server(const struct cli_args *args, struct cli_server *ret) {
    *ret = (struct cli_server){
        .url = cli_args_or_environment(args, "url", "LATCHKEY_URL"),
        .ca = cli_args_or_environment(args, "ca", "LATCHKEY_CA"),
        .client_cert = cli_args_or_environment(args, "client-cert", "LATCHKEY_CLIENT_CERT"),
        .client_key = cli_args_or_environment(args, "client-key", "LATCHKEY_CLIENT_KEY"),
    };
    if (ret->url == NULL)
        ret->url = CLI_DEFAULT_URL;
}

bool cli_names_server(const struct cli_args *args) {
    return cli_has_key(args) || cli_args_or_environment(args, "url", "LATCHKEY_URL") != NULL;
}

int cli_connect(struct cli_session *session) {
    if (session->client != NULL)
        return 0;
    struct cli_server server;
    cli_named_server(session->args, &server);
    int code = cli_server_check(&server, &session->problem);
    if (code != 0)
        return code == LK_EINVAL ? cli_usage_error(session->command, "%s", session->problem.text) : code;
    char buffer[CLI_SECRET_MAX];
    struct lk_slice key = {NULL, 0};
    session->key_from = key_from(session);
    code = find_key(session, buffer, &key);
    if (code == 0)
        code = check_key(session, key);
    if (code == 0)
        code = cli_client_new(&server, key, &session->client, &session->problem);
    explicit_bzero(buffer, sizeof(buffer));
    return code;
}

int cli_session_begin(struct cli_session *session, const struct cli_command *command, const struct cli_args *args) {
    *session = (struct cli_session){.command = command, .args = args, .json = cli_args_flag(args, "json")};
    lk_arena_init(&session->arena, CLI_ARENA_MAX);
    session->answers = &session->arena;
    return take_key_option(session);
}

void cli_session_end(struct cli_session *session) {
    cli_client_free(session->client);
    if (session->key_option != NULL)
        explicit_bzero(session->key_option, strlen(session->key_option));
    free(session->key_option);
    lk_arena_free(&session->arena);
}

/* The key of a certificate works all the same; whoever else can read it can be this client. */
static void warn_of_open_key(const struct cli_args *args) {
    struct cli_server server;
    unsigned mode = 0;
    cli_named_server(args, &server);
    const char *path = cli_server_open_key(&server, &mode);
    if (path != NULL)
        fprintf(stderr, "%slatchkey: Others than its owner may use %s (mode %04o): chmod go= %s\n", lk_log_mark(LK_LOG_WARN), path, mode,
                path);
}

static int failed(const struct cli_session *session) {
    int code = cli_failed(&session->problem);
    struct lk_buf hint;
    lk_buf_init(&hint, 0);
    if (session->hint != NULL) {
        cli_add_printable(&hint, lk_slice_cstr(session->hint));
        fprintf(stderr, "%.*s\n", (int)hint.len, hint.len > 0 ? hint.ptr : "");
    }
    lk_buf_free(&hint);
    return code;
}

int cli_session_run(const struct cli_command *command, const struct cli_args *args) {
    struct cli_session session;
    int code = cli_session_begin(&session, command, args);
    if (code == 0)
        code = command->act(&session);
    if (session.client != NULL && code >= 0)
        warn_of_open_key(args);
    if (code < 0)
        code = failed(&session);
    cli_session_end(&session);
    return code;
}

/* --- requests --- */

static int code_of(struct lk_slice code) {
    static const struct {
        const char *name;
        int error;
    } codes[] = {
        {"NOT_FOUND", LK_ENOTFOUND}, {"UNAUTHENTICATED", LK_EUNAUTH}, {"FORBIDDEN", LK_EFORBIDDEN},
        {"CONFLICT", LK_ECONFLICT},  {"UNAVAILABLE", LK_EBUSY},       {"INTERNAL", LK_EINTERNAL},
    };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (lk_slice_is(code, codes[i].name))
            return codes[i].error;
    }
    return LK_EINVAL;
}

int cli_no_result(struct cli_session *session, long status) {
    return lk_problem_set(&session->problem, LK_EIO, "The server answered with status %ld and no result; is it a Latchkey server?", status);
}

static int no_api(struct cli_session *session, const char *url) {
    return lk_problem_set(&session->problem, LK_EIO, "%.200s has no API: name the URL under which a Latchkey server serves it with --url",
                          url);
}

/* A redirect is not followed, which would show the key to whom nobody has named. */
static int leads_elsewhere(struct cli_session *session, const char *url, const char *path, const char *target) {
    size_t len = strlen(target);
    size_t path_len = strlen(path);
    if (len > path_len && strcmp(target + len - path_len, path) == 0) /* what was asked for is no part of a URL that one names */
        len -= path_len;
    return lk_problem_set(&session->problem, LK_EIO, "%.150s leads elsewhere: if the server is there, name it with --url %.*s", url,
                          (int)(len < 300 ? len : 300), target);
}

/* An answer without JSON, to a request for path: of a proxy before the server, or of something else altogether. */
static int foreign_answer(struct cli_session *session, const char *path, long status) {
    struct cli_server server;
    cli_named_server(session->args, &server);
    const char *target = cli_client_redirect(session->client);
    if (target != NULL)
        return leads_elsewhere(session, server.url, path, target);
    switch (status) {
    case 401:
    case 403:
        return lk_problem_set(&session->problem, LK_EFORBIDDEN,
                              "What answers at %.200s, a proxy before the server perhaps, refuses the request with status %ld", server.url,
                              status);
    case 404:
    case 405: return no_api(session, server.url);
    case 413:
        return lk_problem_set(&session->problem, LK_EIO,
                              "What answers at %.200s, a proxy before the server perhaps, takes no request of this size", server.url);
    case 502:
    case 503:
    case 504:
        return lk_problem_set(
            &session->problem, LK_EIO,
            "%.200s answered with status %ld: the server is busy, or a proxy before it does not reach it; try again later", server.url,
            status);
    default:
        return lk_problem_set(&session->problem, LK_EIO, "%.200s answered with status %ld and no JSON; is it a Latchkey server?",
                              server.url, status);
    }
}

/* Turns an error of a GraphQL answer into the problem. */
static int take_error(struct cli_session *session, const struct lk_json *error) {
    struct lk_slice message = lk_json_text(lk_json_get(error, "message"));
    int code = code_of(lk_json_text(cli_at(error, "extensions.code")));
    struct cli_refusal refusal;
    const char *text = NULL;
    const char *hint = NULL;
    if (!cli_refusal_read(message, &refusal))
        return lk_problem_set(&session->problem, code, "%.*s", (int)message.len, message.ptr);
    if (cli_refusal_tell(session, &refusal, &text, &hint) != 0)
        return lk_problem_set(&session->problem, LK_ENOMEM, "Out of memory");
    session->hint = hint;
    return lk_problem_set(&session->problem, code, "%s", text);
}

static int check_answer(struct cli_session *session, long status, const struct lk_json *answer) {
    const struct lk_json *errors = lk_json_get(answer, "errors");
    struct cli_server server;
    cli_named_server(session->args, &server);
    if (status == 401)
        return lk_problem_set(&session->problem, LK_EUNAUTH,
                              "The server does not accept the API key of %.200s; give another with --api-key-file or LATCHKEY_API_KEY",
                              session->key_from);
    if (status == 404 || status == 405)
        return no_api(session, server.url);
    if (errors != NULL && errors->type == LK_JSON_ARRAY && errors->array.len > 0 &&
        lk_json_text(lk_json_get(&errors->array.items[0], "message")).len > 0) {
        int code = take_error(session, &errors->array.items[0]);
        session->errors = errors; /* not sooner: the server may have been asked something else for the sentence */
        return code;
    }
    struct lk_slice detail = lk_json_text(lk_json_get(answer, "detail")); /* RFC 9457, outside of GraphQL */
    if (status != 200 && detail.len > 0)
        return lk_problem_set(&session->problem, status == 403 ? LK_EFORBIDDEN : LK_EINVAL, "%.*s", (int)detail.len, detail.ptr);
    return status == 200 ? 0 : cli_no_result(session, status);
}

int cli_answer_problem(struct cli_session *session, const char *path, long status, const struct lk_buf *body) {
    struct lk_json *json = NULL;
    if (lk_json_parse(lk_buf_slice(body), &session->arena, &json, NULL) != 0)
        return foreign_answer(session, path, status);
    int code = check_answer(session, status, json);
    return code != 0 ? code : cli_no_result(session, status);
}

static void write_request(struct lk_buf *out, const char *document, const struct lk_buf *variables) {
    struct lk_json_writer w;
    lk_json_writer_init(&w, out);
    lk_json_begin_object(&w);
    lk_json_key(&w, "query");
    lk_json_string(&w, lk_slice_cstr(document));
    if (variables != NULL) {
        lk_json_key(&w, "variables");
        lk_json_raw(&w, lk_buf_slice(variables));
        out->failed = out->failed || variables->failed;
    }
    lk_json_end_object(&w);
}

static bool is_text(const char *bytes) {
    return lk_utf8_valid(lk_slice_cstr(bytes));
}

/* Servers take UTF-8 alone: says which argument is something else. */
static int check_encoding(struct cli_session *session, const struct lk_buf *body) {
    const struct cli_args *args = session->args;
    if (lk_utf8_valid(lk_buf_slice(body)))
        return 0;
    for (size_t i = 0; i < args->given_len; i++) {
        if (!is_text(args->given[i].value))
            return cli_usage_error(session->command, "The value of --%s is not UTF-8", args->given[i].name);
    }
    for (size_t i = 0; i < args->words_len; i++) {
        if (!is_text(args->words[i]))
            return cli_usage_error(session->command, "\"%.60s\" is not UTF-8", args->words[i]);
    }
    return lk_problem_set(&session->problem, LK_EINVAL, "What was read is not UTF-8");
}

int cli_post(struct cli_session *session, const char *path, const struct lk_buf *body, const struct lk_json **ret) {
    long status = 0;
    struct lk_buf answer;
    session->hint = NULL;
    session->status = 0;
    int code = check_encoding(session, body);
    if (code == 0)
        code = cli_connect(session);
    if (code == 0)
        code = cli_client_post(session->client, path, body, &status, &answer, &session->problem);
    if (code != 0)
        return code;
    session->status = status;
    struct lk_json *json = NULL;
    if (lk_json_parse_any_size(lk_buf_slice(&answer), session->answers, &json, NULL) != 0)
        code = foreign_answer(session, path, status);
    else
        code = check_answer(session, status, json);
    if (answer.cap > 0)
        explicit_bzero(answer.ptr, answer.cap); /* it may hold a secret */
    lk_buf_free(&answer);
    if (code == 0)
        *ret = json;
    return code;
}

/* Of a request that was not answered as a server answers: whether it may have changed something all the same. */
static bool may_be_done(const struct cli_session *session, const char *document) {
    const bool arrived = session->status == 0 ? session->client != NULL && cli_client_sent(session->client) : session->status >= 500;
    return arrived && strncmp(document, "mutation", strlen("mutation")) == 0;
}

int cli_graphql(struct cli_session *session, const char *document, const struct lk_buf *variables, const struct lk_json **ret_data) {
    struct lk_buf request;
    lk_buf_init(&request, 0);
    write_request(&request, document, variables);
    const struct lk_json *answer = NULL;
    int code = cli_post(session, "/graphql", &request, &answer);
    lk_buf_free(&request);
    if (code == LK_EIO && may_be_done(session, document))
        session->hint = "Whether it was done is not known: look before you repeat it.";
    if (code != 0)
        return code;
    const struct lk_json *data = lk_json_get(answer, "data");
    if (data == NULL)
        return cli_no_result(session, 200);
    *ret_data = data;
    return 0;
}

int cli_graphql_of(struct cli_session *session, const char *document, struct lk_slice id, const struct lk_json **ret_data) {
    struct lk_buf variables;
    lk_buf_init(&variables, 0);
    lk_buf_addf(&variables, "{\"id\":\"%.*s\"}", (int)id.len, id.ptr);
    int code = cli_graphql(session, document, &variables, ret_data);
    lk_buf_free(&variables);
    return code;
}
