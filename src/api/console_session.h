/*
 * The session of the console's pages.
 *
 *     POST   /console/session   {"apiKey":…} or {"email":…,"password":…}
 *     GET    /console/session
 *       200 {"accountId":…,"accountName":…,"accounts":[{"uuid":…,"accountName":…}],"actor":{"kind":"API_KEY" or "USER","id":…,"name":…}}
 *       204 to GET when nobody is signed in
 *       400, 401, 403, 415, 429 with Retry-After, 503 {"errors":[…]}
 *     DELETE /console/session
 *       204, whether there was one or not
 *
 * POST sets the cookie of console_cookie.h, DELETE takes it back; both need its header. A session of a key ends with the secret that opened it
 * (domain/session.h); trying keys costs no commit.
 */
#ifndef LK_API_CONSOLE_SESSION_H
#define LK_API_CONSOLE_SESSION_H

#include "api/lanes.h"
#include "api/login.h"

/* Read-only while the server runs. */
struct lk_console_session_service {
    struct lk_login_service *login;
    const struct lk_lanes *lanes;
    int64_t ttl_ms; /* the cookie's life */
};

/* How often one key may open a session: each is two rows of the database and an entry of the audit log. */
extern const struct lk_rate lk_console_key_rate;

/* http_handler for GET, HEAD, POST and DELETE; context is the struct lk_console_session_service. */
void lk_console_session_handle(struct http_request *request, void *context);

#endif
