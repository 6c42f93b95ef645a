#include "api/rate_headers.h"

#include <inttypes.h>
#include <stdio.h>

/* Bytes of one item: a short name and three numbers. */
#define ITEM_MAX 80

static int64_t seconds(int64_t ms) {
    return (ms + 999) / 1000;
}

static void add(struct http_request *request, const char *name, const char *text, size_t len) {
    struct lk_slice value;
    if (lk_arena_copy(http_request_arena(request), lk_slice_make(text, len), &value) == 0)
        http_add_header(request, name, value);
}

void lk_add_rate_headers(struct http_request *request, const struct lk_named_rate *rates, size_t len) {
    char policy[LK_NAMED_RATES_MAX * ITEM_MAX];
    char rate[LK_NAMED_RATES_MAX * ITEM_MAX];
    size_t policy_len = 0;
    size_t rate_len = 0;
    for (size_t i = 0; i < len && i < LK_NAMED_RATES_MAX; i++) {
        const struct lk_rate_state *state = &rates[i].state;
        const char *comma = i > 0 ? ", " : "";
        policy_len += (size_t)snprintf(policy + policy_len, ITEM_MAX, "%s\"%.20s\";q=%" PRIu32 ";w=%" PRId64, comma, rates[i].name,
                                       state->limit, seconds(state->window_ms));
        rate_len += (size_t)snprintf(rate + rate_len, ITEM_MAX, "%s\"%.20s\";r=%" PRIu32 ";t=%" PRId64, comma, rates[i].name,
                                     state->remaining, seconds(state->reset_ms));
    }
    if (len == 0)
        return;
    add(request, "RateLimit-Policy", policy, policy_len);
    add(request, "RateLimit", rate, rate_len);
}

void lk_add_retry_after(struct http_request *request, const struct lk_rate_state *state) {
    char text[24];
    if (state->retry_ms < 0)
        return;
    int64_t wait = seconds(state->retry_ms);
    add(request, "Retry-After", text, (size_t)snprintf(text, sizeof(text), "%" PRId64, wait > 0 ? wait : 1));
}
