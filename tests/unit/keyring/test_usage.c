#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static const struct lk_id account = {{0xAC}};

struct seen {
    uint64_t uses;
    int64_t next; /* the time that comes next, where times go up by one */
    bool in_order;
    const struct lk_usage_event *least, *most; /* where they stood */
};

static void note(void *context, const struct lk_usage_event *events, size_t len) {
    struct seen *seen = context;
    for (const struct lk_usage_event *event = events; event < events + len; event++) {
        seen->in_order &=
            event->now_ms == seen->next && event->outcome == event->now_ms % LK_USAGE_OUTCOMES && lk_id_equal(&event->account, &account);
        seen->next = event->now_ms + 1;
    }
    seen->uses += len;
    seen->least = seen->least == NULL || events < seen->least ? events : seen->least;
    seen->most = events + len > seen->most ? events + len : seen->most;
}

static void add(struct lk_usage *usage, int64_t from, int64_t len) {
    for (int64_t at = from; at < from + len; at++) {
        struct lk_id key = id_of((uint32_t)at % 150);
        lk_usage_add(usage, &key, &account, (unsigned)(at % LK_USAGE_OUTCOMES), at);
    }
}

/* Taken is what was noted, at any time, once and in order. */
static void test_noted_and_taken(void **state) {
    (void)state;
    struct lk_usage *usage;
    assert_int_equal(lk_usage_open(10000, &usage), 0);
    struct seen seen = {.in_order = true};
    assert_int_equal(lk_usage_take(usage, note, &seen), 0);
    int64_t at = 0;
    for (int64_t len = 1; len < 9000; at += len, len = len * 2 + 1) {
        add(usage, at, len);
        assert_int_equal(lk_usage_take(usage, note, &seen), len);
        assert_int_equal(lk_usage_take(usage, note, &seen), 0);
    }
    assert_int_equal(seen.uses, at);
    assert_true(seen.in_order);
    assert_int_equal(lk_usage_lost(usage), 0);
    lk_usage_close(usage);
    lk_usage_close(NULL);
}

/* Each block is taken when it is full and none is behind it, though one was in its last life. */
static void test_full_blocks(void **state) {
    (void)state;
    enum { BLOCK = 1024, ROUNDS = 50 };
    struct lk_usage *usage;
    assert_int_equal(lk_usage_open(10000, &usage), 0);
    struct seen seen = {.in_order = true};
    for (int64_t round = 0; round < ROUNDS; round++) {
        add(usage, round * BLOCK, BLOCK);
        assert_int_equal(lk_usage_take(usage, note, &seen), BLOCK);
        assert_int_equal(lk_usage_take(usage, note, &seen), 0);
    }
    assert_int_equal(seen.uses, ROUNDS * BLOCK);
    assert_true(seen.in_order);
    lk_usage_close(usage);
}

static void test_bounded(void **state) {
    (void)state;
    struct lk_usage *usage;
    assert_int_equal(lk_usage_open(5000, &usage), 0);
    add(usage, 0, 5000);
    assert_int_equal(lk_usage_lost(usage), 0);
    add(usage, 5000, 15000);
    struct seen seen = {.in_order = true};
    size_t taken = lk_usage_take(usage, note, &seen);
    assert_in_range(taken, 5000, 10000);
    assert_true(seen.in_order);
    assert_int_equal(taken + lk_usage_lost(usage), 20000);
    add(usage, 0, 5000); /* there is room again */
    assert_int_equal(lk_usage_take(usage, note, &seen), 5000);
    assert_int_equal(seen.uses + lk_usage_lost(usage), 25000);
    lk_usage_close(usage);
}

/* Whoever takes in time is told so, and the same little memory serves again and again. */
static void test_filling(void **state) {
    (void)state;
    struct lk_usage *usage;
    assert_int_equal(lk_usage_open(1 << 20, &usage), 0);
    struct seen seen = {.in_order = true};
    assert_false(lk_usage_filling(usage));
    int64_t at = 0;
    for (int round = 0; round < 30; round++) {
        int64_t began = at;
        for (; !lk_usage_filling(usage) && at - began <= 1 << 20; at++)
            add(usage, at, 1);
        assert_in_range(at - began, (1 << 20) / 8, (1 << 20) / 8 + 2048);
        lk_usage_take(usage, note, &seen);
        assert_false(lk_usage_filling(usage));
    }
    assert_int_equal(seen.uses, at);
    assert_true(seen.in_order);
    assert_in_range((uintptr_t)seen.most - (uintptr_t)seen.least, 1, (1 << 20) / 4 * sizeof(struct lk_usage_event));
    lk_usage_close(usage);
}

/* Two hours of a key are two counts, in whatever order they come. */
static void test_hours_are_kept_apart(void **state) {
    (void)state;
    struct lk_usage_table *table;
    assert_int_equal(lk_usage_table_open(100, &table), 0);
    struct lk_id key = id_of(7), other = id_of(3);
    int64_t turn = 500 * LK_USAGE_HOUR_MS;
    assert_true(lk_usage_table_add(table, &key, &account, 8, turn));
    assert_true(lk_usage_table_add(table, &key, &account, 8, turn - 1));
    assert_true(lk_usage_table_add(table, &other, &account, 2, turn + 9));
    assert_true(lk_usage_table_add(table, &key, &account, 8, turn + 5));
    assert_true(lk_usage_table_add(table, &key, &account, LK_USAGE_TOUCH, turn + 3)); /* the clock went back: the last stays the last */
    assert_int_equal(lk_usage_table_len(table), 3);
    lk_usage_table_sort(table);
    const struct lk_usage_count *counts = lk_usage_table_at(table, 0);
    assert_int_equal(counts[0].last_used_ms, turn - 1);
    assert_int_equal(counts[0].outcomes[8], 1);
    bool first = memcmp(key.bytes, other.bytes, LK_ID_BYTES) < 0;
    const struct lk_usage_count *of_key = &counts[first ? 1 : 2];
    assert_memory_equal(of_key->key.bytes, key.bytes, LK_ID_BYTES);
    assert_memory_equal(of_key->account.bytes, account.bytes, LK_ID_BYTES);
    assert_int_equal(of_key->last_used_ms, turn + 5);
    assert_int_equal(of_key->outcomes[8], 2);
    /* Sorted or not, it is wholly empty afterwards. */
    lk_usage_table_clear(table);
    assert_int_equal(lk_usage_table_len(table), 0);
    assert_true(lk_usage_table_add(table, &key, &account, 8, turn));
    assert_int_equal(lk_usage_table_len(table), 1);
    assert_int_equal(lk_usage_table_at(table, 0)->outcomes[8], 1);
    lk_usage_table_close(table);
}

/* What has just come is found, also when the index has grown for it. */
static void test_each_is_found(void **state) {
    (void)state;
    struct lk_usage_table *table;
    assert_int_equal(lk_usage_table_open(20000, &table), 0);
    for (uint32_t i = 0; i < 20000; i++) {
        struct lk_id key = id_of(i);
        size_t index;
        assert_true(lk_usage_table_add(table, &key, &account, 8, i));
        assert_true(lk_usage_table_find(table, &key, i, &index));
        assert_int_equal(index, i);
    }
    lk_usage_table_close(table);
}

/* The index grows with what it finds, also when what is added together meets the bound. */
static void test_many_keys_and_hours(void **state) {
    (void)state;
    enum { KEYS = 5000, HOURS = 3, MANY = KEYS * HOURS };
    struct lk_usage_table *table;
    struct lk_usage_event *events = calloc(MANY + 7, sizeof *events);
    assert_non_null(events);
    for (uint32_t i = 0; i < MANY + 7; i++)
        events[i] = (struct lk_usage_event){id_of(i % KEYS), account, (i / KEYS + 500) * LK_USAGE_HOUR_MS + i, i % 2 == 0 ? 8 : 2};
    assert_int_equal(lk_usage_table_open(MANY, &table), 0);
    for (int round = 1; round <= 3; round++) {
        assert_int_equal(lk_usage_table_add_many(table, events, MANY + 7), 7); /* seven of a fourth hour */
        assert_int_equal(lk_usage_table_len(table), MANY);
        for (uint32_t i = 0; i < MANY; i++) {
            size_t index;
            assert_true(lk_usage_table_find(table, &events[i].key, events[i].now_ms, &index));
            assert_int_equal(index, i);
            const struct lk_usage_count *count = lk_usage_table_at(table, index);
            assert_int_equal(count->outcomes[i % 2 == 0 ? 8 : 2], round);
            assert_int_equal(count->outcomes[i % 2 == 0 ? 2 : 8], 0);
            assert_int_equal(count->last_used_ms, events[i].now_ms);
        }
        assert_false(lk_usage_table_find(table, &events[MANY].key, events[MANY].now_ms, &(size_t){0}));
    }
    lk_usage_table_sort(table);
    lk_usage_table_clear(table);
    for (uint32_t i = 0; i < MANY; i++)
        assert_false(lk_usage_table_find(table, &events[i].key, events[i].now_ms, &(size_t){0}));
    lk_usage_table_close(table);
    free(events);
}

static void test_merge_saturates_and_is_bounded(void **state) {
    (void)state;
    struct lk_usage_table *table;
    assert_int_equal(lk_usage_table_open(12, &table), 0);
    struct lk_usage_count count = {.key = id_of(1), .account = account, .last_used_ms = 10};
    count.outcomes[8] = UINT32_MAX - 5;
    count.outcomes[2] = 3;
    assert_true(lk_usage_table_merge(table, &count));
    count.last_used_ms = 4;
    assert_true(lk_usage_table_merge(table, &count));
    assert_int_equal(lk_usage_table_len(table), 1);
    assert_int_equal(lk_usage_table_at(table, 0)->outcomes[8], UINT32_MAX);
    assert_int_equal(lk_usage_table_at(table, 0)->outcomes[2], 6);
    assert_int_equal(lk_usage_table_at(table, 0)->last_used_ms, 10);
    for (uint32_t i = 2; i <= 12; i++) {
        count.key = id_of(i);
        assert_true(lk_usage_table_merge(table, &count));
    }
    count.key = id_of(13);
    assert_false(lk_usage_table_merge(table, &count));
    count.key = id_of(12);
    assert_true(lk_usage_table_merge(table, &count)); /* one that is there has room */
    lk_usage_table_close(table);
}

/* A reader that notes while another thread takes: what was noted and what was taken are the same. */
struct race {
    struct lk_usage *usage;
    _Atomic bool done;
    struct seen seen;
};

static void *take_all(void *context) {
    struct race *race = context;
    while (!atomic_load(&race->done))
        lk_usage_take(race->usage, note, &race->seen);
    return NULL;
}

enum { RACE_USES = 400000 };

/* Notes as many while another thread takes them. room: for uses that wait. */
static void run_race(struct race *race, size_t room) {
    assert_int_equal(lk_usage_open(room, &race->usage), 0);
    race->seen.in_order = true;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, take_all, race), 0);
    add(race->usage, 0, RACE_USES);
    atomic_store(&race->done, true);
    pthread_join(thread, NULL);
    lk_usage_take(race->usage, note, &race->seen);
}

/* With room for all, however the threads are given time, they come in order. */
static void test_between_threads(void **state) {
    (void)state;
    struct race race = {0};
    run_race(&race, RACE_USES);
    assert_int_equal(race.seen.uses, RACE_USES);
    assert_true(race.seen.in_order);
    assert_int_equal(lk_usage_lost(race.usage), 0);
    lk_usage_close(race.usage);
}

/* With little room, where the taker may be too slow, each is taken or lost. */
static void test_lost_between_threads(void **state) {
    (void)state;
    struct race race = {0};
    run_race(&race, 1);
    assert_int_equal(race.seen.uses + lk_usage_lost(race.usage), RACE_USES);
    assert_true(race.seen.uses > 0);
    lk_usage_close(race.usage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_noted_and_taken),
        cmocka_unit_test(test_full_blocks),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_filling),
        cmocka_unit_test(test_hours_are_kept_apart),
        cmocka_unit_test(test_each_is_found),
        cmocka_unit_test(test_many_keys_and_hours),
        cmocka_unit_test(test_merge_saturates_and_is_bounded),
        cmocka_unit_test(test_between_threads),
        cmocka_unit_test(test_lost_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
