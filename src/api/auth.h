/*
 * Forward auth (docs/openapi.yaml): a gateway asks here, before it passes a request on, whether the request's key may do it.
 *
 * The fast lane: no lock, no system call, nothing allocated but from the request's arena, which keeps its memory.
 */
#ifndef LK_API_AUTH_H
#define LK_API_AUTH_H

#include "api/lanes.h"

#define LK_AUTH_PATH "/v1/auth"

struct lk_auth_service {
    const struct lk_lanes *lanes;
    /* Of an answer over the rate or without credits: 403, or 429 for gateways that pass it on. Any thread may change it. */
    atomic_int rate_status;
};

/* An http_handler whose context is a struct lk_auth_service: /v1/auth[/require/{expression}][/at/{anything}], any method. */
void lk_auth_handle(struct http_request *request, void *context);

/* An http_foresight for these requests: digests of their keys, and the keyring's memory for them. */
void lk_auth_foresee(struct http_request *const *requests, size_t len, void *context);

#endif
