/* What messages show, in the spelling of graphql-js: types, literals, and names that may have been meant. */
#include "graphql/validate_internal.h"

#include "base/buf.h"
#include "graphql/print.h"
#include "graphql/suggest.h"

static const char *finish(struct gql_v *v, struct lk_buf *buf) {
    char *text = buf->failed ? NULL : lk_arena_strdup(v->arena, lk_buf_slice(buf));
    lk_buf_free(buf);
    if (text == NULL)
        gql_v_fail(v);
    return text == NULL ? "" : text;
}

const char *gql_v_type_text(struct gql_v *v, const struct gql_type *type) {
    const char *text = gql_type_text(type, v->arena);
    if (text == NULL)
        gql_v_fail(v);
    return text == NULL ? "" : text;
}

const char *gql_v_ref_text(struct gql_v *v, const struct gql_type_ref *ref) {
    struct lk_buf buf = {0};
    gql_ref_print(ref, &buf);
    return finish(v, &buf);
}

const char *gql_v_literal_text(struct gql_v *v, const struct gql_literal *literal) {
    struct lk_buf buf = {0};
    gql_print_literal(literal, &buf);
    return finish(v, &buf);
}

const char *gql_v_did_you_mean(struct gql_v *v, const char *sub, const struct lk_slice *names, size_t len) {
    struct lk_buf buf = {0};
    if (!v->limits.no_suggestions)
        gql_did_you_mean(sub, names, len, &buf);
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
