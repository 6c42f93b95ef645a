#include "keyring/pages.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define HUGE_PAGE LK_PAGES_CHUNK
#define PAGE ((size_t)4096)

static size_t round_up(size_t bytes) {
    return (bytes + PAGE - 1) & ~(PAGE - 1);
}

static void *map(size_t bytes) {
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void *lk_pages_map(size_t bytes) {
    bytes = round_up(bytes);
    if (bytes < HUGE_PAGE)
        return map(bytes);
    char *pages = map(bytes + HUGE_PAGE);
    if (pages == NULL)
        return NULL;
    size_t before = (HUGE_PAGE - ((uintptr_t)pages & (HUGE_PAGE - 1))) & (HUGE_PAGE - 1);
    if (before > 0)
        munmap(pages, before);
    if (before < HUGE_PAGE)
        munmap(pages + before + bytes, HUGE_PAGE - before);
    (void)madvise(pages + before, bytes, MADV_HUGEPAGE); /* without them it only is slower */
    return pages + before;
}

void lk_pages_unmap(void *pages, size_t bytes) {
    bytes = round_up(bytes);
    if (bytes > 0)
        munmap(pages, bytes);
}

/* ---- the maker ---- */

/* The first write to a huge page gets it. This one changes nothing and is atomic, since the writer may be using the memory already. */
static void touch(void *page) {
    _Atomic uint64_t *word = page;
    (void)atomic_fetch_or_explicit(word, 0, memory_order_relaxed);
}

void *lk_pages_chunk(void) {
    char *chunk = lk_pages_map(LK_PAGES_CHUNK);
    if (chunk != NULL)
        touch(chunk);
    return chunk;
}

/* A piece of the job, without the lock. Whether that was the last. */
static bool work_on(struct lk_pages_job *job, size_t at) {
    size_t len = job->bytes - at < HUGE_PAGE ? job->bytes - at : HUGE_PAGE;
    if (job->give_back)
        lk_pages_unmap(job->memory + at, len);
    else
        touch(job->memory + at);
    return at + len == job->bytes;
}

/* Puts the job down, done or not. */
static void put_down(struct lk_maker *maker, bool done) {
    struct lk_pages_job *job = maker->at_hand;
    maker->at_hand = NULL;
    if (done && job->give_back)
        free(job);
    else
        atomic_store_explicit(&job->done, done, memory_order_release);
    pthread_cond_signal(&maker->ended);
}

static void take_up(struct lk_maker *maker) {
    maker->at_hand = maker->first;
    maker->first = maker->first->next;
    maker->at = 0;
    maker->canceled = false;
}

/* A piece of the first job. */
static void run_piece(struct lk_maker *maker) {
    if (maker->at_hand == NULL)
        take_up(maker);
    bool done = false;
    if (!maker->canceled) {
        pthread_mutex_unlock(&maker->lock);
        done = work_on(maker->at_hand, maker->at);
        pthread_mutex_lock(&maker->lock);
        maker->at += HUGE_PAGE;
    }
    if (done || maker->canceled)
        put_down(maker, done);
}

static bool fill_stock(struct lk_maker *maker) {
    pthread_mutex_unlock(&maker->lock);
    void *chunk = lk_pages_chunk();
    pthread_mutex_lock(&maker->lock);
    if (chunk != NULL)
        maker->stock[maker->stock_len++] = chunk;
    return chunk != NULL;
}

/* The stock comes before each piece of a job: a table of gigabytes takes a second or more, and meanwhile the writer goes on taking chunks. */
static void *make(void *context) {
    struct lk_maker *maker = context;
    bool can_fill = true; /* else there was no memory: not before the writer has asked again */
    pthread_mutex_lock(&maker->lock);
    while (!maker->stopping || maker->first != NULL || maker->at_hand != NULL) {
        if (can_fill && maker->stock_len < LK_MAKER_STOCK && !maker->stopping) {
            can_fill = fill_stock(maker);
        } else if (maker->first != NULL || maker->at_hand != NULL) {
            run_piece(maker);
        } else {
            pthread_cond_wait(&maker->wake, &maker->lock);
            can_fill = true;
        }
    }
    pthread_mutex_unlock(&maker->lock);
    return NULL;
}

/* Signals are for the threads of whoever uses the keyring. */
void lk_maker_start(struct lk_maker *maker) {
    if (maker->started || maker->none)
        return;
    maker->started = true;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    maker->running = pthread_create(&maker->thread, NULL, make, maker) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void enqueue(struct lk_maker *maker, struct lk_pages_job *job) {
    pthread_mutex_lock(&maker->lock);
    job->next = NULL;
    if (maker->first == NULL)
        maker->first = job;
    else
        maker->last->next = job;
    maker->last = job;
    pthread_cond_signal(&maker->wake);
    pthread_mutex_unlock(&maker->lock);
}

void lk_maker_open(struct lk_maker *maker) {
    *maker = (struct lk_maker){0};
    pthread_mutex_init(&maker->lock, NULL);
    pthread_cond_init(&maker->wake, NULL);
    pthread_cond_init(&maker->ended, NULL);
}

/* Leaves those that give memory back in the queue: the thread does them before it ends. */
static void forget_preparations(struct lk_maker *maker) {
    struct lk_pages_job *job = maker->first;
    maker->first = NULL;
    maker->canceled = maker->at_hand != NULL && !maker->at_hand->give_back;
    for (struct lk_pages_job *next; job != NULL; job = next) {
        next = job->next;
        if (!job->give_back)
            continue;
        job->next = maker->first;
        maker->first = job;
    }
}

void lk_maker_close(struct lk_maker *maker) {
    if (maker->running) {
        pthread_mutex_lock(&maker->lock);
        forget_preparations(maker);
        maker->stopping = true;
        pthread_cond_signal(&maker->wake);
        pthread_mutex_unlock(&maker->lock);
        pthread_join(maker->thread, NULL);
    }
    while (maker->stock_len > 0)
        lk_pages_unmap(maker->stock[--maker->stock_len], LK_PAGES_CHUNK);
    pthread_cond_destroy(&maker->ended);
    pthread_cond_destroy(&maker->wake);
    pthread_mutex_destroy(&maker->lock);
}

void *lk_maker_chunk(struct lk_maker *maker) {
    void *chunk = NULL;
    if (maker->running) {
        pthread_mutex_lock(&maker->lock);
        if (maker->stock_len > 0)
            chunk = maker->stock[--maker->stock_len];
        pthread_cond_signal(&maker->wake);
        pthread_mutex_unlock(&maker->lock);
    }
    maker->started = maker->running; /* where there was no thread to be had, it is tried again */
    return chunk != NULL ? chunk : lk_pages_map(LK_PAGES_CHUNK);
}

void lk_maker_prepare(struct lk_maker *maker, struct lk_pages_job *job) {
    if (!maker->running || job->bytes < HUGE_PAGE) {
        atomic_store_explicit(&job->done, true, memory_order_relaxed);
        return;
    }
    job->give_back = false;
    enqueue(maker, job);
}

void lk_maker_forget(struct lk_maker *maker, struct lk_pages_job *job) {
    if (atomic_load_explicit(&job->done, memory_order_acquire) || !maker->running)
        return;
    pthread_mutex_lock(&maker->lock);
    struct lk_pages_job *before = NULL;
    for (struct lk_pages_job *at = maker->first; at != NULL; before = at, at = at->next) {
        if (at != job)
            continue;
        if (before == NULL)
            maker->first = at->next;
        else
            before->next = at->next;
        if (maker->last == at)
            maker->last = before;
        break;
    }
    maker->canceled |= maker->at_hand == job;
    while (maker->at_hand == job)
        pthread_cond_wait(&maker->ended, &maker->lock);
    pthread_mutex_unlock(&maker->lock);
}

void lk_maker_give_back(struct lk_maker *maker, struct lk_pages_job *job) {
    if (!maker->running || job->bytes < HUGE_PAGE) {
        lk_pages_unmap(job->memory, job->bytes);
        free(job);
        return;
    }
    job->give_back = true;
    enqueue(maker, job);
}
