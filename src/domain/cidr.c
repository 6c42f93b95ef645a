#include "domain/cidr.h"

#include <arpa/inet.h>
#include <stdio.h>

#define V4_PREFIX 96U

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static bool is_v4(const struct lk_address *address) {
    return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

int lk_address_parse(struct lk_slice text, struct lk_address *ret) {
    char copy[INET6_ADDRSTRLEN + 1];
    if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.ptr, '\0', text.len) != NULL)
        return LK_EINVAL;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    struct lk_address address;
    memcpy(address.bytes, mapped, sizeof(mapped));
    if (inet_pton(AF_INET, copy, address.bytes + sizeof(mapped)) != 1 && inet_pton(AF_INET6, copy, address.bytes) != 1)
        return LK_EINVAL;
    *ret = address;
    return 0;
}

/* A number from 0 to most in decimal without leading zeros. */
static int parse_prefix(struct lk_slice text, unsigned most, unsigned *ret) {
    unsigned value = 0;
    if (text.len == 0 || text.len > 3 || (text.len > 1 && text.ptr[0] == '0'))
        return LK_EINVAL;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return LK_EINVAL;
        value = value * 10 + (unsigned)(text.ptr[i] - '0');
    }
    if (value > most)
        return LK_EINVAL;
    *ret = value;
    return 0;
}

static bool bit(const struct lk_address *address, unsigned index) {
    return (address->bytes[index / 8] & (0x80U >> index % 8)) != 0;
}

int lk_cidr_parse(struct lk_slice text, struct lk_cidr *ret) {
    const char *slash = text.len == 0 ? NULL : memchr(text.ptr, '/', text.len);
    struct lk_slice head = slash == NULL ? text : lk_slice_make(text.ptr, (size_t)(slash - text.ptr));
    struct lk_cidr cidr = {.prefix = 128};
    if (lk_address_parse(head, &cidr.address) != 0)
        return LK_EINVAL;
    if (slash != NULL) {
        bool dotted = memchr(head.ptr, ':', head.len) == NULL;
        if (parse_prefix(lk_slice_make(slash + 1, text.len - head.len - 1), dotted ? 32 : 128, &cidr.prefix) != 0)
            return LK_EINVAL;
        if (dotted)
            cidr.prefix += V4_PREFIX;
    }
    for (unsigned i = cidr.prefix; i < 128; i++) {
        if (bit(&cidr.address, i))
            return LK_EINVAL;
    }
    *ret = cidr;
    return 0;
}

void lk_cidr_format(const struct lk_cidr *cidr, char out[LK_CIDR_TEXT]) {
    char text[INET6_ADDRSTRLEN];
    bool v4 = cidr->prefix >= V4_PREFIX && is_v4(&cidr->address);
    if (v4)
        inet_ntop(AF_INET, cidr->address.bytes + sizeof(mapped), text, sizeof(text));
    else
        inet_ntop(AF_INET6, cidr->address.bytes, text, sizeof(text));
    if (cidr->prefix == 128)
        snprintf(out, LK_CIDR_TEXT, "%s", text);
    else
        snprintf(out, LK_CIDR_TEXT, "%s/%u", text, v4 ? cidr->prefix - V4_PREFIX : cidr->prefix);
}

bool lk_cidr_has(const struct lk_cidr *cidr, const struct lk_address *address) {
    unsigned whole = cidr->prefix / 8;
    if (memcmp(cidr->address.bytes, address->bytes, whole) != 0)
        return false;
    for (unsigned i = whole * 8; i < cidr->prefix; i++) {
        if (bit(&cidr->address, i) != bit(address, i))
            return false;
    }
    return true;
}
