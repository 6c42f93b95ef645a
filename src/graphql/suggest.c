#include "graphql/suggest.h"

#include "base/utf8.h"

#include <stdint.h>

#define LENGTH_MAX 256
#define SHOWN_MAX 5

/* A name in UTF-16 code units, which is what graphql-js measures, lower case. */
struct units {
    size_t len;
    uint16_t at[LENGTH_MAX];
};

static bool units_of(struct lk_slice text, struct units *ret) {
    ret->len = 0;
    while (text.len > 0) {
        uint32_t c;
        int taken = lk_utf8_decode(text, &c);
        if (taken < 0 || ret->len + 2 > LENGTH_MAX)
            return false;
        text = lk_slice_make(text.ptr + taken, text.len - (size_t)taken);
        if (c >= 'A' && c <= 'Z')
            c += 'a' - 'A';
        if (c >= 0x10000) {
            ret->at[ret->len++] = (uint16_t)(0xD7C0 + (c >> 10));
            ret->at[ret->len++] = (uint16_t)(0xDC00 + (c & 0x3FF));
        } else {
            ret->at[ret->len++] = (uint16_t)c;
        }
    }
    return true;
}

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

/* Edits between two different names (insert, delete, replace, swap of neighbours), or a number above threshold when there are more. */
static unsigned edits(const struct units *a, const struct units *b, unsigned threshold) {
    if (a->len < b->len) {
        const struct units *other = a;
        a = b;
        b = other;
    }
    if (a->len - b->len > threshold)
        return threshold + 1;
    unsigned rows[3][LENGTH_MAX + 1]; /* the last three rows of the table of distances between prefixes */
    for (unsigned j = 0; j <= b->len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a->len; i++) {
        const unsigned *up = rows[(i - 1) % 3];
        unsigned *row = rows[i % 3];
        unsigned smallest = row[0] = i;
        for (unsigned j = 1; j <= b->len; j++) {
            unsigned cost = a->at[i - 1] == b->at[j - 1] ? 0 : 1;
            unsigned cell = least(least(up[j] + 1, row[j - 1] + 1), up[j - 1] + cost);
            if (i > 1 && j > 1 && a->at[i - 1] == b->at[j - 2] && a->at[i - 2] == b->at[j - 1])
                cell = least(cell, rows[(i - 2) % 3][j - 2] + 1);
            smallest = least(smallest, cell);
            row[j] = cell;
        }
        if (smallest > threshold)
            return threshold + 1;
    }
    return rows[a->len % 3][b->len];
}

static bool is_digit(struct lk_slice text, size_t at) {
    return at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9';
}

/* The number that starts at *at, saturated; *at moves past it. A leading zero is a number of its own. */
static uint64_t take_number(struct lk_slice text, size_t *at) {
    uint64_t number = 0;
    do {
        if (number < UINT64_MAX / 10 - 1)
            number = number * 10 + (uint64_t)(text.ptr[*at] - '0');
        (*at)++;
    } while (is_digit(text, *at) && number > 0);
    return number;
}

int gql_natural_compare(struct lk_slice a, struct lk_slice b) {
    size_t i = 0;
    size_t j = 0;
    while (i < a.len && j < b.len) {
        if (is_digit(a, i) && is_digit(b, j)) {
            uint64_t left = take_number(a, &i);
            uint64_t right = take_number(b, &j);
            if (left != right)
                return left < right ? -1 : 1;
        } else {
            unsigned char left = (unsigned char)a.ptr[i++];
            unsigned char right = (unsigned char)b.ptr[j++];
            if (left != right)
                return left < right ? -1 : 1;
        }
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

struct match {
    struct lk_slice name;
    unsigned distance;
};

/* Keeps the nearest SHOWN_MAX in order. */
static void keep(struct match *best, size_t *count, struct match match) {
    size_t at = *count;
    while (at > 0) {
        const struct match *before = &best[at - 1];
        if (before->distance < match.distance || (before->distance == match.distance && gql_natural_compare(before->name, match.name) <= 0))
            break;
        at--;
    }
    if (at == SHOWN_MAX)
        return;
    if (*count < SHOWN_MAX)
        (*count)++;
    memmove(&best[at + 1], &best[at], (*count - at - 1) * sizeof(*best));
    best[at] = match;
}

void gql_did_you_mean(const char *sub, const struct lk_slice *names, size_t len, struct lk_buf *out) {
    size_t shown = len < SHOWN_MAX ? len : SHOWN_MAX;
    if (shown == 0)
        return;
    lk_buf_add_cstr(out, " Did you mean ");
    lk_buf_add_cstr(out, sub);
    for (size_t i = 0; i < shown; i++) {
        if (i > 0)
            lk_buf_add_cstr(out, shown == 2 ? " or " : i + 1 == shown ? ", or " : ", ");
        lk_buf_add_char(out, '"');
        lk_buf_add(out, names[i]);
        lk_buf_add_char(out, '"');
    }
    lk_buf_add_char(out, '?');
}

void gql_suggest(struct lk_slice input, gql_option_name name, const void *options, size_t len, const char *sub, struct lk_buf *out) {
    struct units wanted;
    if (!units_of(input, &wanted))
        return;
    unsigned threshold = (unsigned)(wanted.len * 2 / 5) + 1;
    struct match best[SHOWN_MAX];
    size_t count = 0;
    for (size_t i = 0; i < len; i++) {
        struct lk_slice option = name(options, i);
        struct units offered;
        if (!units_of(option, &offered))
            continue;
        unsigned distance;
        if (lk_slice_equal(option, input))
            distance = 0;
        else if (offered.len == wanted.len && memcmp(offered.at, wanted.at, offered.len * sizeof(*offered.at)) == 0)
            distance = 1; /* any change of case is one edit */
        else
            distance = edits(&offered, &wanted, threshold);
        if (distance <= threshold)
            keep(best, &count, (struct match){option, distance});
    }
    struct lk_slice names[SHOWN_MAX];
    for (size_t i = 0; i < count; i++)
        names[i] = best[i].name;
    gql_did_you_mean(sub, names, count, out);
}
