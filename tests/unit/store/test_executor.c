#include "../unit.h"

#include "base/clock.h"
#include "fault_vfs.h"
#include "store/executor.h"
#include "tempdir.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Where a test holds the store thread, so that what it queues meanwhile becomes one batch. */
struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool reached;
    bool open;
};

struct fixture {
    struct tempdir *dir;
    struct lk_db *db;
    struct lk_executor *executor;
    struct gate gate;
    atomic_int broken;
    int order; /* of finishes; the store thread's */
    /* What the hooks saw. */
    int begun;
    int committed;
    int committed_code;
    int order_at_commit; /* finishes before it */
    bool out_of_turn;
};

struct test_job {
    struct lk_job job;
    struct fixture *fixture;
    int64_t number; /* inserted when not 0 */
    size_t filling;
    bool hold;   /* waits at the gate */
    bool forget; /* leaves a savepoint open: a defect */
    int64_t lasts_ns;
    int own_code; /* what its own work gave */
    int ran;
    int finished;
    int code;
    int order;
};

static int insert(struct lk_db *db, int64_t number, size_t filling) {
    static char text[1 << 20];
    memset(text, 'f', filling);
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO item (number, filling) VALUES ($1, $2)");
    lk_bind_int(stmt, 1, number);
    lk_bind_text(stmt, 2, lk_slice_make(text, filling));
    return lk_run(stmt);
}

static int64_t count(struct lk_db *db) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT count(*) FROM item");
    assert_int_equal(lk_step(stmt), 1);
    int64_t value = lk_column_int(stmt, 0);
    lk_stmt_reset(stmt);
    return value;
}

static void wait_at(struct gate *gate) {
    pthread_mutex_lock(&gate->mutex);
    gate->reached = true;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open)
        pthread_cond_wait(&gate->changed, &gate->mutex);
    pthread_mutex_unlock(&gate->mutex);
}

static void await_arrival(struct gate *gate) {
    pthread_mutex_lock(&gate->mutex);
    while (!gate->reached)
        pthread_cond_wait(&gate->changed, &gate->mutex);
    pthread_mutex_unlock(&gate->mutex);
}

static void open_gate(struct gate *gate) {
    pthread_mutex_lock(&gate->mutex);
    gate->open = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->mutex);
}

/* The executor's clock: no time passes but what jobs are said to last, so that a slow machine ends no batch. */
static _Atomic int64_t now_ns;
int64_t __wrap_lk_clock_mono_ns(void);

int64_t __wrap_lk_clock_mono_ns(void) {
    return atomic_load(&now_ns);
}

/* As the domain does it: a savepoint that is released when the work is done and undone when it failed. */
static void run_job(struct lk_job *job, struct lk_db *db) {
    struct test_job *mine = (struct test_job *)job;
    mine->ran++;
    if (mine->hold)
        wait_at(&mine->fixture->gate);
    atomic_fetch_add(&now_ns, mine->lasts_ns);
    if (mine->number == 0)
        return;
    mine->own_code = lk_db_savepoint(db);
    if (mine->own_code != 0)
        return;
    mine->own_code = insert(db, mine->number, mine->filling);
    if (mine->forget)
        return;
    if (mine->own_code == 0)
        mine->own_code = lk_db_release(db);
    else
        lk_db_rollback_to(db);
}

static void finish_job(struct lk_job *job, int code) {
    struct test_job *mine = (struct test_job *)job;
    mine->finished++;
    mine->code = code;
    mine->order = ++mine->fixture->order;
}

static struct test_job job_of(struct fixture *fixture, int64_t number) {
    return (struct test_job){.job = {NULL, run_job, finish_job}, .fixture = fixture, .number = number, .filling = 10, .code = 1};
}

static void note_broken(void *context) {
    struct fixture *fixture = context;
    fixture->broken++;
}

static void start(struct fixture *fixture, size_t queue_max, size_t batch_max) {
    const struct lk_executor_config config = {fixture->db, queue_max, batch_max, note_broken, fixture};
    assert_int_equal(lk_executor_start(&config, &fixture->executor), 0);
}

static void note_begin(void *context) {
    struct fixture *fixture = context;
    fixture->out_of_turn |= fixture->begun != fixture->committed;
    fixture->begun++;
}

static void note_committed(void *context, int code) {
    struct fixture *fixture = context;
    fixture->committed++;
    fixture->committed_code = code;
    fixture->order_at_commit = fixture->order;
}

static void start_hooked(struct fixture *fixture) {
    const struct lk_executor_config config = {.db = fixture->db,
                                              .queue_max = 100,
                                              .batch_max = 100,
                                              .broken = note_broken,
                                              .context = fixture,
                                              .begin = note_begin,
                                              .committed = note_committed};
    assert_int_equal(lk_executor_start(&config, &fixture->executor), 0);
}

static void submit(struct fixture *fixture, struct test_job *job) {
    assert_int_equal(lk_executor_submit(fixture->executor, &job->job), 0);
}

/* Queues jobs so that all but the first, which only holds the thread, are one batch; then stops, which runs them all. */
static void run_as_batch(struct fixture *fixture, struct test_job *jobs, size_t len) {
    struct test_job holder = job_of(fixture, 0);
    holder.hold = true;
    submit(fixture, &holder);
    await_arrival(&fixture->gate);
    for (size_t i = 0; i < len; i++)
        submit(fixture, &jobs[i]);
    open_gate(&fixture->gate);
    lk_executor_stop(fixture->executor);
    assert_int_equal(holder.finished, 1);
}

static int setup(void **state) {
    static const struct fault_plan none = {FAULT_NONE, 0, 0, false, 0};
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fault_vfs_plan(none);
    if (fixture == NULL || fault_vfs_install() != 0 || tempdir_setup((void **)&fixture->dir) != 0)
        return -1;
    pthread_mutex_init(&fixture->gate.mutex, NULL);
    pthread_cond_init(&fixture->gate.changed, NULL);
    *state = fixture;
    if (lk_db_open_sqlite(fixture->dir->file, true, &fixture->db, NULL) != 0)
        return -1;
    return lk_db_exec(fixture->db, "CREATE TABLE item (number BIGINT NOT NULL PRIMARY KEY, filling TEXT)");
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    lk_db_close(fixture->db);
    pthread_cond_destroy(&fixture->gate.changed);
    pthread_mutex_destroy(&fixture->gate.mutex);
    int result = tempdir_teardown((void **)&fixture->dir);
    free(fixture);
    return result;
}

/* The database as the next start finds it. */
static int64_t count_after_restart(struct fixture *fixture) {
    lk_db_close(fixture->db);
    fixture->db = NULL;
    fault_vfs_plan((struct fault_plan){FAULT_NONE, 0, 0, false, 0});
    assert_int_equal(lk_db_open_sqlite(fixture->dir->file, false, &fixture->db, NULL), 0);
    struct lk_problem problem;
    assert_int_equal(lk_db_check(fixture->db, &problem), 0);
    return count(fixture->db);
}

static void test_one_commit_a_batch(void **state) {
    struct fixture *fixture = *state;
    struct test_job jobs[10];
    for (int i = 0; i < 10; i++)
        jobs[i] = job_of(fixture, i + 1);
    jobs[5].number = 1; /* fails by itself and takes nobody along */
    start(fixture, 100, 64);
    fault_vfs_plan((struct fault_plan){FAULT_NONE, 0, 0, false, 0});
    run_as_batch(fixture, jobs, 10);
    assert_int_equal(fault_vfs_count(FAULT_SYNC), 1);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(jobs[i].ran, 1);
        assert_int_equal(jobs[i].finished, 1);
        assert_int_equal(jobs[i].code, 0);
        assert_int_equal(jobs[i].order, i + 2); /* the holder was the first */
        assert_int_equal(jobs[i].own_code, i == 5 ? LK_ECONFLICT : 0);
    }
    assert_int_equal(count_after_restart(fixture), 9);
    assert_int_equal(fixture->broken, 0);
}

static void test_batch_max_and_stats(void **state) {
    struct fixture *fixture = *state;
    struct test_job jobs[10];
    for (int i = 0; i < 10; i++)
        jobs[i] = job_of(fixture, i < 4 ? 0 : i + 1); /* four readers first */
    struct test_job holder = job_of(fixture, 0);
    holder.hold = true;
    start(fixture, 100, 4);
    submit(fixture, &holder);
    await_arrival(&fixture->gate);
    for (int i = 0; i < 10; i++)
        submit(fixture, &jobs[i]);
    struct lk_executor_stats stats;
    lk_executor_stats(fixture->executor, &stats);
    assert_int_equal(stats.waiting, 10);
    assert_int_equal(stats.jobs, 0);

    /* A last job, whose finish comes after the counting of all before it. */
    struct test_job last = job_of(fixture, 0);
    last.hold = true;
    submit(fixture, &last);
    open_gate(&fixture->gate);
    do
        lk_executor_stats(fixture->executor, &stats);
    while (stats.jobs < 12);
    assert_int_equal(stats.waiting, 0);
    assert_int_equal(stats.commits, 4); /* the holder; 4; 4; 2 and the last */
    assert_int_equal(stats.writing_commits, 2);
    assert_int_equal(stats.failed_commits, 0);
    lk_executor_stop(fixture->executor);
    assert_int_equal(count(fixture->db), 6);
}

/* For clients: the server's own work, of which there is little, finds room always, and so does what was let in and goes on. */
static void test_queue_is_bounded(void **state) {
    struct fixture *fixture = *state;
    struct test_job jobs[4];
    struct test_job own = job_of(fixture, 5);
    struct test_job resumed = job_of(fixture, 6);
    resumed.job.owner = 1;
    for (int i = 0; i < 4; i++) {
        jobs[i] = job_of(fixture, i + 1);
        jobs[i].job.owner = 1;
    }
    struct test_job holder = job_of(fixture, 0);
    holder.hold = true;
    start(fixture, 3, 64);
    submit(fixture, &holder);
    await_arrival(&fixture->gate);
    for (int i = 0; i < 3; i++)
        submit(fixture, &jobs[i]);
    assert_int_equal(lk_executor_submit(fixture->executor, &jobs[3].job), LK_EBUSY);
    submit(fixture, &own);
    assert_int_equal(lk_executor_submit(fixture->executor, &jobs[3].job), LK_EBUSY);
    assert_int_equal(lk_executor_resume(fixture->executor, &resumed.job), 0);
    open_gate(&fixture->gate);
    lk_executor_stop(fixture->executor);
    assert_int_equal(own.finished, 1);
    assert_int_equal(resumed.finished, 1);
    assert_int_equal(jobs[2].finished, 1);
    assert_int_equal(jobs[3].ran + jobs[3].finished, 0);
}

/* Who queued much before others came is not served before them: each owner in turn has one job run, in the owner's order. */
static void test_owners_take_turns(void **state) {
    struct fixture *fixture = *state;
    static const struct {
        uint32_t owner;
        int order; /* the holder is the first */
    } cases[] = {{7, 2}, {7, 5}, {7, 7}, {7, 8}, {LK_JOB_OWNERS, 3}, {LK_JOB_OWNERS, 6}, {0, 4}};
    const size_t len = sizeof(cases) / sizeof(cases[0]);
    struct test_job jobs[sizeof(cases) / sizeof(cases[0])];
    for (size_t i = 0; i < len; i++) {
        jobs[i] = job_of(fixture, (int64_t)i + 1);
        jobs[i].job.owner = cases[i].owner;
    }
    start(fixture, 100, 2); /* the turns go on from one batch to the next */
    run_as_batch(fixture, jobs, len);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(jobs[i].order, cases[i].order);
    assert_int_equal(count_after_restart(fixture), len);
}

/* A batch that has lasted long is committed, and what is left of it is another's: nobody waits for all that was queued with him. */
static void test_a_long_batch_ends(void **state) {
    struct fixture *fixture = *state;
    struct test_job jobs[4];
    for (int i = 0; i < 4; i++)
        jobs[i] = job_of(fixture, i + 1);
    jobs[1].lasts_ns = 50000000;
    start(fixture, 100, 64);
    fault_vfs_plan((struct fault_plan){FAULT_NONE, 0, 0, false, 0});
    run_as_batch(fixture, jobs, 4);
    assert_int_equal(fault_vfs_count(FAULT_SYNC), 2);
    for (int i = 0; i < 4; i++)
        assert_int_equal(jobs[i].order, i + 2);
    assert_int_equal(count_after_restart(fixture), 4);
}

static void *stop_it(void *context) {
    struct fixture *fixture = context;
    lk_executor_stop(fixture->executor);
    return NULL;
}

/* What is queued is done; what comes while stopping is refused. */
static void test_stop_drains(void **state) {
    struct fixture *fixture = *state;
    struct test_job jobs[20];
    struct test_job holder = job_of(fixture, 0);
    holder.hold = true;
    start(fixture, 100, 3);
    submit(fixture, &holder);
    await_arrival(&fixture->gate);
    for (int i = 0; i < 20; i++) {
        jobs[i] = job_of(fixture, i + 1);
        submit(fixture, &jobs[i]);
    }
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, stop_it, fixture), 0);
    /* The thread is held, so the executor lives until the gate opens; at some point it refuses. */
    static struct test_job late[70];
    int queued = 0;
    for (; queued < 70; queued++) {
        late[queued] = job_of(fixture, 0);
        if (lk_executor_submit(fixture->executor, &late[queued].job) != 0)
            break;
    }
    open_gate(&fixture->gate);
    pthread_join(stopper, NULL);
    for (int i = 0; i < 20; i++)
        assert_int_equal(jobs[i].finished, 1);
    for (int i = 0; i < queued; i++)
        assert_int_equal(late[i].finished, 1);
    assert_int_equal(count(fixture->db), 20);
}

/* The commit finds the disk full: no job of the batch is told that it is durable, the next batch goes on. */
static void test_commit_fails(void **state) {
    struct fixture *fixture = *state;
    struct test_job jobs[5];
    for (int i = 0; i < 5; i++)
        jobs[i] = job_of(fixture, i + 1);
    start(fixture, 100, 64);
    fault_vfs_plan((struct fault_plan){FAULT_WRITE, 0, SQLITE_FULL, true, 0});
    run_as_batch(fixture, jobs, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(jobs[i].own_code, 0);
        assert_int_equal(jobs[i].finished, 1);
        assert_int_equal(jobs[i].code, LK_EFULL);
    }
    assert_int_equal(fixture->broken, 0);
    assert_int_equal(count(fixture->db), 0);

    struct test_job again = job_of(fixture, 1);
    start(fixture, 100, 64);
    submit(fixture, &again);
    lk_executor_stop(fixture->executor);
    assert_int_equal(again.code, 0);
    assert_int_equal(count_after_restart(fixture), 1);
}

static void test_sync_fails(void **state) {
    struct fixture *fixture = *state;
    struct test_job jobs[6];
    for (int i = 0; i < 6; i++)
        jobs[i] = job_of(fixture, i + 1);
    start(fixture, 100, 3);
    fault_vfs_plan((struct fault_plan){FAULT_SYNC, 0, SQLITE_IOERR_FSYNC, true, 0});
    run_as_batch(fixture, jobs, 6);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(jobs[i].ran, i < 3);
        assert_int_equal(jobs[i].finished, 1);
        assert_int_equal(jobs[i].code, LK_EIO);
    }
    assert_int_equal(fixture->broken, 1);
}

/* A job that loses the transaction: those before it in the batch lose their work and are told so; those behind it get a transaction of their own. */
static void test_transaction_lost(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(lk_db_exec(fixture->db, "PRAGMA cache_size = 10"), 0);
    struct test_job jobs[6];
    for (int i = 0; i < 6; i++)
        jobs[i] = job_of(fixture, i + 1);
    jobs[2].filling = 1 << 20;
    start(fixture, 100, 64);
    fault_vfs_plan((struct fault_plan){FAULT_WRITE, 20, SQLITE_FULL, true, 0});
    run_as_batch(fixture, jobs, 6);
    assert_int_equal(jobs[2].own_code, LK_EFULL);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(jobs[i].ran, 1);
        assert_int_equal(jobs[i].finished, 1);
        assert_int_equal(jobs[i].code, i <= 2 ? LK_EFULL : 0);
    }
    assert_int_equal(fixture->broken, 0);
    assert_int_equal(count_after_restart(fixture), 3);
}

static void test_io_error_in_job(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(lk_db_exec(fixture->db, "PRAGMA cache_size = 10"), 0);
    struct test_job jobs[6];
    for (int i = 0; i < 6; i++)
        jobs[i] = job_of(fixture, i + 1);
    jobs[2].filling = 1 << 20;
    start(fixture, 100, 64);
    fault_vfs_plan((struct fault_plan){FAULT_WRITE, 20, SQLITE_IOERR_WRITE, true, 0});
    run_as_batch(fixture, jobs, 6);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(jobs[i].ran, i <= 2);
        assert_int_equal(jobs[i].code, LK_EIO);
    }
    assert_int_equal(fixture->broken, 1);
    assert_int_equal(count_after_restart(fixture), 0);
}

/* A defect of ours in one job must not let the batch through as if nothing were. */
static void test_forgotten_savepoint(void **state) {
    struct fixture *fixture = *state;
    struct test_job jobs[2] = {job_of(fixture, 1), job_of(fixture, 2)};
    jobs[0].forget = true;
    start(fixture, 100, 64);
    run_as_batch(fixture, jobs, 2);
    assert_int_equal(jobs[0].code, LK_EINTERNAL);
    assert_int_equal(jobs[1].code, LK_EINTERNAL);
    assert_int_equal(count_after_restart(fixture), 0);
}

static void test_hooks_stand_between_commit_and_finish(void **state) {
    struct fixture *fixture = *state;
    struct test_job jobs[2] = {job_of(fixture, 1), job_of(fixture, 2)};
    start_hooked(fixture);
    run_as_batch(fixture, jobs, 2);
    assert_int_equal(fixture->begun, 2); /* the holder's, and that of both jobs */
    assert_int_equal(fixture->committed, 2);
    assert_false(fixture->out_of_turn);
    assert_int_equal(fixture->committed_code, 0);
    assert_int_equal(fixture->order_at_commit, 1); /* the holder alone was finished */
    assert_int_equal(fixture->order, 3);
}

static void test_hooks_are_told_of_a_lost_transaction(void **state) {
    struct fixture *fixture = *state;
    struct test_job jobs[2] = {job_of(fixture, 1), job_of(fixture, 2)};
    jobs[1].forget = true;
    start_hooked(fixture);
    run_as_batch(fixture, jobs, 2);
    assert_int_equal(fixture->committed, 2);
    assert_int_equal(fixture->committed_code, LK_EINTERNAL);
    assert_int_equal(fixture->order_at_commit, 1);
}

static void note_signals(struct lk_job *job, struct lk_db *db) {
    (void)db;
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    struct test_job *mine = (struct test_job *)job;
    mine->own_code = sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGINT) && sigismember(&blocked, SIGHUP);
}

static void test_signals_are_blocked(void **state) {
    struct fixture *fixture = *state;
    struct test_job job = job_of(fixture, 0);
    job.job.run = note_signals;
    start(fixture, 10, 10);
    sigset_t mine;
    pthread_sigmask(SIG_SETMASK, NULL, &mine);
    assert_false(sigismember(&mine, SIGTERM));
    submit(fixture, &job);
    lk_executor_stop(fixture->executor);
    assert_int_equal(job.own_code, 1);
}

static void test_bad_config(void **state) {
    struct fixture *fixture = *state;
    struct lk_executor *executor = NULL;
    const struct lk_executor_config bad[] = {{NULL, 1, 1, NULL, NULL}, {fixture->db, 0, 1, NULL, NULL}, {fixture->db, 1, 0, NULL, NULL}};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(lk_executor_start(&bad[i], &executor), LK_EINVAL);
    assert_null(executor);
    lk_executor_stop(NULL);
}

/* Jobs that are freed by their finish, from several threads at once. */
struct heap_job {
    struct lk_job job;
    int64_t number;
    atomic_int *done;
};

static void run_heap(struct lk_job *job, struct lk_db *db) {
    if (insert(db, ((struct heap_job *)job)->number, 10) != 0)
        abort();
}

static void finish_heap(struct lk_job *job, int code) {
    struct heap_job *mine = (struct heap_job *)job;
    if (code == 0)
        atomic_fetch_add(mine->done, 1);
    free(mine);
}

struct producer {
    struct fixture *fixture;
    int64_t first;
    atomic_int *done;
};

#define PRODUCED 250

static void *produce(void *context) {
    const struct producer *producer = context;
    for (int64_t i = 0; i < PRODUCED; i++) {
        struct heap_job *job = calloc(1, sizeof *job);
        if (job == NULL)
            abort();
        *job = (struct heap_job){{NULL, run_heap, finish_heap, 1}, producer->first + i, producer->done};
        while (lk_executor_submit(producer->fixture->executor, &job->job) != 0)
            sched_yield();
    }
    return NULL;
}

static void test_producers(void **state) {
    struct fixture *fixture = *state;
    atomic_int done = 0;
    struct producer producers[4];
    pthread_t threads[4];
    start(fixture, 50, 64);
    for (int i = 0; i < 4; i++) {
        producers[i] = (struct producer){fixture, 1 + i * 1000, &done};
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    lk_executor_stop(fixture->executor);
    assert_int_equal(done, 4 * PRODUCED);
    assert_int_equal(count_after_restart(fixture), 4 * PRODUCED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_commit_a_batch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_batch_max_and_stats, setup, teardown),
        cmocka_unit_test_setup_teardown(test_queue_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_owners_take_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_long_batch_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop_drains, setup, teardown),
        cmocka_unit_test_setup_teardown(test_commit_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sync_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_transaction_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(test_io_error_in_job, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forgotten_savepoint, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hooks_stand_between_commit_and_finish, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hooks_are_told_of_a_lost_transaction, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signals_are_blocked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_config, setup, teardown),
        cmocka_unit_test_setup_teardown(test_producers, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
