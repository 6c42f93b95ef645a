#include "keyring/usage.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Uses that are counted together: one alone would wait twice for memory that no cache holds. */
#define TOGETHER 16

struct lk_usage {
    size_t noted; /* events, the reader's, that are not counted yet */
    struct lk_usage_event events[TOGETHER];
    struct lk_usage_table *active; /* the reader's */
    /* Ownership of the other table moves by these: release by who gives, acquire by who takes. Each is emptied by who took from it before it gives into
     * the other one, so a store of NULL never overtakes what is given next. */
    _Atomic(struct lk_usage_table *) offered; /* reader to background */
    _Atomic(struct lk_usage_table *) spare;   /* background to reader: empty */
    _Atomic uint64_t lost;                    /* written by the reader only */
};

int lk_usage_open(size_t keys, struct lk_usage **ret) {
    struct lk_usage *usage = calloc(1, sizeof *usage);
    if (usage == NULL)
        return LK_ENOMEM;
    struct lk_usage_table *spare;
    int code = lk_usage_table_open(keys, &usage->active);
    if (code == 0)
        code = lk_usage_table_open(keys, &spare);
    if (code != 0) {
        lk_usage_close(usage);
        return code;
    }
    atomic_init(&usage->spare, spare);
    *ret = usage;
    return 0;
}

void lk_usage_close(struct lk_usage *usage) {
    if (usage == NULL)
        return;
    lk_usage_table_close(usage->active);
    lk_usage_table_close(atomic_load(&usage->offered));
    lk_usage_table_close(atomic_load(&usage->spare));
    free(usage);
}

/* The active table goes on offer, if the other one is back. */
static void exchange(struct lk_usage *usage) {
    if (lk_usage_table_len(usage->active) == 0)
        return;
    struct lk_usage_table *spare = atomic_load_explicit(&usage->spare, memory_order_acquire);
    if (spare == NULL)
        return; /* the last offer is still with the background thread */
    atomic_store_explicit(&usage->spare, NULL, memory_order_relaxed);
    atomic_store_explicit(&usage->offered, usage->active, memory_order_release);
    usage->active = spare;
}

static void count_noted(struct lk_usage *usage) {
    size_t len = usage->noted;
    size_t done = lk_usage_table_add_many(usage->active, usage->events, len);
    if (done < len) {
        exchange(usage);
        done += lk_usage_table_add_many(usage->active, usage->events + done, len - done);
    }
    if (done < len)
        atomic_store_explicit(&usage->lost, atomic_load_explicit(&usage->lost, memory_order_relaxed) + (len - done), memory_order_relaxed);
    usage->noted = 0;
}

void lk_usage_add(struct lk_usage *usage, const struct lk_id *key, const struct lk_id *account, unsigned outcome, int64_t now_ms) {
    usage->events[usage->noted++] = (struct lk_usage_event){*key, *account, now_ms, outcome};
    if (usage->noted == TOGETHER)
        count_noted(usage);
}

void lk_usage_offer(struct lk_usage *usage) {
    if (atomic_load_explicit(&usage->spare, memory_order_acquire) == NULL)
        return;
    count_noted(usage);
    exchange(usage);
}

size_t lk_usage_take(struct lk_usage *usage, void (*take)(void *context, const struct lk_usage_count *counts, size_t len), void *context) {
    struct lk_usage_table *table = atomic_load_explicit(&usage->offered, memory_order_acquire);
    if (table == NULL)
        return 0;
    atomic_store_explicit(&usage->offered, NULL, memory_order_relaxed);
    size_t len = lk_usage_table_len(table);
    if (len > 0)
        take(context, lk_usage_table_at(table, 0), len);
    lk_usage_table_clear(table);
    atomic_store_explicit(&usage->spare, table, memory_order_release);
    return len;
}

uint64_t lk_usage_lost(const struct lk_usage *usage) {
    return atomic_load_explicit(&usage->lost, memory_order_relaxed);
}
