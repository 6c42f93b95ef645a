#include "../unit.h"

#include "api/background.h"

#include <pthread.h>

struct item {
    struct lk_background_job job; /* first */
    pthread_mutex_t *gate;        /* NULL, or what it waits for */
    int *log;
    int *log_len;
    int number;
};

static void note(struct lk_background_job *job) {
    struct item *item = (struct item *)job;
    if (item->gate != NULL) {
        pthread_mutex_lock(item->gate);
        pthread_mutex_unlock(item->gate);
    }
    item->log[(*item->log_len)++] = item->number;
}

static void test_order_and_bound(void **state) {
    (void)state;
    enum { QUEUE = 3, ITEMS = 10 };
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct lk_background *background;
    struct item items[ITEMS];
    int log[ITEMS];
    int log_len = 0;
    pthread_mutex_lock(&gate);
    assert_int_equal(lk_background_start(QUEUE, &background), 0);
    int taken = 0;
    for (int i = 0; i < ITEMS; i++) {
        items[i] = (struct item){.job = {.run = note}, .gate = i == 0 ? &gate : NULL, .log = log, .log_len = &log_len, .number = taken};
        if (lk_background_submit(background, &items[i].job) == 0)
            taken++;
    }
    /* The first may be running by now, or wait still. */
    assert_in_range(taken, QUEUE, QUEUE + 1);
    pthread_mutex_unlock(&gate);
    lk_background_stop(background); /* runs what is queued */
    assert_int_equal(log_len, taken);
    for (int i = 0; i < taken; i++)
        assert_int_equal(log[i], i);
}

static void test_stop_of_an_idle_one(void **state) {
    (void)state;
    struct lk_background *background;
    assert_int_equal(lk_background_start(1, &background), 0);
    lk_background_stop(background);
    lk_background_stop(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_bound),
        cmocka_unit_test(test_stop_of_an_idle_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
