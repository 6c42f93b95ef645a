#include "api/lanes.h"

#include "api/keyring_feed.h"
#include "keyring/grace.h"

#include <stdlib.h>

#define EXPRESSIONS 1024

/* Uses that a thread can note before they are taken (api/usage.h): those of two turns of its loop that bring as many batches as they may. Memory is used
 * for those that wait only. */
#define USES ((size_t)1 << 17)

/* --- the keyring's readers --- */

static void start(void *context, unsigned thread) {
    (void)context;
    (void)thread;
    lk_keyring_reader_register();
}

static void hurry_if_filling(const struct lk_lanes *lanes, unsigned thread) {
    if (lanes->ticker != NULL && lk_usage_filling(lanes->items[thread].usage))
        lk_ticker_hurry(lanes->ticker, lanes->collect);
}

static void before_wait(void *context, unsigned thread) {
    hurry_if_filling(context, thread);
    lk_keyring_reader_offline();
}

static void after_wait(void *context, unsigned thread) {
    (void)context;
    (void)thread;
    lk_keyring_reader_online();
}

static void between_turns(void *context, unsigned thread) {
    hurry_if_filling(context, thread);
    lk_keyring_reader_quiescent();
}

static void stop(void *context, unsigned thread) {
    (void)context;
    (void)thread;
    lk_keyring_reader_unregister();
}

struct http_thread_hooks lk_lanes_hooks(struct lk_lanes *lanes) {
    return (struct http_thread_hooks){start, before_wait, after_wait, between_turns, stop, lanes};
}

/* --- open and close --- */

int lk_lanes_open(struct lk_keyring *keyring, unsigned threads, const char *const *trusted_proxies, size_t trusted_proxies_len,
                  struct lk_lanes *ret, struct lk_problem *problem) {
    struct lk_proxies *proxies;
    int code = lk_proxies_new(trusted_proxies, trusted_proxies_len, &proxies, problem);
    if (code != 0)
        return code;
    struct lk_lanes lanes = {.len = threads, .trusted_proxies = proxies};
    lanes.items = aligned_alloc(_Alignof(struct lk_lane), threads * sizeof(struct lk_lane));
    if (lanes.items == NULL) {
        lk_proxies_free(proxies);
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    }
    memset(lanes.items, 0, threads * sizeof(struct lk_lane));
    for (unsigned i = 0; i < threads; i++) {
        struct lk_lane *lane = &lanes.items[i];
        code = lk_usage_open(USES, &lane->usage);
        lk_verifier_init(&lane->verifier, keyring, lane->usage);
        lk_verifier_init(&lane->caller, keyring, lane->usage);
        lane->caller.only_touches = true;
        lk_verifier_init(&lane->looker, keyring, NULL);
        if (code == 0)
            code = lk_expression_cache_open(lk_keyring_vocabulary(), EXPRESSIONS, &lane->expressions);
        if (code != 0) {
            lk_lanes_close(&lanes);
            return lk_problem_set(problem, code, "Out of memory");
        }
    }
    *ret = lanes;
    return 0;
}

void lk_lanes_close(struct lk_lanes *lanes) {
    for (unsigned i = 0; i < lanes->len && lanes->items != NULL; i++) {
        lk_expression_cache_close(lanes->items[i].expressions);
        lk_usage_close(lanes->items[i].usage);
    }
    free(lanes->items);
    lk_proxies_free(lanes->trusted_proxies);
    *lanes = (struct lk_lanes){0};
}

void lk_lanes_trust(struct lk_lanes *lanes, struct lk_proxies *proxies) {
    struct lk_proxies *before = atomic_exchange_explicit(&lanes->trusted_proxies, proxies, memory_order_acq_rel);
    lk_grace_wait();
    lk_proxies_free(before);
}

void lk_lanes_outcomes(const struct lk_lanes *lanes, uint64_t ret[LK_VERIFY_CODES]) {
    for (int code = 0; code < LK_VERIFY_CODES; code++) {
        ret[code] = 0;
        for (unsigned i = 0; i < lanes->len; i++)
            ret[code] += atomic_load_explicit(&lanes->items[i].verifier.outcomes[code], memory_order_relaxed);
    }
}

/* --- the client's address --- */

/* An element of X-Forwarded-For: an address, which some proxies write with a port, and then an IPv6 one in brackets. */
static int parse_forwarded(struct lk_slice text, struct lk_ip *ret) {
    if (text.len > 0 && text.ptr[0] == '[') {
        const char *end = memchr(text.ptr, ']', text.len);
        return end == NULL ? LK_EINVAL : lk_ip_parse(lk_slice_make(text.ptr + 1, (size_t)(end - text.ptr) - 1), ret);
    }
    const char *colon = text.len == 0 ? NULL : memchr(text.ptr, ':', text.len);
    if (colon != NULL && memchr(colon + 1, ':', text.len - (size_t)(colon + 1 - text.ptr)) == NULL)
        text.len = (size_t)(colon - text.ptr);
    return lk_ip_parse(text, ret);
}

enum walk { WALK_ON, WALK_FOUND, WALK_LOST };

/* One field's elements from the right, until one is not a trusted proxy's. *ret is the last that was read. */
static enum walk walk_field(const struct lk_proxies *proxies, struct lk_slice value, struct lk_ip *ret, bool *ret_known) {
    for (;;) {
        size_t begin = value.len;
        while (begin > 0 && value.ptr[begin - 1] != ',')
            begin--;
        struct lk_slice element = lk_slice_trim(lk_slice_make(value.ptr + begin, value.len - begin));
        if (element.len > 0) { /* an empty one is nobody (RFC 9110 section 5.6.1) */
            if (parse_forwarded(element, ret) != 0)
                return WALK_LOST;
            *ret_known = true;
            if (!lk_proxies_have(proxies, ret))
                return WALK_FOUND;
        }
        if (begin == 0)
            return WALK_ON;
        value.len = begin - 1;
    }
}

static size_t count_fields(const struct http_request *request) {
    struct lk_slice name;
    struct lk_slice value;
    size_t count = 0;
    while (http_request_header_at(request, count, &name, &value))
        count++;
    return count;
}

bool lk_client_ip(const struct lk_lanes *lanes, const struct http_request *request, struct lk_ip *ret) {
    static const struct lk_slice forwarded = LK_SLICE("x-forwarded-for");
    const struct lk_proxies *proxies = lk_lanes_proxies(lanes);
    struct lk_ip ip;
    bool known = lk_ip_from_sockaddr((const struct sockaddr *)http_request_peer(request), &ip) == 0; /* not of a Unix socket */
    enum walk walk = WALK_ON;
    if (known ? lk_proxies_have(proxies, &ip) : proxies->unix_sockets) {
        for (size_t i = count_fields(request); i > 0 && walk == WALK_ON; i--) {
            struct lk_slice name;
            struct lk_slice value;
            if (http_request_header_at(request, i - 1, &name, &value) && lk_slice_equal_nocase(name, forwarded))
                walk = walk_field(proxies, value, &ip, &known);
        }
    }
    if (walk == WALK_LOST || !known)
        return false;
    *ret = ip;
    return true;
}
