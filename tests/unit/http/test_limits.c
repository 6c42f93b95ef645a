/* What the server does to clients that ask too much, are too slow or too many, and how it ends. */
#include "harness.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void read_to_end(int fd) {
    static char scratch[65536];
    while (read(fd, scratch, sizeof(scratch)) > 0)
        continue;
    close(fd);
}

static void json_error(int status, struct http_error *ret) {
    static const struct lk_slice refused = LK_SLICE("{\"e\":\"refused\"}");
    static const struct lk_slice late = LK_SLICE("{\"e\":\"late\"}");
    static const struct http_answer_field fields[] = {{LK_SLICE("X-One"), LK_SLICE("1")}, {LK_SLICE("X-None"), LK_SLICE("")}};
    *ret = (struct http_error){status == 408 ? late : refused, "application/json", fields, 2};
}

static void refuses_what_is_too_large(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.request_line_max = 100;
    config.header_bytes_max = 200;
    config.header_count_max = 3;
    config.body_max = 10;
    config.describe_error = json_error;
    start(&config);
    char line[512];
    char field[512];
    snprintf(line, sizeof(line), "GET /%0200d HTTP/1.1\r\nHost: a\r\n\r\n", 0);
    snprintf(field, sizeof(field), "GET / HTTP/1.1\r\nHost: a\r\nX: %0200d\r\n\r\n", 0);
    const struct {
        const char *text;
        int status;
    } cases[] = {
        {line, 414},
        {field, 431},
        {"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nA: b\r\nA: b\r\n\r\n", 431},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", 413},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n", 413},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n5\r\n", 413},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = dial();
        struct answer answer;
        say(fd, cases[i].text);
        hear(fd, true, &answer);
        assert_int_equal(answer.status, cases[i].status);
        assert_string_equal(answer.body, "{\"e\":\"refused\"}");
        assert_non_null(strstr(answer.head, "\r\nContent-Type: application/json\r\nX-One: 1\r\nX-None: \r\n"));
        assert_non_null(strstr(answer.head, "\r\nConnection: close\r\n"));
        answer_free(&answer);
        expect_end(fd);
    }
    assert_int_equal(atomic_load(&handled), 0);
    int fd = dial();
    say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789");
    expect_answer(fd, 200, "POST /echo? 0123456789");
    close(fd);
}

/* Requests that are being read share their memory; who sends little needs none of it. */
static void bounds_what_all_send_together(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.input_max = 200000;
    start(&config);
    static char bytes[100000];
    memset(bytes, 'x', sizeof(bytes));
    int held = dial();
    say(held, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n");
    say_bytes(held, bytes, sizeof(bytes));
    int small = dial();
    for (int i = 0; i < 50; i++) { /* a turn of the loop each, in which it reads from the others too */
        say(small, GET("/echo"));
        expect_answer(small, 200, NULL);
    }
    int refused = dial();
    say(refused, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n");
    say_bytes(refused, bytes, sizeof(bytes));
    expect_answer(refused, 503, NULL);
    expect_end(refused);
    say(small, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
    say(small, "ab");
    expect_answer(small, 200, "POST /echo? ab");
    say(held, "x");
    expect_answer(held, 200, NULL);
    say(held, GET("/echo")); /* which is after the memory was given back */
    expect_answer(held, 200, "GET /echo? ");
    int next = dial();
    say(next, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    say_bytes(next, bytes, sizeof(bytes));
    expect_answer(next, 200, NULL);
    close(next);
    close(small);
    close(held);
}

static size_t know_who_puts(const struct http_request *request, void *context, bool *ret_known) {
    (void)context;
    *ret_known = http_request_method(request) == HTTP_PUT;
    return 1000000;
}

static void send_most_of(int fd, const char *method) {
    static char bytes[100000];
    char head[128];
    memset(bytes, 'x', sizeof(bytes));
    (void)snprintf(head, sizeof(head), "%s /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n", method);
    say(fd, head);
    say_bytes(fd, bytes, sizeof(bytes));
}

/* Those who are not known leave some memory to those who are, whatever they send, and have it again when it is given back. */
static void leaves_room_to_who_is_known(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.input_max = 400000; /* 131072 for each when it is there, half as much more while it comes */
    test_listener()->body_max = know_who_puts;
    start(&config);
    for (int i = 0; i < 3; i++) {
        int stranger = dial();
        send_most_of(stranger, "POST");
        for (int turn = 0; turn < 50; turn++) { /* in which it is read */
            int other = dial();
            say(other, GET("/none"));
            expect_answer(other, 204, NULL);
            close(other);
        }
        int refused = dial();
        send_most_of(refused, "POST");
        expect_answer(refused, 503, NULL);
        expect_end(refused);
        int known = dial();
        send_most_of(known, "PUT");
        say(known, "x" GET("/none"));
        expect_answer(known, 200, NULL);
        expect_answer(known, 204, NULL);
        close(known);
        say(stranger, "x");
        expect_answer(stranger, 200, NULL);
        close(stranger);
    }
}

/* All of the block that everybody has is of use, in whatever pieces a request comes. */
static void spares_a_whole_block(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.input_max = 0;
    start(&config);
    static char bytes[16000];
    memset(bytes, 'x', sizeof(bytes));
    int piecemeal = dial();
    int other = dial();
    say(piecemeal, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 16000\r\n\r\n");
    for (size_t i = 0; i < sizeof(bytes); i += 500) {
        say(other, GET("/echo")); /* so that there is a read between */
        expect_answer(other, 200, NULL);
        say_bytes(piecemeal, bytes + i, 500);
    }
    expect_answer(piecemeal, 200, NULL);
    close(piecemeal);
    close(other);
}

/* Waits until there is so much room for answers. */
static void wait_room(int fd, const char *room) {
    struct answer answer;
    for (int left = 1000; left > 0; left--) {
        say(fd, GET("/room"));
        hear(fd, true, &answer);
        bool reached = strcmp(answer.body, room) == 0;
        answer_free(&answer);
        if (reached)
            return;
        usleep(5000);
    }
    fail_msg("there was never room for %s bytes", room);
}

/* Answers that are made and not taken share their memory; it is given back when they were taken, or never will be. */
static void counts_answers_that_are_not_taken(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.output_max = 20000000;
    start(&config);
    int asker = dial();
    wait_room(asker, "20000000");
    int deaf[3];
    for (int i = 0; i < 3; i++) { /* more than any socket holds */
        deaf[i] = dial();
        say(deaf[i], GET("/made/8000000"));
    }
    wait_room(asker, "65536");
    struct answer answer;
    hear(deaf[0], true, &answer);
    assert_int_equal(answer.body_len, 8000000);
    answer_free(&answer);
    wait_room(asker, "4000000");
    close(deaf[1]);
    wait_room(asker, "12000000");
    close(deaf[2]);
    wait_room(asker, "20000000");
    say(asker, GET("/made/60000"));
    expect_answer(asker, 200, NULL);
    say(asker, GET("/held/8000000"));
    expect_answer(asker, 200, "12000000");
    wait_room(asker, "20000000");
    close(asker);
    close(deaf[0]);
}

/* What is there for everybody, such as the console's files, is not copied for who asks for it again and again and takes nothing. */
static void copies_nothing_for_who_does_not_read(void **state) {
    (void)state;
    enum { DEAF = 10 };
    int deaf[DEAF];
    struct http_config config = test_config();
    start(&config);
    int other = dial();
    say(other, GET("/text/8000000"));
    struct answer answer;
    hear(other, true, &answer);
    answer_free(&answer);
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    for (int i = 0; i < DEAF; i++) {
        deaf[i] = dial();
        say(deaf[i], GET("/text/8000000"));
    }
    while (atomic_load(&handled) < 1 + DEAF)
        usleep(1000);
    say(other, GET("/echo"));
    expect_answer(other, 200, "GET /echo? "); /* so all the turns are over in which that was answered */
    assert_true(mallinfo2().uordblks + mallinfo2().hblkhd < before + 1000000);
    for (int i = 0; i < DEAF; i++) {
        hear(deaf[i], true, &answer);
        assert_int_equal(answer.body_len, 8000000);
        for (size_t j = 0; j < answer.body_len; j++)
            assert_true(answer.body[j] == (char)('a' + j % 17));
        answer_free(&answer);
        close(deaf[i]);
    }
    close(other);
}

/* The client is still sending when it is refused: the answer must reach it all the same. */
static void lets_a_refused_sender_read_why(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.body_max = 1000;
    start(&config);
    static char body[300000];
    int fd = dial();
    say(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n");
    say_bytes(fd, body, sizeof(body));
    expect_answer(fd, 413, NULL);
    expect_end(fd);
}

static void bounds_a_trickling_header(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.header_timeout_ms = 40;
    config.describe_error = json_error;
    start(&config);
    int fd = dial();
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    say(fd, GET("/echo") "GET /echo?");
    expect_answer(fd, 200, "GET /echo? ");
    do
        say(fd, "x"); /* never idle for as long as the timeout */
    while (poll(&readable, 1, 5) == 0);
    expect_answer(fd, 408, "{\"e\":\"late\"}");
    expect_end(fd);
    wait_stat(offsetof(struct http_stats, timeouts_total), 1);
}

/* An answer that no request brings about is dated when it is made, not when the last request was read. */
static void dates_what_it_says_by_itself(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.header_timeout_ms = 1200;
    start(&config);
    int slow = dial();
    int quick = dial();
    say(slow, "GET /echo");
    say(quick, GET("/time"));
    struct answer before;
    struct answer after;
    hear(quick, true, &before);
    hear(slow, true, &after);
    assert_int_equal(after.status, 408);
    const char *then = strstr(before.head, "\r\nDate: ");
    const char *now = strstr(after.head, "\r\nDate: ");
    assert_non_null(then);
    assert_non_null(now);
    assert_memory_not_equal(then, now, strlen("\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT"));
    answer_free(&before);
    answer_free(&after);
    close(slow);
    close(quick);
}

static void bounds_a_trickling_body(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.body_timeout_ms = 40;
    start(&config);
    int fd = dial();
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
    do
        say(fd, "x");
    while (poll(&readable, 1, 5) == 0);
    expect_answer(fd, 408, NULL);
    expect_end(fd);
}

static void closes_idle_connections_silently(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.idle_timeout_ms = 300;
    start(&config);
    int used = dial();
    say(used, GET("/echo"));
    int fresh = dial();
    expect_answer(used, 200, "GET /echo? ");
    expect_end(used);
    expect_end(fresh);
}

/* A handler may take longer than any timeout of the client's side. */
static void does_not_time_out_handlers(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.idle_timeout_ms = config.header_timeout_ms = config.body_timeout_ms = config.write_timeout_ms = 300;
    start(&config);
    int slow = dial();
    say(slow, GET("/later"));
    wait_kept(1);
    int idle = dial(); /* its end shows that the timeout has passed */
    expect_end(idle);
    answer_kept();
    expect_answer(slow, 200, "later");
    close(slow);
}

static void cuts_off_a_reader_that_does_not_read(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.write_timeout_ms = 40;
    start(&config);
    int fd = dial();
    say(fd, GET("/text/8000000") GET("/text/8000000"));
    wait_stat(offsetof(struct http_stats, timeouts_total), 1);
    char bytes[65536];
    ssize_t n;
    while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
        continue;
    assert_int_equal(n, -1); /* the system keeps nothing for it either */
    assert_int_equal(errno, ECONNRESET);
    close(fd);
}

/* Who takes some of it all the time is not cut off, though the system would keep megabytes for it before it asked for more. */
static void waits_for_a_reader_that_reads_slowly(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.write_timeout_ms = 1000;
    start(&config);
    int fd = dial();
    int size = 65536;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    say(fd, GET("/text/8000000"));
    static char bytes[25000];
    for (int i = 0; i < 40; i++) {
        assert_int_equal(recv(fd, bytes, sizeof(bytes), MSG_WAITALL), sizeof(bytes));
        poll(NULL, 0, 50);
    }
    size_t left = 8000000 - 40 * sizeof(bytes);
    ssize_t n;
    while (left > 0 && (n = recv(fd, bytes, left < sizeof(bytes) ? left : sizeof(bytes), 0)) > 0)
        left -= (size_t)n;
    assert_int_equal(left, 0);
    close(fd);
}

/* As many answers as the socket and the backlog hold are made; the rest when the client reads. */
static void stops_parsing_for_a_slow_reader(void **state) {
    (void)state;
    enum { REQUESTS = 60 };
    struct http_config config = test_config();
    config.write_backlog_max = 100000;
    start(&config);
    int fd = dial();
    for (int i = 0; i < REQUESTS; i++)
        say(fd, GET("/text/1000000"));
    int other = dial(); /* served meanwhile */
    for (int i = 0; i < 20; i++) {
        say(other, GET("/echo"));
        expect_answer(other, 200, "GET /echo? ");
    }
    assert_in_range(atomic_load(&handled), 20, 20 + REQUESTS / 2);
    for (int i = 0; i < REQUESTS; i++) {
        struct answer answer;
        hear(fd, true, &answer);
        assert_int_equal(answer.body_len, 1000000);
        answer_free(&answer);
    }
    assert_int_equal(atomic_load(&handled), 20 + REQUESTS);
    close(fd);
    close(other);
}

/* While a handler has a request, what the client goes on to send stays in the socket. */
static void does_not_read_ahead_of_a_handler(void **state) {
    (void)state;
    struct http_config config = test_config();
    start(&config);
    int fd = dial();
    static char flood[65536];
    say(fd, GET("/later"));
    wait_kept(1);
    size_t sent = 0;
    for (ssize_t n; (n = sendto(fd, flood, sizeof(flood), MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0)) > 0;)
        sent += (size_t)n;
    assert_true(sent > 0); /* and it ended: the server did not take it all */
    answer_kept();
    expect_answer(fd, 200, "later");
    expect_answer(fd, 400, NULL);
    read_to_end(fd);
}

static void caps_connections(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.connections_max = 2;
    start(&config);
    int first = dial();
    int second = dial();
    say(first, GET("/echo"));
    expect_answer(first, 200, NULL);
    say(second, GET("/echo"));
    expect_answer(second, 200, NULL);
    int third = dial();
    expect_answer(third, 503, NULL);
    say(third, GET("/echo")); /* it may still send: */
    say(third, GET("/echo")); /* a reset would show here */
    expect_end(third);
    struct http_stats stats;
    http_server_stats(test_server(), &stats);
    assert_int_equal(stats.connections_refused, 1);
    assert_int_equal(stats.connections_open, 2);
    assert_int_equal(stats.bad_requests_total, 0);
    close(first);
    do {
        usleep(1000);
        http_server_stats(test_server(), &stats);
    } while (stats.connections_open == 2);
    third = dial();
    say(third, GET("/echo"));
    expect_answer(third, 200, NULL);
    close(third);
    close(second);
}

static void survives_a_lack_of_descriptors(void **state) {
    (void)state;
    struct http_config config = test_config();
    start(&config);
    int old = dial();
    say(old, GET("/echo"));
    expect_answer(old, 200, NULL);
    enum { FAULTS = 1000000, ROUNDS = 200 };
    atomic_store(&accept_faults, FAULTS);
    int fd = dial();
    say(fd, GET("/echo"));
    for (int i = 0; i < ROUNDS; i++) { /* others are served meanwhile */
        say(old, GET("/echo"));
        expect_answer(old, 200, NULL);
    }
    assert_in_range(atomic_exchange(&accept_faults, 0), FAULTS - ROUNDS / 2, FAULTS - 1); /* it does not try all the time */
    expect_answer(fd, 200, "GET /echo? ");
    close(fd);
    close(old);
}

static void *stop_patiently(void *context) {
    (void)context;
    stop(60000);
    return NULL;
}

static void drains(void **state) {
    (void)state;
    struct http_config config = test_config();
    start(&config);
    int idle = dial();
    int busy = dial();
    int half = dial();
    say(idle, GET("/echo"));
    expect_answer(idle, 200, NULL);
    say(busy, GET("/later") GET("/echo?dropped"));
    wait_kept(1);
    say(half, GET("/echo") "GET /echo?half HTTP/1.1\r\n");
    expect_answer(half, 200, NULL);
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, stop_patiently, NULL), 0);
    expect_end(idle); /* now it drains */
    struct answer answer;
    say(half, "Host: a\r\n\r\n");
    hear(half, true, &answer);
    assert_string_equal(answer.body, "GET /echo?half ");
    assert_non_null(strstr(answer.head, "\r\nConnection: close\r\n"));
    answer_free(&answer);
    expect_end(half);
    answer_kept();
    hear(busy, true, &answer);
    assert_string_equal(answer.body, "later");
    assert_non_null(strstr(answer.head, "\r\nConnection: close\r\n"));
    answer_free(&answer);
    expect_end(busy);
    pthread_join(stopper, NULL);
}

/* They come as fast as they are taken, and must not keep the server. */
static void drains_while_clients_come_without_end(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.connections_max = 100; /* others do not even take a descriptor for long */
    start(&config);
    alarm(20);
    atomic_store(&accept_crowd, true);
    stop(1000);
    atomic_store(&accept_crowd, false);
    alarm(0);
}

static void *stop_soon(void *context) {
    (void)context;
    stop(20);
    return NULL;
}

static void cuts_off_what_outlasts_the_grace(void **state) {
    (void)state;
    struct http_config config = test_config();
    start(&config);
    int busy = dial();
    int half = dial();
    say(half, GET("/echo") "GET /ec");
    expect_answer(half, 200, NULL);
    say(busy, GET("/later"));
    wait_kept(1);
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, stop_soon, NULL), 0);
    read_to_end(half);
    read_to_end(busy); /* cut off, but the server waits for its handler */
    answer_kept();
    pthread_join(stopper, NULL);
}

#define LIMIT_TEST(name) cmocka_unit_test_teardown(name, stop_after_test)

int main(void) {
    const struct CMUnitTest tests[] = {
        LIMIT_TEST(dates_what_it_says_by_itself),
        LIMIT_TEST(refuses_what_is_too_large),
        LIMIT_TEST(bounds_what_all_send_together),
        LIMIT_TEST(leaves_room_to_who_is_known),
        LIMIT_TEST(spares_a_whole_block),
        LIMIT_TEST(counts_answers_that_are_not_taken),
        LIMIT_TEST(copies_nothing_for_who_does_not_read),
        LIMIT_TEST(lets_a_refused_sender_read_why),
        LIMIT_TEST(bounds_a_trickling_header),
        LIMIT_TEST(bounds_a_trickling_body),
        LIMIT_TEST(closes_idle_connections_silently),
        LIMIT_TEST(does_not_time_out_handlers),
        LIMIT_TEST(cuts_off_a_reader_that_does_not_read),
        LIMIT_TEST(waits_for_a_reader_that_reads_slowly),
        LIMIT_TEST(stops_parsing_for_a_slow_reader),
        LIMIT_TEST(does_not_read_ahead_of_a_handler),
        LIMIT_TEST(caps_connections),
        LIMIT_TEST(survives_a_lack_of_descriptors),
        LIMIT_TEST(drains),
        LIMIT_TEST(drains_while_clients_come_without_end),
        LIMIT_TEST(cuts_off_what_outlasts_the_grace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
