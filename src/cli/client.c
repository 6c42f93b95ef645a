#include "cli/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ANSWER_MAX ((size_t)64 << 20)
#define TIMEOUT_S 60L
#define STALLED_S 900L   /* a large database takes a while to be copied before its first byte comes */
#define PATIENCE_TRIES 5 /* how often a server that asks for patience is asked again, and how long it may ask to wait */
#define PATIENCE_MAX_S 10

struct cli_client {
    CURL *curl;
    struct cli_server server;
    struct curl_slist *headers;
};

/* Frees a list of headers that hold the key. */
static void free_headers(struct curl_slist *headers) {
    for (struct curl_slist *at = headers; at != NULL; at = at->next)
        explicit_bzero(at->data, strlen(at->data));
    curl_slist_free_all(headers);
}

static bool add_header(struct cli_client *client, const char *line) {
    struct curl_slist *more = curl_slist_append(client->headers, line);
    if (more == NULL)
        return false;
    client->headers = more;
    return true;
}

static bool add_key(struct cli_client *client, struct lk_slice key) {
    char *line = NULL;
    int len = asprintf(&line, "x-api-key: %.*s", (int)key.len, key.ptr);
    if (len < 0)
        return false;
    bool added = add_header(client, line);
    explicit_bzero(line, (size_t)len);
    free(line);
    return added;
}

static size_t receive(char *bytes, size_t size, size_t count, void *context) {
    return lk_buf_add(context, lk_slice_make(bytes, size * count)) == 0 ? size * count : 0;
}

static bool set_up(struct cli_client *client) {
    CURL *curl = client->curl;
    return cli_connection_set_up(curl, &client->server) && curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->headers) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK;
}

int cli_client_new(const struct cli_server *server, struct lk_slice key, struct cli_client **ret, struct lk_problem *problem) {
    struct cli_client *client = calloc(1, sizeof(*client));
    if (client == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    client->server = *server;
    client->curl = curl_easy_init();
    if (client->curl == NULL || !add_header(client, "Content-Type: application/json") || !add_header(client, "Accept: application/json") ||
        !add_header(client, "Expect:") || !add_key(client, key) || !set_up(client)) {
        cli_client_free(client);
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    }
    *ret = client;
    return 0;
}

void cli_client_free(struct cli_client *client) {
    if (client == NULL)
        return;
    free_headers(client->headers);
    curl_easy_cleanup(client->curl);
    free(client);
}

/* Asks what the handle is set up for; why is where it writes what went wrong. */
static int perform(struct cli_client *client, const char *why, long *ret_status, struct lk_problem *problem) {
    CURL *curl = client->curl;
    CURLcode code = curl_easy_perform(curl);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, (char *)NULL);
    if (code != CURLE_OK)
        return cli_connection_problem(curl, &client->server, code, why, problem);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
    return 0;
}

static int send_body(struct cli_client *client, const char *url, const struct lk_buf *body, long *ret_status, struct lk_buf *ret_body,
                     struct lk_problem *problem) {
    char why[CURL_ERROR_SIZE] = "";
    CURL *curl = client->curl;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->ptr);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret_body);
    return perform(client, why, ret_status, problem);
}

/* As long as the server's Retry-After says, within reason. */
static void wait_as_asked(const struct cli_client *client) {
    curl_off_t seconds = 0;
    curl_easy_getinfo(client->curl, CURLINFO_RETRY_AFTER, &seconds);
    sleep(seconds < 1 ? 1 : seconds > PATIENCE_MAX_S ? PATIENCE_MAX_S : (unsigned)seconds);
}

int cli_client_post(struct cli_client *client, const char *path, const struct lk_buf *body, long *ret_status, struct lk_buf *ret_body,
                    struct lk_problem *problem) {
    char *url = body->failed ? NULL : cli_server_url(&client->server, path);
    if (url == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    lk_buf_init(ret_body, ANSWER_MAX);
    int code = send_body(client, url, body, ret_status, ret_body, problem);
    for (int tries = 0; code == 0 && *ret_status == 429 && tries < PATIENCE_TRIES; tries++) {
        wait_as_asked(client);
        lk_buf_clear(ret_body);
        code = send_body(client, url, body, ret_status, ret_body, problem);
    }
    if (code != 0)
        lk_buf_free(ret_body);
    free(url);
    return code;
}

bool cli_client_sent(const struct cli_client *client) {
    long bytes = 0;
    return curl_easy_getinfo(client->curl, CURLINFO_REQUEST_SIZE, &bytes) == CURLE_OK && bytes > 0;
}

const char *cli_client_redirect(const struct cli_client *client) {
    char *url = NULL;
    return curl_easy_getinfo(client->curl, CURLINFO_REDIRECT_URL, &url) == CURLE_OK ? url : NULL;
}

/* --- answers of any length --- */

struct download {
    CURL *curl;
    cli_client_sink sink;
    void *context;
    struct lk_buf *body;
    bool ended; /* by the sink */
};

static size_t receive_download(char *bytes, size_t size, size_t count, void *context) {
    struct download *download = context;
    struct lk_slice slice = lk_slice_make(bytes, size * count);
    long status = 0;
    curl_easy_getinfo(download->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return lk_buf_add(download->body, slice) == 0 ? slice.len : 0;
    download->ended = download->sink(download->context, slice) != 0;
    return download->ended ? 0 : slice.len;
}

int cli_client_get(struct cli_client *client, const char *path, cli_client_sink sink, void *context, long *ret_status,
                   struct lk_buf *ret_body, struct lk_problem *problem) {
    char *url = cli_server_url(&client->server, path);
    if (url == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    char why[CURL_ERROR_SIZE] = "";
    CURL *curl = client->curl;
    struct download download = {curl, sink, context, ret_body, false};
    lk_buf_init(ret_body, ANSWER_MAX);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 0L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, STALLED_S);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive_download);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &download);
    struct lk_problem other;
    int code = perform(client, why, ret_status, &other);
    if (code != 0 && !download.ended)
        *problem = other;
    free(url);
    if (code != 0)
        lk_buf_free(ret_body);
    return code;
}
