/*
 * What the I/O threads verify with: each has a lane of its own, so that the fast lane shares nothing that is written.
 *
 * The hooks belong into struct http_config: they tell the keyring when a thread holds nothing of it.
 */
#ifndef LK_API_LANES_H
#define LK_API_LANES_H

#include "api/latency.h"
#include "api/proxies.h"
#include "api/ticker.h"
#include "http/server.h"
#include "keyring/verify.h"

/* How verification was asked for. */
enum lk_interface { LK_BY_AUTH, LK_BY_VERIFY, LK_BY_BATCH_VERIFY, LK_INTERFACES };

struct lk_lane {
    _Alignas(64) struct lk_verifier verifier;
    struct lk_verifier caller; /* for who asks: not counted among the verifications, but used */
    struct lk_verifier looker; /* for keys that are looked at and not used: counted nowhere */
    struct lk_usage *usage;    /* what its thread notes of each use of a key */
    struct lk_expression_cache *expressions;
    struct lk_latency latency[LK_INTERFACES];
};

struct lk_lanes {
    struct lk_lane *items; /* one for each I/O thread, by http_request_thread */
    unsigned len;
    _Atomic(struct lk_proxies *) trusted_proxies; /* read with lk_lanes_proxies */
    struct lk_ticker *ticker;                     /* lent, set before the I/O threads start; NULL: nobody takes what is noted */
    size_t collect;                               /* its tick that does */
};

/* For http_config.hooks. lanes is lent; it must be open before the server starts. */
struct http_thread_hooks lk_lanes_hooks(struct lk_lanes *lanes);

/* Lanes for threads I/O threads on a keyring, which is lent until close. trusted_proxies are as for lk_proxies_new. LK_EINVAL, LK_ELIMIT or LK_ENOMEM with a
 * sentence; then there is nothing to close. */
int lk_lanes_open(struct lk_keyring *keyring, unsigned threads, const char *const *trusted_proxies, size_t trusted_proxies_len,
                  struct lk_lanes *ret, struct lk_problem *problem);

/* After the I/O threads have ended. Zeroed lanes are fine. */
void lk_lanes_close(struct lk_lanes *lanes);

/* Trusts these proxies, which it then owns, from now on. Waits until no I/O thread can hold those before, and frees them. From a thread that is not an I/O
 * thread. */
void lk_lanes_trust(struct lk_lanes *lanes, struct lk_proxies *proxies);

/* Who is trusted now: on an I/O thread, until its next wait for events. */
static inline const struct lk_proxies *lk_lanes_proxies(const struct lk_lanes *lanes) {
    return atomic_load_explicit(&lanes->trusted_proxies, memory_order_acquire);
}

/* The lane of the thread that handles request. */
static inline struct lk_lane *lk_lane_of(const struct lk_lanes *lanes, const struct http_request *request) {
    return &lanes->items[http_request_thread(request)];
}

/* The client's address: the connection's or, when that is a trusted proxy, the rightmost one in X-Forwarded-For that is not. false when it cannot be known (a
 * Unix socket that is no trusted proxy's, or without a forwarded address; a forwarded address that is none). Allocates nothing. On an I/O thread. */
bool lk_client_ip(const struct lk_lanes *lanes, const struct http_request *request, struct lk_ip *ret);

/* Verifications since the start, by enum lk_verify_code. Any thread. */
void lk_lanes_outcomes(const struct lk_lanes *lanes, uint64_t ret[LK_VERIFY_CODES]);

#endif
