/*
 * The store thread. The queue is a list under a mutex that is held for a few instructions; everything else belongs to the thread.
 *
 * A batch is one transaction. When a job loses the transaction (lk_db_transaction_code), what the jobs before it did in this batch is lost too: they
 * and it finish with the reason, and the jobs that had not run yet get a transaction of their own. So no job is told 0 for work that is not
 * on disk, and one job that fills the disk does not take those behind it along.
 */
#include "store/executor.h"

#include "base/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct lk_executor {
    struct lk_executor_config config;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t arrived;
    struct lk_job *first;
    struct lk_job *last;
    struct lk_executor_stats stats;
    bool stopping;
    bool told_broken; /* the thread's own */
};

/* Takes up to batch_max jobs off the queue, waiting for the first. NULL when stopping and the queue is empty. */
static struct lk_job *take_batch(struct lk_executor *executor) {
    pthread_mutex_lock(&executor->mutex);
    while (executor->first == NULL && !executor->stopping)
        pthread_cond_wait(&executor->arrived, &executor->mutex);

    struct lk_job *batch = executor->first;
    struct lk_job *last = NULL;
    size_t count = 0;
    for (struct lk_job *job = batch; job != NULL && count < executor->config.batch_max; job = job->next) {
        last = job;
        count++;
    }
    if (last != NULL) {
        executor->first = last->next;
        last->next = NULL;
    }
    if (executor->first == NULL)
        executor->last = NULL;
    executor->stats.waiting -= count;
    pthread_mutex_unlock(&executor->mutex);
    return batch;
}

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

/* Finishes the jobs from first up to and without end. A job may be freed by its finish. */
static void finish(struct lk_job *first, const struct lk_job *end, int code) {
    while (first != end) {
        struct lk_job *next = first->next;
        first->finish(first, code);
        first = next;
    }
}

/* One transaction with as many of the jobs as it survives; finishes them and returns the rest. */
static struct lk_job *run_transaction(struct lk_executor *executor, struct lk_job *jobs) {
    struct lk_db *db = executor->config.db;
    int code = lk_db_begin(db);
    struct lk_job *end = NULL;
    uint64_t count = 0;
    bool writing = false;
    if (code == 0) {
        end = jobs;
        if (executor->config.begin != NULL)
            executor->config.begin(executor->config.context);
        while (end != NULL && lk_db_transaction_code(db) == 0) {
            struct lk_job *job = end;
            end = job->next;
            job->run(job, db);
            count++;
        }
        writing = lk_db_is_writing(db);
        code = lk_db_commit(db);
        if (executor->config.committed != NULL)
            executor->config.committed(executor->config.context, code);
    }
    tell_when_broken(executor);
    count_batch(executor, count, writing, code);
    finish(jobs, end, code);
    return end;
}

static void *run(void *context) {
    struct lk_executor *executor = context;
    pthread_setname_np(pthread_self(), "store");
    struct lk_job *jobs;
    while ((jobs = take_batch(executor)) != NULL) {
        while (jobs != NULL)
            jobs = run_transaction(executor, jobs);
    }
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

int lk_executor_submit(struct lk_executor *executor, struct lk_job *job) {
    pthread_mutex_lock(&executor->mutex);
    bool refused = executor->stopping || executor->stats.waiting >= executor->config.queue_max;
    if (!refused) {
        job->next = NULL;
        if (executor->last != NULL)
            executor->last->next = job;
        else
            executor->first = job;
        executor->last = job;
        executor->stats.waiting++;
        pthread_cond_signal(&executor->arrived);
    }
    pthread_mutex_unlock(&executor->mutex);
    return refused ? LK_EBUSY : 0;
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
