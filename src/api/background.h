/*
 * The background thread: what is slow without the database (Argon2id) and so belongs on no I/O or store thread. One thread, one job after another, a
 * bounded queue.
 */
#ifndef LK_API_BACKGROUND_H
#define LK_API_BACKGROUND_H

#include "base/error.h"

#include <stddef.h>

struct lk_background;

struct lk_background_job {
    struct lk_background_job *next; /* the queue's */
    /* On the background thread. It passes the job on; the job may be freed in it. */
    void (*run)(struct lk_background_job *job);
};

/* At most queue_max jobs wait. 0 or LK_ENOMEM. All signals are blocked in the thread. */
int lk_background_start(size_t queue_max, struct lk_background **ret);

/* Queues a job. 0, or LK_EBUSY (full or stopping: it will not run). Any thread; takes a short lock. */
int lk_background_submit(struct lk_background *background, struct lk_background_job *job);

/* How many jobs wait. Any thread. */
size_t lk_background_waiting(struct lk_background *background);

/* Runs what is queued, ends the thread, frees. NULL is fine. */
void lk_background_stop(struct lk_background *background);

#endif
