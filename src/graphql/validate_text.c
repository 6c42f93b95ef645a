/* Types and literals as messages show them: in the spelling of graphql-js's printer. */
#include "graphql/validate_internal.h"

#include "base/buf.h"
#include "base/utf8.h"

static const char *finish(struct gql_v *v, struct lk_buf *buf) {
    char *text = buf->failed ? NULL : lk_arena_strdup(v->arena, lk_buf_slice(buf));
    lk_buf_free(buf);
    if (text == NULL)
        gql_v_fail(v);
    return text == NULL ? "" : text;
}

const char *gql_v_type_text(struct gql_v *v, const struct gql_type *type) {
    struct lk_buf buf = {0};
    gql_type_print(type, &buf);
    return finish(v, &buf);
}

static void print_ref(const struct gql_type_ref *ref, struct lk_buf *buf) {
    switch (ref->kind) {
    case GQL_REF_NAMED: lk_buf_add(buf, ref->name); break;
    case GQL_REF_LIST:
        lk_buf_add_char(buf, '[');
        print_ref(ref->of, buf);
        lk_buf_add_char(buf, ']');
        break;
    case GQL_REF_NON_NULL:
        print_ref(ref->of, buf);
        lk_buf_add_char(buf, '!');
        break;
    }
}

const char *gql_v_ref_text(struct gql_v *v, const struct gql_type_ref *ref) {
    struct lk_buf buf = {0};
    print_ref(ref, &buf);
    return finish(v, &buf);
}

/* --- literals --- */

static void print_string(struct lk_slice text, struct lk_buf *buf) {
    static const char short_escapes[] = "btn?fr"; /* U+0008 to U+000D */
    lk_buf_add_char(buf, '"');
    for (size_t i = 0; i < text.len;) {
        uint32_t c = 0;
        int len = lk_utf8_decode(lk_slice_make(text.ptr + i, text.len - i), &c);
        if (len < 0)
            break;
        if (c == '"' || c == '\\')
            lk_buf_addf(buf, "\\%c", (char)c);
        else if (c >= 0x08 && c <= 0x0d && c != 0x0b)
            lk_buf_addf(buf, "\\%c", short_escapes[c - 0x08]);
        else if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
            lk_buf_addf(buf, "\\u%04X", c);
        else
            lk_buf_add(buf, lk_slice_make(text.ptr + i, (size_t)len));
        i += (size_t)len;
    }
    lk_buf_add_char(buf, '"');
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static bool ends_with(struct lk_slice text, char c) {
    return text.len > 0 && text.ptr[text.len - 1] == c;
}

/* UTF-16 code units, in which graphql-js counts. */
static size_t units(struct lk_slice text) {
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        n += c >= 0xf0 ? 2 : c < 0x80 || c >= 0xc0 ? 1 : 0;
    }
    return n;
}

static bool starts_triple_quotes(struct lk_slice text, size_t at) {
    return text.len - at >= 3 && memcmp(text.ptr + at, "\"\"\"", 3) == 0;
}

static void print_block_string(struct lk_slice text, struct lk_buf *buf) {
    bool one_line = true;
    bool all_indented = true; /* every line but the first is empty or begins with a blank */
    bool ends_in_triple = false;
    struct lk_buf escaped = {0};
    for (size_t i = 0; i < text.len;) {
        if (starts_triple_quotes(text, i)) {
            lk_buf_add_cstr(&escaped, "\\\"\"\"");
            i += 3;
            ends_in_triple = i == text.len;
            continue;
        }
        char c = text.ptr[i++];
        lk_buf_add_char(&escaped, c);
        if (c != '\n')
            continue;
        one_line = false;
        if (i < text.len && text.ptr[i] != '\n' && !is_blank(text.ptr[i]))
            all_indented = false;
    }
    bool leading = !one_line && all_indented;
    bool trailing = (ends_with(text, '"') && !ends_in_triple) || ends_with(text, '\\');
    bool many = !one_line || units(text) > 70 || trailing || leading || ends_in_triple;
    bool skip_leading = one_line && text.len > 0 && is_blank(text.ptr[0]);
    lk_buf_add_cstr(buf, "\"\"\"");
    if ((many && !skip_leading) || leading)
        lk_buf_add_char(buf, '\n');
    lk_buf_add(buf, lk_buf_slice(&escaped));
    if (many || trailing)
        lk_buf_add_char(buf, '\n');
    lk_buf_add_cstr(buf, "\"\"\"");
    buf->failed |= escaped.failed;
    lk_buf_free(&escaped);
}

static void print_literal(const struct gql_literal *literal, struct lk_buf *buf) {
    switch (literal->kind) {
    case GQL_LIT_VARIABLE:
        lk_buf_add_char(buf, '$');
        lk_buf_add(buf, literal->text);
        break;
    case GQL_LIT_INT:
    case GQL_LIT_FLOAT:
    case GQL_LIT_ENUM: lk_buf_add(buf, literal->text); break;
    case GQL_LIT_STRING:
        if (literal->block)
            print_block_string(literal->text, buf);
        else
            print_string(literal->text, buf);
        break;
    case GQL_LIT_BOOLEAN: lk_buf_add_cstr(buf, literal->boolean ? "true" : "false"); break;
    case GQL_LIT_NULL: lk_buf_add_cstr(buf, "null"); break;
    case GQL_LIT_LIST:
        lk_buf_add_char(buf, '[');
        for (const struct gql_literal *item = literal->items; item != NULL; item = item->next) {
            print_literal(item, buf);
            if (item->next != NULL)
                lk_buf_add_cstr(buf, ", ");
        }
        lk_buf_add_char(buf, ']');
        break;
    case GQL_LIT_OBJECT:
        lk_buf_add_char(buf, '{');
        for (const struct gql_object_field *field = literal->fields; field != NULL; field = field->next) {
            lk_buf_add(buf, field->name.text);
            lk_buf_add_cstr(buf, ": ");
            print_literal(field->value, buf);
            if (field->next != NULL)
                lk_buf_add_cstr(buf, ", ");
        }
        lk_buf_add_char(buf, '}');
        break;
    }
}

const char *gql_v_literal_text(struct gql_v *v, const struct gql_literal *literal) {
    struct lk_buf buf = {0};
    print_literal(literal, &buf);
    return finish(v, &buf);
}
