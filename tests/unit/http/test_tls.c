/* TLS listeners, seen by OpenSSL's own client. */
#include "../access_list.h"
#include "certificates.h"
#include "harness.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAILURES offsetof(struct http_stats, tls_failures_total)

static struct http_tls_config tls;

static struct http_config tls_config(void) {
    struct http_config config = test_config();
    tls = (struct http_tls_config){.certificate_file = in_directory("server.pem"), .key_file = in_directory("server.key")};
    test_listener()->tls = &tls;
    return config;
}

static int set_up(void **state) {
    (void)state;
    certificates_set_up();
    make_certificate("server", "first", NULL);
    return 0;
}

static int tear_down(void **state) {
    stop_after_test(state);
    certificates_tear_down();
    return 0;
}

static void start_tls(void) {
    struct http_config config = tls_config();
    start(&config);
}

static SSL *dial_tls(void) {
    SSL *ssl = client_handshake(dial(), NULL, NULL, 0);
    assert_non_null(ssl);
    return ssl;
}

static void ask(SSL *ssl, const char *text) {
    assert_int_equal(SSL_write(ssl, text, (int)strlen(text)), (int)strlen(text));
}

/* Reads until so many bytes of body have come after the head of one answer. */
static void expect_body(SSL *ssl, const char *body) {
    char text[4096];
    size_t len = 0;
    const char *end = NULL;
    do {
        int n = SSL_read(ssl, text + len, (int)(sizeof(text) - 1 - len));
        assert_true(n > 0);
        len += (size_t)n;
        text[len] = '\0';
        end = strstr(text, "\r\n\r\n");
    } while (end == NULL || strlen(end + 4) < strlen(body));
    assert_memory_equal(text, "HTTP/1.1 200 OK\r\n", 17);
    assert_string_equal(end + 4, body);
}

static void serves_both_versions(void **state) {
    (void)state;
    start_tls();
    const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < 2; i++) {
        SSL *ssl = client_handshake(dial(), NULL, NULL, versions[i]);
        assert_non_null(ssl);
        assert_int_equal(SSL_version(ssl), versions[i]);
        for (int j = 0; j < 3; j++) {
            ask(ssl, GET("/echo"));
            expect_body(ssl, "GET /echo? ");
        }
        client_close(ssl);
    }
}

static void refuses_old_versions(void **state) {
    (void)state;
    struct http_config config = tls_config();
    tls.min_version = HTTP_TLS_1_3;
    start(&config);
    assert_null(client_handshake(dial(), NULL, NULL, TLS1_2_VERSION));
    wait_stat(FAILURES, 1);
    client_close(dial_tls());
}

/* All answers of one read in one record and one send. */
static void answers_pipelined_requests_in_one_write(void **state) {
    (void)state;
    start_tls();
    SSL *ssl = dial_tls();
    ask(ssl, GET("/echo"));
    expect_body(ssl, "GET /echo? ");
    unsigned before = atomic_load(&sends);
    ask(ssl, GET("/echo") GET("/echo") GET("/echo"));
    char text[4096];
    int n = SSL_read(ssl, text, sizeof(text));
    assert_true(n > 0);
    assert_int_equal(atomic_load(&sends), before + 1);
    assert_int_equal(atomic_load(&handled), 4);
    client_close(ssl);
}

static void carries_large_bodies(void **state) {
    (void)state;
    enum { SIZE = 3000000 };
    start_tls();
    SSL *ssl = dial_tls();
    char *body = malloc(SIZE);
    char *answer = malloc(SIZE + 1000);
    memset(body, 'x', SIZE);
    ask(ssl, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n");
    for (int at = 0; at < SIZE;) {
        int n = SSL_write(ssl, body + at, SIZE - at);
        assert_true(n > 0);
        at += n;
    }
    int len = 0;
    char *end = NULL;
    while (end == NULL || answer + len < end + SIZE) {
        int n = SSL_read(ssl, answer + len, SIZE + 1000 - len);
        assert_true(n > 0);
        len += n;
        if (end == NULL && (end = memmem(answer, (size_t)len, "POST /echo? ", 12)) != NULL)
            end += 12;
    }
    assert_memory_equal(end, body, SIZE);
    free(answer);
    free(body);
    client_close(ssl);
}

static void sends_deferred_answers(void **state) {
    (void)state;
    start_tls();
    SSL *ssl = dial_tls();
    SSL *leaver = dial_tls();
    ask(ssl, GET("/later"));
    wait_kept(1);
    ask(leaver, GET("/later"));
    wait_kept(2);
    client_close(leaver);
    answer_kept();
    expect_body(ssl, "later");
    answer_kept();
    client_close(ssl);
}

static long long time_of(SSL *ssl) {
    char text[4096];
    size_t len = 0;
    const char *end = NULL;
    const char *space = NULL;
    while (space == NULL) { /* "wall mono", of which the second comes in one piece with it */
        int n = SSL_read(ssl, text + len, (int)(sizeof(text) - 1 - len));
        assert_true(n > 0);
        len += (size_t)n;
        text[len] = '\0';
        end = strstr(text, "\r\n\r\n");
        space = end == NULL ? NULL : strchr(end + 4, ' ');
    }
    return atoll(space + 1);
}

/* What holds no byte for the server may be long on the wire: it is read for a part of a turn, like all else. */
static void reads_new_keys_in_turn(void **state) {
    (void)state;
    start_tls();
    SSL *holder = dial_tls(), *greedy = dial_tls(), *honest = dial_tls();
    ask(greedy, GET("/echo"));
    expect_body(greedy, "GET /echo? ");
    ask(honest, GET("/echo"));
    expect_body(honest, "GET /echo? ");
    ask(holder, GET("/hold"));
    wait_held();
    BIO *wire = BIO_new(BIO_s_mem());
    assert_non_null(wire);
    SSL_set0_wbio(greedy, wire);
    for (int i = 0; i < 2000; i++) { /* some 54 KB, which the socket takes at once */
        assert_int_equal(SSL_key_update(greedy, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(greedy), 1);
    }
    ask(greedy, GET("/time"));
    char *bytes = NULL;
    long len = BIO_get_mem_data(wire, &bytes);
    assert_true(len > 50000);
    say_bytes(SSL_get_rfd(greedy), bytes, (size_t)len);
    ask(honest, GET("/time"));
    let_go();
    assert_true(time_of(honest) < time_of(greedy));
    client_close(holder);
    client_close(greedy);
    client_close(honest);
}

/* What a client begins its handshake with, as bytes: they may be sent without the cost of it. */
static size_t first_words(char *out, size_t room) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    assert_int_equal(SSL_get_error(ssl, SSL_connect(ssl)), SSL_ERROR_WANT_READ);
    int n = BIO_read(SSL_get_wbio(ssl), out, (int)room);
    assert_true(n > 0 && (size_t)n < room);
    SSL_free(ssl);
    return (size_t)n;
}

/* Each costs a signature: a crowd must not hold up those whose connection is there. */
static void shakes_hands_in_turn(void **state) {
    (void)state;
    enum { CROWD = 100 };
    int crowd[CROWD];
    char hello[4096];
    size_t len = first_words(hello, sizeof(hello));
    start_tls();
    SSL *holder = dial_tls();
    SSL *honest[2] = {dial_tls(), dial_tls()};
    for (int i = 0; i < CROWD; i++)
        crowd[i] = dial();
    wait_stat(offsetof(struct http_stats, connections_total), CROWD + 3);
    ask(holder, GET("/hold"));
    wait_held();
    unsigned answered[2];
    unsigned before = atomic_load(&sends);
    for (int i = 0; i < CROWD; i++)
        say_bytes(crowd[i], hello, len);
    for (int i = 0; i < 2; i++) { /* the first comes along with the crowd, the second when that waits */
        ask(honest[i], GET("/hold"));
        let_go();
        wait_held();
        answered[i] = atomic_load(&sends) - before;
    }
    let_go();
    for (int i = 0; i < CROWD; i++) {
        char c;
        assert_int_equal(read(crowd[i], &c, 1), 1); /* all are heard */
        close(crowd[i]);
    }
    client_close(holder);
    for (int i = 0; i < 2; i++) {
        client_close(honest[i]);
        assert_in_range(answered[i], 0, CROWD / 4);
    }
}

static void *stop_patiently(void *unused) {
    stop(20000);
    return unused;
}

/* Has the server begin to drain while its thread is at /hold: what happens until let_go, it finds at once. */
static pthread_t stop_held(SSL *holder) {
    pthread_t stopper;
    ask(holder, GET("/hold"));
    wait_held();
    assert_int_equal(pthread_create(&stopper, NULL, stop_patiently, NULL), 0);
    poll(NULL, 0, 50);
    return stopper;
}

/* A request that came before the server looks for who may go is one under way. */
static void answers_what_came_before_it_drains(void **state) {
    (void)state;
    start_tls();
    SSL *holder = dial_tls(), *client = dial_tls();
    ask(client, GET("/echo"));
    expect_body(client, "GET /echo? ");
    pthread_t stopper = stop_held(holder);
    ask(client, GET("/echo?last"));
    let_go();
    char text[4096];
    int n = SSL_read(client, text, sizeof(text));
    client_close(holder);
    client_close(client);
    pthread_join(stopper, NULL);
    assert_true(n > 17);
    assert_memory_equal(text, "HTTP/1.1 200 OK\r\n", 17);
}

/* Whose handshake ends during the drain asks only then; who has not begun one asks for nothing. */
static void drains_between_handshake_and_request(void **state) {
    (void)state;
    struct http_config config = tls_config();
    config.header_timeout_ms = 60000;
    start(&config);
    SSL *holder = dial_tls();
    int silent = dial();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *shaking = SSL_new(context);
    int fd = dial();
    SSL_CTX_free(context);
    SSL_set_fd(shaking, fd);
    SSL_set0_rbio(shaking, BIO_new(BIO_s_mem())); /* the server's answer may be there at once, and is to wait */
    assert_int_equal(SSL_get_error(shaking, SSL_connect(shaking)), SSL_ERROR_WANT_READ);
    struct pollfd readable = {fd, POLLIN, 0};
    assert_int_equal(poll(&readable, 1, 10000), 1);
    pthread_t stopper = stop_held(holder);
    let_go();
    expect_end(silent);
    SSL_set0_rbio(shaking, BIO_new_socket(fd, BIO_NOCLOSE));
    int connected = SSL_connect(shaking);
    poll(NULL, 0, 100);
    SSL_write(shaking, GET("/echo"), (int)strlen(GET("/echo")));
    char text[4096];
    int n = SSL_read(shaking, text, sizeof(text));
    client_close(holder);
    client_close(shaking);
    pthread_join(stopper, NULL);
    assert_int_equal(connected, 1);
    assert_true(n > 17);
    assert_memory_equal(text, "HTTP/1.1 200 OK\r\n", 17);
}

static void says_goodbye(void **state) {
    (void)state;
    start_tls();
    SSL *ssl = dial_tls();
    ask(ssl, "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect_body(ssl, "GET /echo? ");
    char c;
    assert_int_equal(SSL_read(ssl, &c, 1), 0);
    assert_int_equal(SSL_get_error(ssl, 0), SSL_ERROR_ZERO_RETURN);
    client_close(ssl);
}

/* A balancer that looks every second whether somebody listens would hide what fails. */
static void counts_no_probe_as_a_failure(void **state) {
    (void)state;
    start_tls();
    for (int i = 0; i < 4; i++) {
        int fd = dial();
        const struct linger reset = {.l_onoff = 1};
        if (i % 2 == 1)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(fd);
    }
    wait_stat(offsetof(struct http_stats, connections_total), 4);
    client_close(dial_tls());
    int fd = dial();
    say_bytes(fd, "\x16\x03", 2);
    close(fd);
    wait_stat(FAILURES, 1);
    struct http_stats stats;
    do
        http_server_stats(test_server(), &stats);
    while (stats.connections_open > 0);
    assert_int_equal(stats.tls_failures_total, 1);
}

static void drops_what_is_no_tls(void **state) {
    (void)state;
    start_tls();
    int fd = dial();
    say(fd, GET("/echo"));
    char c;
    assert_true(read(fd, &c, 1) <= 0); /* its bytes were not all read: an end or a reset */
    close(fd);
    wait_stat(FAILURES, 1);
    fd = dial();
    say_bytes(fd, "\x16\x03\x01\x00\x05hello", 10);
    while (read(fd, &c, 1) > 0)
        continue;
    close(fd);
    wait_stat(FAILURES, 2);
    assert_int_equal(atomic_load(&handled), 0);
    client_close(dial_tls());
}

static void bounds_the_handshake(void **state) {
    (void)state;
    struct http_config config = tls_config();
    config.header_timeout_ms = 50;
    start(&config);
    int silent = dial();
    int trickling = dial();
    say_bytes(trickling, "\x16\x03\x01\x02", 4);
    expect_end(silent);
    expect_end(trickling);
}

static void chooses_the_protocol(void **state) {
    (void)state;
    start_tls();
    SSL *ssl = client_handshake(dial(), NULL, "\x05other\x08http/1.1", 0);
    assert_non_null(ssl);
    const unsigned char *name = NULL;
    unsigned len = 0;
    SSL_get0_alpn_selected(ssl, &name, &len);
    assert_int_equal(len, 8);
    assert_memory_equal(name, "http/1.1", 8);
    client_close(ssl);
    assert_null(client_handshake(dial(), NULL, "\x05other", 0));
}

static void asks_for_client_certificates(void **state) {
    (void)state;
    make_certificate("ca", "authority", NULL);
    make_certificate("client", "neighbour", "ca");
    make_certificate("stranger", "neighbour", NULL);
    struct http_config config = tls_config();
    tls.client_ca_file = in_directory("ca.pem");
    start(&config);
    SSL *ssl = client_handshake(dial(), "client", NULL, 0);
    assert_non_null(ssl);
    ask(ssl, GET("/echo"));
    expect_body(ssl, "GET /echo? ");
    client_close(ssl);
    const char *const others[] = {NULL, "stranger"};
    for (size_t i = 0; i < 2; i++) {
        ssl = client_handshake(dial(), others[i], NULL, 0);
        char c;
        if (ssl != NULL) { /* in 1.3 the client hears of it with its first read */
            assert_true(SSL_read(ssl, &c, 1) <= 0);
            client_close(ssl);
        }
        wait_stat(FAILURES, i + 1);
    }
    assert_int_equal(atomic_load(&handled), 1);
}

static void reloads(void **state) {
    (void)state;
    char name[64];
    struct lk_problem problem = {0};
    start_tls();
    SSL *old = dial_tls();
    make_certificate("server", "second", NULL);
    assert_int_equal(http_server_reload(test_server(), &problem), 0);
    SSL *new = dial_tls();
    server_name(old, name);
    assert_string_equal(name, "first");
    server_name(new, name);
    assert_string_equal(name, "second");
    ask(old, GET("/echo"));
    expect_body(old, "GET /echo? ");
    client_close(old);
    client_close(new);
    assert_int_equal(chmod(in_directory("server.key"), 0640), 0);
    assert_int_equal(http_server_reload(test_server(), &problem), LK_EFORBIDDEN);
    new = dial_tls();
    server_name(new, name);
    assert_string_equal(name, "second");
    client_close(new);
    const struct access_list credential = {.owner = 4, .user = geteuid(), .user_may = 4}; /* as systemd hands over a key */
    if (access_list_set(in_directory("server.key"), &credential))
        assert_int_equal(http_server_reload(test_server(), &problem), 0);
}

static void refuses_bad_files(void **state) {
    (void)state;
    struct lk_problem problem = {0};
    struct http_server *server = NULL;
    struct http_config config = tls_config();
    assert_int_equal(chmod(in_directory("server.key"), 0604), 0);
    assert_int_equal(http_server_create(&config, &server, &problem), LK_EFORBIDDEN);
    assert_non_null(strstr(problem.text, "chmod 600"));
    assert_int_equal(chmod(in_directory("server.key"), 0600), 0);
    make_certificate("other", "other", NULL);
    tls.key_file = in_directory("other.key");
    assert_int_equal(http_server_create(&config, &server, &problem), LK_EINVAL);
    assert_non_null(strstr(problem.text, "other.key"));
    tls.key_file = in_directory("missing.key");
    assert_int_equal(http_server_create(&config, &server, &problem), LK_EIO);
    assert_non_null(strstr(problem.text, "missing.key"));
    tls.certificate_file = in_directory("server.key");
    assert_int_equal(http_server_create(&config, &server, &problem), LK_EINVAL);
    assert_non_null(strstr(problem.text, "certificate"));
    tls.certificate_file = in_directory("missing.pem");
    assert_int_equal(http_server_create(&config, &server, &problem), LK_EINVAL);
    assert_non_null(strstr(problem.text, "No such file"));
    assert_null(server);
}

#define TLS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TLS_TEST(serves_both_versions),
        TLS_TEST(refuses_old_versions),
        TLS_TEST(answers_pipelined_requests_in_one_write),
        TLS_TEST(carries_large_bodies),
        TLS_TEST(sends_deferred_answers),
        TLS_TEST(reads_new_keys_in_turn),
        TLS_TEST(says_goodbye),
        TLS_TEST(counts_no_probe_as_a_failure),
        TLS_TEST(drops_what_is_no_tls),
        TLS_TEST(bounds_the_handshake),
        TLS_TEST(chooses_the_protocol),
        TLS_TEST(asks_for_client_certificates),
        TLS_TEST(reloads),
        TLS_TEST(refuses_bad_files),
        TLS_TEST(shakes_hands_in_turn),
        TLS_TEST(answers_what_came_before_it_drains),
        TLS_TEST(drains_between_handshake_and_request),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
