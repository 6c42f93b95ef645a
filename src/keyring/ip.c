#include "keyring/ip.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define V4_AT 12 /* where an IPv4 address begins in its v4-mapped form */

struct range {
    struct lk_ip low;
    struct lk_ip high;
};

/* IPv4 ranges, then IPv6 ranges; within each sorted and apart. */
struct lk_ip_list {
    size_t v4_len;
    size_t v6_len;
    struct range ranges[];
};

static const uint8_t mapped[V4_AT] = {[10] = 0xFF, [11] = 0xFF};

static bool is_v4(const struct lk_ip *ip) {
    return memcmp(ip->bytes, mapped, V4_AT) == 0;
}

static void set_v4(struct lk_ip *ip, const void *bytes) {
    memcpy(ip->bytes, mapped, V4_AT);
    memcpy(ip->bytes + V4_AT, bytes, 4);
}

int lk_ip_from_sockaddr(const struct sockaddr *address, struct lk_ip *ret) {
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        set_v4(ret, &in.sin_addr);
        return 0;
    }
    if (address->sa_family != AF_INET6)
        return LK_EINVAL;
    struct sockaddr_in6 in6;
    memcpy(&in6, address, sizeof in6);
    memcpy(ret->bytes, &in6.sin6_addr, sizeof ret->bytes);
    return 0;
}

static struct lk_ip last_of(const struct lk_ip_range *block) {
    struct lk_ip last = block->network;
    for (unsigned i = block->prefix; i < LK_IP_BYTES * 8; i++)
        last.bytes[i / 8] |= (uint8_t)(0x80U >> i % 8);
    return last;
}

static int parse_block(struct lk_slice text, struct range *ret, struct lk_problem *problem) {
    struct lk_ip_range block;
    struct lk_problem why = {0};
    if (lk_ip_range_parse(text, &block, &why) != 0)
        return lk_problem_set(problem, LK_EINVAL, "Invalid IP address or CIDR block %.*s: %s", text.len > 64 ? 64 : (int)text.len,
                              text.len == 0 ? "" : text.ptr, why.text);
    *ret = (struct range){block.network, last_of(&block)};
    return 0;
}

static bool is_v4_range(const struct range *range) {
    return is_v4(&range->low);
}

/* IPv4 first, then by where they begin, the larger of two first: blocks nest or are apart, so what a block swallows follows it. */
static int compare(const void *a, const void *b) {
    const struct range *left = a;
    const struct range *right = b;
    if (is_v4_range(left) != is_v4_range(right))
        return is_v4_range(left) ? -1 : 1;
    int order = memcmp(left->low.bytes, right->low.bytes, sizeof(struct lk_ip));
    return order != 0 ? order : memcmp(right->high.bytes, left->high.bytes, sizeof(struct lk_ip));
}

static void merge(struct lk_ip_list *list, size_t len) {
    qsort(list->ranges, len, sizeof list->ranges[0], compare);
    size_t kept = 0;
    for (size_t i = 0; i < len; i++) {
        const struct range *next = &list->ranges[i];
        const struct range *last = kept == 0 ? NULL : &list->ranges[kept - 1];
        if (last != NULL && is_v4_range(last) == is_v4_range(next) && memcmp(next->high.bytes, last->high.bytes, sizeof(struct lk_ip)) <= 0)
            continue;
        list->v4_len += is_v4_range(next);
        list->ranges[kept++] = *next;
    }
    list->v6_len = kept - list->v4_len;
}

int lk_ip_list_compile(const struct lk_slice *texts, size_t len, struct lk_ip_list **ret, struct lk_problem *problem) {
    if (len > LK_IP_LIST_MAX)
        return lk_problem_set(problem, LK_ELIMIT, "Too many IP addresses: %zu, and at most %d are allowed", len, LK_IP_LIST_MAX);
    struct lk_ip_list *list = calloc(1, sizeof *list + len * sizeof list->ranges[0]);
    if (list == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    for (size_t i = 0; i < len; i++) {
        int code = parse_block(texts[i], &list->ranges[i], problem);
        if (code != 0) {
            free(list);
            return code;
        }
    }
    merge(list, len);
    *ret = list;
    return 0;
}

void lk_ip_list_free(struct lk_ip_list *list) {
    free(list);
}

bool lk_ip_list_has(const struct lk_ip_list *list, const struct lk_ip *ip) {
    bool v4 = is_v4(ip);
    size_t low = v4 ? 0 : list->v4_len;
    size_t high = v4 ? list->v4_len : list->v4_len + list->v6_len;
    size_t first = low;
    while (low < high) { /* the first range that begins behind ip */
        size_t middle = low + (high - low) / 2;
        if (memcmp(list->ranges[middle].low.bytes, ip->bytes, sizeof ip->bytes) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > first && memcmp(ip->bytes, list->ranges[low - 1].high.bytes, sizeof ip->bytes) <= 0;
}
