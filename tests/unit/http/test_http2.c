/* HTTP/2, seen by libnghttp2's own client. */
#include "base/clock.h"
#include "certificates.h"
#include "client2.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct client client;

static void start_client(const struct http_config *config) {
    start(config);
    client_start(&client, dial(), NULL, false);
}

static int set_up(void **state) {
    (void)state;
    struct http_config config = test_config();
    start_client(&config);
    return 0;
}

static int set_up_nothing(void **state) {
    (void)state;
    client = (struct client){0};
    return 0;
}

static int tear_down(void **state) {
    if (client.session != NULL)
        client_stop(&client);
    client = (struct client){0};
    return stop_after_test(state);
}

static size_t get(const char *path) {
    return client_ask(&client, "GET", path, NULL, NULL);
}

static void expect_no_error(size_t index) {
    assert_true(client.streams[index].closed);
    assert_int_equal(client.streams[index].error, NGHTTP2_NO_ERROR);
}

static void answers_many_streams_in_one_write(void **state) {
    (void)state;
    client_expect(&client, get("/echo"), 200, "GET /echo? ");
    poll(NULL, 0, 20); /* for the answers to the settings */
    unsigned before = atomic_load(&sends);
    size_t first = get("/echo?0");
    for (int i = 1; i < 50; i++)
        get("/echo?x");
    client_send(&client);
    client_expect(&client, first, 200, "GET /echo?0 ");
    for (size_t i = first; i < first + 50; i++) {
        client_expect(&client, i, 200, NULL);
        expect_no_error(i);
    }
    assert_int_equal(atomic_load(&sends), before + 1);
    assert_int_equal(atomic_load(&handled), 51);
}

static void reads_bodies(void **state) {
    (void)state;
    char *body = malloc(1000001);
    char *expected = malloc(1000100);
    memset(body, 'y', 1000000);
    body[1000000] = '\0';
    snprintf(expected, 1000100, "POST /echo?a=b %s", body);
    const char *const length[] = {"content-length", "1000000", NULL};
    size_t small = client_ask(&client, "POST", "/echo", "hello", NULL);
    size_t empty = client_ask(&client, "POST", "/echo", "", NULL);
    size_t large = client_ask(&client, "POST", "/echo?a=b", body, length);
    size_t other = client_ask(&client, "PUT", "/echo?a=b", body, NULL);
    client_expect(&client, small, 200, "POST /echo? hello");
    client_expect(&client, empty, 200, "POST /echo? ");
    client_expect(&client, large, 200, expected);
    client_expect(&client, other, 200, NULL);
    free(expected);
    free(body);
}

static void waits_for_the_preface(void **state) {
    (void)state;
    const char *preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for (size_t i = 1; i < 24; i++) { /* no prefix of it is taken for HTTP/1.1 */
        int fd = dial();
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        say_bytes(fd, preface, i);
        assert_int_equal(poll(&readable, 1, 1), 0);
        say_bytes(fd, preface + i, 24 - i);
        unsigned char frame[9];
        assert_int_equal(read(fd, frame, 9), 9);
        assert_int_equal(frame[3], NGHTTP2_SETTINGS);
        close(fd);
    }
    int fd = dial();
    say(fd, "P");
    poll(NULL, 0, 5);
    say(fd, "OST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    expect_answer(fd, 200, "POST /echo? x");
    say(fd, preface); /* too late for it */
    expect_answer(fd, 505, NULL);
    close(fd);
}

static void shows_fields_as_http_1_does(void **state) {
    (void)state;
    const char *const extra[] = {"cookie", "a=1",    "x-first", "one",  "cookie",    "b=2", "cookie",
                                 "c=3",    "x-last", "two",     "host", "a.example", NULL};
    client_expect(&client, client_ask(&client, "GET", "/fields", NULL, extra), 200,
                  "host: a.example\ncookie: a=1; b=2; c=3\nx-first: one\nx-last: two\n");
    const char *const only_host[] = {":method", "GET", ":scheme", "http", ":path", "/fields", "host", "b.example", NULL};
    client_expect(&client, client_ask_raw(&client, only_host, false), 200, "host: b.example\n");
}

/* So many requests were counted as bad ones. */
static void expect_bad(uint64_t count) {
    struct http_stats stats;
    http_server_stats(test_server(), &stats);
    assert_int_equal(stats.bad_requests_total, count);
}

static void refuses_what_http_1_refuses(void **state) {
    (void)state;
#define BASE ":method", "GET", ":scheme", "http"
    const struct {
        const char *fields[14];
        int status; /* 0: the stream is reset */
    } cases[] = {
        {{BASE, ":path", "/", ":authority", "a", "host", "b"}, 400},
        {{BASE, ":path", "/", ":authority", "a/b"}, 0},
        {{":method", "CONNECT", ":authority", "a:1"}, 501},
        {{BASE, ":path", "*", ":authority", "a"}, 0},
        {{BASE, ":path", "echo", ":authority", "a"}, 0},
        {{BASE, ":path", "/", ":authority", "a", "connection", "close"}, 0},
        {{BASE, ":path", "/", ":authority", "a", "transfer-encoding", "chunked"}, 0},
        {{BASE, ":path", "/", ":authority", "a", "te", "gzip"}, 0},
        {{BASE, ":path", "/", ":authority", "a", "content-length", "5"}, 0},
        {{BASE, ":path", "/", ":authority", "a", "content-length", "x"}, 0},
        {{BASE, ":path", "/", ":authority", "a", "expect", "tea"}, 417},
        {{BASE, ":path", "/"}, 0},
        {{":method", "GET", ":path", "/", ":authority", "a"}, 0},
        {{":scheme", "http", ":path", "/", ":authority", "a"}, 0},
        {{BASE, ":path", "/", ":authority", "a", ":status", "200"}, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t index = client_ask_raw(&client, cases[i].fields, false);
        client_wait(&client, index);
        assert_int_equal(client.streams[index].status, cases[i].status);
        assert_int_equal(client.streams[index].error != NGHTTP2_NO_ERROR, cases[i].status == 0);
    }
    assert_int_equal(atomic_load(&handled), 0);
    client_expect(&client, get("/echo"), 200, NULL); /* the connection lives on */
    expect_bad(sizeof(cases) / sizeof(cases[0]));
}

static void keeps_to_the_limits(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.request_line_max = 100;
    config.header_bytes_max = 200;
    config.header_count_max = 5;
    config.body_max = 10;
    start_client(&config);
    char path[202];
    memset(path, 'p', sizeof(path) - 1);
    path[0] = '/';
    path[201] = '\0';
    client_expect(&client, get(path), 414, NULL);
    const char *const large[] = {"x", path, NULL};
    client_expect(&client, client_ask(&client, "GET", "/", NULL, large), 431, NULL);
    const char *const many[] = {"a", "1", "a", "2", "a", "3", "a", "4", "a", "5", NULL};
    client_expect(&client, client_ask(&client, "GET", "/", NULL, many), 431, NULL);
    client_expect(&client, client_ask(&client, "POST", "/echo", "0123456789a", NULL), 413, NULL);
    const char *const length[] = {":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/", "content-length", "11", NULL};
    size_t index = client_ask_raw(&client, length, true); /* refused before the body comes, which is then not wanted */
    client_expect(&client, index, 413, NULL);
    expect_no_error(index);
    index = client_ask(&client, "HEAD", path, NULL, NULL);
    client_expect(&client, index, 414, "");
    assert_int_equal(atomic_load(&handled), 0);
    client_expect(&client, client_ask(&client, "POST", "/echo", "0123456789", NULL), 200, "POST /echo? 0123456789");
    expect_bad(6);
}

static void answers_head_and_204(void **state) {
    (void)state;
    size_t index = client_ask(&client, "HEAD", "/text/100", NULL, NULL);
    client_expect(&client, index, 200, "");
    assert_non_null(strstr(client.streams[index].fields, "content-length: 100\n"));
    index = get("/none");
    client_expect(&client, index, 204, "");
    assert_null(strstr(client.streams[index].fields, "content-length"));
    client_expect(&client, client_ask(&client, "OPTIONS", "*", NULL, NULL), 200, "OPTIONS *? ");
}

static void guards_the_answer(void **state) {
    (void)state;
    size_t index = get("/odd");
    client_expect(&client, index, 200, NULL);
    assert_non_null(strstr(client.streams[index].fields, "x-value: a  X-Evil: 1 b\n"));
    client_expect(&client, get("/many"), 200, NULL);
    client_expect(&client, get("/broken"), 500, NULL);
}

/* The names of an answer are made small in the request's arena, and where that has no room elsewhere. */
static void answers_when_the_arena_is_full(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.arena_max = 50000;
    start_client(&config);
    size_t index = get("/arena-is-full");
    client_expect(&client, index, 200, "");
    assert_non_null(strstr(client.streams[index].fields, "x-number: none\n"));
}

static void compresses(void **state) {
    (void)state;
    const char *const accept[] = {"accept-encoding", "gzip", NULL};
    size_t first = client_ask(&client, "GET", "/text/20000", NULL, accept);
    size_t second = client_ask(&client, "GET", "/text/30000", NULL, accept);
    client_expect(&client, first, 200, NULL);
    client_expect(&client, second, 200, NULL);
    for (size_t i = first; i <= second; i++) {
        assert_non_null(strstr(client.streams[i].fields, "content-encoding: gzip\n"));
        assert_true(client.streams[i].body_len < 5000);
        assert_memory_equal(client.streams[i].body, "\x1f\x8b", 2);
    }
    assert_true(client.streams[first].body_len != client.streams[second].body_len);
}

static void leaves_coded_bodies_alone(void **state) {
    (void)state;
    const char *const accept[] = {"accept-encoding", "br, gzip", NULL};
    size_t coded = client_ask(&client, "GET", "/coded", NULL, accept);
    size_t uncoded = client_ask(&client, "GET", "/uncoded", NULL, accept);
    client_expect(&client, coded, 200, NULL);
    client_expect(&client, uncoded, 200, NULL);
    assert_non_null(strstr(client.streams[coded].fields, "content-encoding: br\n"));
    assert_null(strstr(client.streams[uncoded].fields, "content-encoding"));
    assert_int_equal(client.streams[coded].body_len, 5000);
    assert_int_equal(client.streams[uncoded].body_len, 5000);
}

static void says_continue(void **state) {
    (void)state;
    const char *const expect[] = {":method", "POST",  ":scheme", "http",         ":authority", "a",
                                  ":path",   "/echo", "expect",  "100-continue", NULL};
    size_t index = client_ask_raw(&client, expect, true);
    while (!client.streams[index].informed)
        client_read(&client);
    nghttp2_submit_rst_stream(client.session, NGHTTP2_FLAG_NONE, client.streams[index].id, NGHTTP2_CANCEL);
    client_expect(&client, get("/echo"), 200, NULL);
}

static void sends_deferred_answers(void **state) {
    (void)state;
    size_t later = get("/later");
    size_t now = get("/echo");
    client_expect(&client, now, 200, NULL);
    wait_kept(1);
    assert_false(client.streams[later].closed);
    answer_kept();
    client_expect(&client, later, 200, "later");
}

static void survives_resets_of_deferred_requests(void **state) {
    (void)state;
    size_t later[3];
    for (int i = 0; i < 3; i++)
        later[i] = get("/later");
    client_send(&client);
    wait_kept(3);
    for (int i = 0; i < 2; i++)
        nghttp2_submit_rst_stream(client.session, NGHTTP2_FLAG_NONE, client.streams[later[i]].id, NGHTTP2_CANCEL);
    client_expect(&client, get("/echo"), 200, NULL);
    answer_kept();
    client_expect(&client, get("/echo"), 200, NULL);
    client_stop(&client); /* the connection goes, and two requests are still out */
    client_start(&client, dial(), NULL, false);
    client_expect(&client, get("/echo"), 200, NULL);
    answer_kept();
    answer_kept();
    client_expect(&client, get("/echo"), 200, NULL);
}

/* All that comes in one read is looked at together, but for a stream that was reset in it: that one is never handled. */
static void foresees_streams_but_not_those_that_are_gone(void **state) {
    (void)state;
    int one = 1;
    assert_int_equal(setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)),
                     0); /* else the reset waits until the rest was read */
    client_expect(&client, get("/none"), 204, NULL);
    int holder = dial();
    say(holder, GET("/hold"));
    wait_held();
    unsigned before = atomic_load(&handled);
    size_t first = get("/note?a");
    size_t gone = get("/note?b");
    size_t last = get("/note?c");
    client_send(&client);
    nghttp2_submit_rst_stream(client.session, NGHTTP2_FLAG_NONE, client.streams[gone].id, NGHTTP2_CANCEL);
    client_send(&client);
    let_go();
    client_expect(&client, first, 200, "0 of 2: a");
    client_expect(&client, last, 200, "1 of 2: c");
    assert_int_equal(atomic_load(&handled) - before, 2);
    close(holder);
}

/* Takes all the memory there is for what is sent, by a body that does not end. */
static int take_all_input(void) {
    static char bytes[30000];
    int fd = dial();
    memset(bytes, 'x', sizeof(bytes));
    say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 30001\r\n\r\n");
    say_bytes(fd, bytes, sizeof(bytes));
    return fd;
}

/* What a request took is given back when it is answered, not when its client has taken the answer: else who takes none could keep it from everybody. */
static void holds_no_request_that_is_answered(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.input_max = 100000;
    start(&config);
    client_start(&client, dial(), NULL, true);
    for (int i = 0; i < 50; i++)
        get("/text/3000");
    size_t last = get("/none");
    client_wait(&client, last); /* whose answer has no body to wait for */
    assert_false(client.streams[last - 1].closed);
    struct client other;
    client_start(&other, dial(), NULL, false);
    client_expect(&other, client_ask(&other, "POST", "/echo", "ab", NULL), 200, "POST /echo? ab");
    client_stop(&other);
}

/* Answers that wait for their client to open a window count as well, and no longer than it is there. */
static void counts_answers_that_are_not_taken(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.output_max = 1000000;
    start(&config);
    client_start(&client, dial(), NULL, true);
    for (int i = 0; i < 8; i++)
        get("/made/100000");
    size_t room = get("/room");
    while (client.streams[room].status == 0) /* whose body is behind the others */
        client_read(&client);
    struct client other;
    client_start(&other, dial(), NULL, false);
    client_expect(&other, client_ask(&other, "GET", "/room", NULL, NULL), 200, "200000");
    nghttp2_submit_rst_stream(client.session, NGHTTP2_FLAG_NONE, client.streams[0].id, NGHTTP2_CANCEL);
    client_send(&client);
    do
        client_expect(&other, client_ask(&other, "GET", "/room", NULL, NULL), 200, NULL);
    while (strcmp(other.streams[other.len - 1].body, "300000") != 0);
    client_stop(&client);
    client = (struct client){0};
    do
        client_expect(&other, client_ask(&other, "GET", "/room", NULL, NULL), 200, NULL);
    while (strcmp(other.streams[other.len - 1].body, "1000000") != 0);
    client_stop(&other);
}

/* Of an answer that waits, only what will be sent is kept. */
static void keeps_of_a_request_what_is_to_be_sent(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.output_max = 1000000;
    start(&config);
    client_start(&client, dial(), NULL, true);
    size_t window = get("/text/70000");
    while (client.streams[window].body_len < 65535)
        client_read(&client);
    size_t first = get("/arena/300000");
    size_t last = get("/arena/300001");
    while (client.streams[last].status == 0)
        client_read(&client);
    assert_non_null(strstr(client.streams[first].fields, "x-number: 300000\n"));
    struct client other;
    client_start(&other, dial(), NULL, false);
    client_expect(&other, client_ask(&other, "GET", "/room", NULL, NULL), 200, "1000000");
    client_stop(&other);
    nghttp2_submit_window_update(client.session, NGHTTP2_FLAG_NONE, 0, 100000);
    nghttp2_submit_window_update(client.session, NGHTTP2_FLAG_NONE, client.streams[window].id, 100000);
    client_expect(&client, first, 200, "300000");
    client_expect(&client, last, 200, "300001");
}

/* Others may send what they like: who sends little finds room for it. */
static void spares_who_sends_little(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.input_max = 40000;
    start_client(&config);
    int holder = take_all_input();
    for (int i = 0; i < 50; i++) /* a turn of the loop each, in which it reads from the holder too */
        client_expect(&client, get("/echo"), 200, "GET /echo? ");
    size_t first = get("/echo?0");
    for (int i = 1; i < 40; i++) /* one after another, as far as they do not fit in together */
        get("/echo?x");
    for (size_t i = first; i < first + 40; i++)
        client_expect(&client, i, 200, NULL);
    const char *const fields[] = {":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/echo", NULL};
    for (int i = 0; i < 4; i++)
        client_ask_raw(&client, fields, true);
    size_t refused = client_ask(&client, "HEAD", "/echo", NULL, NULL);
    client_expect(&client, refused, 503, "");
    expect_no_error(refused);
    nghttp2_submit_rst_stream(client.session, NGHTTP2_FLAG_NONE, client.streams[refused - 1].id, NGHTTP2_CANCEL);
    client_expect(&client, client_ask(&client, "POST", "/echo", "ab", NULL), 200, "POST /echo? ab");
    static char body[20000];
    memset(body, 'x', sizeof(body) - 1);
    client_expect(&client, client_ask(&client, "POST", "/echo", body, NULL), 503, NULL);
    const char *const large[] = {"x", body + 2000, NULL};
    client_expect(&client, client_ask(&client, "GET", "/echo", NULL, large), 503, NULL);
    close(holder);
}

static void sends_large_answers(void **state) {
    (void)state;
    size_t indices[4];
    for (int i = 0; i < 4; i++)
        indices[i] = get("/text/3000000");
    for (int i = 0; i < 4; i++) {
        client_wait(&client, indices[i]);
        assert_int_equal(client.streams[indices[i]].body_len, 3000000);
        for (size_t j = 0; j < 3000000; j++)
            assert_true(client.streams[indices[i]].body[j] == (char)('a' + j % 17));
    }
}

/* The client reads what comes but allows no more: no answer may grow, and the connection ends. */
static void cuts_off_who_never_opens_the_window(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.write_timeout_ms = 50;
    start(&config);
    client_start(&client, dial(), NULL, true);
    size_t index = get("/text/3000000");
    for (int i = 0; i < 1000 && !client.ended; i++) { /* it talks on, and takes the answers to that */
        nghttp2_submit_ping(client.session, NGHTTP2_FLAG_NONE, NULL);
        client_read(&client);
        poll(NULL, 0, 5);
    }
    assert_true(client.ended);
    assert_int_equal(client.streams[index].body_len, 65535);
    wait_stat(offsetof(struct http_stats, timeouts_total), 1);
}

/* Who will send nothing more gets the answers to what is whole, and then the end: nothing is waited for that cannot come. */
static void ends_when_the_client_has_ended(void **state) {
    (void)state;
    const char *const fields[] = {":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/echo", NULL};
    size_t open = client_ask_raw(&client, fields, true);
    size_t whole = get("/echo");
    size_t later = get("/later");
    client_send(&client);
    wait_kept(1);
    assert_int_equal(shutdown(client.fd, SHUT_WR), 0);
    client_wait(&client, whole);
    assert_int_equal(client.streams[whole].status, 200);
    answer_kept();
    client_wait(&client, later);
    assert_int_equal(client.streams[later].status, 200);
    char more[64];
    assert_int_equal(recv(client.fd, more, sizeof(more), 0), 0); /* the open one was not waited for */
    assert_int_equal(client.streams[open].status, 0);
}

/* Asks and takes it back, in one piece. */
static void ask_and_reset(void) {
    int cork = 1;
    assert_int_equal(setsockopt(client.fd, IPPROTO_TCP, TCP_CORK, &cork, sizeof(cork)), 0);
    size_t index = get("/echo");
    client_send(&client);
    nghttp2_submit_rst_stream(client.session, NGHTTP2_FLAG_NONE, client.streams[index].id, NGHTTP2_CANCEL);
    client_send(&client);
    cork = 0;
    assert_int_equal(setsockopt(client.fd, IPPROTO_TCP, TCP_CORK, &cork, sizeof(cork)), 0);
}

/* One connection of a gateway carries the requests of many: who cancels there does not end it for the others. */
static void bears_resets_among_what_ends_well(void **state) {
    (void)state;
    int one = 1;
    assert_int_equal(setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)), 0); /* in a moment: each second allows some */
    for (int i = 0; i < 600; i++) {
        ask_and_reset();
        client_expect(&client, get("/echo?well"), 200, "GET /echo?well ");
    }
    assert_false(client.goaway);
}

static void sends_frequent_resetters_away(void **state) {
    (void)state;
    for (int i = 0; i < 1000 && !client.ended && !client.goaway; i++) {
        ask_and_reset();
        /* Reads as it goes: the server lingers for a while only, and its end would take what was not read with it. */
        struct pollfd readable = {client.fd, POLLIN, 0};
        if (poll(&readable, 1, 0) == 1)
            client_read(&client);
    }
    client_wait_end(&client);
    assert_true(client.goaway);
    assert_int_equal(client.goaway_error, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_true(atomic_load(&handled) < 400);
}

static void limits_streams(void **state) {
    (void)state;
    const char *const fields[] = {":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/echo", NULL};
    for (int i = 0; i < 200; i++)
        client_ask_raw(&client, fields, true);
    client_send(&client); /* before the server's settings are known */
    size_t last = client.len - 1;
    client_wait(&client, last);
    assert_int_equal(client.streams[last].error, NGHTTP2_REFUSED_STREAM);
    assert_false(client.streams[127].closed);
}

static void times_out_bodies(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.body_timeout_ms = 50;
    start_client(&config);
    const char *const fields[] = {":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/echo", NULL};
    size_t index = client_ask_raw(&client, fields, true);
    client_expect(&client, index, 408, NULL);
    client_expect(&client, get("/echo"), 200, NULL);
}

static void times_out_headers(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.header_timeout_ms = 50;
    start_client(&config);
    client_expect(&client, get("/echo"), 200, NULL);
    /* HEADERS of stream 3 without END_HEADERS, and then nothing */
    say_bytes(client.fd, "\0\0\x01\x01\x01\0\0\0\x03\x82", 10);
    client_wait_end(&client);
    assert_true(client.goaway);
}

static void closes_idle_connections(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.idle_timeout_ms = 100;
    start_client(&config);
    client_expect(&client, get("/echo"), 200, NULL);
    client_wait_end(&client);
    assert_true(client.goaway);
    assert_int_equal(client.goaway_error, NGHTTP2_NO_ERROR);
}

/* What was on its way when the time was up is answered. */
static void answers_what_crosses_the_end_of_an_idle_connection(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.idle_timeout_ms = 100;
    start_client(&config);
    client_expect(&client, get("/echo"), 200, NULL);
    client_send(&client); /* the acknowledgement of the settings */
    struct pollfd readable = {client.fd, POLLIN, 0};
    assert_int_equal(poll(&readable, 1, 10000), 1); /* the server leaves, and the client has not read it */
    size_t crossing = get("/echo");
    client_wait_end(&client);
    assert_int_equal(client.streams[crossing].status, 200);
    assert_true(client.goaway);
}

/* A connection whose requests are answered as soon as they come is never seen with one under way, and is no idle one for that. */
static void keeps_connections_that_are_used(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.idle_timeout_ms = 1000; /* longer than a busy machine keeps the client waiting */
    start_client(&config);
    int64_t end = lk_clock_mono_ns() + 2 * (int64_t)config.idle_timeout_ms * 1000000;
    while (lk_clock_mono_ns() < end) {
        client_expect(&client, get("/echo"), 200, NULL);
        poll(NULL, 0, 10);
    }
    assert_false(client.goaway);
}

static void *drain(void *unused) {
    stop(20000);
    return unused;
}

static void says_goaway_when_it_drains(void **state) {
    (void)state;
    size_t later = get("/later");
    client_send(&client);
    wait_kept(1);
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, drain, NULL), 0);
    while (!client.goaway)
        client_read(&client);
    assert_int_equal(client.goaway_error, NGHTTP2_NO_ERROR);
    assert_int_equal(client.goaway_last, INT32_MAX);
    while (client.goaway_last == INT32_MAX && !client.ended)
        client_read(&client);
    assert_int_equal(client.goaway_error, NGHTTP2_NO_ERROR);
    assert_int_equal(client.goaway_last, client.streams[later].id);
    answer_kept();
    client_expect(&client, later, 200, "later");
    client_wait_end(&client);
    pthread_join(stopper, NULL);
}

/* What was on its way when the server began to drain is answered: its client could not know. */
static void answers_what_crosses_the_goaway(void **state) {
    (void)state;
    client_expect(&client, get("/echo"), 200, NULL);
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, drain, NULL), 0);
    struct pollfd readable = {client.fd, POLLIN, 0};
    assert_int_equal(poll(&readable, 1, 10000), 1); /* it is there, and not read yet */
    size_t crossing = get("/echo");
    client_wait_end(&client);
    int status = client.streams[crossing].status;
    client_stop(&client);
    client.session = NULL;
    pthread_join(stopper, NULL);
    assert_int_equal(status, 200);
}

/* Who never says that it has heard keeps the server no longer for that. */
static void drains_without_the_client(void **state) {
    (void)state;
    client_expect(&client, get("/echo"), 200, NULL);
    int64_t begin = lk_clock_mono_ns();
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, drain, NULL), 0);
    char bytes[4096];
    size_t len = 0;
    ssize_t n;
    while ((n = read(client.fd, bytes + len, sizeof(bytes) - len)) > 0)
        len += (size_t)n;
    client_stop(&client);
    client.session = NULL;
    pthread_join(stopper, NULL);
    assert_int_equal(n, 0);
    assert_true(lk_clock_mono_ns() - begin < INT64_C(10000000000));
    static const char last[] = "\0\0\x08\x07\0\0\0\0\0\0\0\0\x01\0\0\0\0"; /* GOAWAY: the first stream was the last */
    assert_true(len > sizeof(last));
    assert_memory_equal(bytes + len - (sizeof(last) - 1), last, sizeof(last) - 1);
}

/* A client talks while it reads, if only to allow more: that must not take from it what is still on its way. */
static void drains_while_the_client_talks(void **state) {
    (void)state;
    int small = 1 << 14;
    assert_int_equal(setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20}};
    assert_int_equal(nghttp2_submit_settings(client.session, NGHTTP2_FLAG_NONE, settings, 1), 0);
    assert_int_equal(nghttp2_session_set_local_window_size(client.session, NGHTTP2_FLAG_NONE, 0, 1 << 20), 0);
    client_expect(&client, get("/echo"), 200, NULL);
    size_t large = get("/text/200000");
    client_send(&client);
    wait_stat(offsetof(struct http_stats, requests_total), 2);
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, drain, NULL), 0);
    poll(NULL, 0, 200); /* the socket has taken all of it, and the server sees nothing left to do */
    for (int i = 0; i < 100 && !client.ended && !client.streams[large].closed; i++) {
        assert_int_equal(nghttp2_submit_ping(client.session, NGHTTP2_FLAG_NONE, NULL), 0);
        client_read(&client);
    }
    client_expect(&client, large, 200, NULL);
    assert_int_equal(client.streams[large].body_len, 200000);
    client_wait_end(&client);
    assert_true(client.goaway);
    client_stop(&client);
    client.session = NULL;
    pthread_join(stopper, NULL);
}

static void survives_floods(void **state) {
    (void)state;
    static const struct lk_slice floods[] = {
        LK_SLICE("\0\0\x08\x06\0\0\0\0\0abcdefgh"), /* PING */
        LK_SLICE("\0\0\0\x04\0\0\0\0\0"),           /* SETTINGS */
    };
    for (size_t i = 0; i < 2; i++) {
        struct client flooder;
        client_start(&flooder, dial(), NULL, false);
        client_send(&flooder);
        for (int j = 0; j < 20000; j++) {
            if (send(flooder.fd, floods[i].ptr, floods[i].len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
                break;
        }
        client_stop(&flooder);
    }
    client_expect(&client, get("/echo"), 200, NULL);
}

/* CONTINUATION frames without end. */
static void ends_endless_headers(void **state) {
    (void)state;
    client_expect(&client, get("/echo"), 200, NULL);
    say_bytes(client.fd, "\0\0\x01\x01\0\0\0\0\x03\x82", 10);
    char frame[9 + 1000];
    memcpy(frame, "\0\x03\xe8\x09\0\0\0\0\x03", 9);
    memset(frame + 9, 0x84, 1000); /* :path / */
    for (int i = 0; i < 10000; i++) {
        if (send(client.fd, frame, sizeof(frame), MSG_NOSIGNAL) < 0)
            break;
    }
    client_wait_end(&client);
    assert_int_equal(atomic_load(&handled), 1);
}

static void ends_on_nonsense(void **state) {
    (void)state;
    client_expect(&client, get("/echo"), 200, NULL);
    say_bytes(client.fd, "\xff\xff\xff\x01\x05\0\0\0\x03", 9);
    client_wait_end(&client);
    assert_true(client.goaway);
    assert_int_equal(client.goaway_error, NGHTTP2_FRAME_SIZE_ERROR);
    expect_bad(1);
    int fd = dial();
    say(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense follows");
    char c;
    while (read(fd, &c, 1) > 0)
        continue;
    close(fd);
    expect_bad(2);
}

static void speaks_it_over_tls(void **state) {
    (void)state;
    certificates_set_up();
    make_certificate("server", "server", NULL);
    struct http_config config = test_config();
    struct http_tls_config tls = {.certificate_file = in_directory("server.pem"), .key_file = in_directory("server.key")};
    test_listener()->tls = &tls;
    start(&config);
    int fd = dial();
    SSL *ssl = client_handshake(fd, NULL, "\x02h2\x08http/1.1", 0);
    assert_non_null(ssl);
    client_start(&client, fd, ssl, false);
    client_expect(&client, get("/echo"), 200, "GET /echo? ");
    size_t large = get("/text/1000000");
    client_wait(&client, large);
    assert_int_equal(client.streams[large].body_len, 1000000);
    poll(NULL, 0, 20);
    unsigned before = atomic_load(&sends);
    size_t first = get("/echo");
    for (int i = 1; i < 20; i++)
        get("/echo");
    client_expect(&client, first + 19, 200, NULL);
    assert_int_equal(atomic_load(&sends), before + 1);
    certificates_tear_down();
}

#define H2_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define H2_OWN(name) cmocka_unit_test_setup_teardown(name, set_up_nothing, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        H2_TEST(answers_many_streams_in_one_write),
        H2_TEST(reads_bodies),
        H2_TEST(waits_for_the_preface),
        H2_TEST(shows_fields_as_http_1_does),
        H2_TEST(refuses_what_http_1_refuses),
        H2_OWN(keeps_to_the_limits),
        H2_TEST(answers_head_and_204),
        H2_TEST(guards_the_answer),
        H2_OWN(answers_when_the_arena_is_full),
        H2_TEST(compresses),
        H2_TEST(leaves_coded_bodies_alone),
        H2_TEST(says_continue),
        H2_TEST(sends_deferred_answers),
        H2_TEST(survives_resets_of_deferred_requests),
        H2_TEST(foresees_streams_but_not_those_that_are_gone),
        H2_TEST(sends_large_answers),
        H2_OWN(holds_no_request_that_is_answered),
        H2_OWN(counts_answers_that_are_not_taken),
        H2_OWN(keeps_of_a_request_what_is_to_be_sent),
        H2_OWN(spares_who_sends_little),
        H2_OWN(cuts_off_who_never_opens_the_window),
        H2_TEST(ends_when_the_client_has_ended),
        H2_TEST(bears_resets_among_what_ends_well),
        H2_TEST(sends_frequent_resetters_away),
        H2_TEST(limits_streams),
        H2_OWN(times_out_bodies),
        H2_OWN(times_out_headers),
        H2_OWN(closes_idle_connections),
        H2_OWN(keeps_connections_that_are_used),
        H2_TEST(says_goaway_when_it_drains),
        H2_OWN(answers_what_crosses_the_end_of_an_idle_connection),
        H2_TEST(answers_what_crosses_the_goaway),
        H2_TEST(drains_without_the_client),
        H2_TEST(drains_while_the_client_talks),
        H2_TEST(survives_floods),
        H2_TEST(ends_endless_headers),
        H2_TEST(ends_on_nonsense),
        H2_OWN(speaks_it_over_tls),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
