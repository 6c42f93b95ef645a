/*
 * A whole connection of the HTTP server, as bytes from a client: HTTP/1.1 as they are or, when the first byte is odd, HTTP/2 frames behind the preface. The second
 * byte says where the bytes are cut in two. The server must answer something or nothing, and end the connection when the client has ended its side.
 */
#include "fuzz.h"

#include "http/server.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

static struct http_server *server;
static struct sockaddr_un address = {.sun_family = AF_UNIX};

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

static void remove_directory(void) {
    char *slash = strrchr(address.sun_path, '/');
    unlink(address.sun_path);
    *slash = '\0';
    rmdir(address.sun_path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    static char listen[160];
    char directory[] = "/tmp/latchkey-fuzz-XXXXXX";
    struct lk_problem problem = {0};
    holds(mkdtemp(directory) != NULL, "a directory can be made");
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", directory);
    snprintf(listen, sizeof(listen), "unix:%s", address.sun_path);
    const struct http_listener listener = {.address = listen, .handler = handle};
    struct http_config config = http_config_defaults();
    config.listeners = &listener;
    config.listeners_len = 1;
    config.threads = 1;
    config.body_max = 65536;
    holds(http_server_create(&config, &server, &problem) == 0 && http_server_start(server) == 0, "the server starts");
    atexit(remove_directory);
    return 0;
}

static bool say(int fd, const void *bytes, size_t len) {
    return len == 0 || send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2 || size > 16384)
        return 0;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    holds(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0, "the server takes a connection");
    size_t cut = data[1] * (size - 2) / 256;
    bool open = (data[0] & 1) == 0 || say(fd, PREFACE "\0\0\0\4\0\0\0\0\0", sizeof(PREFACE) + 8);
    open = open && say(fd, data + 2, cut) && say(fd, data + 2 + cut, size - 2 - cut);
    if (open)
        shutdown(fd, SHUT_WR);
    char answer[65536];
    ssize_t first = recv(fd, answer, sizeof(answer), 0);
    if (first > 8 && (data[0] & 1) == 0)
        holds(memcmp(answer, "HTTP/1.", 7) == 0 || memcmp(answer, "\0\0", 2) == 0, "what comes is an answer");
    while (recv(fd, answer, sizeof(answer), 0) > 0)
        ;
    close(fd);
    return 0;
}
