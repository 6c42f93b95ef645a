/*
 * Rate limits and usage credits on single 64-bit words, changed by compare-and-swap: any number of threads, no locks.
 *
 * Rate: GCRA (the virtual scheduling form of ITU-T I.371). The word is the theoretical arrival time in nanoseconds of the monotonic clock; a limit of N a
 * window admits a burst of N at once and then one each window / N.
 */
#ifndef KEYRING_LIMIT_H
#define KEYRING_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* limit 0: none. */
struct lk_rate {
    uint32_t limit;     /* units a window; also the burst */
    uint32_t window_ms; /* at least 1 where limit is not 0 */
};

/* What the RateLimit headers say. */
struct lk_rate_state {
    uint32_t limit;
    uint32_t window_ms; /* of limit */
    uint32_t remaining; /* units that could be taken now */
    int64_t reset_ms;   /* until all of limit could be taken, rounded up */
    int64_t retry_ms;   /* refused: until cost could be taken, rounded up; -1: never, cost is above limit */
};

/* Takes cost units at now_ns (monotonic). Returns whether it was allowed; when not, nothing is taken. cost 0 only looks. rate->limit is not 0. */
bool lk_rate_take(_Atomic uint64_t *word, const struct lk_rate *rate, uint32_t cost, int64_t now_ns, struct lk_rate_state *ret);

/* Whether lk_rate_take would refuse, and what it would then say. Changes nothing; *ret is left alone where it would not. */
bool lk_rate_would_refuse(const _Atomic uint64_t *word, const struct lk_rate *rate, uint32_t cost, int64_t now_ns,
                          struct lk_rate_state *ret);

/* Gives back what a lk_rate_take that was allowed took (another limit refused the request). */
void lk_rate_give_back(_Atomic uint64_t *word, const struct lk_rate *rate, uint32_t cost);

/* The rate of a word becomes another one: the part of the one before that is used is used of it, so nobody waits longer than it asks for, and nobody has back what was
 * used. One thread at a time; any number take meanwhile. Where either has no limit, nothing changes. */
void lk_rate_change(_Atomic uint64_t *word, const struct lk_rate *before, const struct lk_rate *after, int64_t now_ns);

/* Credits: the low bits of the word are the balance; those above count how often it was set, so that what is given back to a balance that was set
 * meanwhile is lost, and does not make more of it than was set. A zeroed word is a balance of 0. */
#define LK_CREDITS_BITS 53
#define LK_CREDITS_BALANCE_MAX ((INT64_C(1) << LK_CREDITS_BITS) - 1)

static inline int64_t lk_credits_balance(uint64_t word) {
    return (int64_t)(word & (uint64_t)LK_CREDITS_BALANCE_MAX);
}

/* One thread at a time sets; any number take meanwhile. credits outside of 0 to LK_CREDITS_BALANCE_MAX are cut to it. */
void lk_credits_set(_Atomic uint64_t *word, int64_t credits);
int64_t lk_credits_left(const _Atomic uint64_t *word);

/* Takes cost credits if that many are left; *ret_word is the word then. Never below zero, whatever the threads do. */
bool lk_credits_take(_Atomic uint64_t *word, uint32_t cost, uint64_t *ret_word);

/* Gives back what a lk_credits_take that was allowed took; taken is the word that it gave. */
void lk_credits_give_back(_Atomic uint64_t *word, uint32_t cost, uint64_t taken);

/* Takes cost from both or from neither; *ret_left is what is left then where less is left. */
bool lk_credits_take_both(_Atomic uint64_t *one, _Atomic uint64_t *other, uint32_t cost, int64_t *ret_left);

#endif
