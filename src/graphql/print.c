#include "graphql/print.h"

/* text as a quoted GraphQL string. */
static void print_string(struct lk_slice text, struct lk_buf *buf) {
    lk_buf_add_char(buf, '"');
    size_t plain = 0; /* start of the run that needs no escape */
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        unsigned char second = i + 1 < text.len ? (unsigned char)text.ptr[i + 1] : 0;
        bool c1 = c == 0xC2 && second >= 0x80 && second <= 0x9F; /* U+0080 to U+009F */
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F && !c1)
            continue;
        lk_buf_add(buf, lk_slice_make(text.ptr + plain, i - plain));
        switch (c) {
        case '"': lk_buf_add_cstr(buf, "\\\""); break;
        case '\\': lk_buf_add_cstr(buf, "\\\\"); break;
        case '\b': lk_buf_add_cstr(buf, "\\b"); break;
        case '\t': lk_buf_add_cstr(buf, "\\t"); break;
        case '\n': lk_buf_add_cstr(buf, "\\n"); break;
        case '\f': lk_buf_add_cstr(buf, "\\f"); break;
        case '\r': lk_buf_add_cstr(buf, "\\r"); break;
        default: lk_buf_addf(buf, "\\u%04X", c1 ? second : c); break;
        }
        if (c1)
            i++;
        plain = i + 1;
    }
    if (plain < text.len)
        lk_buf_add(buf, lk_slice_make(text.ptr + plain, text.len - plain));
    lk_buf_add_char(buf, '"');
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* Whether a line break follows each line but the first with white space or nothing: the shape that block string dedenting would change. */
static bool all_lines_indented(struct lk_slice text) {
    bool several = false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '\n')
            continue;
        several = true;
        if (i + 1 < text.len && !is_blank(text.ptr[i + 1]) && text.ptr[i + 1] != '\n')
            return false;
    }
    return several;
}

/* Length in UTF-16 code units, which is what graphql-js measures. */
static size_t utf16_len(struct lk_slice text) {
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x80 || c >= 0xC0)
            len += c >= 0xF0 ? 2 : 1;
    }
    return len;
}

static void add_block_text(struct lk_slice text, struct lk_buf *buf) {
    size_t plain = 0;
    for (size_t i = 0; i + 2 < text.len; i++) {
        if (memcmp(text.ptr + i, "\"\"\"", 3) != 0)
            continue;
        lk_buf_add(buf, lk_slice_make(text.ptr + plain, i - plain));
        lk_buf_add_cstr(buf, "\\\"\"\"");
        i += 2;
        plain = i + 1;
    }
    lk_buf_add(buf, lk_slice_make(text.ptr + plain, text.len - plain));
}

/* Where the quotes stand decides whether the text reads back the same; the rules are those of graphql-js's printBlockString. */
static void print_block_string(struct lk_slice text, struct lk_buf *buf) {
    bool single = text.len == 0 || memchr(text.ptr, '\n', text.len) == NULL;
    bool force_leading = all_lines_indented(text);
    char last = text.len > 0 ? text.ptr[text.len - 1] : '\0';
    bool ends_triple = text.len >= 3 && memcmp(text.ptr + text.len - 3, "\"\"\"", 3) == 0;
    bool force_trailing = (last == '"' && !ends_triple) || last == '\\';
    bool many = !single || utf16_len(text) > 70 || force_trailing || force_leading || ends_triple;
    bool skip_leading = single && text.len > 0 && is_blank(text.ptr[0]);
    lk_buf_add_cstr(buf, "\"\"\"");
    if ((many && !skip_leading) || force_leading)
        lk_buf_add_char(buf, '\n');
    add_block_text(text, buf);
    if (many || force_trailing)
        lk_buf_add_char(buf, '\n');
    lk_buf_add_cstr(buf, "\"\"\"");
}

void gql_print_literal(const struct gql_literal *literal, struct lk_buf *buf) {
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
            if (item != literal->items)
                lk_buf_add_cstr(buf, ", ");
            gql_print_literal(item, buf);
        }
        lk_buf_add_char(buf, ']');
        break;
    case GQL_LIT_OBJECT:
        lk_buf_add_char(buf, '{');
        for (const struct gql_object_field *field = literal->fields; field != NULL; field = field->next) {
            if (field != literal->fields)
                lk_buf_add_cstr(buf, ", ");
            lk_buf_add(buf, field->name.text);
            lk_buf_add_cstr(buf, ": ");
            gql_print_literal(field->value, buf);
        }
        lk_buf_add_char(buf, '}');
        break;
    }
}

void gql_print_real(double value, struct lk_buf *buf) {
    if (value != value) {
        lk_buf_add_cstr(buf, "NaN");
    } else if (value - value != 0) {
        lk_buf_add_cstr(buf, value < 0 ? "-Infinity" : "Infinity");
    } else {
        char text[32];
        size_t len = lk_json_format_double(value, text);
        lk_buf_add(buf, lk_slice_make(text, len));
    }
}

void gql_print_number(int64_t value, struct lk_buf *buf) {
    const int64_t exact = (int64_t)1 << 53;
    if (value > exact || value < -exact)
        gql_print_real((double)value, buf);
    else
        lk_buf_addf(buf, "%lld", (long long)value);
}

/* Whether text is written like an Int literal. */
static bool is_integer_text(struct lk_slice text) {
    size_t i = text.len > 0 && text.ptr[0] == '-' ? 1 : 0;
    if (i == text.len || (text.ptr[i] == '0' && i + 1 < text.len))
        return false;
    for (; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    }
    return true;
}

static int print_leaf(const struct gql_type *type, const struct gql_value *value, struct lk_buf *buf,
                      const struct gql_value **ret_culprit) {
    switch (value->kind) {
    case GQL_NULL: lk_buf_add_cstr(buf, "null"); return 0;
    case GQL_INT: lk_buf_addf(buf, "%lld", (long long)value->integer); return 0;
    case GQL_FLOAT: gql_print_real(value->real, buf); return 0;
    case GQL_BOOLEAN: lk_buf_add_cstr(buf, value->boolean ? "true" : "false"); return 0;
    case GQL_ENUM: lk_buf_add(buf, value->text); return 0;
    case GQL_STRING:
        if (type->builtin && lk_slice_is(type->name, "ID") && is_integer_text(value->text))
            lk_buf_add(buf, value->text);
        else
            print_string(value->text, buf);
        return 0;
    case GQL_LIST:
    case GQL_OBJECT: break;
    }
    *ret_culprit = value;
    return LK_EINVAL;
}

static int print_list(const struct gql_type *type, const struct gql_value *value, struct lk_buf *buf,
                      const struct gql_value **ret_culprit) {
    lk_buf_add_char(buf, '[');
    for (size_t i = 0; i < value->list.len; i++) {
        if (i > 0)
            lk_buf_add_cstr(buf, ", ");
        int code = gql_print_value(type->of, &value->list.items[i], buf, ret_culprit);
        if (code < 0)
            return code;
    }
    lk_buf_add_char(buf, ']');
    return 0;
}

static int print_object(const struct gql_type *type, const struct gql_value *value, struct lk_buf *buf,
                        const struct gql_value **ret_culprit) {
    lk_buf_add_char(buf, '{');
    for (size_t i = 0; i < value->object.len; i++) {
        const struct gql_value_member *member = &value->object.members[i];
        if (i > 0)
            lk_buf_add_cstr(buf, ", ");
        lk_buf_add(buf, member->name);
        lk_buf_add_cstr(buf, ": ");
        int code = gql_print_value(gql_type_input(type, member->name)->type, &member->value, buf, ret_culprit);
        if (code < 0)
            return code;
    }
    lk_buf_add_char(buf, '}');
    return 0;
}

int gql_print_value(const struct gql_type *type, const struct gql_value *value, struct lk_buf *buf, const struct gql_value **ret_culprit) {
    if (type->kind == GQL_NON_NULL_TYPE)
        type = type->of;
    if (type->kind == GQL_LIST_TYPE && value->kind != GQL_NULL)
        return print_list(type, value, buf, ret_culprit);
    if (type->kind == GQL_INPUT_OBJECT && value->kind != GQL_NULL)
        return print_object(type, value, buf, ret_culprit);
    return print_leaf(type, value, buf, ret_culprit);
}

void gql_ref_print(const struct gql_type_ref *ref, struct lk_buf *buf) {
    switch (ref->kind) {
    case GQL_REF_NAMED: lk_buf_add(buf, ref->name); break;
    case GQL_REF_LIST:
        lk_buf_add_char(buf, '[');
        gql_ref_print(ref->of, buf);
        lk_buf_add_char(buf, ']');
        break;
    case GQL_REF_NON_NULL:
        gql_ref_print(ref->of, buf);
        lk_buf_add_char(buf, '!');
        break;
    }
}
