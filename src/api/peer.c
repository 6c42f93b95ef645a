#include "api/peer.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* An IPv4 address is held as a mapped one (base/ip.h). */
static void format(const struct lk_ip *ip, char text[INET6_ADDRSTRLEN]) {
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    bool is_v4 = memcmp(ip->bytes, mapped, sizeof(mapped)) == 0;
    inet_ntop(is_v4 ? AF_INET : AF_INET6, ip->bytes + (is_v4 ? sizeof(mapped) : 0), text, INET6_ADDRSTRLEN);
}

/* The client's address, NULL when it is not known, for the audit, which then names the connection's other end ("" for a Unix socket). ptr NULL when out of memory. */
static struct lk_slice remote_text(const struct http_request *request, const struct lk_ip *client_ip, struct lk_arena *arena) {
    char text[INET6_ADDRSTRLEN] = "";
    struct lk_ip ip;
    if (client_ip != NULL)
        format(client_ip, text);
    else if (lk_ip_from_sockaddr((const struct sockaddr *)http_request_peer(request), &ip) == 0)
        format(&ip, text);
    return lk_slice_cstr(lk_arena_strdup(arena, lk_slice_cstr(text)));
}

int lk_request_call(const struct lk_lanes *lanes, struct http_request *request, struct lk_domain *domain, struct lk_ip *client_ip,
                    struct lk_problem *problem, struct lk_call *ret) {
    const struct lk_ip *known_ip = lk_client_ip(lanes, request, client_ip) ? client_ip : NULL;
    struct lk_slice remote = remote_text(request, known_ip, http_request_arena(request));
    if (remote.ptr == NULL)
        return LK_ENOMEM;
    *ret = (struct lk_call){
        .arena = http_request_arena(request),
        .domain = domain,
        .origin = {.url = http_request_path(request),
                   .path = http_request_path(request),
                   .method = http_request_method_text(request),
                   .remote = remote,
                   .status = 200},
        .client_ip = known_ip,
        .now_ms = lk_clock_wall_ms(),
        .problem = problem,
    };
    return 0;
}
