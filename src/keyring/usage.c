#include "keyring/usage.h"

#include <stdatomic.h>
#include <stdlib.h>

#define BLOCK_EVENTS 1024

/* Places in a block that are asked for before they are written: the thread that reads had them last, and all that is written after one waits for it. */
#define AHEAD 6

struct block {
    _Atomic size_t len;           /* release by the reader: so many are whole */
    _Atomic(struct block *) next; /* release by the reader, when this one is full */
    struct lk_usage_event events[BLOCK_EVENTS];
};

struct lk_usage {
    /* The reader's. */
    struct block *last;   /* it is filling */
    struct block **empty; /* a stack of those it may take */
    size_t empty_len;
    size_t come_back; /* of `returned`, ever */
    size_t begun;     /* blocks that were begun, ever */
    _Atomic uint64_t lost;
    /* Blocks on their way back, a ring of as many places as there are blocks; the number is how many ever were put there (release). */
    struct block **returned;
    _Alignas(64) _Atomic size_t returned_len;
    /* The background thread's. */
    struct block *first; /* it is reading */
    size_t taken;        /* of it */

    size_t blocks_len;
    struct block *blocks;
};

int lk_usage_open(size_t uses, struct lk_usage **ret) {
    struct lk_usage *usage = aligned_alloc(_Alignof(struct lk_usage), sizeof *usage);
    if (usage == NULL)
        return LK_ENOMEM;
    size_t len = uses / BLOCK_EVENTS + 2; /* one is never wholly free: it is being filled, or read */
    *usage = (struct lk_usage){
        .blocks_len = len,
        .blocks = calloc(len, sizeof(struct block)),
        .empty = calloc(len, sizeof usage->empty[0]),
        .returned = calloc(len, sizeof usage->returned[0]),
    };
    if (usage->blocks == NULL || usage->empty == NULL || usage->returned == NULL) {
        lk_usage_close(usage);
        return LK_ENOMEM;
    }
    for (size_t i = len; i > 1; i--)
        usage->empty[usage->empty_len++] = &usage->blocks[i - 1];
    usage->first = usage->last = &usage->blocks[0];
    *ret = usage;
    return 0;
}

void lk_usage_close(struct lk_usage *usage) {
    if (usage == NULL)
        return;
    free(usage->returned);
    free(usage->empty);
    free(usage->blocks);
    free(usage);
}

/* Makes the block that came back last the one that is filled. false when none is empty. */
static bool begin_block(struct lk_usage *usage) {
    size_t returned = atomic_load_explicit(&usage->returned_len, memory_order_acquire);
    while (usage->come_back < returned)
        usage->empty[usage->empty_len++] = usage->returned[usage->come_back++ % usage->blocks_len];
    if (usage->empty_len == 0)
        return false;
    struct block *block = usage->empty[--usage->empty_len];
    atomic_store_explicit(&block->len, 0, memory_order_relaxed);
    atomic_store_explicit(&block->next, NULL, memory_order_relaxed);
    atomic_store_explicit(&usage->last->next, block, memory_order_release);
    usage->last = block;
    usage->begun++;
    return true;
}

void lk_usage_add(struct lk_usage *usage, const struct lk_id *key, const struct lk_id *account, unsigned outcome, int64_t now_ms) {
    size_t len = atomic_load_explicit(&usage->last->len, memory_order_relaxed);
    if (len == BLOCK_EVENTS) {
        if (!begin_block(usage)) {
            atomic_store_explicit(&usage->lost, atomic_load_explicit(&usage->lost, memory_order_relaxed) + 1, memory_order_relaxed);
            return;
        }
        len = 0;
    }
    usage->last->events[len] = (struct lk_usage_event){*key, *account, now_ms, outcome};
    __builtin_prefetch(&usage->last->events[len + AHEAD < BLOCK_EVENTS ? len + AHEAD : len], 1);
    atomic_store_explicit(&usage->last->len, len + 1, memory_order_release);
}

bool lk_usage_filling(struct lk_usage *usage) {
    size_t waiting = usage->begun - atomic_load_explicit(&usage->returned_len, memory_order_relaxed);
    return waiting > 0 && waiting >= usage->blocks_len / 8;
}

static void give_back(struct lk_usage *usage, struct block *block) {
    size_t len = atomic_load_explicit(&usage->returned_len, memory_order_relaxed);
    usage->returned[len % usage->blocks_len] = block;
    atomic_store_explicit(&usage->returned_len, len + 1, memory_order_release);
}

size_t lk_usage_take(struct lk_usage *usage, void (*take)(void *context, const struct lk_usage_event *events, size_t len), void *context) {
    size_t sum = 0;
    for (size_t blocks = 0; blocks < usage->blocks_len; blocks++) { /* and then it is enough, however fast the reader is */
        struct block *block = usage->first;
        size_t len = atomic_load_explicit(&block->len, memory_order_acquire);
        if (len > usage->taken)
            take(context, block->events + usage->taken, len - usage->taken);
        sum += len - usage->taken;
        usage->taken = len;
        struct block *next = atomic_load_explicit(&block->next, memory_order_acquire);
        if (len < BLOCK_EVENTS || next == NULL)
            break;
        usage->first = next;
        usage->taken = 0;
        give_back(usage, block);
    }
    return sum;
}

uint64_t lk_usage_lost(const struct lk_usage *usage) {
    return atomic_load_explicit(&usage->lost, memory_order_relaxed);
}
