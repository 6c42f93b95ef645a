#include "http/server.h"

#include "base/clock.h"
#include "http/listen.h"
#include "http/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* A bound address. */
struct bound {
    unsigned port; /* 0: a Unix socket */
    bool has_file; /* of a Unix socket, still there */
    struct stat file_id;
};

struct http_server {
    struct http_shared shared;
    struct bound *bound; /* shared.config.listeners_len */
    unsigned started;
    struct http_loop loops[]; /* shared.config.threads */
};

struct http_config http_config_defaults(void) {
    return (struct http_config){
        .request_line_max = 16384,
        .header_bytes_max = 32768,
        .header_count_max = 100,
        .body_max = (size_t)4 << 20,
        .input_max = (size_t)256 << 20,
        .output_max = (size_t)256 << 20,
        .arena_max = (size_t)64 << 20,
        .header_timeout_ms = 10000,
        .body_timeout_ms = 30000,
        .idle_timeout_ms = 75000,
        .write_timeout_ms = 30000,
        .write_backlog_max = (size_t)256 << 10,
        .connections_max = 65536,
        .gzip_min = 1024,
    };
}

static unsigned count_cores(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    return (unsigned)CPU_COUNT(&set);
}

static const char *unix_path(const struct http_server *server, size_t index) {
    return server->shared.config.listeners[index].address + strlen("unix:");
}

/* One socket for all threads: Unix sockets cannot share a path. */
static int listen_unix(struct http_server *server, size_t index, const struct sockaddr_storage *address, socklen_t len,
                       struct lk_problem *problem) {
    struct bound *bound = &server->bound[index];
    unsigned mode = server->shared.config.listeners[index].unix_mode;
    int *first = &server->loops[0].listeners[index].fd;
    int code = http_listen_unix(address, len, mode != 0 ? mode : 0600, first, &bound->file_id, problem);
    if (code != 0)
        return code;
    bound->has_file = true;
    for (unsigned i = 1; i < server->shared.config.threads; i++) {
        int *fd = &server->loops[i].listeners[index].fd;
        *fd = fcntl(*first, F_DUPFD_CLOEXEC, 0);
        if (*fd < 0)
            return lk_problem_set(problem, LK_EIO, "Cannot listen on %s: %s", unix_path(server, index), strerror(errno));
    }
    return 0;
}

/* One socket for each thread, all on one port. */
static int listen_all(struct http_server *server, size_t index, struct lk_problem *problem) {
    const char *text = server->shared.config.listeners[index].address;
    struct sockaddr_storage address;
    socklen_t len = 0;
    if (http_address_parse(text, &address, &len) != 0)
        return lk_problem_set(problem, LK_EINVAL, "%s is not an address to listen on: write 127.0.0.1:5390, [::1]:5390 or unix:/path",
                              text);
    if (address.ss_family == AF_UNIX)
        return listen_unix(server, index, &address, len, problem);
    for (unsigned i = 0; i < server->shared.config.threads; i++) {
        int *fd = &server->loops[i].listeners[index].fd;
        int code = http_listen(&address, len, text, i == 0, fd, problem);
        if (code != 0)
            return code;
        if (i == 0) {
            server->bound[index].port = http_bound_port(*fd);
            http_address_set_port(&address, server->bound[index].port);
        }
    }
    return 0;
}

/* Which of the listeners before this one has its address: who looks for the other program that has it would not find one. NULL: none. */
static const char *own_listener(const struct http_server *server, size_t index) {
    const struct http_listener *listeners = server->shared.config.listeners;
    struct sockaddr_storage address, other;
    socklen_t len;
    if (http_address_parse(listeners[index].address, &address, &len) != 0)
        return NULL;
    for (size_t i = 0; i < index; i++) {
        if (http_address_parse(listeners[i].address, &other, &len) == 0 && http_addresses_overlap(&address, &other))
            return listeners[i].address;
    }
    return NULL;
}

static int listen_at(struct http_server *server, size_t index, struct lk_problem *problem) {
    int code = listen_all(server, index, problem);
    const char *own = code == LK_EBUSY ? own_listener(server, index) : NULL;
    return own == NULL ? code
                       : lk_problem_set(problem, code, "Cannot listen on %s: this server does already, on %s",
                                        server->shared.config.listeners[index].address, own);
}

/* Loops that are not made are zeroed, which http_loop_free knows. */
static int make_loops(struct http_server *server) {
    for (unsigned i = 0; i < server->shared.config.threads; i++) {
        int code = http_loop_init(&server->loops[i], &server->shared, i);
        if (code != 0)
            return code;
    }
    return 0;
}

/* All or none. */
static int load_tls(const struct http_server *server, SSL_CTX **contexts, struct lk_problem *problem) {
    const struct http_config *config = &server->shared.config;
    for (size_t i = 0; i < config->listeners_len; i++) {
        int code = config->listeners[i].tls == NULL ? 0 : http_tls_load(config->listeners[i].tls, &contexts[i], problem);
        if (code != 0) {
            while (i-- > 0)
                SSL_CTX_free(contexts[i]);
            return code;
        }
    }
    return 0;
}

int http_server_reload(struct http_server *server, struct lk_problem *problem) {
    size_t len = server->shared.config.listeners_len;
    SSL_CTX **contexts = calloc(len, sizeof(SSL_CTX *));
    if (contexts == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "No memory for the TLS settings");
    int code = load_tls(server, contexts, problem);
    for (size_t i = 0; code == 0 && i < len; i++) {
        struct http_tls_slot *slot = &server->shared.tls[i];
        pthread_mutex_lock(&slot->lock);
        SSL_CTX *old = slot->context;
        slot->context = contexts[i];
        pthread_mutex_unlock(&slot->lock);
        SSL_CTX_free(old);
    }
    free(contexts);
    return code;
}

static int make_tls_slots(struct http_server *server) {
    size_t len = server->shared.config.listeners_len;
    server->shared.tls = calloc(len, sizeof(server->shared.tls[0]));
    if (server->shared.tls == NULL)
        return LK_ENOMEM;
    for (size_t i = 0; i < len; i++)
        pthread_mutex_init(&server->shared.tls[i].lock, NULL);
    return 0;
}

static void free_tls_slots(struct http_server *server) {
    for (size_t i = 0; server->shared.tls != NULL && i < server->shared.config.listeners_len; i++) {
        SSL_CTX_free(server->shared.tls[i].context);
        pthread_mutex_destroy(&server->shared.tls[i].lock);
    }
    free(server->shared.tls);
}

static int copy_listeners(struct http_server *server, const struct http_config *config) {
    struct http_listener *listeners = calloc(config->listeners_len, sizeof(*listeners));
    if (listeners == NULL)
        return LK_ENOMEM;
    for (size_t i = 0; i < config->listeners_len; i++)
        listeners[i] = config->listeners[i];
    server->shared.config.listeners = listeners;
    return 0;
}

int http_server_create(const struct http_config *config, struct http_server **ret, struct lk_problem *problem) {
    unsigned threads = config->threads != 0 ? config->threads : count_cores();
    struct http_server *server = calloc(1, sizeof(*server) + threads * sizeof(server->loops[0]));
    if (server == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "No memory for the HTTP server");
    server->shared.config = *config;
    server->shared.config.listeners = NULL;
    server->shared.config.threads = threads;
    server->shared.input.max = config->input_max;
    server->shared.strangers = (struct http_budget){.max = config->input_max / 4 * 3, .whole = &server->shared.input};
    server->shared.limits = (struct http_limits){config->request_line_max, config->header_bytes_max, config->header_count_max};
    server->bound = calloc(config->listeners_len, sizeof(server->bound[0]));
    int code = server->bound == NULL ? LK_ENOMEM : copy_listeners(server, config);
    if (code == 0)
        code = make_tls_slots(server);
    if (code == 0)
        code = make_loops(server);
    if (code != 0)
        lk_problem_set(problem, code, "Cannot make the HTTP server: %s", lk_error_text(code));
    if (code == 0)
        code = http_server_reload(server, problem);
    for (size_t i = 0; code == 0 && i < config->listeners_len; i++)
        code = listen_at(server, i, problem);
    if (code != 0) {
        http_server_free(server);
        return code;
    }
    *ret = server;
    return 0;
}

unsigned http_server_port(const struct http_server *server, size_t index) {
    return server->bound[index].port;
}

unsigned http_server_threads(const struct http_server *server) {
    return server->shared.config.threads;
}

int http_server_start(struct http_server *server) {
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = 0;
    while (failed == 0 && server->started < server->shared.config.threads) {
        struct http_loop *loop = &server->loops[server->started];
        failed = pthread_create(&loop->thread, NULL, http_loop_run, loop);
        if (failed == 0)
            server->started++;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed == 0)
        return 0;
    http_server_stop(server, 0);
    return LK_EIO;
}

static void unlink_sockets(struct http_server *server) {
    if (server->bound == NULL)
        return;
    for (size_t i = 0; i < server->shared.config.listeners_len; i++) {
        if (server->bound[i].has_file)
            http_unlink_unix(unix_path(server, i), &server->bound[i].file_id);
        server->bound[i].has_file = false;
    }
}

void http_server_stop(struct http_server *server, unsigned grace_ms) {
    unlink_sockets(server); /* first: a path that leads nowhere is clearer to a client than one that nobody answers on */
    int64_t deadline = lk_clock_mono_ns() + (int64_t)grace_ms * 1000000;
    for (unsigned i = 0; i < server->started; i++)
        http_loop_stop(&server->loops[i], deadline);
    for (unsigned i = 0; i < server->started; i++) {
        pthread_join(server->loops[i].thread, NULL);
        while (http_loop_posting(&server->loops[i]))
            sched_yield(); /* the sender of the last answer is about to leave */
    }
    server->started = 0;
}

void http_server_free(struct http_server *server) {
    if (server == NULL)
        return;
    unlink_sockets(server);
    for (unsigned i = 0; i < server->shared.config.threads; i++)
        http_loop_free(&server->loops[i]);
    free_tls_slots(server);
    free((void *)(uintptr_t)server->shared.config.listeners);
    free(server->bound);
    free(server);
}

static uint64_t read_counter(const _Atomic uint64_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void http_server_stats(const struct http_server *server, struct http_stats *ret) {
    struct http_stats stats = {.connections_open = atomic_load_explicit(&server->shared.connections_open, memory_order_relaxed)};
    for (unsigned i = 0; i < server->shared.config.threads; i++) {
        const struct http_counters *counters = &server->loops[i].counters;
        stats.connections_total += read_counter(&counters->connections);
        stats.connections_refused += read_counter(&counters->refused);
        stats.requests_total += read_counter(&counters->requests);
        stats.bad_requests_total += read_counter(&counters->bad_requests);
        stats.timeouts_total += read_counter(&counters->timeouts);
        stats.tls_failures_total += read_counter(&counters->tls_failures);
        for (size_t kind = 0; kind < HTTP_CLASSES; kind++)
            for (size_t status = 0; status < HTTP_STATUS_CLASSES; status++)
                stats.answers[kind][status] += read_counter(&counters->answers[kind][status]);
    }
    *ret = stats;
}
