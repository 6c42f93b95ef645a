#include "api/graphql_rate.h"

#include "api/rate_headers.h"
#include "base/clock.h"

#include <inttypes.h>

static const char *refuse(struct lk_graphql_job *job, const struct lk_named_rate *rate) {
    const struct lk_rate_state *state = &rate->state;
    lk_add_retry_after(job->request, state);
    const char *text = lk_arena_printf(
        http_request_arena(job->request), "Too many requests: one %s may send %" PRIu32 " in %g s; %s", rate->name, state->limit,
        state->window_ms / 1000.0, state->retry_ms < 0 ? "a batch of so many never fits" : "the Retry-After header says when to try again");
    return text != NULL ? text : "Too many requests";
}

/* What another rate refused; *state is what is left then. */
static void give_back(struct lk_rate_table *table, const struct lk_id *subject, uint32_t cost, int64_t now, struct lk_rate_state *state) {
    struct lk_rate_state left;
    lk_rate_table_give_back(table, subject, cost);
    lk_rate_table_take(table, subject, 0, now, &left); /* only looks */
    if (left.limit != 0)                               /* else it has been taken away just now */
        *state = left;
}

/* One of the two rates of a request. */
struct counted {
    const char *name;
    struct lk_rate_table *table;
    const struct lk_id *subject; /* NULL: it is not counted */
};

/* What one rate refuses the other may refuse for longer: whether it does, and then its state. Nothing is taken from it. */
static bool refuses_longer(const struct counted *other, uint32_t cost, int64_t now, const struct lk_rate_state *than,
                           struct lk_named_rate *ret) {
    struct lk_rate_state state;
    if (!lk_rate_table_would_refuse(other->table, other->subject, cost, now, &state))
        return false;
    *ret = (struct lk_named_rate){other->name, state};
    return (uint64_t)state.retry_ms > (uint64_t)than->retry_ms; /* -1, never, is the longest */
}

const char *lk_graphql_rate_take(struct lk_graphql_job *job, const struct lk_id *account, const struct lk_id *key, size_t len) {
    const struct counted limits[] = {{"key", job->service->key_requests, key}, {"account", job->service->account_requests, account}};
    struct lk_named_rate rates[2];
    uint32_t cost = (uint32_t)len; /* --graphql-batch bounds it */
    int64_t now = lk_clock_mono_ns();
    size_t taken = 0;
    size_t asked = 0;
    bool allowed = true;
    for (; asked < 2 && allowed; asked++) {
        if (limits[asked].subject == NULL)
            continue;
        rates[taken].name = limits[asked].name;
        allowed = lk_rate_table_take(limits[asked].table, limits[asked].subject, cost, now, &rates[taken].state);
        taken += rates[taken].state.limit != 0;
    }
    if (!allowed && taken == 2)
        give_back(limits[0].table, limits[0].subject, cost, now, &rates[0].state);
    else if (!allowed && asked == 1)
        taken += refuses_longer(&limits[1], cost, now, &rates[0].state, &rates[1]);
    lk_add_rate_headers(job->request, rates, taken);
    return allowed ? NULL : refuse(job, &rates[taken - 1]);
}
