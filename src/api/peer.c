#include "api/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>

struct lk_slice lk_peer_text(const struct http_request *request, struct lk_arena *arena) {
    char text[INET6_ADDRSTRLEN] = "";
    const struct sockaddr_storage *peer = http_request_peer(request);
    if (peer->ss_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)peer)->sin_addr, text, sizeof(text));
    else if (peer->ss_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)peer)->sin6_addr, text, sizeof(text));
    return lk_slice_cstr(lk_arena_strdup(arena, lk_slice_cstr(text)));
}
