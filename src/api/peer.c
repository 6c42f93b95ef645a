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

struct lk_slice lk_peer_text(const struct lk_lanes *lanes, const struct http_request *request, struct lk_arena *arena) {
    char text[INET6_ADDRSTRLEN] = "";
    struct lk_ip ip;
    if (lk_client_ip(lanes, request, &ip) || lk_ip_from_sockaddr((const struct sockaddr *)http_request_peer(request), &ip) == 0)
        format(&ip, text);
    return lk_slice_cstr(lk_arena_strdup(arena, lk_slice_cstr(text)));
}

int lk_request_call(const struct lk_lanes *lanes, struct http_request *request, struct lk_domain *domain, struct lk_ip *client_ip,
                    struct lk_problem *problem, struct lk_call *ret) {
    struct lk_slice remote = lk_peer_text(lanes, request, http_request_arena(request));
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
        .client_ip = lk_client_ip(lanes, request, client_ip) ? client_ip : NULL,
        .now_ms = lk_clock_wall_ms(),
        .problem = problem,
    };
    return 0;
}
