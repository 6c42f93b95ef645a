/* What operations look at: /healthz, /readyz, /metrics. http_handlers whose context is a struct lk_health. */
#ifndef LK_API_HEALTH_H
#define LK_API_HEALTH_H

#include "api/graphql_endpoint.h"
#include "api/lanes.h"
#include "api/usage.h"

/* Lives as long as the servers it is served by. */
struct lk_health {
    const struct http_server *server;
    struct lk_executor *executor;
    struct lk_graphql_service *graphql;
    const struct lk_lanes *lanes;
    const struct lk_keyring *keyring;
    const struct lk_usage_service *usage;
    const struct lk_domain *domain;
    struct lk_background *background;
    const char *version;
    int64_t started_at;              /* wall clock, ms */
    int process;                     /* lk_process_open's */
    atomic_bool ready;               /* serving and able to change the database */
    _Atomic uint64_t reloads;        /* SIGHUPs that were heeded whole */
    _Atomic uint64_t reloads_failed; /* and those of which something stays as it was, for a mistake in it */
};

/* 200 "ok" while the process serves at all. The context is not used. */
void lk_health_live(struct http_request *request, void *health);

/* 200 "ready", or 503 "not ready" before the start is over, while stopping and when the database failed. */
void lk_health_ready(struct http_request *request, void *health);

/* All metrics (api/metrics.c): as OpenMetrics 1.0 when Accept prefers that, else in Prometheus' text format 0.0.4. */
void lk_health_metrics(struct http_request *request, void *health);

#endif
