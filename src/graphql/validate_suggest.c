/*
 * "Did you mean ...": names near a misspelt one. Distance is Damerau-Levenshtein's (optimal string alignment) on lower-case UTF-16 code units,
 * where a mere difference in case counts as one edit; near is a distance of at most 40 % of the length plus one. All as graphql-js does it.
 */
#include "graphql/validate_internal.h"

#include "base/buf.h"
#include "base/utf8.h"

enum {
    SUGGESTIONS_MAX = 5,
    INPUT_MAX = 1024, /* longer texts are near to no name */
};

struct word {
    uint16_t *units;
    size_t len;
};

static uint16_t lower(uint32_t c) {
    return (uint16_t)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool word_make(struct gql_v *v, struct lk_slice text, struct word *ret) {
    struct word word = {gql_v_calloc(v, text.len, sizeof(uint16_t)), 0};
    if (word.units == NULL)
        return false;
    for (size_t i = 0; i < text.len;) {
        uint32_t c = 0;
        int len = lk_utf8_decode(lk_slice_make(text.ptr + i, text.len - i), &c);
        if (len < 0)
            return false;
        if (c >= 0x10000) {
            word.units[word.len++] = (uint16_t)(0xd800 + ((c - 0x10000) >> 10));
            c = 0xdc00 + (c & 0x3ff);
        }
        word.units[word.len++] = lower(c);
        i += (size_t)len;
    }
    *ret = word;
    return true;
}

static size_t min(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Fills row i of the table and returns its smallest cell. */
static size_t fill_row(struct word a, struct word b, size_t i, size_t *const rows[3]) {
    const size_t *up = rows[(i - 1) % 3];
    size_t *row = rows[i % 3];
    size_t smallest = row[0] = i;
    for (size_t j = 1; j <= b.len; j++) {
        size_t cost = a.units[i - 1] == b.units[j - 1] ? 0 : 1;
        size_t cell = min(min(up[j] + 1, row[j - 1] + 1), up[j - 1] + cost);
        if (i > 1 && j > 1 && a.units[i - 1] == b.units[j - 2] && a.units[i - 2] == b.units[j - 1])
            cell = min(cell, rows[(i - 2) % 3][j - 2] + 1);
        smallest = min(smallest, cell);
        row[j] = cell;
    }
    return smallest;
}

/* Edits between the two, or GQL_V_NONE when more than most. */
static size_t distance(struct gql_v *v, struct word input, struct word option, size_t most) {
    struct word a = input.len < option.len ? option : input;
    struct word b = input.len < option.len ? input : option;
    if (a.len == b.len && memcmp(a.units, b.units, a.len * sizeof(*a.units)) == 0)
        return 1;
    if (a.len - b.len > most)
        return GQL_V_NONE;
    size_t *cells = gql_v_calloc(v, 3 * (b.len + 1), sizeof(*cells));
    if (cells == NULL)
        return GQL_V_NONE;
    size_t *const rows[3] = {cells, cells + b.len + 1, cells + 2 * (b.len + 1)};
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.len; i++)
        if (fill_row(a, b, i, rows) > most)
            return GQL_V_NONE;
    size_t result = rows[a.len % 3][b.len];
    return result <= most ? result : GQL_V_NONE;
}

static bool is_digit(struct lk_slice text, size_t at) {
    return at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9';
}

/* Reads a number; zeros in front are numbers of their own, as graphql-js has it. */
static double read_number(struct lk_slice text, size_t *at) {
    double number = 0;
    do {
        number = number * 10 + (text.ptr[*at] - '0');
        ++*at;
    } while (is_digit(text, *at) && number > 0);
    return number;
}

int gql_v_natural_compare(struct lk_slice a, struct lk_slice b) {
    size_t i = 0;
    size_t j = 0;
    while (i < a.len && j < b.len) {
        if (is_digit(a, i) && is_digit(b, j)) {
            double x = read_number(a, &i);
            double y = read_number(b, &j);
            if (x < y || x > y)
                return x < y ? -1 : 1;
            continue;
        }
        unsigned char x = (unsigned char)a.ptr[i++];
        unsigned char y = (unsigned char)b.ptr[j++];
        if (x != y)
            return x < y ? -1 : 1;
    }
    return (a.len > b.len) - (a.len < b.len);
}

const char *gql_v_did_you_mean(struct gql_v *v, const char *what, const struct lk_slice *names, size_t len) {
    if (len == 0 || v->limits.no_suggestions)
        return "";
    struct lk_buf buf = {0};
    size_t shown = min(len, SUGGESTIONS_MAX);
    lk_buf_addf(&buf, " Did you mean %s%s", what == NULL ? "" : what, what == NULL ? "" : " ");
    for (size_t i = 0; i < shown; i++) {
        if (i > 0)
            lk_buf_add_cstr(&buf, shown == 2 ? " or " : i + 1 == shown ? ", or " : ", ");
        lk_buf_addf(&buf, "\"%.*s\"", (int)names[i].len, names[i].ptr);
    }
    lk_buf_add_char(&buf, '?');
    char *text = buf.failed ? NULL : lk_arena_strdup(v->arena, lk_buf_slice(&buf));
    lk_buf_free(&buf);
    if (text == NULL)
        gql_v_fail(v);
    return text == NULL ? "" : text;
}

struct near_name {
    struct lk_slice name;
    size_t distance;
};

static bool comes_before(const struct near_name *a, const struct near_name *b) {
    if (a->distance != b->distance)
        return a->distance < b->distance;
    return gql_v_natural_compare(a->name, b->name) < 0;
}

/* Puts a candidate into its place among the nearest found so far. */
static size_t insert(struct near_name *nearest, size_t len, struct near_name candidate) {
    size_t at = len;
    for (; at > 0 && comes_before(&candidate, &nearest[at - 1]); at--)
        if (at < SUGGESTIONS_MAX)
            nearest[at] = nearest[at - 1];
    if (at < SUGGESTIONS_MAX)
        nearest[at] = candidate;
    return min(len + 1, SUGGESTIONS_MAX);
}

const char *gql_v_suggest(struct gql_v *v, const char *what, struct lk_slice input, const struct lk_slice *options, size_t len) {
    struct word word;
    if (v->limits.no_suggestions || input.len > INPUT_MAX || !word_make(v, input, &word))
        return "";
    size_t most = word.len * 2 / 5 + 1;
    struct near_name nearest[SUGGESTIONS_MAX];
    size_t found = 0;
    for (size_t i = 0; i < len; i++) {
        struct word option;
        if (!word_make(v, options[i], &option))
            return "";
        size_t edits = lk_slice_equal(input, options[i]) ? 0 : distance(v, word, option, most);
        if (edits != GQL_V_NONE)
            found = insert(nearest, found, (struct near_name){options[i], edits});
    }
    struct lk_slice names[SUGGESTIONS_MAX];
    for (size_t i = 0; i < found; i++)
        names[i] = nearest[i].name;
    return gql_v_did_you_mean(v, what, names, found);
}
