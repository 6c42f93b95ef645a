/*
 * The cookie by which the console's pages act, and what keeps pages of other origins from using it.
 *
 * A browser sends a cookie with every request to this host, whoever's page made it; SameSite=Strict does not keep out another port or subdomain. So a request
 * counts only when it shows that it comes from a page of ours: it has the header X-Latchkey-Console: 1, which another origin's page may not set without a
 * permission (CORS) that this server never gives, and what the browser says of its origin (Sec-Fetch-Site, else Origin) does not contradict.
 */
#ifndef LK_API_CONSOLE_COOKIE_H
#define LK_API_CONSOLE_COOKIE_H

#include "api/lanes.h"

/* The session token in the request's cookie; ptr NULL when there is none or it has not a token's form. Lives as long as the request. Where the browser came by TLS,
 * the cookie's name begins with __Host-: browsers take such a one from this host itself only (RFC 6265bis), so no other host of the domain can put in its own. */
struct lk_slice lk_console_cookie(const struct lk_lanes *lanes, const struct http_request *request);

/* NULL when the request comes from a page of this origin, or from no browser; else a sentence that says why it is refused. A request that only reads what its
 * sender may see (reads: GET) needs no X-Latchkey-Console. */
const char *lk_console_refusal(const struct http_request *request, bool reads);

/* Whether the browser came by TLS: to this server, or to a trusted proxy (or whoever is at a Unix socket) that says so in X-Forwarded-Proto. */
bool lk_client_is_secure(const struct lk_lanes *lanes, const struct http_request *request);

/* A Set-Cookie value in the arena; NULL when out of memory. It gives the token for max_age_s seconds, or takes the cookie back (token empty). secure: what
 * lk_client_is_secure says. */
char *lk_console_set_cookie(struct lk_arena *arena, struct lk_slice token, int64_t max_age_s, bool secure);

#endif
