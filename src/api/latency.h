/*
 * How long verifications take, as a histogram of each thread. One in LK_LATENCY_EVERY is measured, the first of a thread included: its beginning is a clock
 * reading that the limits need anyway, so what this costs is one more reading for so many requests.
 */
#ifndef LK_API_LATENCY_H
#define LK_API_LATENCY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define LK_LATENCY_EVERY 8
#define LK_LATENCY_BUCKETS 16 /* the last has no bound */

/* Upper bounds, included, of all buckets but the last. */
extern const int64_t lk_latency_bounds_ns[LK_LATENCY_BUCKETS - 1];

/* Written by one thread, read by any. */
struct lk_latency {
    unsigned seen; /* the thread's own */
    _Atomic uint64_t buckets[LK_LATENCY_BUCKETS];
    _Atomic uint64_t sum_ns;
};

/* Adds one duration. */
void lk_latency_add(struct lk_latency *latency, int64_t duration_ns);

/* The thread's own, at the end of a verification that began at began_ns (monotonic): measures it when it is its turn. */
void lk_latency_measure(struct lk_latency *latency, int64_t began_ns);

static inline void lk_latency_end(struct lk_latency *latency, int64_t began_ns) {
    if (latency->seen++ % LK_LATENCY_EVERY == 0)
        lk_latency_measure(latency, began_ns);
}

#endif
