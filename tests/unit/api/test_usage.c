/* What lanes count, on its way into a database by a real store thread. */
#include "../domain/fixture.h"

#include "api/usage.h"
#include "domain/usage.h"

#include <pthread.h>
#include <stdio.h>

#define HOUR LK_HOUR_MS
/* Past: what is to come is no last use. */
#define NOW (INT64_C(490000) * HOUR + 5000)

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

/* Waits until it has also done what that made it do: a job that goes on in another one has queued it before the next that waits is taken. */
static void wait_until_idle(struct world *w) {
    struct lk_executor_stats before;
    struct lk_executor_stats after;
    lk_executor_stats(w->executor, &after);
    do {
        before = after;
        wait_for_store(w);
        lk_executor_stats(w->executor, &after);
    } while (after.jobs - before.jobs > 1); /* more than the one that waited */
}

/* The counts of one hour that are in the database. */
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

/* What a reader sees of one hour: what is in the database and what is kept. */
static uint64_t seen_of(struct world *w, const struct lk_id *key, int64_t at) {
    struct lk_usage_bucket bucket = {at - at % HOUR, usage_of(w->f, key, at)};
    if (key != NULL)
        lk_usage_add_unwritten(w->service, LK_USAGE_OF_KEY, key, LK_USAGE_BY_HOUR, &bucket, 1);
    else
        lk_usage_add_unwritten(w->service, LK_USAGE_OF_ACCOUNT, &w->f->account.id, LK_USAGE_BY_HOUR, &bucket, 1);
    return bucket.counts.by_outcome[LK_USE_VALID];
}

static int64_t last_use_of(struct fixture *f, const struct lk_id *key) {
    bool used;
    int64_t at;
    assert_int_equal(lk_api_key_last_used(&f->call, &f->account.id, key, &used, &at), 0);
    return used ? at : -1;
}

/* What a reader sees of it: -1 for never. */
static int64_t seen_use_of(struct world *w, const struct lk_id *key) {
    int64_t kept;
    int64_t at = last_use_of(w->f, key);
    return lk_usage_last_unwritten(w->service, key, NOW, &kept) && kept > at ? kept : at;
}

/* A key that is used right after another one is not left for whoever uses one next. */
static void test_each_touch_arrives(void **state) {
    struct world w;
    struct fixture *f = *state;
    struct lk_slice token;
    fixture_act_as_system(f, &f->account.id);
    struct lk_api_key other = fixture_key(f, "other", NULL, &token);
    open_world(state, &w, 100);
    lk_usage_touch(w.service, &w.f->admin_key.id, &w.f->account.id, NOW);
    lk_usage_touch(w.service, &other.id, &w.f->account.id, NOW + 1);
    lk_usage_collect(w.service);
    lk_usage_flush(w.service);
    wait_until_idle(&w);
    assert_int_equal(last_use_of(w.f, &w.f->admin_key.id), NOW);
    assert_int_equal(last_use_of(w.f, &other.id), NOW + 1);
    finish(&w);
}

/* Uses of so many keys, none of which exists, so nothing of them is written. */
static void count_keys(struct world *w, unsigned keys, int64_t at) {
    for (unsigned i = 0; i < keys; i++) {
        struct lk_id id = {{0xC0}};
        memcpy(id.bytes + 8, &i, sizeof(i));
        lk_usage_add(w->lanes.items[1].usage, &id, &id, LK_VERIFY_VALID, at);
    }
}

/* So many keys that they are written at each fourth flush. */
static void count_crowd(struct world *w, int64_t at) {
    count_keys(w, 16000, at);
}

static void flush_now(struct world *w) {
    lk_usage_collect(w->service);
    lk_usage_flush(w->service);
    wait_until_idle(w); /* after pieces that keep, and that write keys and accounts */
}

/* Of many keys not every flush is written; read is all of it at any time, each use once. */
static void test_counts_are_kept_and_read_before_they_are_written(void **state) {
    struct world w;
    open_world(state, &w, 100);
    struct lk_id key = w.f->admin_key.id;
    int written = 0;
    int flushes = 0;
    for (int64_t i = 1; i <= 9; i++, flushes++) {
        count(&w, 0, &key, LK_VERIFY_VALID, NOW + i);
        count_crowd(&w, NOW + i);
        flush_now(&w);
        assert_int_equal(seen_use_of(&w, &key), NOW + i);
        assert_int_equal(last_use_of(w.f, &key), i < 4 ? -1 : NOW + i / 4 * 4);
        assert_int_equal(seen_of(&w, &key, NOW), i);
        assert_int_equal(seen_of(&w, NULL, NOW), i);
        assert_int_equal(usage_of(w.f, &key, NOW).by_outcome[LK_USE_VALID], usage_of(w.f, NULL, NOW).by_outcome[LK_USE_VALID]);
        written += usage_of(w.f, &key, NOW).by_outcome[LK_USE_VALID] == (uint64_t)i;
    }
    assert_int_equal(written, flushes / 4);
    assert_int_equal(seen_of(&w, &key, NOW + HOUR), 0);
    struct lk_usage_bucket day = {NOW - NOW % LK_DAY_MS, {{0}}};
    lk_usage_add_unwritten(w.service, LK_USAGE_OF_KEY, &key, LK_USAGE_BY_DAY, &day, 1);
    assert_int_equal(day.counts.by_outcome[LK_USE_VALID], 1); /* the ninth */
    flush_now(&w);                                            /* which brings nothing */
    assert_int_equal(usage_of(w.f, &key, NOW).by_outcome[LK_USE_VALID], 9);
    count(&w, 0, &key, LK_VERIFY_VALID, NOW + 10);
    flush_now(&w); /* which brings little */
    assert_int_equal(usage_of(w.f, &key, NOW).by_outcome[LK_USE_VALID], 10);
    count(&w, 0, &key, LK_VERIFY_VALID, NOW + 11);
    count_crowd(&w, NOW + 11);
    flush_now(&w);
    finish(&w);
    assert_int_equal(usage_of(w.f, &key, NOW).by_outcome[LK_USE_VALID], 11);
}

static uint64_t waiting(const struct world *w) {
    struct lk_usage_service_stats stats;
    lk_usage_service_stats(w->service, &stats);
    return stats.waiting;
}

/* The more keys are in use, the longer they wait, so that a flush writes so many on average; but for no more than a minute. */
static void test_how_long_counts_wait(void **state) {
    static const struct {
        unsigned keys;
        int flushes;
    } cases[] = {{4095, 1}, {4096, 2}, {8191, 2}, {8192, 3}, {65535, 16}, {80000, 17}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world w;
        open_world(state, &w, 100);
        int64_t at = NOW + (int64_t)i;
        for (int flush = 1; flush <= cases[i].flushes; flush++) {
            assert_true(last_use_of(w.f, &w.f->admin_key.id) < at);
            count(&w, 0, &w.f->admin_key.id, LK_VERIFY_VALID, at);
            count_keys(&w, cases[i].keys, at);
            flush_now(&w);
            assert_int_equal(waiting(&w), flush == cases[i].flushes ? 0 : cases[i].keys + 1);
        }
        assert_int_equal(last_use_of(w.f, &w.f->admin_key.id), at);
        finish(&w);
    }
    assert_true(17 * LK_USAGE_FLUSH_MS <= 60 * 1000);
}

/* A reader that asks again and again, in one transaction with what else the store thread has to do. */
struct reader {
    struct lk_job job;
    struct world *world;
    unsigned left;
    unsigned wrong;
};

static void read_again(struct lk_job *job, struct lk_db *db) {
    (void)db;
    struct reader *reader = (struct reader *)job;
    struct world *w = reader->world;
    uint64_t of_key = seen_of(w, &w->f->admin_key.id, NOW);
    uint64_t of_account = seen_of(w, NULL, NOW);
    reader->wrong += of_key < 3 || of_key > 4 || of_account < 3 || of_account > 4;
}

static void ask_again(struct lk_job *job, int code) {
    struct reader *reader = (struct reader *)job;
    if (code == 0 && reader->left-- > 0)
        (void)lk_executor_submit(reader->world->executor, job);
}

/* A job that waits until its mutex is free. */
struct gate {
    struct lk_job job;
    pthread_mutex_t mutex;
};

static void wait_at_gate(struct lk_job *job, struct lk_db *db) {
    (void)db;
    struct gate *gate = (struct gate *)job;
    pthread_mutex_lock(&gate->mutex);
    pthread_mutex_unlock(&gate->mutex);
}

static void ignore(struct lk_job *job, int code) {
    (void)job;
    (void)code;
}

/* Who reads in the transaction that writes the hours sees them in the database, and not once more among those that are kept. */
static void test_nothing_is_read_twice_while_it_is_written(void **state) {
    struct world w;
    open_world(state, &w, 100);
    for (int i = 0; i < 3; i++) {
        count(&w, 0, &w.f->admin_key.id, LK_VERIFY_VALID, NOW);
        count_crowd(&w, NOW);
        flush_now(&w);
    }
    count(&w, 0, &w.f->admin_key.id, LK_VERIFY_VALID, NOW);
    lk_usage_collect(w.service);
    struct gate gate = {.job = {NULL, wait_at_gate, ignore}, .mutex = PTHREAD_MUTEX_INITIALIZER};
    pthread_mutex_lock(&gate.mutex); /* so that both below go the same way: in each transaction first what writes, then who reads */
    assert_int_equal(lk_executor_submit(w.executor, &gate.job), 0);
    lk_usage_flush(w.service); /* the fourth: it is kept, and then written */
    struct reader reader = {.job = {NULL, read_again, ask_again}, .world = &w, .left = 30};
    assert_int_equal(lk_executor_submit(w.executor, &reader.job), 0);
    pthread_mutex_unlock(&gate.mutex);
    wait_until_idle(&w);
    assert_int_equal(reader.wrong, 0);
    assert_int_equal(usage_of(w.f, NULL, NOW).by_outcome[LK_USE_VALID], 4);
    finish(&w);
}

/* Hours whose commit fails are read all the same, each once, and written later. */
static void test_hours_that_cannot_be_written_are_still_read(void **state) {
    struct world w;
    open_world(state, &w, 100);
    struct lk_id key = w.f->admin_key.id;
    wait_for_store(&w);
    assert_int_equal(lk_db_exec(w.f->db, "CREATE TRIGGER full BEFORE INSERT ON account_usage BEGIN SELECT RAISE(ABORT, 'full'); END"), 0);
    count(&w, 0, &key, LK_VERIFY_VALID, NOW);
    for (int i = 0; i < 2; i++)
        flush_now(&w);
    assert_int_equal(usage_of(w.f, &key, NOW).by_outcome[LK_USE_VALID], 1);
    assert_int_equal(usage_of(w.f, NULL, NOW).by_outcome[LK_USE_VALID], 0);
    assert_int_equal(seen_of(&w, &key, NOW), 1);
    assert_int_equal(seen_of(&w, NULL, NOW), 1);
    wait_for_store(&w);
    assert_int_equal(lk_db_exec(w.f->db, "DROP TRIGGER full"), 0);
    flush_now(&w);
    assert_int_equal(usage_of(w.f, NULL, NOW).by_outcome[LK_USE_VALID], 1);
    assert_int_equal(seen_of(&w, NULL, NOW), 1);
    finish(&w);
    assert_int_equal(usage_of(w.f, NULL, NOW).by_outcome[LK_USE_VALID], 1);
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

/* A piece whose commit fails is written later, and once. */
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
    lk_usage_collect(w.service);
    lk_usage_flush(w.service);
    wait_for_store(&w);
    count(&w, 0, &key, LK_VERIFY_VALID, NOW + 1); /* waits behind what failed */
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

/* What nobody has collected yet is there at the end too. */
static void test_the_end_takes_all(void **state) {
    struct world w;
    open_world(state, &w, 100);
    struct lk_id key = w.f->admin_key.id;
    count(&w, 0, &key, LK_VERIFY_VALID, NOW);
    count_crowd(&w, NOW);
    flush_now(&w); /* kept */
    count(&w, 0, &key, LK_VERIFY_VALID, NOW);
    lk_usage_collect(w.service);
    count(&w, 0, &key, LK_VERIFY_VALID, NOW);
    count(&w, 1, &key, LK_VERIFY_DISABLED, NOW + 3);
    finish(&w);
    assert_int_equal(usage_of(w.f, &key, NOW).by_outcome[LK_USE_VALID], 3);
    assert_int_equal(usage_of(w.f, &key, NOW).by_outcome[LK_USE_DISABLED], 1);
    assert_int_equal(last_use_of(w.f, &key), NOW + 3);
}

/* An I/O thread that has noted much has it collected at the end of its turn, long before that is due. */
static void collect_much(void **state, bool waits) {
    struct world w;
    open_world(state, &w, 100);
    const struct lk_tick ticks[] = {{lk_usage_flush, w.service, 3600 * 1000}, {lk_usage_collect, w.service, 3600 * 1000}};
    assert_int_equal(lk_ticker_start(ticks, 2, &w.lanes.ticker), 0);
    w.lanes.collect = 1;
    struct http_thread_hooks hooks = lk_lanes_hooks(&w.lanes);
    hooks.start(hooks.context, 0);
    for (int i = 0; i < 100000; i++)
        count(&w, 0, &w.f->admin_key.id, LK_VERIFY_VALID, NOW);
    (waits ? hooks.before_wait : hooks.between_turns)(hooks.context, 0);
    struct lk_usage_service_stats stats = {0};
    while (stats.waiting == 0) /* else the test's time runs out */
        lk_usage_service_stats(w.service, &stats);
    if (waits)
        hooks.after_wait(hooks.context, 0);
    hooks.stop(hooks.context, 0);
    lk_ticker_stop(w.lanes.ticker);
    finish(&w);
    assert_int_equal(usage_of(w.f, &w.f->admin_key.id, NOW).by_outcome[LK_USE_VALID], 100000);
}

static void test_much_is_collected_at_once(void **state) {
    collect_much(state, true);
}

static void test_much_is_collected_while_more_comes(void **state) {
    collect_much(state, false);
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
    wait_until_idle(&w);
    finish(&w);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key_usage"), 0);
}

enum { GONE_KEYS = 1000, GONE_DAYS = 20 };

/* Makes an account with 1000 keys that were used on 20 days, and deletes it as an operator does. */
static void delete_large_account(struct fixture *f) {
    struct lk_account other;
    struct lk_slice operator_token = fixture_other_account(f, &other);
    fixture_sql(
        f, "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
           "INSERT INTO api_key (id, account_id, name, preview, digest, digest_version, enabled, metadata, created_at, created_by, "
           "updated_at) "
           "SELECT randomblob(16), a.id, 'key ' || i, '', randomblob(32), 1, 1, '{}', 0, '', 0 FROM n, account a WHERE a.name = 'Other'");
    fixture_sql(f, "INSERT INTO api_key_use SELECT account_id, id, 1 FROM api_key WHERE name LIKE 'key %'");
    fixture_sql(f, "WITH RECURSIVE days (day) AS (SELECT unixepoch() / 86400 UNION ALL SELECT day - 1 FROM days LIMIT 20) "
                   "INSERT INTO api_key_usage SELECT day, k.id, x'050101' FROM days, api_key k JOIN account a ON a.id = k.account_id "
                   "WHERE a.name = 'Other' OR k.name = 'first'");
    fixture_sql(f, "INSERT INTO account_usage SELECT DISTINCT day, a.id, x'050101' FROM api_key_usage, account a");
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key_usage"), (GONE_KEYS + 1) * GONE_DAYS);
    assert_int_equal(fixture_act(f, operator_token), 0);
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_account_delete(&f->call, fixture_id(f, &other.id))), 0);
    /* The deletion itself did not go through them. */
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key_usage"), (GONE_KEYS + 1) * GONE_DAYS);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM usage_to_forget"), GONE_KEYS);
}

/* Looks, right after the first piece of the sweep and in the same transaction, how many keys have been forgotten. */
struct look {
    struct lk_job job;
    struct fixture *f;
    int64_t left;
};

static void look_now(struct lk_job *job, struct lk_db *db) {
    (void)db;
    struct look *look = (struct look *)job;
    look->left = fixture_query(look->f, "SELECT count(*) FROM usage_to_forget");
}

/* All that is of an account goes, however large it was, and nothing that is not; the store thread is not held up by it. */
static void test_usage_of_a_deleted_account_goes_in_pieces(void **state) {
    struct world w;
    struct fixture *f = *state;
    delete_large_account(f);
    open_world(state, &w, 100);
    struct gate gate = {.job = {NULL, wait_at_gate, ignore}, .mutex = PTHREAD_MUTEX_INITIALIZER};
    struct look look = {.job = {NULL, look_now, ignore}, .f = f};
    pthread_mutex_lock(&gate.mutex); /* so that the two jobs below are of one batch */
    assert_int_equal(lk_executor_submit(w.executor, &gate.job), 0);
    lk_usage_sweep_old(w.service);
    assert_int_equal(lk_executor_submit(w.executor, &look.job), 0);
    pthread_mutex_unlock(&gate.mutex);
    wait_for_store(&w);
    assert_in_range(look.left, GONE_KEYS / 2, GONE_KEYS - 1);
    wait_until_idle(&w);
    finish(&w);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM usage_to_forget"), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key_usage"), GONE_DAYS);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key_usage WHERE api_key_id NOT IN (SELECT id FROM api_key)"), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM account_usage"), GONE_DAYS);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM account_usage WHERE account_id NOT IN (SELECT id FROM account)"), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key_use WHERE api_key_id NOT IN (SELECT id FROM api_key)"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_outcome_arrives_as_itself, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_each_touch_arrives, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_counts_are_kept_and_read_before_they_are_written, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_how_long_counts_wait, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_read_twice_while_it_is_written, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_hours_that_cannot_be_written_are_still_read, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_many_keys_in_pieces, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_written_is_written_later, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_end_takes_all, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_much_is_collected_at_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_much_is_collected_while_more_comes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_sweep_in_pieces, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_usage_of_a_deleted_account_goes_in_pieces, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
