/*
 * Allow lists of addresses (base/ip.h). The mapped form of an IPv4 address and the plain one are the same address everywhere. IPv4 and IPv6 are apart: `::/0` allows no IPv4 client.
 */
#ifndef KEYRING_IP_H
#define KEYRING_IP_H

#include "base/ip.h"

#include <sys/socket.h>

#define LK_IP_LIST_MAX 1000

/* Of an AF_INET or AF_INET6 socket address. LK_EINVAL for others (a Unix socket has none). */
int lk_ip_from_sockaddr(const struct sockaddr *address, struct lk_ip *ret);

struct lk_ip_list;

/* Compiles addresses and CIDR blocks, as lk_ip_range_parse reads them: sorted, overlapping ones merged. LK_EINVAL with a sentence that names the bad one;
 * LK_ELIMIT above LK_IP_LIST_MAX; LK_ENOMEM. problem may be NULL. */
int lk_ip_list_compile(const struct lk_slice *texts, size_t len, struct lk_ip_list **ret, struct lk_problem *problem);

/* NULL is fine. */
void lk_ip_list_free(struct lk_ip_list *list);

/* Whether ip is in the list. An empty list holds nothing. Any thread; logarithmic; allocates nothing. */
bool lk_ip_list_has(const struct lk_ip_list *list, const struct lk_ip *ip);

#endif
