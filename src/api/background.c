#include "api/background.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

struct lk_background {
    size_t queue_max;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t arrived;
    struct lk_background_job *first;
    struct lk_background_job *last;
    size_t waiting;
    bool stopping;
};

/* The next job, waiting for one. NULL when stopping and the queue is empty. */
static struct lk_background_job *take(struct lk_background *background) {
    pthread_mutex_lock(&background->mutex);
    while (background->first == NULL && !background->stopping)
        pthread_cond_wait(&background->arrived, &background->mutex);
    struct lk_background_job *job = background->first;
    if (job != NULL) {
        background->first = job->next;
        background->waiting--;
    }
    if (background->first == NULL)
        background->last = NULL;
    pthread_mutex_unlock(&background->mutex);
    return job;
}

static void *run(void *context) {
    struct lk_background *background = context;
    pthread_setname_np(pthread_self(), "background");
    struct lk_background_job *job;
    while ((job = take(background)) != NULL)
        job->run(job);
    return NULL;
}

/* Signals are the main thread's: the new thread inherits a mask that blocks them all. */
static int start_thread(struct lk_background *background) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&background->thread, NULL, run, background);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0 ? 0 : LK_ENOMEM;
}

int lk_background_start(size_t queue_max, struct lk_background **ret) {
    struct lk_background *background = calloc(1, sizeof(*background));
    if (background == NULL)
        return LK_ENOMEM;
    background->queue_max = queue_max;
    int code = LK_ENOMEM;
    if (pthread_mutex_init(&background->mutex, NULL) != 0)
        goto free_background;
    if (pthread_cond_init(&background->arrived, NULL) != 0)
        goto destroy_mutex;
    code = start_thread(background);
    if (code != 0)
        goto destroy_condition;
    *ret = background;
    return 0;

destroy_condition:
    pthread_cond_destroy(&background->arrived);
destroy_mutex:
    pthread_mutex_destroy(&background->mutex);
free_background:
    free(background);
    return code;
}

int lk_background_submit(struct lk_background *background, struct lk_background_job *job) {
    pthread_mutex_lock(&background->mutex);
    bool refused = background->stopping || background->waiting >= background->queue_max;
    if (!refused) {
        job->next = NULL;
        if (background->last != NULL)
            background->last->next = job;
        else
            background->first = job;
        background->last = job;
        background->waiting++;
        pthread_cond_signal(&background->arrived);
    }
    pthread_mutex_unlock(&background->mutex);
    return refused ? LK_EBUSY : 0;
}

size_t lk_background_waiting(struct lk_background *background) {
    pthread_mutex_lock(&background->mutex);
    size_t waiting = background->waiting;
    pthread_mutex_unlock(&background->mutex);
    return waiting;
}

void lk_background_stop(struct lk_background *background) {
    if (background == NULL)
        return;
    pthread_mutex_lock(&background->mutex);
    background->stopping = true;
    pthread_cond_signal(&background->arrived);
    pthread_mutex_unlock(&background->mutex);
    pthread_join(background->thread, NULL);
    pthread_cond_destroy(&background->arrived);
    pthread_mutex_destroy(&background->mutex);
    free(background);
}
