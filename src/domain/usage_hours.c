#include "domain/usage_hours.h"

static size_t put_number(uint64_t value, char *out) {
    size_t len = 0;
    for (; value >= 0x80; value >>= 7)
        out[len++] = (char)(0x80 | (value & 0x7F));
    out[len++] = (char)value;
    return len;
}

size_t lk_usage_day_pack(const struct lk_usage_day *day, char out[LK_STORED_HOURS_MAX]) {
    size_t len = 0;
    for (int hour = 0; hour < LK_HOURS_PER_DAY; hour++) {
        const uint64_t *counts = day->hours[hour].by_outcome;
        unsigned present = 0;
        for (unsigned i = 0; i < LK_USE_OUTCOMES; i++)
            present |= (counts[i] != 0 ? 1U : 0U) << i;
        if (present == 0)
            continue;
        out[len++] = (char)hour;
        out[len++] = (char)present;
        for (unsigned i = 0; i < LK_USE_OUTCOMES; i++)
            len += counts[i] != 0 ? put_number(counts[i], out + len) : 0;
    }
    return len;
}

/* Reads a count from *at. false when there is none, or one that is not spelled as put_number does. */
static bool get_number(const unsigned char **at, const unsigned char *end, uint64_t *ret) {
    uint64_t value = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        uint64_t group = **at & 0x7F;
        bool more = (*(*at)++ & 0x80) != 0;
        if (group << shift >> shift != group)
            return false;
        value |= group << shift;
        if (more)
            continue;
        *ret = value;
        return group != 0;
    }
    return false;
}

int lk_usage_day_unpack(struct lk_slice packed, struct lk_usage_day *ret) {
    const unsigned char *at = (const unsigned char *)packed.ptr;
    const unsigned char *end = at + packed.len;
    struct lk_usage_day day = {0};
    for (int next = 0; at < end;) {
        if (end - at < 2 || at[0] < next || at[0] >= LK_HOURS_PER_DAY || at[1] == 0 || at[1] >= 1U << LK_USE_OUTCOMES)
            return LK_ECORRUPT;
        struct lk_usage_counts *counts = &day.hours[at[0]];
        unsigned present = at[1];
        next = at[0] + 1;
        at += 2;
        for (unsigned i = 0; i < LK_USE_OUTCOMES; i++) {
            if ((present >> i & 1) != 0 && !get_number(&at, end, &counts->by_outcome[i]))
                return LK_ECORRUPT;
        }
    }
    *ret = day;
    return 0;
}
