/* Requests whose handler has no use for a body: the answer does not wait for it. */
#include "client2.h"

#include <unistd.h>

#define HEAD "POST /echo HTTP/1.1\r\nHost: a\r\n"
#define ANSWER "POST /echo? "

/* No use for any at /echo, none heard at /text/3, few bytes for /fields. */
static size_t body_max(const struct http_request *request, void *context, bool *ret_known) {
    (void)context;
    (void)ret_known;
    struct lk_slice path = http_request_path(request);
    return lk_slice_is(path, "/echo") ? 0 : lk_slice_is(path, "/fields") ? 10 : lk_slice_is(path, "/text/3") ? HTTP_BODY_UNHEARD : 1000000;
}

static int set_up(void **state) {
    (void)state;
    struct http_config config = test_config();
    config.body_max = 1000;
    config.body_timeout_ms = 60000; /* longer than a test may take */
    test_listener()->body_max = body_max;
    start(&config);
    return 0;
}

static int tear_down(void **state) {
    test_listener()->body_max = NULL;
    return stop_after_test(state);
}

/* One answer, which says that the connection ends, and then it does. */
static void expect_last_answer(int fd, int status, const char *body) {
    struct answer answer;
    hear(fd, true, &answer);
    assert_int_equal(answer.status, status);
    assert_string_equal(answer.body, body);
    assert_non_null(strstr(answer.head, "\r\nConnection: close\r\n"));
    answer_free(&answer);
    expect_end(fd);
}

static void does_not_wait_for_what_is_announced(void **state) {
    (void)state;
    static const char *const cases[] = {
        HEAD "Content-Length: 100\r\n\r\n",
        HEAD "Content-Length: 100\r\n\r\nbegun",
        HEAD "Content-Length: 1000000\r\n\r\n",                 /* larger than the largest body */
        HEAD "Content-Length: 99999999999999999999999\r\n\r\n", /* than any number */
        HEAD "Content-Length: 100\r\nExpect: 100-continue\r\n\r\n",
        HEAD "Transfer-Encoding: chunked\r\n\r\n",
        HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        HEAD "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = dial();
        say(fd, cases[i]);
        expect_last_answer(fd, 200, ANSWER);
    }
    assert_int_equal(atomic_load(&handled), sizeof(cases) / sizeof(cases[0]));
}

/* What stands where a body may be, or behind one that is no body, is never taken for a request. */
static void takes_no_part_of_a_body_for_a_request(void **state) {
    (void)state;
    static const char *const cases[] = {
        HEAD "Content-Length: 100\r\n\r\n" GET("/echo"), HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1000\r\n" GET("/echo"),
        HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nfffffff\r\n" GET("/echo"), /* more than the largest body */
    };
    static const char *const broken[] = {
        HEAD "Transfer-Encoding: chunked\r\n\r\nno size\r\n" GET("/echo"),
        HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhello" GET("/echo"),
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = dial();
        say(fd, cases[i]);
        expect_last_answer(fd, 200, ANSWER);
    }
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        int fd = dial();
        say(fd, broken[i]);
        expect_last_answer(fd, 400, "Bad Request");
    }
    assert_int_equal(atomic_load(&handled), sizeof(cases) / sizeof(cases[0]));
}

static void drops_what_came_along_and_goes_on(void **state) {
    (void)state;
    int fd = dial();
    say(fd, HEAD "Content-Length: 5\r\n\r\nhello" HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" GET("/echo?1")
                GET("/echo?2") "POST /fields HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n\r\nok" GET("/echo?3"));
    expect_answer(fd, 200, ANSWER "hello"); /* it cost nothing to wait for */
    expect_answer(fd, 200, ANSWER);
    expect_answer(fd, 200, "GET /echo?1 ");
    expect_answer(fd, 200, "GET /echo?2 ");
    expect_answer(fd, 200, NULL);
    expect_answer(fd, 200, "GET /echo?3 ");
    say(fd, GET("/echo?4"));
    expect_answer(fd, 200, "GET /echo?4 ");
    close(fd);
}

/* Who sends the body all the same can read the answer. */
static void lets_the_sender_finish(void **state) {
    (void)state;
    static char body[300000];
    int fd = dial();
    say(fd, HEAD "Content-Length: 300000\r\n\r\n");
    say_bytes(fd, body, sizeof(body));
    expect_last_answer(fd, 200, ANSWER);
}

static void reads_the_bodies_of_others(void **state) {
    (void)state;
    int fd = dial();
    say(fd, "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");
    expect_answer(fd, 413, NULL);
    expect_end(fd);
    fd = dial();
    say(fd, "POST /fields HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    struct answer answer;
    hear(fd, false, &answer);
    assert_int_equal(answer.status, 100);
    answer_free(&answer);
    say(fd, "hello");
    expect_answer(fd, 200, NULL);
    close(fd);
}

static void asks_how_much_is_taken(void **state) {
    (void)state;
    static const char *const cases[] = {
        "POST /fields HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n",
        "POST /fields HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = dial();
        say(fd, cases[i]);
        expect_answer(fd, 413, NULL);
        expect_end(fd);
    }
    struct client client;
    client_start(&client, dial(), NULL, false);
    client_expect(&client, client_ask(&client, "POST", "/fields", "0123456789a", NULL), 413, NULL);
    client_expect(&client, client_ask(&client, "POST", "/fields", "0123456789", NULL), 200, NULL);
    client_stop(&client);
}

/* A request that will be refused is so without its body, but not where that is too large or broken. */
static void refuses_without_hearing(void **state) {
    (void)state;
    static const struct {
        const char *body;
        int status;
    } cases[] = {
        {"Content-Length: 1000\r\n\r\n", 200},
        {"Content-Length: 1001\r\n\r\n", 413},
        {"Transfer-Encoding: chunked\r\n\r\n", 200},
        {"Transfer-Encoding: chunked\r\n\r\n3e9\r\n", 413},
        {"Transfer-Encoding: chunked\r\n\r\nx\r\n", 400},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = dial();
        say(fd, "POST /text/3 HTTP/1.1\r\nHost: a\r\n");
        say(fd, cases[i].body);
        expect_answer(fd, cases[i].status, NULL);
        expect_end(fd);
    }
}

static void ends_the_stream_over_http2(void **state) {
    (void)state;
    struct client client;
    client_start(&client, dial(), NULL, false);
    static const char *const fields[] = {":method", "POST", ":path", "/echo", ":scheme", "http", ":authority", "a", "host", "a", NULL};
    static const char *const large[] = {":method",    "POST", ":path",          "/echo",   ":scheme", "http",
                                        ":authority", "a",    "content-length", "1000000", NULL};
    size_t open = client_ask_raw(&client, fields, true);
    size_t announced = client_ask_raw(&client, large, true);
    size_t other = client_ask(&client, "POST", "/fields", "hello", NULL);
    size_t whole = client_ask(&client, "POST", "/echo", "hello", NULL);
    client_expect(&client, open, 200, ANSWER);
    client_expect(&client, announced, 200, ANSWER);
    client_expect(&client, other, 200, NULL);
    client_expect(&client, whole, 200, ANSWER);
    const size_t streams[] = {open, announced, other, whole};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(client.streams[streams[i]].error, NGHTTP2_NO_ERROR);
    assert_int_equal(atomic_load(&handled), 4);
    assert_false(client.goaway);
    client_stop(&client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(does_not_wait_for_what_is_announced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_no_part_of_a_body_for_a_request, set_up, tear_down),
        cmocka_unit_test_setup_teardown(drops_what_came_along_and_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lets_the_sender_finish, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_the_bodies_of_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(asks_how_much_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_without_hearing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ends_the_stream_over_http2, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
