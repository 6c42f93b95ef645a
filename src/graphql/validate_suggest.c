/* "Did you mean ...": names near a misspelt one (graphql/suggest.h), and names that a rule has chosen itself. */
#include "graphql/suggest.h"
#include "graphql/validate_internal.h"

enum { SUGGESTIONS_MAX = 5 };

static const char *finish(struct gql_v *v, struct lk_buf *buf) {
    char *text = buf->failed ? NULL : lk_arena_strdup(v->arena, lk_buf_slice(buf));
    lk_buf_free(buf);
    if (text == NULL)
        gql_v_fail(v);
    return text == NULL ? "" : text;
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

const char *gql_v_did_you_mean(struct gql_v *v, const char *sub, const struct lk_slice *names, size_t len) {
    if (len == 0 || v->limits.no_suggestions)
        return "";
    struct lk_buf buf = {0};
    size_t shown = len < SUGGESTIONS_MAX ? len : SUGGESTIONS_MAX;
    lk_buf_addf(&buf, " Did you mean %s", sub);
    for (size_t i = 0; i < shown; i++) {
        if (i > 0)
            lk_buf_add_cstr(&buf, shown == 2 ? " or " : i + 1 == shown ? ", or " : ", ");
        lk_buf_addf(&buf, "\"%.*s\"", (int)names[i].len, names[i].ptr);
    }
    lk_buf_add_char(&buf, '?');
    return finish(v, &buf);
}

static struct lk_slice name_at(const void *options, size_t index) {
    const struct lk_slice *names = options;
    return names[index];
}

const char *gql_v_suggest(struct gql_v *v, const char *sub, struct lk_slice input, const struct lk_slice *options, size_t len) {
    if (v->stop || v->limits.no_suggestions)
        return "";
    struct lk_buf buf = {0};
    gql_suggest(input, name_at, options, len, sub, &buf);
    return finish(v, &buf);
}
