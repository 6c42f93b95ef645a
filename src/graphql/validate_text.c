/* Types and literals as messages show them: in the spelling of graphql-js's printer. */
#include "graphql/validate_internal.h"

#include "base/buf.h"
#include "graphql/print.h"

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
