/* X-Forwarded-For as a trusted proxy passes it on: the input is a request's header. The address found is never a trusted proxy's when another is named behind it. */
#include "fuzz.h"

#include "api/lanes.h"
#include "http/connection.h"
#include "keyring/ip.h"

#include <arpa/inet.h>
#include <strings.h>

static const struct http_limits limits = {.line_max = 512, .fields_max = 4096, .count_max = 32};

/* How often the field is there: all of them are one list (RFC 9110 section 5.3). */
static size_t count_forwarded(const struct http_request *request) {
    size_t count = 0;
    struct lk_slice name;
    struct lk_slice value;
    for (size_t i = 0; http_request_header_at(request, i, &name, &value); i++)
        count += name.len == 15 && strncasecmp(name.ptr, "x-forwarded-for", 15) == 0;
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char begin[] = "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ";
    static const char *const trusted[] = {"127.0.0.1", "10.0.0.0/8", "fd00::/8", "unix"};
    struct lk_proxies *proxies;
    struct lk_proxies *nobody;
    char *copy = malloc(sizeof(begin) + size);
    holds(copy != NULL && lk_proxies_new(trusted, 4, &proxies, NULL) == 0 && lk_proxies_new(NULL, 0, &nobody, NULL) == 0,
          "there is memory");
    memcpy(copy, begin, sizeof(begin) - 1);
    memcpy(copy + sizeof(begin) - 1, data, size);
    struct http_connection connection = {.fd = -1};
    struct sockaddr_in *peer = (struct sockaddr_in *)&connection.peer;
    peer->sin_family = AF_INET;
    inet_pton(AF_INET, "127.0.0.1", &peer->sin_addr);
    struct http_request *request = http_request_new(32, 4096);
    holds(request != NULL, "there is memory");
    http_request_reset(request);
    request->connection = &connection;
    request->base = copy;
    if (http_parse_head(&request->head, copy, sizeof(begin) - 1 + size, &limits) == HTTP_PARSE_DONE) {
        const struct lk_lanes lanes = {.trusted_proxies = proxies};
        struct lk_ip ip;
        struct lk_slice value = http_request_header(request, "x-forwarded-for");
        bool known = lk_client_ip(&lanes, request, &ip);
        struct lk_ip alone;
        if (count_forwarded(request) == 1 && lk_ip_parse(value, &alone) == 0)
            holds(known && memcmp(&ip, &alone, sizeof(ip)) == 0, "the one address is the client");
        struct lk_ip again;
        holds(lk_client_ip(&lanes, request, &again) == known && (!known || memcmp(&ip, &again, sizeof(ip)) == 0), "the same twice");
        const struct lk_lanes alone_lanes = {.trusted_proxies = nobody};
        holds(lk_client_ip(&alone_lanes, request, &again) && again.bytes[12] == 127, "without a trusted proxy the field means nothing");
    }
    http_request_free(request);
    lk_proxies_free(proxies);
    lk_proxies_free(nobody);
    free(copy);
    return 0;
}
