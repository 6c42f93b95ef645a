/* Requests that are there together are looked at together, and handled as if they had come alone. */
#include "harness.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connection that has begun: the first request of one may turn out to be HTTP/2. */
static int dial_begun(void) {
    int fd = dial();
    say(fd, GET("/none"));
    expect_answer(fd, 204, NULL);
    return fd;
}

/* So many of these, and one that holds the thread until let_go: what they say meanwhile is there when it looks again. The latter. */
static int hold_thread(int *fds, int len) {
    int holder = dial();
    for (int i = 0; i < len; i++)
        fds[i] = dial_begun();
    say(holder, GET("/hold"));
    wait_held();
    return holder;
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

/* What waits because its client does not read is not kept foreseen meanwhile: the world goes on. */
static void forgets_what_it_does_not_reach(void **state) {
    (void)state;
    int fd = dial();
    say(fd, GET("/text/8000000") GET("/note?a"));
    close(dial_begun()); /* answered after the turn in which nobody read that text */
    expect_answer(fd, 200, NULL);
    expect_answer(fd, 200, "nothing");
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

static void foresees_what_came_on_several_connections(void **state) {
    (void)state;
    enum { COUNT = 5 };
    int fds[COUNT];
    int holder = hold_thread(fds, COUNT);
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

static void expect_sends(int fd, unsigned before) {
    char text[16];
    (void)snprintf(text, sizeof(text), "%u", before);
    expect_answer(fd, 200, text);
    close(fd);
}

/* Small requests first, all of them before any is answered: that is what makes them cheap, and a large one beside them may take its time. */
static void sends_to_several_connections_when_all_are_handled(void **state) {
    (void)state;
    enum { COUNT = 5 };
    int fds[COUNT];
    int holder = hold_thread(fds, COUNT);
    unsigned before = atomic_load(&sends) + 1; /* the holder's too */
    say(fds[0], "POST /sends HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    for (int i = 1; i < COUNT; i++)
        say(fds[i], GET("/sends"));
    let_go();
    for (int i = 1; i < COUNT; i++)
        expect_sends(fds[i], before);
    expect_sends(fds[0], before + COUNT - 1);
    close(holder);
}

static void answers_who_stays_when_others_leave(void **state) {
    (void)state;
    enum { COUNT = 6 };
    int fds[COUNT];
    int holder = hold_thread(fds, COUNT);
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

#define AHEAD_TEST(name) cmocka_unit_test_setup_teardown(name, start_default, stop_after_test)

int main(void) {
    const struct CMUnitTest tests[] = {
        AHEAD_TEST(foresees_what_came_in_one_read),
        AHEAD_TEST(leaves_one_that_is_alone_alone),
        AHEAD_TEST(foresees_at_most_so_many),
        AHEAD_TEST(stops_at_a_body),
        AHEAD_TEST(looks_anew_after_an_answer_that_came_later),
        AHEAD_TEST(looks_anew_after_an_answer_from_a_source),
        AHEAD_TEST(forgets_what_it_does_not_reach),
        AHEAD_TEST(handles_nothing_behind_the_last_request),
        AHEAD_TEST(refuses_a_bad_one_in_its_turn),
        AHEAD_TEST(waits_for_the_rest_of_one),
        AHEAD_TEST(foresees_what_came_on_several_connections),
        AHEAD_TEST(sends_to_several_connections_when_all_are_handled),
        AHEAD_TEST(answers_who_stays_when_others_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
