#include "harness.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define TEXT_MAX ((size_t)8 << 20)
#define KEPT_MAX 16

atomic_uint handled;
atomic_uint sends;
atomic_uint sources_closed;
atomic_uint accept_faults;
atomic_bool accept_crowd;

static struct http_server *server;
static struct http_listener listener;
static char *text;
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t kept_change = PTHREAD_COND_INITIALIZER;
static struct http_request *kept[KEPT_MAX];
static unsigned kept_len;

static long (*real_syscall)(long number, ...);

static void find_syscall(void) {
    real_syscall = dlsym(RTLD_NEXT, "syscall");
}

/* These two stand in for the C library's in this program. */
long syscall(long number, ...) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find_syscall);
    long arguments[6];
    va_list list;
    va_start(list, number);
    for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++)
        arguments[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_sendto)
        atomic_fetch_add(&sends, 1);
    return real_syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

/* A client that has gone already. */
static int one_of_the_crowd(void) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return -1;
    close(ends[1]);
    return ends[0];
}

int accept4(int fd, struct sockaddr *address, socklen_t *len, int flags) {
    unsigned faults = atomic_load(&accept_faults);
    if (faults > 0) {
        atomic_store(&accept_faults, faults - 1);
        errno = EMFILE;
        return -1;
    }
    int taken = (int)syscall(SYS_accept4, fd, address, len, flags);
    return taken < 0 && errno == EAGAIN && atomic_load(&accept_crowd) ? one_of_the_crowd() : taken;
}

static sem_t held, released;

void wait_held(void) {
    while (sem_wait(&held) != 0)
        continue;
}

void let_go(void) {
    sem_post(&released);
}

static void hold(void) {
    sem_post(&held);
    while (sem_wait(&released) != 0)
        continue;
}

struct note {
    size_t place, len;
    char query[16];
};

static void foresee(struct http_request *const *requests, size_t len, void *context) {
    (void)context;
    for (size_t i = 0; i < len; i++) {
        struct lk_slice query = http_request_query(requests[i]);
        struct note *note = http_request_foresee(requests[i]);
        *note = (struct note){.place = i, .len = len};
        if (query.len > 0)
            memcpy(note->query, query.ptr, query.len < sizeof(note->query) ? query.len : sizeof(note->query) - 1);
    }
}

static void tell_note(struct http_request *request) {
    const struct note *note = http_request_note(request);
    char told[64] = "nothing";
    if (note != NULL)
        (void)snprintf(told, sizeof(told), "%zu of %zu: %s", note->place, note->len, note->query);
    lk_buf_add_cstr(http_body(request), told);
}

static void keep(struct http_request *request) {
    pthread_mutex_lock(&kept_lock);
    assert_true(kept_len < KEPT_MAX);
    kept[kept_len++] = request;
    pthread_cond_broadcast(&kept_change);
    pthread_mutex_unlock(&kept_lock);
}

void wait_kept(unsigned count) {
    pthread_mutex_lock(&kept_lock);
    while (kept_len < count)
        pthread_cond_wait(&kept_change, &kept_lock);
    pthread_mutex_unlock(&kept_lock);
}

void answer_kept(void) {
    wait_kept(1);
    pthread_mutex_lock(&kept_lock);
    struct http_request *request = kept[0];
    memmove(kept, kept + 1, --kept_len * sizeof(kept[0]));
    pthread_mutex_unlock(&kept_lock);
    struct lk_slice path = http_request_path(request); /* still valid, even when the client has gone */
    assert_true(lk_slice_is(path, "/later"));
    lk_buf_add_cstr(http_body(request), "later");
    http_send(request);
}

static void add_slice(struct lk_buf *buf, struct lk_slice slice) {
    lk_buf_add(buf, slice);
}

static void echo(struct http_request *request) {
    struct lk_buf *body = http_body(request);
    add_slice(body, http_request_method_text(request));
    lk_buf_add_char(body, ' ');
    add_slice(body, http_request_path(request));
    lk_buf_add_char(body, '?');
    add_slice(body, http_request_query(request));
    lk_buf_add_char(body, ' ');
    add_slice(body, http_request_body(request));
}

struct text_source {
    uint64_t fails_at;
    uint64_t next; /* offsets come one after another */
};

static long read_text(void *context, uint64_t offset, char *out, size_t room) {
    struct text_source *source = context;
    size_t n = room < 5000 ? room : 5000;
    assert_true(room > 0 && offset == source->next);
    if (offset >= source->fails_at)
        return -1;
    memcpy(out, text + offset, n);
    source->next += n;
    return (long)n;
}

static void close_text(void *context) {
    atomic_fetch_add(&sources_closed, 1);
    free(context);
}

static void set_text_source(struct http_request *request, size_t len, uint64_t fails_at) {
    struct text_source *context = calloc(1, sizeof(*context));
    context->fails_at = fails_at;
    http_set_source(request, &(struct http_source){read_text, close_text, context, len});
}

static void handler(struct http_request *request, void *context) {
    (void)context;
    atomic_fetch_add(&handled, 1);
    struct lk_slice path = http_request_path(request);
    if (lk_slice_is(path, "/later")) {
        keep(request);
        return;
    }
    if (lk_slice_is(path, "/none")) {
        http_set_status(request, 204);
    } else if (lk_slice_starts_with(path, "/text/")) {
        char *number = lk_arena_strdup(http_request_arena(request), path);
        http_set_body(request, lk_slice_make(text, strtoul(number + 6, NULL, 10)));
    } else if (lk_slice_starts_with(path, "/made/")) {
        char *number = lk_arena_strdup(http_request_arena(request), path);
        lk_buf_add(http_body(request), lk_slice_make(text, strtoul(number + 6, NULL, 10)));
    } else if (lk_slice_starts_with(path, "/arena/")) {
        const char *number = lk_arena_strdup(http_request_arena(request), path) + 7;
        assert_non_null(lk_arena_alloc(http_request_arena(request), strtoul(number, NULL, 10)));
        http_add_header(request, "X-Number", lk_slice_cstr(number));
        lk_buf_add_cstr(http_body(request), number);
    } else if (lk_slice_is(path, "/arena-is-full")) {
        for (size_t size = 4096; size > 0; size /= 2) {
            while (lk_arena_alloc(http_request_arena(request), size) != NULL)
                continue;
        }
        http_add_header(request, "X-Number", lk_slice_cstr("none"));
    } else if (lk_slice_starts_with(path, "/held/")) {
        char *number = lk_arena_strdup(http_request_arena(request), path);
        http_request_holds(request, strtoul(number + 6, NULL, 10));
        lk_buf_addf(http_body(request), "%zu", http_body_room(request));
        http_request_holds(request, 0);
    } else if (lk_slice_is(path, "/room")) {
        lk_buf_addf(http_body(request), "%zu", http_body_room(request));
    } else if (lk_slice_starts_with(path, "/source/")) {
        size_t len = strtoul(lk_arena_strdup(http_request_arena(request), path) + 8, NULL, 10);
        set_text_source(request, len, len);
    } else if (lk_slice_starts_with(path, "/cut/")) {
        size_t len = strtoul(lk_arena_strdup(http_request_arena(request), path) + 5, NULL, 10);
        set_text_source(request, len, len / 2);
    } else if (lk_slice_is(path, "/coded") || lk_slice_is(path, "/uncoded")) { /* not to be compressed here */
        http_set_coding(request, lk_slice_is(path, "/coded") ? "br" : NULL);
        http_set_body(request, lk_slice_make(text, 5000));
    } else if (lk_slice_is(path, "/fields")) {
        struct lk_slice name, value;
        for (size_t i = 0; http_request_header_at(request, i, &name, &value); i++) {
            add_slice(http_body(request), name);
            lk_buf_add_cstr(http_body(request), ": ");
            add_slice(http_body(request), value);
            lk_buf_add_char(http_body(request), '\n');
        }
    } else if (lk_slice_is(path, "/odd")) {
        static const struct lk_slice value = LK_SLICE("a\r\nX-Evil: 1\0b");
        http_add_header(request, "X-Value", value);
    } else if (lk_slice_is(path, "/time")) {
        int64_t wall_ms;
        int64_t mono_ns;
        char times[64];
        http_request_time(request, &wall_ms, &mono_ns);
        (void)snprintf(times, sizeof(times), "%lld %lld", (long long)wall_ms, (long long)mono_ns);
        lk_buf_add_cstr(http_body(request), times);
    } else if (lk_slice_is(path, "/note")) {
        tell_note(request);
    } else if (lk_slice_is(path, "/sends")) {
        char number[16];
        (void)snprintf(number, sizeof(number), "%u", atomic_load(&sends));
        lk_buf_add_cstr(http_body(request), number);
    } else if (lk_slice_is(path, "/hold")) {
        hold();
    } else if (lk_slice_is(path, "/many")) {
        for (int i = 0; i < 40; i++)
            http_add_header(request, "X-Many", lk_slice_cstr("v"));
    } else if (lk_slice_is(path, "/broken")) {
        http_body(request)->failed = true;
    } else {
        echo(request);
    }
    http_send(request);
}

struct http_listener *test_listener(void) {
    return &listener;
}

struct http_config test_config(void) {
    struct http_config config = http_config_defaults();
    listener = (struct http_listener){.address = "127.0.0.1:0", .handler = handler, .foresee = foresee};
    config.listeners = &listener;
    config.listeners_len = 1;
    config.threads = 1;
    return config;
}

void start(const struct http_config *config) {
    struct lk_problem problem = {0};
    text = malloc(TEXT_MAX);
    for (size_t i = 0; i < TEXT_MAX; i++)
        text[i] = (char)('a' + i % 17);
    atomic_store(&handled, 0);
    sem_init(&held, 0, 0);
    sem_init(&released, 0, 0);
    atomic_store(&sources_closed, 0);
    assert_int_equal(http_server_create(config, &server, &problem), 0);
    assert_int_equal(http_server_start(server), 0);
}

int start_default(void **state) {
    (void)state;
    struct http_config config = test_config();
    start(&config);
    return 0;
}

void stop(unsigned grace_ms) {
    http_server_stop(server, grace_ms);
    http_server_free(server);
    server = NULL;
    free(text);
    text = NULL;
}

int stop_after_test(void **state) {
    (void)state;
    if (server != NULL)
        stop(0);
    return 0;
}

struct http_server *test_server(void) {
    return server;
}

int dial(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = 20};
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(server, 0)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

int dial_unix(const char *path) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = 20};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    assert_true(fd >= 0);
    assert_true(strlen(path) < sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path));
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

void say_bytes(int fd, const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        assert_true(n > 0);
        bytes += n;
        len -= (size_t)n;
    }
}

void say(int fd, const char *bytes) {
    say_bytes(fd, bytes, strlen(bytes));
}

static void read_exactly(int fd, char *out, size_t len) {
    while (len > 0) {
        ssize_t n = read(fd, out, len);
        assert_true(n > 0);
        out += n;
        len -= (size_t)n;
    }
}

void hear(int fd, bool has_body, struct answer *ret) {
    size_t len = 0;
    *ret = (struct answer){0};
    do {
        assert_true(len < sizeof(ret->head) - 1);
        read_exactly(fd, ret->head + len++, 1);
        ret->head[len] = '\0';
    } while (len < 4 || memcmp(ret->head + len - 4, "\r\n\r\n", 4) != 0);
    assert_int_equal(sscanf(ret->head, "HTTP/1.1 %d ", &ret->status), 1);
    const char *field = strstr(ret->head, "Content-Length: ");
    ret->body_len = field == NULL ? 0 : strtoul(field + 16, NULL, 10);
    ret->body = calloc(1, ret->body_len + 1);
    if (has_body)
        read_exactly(fd, ret->body, ret->body_len);
}

void answer_free(struct answer *answer) {
    free(answer->body);
}

void expect_answer(int fd, int status, const char *body) {
    struct answer answer;
    hear(fd, true, &answer);
    assert_int_equal(answer.status, status);
    if (body != NULL)
        assert_string_equal(answer.body, body);
    answer_free(&answer);
}

void expect_end(int fd) {
    char c;
    assert_int_equal(read(fd, &c, 1), 0);
    close(fd);
}

void wait_stat(size_t offset, uint64_t least) {
    struct http_stats stats;
    uint64_t value = 0;
    do {
        usleep(1000);
        http_server_stats(server, &stats);
        memcpy(&value, (const char *)&stats + offset, sizeof(value));
    } while (value < least);
}
