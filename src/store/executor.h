/*
 * The store thread: owns the connection, runs queued jobs, commits in groups. For each batch: BEGIN, run each job, COMMIT once, then finish each.
 * So a job's finish is called when what it wrote is durable, and a reader's when what it read is.
 *
 * Each job is somebody's. Those of one come in their order; of several, each in turn gives one to a batch, and a batch that has lasted a while is committed
 * as it is. So who asks for much waits for himself, and others wait for one of his jobs at most.
 */
#ifndef STORE_EXECUTOR_H
#define STORE_EXECUTOR_H

#include "store/db.h"

struct lk_executor;

/* Whose a job is: 0 the server's own, of which there are few at a time whatever clients do; up to LK_JOB_OWNERS of clients. */
#define LK_JOB_OWNERS 4096

struct lk_job {
    struct lk_job *next; /* the executor's */
    /* On the store thread, inside the batch's transaction. The job rolls back its own failures (lk_db_savepoint). */
    void (*run)(struct lk_job *job, struct lk_db *db);
    /* On the store thread, after the commit: code 0 (durable), or why the commit failed (nothing of it is there, negative code). The job may be
     * freed in it. Called exactly once for each submitted job, and without run before it where no transaction could be begun. */
    void (*finish)(struct lk_job *job, int code);
    uint32_t owner;
};

struct lk_executor_config {
    struct lk_db *db;              /* lent; closed by the caller after lk_executor_stop */
    size_t queue_max;              /* jobs waiting; more are refused to clients */
    size_t batch_max;              /* jobs a transaction */
    void (*broken)(void *context); /* called once, on the store thread, after an I/O failure: every later job finishes with LK_EIO */
    void *context;
    /* What is kept in memory of the database follows its transactions through these, both on the store thread; NULL: nobody does. begin: a transaction has
     * begun, no job has run. committed: it is durable (0) or nothing of it is there (negative), and no job of it has been finished. */
    void (*begin)(void *context);
    void (*committed)(void *context, int code);
};

/* Sizes of commits are counted up to 1, 2, 4 ... 512 jobs, and more. */
#define LK_COMMIT_SIZES 11

struct lk_executor_stats {
    uint64_t jobs, commits, writing_commits, failed_commits;
    uint64_t sizes[LK_COMMIT_SIZES]; /* of writing commits */
    uint64_t writing_jobs;           /* jobs of writing commits */
    uint64_t cache_bytes;            /* of the database's pages, after the last transaction */
    size_t waiting;
};

int lk_executor_start(const struct lk_executor_config *config, struct lk_executor **ret);

/* Queues a job. 0, or LK_EBUSY (full, where it is a client's, or stopping: finish is not called). Any thread. Bounded time; takes a short lock. */
int lk_executor_submit(struct lk_executor *executor, struct lk_job *job);

/* Queues a job again that has finished and has more to do: 0, or LK_EBUSY (stopping). It was let in once, so it does not matter how many wait. */
int lk_executor_resume(struct lk_executor *executor, struct lk_job *job);

/* Runs what is queued, ends the thread, frees. Submits during it get LK_EBUSY. */
void lk_executor_stop(struct lk_executor *executor);

void lk_executor_stats(struct lk_executor *executor, struct lk_executor_stats *ret); /* any thread */

#endif
