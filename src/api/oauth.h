/*
 * Token introspection (RFC 7662) and revocation (RFC 7009). A key is the token.
 *
 * The caller is a client that authenticates with a key of its own: x-api-key, Authorization: Bearer, or HTTP Basic with the key as password
 * (client_secret_basic, RFC 6749 section 2.3.1; the client id is not looked at). It sees keys of its own account only.
 */
#ifndef LK_API_OAUTH_H
#define LK_API_OAUTH_H

#include "api/rate_table.h"
#include "api/turns.h"
#include "api/verify.h"
#include "domain/call.h"
#include "store/executor.h"

/* Read-only while the server runs, but for what it shares with others. */
struct lk_oauth_service {
    const struct lk_verify_service *verify;
    struct lk_domain *domain;
    struct lk_executor *executor;
    struct lk_rate_table *refusals; /* api/refusals.h */
    struct lk_turns *turns;
};

/* http_handlers whose context is a struct lk_oauth_service. Introspection needs what keys:verify needs; a revocation MANAGE_API_KEYS, or the token
 * itself. */
void lk_oauth_introspect(struct http_request *request, void *context);
void lk_oauth_revoke(struct http_request *request, void *context);

#endif
