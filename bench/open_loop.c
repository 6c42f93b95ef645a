/*
 * Latency of GET /v1/auth at a given rate: open_loop PORT RATE SECONDS CONNECTIONS TOKENS_FILE
 *
 * Open loop: request i is due at i / RATE whatever became of those before, and its latency counts from when it was due, not from when a connection was free
 * to send it. So a stall of the server is seen by every request that was due in it ("coordinated omission" avoided, as wrk2 does).
 * Waits by polling: a sleeping generator would measure its own waking up. Prints one JSON object; times are microseconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define REQUEST_MAX 256

struct connection {
    int fd;
    long long due; /* of the request under way, ns; 0: free */
};

static char (*requests)[REQUEST_MAX];
static size_t requests_len;
static struct connection connections[CONNECTIONS_MAX];
static int idle[CONNECTIONS_MAX];
static size_t idle_len;
static float *latencies;
static size_t answered;

static void must(int ok, const char *what) {
    if (ok)
        return;
    perror(what);
    exit(1);
}

static long long now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void read_tokens(const char *path) {
    FILE *file = fopen(path, "r");
    must(file != NULL, path);
    size_t room = 0;
    char token[128];
    while (fscanf(file, "%127s", token) == 1) {
        if (requests_len == room) {
            room = room == 0 ? 1024 : room * 2;
            requests = realloc(requests, room * REQUEST_MAX);
            must(requests != NULL, "realloc");
        }
        snprintf(requests[requests_len++], REQUEST_MAX, "GET /v1/auth HTTP/1.1\r\nHost: localhost\r\nx-api-key: %s\r\n\r\n", token);
    }
    fclose(file);
    must(requests_len > 0, "no tokens");
}

static void open_connections(int epoll, int port, size_t len) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    for (size_t i = 0; i < len; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        must(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (unsigned)i};
        must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
        connections[i].fd = fd;
        idle[idle_len++] = (int)i;
    }
}

static void send_request(size_t number, long long due) {
    struct connection *c = &connections[idle[--idle_len]];
    const char *request = requests[number * 7919 % requests_len];
    size_t len = strlen(request);
    c->due = due;
    must(send(c->fd, request, len, MSG_NOSIGNAL) == (ssize_t)len, "send");
}

/* The answers have no body: one ends with its empty line. */
static void receive(unsigned index, size_t wanted) {
    struct connection *c = &connections[index];
    char text[4096];
    ssize_t n = recv(c->fd, text, sizeof text, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return;
    must(n > 4 && memcmp(text, "HTTP/1.1 200", 12) == 0 && memcmp(text + n - 4, "\r\n\r\n", 4) == 0, "answer");
    if (answered < wanted)
        latencies[answered] = (float)(now_ns() - c->due) / 1000;
    answered++;
    c->due = 0;
    idle[idle_len++] = (int)index;
}

static int compare(const void *a, const void *b) {
    float left = *(const float *)a, right = *(const float *)b;
    return (left > right) - (left < right);
}

static float percentile(size_t len, double part) {
    size_t at = (size_t)((double)len * part);
    return latencies[at < len ? at : len - 1];
}

int main(int argc, char **argv) {
    must(argc == 6, "usage: open_loop PORT RATE SECONDS CONNECTIONS TOKENS_FILE");
    double rate = atof(argv[2]);
    size_t wanted = (size_t)(rate * atof(argv[3]));
    size_t len = (size_t)atoi(argv[4]);
    must(wanted > 0 && len > 0 && len <= CONNECTIONS_MAX, "arguments");
    read_tokens(argv[5]);
    latencies = malloc(wanted * sizeof latencies[0]);
    must(latencies != NULL, "malloc");
    int epoll = epoll_create1(0);
    open_connections(epoll, atoi(argv[1]), len);
    long long began = now_ns();
    size_t sent = 0;
    while (answered < wanted) {
        long long due = began + (long long)((double)sent / rate * 1e9);
        while (sent < wanted && idle_len > 0 && due <= now_ns()) {
            send_request(sent++, due);
            due = began + (long long)((double)sent / rate * 1e9);
        }
        struct epoll_event events[64];
        int n = epoll_wait(epoll, events, 64, 0);
        for (int i = 0; i < n; i++)
            receive(events[i].data.u32, wanted);
    }
    double seconds = (double)(now_ns() - began) / 1e9;
    qsort(latencies, wanted, sizeof latencies[0], compare);
    printf("{\"requests\":%zu,\"rate\":%.0f,\"p50\":%.0f,\"p90\":%.0f,\"p99\":%.0f,\"p999\":%.0f,\"max\":%.0f}\n", wanted,
           (double)wanted / seconds, percentile(wanted, 0.5), percentile(wanted, 0.9), percentile(wanted, 0.99), percentile(wanted, 0.999),
           latencies[wanted - 1]);
    return 0;
}
