/* Requests that are there together are looked at together, and handled as if they had come alone. */
#include "harness.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n\r\n"

static int start_default(void **state) {
    (void)state;
    struct http_config config = test_config();
    start(&config);
    return 0;
}

/* A connection that has begun: the first request of one may turn out to be HTTP/2. */
static int dial_begun(void) {
    int fd = dial();
    say(fd, GET("/none"));
    expect_answer(fd, 204, NULL);
    return fd;
}

static void foresees_what_came_in_one_read(void **state) {
    (void)state;
    int fd = dial();
    for (int i = 0; i < 2; i++) {
        say(fd, GET("/note?a") GET("/note?b") GET("/note?c"));
        expect_answer(fd, 200, "0 of 3: a");
        expect_answer(fd, 200, "1 of 3: b");
        expect_answer(fd, 200, "2 of 3: c");
    }
    close(fd);
}

static void leaves_one_that_is_alone_alone(void **state) {
    (void)state;
    int fd = dial();
    for (int i = 0; i < 2; i++) {
        say(fd, GET("/note?a"));
        expect_answer(fd, 200, "nothing");
    }
    close(fd);
}

static void foresees_at_most_so_many(void **state) {
    (void)state;
    enum { COUNT = 2 * HTTP_TOGETHER_MAX + 3 };
    char text[COUNT * 64] = "";
    for (int i = 0; i < COUNT; i++)
        (void)snprintf(text + strlen(text), 64, "GET /note?%d HTTP/1.1\r\nHost: a\r\n\r\n", i);
    int fd = dial();
    say(fd, text);
    for (int i = 0; i < COUNT; i++) {
        char note[64];
        int round = i / HTTP_TOGETHER_MAX;
        (void)snprintf(note, sizeof(note), "%d of %d: %d", i % HTTP_TOGETHER_MAX, round < 2 ? HTTP_TOGETHER_MAX : 3, i);
        expect_answer(fd, 200, note);
    }
    close(fd);
}

static void stops_at_a_body(void **state) {
    (void)state;
    int fd = dial();
    say(fd, GET("/note?a") GET("/note?b") "POST /echo?c HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" GET("/note?d") GET("/note?e"));
    expect_answer(fd, 200, "0 of 2: a");
    expect_answer(fd, 200, "1 of 2: b");
    expect_answer(fd, 200, "POST /echo?c abc");
    expect_answer(fd, 200, "0 of 2: d");
    expect_answer(fd, 200, "1 of 2: e");
    close(fd);
}

static void looks_anew_after_an_answer_that_came_later(void **state) {
    (void)state;
    int fd = dial();
    say(fd, GET("/note?a") GET("/later?b") GET("/note?c") GET("/note?d"));
    expect_answer(fd, 200, "0 of 4: a");
    answer_kept();
    expect_answer(fd, 200, "later");
    expect_answer(fd, 200, "0 of 2: c");
    expect_answer(fd, 200, "1 of 2: d");
    close(fd);
}

static void looks_anew_after_an_answer_from_a_source(void **state) {
    (void)state;
    int fd = dial();
    say(fd, GET("/note?a") GET("/source/30000") GET("/note?c") GET("/note?d"));
    expect_answer(fd, 200, "0 of 4: a");
    expect_answer(fd, 200, NULL);
    for (int i = 0; i < 2; i++) {
        struct answer answer;
        hear(fd, true, &answer);
        assert_int_equal(answer.status, 200);
        assert_int_equal(answer.body[answer.body_len - 1], "cd"[i]);
        answer_free(&answer);
    }
    close(fd);
}

static void handles_nothing_behind_the_last_request(void **state) {
    (void)state;
    int fd = dial();
    say(fd, GET("/note?a") "GET /note?b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET("/note?c"));
    expect_answer(fd, 200, "0 of 2: a");
    expect_answer(fd, 200, "1 of 2: b");
    expect_end(fd);
    assert_int_equal(atomic_load(&handled), 2);
    close(fd);
}

static void refuses_a_bad_one_in_its_turn(void **state) {
    (void)state;
    int fd = dial();
    say(fd, GET("/note?a") GET("/note?b") "GET /note?c\r\n\r\n");
    expect_answer(fd, 200, "0 of 2: a");
    expect_answer(fd, 200, "1 of 2: b");
    expect_answer(fd, 400, NULL);
    expect_end(fd);
    close(fd);
}

static void waits_for_the_rest_of_one(void **state) {
    (void)state;
    int fd = dial();
    say(fd, GET("/note?a") GET("/note?b") "GET /no");
    expect_answer(fd, 200, "0 of 2: a");
    expect_answer(fd, 200, "1 of 2: b");
    say(fd, "te?c HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fd, 200, "nothing");
    close(fd);
}

/* Each of these has sent before the thread looks again. */
static void foresees_what_came_on_several_connections(void **state) {
    (void)state;
    enum { COUNT = 5 };
    int holder = dial();
    int fds[COUNT];
    for (int i = 0; i < COUNT; i++)
        fds[i] = dial_begun();
    say(holder, GET("/hold"));
    wait_held();
    for (int i = 0; i < COUNT; i++) {
        char text[64];
        (void)snprintf(text, sizeof(text), "GET /note?%d HTTP/1.1\r\nHost: a\r\n\r\n", i);
        say(fds[i], text);
    }
    let_go();
    unsigned places = 0;
    for (int i = 0; i < COUNT; i++) {
        struct answer answer;
        hear(fds[i], true, &answer);
        unsigned place, len;
        int query;
        assert_int_equal(sscanf(answer.body, "%u of %u: %d", &place, &len, &query), 3);
        assert_int_equal(len, COUNT);
        assert_int_equal(query, i);
        places |= 1U << place;
        answer_free(&answer);
        close(fds[i]);
    }
    assert_int_equal(places, (1U << COUNT) - 1);
    close(holder);
}

static void answers_who_stays_when_others_leave(void **state) {
    (void)state;
    enum { COUNT = 6 };
    int holder = dial();
    int fds[COUNT];
    for (int i = 0; i < COUNT; i++)
        fds[i] = dial_begun();
    say(holder, GET("/hold"));
    wait_held();
    const struct linger hard = {.l_onoff = 1};
    for (int i = 0; i < COUNT; i++) {
        say(fds[i], GET("/note?a") GET("/note?b"));
        if (i % 3 == 0)
            assert_int_equal(setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
        if (i % 3 != 1)
            close(fds[i]);
    }
    let_go();
    for (int i = 1; i < COUNT; i += 3) {
        expect_answer(fds[i], 200, NULL);
        expect_answer(fds[i], 200, NULL);
        close(fds[i]);
    }
    close(holder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(foresees_what_came_in_one_read, start_default, stop_after_test),
        cmocka_unit_test_setup_teardown(leaves_one_that_is_alone_alone, start_default, stop_after_test),
        cmocka_unit_test_setup_teardown(foresees_at_most_so_many, start_default, stop_after_test),
        cmocka_unit_test_setup_teardown(stops_at_a_body, start_default, stop_after_test),
        cmocka_unit_test_setup_teardown(looks_anew_after_an_answer_that_came_later, start_default, stop_after_test),
        cmocka_unit_test_setup_teardown(looks_anew_after_an_answer_from_a_source, start_default, stop_after_test),
        cmocka_unit_test_setup_teardown(handles_nothing_behind_the_last_request, start_default, stop_after_test),
        cmocka_unit_test_setup_teardown(refuses_a_bad_one_in_its_turn, start_default, stop_after_test),
        cmocka_unit_test_setup_teardown(waits_for_the_rest_of_one, start_default, stop_after_test),
        cmocka_unit_test_setup_teardown(foresees_what_came_on_several_connections, start_default, stop_after_test),
        cmocka_unit_test_setup_teardown(answers_who_stays_when_others_leave, start_default, stop_after_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
