/*
 * How the allocator keeps what was freed. It keeps some on purpose: requests and answers of some hundred kilobytes come and go all the time (a batch of 1000
 * keys), and by default it maps each of them and gives it back, so that the system zeroes every page again: half of such a request's time. What a crowd
 * needed, though, it would keep for good: by itself it gives back only what lies at the end of an arena, up to the last block that is in use.
 */
#ifndef LK_API_MEMORY_H
#define LK_API_MEMORY_H

#define LK_MEMORY_GIVE_BACK_MS 10000

/* Before the first thread is started. */
void lk_memory_configure(void);

/* Gives back to the system what is free, wherever it lies, when that is much. Any thread; holds the lock of each of the allocator's arenas in turn, for some tenths
 * of a millisecond for each ten megabytes. A task of the ticker; context is not used. */
void lk_memory_give_back(void *context);

#endif
