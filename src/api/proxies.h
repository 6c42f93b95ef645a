/* Whose X-Forwarded-For is believed (--trusted-proxy). Never changed once made. */
#ifndef LK_API_PROXIES_H
#define LK_API_PROXIES_H

#include "keyring/ip.h"

#include <stdbool.h>

struct lk_proxies {
    struct lk_ip_list *addresses; /* NULL: none */
    bool unix_sockets;            /* whoever connects by a Unix socket */
};

/* From addresses, CIDR blocks and the word "unix". LK_EINVAL, LK_ELIMIT or LK_ENOMEM with a sentence. */
int lk_proxies_new(const char *const *texts, size_t len, struct lk_proxies **ret, struct lk_problem *problem);
void lk_proxies_free(struct lk_proxies *proxies); /* NULL is fine */

static inline bool lk_proxies_have(const struct lk_proxies *proxies, const struct lk_ip *address) {
    return proxies->addresses != NULL && lk_ip_list_has(proxies->addresses, address);
}

#endif
