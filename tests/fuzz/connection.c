/*
 * A whole connection of the HTTP server, as bytes from a client: HTTP/1.1 as they are or, when the first byte is odd, HTTP/2 frames behind the preface. The second
 * byte says where the bytes are cut in two. The server must answer something or nothing, and end the connection when the client has ended its side.
 *
 * The event loop is the server's own, turned by this thread: nothing is accepted and no other thread runs, so an input does the same each time.
 */
#include "fuzz.h"

#include "base/clock.h"
#include "http/connection.h"
#include "http/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

/* Turns after which a connection whose client is gone must be too. Each of its answers takes one or two, and an input holds no more than some thousands. */
#define TURNS_MAX 100000

/* What the server says, and how much came before what was read last. */
struct heard {
    char first[16];
    size_t len;
    bool ended;
};

static struct http_shared shared;
static struct http_loop loop;

/* Reads all that a handler may read, and answers with it. */
static void handle(struct http_request *request, void *context) {
    (void)context;
    struct lk_buf *out = http_body(request);
    lk_buf_add(out, http_request_method_text(request));
    lk_buf_add(out, http_request_path(request));
    lk_buf_add(out, http_request_query(request));
    struct lk_slice name, value;
    for (size_t i = 0; http_request_header_at(request, i, &name, &value); i++) {
        lk_buf_add(out, name);
        lk_buf_add(out, value);
    }
    lk_buf_add(out, http_request_body(request));
    http_add_header(request, "X-Path", http_request_path(request));
    http_send(request);
}

/* By the path's last character, so that there are all. */
static size_t body_max(const struct http_request *request, void *context, bool *ret_known) {
    (void)context;
    struct lk_slice path = http_request_path(request);
    *ret_known = path.len % 2 == 0;
    char last = path.len > 0 ? path.ptr[path.len - 1] : '/';
    return last == '-' ? 0 : last == '+' ? 10 : SIZE_MAX;
}

static const struct http_listener listener = {.address = "", .handler = handle, .body_max = body_max};

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    struct http_config config = http_config_defaults();
    config.threads = 1;
    config.body_max = 65536;
    shared.config = config;
    shared.input.max = config.input_max;
    shared.strangers = (struct http_budget){.max = config.input_max, .whole = &shared.input};
    shared.limits = (struct http_limits){config.request_line_max, config.header_bytes_max, config.header_count_max};
    holds(http_loop_init(&loop, &shared, 0) == 0, "the loop can be made");
    return 0;
}

/* Takes what the server has said. */
static void hear(int fd, struct heard *heard) {
    char bytes[65536];
    ssize_t n;
    while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
        for (size_t i = 0; i < (size_t)n && heard->len + i < sizeof(heard->first); i++)
            heard->first[heard->len + i] = bytes[i];
        heard->len += (size_t)n;
    }
    heard->ended |= n == 0 || errno != EAGAIN;
}

/* Something always is to be done then: a turn that waited would be one in which the connection hangs. */
static void turn(int fd, struct heard *heard) {
    http_loop_wake(&loop);
    http_loop_turn(&loop);
    hear(fd, heard);
}

static void say(int fd, const void *bytes, size_t len, struct heard *heard) {
    const char *at = bytes;
    while (len > 0 && !heard->ended) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        }
        turn(fd, heard);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2 || size > 16384)
        return 0;
    int pair[2];
    const struct sockaddr_storage peer = {.ss_family = AF_UNIX};
    holds(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "sockets can be made");
    holds(fcntl(pair[1], F_SETFL, O_NONBLOCK) == 0, "a socket need not block");
    loop.now = lk_clock_mono_ns();
    atomic_fetch_add(&shared.connections_open, 1);
    struct http_connection *connection = http_connection_new(&loop, &listener, NULL, pair[1], &peer);
    holds(connection != NULL, "a connection can be made");
    http_connection_run(connection);

    struct heard heard = {.len = 0};
    size_t cut = data[1] * (size - 2) / 256;
    if ((data[0] & 1) != 0)
        say(pair[0], PREFACE "\0\0\0\4\0\0\0\0\0", sizeof(PREFACE) + 8, &heard);
    say(pair[0], data + 2, cut, &heard);
    say(pair[0], data + 2 + cut, size - 2 - cut, &heard);
    shutdown(pair[0], SHUT_WR);
    for (size_t turns = 0; loop.connections != NULL; turns++) {
        holds(turns < TURNS_MAX, "the connection ends when the client has ended its side");
        turn(pair[0], &heard);
    }
    if (heard.len > 8 && (data[0] & 1) == 0)
        holds(memcmp(heard.first, "HTTP/1.", 7) == 0 || memcmp(heard.first, "\0\0", 2) == 0, "what comes is an answer");
    holds(atomic_load(&shared.connections_open) == 0, "a connection that ended is counted no more");
    close(pair[0]);
    return 0;
}
