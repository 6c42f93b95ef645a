/* The rendering of values inside error messages. Three value types share one shape: each has a function that prints one value and knows its
 * depth, because lists and objects below the second level are only named. */
#include "graphql/print.h"

#define ITEMS_MAX 10
#define DEPTH_MAX 2

static bool full(const struct lk_buf *buf, size_t start) {
    return buf->failed || buf->len - start > GQL_INSPECT_MAX;
}

/* Cuts what was written since start to the limit, at a character boundary. */
static void cut(struct lk_buf *buf, size_t start) {
    if (buf->len - start <= GQL_INSPECT_MAX)
        return;
    size_t end = start + GQL_INSPECT_MAX;
    while (end > start && ((unsigned char)buf->ptr[end] & 0xC0) == 0x80)
        end--;
    lk_buf_truncate(buf, end);
    lk_buf_add_cstr(buf, "...");
}

static void add_quoted(struct lk_slice text, struct lk_buf *buf) {
    struct lk_json_writer w;
    lk_json_writer_init(&w, buf);
    if (text.len > GQL_INSPECT_MAX + 1) { /* it is cut anyway: only not inside a character, so that the buffer stays UTF-8 */
        text.len = GQL_INSPECT_MAX + 1;
        while (((unsigned char)text.ptr[text.len] & 0xC0) == 0x80)
            text.len--;
    }
    lk_json_string(&w, text);
}

static void add_more(size_t len, struct lk_buf *buf) {
    if (len == ITEMS_MAX + 1)
        lk_buf_add_cstr(buf, ", ... 1 more item");
    else if (len > ITEMS_MAX)
        lk_buf_addf(buf, ", ... %zu more items", len - ITEMS_MAX);
}

static bool list_opens(size_t len, unsigned depth, struct lk_buf *buf) {
    if (len == 0)
        lk_buf_add_cstr(buf, "[]");
    else if (depth > DEPTH_MAX)
        lk_buf_add_cstr(buf, "[Array]");
    else
        return true;
    return false;
}

static bool object_opens(size_t len, unsigned depth, struct lk_buf *buf) {
    if (len == 0)
        lk_buf_add_cstr(buf, "{}");
    else if (depth > DEPTH_MAX)
        lk_buf_add_cstr(buf, "[Object]");
    else
        return true;
    return false;
}

static void add_key(struct lk_slice name, size_t index, struct lk_buf *buf) {
    lk_buf_add_cstr(buf, index == 0 ? "{ " : ", ");
    lk_buf_add(buf, name);
    lk_buf_add_cstr(buf, ": ");
}

static void inspect_json(const struct lk_json *value, unsigned depth, size_t start, struct lk_buf *buf) {
    switch (value->type) {
    case LK_JSON_NULL: lk_buf_add_cstr(buf, "null"); break;
    case LK_JSON_BOOL: lk_buf_add_cstr(buf, value->boolean ? "true" : "false"); break;
    case LK_JSON_INT: gql_print_number(value->integer, buf); break;
    case LK_JSON_REAL: gql_print_real(value->real, buf); break;
    case LK_JSON_STRING: add_quoted(value->string, buf); break;
    case LK_JSON_ARRAY:
        if (!list_opens(value->array.len, depth + 1, buf))
            break;
        for (size_t i = 0; i < value->array.len && i < ITEMS_MAX && !full(buf, start); i++) {
            lk_buf_add_cstr(buf, i == 0 ? "[" : ", ");
            inspect_json(&value->array.items[i], depth + 1, start, buf);
        }
        add_more(value->array.len, buf);
        lk_buf_add_char(buf, ']');
        break;
    case LK_JSON_OBJECT:
        if (!object_opens(value->object.len, depth + 1, buf))
            break;
        for (size_t i = 0; i < value->object.len && !full(buf, start); i++) {
            add_key(value->object.members[i].name, i, buf);
            inspect_json(&value->object.members[i].value, depth + 1, start, buf);
        }
        lk_buf_add_cstr(buf, " }");
        break;
    }
}

void gql_inspect_json(const struct lk_json *value, struct lk_buf *buf) {
    size_t start = buf->len;
    inspect_json(value, 0, start, buf);
    cut(buf, start);
}

static void inspect_value(const struct gql_value *value, unsigned depth, size_t start, struct lk_buf *buf) {
    switch (value->kind) {
    case GQL_NULL: lk_buf_add_cstr(buf, "null"); break;
    case GQL_INT: gql_print_number(value->integer, buf); break;
    case GQL_FLOAT: gql_print_real(value->real, buf); break;
    case GQL_STRING:
    case GQL_ENUM: add_quoted(value->text, buf); break;
    case GQL_BOOLEAN: lk_buf_add_cstr(buf, value->boolean ? "true" : "false"); break;
    case GQL_LIST:
        if (!list_opens(value->list.len, depth + 1, buf))
            break;
        for (size_t i = 0; i < value->list.len && i < ITEMS_MAX && !full(buf, start); i++) {
            lk_buf_add_cstr(buf, i == 0 ? "[" : ", ");
            inspect_value(&value->list.items[i], depth + 1, start, buf);
        }
        add_more(value->list.len, buf);
        lk_buf_add_char(buf, ']');
        break;
    case GQL_OBJECT:
        if (!object_opens(value->object.len, depth + 1, buf))
            break;
        for (size_t i = 0; i < value->object.len && !full(buf, start); i++) {
            add_key(value->object.members[i].name, i, buf);
            inspect_value(&value->object.members[i].value, depth + 1, start, buf);
        }
        lk_buf_add_cstr(buf, " }");
        break;
    }
}

void gql_inspect_value(const struct gql_value *value, struct lk_buf *buf) {
    size_t start = buf->len;
    inspect_value(value, 0, start, buf);
    cut(buf, start);
}

static void inspect_out(const struct gql_out *value, unsigned depth, size_t start, struct lk_buf *buf) {
    switch (value->kind) {
    case GQL_OUT_NULL: lk_buf_add_cstr(buf, "null"); break;
    case GQL_OUT_INT: gql_print_number(value->integer, buf); break;
    case GQL_OUT_FLOAT: gql_print_real(value->real, buf); break;
    case GQL_OUT_STRING: add_quoted(value->text, buf); break;
    case GQL_OUT_BOOLEAN: lk_buf_add_cstr(buf, value->boolean ? "true" : "false"); break;
    case GQL_OUT_OBJECT: lk_buf_add_cstr(buf, "[Object]"); break; /* what it points to is the resolvers' own */
    case GQL_OUT_LIST:
        if (!list_opens(value->items_len, depth + 1, buf))
            break;
        for (size_t i = 0; i < value->items_len && i < ITEMS_MAX && !full(buf, start); i++) {
            lk_buf_add_cstr(buf, i == 0 ? "[" : ", ");
            inspect_out(&value->items[i], depth + 1, start, buf);
        }
        add_more(value->items_len, buf);
        lk_buf_add_char(buf, ']');
        break;
    }
}

void gql_inspect_out(const struct gql_out *value, struct lk_buf *buf) {
    size_t start = buf->len;
    inspect_out(value, 0, start, buf);
    cut(buf, start);
}
