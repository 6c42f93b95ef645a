/*
 * The store thread. The queue is under a mutex that is held for a few instructions; everything else belongs to the thread.
 *
 * A batch is one transaction. When a job loses the transaction (lk_db_transaction_code), what the jobs before it did in this batch is lost too: they
 * and it finish with the reason, and the jobs that had not run yet are for the next. So no job is told 0 for work that is not on disk, and one job that
 * fills the disk does not take those behind it along.
 */
#include "store/executor.h"

#include "base/clock.h"
#include "base/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/* How long a batch runs jobs, and finishes the last of them: several times what a batch of small ones takes. */
#define BATCH_NS ((int64_t)20000000)

/* The jobs of one owner, in their order. */
struct line {
    struct lk_job *first;
    struct lk_job *last;
    struct line *next; /* while it is in the round */
};

struct lk_executor {
    struct lk_executor_config config;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t arrived;
    struct line *round_first; /* lines with jobs: the first gives its next job, and goes behind the last */
    struct line *round_last;
    struct lk_executor_stats stats;
    bool stopping;
    bool told_broken; /* the thread's own */
    struct line lines[1 + LK_JOB_OWNERS];
};

/* --- the queue, under the mutex --- */

static void join_round(struct lk_executor *executor, struct line *line) {
    line->next = NULL;
    if (executor->round_last != NULL)
        executor->round_last->next = line;
    else
        executor->round_first = line;
    executor->round_last = line;
}

static void put_job(struct lk_executor *executor, struct lk_job *job) {
    struct line *line = &executor->lines[job->owner];
    job->next = NULL;
    if (line->first == NULL) {
        line->first = job;
        join_round(executor, line);
    } else {
        line->last->next = job;
    }
    line->last = job;
    executor->stats.waiting++;
}

/* There is one. */
static struct lk_job *take_job(struct lk_executor *executor) {
    struct line *line = executor->round_first;
    struct lk_job *job = line->first;
    executor->round_first = line->next;
    if (executor->round_first == NULL)
        executor->round_last = NULL;
    line->first = job->next;
    if (line->first != NULL)
        join_round(executor, line);
    executor->stats.waiting--;
    return job;
}

/* Waits for jobs. How many are to be in a batch; 0 when stopping and there are none. */
static size_t await_jobs(struct lk_executor *executor) {
    pthread_mutex_lock(&executor->mutex);
    while (executor->round_first == NULL && !executor->stopping)
        pthread_cond_wait(&executor->arrived, &executor->mutex);
    size_t len = executor->stats.waiting;
    pthread_mutex_unlock(&executor->mutex);
    return len < executor->config.batch_max ? len : executor->config.batch_max;
}

static struct lk_job *next_job(struct lk_executor *executor) {
    pthread_mutex_lock(&executor->mutex);
    struct lk_job *job = take_job(executor);
    pthread_mutex_unlock(&executor->mutex);
    job->next = NULL;
    return job;
}

/* --- batches --- */

static size_t size_class(uint64_t jobs) {
    size_t class = 0;
    while (class < LK_COMMIT_SIZES - 1 && jobs > (uint64_t)1 << class)
        class ++;
    return class;
}

static void count_batch(struct lk_executor *executor, uint64_t jobs, bool writing, int code) {
    uint64_t cache_bytes = lk_db_cache_bytes(executor->config.db);
    pthread_mutex_lock(&executor->mutex);
    executor->stats.jobs += jobs;
    executor->stats.cache_bytes = cache_bytes;
    if (code != 0) {
        executor->stats.failed_commits++;
    } else {
        executor->stats.commits++;
        if (writing) {
            executor->stats.writing_commits++;
            executor->stats.writing_jobs += jobs;
            executor->stats.sizes[size_class(jobs)]++;
        }
    }
    pthread_mutex_unlock(&executor->mutex);
}

static void tell_when_broken(struct lk_executor *executor) {
    if (executor->told_broken || !lk_db_is_broken(executor->config.db))
        return;
    executor->told_broken = true;
    lk_log(LK_LOG_ERROR, "the database is out of use after an I/O failure: %s", lk_db_message(executor->config.db));
    if (executor->config.broken != NULL)
        executor->config.broken(executor->config.context);
}

/* A job may be freed by its finish. */
static void finish(struct lk_job *job, int code) {
    while (job != NULL) {
        struct lk_job *next = job->next;
        job->finish(job, code);
        job = next;
    }
}

/* One transaction with as many of len jobs as it survives and there is time for. When it cannot be begun all of them finish with the reason. */
static void run_batch(struct lk_executor *executor, size_t len) {
    struct lk_db *db = executor->config.db;
    const int64_t end_ns = lk_clock_mono_ns() + BATCH_NS;
    int code = lk_db_begin(db);
    const bool begun = code == 0;
    bool writing = false;
    struct lk_job *jobs = NULL;
    struct lk_job **last = &jobs;
    size_t count = 0;
    if (begun && executor->config.begin != NULL)
        executor->config.begin(executor->config.context);
    do {
        struct lk_job *job = next_job(executor);
        *last = job;
        last = &job->next;
        count++;
        if (begun)
            job->run(job, db);
    } while (count < len && (!begun || (lk_db_transaction_code(db) == 0 && lk_clock_mono_ns() < end_ns)));
    if (begun) {
        writing = lk_db_is_writing(db);
        code = lk_db_commit(db);
        if (executor->config.committed != NULL)
            executor->config.committed(executor->config.context, code);
    }
    tell_when_broken(executor);
    count_batch(executor, begun ? count : 0, writing, code);
    finish(jobs, code);
}

static void *run(void *context) {
    struct lk_executor *executor = context;
    pthread_setname_np(pthread_self(), "store");
    size_t len;
    while ((len = await_jobs(executor)) > 0)
        run_batch(executor, len);
    return NULL;
}

/* Signals are the main thread's: the new thread inherits a mask that blocks them all. */
static int start_thread(struct lk_executor *executor) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&executor->thread, NULL, run, executor);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0 ? 0 : LK_ENOMEM;
}

int lk_executor_start(const struct lk_executor_config *config, struct lk_executor **ret) {
    if (config->db == NULL || config->queue_max == 0 || config->batch_max == 0)
        return LK_EINVAL;
    struct lk_executor *executor = calloc(1, sizeof *executor);
    if (executor == NULL)
        return LK_ENOMEM;
    executor->config = *config;
    int code = LK_ENOMEM;
    if (pthread_mutex_init(&executor->mutex, NULL) != 0)
        goto free_executor;
    if (pthread_cond_init(&executor->arrived, NULL) != 0)
        goto destroy_mutex;
    code = start_thread(executor);
    if (code != 0)
        goto destroy_condition;
    *ret = executor;
    return 0;

destroy_condition:
    pthread_cond_destroy(&executor->arrived);
destroy_mutex:
    pthread_mutex_destroy(&executor->mutex);
free_executor:
    free(executor);
    return code;
}

static int queue(struct lk_executor *executor, struct lk_job *job, bool always) {
    pthread_mutex_lock(&executor->mutex);
    bool refused = executor->stopping || (!always && executor->stats.waiting >= executor->config.queue_max);
    if (!refused) {
        put_job(executor, job);
        pthread_cond_signal(&executor->arrived);
    }
    pthread_mutex_unlock(&executor->mutex);
    return refused ? LK_EBUSY : 0;
}

int lk_executor_submit(struct lk_executor *executor, struct lk_job *job) {
    return queue(executor, job, job->owner == 0);
}

int lk_executor_resume(struct lk_executor *executor, struct lk_job *job) {
    return queue(executor, job, true);
}

void lk_executor_stop(struct lk_executor *executor) {
    if (executor == NULL)
        return;
    pthread_mutex_lock(&executor->mutex);
    executor->stopping = true;
    pthread_cond_signal(&executor->arrived);
    pthread_mutex_unlock(&executor->mutex);
    pthread_join(executor->thread, NULL);
    pthread_cond_destroy(&executor->arrived);
    pthread_mutex_destroy(&executor->mutex);
    free(executor);
}

void lk_executor_stats(struct lk_executor *executor, struct lk_executor_stats *ret) {
    pthread_mutex_lock(&executor->mutex);
    *ret = executor->stats;
    pthread_mutex_unlock(&executor->mutex);
}
