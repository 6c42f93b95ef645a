/* What the thread's hooks hear between the turns of its loop. */
#include "harness.h"

#include <unistd.h>

static atomic_uint waits, looks;

static void nothing(void *context, unsigned thread) {
    (void)context;
    (void)thread;
}

static void count(void *context, unsigned thread) {
    (void)thread;
    atomic_fetch_add((atomic_uint *)context, 1);
}

static void count_wait(void *context, unsigned thread) {
    (void)context;
    count(&waits, thread);
}

static void count_look(void *context, unsigned thread) {
    (void)context;
    count(&looks, thread);
}

static int start_counting(void **state) {
    (void)state;
    static const struct http_thread_hooks hooks = {nothing, count_wait, nothing, count_look, nothing, NULL};
    atomic_store(&waits, 0);
    atomic_store(&looks, 0);
    struct http_config config = test_config();
    config.hooks = &hooks;
    start(&config);
    return 0;
}

static void ask(int fd) {
    say(fd, GET("/none"));
    expect_answer(fd, 204, NULL);
}

static void waits_while_one_comes_at_a_time(void **state) {
    (void)state;
    int fd = dial();
    for (int i = 0; i < 5; i++)
        ask(fd);
    assert_int_equal(atomic_load(&looks), 0);
    assert_true(atomic_load(&waits) >= 5);
    close(fd);
}

/* Somebody may wait for a moment at which this thread holds nothing, and must not wait for a pause in what comes. */
static void looks_without_a_wait_where_several_came(void **state) {
    (void)state;
    enum { COUNT = 3 };
    int fds[COUNT];
    for (int i = 0; i < COUNT; i++)
        ask(fds[i] = dial());
    int holder = dial();
    say(holder, GET("/hold"));
    wait_held();
    for (int i = 0; i < COUNT; i++)
        say(fds[i], GET("/none"));
    unsigned before = atomic_load(&looks);
    let_go();
    for (int i = 0; i < COUNT; i++)
        expect_answer(fds[i], 204, NULL);
    unsigned waited = atomic_load(&waits);
    ask(fds[0]);
    ask(fds[0]); /* the turn of those answers has ended, and the one behind it */
    assert_true(atomic_load(&looks) > before);
    assert_true(atomic_load(&waits) > waited); /* and where nothing had come, it waited */
    for (int i = 0; i < COUNT; i++)
        close(fds[i]);
    close(holder);
}

#define TURNS_TEST(name) cmocka_unit_test_setup_teardown(name, start_counting, stop_after_test)

int main(void) {
    const struct CMUnitTest tests[] = {
        TURNS_TEST(waits_while_one_comes_at_a_time),
        TURNS_TEST(looks_without_a_wait_where_several_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
