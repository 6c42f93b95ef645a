/* The client's address as a real server sees it, told by a handler that answers with it. */
#include "../unit.h"

#include "api/lanes.h"
#include "keyring/grace.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct fixture {
    struct lk_lanes lanes;
    struct http_thread_hooks hooks;
    struct http_server *server;
    char unix_address[64];
};

static void tell_address(struct http_request *request, void *context) {
    const struct lk_lanes *lanes = context;
    struct lk_ip ip;
    if (lk_client_ip(lanes, request, &ip)) {
        char text[INET6_ADDRSTRLEN];
        inet_ntop(AF_INET6, ip.bytes, text, sizeof(text));
        lk_buf_add_cstr(http_body(request), text);
    } else {
        lk_buf_add_cstr(http_body(request), "unknown");
    }
    http_send(request);
}

static void start(struct fixture *f, const char *const *proxies, size_t proxies_len) {
    assert_int_equal(lk_lanes_open(NULL, 1, proxies, proxies_len, &f->lanes, NULL), 0);
    snprintf(f->unix_address, sizeof(f->unix_address), "unix:/tmp/latchkey-lanes-%d.socket", getpid());
    const struct http_listener listeners[] = {{.address = "127.0.0.1:0", .handler = tell_address, .context = &f->lanes},
                                              {.address = f->unix_address, .handler = tell_address, .context = &f->lanes}};
    struct http_config config = http_config_defaults();
    config.listeners = listeners;
    config.listeners_len = 2;
    config.threads = 1;
    f->hooks = lk_lanes_hooks(&f->lanes);
    config.hooks = &f->hooks;
    assert_int_equal(http_server_create(&config, &f->server, NULL), 0);
    assert_int_equal(http_server_start(f->server), 0);
}

static void stop(struct fixture *f) {
    http_server_stop(f->server, 1000);
    http_server_free(f->server);
    lk_lanes_close(&f->lanes);
}

/* What the server takes for the client's address when a request on this connection, which it closes, has these header lines. */
static const char *ask(int fd, const char *lines) {
    static char text[1024];
    int len = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", lines);
    assert_int_equal(write(fd, text, (size_t)len), len);
    size_t got = 0;
    ssize_t n;
    while (got < sizeof(text) - 1 && (n = read(fd, text + got, sizeof(text) - 1 - got)) > 0)
        got += (size_t)n;
    close(fd);
    text[got] = '\0';
    const char *body = strstr(text, "\r\n\r\n");
    assert_non_null(body);
    return body + 4;
}

static const char *ask_from_loopback(const struct fixture *f, const char *lines) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(f->server, 0))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    return ask(fd, lines);
}

static void check(const char *lines, const char *got, const char *address) {
    if (strcmp(got, address) != 0)
        fail_msg("%s: got %s, expected %s", lines, got, address);
}

/* Asserts the address of a request from 127.0.0.1. */
static void expect(const struct fixture *f, const char *lines, const char *address) {
    check(lines, ask_from_loopback(f, lines), address);
}

/* And of one by the Unix socket. */
static void expect_unix(const struct fixture *f, const char *lines, const char *address) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    strcpy(to.sun_path, f->unix_address + strlen("unix:"));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    check(lines, ask(fd, lines), address);
}

static void test_nobody_is_trusted_unless_named(void **state) {
    (void)state;
    struct fixture f;
    start(&f, NULL, 0);
    expect(&f, "", "::ffff:127.0.0.1");
    expect(&f, "X-Forwarded-For: 192.0.2.1\r\n", "::ffff:127.0.0.1");
    stop(&f);
    const char *const others[] = {"10.0.0.0/8"};
    start(&f, others, 1);
    expect(&f, "X-Forwarded-For: 192.0.2.1\r\n", "::ffff:127.0.0.1");
    stop(&f);
}

static void test_rightmost_untrusted_address(void **state) {
    (void)state;
    const char *const proxies[] = {"127.0.0.1", "10.0.0.0/8", "2001:db8::/32"};
    struct fixture f;
    start(&f, proxies, 3);
    expect(&f, "", "::ffff:127.0.0.1");
    expect(&f, "X-Forwarded-For: 192.0.2.1\r\n", "::ffff:192.0.2.1");
    expect(&f, "x-forwarded-for: 198.51.100.9, 192.0.2.1\r\n", "::ffff:192.0.2.1");
    expect(&f, "X-Forwarded-For: 198.51.100.9, 192.0.2.1,10.1.2.3 , 2001:db8::1\r\n", "::ffff:192.0.2.1");
    expect(&f, "X-Forwarded-For: 198.51.100.9\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 10.0.0.1\r\n", "::ffff:192.0.2.1");
    expect(&f, "X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n", "::ffff:10.0.0.1");
    expect(&f, "X-Forwarded-For: 192.0.2.1, ,\r\n", "::ffff:192.0.2.1");
    expect(&f, "X-Forwarded-For:\r\n", "::ffff:127.0.0.1");
    expect(&f, "X-Forwarded-For: 192.0.2.1:4711\r\n", "::ffff:192.0.2.1");
    expect(&f, "X-Forwarded-For: [2001:db9::7]:443\r\n", "2001:db9::7");
    expect(&f, "X-Forwarded-For: 2001:db9::7\r\n", "2001:db9::7");
    /* What cannot be read hides whoever is left of it: nobody is taken for the client. */
    expect(&f, "X-Forwarded-For: 192.0.2.1, unknown\r\n", "unknown");
    expect(&f, "X-Forwarded-For: 192.0.2.1, [::1\r\n", "unknown");
    expect(&f, "X-Forwarded-For: 192.0.2.1, 10.0.0.1x, 10.0.0.1\r\n", "unknown");
    stop(&f);
}

static void test_a_unix_socket_is_trusted_when_it_is_named(void **state) {
    (void)state;
    struct fixture f;
    const char *const addresses[] = {"127.0.0.1", "0.0.0.0/0", "::/0"};
    start(&f, addresses, 3);
    expect_unix(&f, "X-Forwarded-For: 192.0.2.1\r\n", "unknown");
    stop(&f);
    const char *const proxies[] = {"unix", "10.0.0.0/8"};
    start(&f, proxies, 2);
    expect_unix(&f, "", "unknown");
    expect_unix(&f, "X-Forwarded-For: ,\r\n", "unknown");
    expect_unix(&f, "X-Forwarded-For: 192.0.2.1\r\n", "::ffff:192.0.2.1");
    expect_unix(&f, "X-Forwarded-For: 198.51.100.9, 192.0.2.1, 10.0.0.1\r\n", "::ffff:192.0.2.1");
    expect_unix(&f, "X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n", "::ffff:10.0.0.1");
    expect_unix(&f, "X-Forwarded-For: 192.0.2.1, unknown\r\n", "unknown");
    expect(&f, "X-Forwarded-For: 192.0.2.1\r\n", "::ffff:127.0.0.1");
    stop(&f);
    start(&f, proxies, 1);
    expect_unix(&f, "X-Forwarded-For: 192.0.2.1, 10.0.0.1\r\n", "::ffff:10.0.0.1");
    stop(&f);
}

/* Trusts one and the other by turns, until told to end. */
struct turns {
    struct lk_lanes *lanes;
    atomic_bool end;
};

static void *trust_by_turns(void *context) {
    static const char *const proxies[] = {"127.0.0.1", "10.0.0.1"};
    struct turns *turns = context;
    for (size_t i = 0; !atomic_load(&turns->end); i++) {
        struct lk_proxies *next;
        if (lk_proxies_new(&proxies[i % 2], 1, &next, NULL) != 0)
            abort();
        lk_lanes_trust(turns->lanes, next);
    }
    return NULL;
}

/* That nothing is read after it was freed is the sanitizers' to see. */
static void test_the_trusted_ones_change_while_requests_come(void **state) {
    (void)state;
    static const char line[] = "X-Forwarded-For: 192.0.2.1\r\n";
    struct fixture f;
    start(&f, NULL, 0);
    struct turns turns = {.lanes = &f.lanes};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, trust_by_turns, &turns), 0);
    unsigned trusted = 0;
    for (unsigned i = 0; i < 500; i++) {
        bool is_trusted = strcmp(ask_from_loopback(&f, line), "::ffff:192.0.2.1") == 0;
        trusted += is_trusted;
        if (!is_trusted)
            check(line, ask_from_loopback(&f, ""), "::ffff:127.0.0.1");
    }
    atomic_store(&turns.end, true);
    pthread_join(thread, NULL);
    assert_in_range(trusted, 1, 499);
    struct lk_proxies *last;
    const char *const unix_socket = "unix";
    assert_int_equal(lk_proxies_new(&unix_socket, 1, &last, NULL), 0);
    lk_lanes_trust(&f.lanes, last);
    expect(&f, line, "::ffff:127.0.0.1");
    expect_unix(&f, line, "::ffff:192.0.2.1");
    stop(&f);
}

static void test_bad_proxies_are_named(void **state) {
    (void)state;
    const char *const bad[] = {"10.0.0.0/8", "10.0.0.1/8"};
    struct lk_problem problem = {0};
    struct lk_lanes lanes;
    assert_int_equal(lk_lanes_open(NULL, 1, bad, 2, &lanes, &problem), LK_EINVAL);
    assert_non_null(strstr(problem.text, "--trusted-proxy"));
    assert_non_null(strstr(problem.text, "10.0.0.1/8"));
}

static void *wait_for_readers(void *over) {
    lk_grace_wait();
    atomic_store((atomic_bool *)over, true);
    return NULL;
}

/* However busy a thread is, a change of the keyring waits for the end of its turn at most. */
static void test_a_change_waits_for_no_pause(void **state) {
    (void)state;
    struct lk_lanes lanes;
    assert_int_equal(lk_lanes_open(NULL, 1, NULL, 0, &lanes, NULL), 0);
    struct http_thread_hooks hooks = lk_lanes_hooks(&lanes);
    hooks.start(hooks.context, 0);
    atomic_bool over = false;
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, wait_for_readers, &over), 0);
    while (!atomic_load(&over)) /* else the test's time runs out */
        hooks.between_turns(hooks.context, 0);
    pthread_join(writer, NULL);
    hooks.stop(hooks.context, 0);
    lk_lanes_close(&lanes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_is_trusted_unless_named),
        cmocka_unit_test(test_rightmost_untrusted_address),
        cmocka_unit_test(test_a_unix_socket_is_trusted_when_it_is_named),
        cmocka_unit_test(test_the_trusted_ones_change_while_requests_come),
        cmocka_unit_test(test_bad_proxies_are_named),
        cmocka_unit_test(test_a_change_waits_for_no_pause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
