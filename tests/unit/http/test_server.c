/* The server as clients see it, over real sockets. */
#include "harness.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

static void answers_pipelined_requests_in_one_write(void **state) {
    (void)state;
    int fd = dial();
    say(fd, GET("/echo?0"));
    expect_answer(fd, 200, "GET /echo?0 ");
    unsigned before = atomic_load(&sends);
    say(fd, GET("/echo?1") "POST /echo?2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" GET("/echo?3") GET("/none") GET("/echo?4"));
    expect_answer(fd, 200, "GET /echo?1 ");
    expect_answer(fd, 200, "POST /echo?2 abc");
    expect_answer(fd, 200, "GET /echo?3 ");
    expect_answer(fd, 204, "");
    expect_answer(fd, 200, "GET /echo?4 ");
    assert_int_equal(atomic_load(&sends) - before, 1);
    close(fd);
}

static void hear_times(int fd, long long ret[2]) {
    struct answer answer;
    hear(fd, true, &answer);
    assert_int_equal(sscanf(answer.body, "%lld %lld", &ret[0], &ret[1]), 2);
    answer_free(&answer);
}

static void looks_at_the_clocks_once_a_read(void **state) {
    (void)state;
    int fd = dial();
    long long last[2] = {0, 0};
    for (int i = 0; i < 3; i++) {
        long long sent[] = {lk_clock_wall_ms(), lk_clock_mono_ns()};
        long long first[2];
        say(fd, GET("/time") GET("/time"));
        hear_times(fd, first);
        hear_times(fd, last);
        assert_memory_equal(first, last, sizeof(last));
        assert_true(first[0] >= sent[0] && first[0] <= lk_clock_wall_ms());
        assert_true(first[1] >= sent[1] && first[1] <= lk_clock_mono_ns());
        usleep(2000);
    }
    /* What waited for another answer is read anew. */
    say(fd, GET("/later") GET("/time"));
    wait_kept(1);
    usleep(2000);
    long long answered = lk_clock_mono_ns();
    answer_kept();
    expect_answer(fd, 200, "later");
    hear_times(fd, last);
    assert_true(last[1] >= answered);
    close(fd);
}

static void keeps_order_around_deferred_answers(void **state) {
    (void)state;
    int fd = dial();
    say(fd, GET("/echo?1") GET("/later") GET("/echo?2") GET("/later") GET("/echo?3"));
    expect_answer(fd, 200, "GET /echo?1 ");
    wait_kept(1);
    assert_int_equal(atomic_load(&handled), 2);
    answer_kept();
    expect_answer(fd, 200, "later");
    expect_answer(fd, 200, "GET /echo?2 ");
    answer_kept();
    expect_answer(fd, 200, "later");
    expect_answer(fd, 200, "GET /echo?3 ");
    close(fd);
}

static void drops_answers_to_clients_that_left(void **state) {
    (void)state;
    int reset = dial();
    int ended = dial();
    say(reset, GET("/later"));
    wait_kept(1);
    say(ended, GET("/later"));
    wait_kept(2);
    struct linger hard = {.l_onoff = 1};
    setsockopt(reset, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(reset);
    close(ended);
    answer_kept();
    answer_kept();
    int fd = dial();
    say(fd, GET("/echo"));
    expect_answer(fd, 200, "GET /echo? ");
    close(fd);
}

static void answers_a_half_closed_client(void **state) {
    (void)state;
    int fd = dial();
    say(fd, GET("/later") GET("/echo"));
    shutdown(fd, SHUT_WR);
    answer_kept();
    expect_answer(fd, 200, "later");
    expect_answer(fd, 200, "GET /echo? ");
    expect_end(fd);
}

static void answers_head_without_body(void **state) {
    (void)state;
    int fd = dial();
    struct answer answer;
    say(fd, "HEAD /text/500 HTTP/1.1\r\nHost: a\r\n\r\n" GET("/echo"));
    hear(fd, false, &answer);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body_len, 500);
    answer_free(&answer);
    expect_answer(fd, 200, "GET /echo? ");
    say(fd, GET("/none"));
    hear(fd, true, &answer);
    assert_null(strstr(answer.head, "Content-Length"));
    answer_free(&answer);
    close(fd);
}

static void speaks_http_1_0(void **state) {
    (void)state;
    int fd = dial();
    struct answer answer;
    say(fd, "GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    hear(fd, true, &answer);
    assert_non_null(strstr(answer.head, "\r\nConnection: keep-alive\r\n"));
    answer_free(&answer);
    say(fd, "GET /echo HTTP/1.0\r\n\r\n");
    hear(fd, true, &answer);
    assert_non_null(strstr(answer.head, "\r\nConnection: close\r\n"));
    answer_free(&answer);
    expect_end(fd);
    fd = dial();
    say(fd, "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET("/echo?never"));
    expect_answer(fd, 200, "GET /echo? ");
    expect_end(fd);
}

static void reads_odd_targets_and_methods(void **state) {
    (void)state;
    int fd = dial();
    say(fd, "\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fd, 200, "OPTIONS *? ");
    say(fd, "BREW http://h/pot?x HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fd, 200, "BREW /pot?x ");
    say(fd, "GET http://h HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fd, 200, "GET /? ");
    close(fd);
}

static void reads_chunked_bodies(void **state) {
    (void)state;
    const char *text = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n";
    int fd = dial();
    for (size_t i = 0; i < strlen(text); i++)
        say_bytes(fd, text + i, 1);
    expect_answer(fd, 200, "POST /echo? abcde");
    say(fd, text);
    expect_answer(fd, 200, "POST /echo? abcde");
    close(fd);
}

static void says_continue_only_when_it_reads(void **state) {
    (void)state;
    int fd = dial();
    struct answer answer;
    const char *head = "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n";
    say(fd, head);
    hear(fd, false, &answer);
    assert_int_equal(answer.status, 100);
    answer_free(&answer);
    say(fd, "abc");
    expect_answer(fd, 200, "POST /echo? abc");
    say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\nabc"); /* did not wait */
    expect_answer(fd, 200, "POST /echo? abc");
    say(fd, "GET /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n"); /* no body */
    expect_answer(fd, 200, "GET /echo? ");
    say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 99999999\r\n\r\n");
    expect_answer(fd, 413, NULL);
    expect_end(fd);
}

static void hears_out_a_client_that_it_refused(void **state) {
    (void)state;
    int fd = dial();
    static const char zeros[1 << 20];
    say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 8388608\r\n\r\n");
    for (size_t i = 0; i < 8; i++) /* a connection that was closed would be reset now, and the answer lost */
        say_bytes(fd, zeros, sizeof(zeros));
    expect_answer(fd, 413, NULL);
    expect_end(fd);
}

static void inflate_all(const struct answer *answer, char *out, size_t len) {
    z_stream stream = {
        .next_in = (Bytef *)answer->body, .avail_in = (uInt)answer->body_len, .next_out = (Bytef *)out, .avail_out = (uInt)len};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, len);
    inflateEnd(&stream);
}

static void compresses_for_those_who_accept(void **state) {
    (void)state;
    int fd = dial();
    for (int round = 0; round < 2; round++) { /* the second uses the same compressor again */
        struct answer answer;
        say(fd, "GET /text/5000 HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br, gzip\r\n\r\n");
        hear(fd, true, &answer);
        assert_non_null(strstr(answer.head, "\r\nContent-Encoding: gzip\r\n"));
        assert_non_null(strstr(answer.head, "\r\nVary: Accept-Encoding\r\n"));
        static char text[5000];
        inflate_all(&answer, text, sizeof(text));
        for (size_t i = 0; i < sizeof(text); i++)
            assert_int_equal(text[i], 'a' + i % 17);
        size_t len = answer.body_len;
        answer_free(&answer);
        say(fd, "HEAD /text/5000 HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br, gzip\r\n\r\n");
        hear(fd, false, &answer);
        assert_int_equal(answer.body_len, len);
        answer_free(&answer);
    }
    close(fd);
}

static void leaves_coded_bodies_alone(void **state) {
    (void)state;
    int fd = dial();
    static const char *const paths[] = {"/coded", "/uncoded", "/text/5000"};
    for (size_t i = 0; i < 3; i++) {
        struct answer answer;
        char request[128];
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br, gzip\r\n\r\n", paths[i]);
        say(fd, request);
        hear(fd, true, &answer);
        assert_int_equal(answer.body_len == 5000, i < 2);
        assert_int_equal(strstr(answer.head, "\r\nContent-Encoding: br\r\n") != NULL, i == 0);
        assert_int_equal(strstr(answer.head, "\r\nContent-Encoding: gzip\r\n") != NULL, i == 2);
        assert_non_null(strstr(answer.head, "\r\nVary: Accept-Encoding\r\n"));
        answer_free(&answer);
    }
    close(fd);
}

static void does_not_compress_for_others(void **state) {
    (void)state;
    static const struct {
        const char *request;
        bool vary;
        size_t len;
    } cases[] = {
        {GET("/text/5000"), true, 5000},
        {"GET /text/5000 HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br, gzip;q=0\r\n\r\n", true, 5000},
        {"GET /text/1023 HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n", false, 1023},
    };
    int fd = dial();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct answer answer;
        say(fd, cases[i].request);
        hear(fd, true, &answer);
        assert_int_equal(answer.body_len, cases[i].len);
        assert_null(strstr(answer.head, "Content-Encoding"));
        assert_int_equal(strstr(answer.head, "\r\nVary: Accept-Encoding\r\n") != NULL, cases[i].vary);
        answer_free(&answer);
    }
    close(fd);
}

static void guards_the_answer(void **state) {
    (void)state;
    int fd = dial();
    struct answer answer;
    say(fd, GET("/odd"));
    hear(fd, true, &answer);
    assert_non_null(strstr(answer.head, "\r\nX-Value: a  X-Evil: 1 b\r\n"));
    answer_free(&answer);
    say(fd, GET("/many"));
    hear(fd, true, &answer);
    unsigned count = 0;
    for (const char *at = answer.head; (at = strstr(at, "X-Many")) != NULL; at++)
        count++;
    assert_int_equal(count, 32);
    answer_free(&answer);
    say(fd, GET("/broken"));
    expect_answer(fd, 500, "Internal Server Error");
    say(fd, GET("/echo"));
    expect_answer(fd, 200, "GET /echo? ");
    close(fd);
}

static void sends_large_answers(void **state) {
    (void)state;
    int fd = dial();
    say(fd, GET("/echo?first") "HEAD /text/8000000 HTTP/1.1\r\nHost: a\r\n\r\n" GET("/text/8000000") GET("/echo"));
    expect_answer(fd, 200, "GET /echo?first ");
    struct answer answer;
    hear(fd, false, &answer);
    assert_non_null(strstr(answer.head, "\r\nContent-Length: 8000000\r\n"));
    answer_free(&answer);
    hear(fd, true, &answer);
    assert_int_equal(answer.body_len, 8000000);
    for (size_t i = 0; i < answer.body_len; i += 4099)
        assert_int_equal(answer.body[i], 'a' + i % 17);
    answer_free(&answer);
    expect_answer(fd, 200, "GET /echo? ");
    close(fd);
}

static void refuses_smuggling(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n", 400},
        {"GET / HTTP/1.1\nHost: a\n\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = dial();
        struct answer answer;
        say(fd, GET("/echo"));
        say(fd, cases[i].text);
        say(fd, GET("/echo?smuggled"));
        expect_answer(fd, 200, "GET /echo? ");
        hear(fd, true, &answer);
        assert_int_equal(answer.status, cases[i].status);
        assert_non_null(strstr(answer.head, "\r\nConnection: close\r\n"));
        answer_free(&answer);
        expect_end(fd);
    }
    struct http_stats stats;
    http_server_stats(test_server(), &stats);
    assert_int_equal(stats.bad_requests_total, sizeof(cases) / sizeof(cases[0]));
    assert_int_equal(stats.requests_total, sizeof(cases) / sizeof(cases[0]));
}

static void reports_bad_addresses(void **state) {
    (void)state;
    static const char *const bad[] = {"",       ":80",  "127.0.0.1", "127.0.0.1:",   "127.0.0.1:x", "127.0.0.1:65536", "localhost:80",
                                      "::1:80", "[::1", "[]:80",     "256.0.0.1:80", "127.0.0.1:-1"};
    struct http_server *server = NULL;
    struct lk_problem problem = {0};
    struct http_config config = test_config();
    struct http_listener listener = config.listeners[0];
    config.listeners = &listener;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        listener.address = bad[i];
        assert_int_equal(http_server_create(&config, &server, &problem), LK_EINVAL);
        assert_non_null(strstr(problem.text, bad[i]));
    }
    char used[64];
    snprintf(used, sizeof(used), "127.0.0.1:%u", http_server_port(test_server(), 0));
    listener.address = used;
    assert_int_equal(http_server_create(&config, &server, &problem), LK_EBUSY);
    assert_non_null(strstr(problem.text, used));
    assert_null(server);
    listener.address = "127.0.0.1:0";
    assert_int_equal(http_server_create(&config, &server, &problem), 0);
    http_server_free(server); /* never started */
    http_server_free(NULL);
}

struct worker {
    pthread_t thread;
    int fd;
};

static void *work(void *context) {
    struct worker *worker = context;
    for (int i = 0; i < 200; i++) {
        say(worker->fd, GET("/echo"));
        expect_answer(worker->fd, 200, "GET /echo? ");
    }
    close(worker->fd);
    return NULL;
}

static void serves_on_many_threads(void **state) {
    (void)state;
    stop(0);
    struct http_config config = test_config();
    config.threads = 4;
    start(&config);
    struct worker workers[8];
    for (size_t i = 0; i < 8; i++) {
        workers[i].fd = dial();
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < 8; i++)
        pthread_join(workers[i].thread, NULL);
    struct http_stats stats;
    http_server_stats(test_server(), &stats);
    assert_int_equal(stats.requests_total, 1600);
    assert_int_equal(stats.connections_total, 8);
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, start_default, stop_after_test)

int main(void) {
    const struct CMUnitTest tests[] = {
        SERVER_TEST(answers_pipelined_requests_in_one_write),
        SERVER_TEST(looks_at_the_clocks_once_a_read),
        SERVER_TEST(keeps_order_around_deferred_answers),
        SERVER_TEST(drops_answers_to_clients_that_left),
        SERVER_TEST(answers_a_half_closed_client),
        SERVER_TEST(answers_head_without_body),
        SERVER_TEST(speaks_http_1_0),
        SERVER_TEST(reads_odd_targets_and_methods),
        SERVER_TEST(reads_chunked_bodies),
        SERVER_TEST(says_continue_only_when_it_reads),
        SERVER_TEST(hears_out_a_client_that_it_refused),
        SERVER_TEST(compresses_for_those_who_accept),
        SERVER_TEST(leaves_coded_bodies_alone),
        SERVER_TEST(does_not_compress_for_others),
        SERVER_TEST(guards_the_answer),
        SERVER_TEST(sends_large_answers),
        SERVER_TEST(refuses_smuggling),
        SERVER_TEST(reports_bad_addresses),
        SERVER_TEST(serves_on_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
