/* Large memory, in huge pages where the system gives them: a look-up in gigabytes otherwise pays for the page tables too. */
#ifndef KEYRING_PAGES_H
#define KEYRING_PAGES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* bytes zeroed bytes, page-aligned (2 MiB-aligned from that size on), or NULL. */
void *lk_pages_map(size_t bytes);
void lk_pages_unmap(void *pages, size_t bytes);

/* LK_PAGES_CHUNK zeroed bytes that are there: using them takes no time. NULL when there is no memory. */
void *lk_pages_chunk(void);

/*
 * The system zeroes a huge page when it is first used, and takes large memory back page by page: milliseconds, which a change of the keyring must not
 * wait for. A maker is a thread beside the writer that does both, long before the writer needs it: it may share a processor with the writer. Where there
 * is no thread (not needed yet, or none to be had) the writer does it itself, and only is slower. All functions are the writer's.
 */
#define LK_PAGES_CHUNK ((size_t)2 << 20)
#define LK_MAKER_STOCK 2

/* Memory for the maker to work on. Zeroed before its first use. */
struct lk_pages_job {
    char *memory;
    size_t bytes;
    bool give_back;
    _Atomic bool done; /* any page of it may be used before; from then on that takes no time */
    struct lk_pages_job *next;
};

struct lk_maker {
    pthread_mutex_t lock; /* held for a few instructions only */
    pthread_cond_t wake;  /* the maker: there is something to do */
    pthread_cond_t ended; /* the writer: the job at hand was put down */
    pthread_t thread;
    bool none;    /* no thread is wanted */
    bool started; /* or it was tried in vain */
    bool running;
    bool stopping;
    bool canceled; /* the job at hand */
    void *stock[LK_MAKER_STOCK];
    _Atomic size_t stock_len;
    struct lk_pages_job *first, *last, *at_hand;
    size_t at; /* bytes of the job at hand that are done: the maker's */
};

void lk_maker_open(struct lk_maker *maker);

/* Starts the thread, which fills the stock, unless it runs or is not wanted: long before the first lk_maker_chunk, for it has to be given time by the system. */
void lk_maker_start(struct lk_maker *maker);

/* Ends the thread and gives back what it was to give back; jobs to prepare are forgotten. */
void lk_maker_close(struct lk_maker *maker);

/* LK_PAGES_CHUNK zeroed bytes, from stock if there is any; NULL when there is no memory. Given back by lk_pages_unmap. */
void *lk_maker_chunk(struct lk_maker *maker);

/* Has the pages of job's memory made. The job is lent until it is done or forgotten; its memory may be used at any time. */
void lk_maker_prepare(struct lk_maker *maker, struct lk_pages_job *job);
void lk_maker_forget(struct lk_maker *maker, struct lk_pages_job *job);

/* Unmaps job's memory, which nobody uses any more, and frees job, which malloc made. */
void lk_maker_give_back(struct lk_maker *maker, struct lk_pages_job *job);

#endif
