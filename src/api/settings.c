#include "api/settings.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/* The host part of "ADDR:PORT", without brackets. false when there is none or it does not fit. */
static bool host_of(const char *address, char *out, size_t size) {
    const char *colon = strrchr(address, ':');
    if (colon == NULL)
        return false;
    size_t len = (size_t)(colon - address);
    if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
        address++;
        len -= 2;
    }
    if (len >= size)
        return false;
    memcpy(out, address, len);
    out[len] = '\0';
    return true;
}

bool lk_address_is_loopback(const char *address) {
    char host[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    if (!host_of(address, host, sizeof(host)))
        return false;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool lk_address_is_unix(const char *address) {
    return strncmp(address, "unix:", 5) == 0;
}

static int check_clear_text(const char *address, const char *flag, struct lk_problem *problem) {
    if (lk_address_is_unix(address) || lk_address_is_loopback(address))
        return 0;
    return lk_problem_set(problem, LK_EFORBIDDEN, "--%s %s would serve clear text beyond this machine; add --insecure-listen if %s", flag,
                          address,
                          strcmp(flag, "listen") == 0 ? "a proxy in front of it encrypts, or --tls-cert and --tls-key"
                                                      : "nobody can reach it who may not see the metrics");
}

static int check_tls(const struct lk_settings *settings, struct lk_problem *problem) {
    bool cert = settings->tls_cert[0] != '\0', key = settings->tls_key[0] != '\0';
    if (cert != key)
        return lk_problem_set(problem, LK_EINVAL, "--%s is missing: a certificate and its key come together",
                              cert ? "tls-key" : "tls-cert");
    if (!cert && settings->tls_client_ca[0] != '\0')
        return lk_problem_set(problem, LK_EINVAL, "--tls-client-ca needs --tls-cert and --tls-key");
    return 0;
}

int lk_settings_check(const struct lk_settings *settings, struct lk_problem *problem) {
    if (settings->data == NULL || settings->data[0] == '\0')
        return lk_problem_set(problem, LK_EINVAL, "--data DIR is missing: the directory that `latchkey init` made");
    if (settings->listen.len == 0)
        return lk_problem_set(problem, LK_EINVAL, "--listen is empty; give an address such as 127.0.0.1:5390");
    int code = check_tls(settings, problem);
    bool clear = !settings->insecure_listen && settings->tls_cert[0] == '\0';
    for (size_t i = 0; i < settings->listen.len && clear && code == 0; i++)
        code = check_clear_text(settings->listen.items[i], "listen", problem);
    if (code == 0 && settings->ops_listen[0] != '\0' && !settings->insecure_listen)
        code = check_clear_text(settings->ops_listen, "ops-listen", problem);
    return code;
}
