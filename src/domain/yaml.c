#include "domain/yaml.h"

#include "base/json_write.h"

static bool is_word_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

/* Whether a text stands for itself without quotes: words with single spaces, begun by a letter, and no word that means a value. */
static bool is_plain(struct lk_slice text) {
    static const char *const reserved[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (lk_slice_equal_nocase(text, lk_slice_cstr(reserved[i])))
            return false;
    }
    bool letter = text.len > 0 && is_word_character(text.ptr[0]) && text.ptr[0] > '9';
    bool space = true;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == ' ' ? space : !is_word_character(text.ptr[i]))
            return false;
        space = text.ptr[i] == ' ';
    }
    return letter && !space;
}

static void write_string(struct lk_slice text, struct lk_buf *out) {
    if (is_plain(text)) {
        lk_buf_add(out, text);
        return;
    }
    struct lk_json_writer w; /* a JSON string is a double-quoted YAML scalar */
    lk_json_writer_init(&w, out);
    lk_json_string(&w, text);
}

static void indent(struct lk_buf *out, unsigned depth) {
    for (unsigned i = 0; i < depth; i++)
        lk_buf_add_cstr(out, "  ");
}

static bool is_nested(const struct lk_json *value) {
    return (value->type == LK_JSON_ARRAY && value->array.len > 0) || (value->type == LK_JSON_OBJECT && value->object.len > 0);
}

static void write_scalar(const struct lk_json *value, struct lk_buf *out) {
    struct lk_json_writer w;
    lk_json_writer_init(&w, out);
    switch (value->type) {
    case LK_JSON_NULL: lk_json_null(&w); break;
    case LK_JSON_BOOL: lk_json_bool(&w, value->boolean); break;
    case LK_JSON_INT: lk_json_int(&w, value->integer); break;
    case LK_JSON_REAL: lk_json_double(&w, value->real); break;
    case LK_JSON_STRING: write_string(value->string, out); break;
    case LK_JSON_ARRAY: lk_buf_add_cstr(out, "[]"); break;
    case LK_JSON_OBJECT: lk_buf_add_cstr(out, "{}"); break;
    }
    lk_buf_add_char(out, '\n');
}

/* Writes the lines of a nested value. The first one is already indented when inline_first: it follows the "- " of a list. Recursion is as deep as the
 * parser allowed (LK_JSON_DEPTH_MAX). */
static void write_lines(const struct lk_json *value, struct lk_buf *out, unsigned depth, bool inline_first) {
    bool list = value->type == LK_JSON_ARRAY;
    size_t len = list ? value->array.len : value->object.len;
    for (size_t i = 0; i < len; i++) {
        const struct lk_json *item = list ? &value->array.items[i] : &value->object.members[i].value;
        if (i > 0 || !inline_first)
            indent(out, depth);
        if (list) {
            lk_buf_add_char(out, '-');
        } else {
            write_string(value->object.members[i].name, out);
            lk_buf_add_char(out, ':');
        }
        if (is_nested(item) && !list) {
            lk_buf_add_char(out, '\n');
            write_lines(item, out, depth + 1, false);
        } else {
            lk_buf_add_char(out, ' ');
            if (is_nested(item))
                write_lines(item, out, depth + 1, true);
            else
                write_scalar(item, out);
        }
    }
}

void lk_yaml_write(const struct lk_json *value, struct lk_buf *out) {
    if (is_nested(value))
        write_lines(value, out, 0, false);
    else
        write_scalar(value, out);
}
