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

const char *lk_graphql_rate_take(struct lk_graphql_job *job, const struct lk_id *account, const struct lk_id *key, size_t len) {
    const struct {
        const char *name;
        struct lk_rate_table *table;
        const struct lk_id *subject;
    } limits[] = {{"key", job->service->key_requests, key}, {"account", job->service->account_requests, account}};
    struct lk_named_rate rates[2];
    uint32_t cost = (uint32_t)len; /* --graphql-batch bounds it */
    int64_t now = lk_clock_mono_ns();
    size_t taken = 0;
    bool allowed = true;
    for (size_t i = 0; i < 2 && allowed; i++) {
        if (limits[i].subject == NULL)
            continue;
        rates[taken].name = limits[i].name;
        allowed = lk_rate_table_take(limits[i].table, limits[i].subject, cost, now, &rates[taken].state);
        taken += rates[taken].state.limit != 0;
    }
    if (!allowed && taken == 2)
        give_back(limits[0].table, limits[0].subject, cost, now, &rates[0].state);
    lk_add_rate_headers(job->request, rates, taken);
    return allowed ? NULL : refuse(job, &rates[taken - 1]);
}
