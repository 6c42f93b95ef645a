/* What lanes count, on its way into a database by a real store thread. */
#include "../domain/fixture.h"

#include "api/usage.h"
#include "domain/usage.h"

#include <pthread.h>
#include <stdio.h>

#define HOUR LK_HOUR_MS
#define NOW (INT64_C(500000) * HOUR + 5000)

struct world {
    struct fixture *f;
    struct lk_lanes lanes;
    struct lk_executor *executor;
    struct lk_usage_service *service;
};

static void open_world(void **state, struct world *w, size_t queue) {
    *w = (struct world){.f = *state};
    assert_int_equal(lk_db_commit(w->f->db), 0); /* the store thread begins its own */
    assert_int_equal(lk_lanes_open(NULL, 2, NULL, 0, &w->lanes, NULL), 0);
    const struct lk_executor_config config = {.db = w->f->db, .queue_max = queue, .batch_max = 64};
    assert_int_equal(lk_executor_start(&config, &w->executor), 0);
    const struct lk_usage_config usage = {.lanes = &w->lanes, .executor = w->executor};
    assert_int_equal(lk_usage_service_open(&usage, &w->service), 0);
}

static void finish(struct world *w) {
    lk_executor_stop(w->executor);
    lk_usage_finish(w->service, w->f->db);
    lk_usage_service_close(w->service);
    lk_lanes_close(&w->lanes);
    assert_int_equal(lk_db_begin(w->f->db), 0); /* as the fixture's end expects it */
}

static void count(struct world *w, unsigned lane, const struct lk_id *key, unsigned outcome, int64_t at) {
    lk_usage_add(w->lanes.items[lane].usage, key, &w->f->account.id, outcome, at);
}

/* A job that can be waited for. */
struct barrier {
    struct lk_job job;
    pthread_mutex_t mutex;
    pthread_cond_t reached;
    bool done;
};

static void nothing(struct lk_job *job, struct lk_db *db) {
    (void)job;
    (void)db;
}

static void reach(struct lk_job *job, int code) {
    (void)code;
    struct barrier *barrier = (struct barrier *)job;
    pthread_mutex_lock(&barrier->mutex);
    barrier->done = true;
    pthread_cond_signal(&barrier->reached);
    pthread_mutex_unlock(&barrier->mutex);
}

/* Waits until the store thread has done what it has to do now. */
static void wait_for_store(struct world *w) {
    struct barrier barrier = {.job = {NULL, nothing, reach}, .mutex = PTHREAD_MUTEX_INITIALIZER, .reached = PTHREAD_COND_INITIALIZER};
    while (lk_executor_submit(w->executor, &barrier.job) != 0)
        continue;
    pthread_mutex_lock(&barrier.mutex);
    while (!barrier.done)
        pthread_cond_wait(&barrier.reached, &barrier.mutex);
    pthread_mutex_unlock(&barrier.mutex);
}

/* The counts of one hour. */
static struct lk_usage_counts usage_of(struct fixture *f, const struct lk_id *key, int64_t at) {
    const struct lk_usage_range range = {true, true, at, at + 1, LK_USAGE_BY_HOUR};
    struct lk_usage_bucket *buckets;
    size_t len;
    int code = key != NULL ? lk_api_key_usage(&f->call, key, &range, &buckets, &len)
                           : lk_account_usage(&f->call, &f->account.id, &range, &buckets, &len);
    assert_int_equal(code, 0);
    assert_int_equal(len, 1);
    return buckets[0].counts;
}

static void test_each_outcome_arrives_as_itself(void **state) {
    static const struct {
        enum lk_verify_code code;
        enum lk_use_outcome outcome;
    } pairs[] = {
        {LK_VERIFY_DISABLED, LK_USE_DISABLED},
        {LK_VERIFY_EXPIRED, LK_USE_EXPIRED},
        {LK_VERIFY_IP_NOT_ALLOWED, LK_USE_IP_NOT_ALLOWED},
        {LK_VERIFY_INSUFFICIENT_PERMISSIONS, LK_USE_INSUFFICIENT_PERMISSIONS},
        {LK_VERIFY_RATE_LIMITED, LK_USE_RATE_LIMITED},
        {LK_VERIFY_USAGE_EXCEEDED, LK_USE_USAGE_EXCEEDED},
        {LK_VERIFY_VALID, LK_USE_VALID},
    };
    struct world w;
    open_world(state, &w, 100);
    struct lk_id key = w.f->admin_key.id;
    for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        for (unsigned n = 0; n <= i; n++)
            count(&w, n % 2, &key, pairs[i].code, NOW + n);
    count(&w, 0, &key, LK_VERIFY_VALID, NOW + HOUR); /* the next hour, in the same table */
    lk_usage_touch(w.service, &key, &w.f->account.id, NOW + HOUR + 7);
    for (unsigned i = 0; i < 2; i++)
        lk_usage_offer(w.lanes.items[i].usage);
    lk_usage_collect(w.service);
    lk_usage_flush(w.service);
    finish(&w);
    struct lk_usage_counts of_key = usage_of(w.f, &key, NOW);
    struct lk_usage_counts of_account = usage_of(w.f, NULL, NOW);
    for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        assert_int_equal(of_key.by_outcome[pairs[i].outcome], i + 1);
        assert_int_equal(of_account.by_outcome[pairs[i].outcome], i + 1);
    }
    assert_int_equal(usage_of(w.f, &key, NOW + HOUR).by_outcome[LK_USE_VALID], 1);
    assert_int_equal(usage_of(w.f, NULL, NOW + HOUR).by_outcome[LK_USE_VALID], 1);
    bool used;
    int64_t at;
    assert_int_equal(lk_api_key_last_used(&w.f->call, &w.f->account.id, &key, &used, &at), 0);
    assert_int_equal(at, NOW + HOUR + 7);
}

/* More keys than a piece takes, some of which do not exist (any more): all others arrive, and the account has all. */
static void test_many_keys_in_pieces(void **state) {
    enum { MANY = 5000 };
    struct world w;
    struct fixture *f = *state;
    fixture_sql(f, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
                   "INSERT INTO api_key_use (account_id, api_key_id) SELECT (SELECT id FROM account LIMIT 1), "
                   "cast(printf('key%013d', i) AS BLOB) FROM n WHERE i % 10 != 0");
    open_world(state, &w, 100);
    for (int i = 1; i <= MANY; i++) {
        char text[LK_ID_BYTES + 1];
        struct lk_id id;
        snprintf(text, sizeof(text), "key%013d", i);
        memcpy(id.bytes, text, LK_ID_BYTES);
        count(&w, 0, &id, LK_VERIFY_VALID, NOW + i);
    }
    lk_usage_offer(w.lanes.items[0].usage);
    lk_usage_collect(w.service);
    struct lk_usage_service_stats stats;
    lk_usage_service_stats(w.service, &stats);
    assert_int_equal(stats.waiting, MANY);
    lk_usage_flush(w.service);
    wait_for_store(&w); /* at least one piece */
    finish(&w);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key_usage"), MANY - MANY / 10);
    assert_int_equal(usage_of(f, NULL, NOW).by_outcome[LK_USE_VALID], MANY);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key_use WHERE last_used_at IS NOT NULL"), MANY - MANY / 10);
}

/* A piece whose commit fails, or that the queue has no room for, is written later, and once. */
static void test_what_cannot_be_written_is_written_later(void **state) {
    struct world w;
    open_world(state, &w, 100);
    struct lk_id key = w.f->admin_key.id;
    wait_for_store(&w);
    /* Constraints that fail: the trigger stands for a disk that is full. */
    lk_executor_stop(w.executor);
    assert_int_equal(lk_db_exec(w.f->db, "CREATE TRIGGER full BEFORE UPDATE ON api_key_use BEGIN SELECT RAISE(ABORT, 'full'); END"), 0);
    const struct lk_executor_config config = {.db = w.f->db, .queue_max = 1, .batch_max = 64};
    assert_int_equal(lk_executor_start(&config, &w.executor), 0);
    lk_usage_service_close(w.service);
    const struct lk_usage_config usage = {.lanes = &w.lanes, .executor = w.executor};
    assert_int_equal(lk_usage_service_open(&usage, &w.service), 0);
    count(&w, 0, &key, LK_VERIFY_VALID, NOW);
    lk_usage_offer(w.lanes.items[0].usage);
    lk_usage_collect(w.service);
    lk_usage_flush(w.service);
    wait_for_store(&w);
    count(&w, 0, &key, LK_VERIFY_VALID, NOW + 1); /* waits behind what failed */
    lk_usage_offer(w.lanes.items[0].usage);
    lk_usage_collect(w.service);
    lk_usage_flush(w.service);
    wait_for_store(&w);
    lk_executor_stop(w.executor);
    assert_int_equal(lk_db_exec(w.f->db, "DROP TRIGGER full"), 0);
    w.executor = NULL;
    finish(&w);
    assert_int_equal(usage_of(w.f, &key, NOW).by_outcome[LK_USE_VALID], 2);
    assert_int_equal(usage_of(w.f, NULL, NOW).by_outcome[LK_USE_VALID], 2);
}

/* What a lane counted after an offer that was not taken is there at the end too. */
static void test_the_end_takes_all(void **state) {
    struct world w;
    open_world(state, &w, 100);
    struct lk_id key = w.f->admin_key.id;
    count(&w, 0, &key, LK_VERIFY_VALID, NOW);
    lk_usage_offer(w.lanes.items[0].usage);
    count(&w, 0, &key, LK_VERIFY_VALID, NOW);
    count(&w, 1, &key, LK_VERIFY_DISABLED, NOW);
    finish(&w);
    assert_int_equal(usage_of(w.f, &key, NOW).by_outcome[LK_USE_VALID], 2);
    assert_int_equal(usage_of(w.f, &key, NOW).by_outcome[LK_USE_DISABLED], 1);
}

static void test_sweep_in_pieces(void **state) {
    struct world w;
    struct fixture *f = *state;
    fixture_sql(f,
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) "
                "INSERT INTO api_key_usage (day, api_key_id, hours) SELECT i % 7, cast(printf('key%013d', i) AS BLOB), x'050101' FROM n");
    open_world(state, &w, 100);
    lk_usage_sweep_old(w.service);
    lk_usage_sweep_old(w.service); /* one at a time */
    for (int i = 0; i < 12; i++)
        wait_for_store(&w);
    finish(&w);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key_usage"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_outcome_arrives_as_itself, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_many_keys_in_pieces, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_written_is_written_later, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_end_takes_all, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_sweep_in_pieces, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
