#include "base/ip.h"

#include <arpa/inet.h>
#include <stdio.h>

#define BITS 128U
#define MAPPED_BITS 96U /* of ::ffff:0:0/96, where IPv4 lives */

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static bool is_mapped(const struct lk_ip *address) {
    return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

/* As lk_ip_parse; *ret_dotted says whether it was written as IPv4. */
static int parse_address(struct lk_slice text, struct lk_ip *ret, bool *ret_dotted) {
    char copy[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.ptr, '\0', text.len) != NULL)
        return LK_EINVAL;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    struct lk_ip address;
    bool dotted = memchr(copy, ':', text.len) == NULL;
    if (dotted) {
        memcpy(address.bytes, mapped, sizeof(mapped));
        if (inet_pton(AF_INET, copy, address.bytes + sizeof(mapped)) != 1)
            return LK_EINVAL;
    } else if (inet_pton(AF_INET6, copy, address.bytes) != 1) {
        return LK_EINVAL;
    }
    *ret = address;
    *ret_dotted = dotted;
    return 0;
}

int lk_ip_parse(struct lk_slice text, struct lk_ip *ret) {
    bool dotted;
    return parse_address(text, ret, &dotted);
}

/* One to three digits without a leading zero, at most max. */
static int parse_prefix(struct lk_slice text, unsigned max, unsigned *ret) {
    if (text.len == 0 || text.len > 3 || (text.len > 1 && text.ptr[0] == '0'))
        return LK_EINVAL;
    unsigned value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return LK_EINVAL;
        value = value * 10 + (unsigned)(text.ptr[i] - '0');
    }
    if (value > max)
        return LK_EINVAL;
    *ret = value;
    return 0;
}

/* The first prefix bits of an address, zeros after them. */
static struct lk_ip cut(const struct lk_ip *address, unsigned prefix) {
    struct lk_ip network = *address;
    for (unsigned i = 0; i < LK_IP_BYTES; i++) {
        unsigned begins = i * 8;
        if (prefix <= begins)
            network.bytes[i] = 0;
        else if (prefix < begins + 8)
            network.bytes[i] &= (uint8_t)(0xFFU << (begins + 8 - prefix));
    }
    return network;
}

/* As much of a client's text as a sentence takes; bytes that are no visible ASCII are shown as '?'. */
static const char *shown(struct lk_slice text, char out[LK_IP_RANGE_TEXT]) {
    size_t len = text.len < LK_IP_RANGE_TEXT ? text.len : LK_IP_RANGE_TEXT - 1;
    for (size_t i = 0; i < len; i++)
        out[i] = '?';
    for (size_t i = 0; i < len; i++) {
        if (text.ptr[i] >= 0x20 && text.ptr[i] < 0x7F)
            out[i] = text.ptr[i];
    }
    out[len] = '\0';
    return out;
}

int lk_ip_range_parse(struct lk_slice text, struct lk_ip_range *ret, struct lk_problem *problem) {
    const char *slash = text.len == 0 ? NULL : memchr(text.ptr, '/', text.len);
    struct lk_slice address_text = slash == NULL ? text : lk_slice_make(text.ptr, (size_t)(slash - text.ptr));
    char part[LK_IP_RANGE_TEXT];
    struct lk_ip address;
    bool dotted;
    if (parse_address(address_text, &address, &dotted) != 0)
        return lk_problem_set(problem, LK_EINVAL, "\"%s\" is no IPv4 or IPv6 address", shown(address_text, part));
    unsigned max = dotted ? BITS - MAPPED_BITS : BITS;
    unsigned prefix = max;
    if (slash != NULL) {
        struct lk_slice prefix_text = lk_slice_make(slash + 1, text.len - address_text.len - 1);
        if (parse_prefix(prefix_text, max, &prefix) != 0)
            return lk_problem_set(problem, LK_EINVAL, "\"%s\" is no prefix length of an %s address: it must be a number from 0 to %u",
                                  shown(prefix_text, part), dotted ? "IPv4" : "IPv6", max);
    }
    struct lk_ip_range range = {.prefix = dotted ? prefix + MAPPED_BITS : prefix};
    range.network = cut(&address, range.prefix);
    if (memcmp(range.network.bytes, address.bytes, LK_IP_BYTES) != 0) {
        char meant[LK_IP_RANGE_TEXT];
        lk_ip_range_format(&range, meant);
        return lk_problem_set(problem, LK_EINVAL, "the address %s has bits set after the first %u: the block that it is in is %s",
                              shown(address_text, part), prefix, meant);
    }
    *ret = range;
    return 0;
}

void lk_ip_range_format(const struct lk_ip_range *range, char out[LK_IP_RANGE_TEXT]) {
    char text[INET6_ADDRSTRLEN] = "";
    bool dotted = range->prefix >= MAPPED_BITS && is_mapped(&range->network);
    if (dotted)
        inet_ntop(AF_INET, range->network.bytes + sizeof(mapped), text, sizeof(text));
    else
        inet_ntop(AF_INET6, range->network.bytes, text, sizeof(text));
    snprintf(out, LK_IP_RANGE_TEXT, "%s/%u", text, dotted ? range->prefix - MAPPED_BITS : range->prefix);
}

bool lk_ip_range_has(const struct lk_ip_range *range, const struct lk_ip *address) {
    if (range->prefix < MAPPED_BITS && is_mapped(address))
        return false;
    unsigned whole = range->prefix / 8;
    unsigned rest = range->prefix % 8;
    if (memcmp(range->network.bytes, address->bytes, whole) != 0)
        return false;
    return rest == 0 || ((range->network.bytes[whole] ^ address->bytes[whole]) >> (8 - rest)) == 0;
}
