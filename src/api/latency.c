#include "api/latency.h"

#include "base/clock.h"

#define US INT64_C(1000)
#define MS INT64_C(1000000)

const int64_t lk_latency_bounds_ns[LK_LATENCY_BUCKETS - 1] = {
    1 * US, 2 * US, 3 * US, 5 * US, 10 * US, 20 * US, 50 * US, 100 * US, 200 * US, 500 * US, 1 * MS, 2 * MS, 5 * MS, 10 * MS, 100 * MS,
};

/* One writer: no locked instruction is needed. */
static void add(_Atomic uint64_t *counter, uint64_t n) {
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

void lk_latency_add(struct lk_latency *latency, int64_t duration_ns) {
    size_t i = 0;
    while (i < LK_LATENCY_BUCKETS - 1 && duration_ns > lk_latency_bounds_ns[i])
        i++;
    add(&latency->buckets[i], 1);
    add(&latency->sum_ns, (uint64_t)duration_ns);
}

void lk_latency_measure(struct lk_latency *latency, int64_t began_ns) {
    lk_latency_add(latency, lk_clock_mono_ns() - began_ns);
}
