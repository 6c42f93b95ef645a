/*
 * Login and logout over HTTP, as the reference's command line uses them.
 *
 *     POST …/users/login    {"authorization":"Basic base64(user:password)"}
 *       200 {"resource":{"token":…,"defaultAccountId":…,"accounts":[{"accountName":…,"companyName":…,"uuid":…}],"supportAccounts":[]}}
 *       401 {"errors":[…]}, whatever was wrong (domain/session.h)
 *       429 with Retry-After: too many from this address
 *     POST …/users/logout   Authorization: Bearer TOKEN
 *       200 {"resource":{}}, 401
 *
 * The body must be application/json, which no web page of another origin can send unasked.
 */
#ifndef LK_API_LOGIN_H
#define LK_API_LOGIN_H

#include "api/background.h"
#include "api/lanes.h"
#include "api/rate_table.h"
#include "api/turns.h"
#include "domain/call.h"
#include "http/server.h"
#include "store/executor.h"

/* Read-only while the server runs. */
struct lk_login_service {
    struct lk_domain *domain;
    struct lk_executor *executor;
    struct lk_background *background;
    const struct lk_lanes *lanes;       /* say where a client is */
    struct lk_rate_table *attempts;     /* by client address */
    struct lk_rate_table *key_attempts; /* by key, of those that open a console session with one */
    struct lk_turns *turns;             /* by client address as well */
};

/* http_handlers; context is the struct lk_login_service. */
void lk_login_handle(struct http_request *request, void *service);
void lk_logout_handle(struct http_request *request, void *service);

#endif
