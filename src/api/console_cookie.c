#include "api/console_cookie.h"

#include "crypto/session_token.h"

#include <inttypes.h>

#define COOKIE "latchkey_session"
#define SECURE_COOKIE "__Host-" COOKIE

/* The first token in a Cookie field (RFC 6265 section 4.2.1); ptr NULL when there is none. Other servers of this host may have set cookies of that name. */
static struct lk_slice find_token(struct lk_slice field, struct lk_slice name) {
    while (field.len > 0) {
        const char *end = memchr(field.ptr, ';', field.len);
        size_t len = end == NULL ? field.len : (size_t)(end - field.ptr);
        struct lk_slice pair = lk_slice_trim(lk_slice_make(field.ptr, len));
        bool named = pair.len >= name.len && memcmp(pair.ptr, name.ptr, name.len) == 0;
        if (named && lk_session_token_check(lk_slice_make(pair.ptr + name.len, pair.len - name.len)))
            return lk_slice_make(pair.ptr + name.len, pair.len - name.len);
        len += end != NULL;
        field = lk_slice_make(field.ptr + len, field.len - len);
    }
    return lk_slice_make(NULL, 0);
}

struct lk_slice lk_console_cookie(const struct lk_lanes *lanes, const struct http_request *request) {
    static const struct lk_slice cookie = LK_SLICE("cookie");
    const struct lk_slice begin = lk_slice_cstr(lk_client_is_secure(lanes, request) ? SECURE_COOKIE "=" : COOKIE "=");
    struct lk_slice name;
    struct lk_slice value;
    for (size_t i = 0; http_request_header_at(request, i, &name, &value); i++) { /* HTTP/2 may send each in a field of its own */
        struct lk_slice token = lk_slice_equal_nocase(name, cookie) ? find_token(value, begin) : lk_slice_make(NULL, 0);
        if (token.ptr != NULL)
            return token;
    }
    return lk_slice_make(NULL, 0);
}

/* Whether an Origin value, "https://host:port", is of the host that the request is for. Browsers leave out a scheme's own port in both. */
static bool is_own_origin(const struct http_request *request, struct lk_slice origin) {
    struct lk_slice host = http_request_header(request, "host");
    const char *colon = origin.len == 0 ? NULL : memchr(origin.ptr, ':', origin.len);
    size_t scheme = colon == NULL ? 0 : (size_t)(colon - origin.ptr) + strlen("://");
    if (host.len == 0 || colon == NULL || scheme > origin.len || memcmp(colon, "://", strlen("://")) != 0)
        return false;
    return lk_slice_equal_nocase(lk_slice_make(origin.ptr + scheme, origin.len - scheme), host);
}

const char *lk_console_refusal(const struct http_request *request, bool reads) {
    struct lk_slice site = http_request_header(request, "sec-fetch-site");
    struct lk_slice origin = http_request_header(request, "origin");
    if (site.ptr != NULL && !lk_slice_is(site, "same-origin") && !(reads && lk_slice_is(site, "none")))
        return "The console's session may be used by the console's own pages only: this request comes from another site";
    if (site.ptr == NULL && origin.ptr != NULL && !is_own_origin(request, origin))
        return "The console's session may be used by the console's own pages only: Origin is not the Host that the request is for (a proxy "
               "in front "
               "must pass the Host header on)";
    if (!reads && !lk_slice_is(http_request_header(request, "x-latchkey-console"), "1"))
        return "The console's session needs the header X-Latchkey-Console: 1";
    return NULL;
}

bool lk_client_is_secure(const struct lk_lanes *lanes, const struct http_request *request) {
    struct lk_ip ip;
    if (http_request_is_secure(request))
        return true;
    bool local = http_request_peer(request)->ss_family == AF_UNIX;
    if (!local && (lk_ip_from_sockaddr((const struct sockaddr *)http_request_peer(request), &ip) != 0 ||
                   !lk_proxies_have(lk_lanes_proxies(lanes), &ip)))
        return false;
    return lk_slice_equal_nocase(http_request_header(request, "x-forwarded-proto"), lk_slice_cstr("https"));
}

char *lk_console_set_cookie(struct lk_arena *arena, struct lk_slice token, int64_t max_age_s, bool secure) {
    return lk_arena_printf(arena, "%s=%.*s; HttpOnly; SameSite=Strict; Path=/; Max-Age=%" PRId64 "%s", secure ? SECURE_COOKIE : COOKIE,
                           (int)token.len, token.len == 0 ? "" : token.ptr, token.len == 0 ? 0 : max_age_s, secure ? "; Secure" : "");
}
