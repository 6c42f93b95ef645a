/* Answers whose body is read from a source while it is sent. */
#include "certificates.h"
#include "client2.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LARGE 5000000

static void wait_closed(unsigned count) {
    while (atomic_load(&sources_closed) < count)
        usleep(1000);
    assert_int_equal(atomic_load(&sources_closed), count);
}

/* The text that the harness serves. */
static void expect_text(const char *body, size_t len, size_t expected) {
    assert_int_equal(len, expected);
    for (size_t i = 0; i < len; i++) {
        if (body[i] != (char)('a' + i % 17))
            fail_msg("byte %zu is not as sent", i);
    }
}

static void sends_all_of_it_and_goes_on(void **state) {
    (void)state;
    int fd = dial();
    say(fd, GET("/source/5000000") GET("/echo") GET("/source/1") GET("/source/0") GET("/source/20000") GET("/echo"));
    struct answer answer;
    hear(fd, true, &answer);
    expect_text(answer.body, answer.body_len, LARGE);
    answer_free(&answer);
    expect_answer(fd, 200, "GET /echo? ");
    expect_answer(fd, 200, "a");
    expect_answer(fd, 200, "");
    hear(fd, true, &answer);
    expect_text(answer.body, answer.body_len, 20000);
    answer_free(&answer);
    expect_answer(fd, 200, "GET /echo? ");
    wait_closed(4);
    close(fd);
}

static void closes_after_it_when_asked(void **state) {
    (void)state;
    int fd = dial();
    say(fd, "GET /source/1000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    struct answer answer;
    hear(fd, true, &answer);
    expect_text(answer.body, answer.body_len, 1000000);
    answer_free(&answer);
    expect_end(fd);
    wait_closed(1);
}

static void tells_head_the_length(void **state) {
    (void)state;
    int fd = dial();
    say(fd, "HEAD /source/5000000 HTTP/1.1\r\nHost: a\r\n\r\n" GET("/echo"));
    struct answer answer;
    hear(fd, false, &answer);
    assert_int_equal(answer.body_len, LARGE);
    answer_free(&answer);
    expect_answer(fd, 200, "GET /echo? ");
    wait_closed(1);
    close(fd);
}

static void ends_short_when_the_source_does(void **state) {
    (void)state;
    int fd = dial();
    say(fd, GET("/cut/5000000") GET("/echo"));
    static char body[LARGE];
    size_t len = 0;
    ssize_t n;
    while ((n = read(fd, body + len, sizeof(body) - len)) > 0)
        len += (size_t)n;
    assert_in_range(len, 1, LARGE / 2 + 10000); /* nothing that could be taken for the whole, nor for the next answer */
    wait_closed(1);
    assert_int_equal(atomic_load(&handled), 1);
    close(fd);
}

static void lets_go_when_the_client_does(void **state) {
    (void)state;
    int fd = dial();
    struct linger hard = {.l_onoff = 1};
    char some[1000];
    say(fd, GET("/source/8000000"));
    assert_true(read(fd, some, sizeof(some)) > 0);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(fd);
    wait_closed(1);
}

static void cuts_off_a_reader_that_does_not_read(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.write_timeout_ms = 40;
    start(&config);
    int fd = dial();
    int size = 4096; /* the sockets' own buffers do not hold it */
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    say(fd, GET("/source/8000000") GET("/source/8000000"));
    wait_stat(offsetof(struct http_stats, timeouts_total), 1);
    wait_closed(1);
    close(fd);
}

/* One that takes all that it can get does not keep the others of its thread waiting. */
static void serves_others_meanwhile(void **state) {
    (void)state;
    int greedy = dial();
    int other = dial();
    say(greedy, GET("/source/8000000"));
    say(other, GET("/echo"));
    expect_answer(other, 200, "GET /echo? ");
    assert_int_equal(atomic_load(&sources_closed), 0); /* nobody has read it yet */
    struct answer answer;
    hear(greedy, true, &answer);
    expect_text(answer.body, answer.body_len, 8000000);
    answer_free(&answer);
    wait_closed(1);
    close(greedy);
    close(other);
}

static void is_cut_off_by_a_stop(void **state) {
    (void)state;
    int fd = dial();
    char some[1000];
    say(fd, GET("/source/8000000"));
    assert_true(read(fd, some, sizeof(some)) > 0);
    stop(10);
    assert_int_equal(atomic_load(&sources_closed), 1);
    close(fd);
}

static void speaks_http2(void **state) {
    (void)state;
    struct client client;
    client_start(&client, dial(), NULL, false);
    size_t large = client_ask(&client, "GET", "/source/5000000", NULL, NULL);
    size_t head = client_ask(&client, "HEAD", "/source/5000000", NULL, NULL);
    size_t none = client_ask(&client, "GET", "/source/0", NULL, NULL);
    size_t cut = client_ask(&client, "GET", "/cut/100000", NULL, NULL);
    size_t echo = client_ask(&client, "GET", "/echo", NULL, NULL);
    client_expect(&client, echo, 200, "GET /echo? ");
    client_expect(&client, none, 200, "");
    client_wait(&client, cut);
    assert_int_equal(client.streams[cut].error, NGHTTP2_INTERNAL_ERROR);
    client_expect(&client, head, 200, "");
    assert_non_null(strstr(client.streams[head].fields, "content-length: 5000000"));
    client_expect(&client, large, 200, NULL);
    assert_int_equal(client.streams[large].error, NGHTTP2_NO_ERROR);
    expect_text(client.streams[large].body, client.streams[large].body_len, LARGE);
    wait_closed(5 - 1);
    client_stop(&client);
}

static void lets_go_of_reset_streams(void **state) {
    (void)state;
    struct client client;
    client_start(&client, dial(), NULL, true); /* its window stays closed after the first bytes */
    size_t index = client_ask(&client, "GET", "/source/5000000", NULL, NULL);
    client_send(&client);
    client_read(&client);
    nghttp2_submit_rst_stream(client.session, NGHTTP2_FLAG_NONE, client.streams[index].id, NGHTTP2_CANCEL);
    client_send(&client);
    wait_closed(1);
    client_ask(&client, "GET", "/source/5000000", NULL, NULL);
    client_send(&client);
    client_read(&client);
    client_stop(&client);
    wait_closed(2);
}

static int certificates(void **state) {
    (void)state;
    certificates_set_up();
    make_certificate("server", "first", NULL);
    return 0;
}

static int no_certificates(void **state) {
    stop_after_test(state);
    certificates_tear_down();
    return 0;
}

/* A large body that is in memory goes by the same way. */
static void speaks_tls(void **state) {
    (void)state;
    const struct http_tls_config tls = {.certificate_file = in_directory("server.pem"), .key_file = in_directory("server.key")};
    static const char *const requests[] = {"GET /source/5000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                                           "GET /text/5000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                                           "GET /made/5000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"};
    struct http_config config = test_config();
    test_listener()->tls = &tls;
    start(&config);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        SSL *ssl = client_handshake(dial(), NULL, NULL, 0);
        static char text[LARGE + 4096];
        size_t len = 0;
        int n;
        assert_int_equal(SSL_write(ssl, requests[i], (int)strlen(requests[i])), (int)strlen(requests[i]));
        while ((n = SSL_read(ssl, text + len, (int)(sizeof(text) - len))) > 0)
            len += (size_t)n;
        const char *body = strstr(text, "\r\n\r\n") + 4;
        expect_text(body, (size_t)(text + len - body), LARGE);
        client_close(ssl);
    }
    wait_closed(1);
}

#define SOURCE_TEST(name) cmocka_unit_test_setup_teardown(name, start_default, stop_after_test)

int main(void) {
    const struct CMUnitTest tests[] = {
        SOURCE_TEST(sends_all_of_it_and_goes_on),
        SOURCE_TEST(closes_after_it_when_asked),
        SOURCE_TEST(tells_head_the_length),
        SOURCE_TEST(ends_short_when_the_source_does),
        SOURCE_TEST(lets_go_when_the_client_does),
        cmocka_unit_test_teardown(cuts_off_a_reader_that_does_not_read, stop_after_test),
        SOURCE_TEST(serves_others_meanwhile),
        SOURCE_TEST(is_cut_off_by_a_stop),
        SOURCE_TEST(speaks_http2),
        SOURCE_TEST(lets_go_of_reset_streams),
        cmocka_unit_test_setup_teardown(speaks_tls, certificates, no_certificates),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
