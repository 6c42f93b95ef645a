#include "keyring/limit.h"

#define NS_PER_MS 1000000

/* So much earlier a thread may have looked at the clock than another that came before it: requests that are read together share one moment. */
#define LATE_NS (100 * INT64_C(1000000))

static int64_t to_ms_up(int64_t ns) {
    return (ns + NS_PER_MS - 1) / NS_PER_MS;
}

/* Nanoseconds of one unit. A window of nanoseconds that limit does not divide makes the unit shorter by less than a nanosecond. */
static int64_t interval_of(const struct lk_rate *rate) {
    int64_t interval = (int64_t)rate->window_ms * NS_PER_MS / rate->limit;
    return interval == 0 ? 1 : interval;
}

/* The state when the limit is used up to `ahead` nanoseconds beyond now. */
static struct lk_rate_state state_of(const struct lk_rate *rate, int64_t interval, int64_t ahead) {
    int64_t room = interval * rate->limit - ahead;
    return (struct lk_rate_state){.limit = rate->limit,
                                  .window_ms = rate->window_ms,
                                  .remaining = (uint32_t)(room <= 0 ? 0 : room / interval),
                                  .reset_ms = to_ms_up(ahead)};
}

/* The state when cost units do not fit in it. */
static struct lk_rate_state refusal_of(const struct lk_rate *rate, int64_t interval, int64_t ahead, uint32_t cost) {
    struct lk_rate_state state = state_of(rate, interval, ahead);
    bool possible = cost <= rate->limit;
    state.retry_ms = possible ? to_ms_up(ahead + interval * cost - interval * rate->limit) : -1;
    return state;
}

bool lk_rate_take(_Atomic uint64_t *word, const struct lk_rate *rate, uint32_t cost, int64_t now_ns, struct lk_rate_state *ret) {
    int64_t interval = interval_of(rate);
    int64_t burst = interval * rate->limit;
    uint64_t arrival = atomic_load_explicit(word, memory_order_relaxed);
    for (;;) {
        int64_t ahead = (int64_t)arrival > now_ns ? (int64_t)arrival - now_ns : 0;
        /* The limit was lowered or made faster: what the old one owed is not held against the key, now or when it comes again. */
        if (ahead > burst + LATE_NS) {
            uint64_t latest = (uint64_t)(now_ns + burst);
            if (!atomic_compare_exchange_weak_explicit(word, &arrival, latest, memory_order_relaxed, memory_order_relaxed))
                continue;
            arrival = latest;
        }
        if (ahead > burst) /* by what is left, somebody looked at the clock later and took all: nothing of that is given back */
            ahead = burst;
        bool possible = cost <= rate->limit;
        int64_t wanted = possible ? ahead + interval * cost : 0;
        if (!possible || wanted > burst) {
            *ret = refusal_of(rate, interval, ahead, cost);
            return false;
        }
        /* relaxed: the word guards nothing but itself. */
        if (cost == 0 || atomic_compare_exchange_weak_explicit(word, &arrival, (uint64_t)(now_ns + wanted), memory_order_relaxed,
                                                               memory_order_relaxed)) {
            *ret = state_of(rate, interval, wanted);
            return true;
        }
    }
}

bool lk_rate_would_refuse(const _Atomic uint64_t *word, const struct lk_rate *rate, uint32_t cost, int64_t now_ns,
                          struct lk_rate_state *ret) {
    int64_t interval = interval_of(rate);
    int64_t burst = interval * rate->limit;
    int64_t ahead = (int64_t)atomic_load_explicit(word, memory_order_relaxed) - now_ns;
    ahead = ahead < 0 ? 0 : ahead > burst ? burst : ahead;
    if (cost <= rate->limit && ahead + interval * cost <= burst)
        return false;
    *ret = refusal_of(rate, interval, ahead, cost);
    return true;
}

void lk_rate_give_back(_Atomic uint64_t *word, const struct lk_rate *rate, uint32_t cost) {
    atomic_fetch_sub_explicit(word, (uint64_t)(interval_of(rate) * cost), memory_order_relaxed);
}

void lk_rate_change(_Atomic uint64_t *word, const struct lk_rate *before, const struct lk_rate *after, int64_t now_ns) {
    if (before->limit == 0 || after->limit == 0 || before->window_ms == after->window_ms)
        return;
    uint64_t arrival = atomic_load_explicit(word, memory_order_relaxed);
    const int64_t most = (int64_t)after->window_ms * NS_PER_MS;
    __int128 ahead;
    do {
        if ((int64_t)arrival <= now_ns)
            return;
        ahead = (__int128)((int64_t)arrival - now_ns) * after->window_ms / before->window_ms;
        ahead = ahead < most ? ahead : most;
    } while (!atomic_compare_exchange_weak_explicit(word, &arrival, (uint64_t)(now_ns + (int64_t)ahead), memory_order_relaxed,
                                                    memory_order_relaxed));
}

/* Relaxed here and below: the word guards nothing but itself. */
void lk_credits_set(_Atomic uint64_t *word, int64_t credits) {
    uint64_t times = atomic_load_explicit(word, memory_order_relaxed) >> LK_CREDITS_BITS; /* only this thread changes them */
    int64_t balance = credits < 0 ? 0 : credits > LK_CREDITS_BALANCE_MAX ? LK_CREDITS_BALANCE_MAX : credits;
    atomic_store_explicit(word, (times + 1) << LK_CREDITS_BITS | (uint64_t)balance, memory_order_relaxed);
}

int64_t lk_credits_left(const _Atomic uint64_t *word) {
    return lk_credits_balance(atomic_load_explicit(word, memory_order_relaxed));
}

bool lk_credits_take(_Atomic uint64_t *word, uint32_t cost, uint64_t *ret_word) {
    uint64_t before = atomic_load_explicit(word, memory_order_relaxed);
    do {
        if (lk_credits_balance(before) < (int64_t)cost) {
            *ret_word = before;
            return false;
        }
        if (cost == 0) /* who only looks writes nothing */
            break;
    } while (!atomic_compare_exchange_weak_explicit(word, &before, before - cost, memory_order_relaxed, memory_order_relaxed));
    *ret_word = before - cost;
    return true;
}

void lk_credits_give_back(_Atomic uint64_t *word, uint32_t cost, uint64_t taken) {
    uint64_t now = atomic_load_explicit(word, memory_order_relaxed);
    bool done = false;
    while (!done && (now ^ taken) >> LK_CREDITS_BITS == 0)
        done = atomic_compare_exchange_weak_explicit(word, &now, now + cost, memory_order_relaxed, memory_order_relaxed);
}

static int64_t lesser(int64_t a, int64_t b) {
    return a < b ? a : b;
}

bool lk_credits_take_both(_Atomic uint64_t *one, _Atomic uint64_t *other, uint32_t cost, int64_t *ret_left) {
    uint64_t one_word = atomic_load_explicit(one, memory_order_relaxed);
    uint64_t other_word = atomic_load_explicit(other, memory_order_relaxed);
    /* What the other has not is not taken from the one even for a moment, in which somebody else would find too little there: only where the other is used up
     * just now is there anything to give back. */
    bool allowed = lk_credits_balance(other_word) >= (int64_t)cost && lk_credits_take(one, cost, &one_word);
    if (allowed && !lk_credits_take(other, cost, &other_word)) {
        lk_credits_give_back(one, cost, one_word);
        allowed = false;
    }
    *ret_left = lesser(lk_credits_balance(one_word), lk_credits_balance(other_word));
    return allowed;
}
