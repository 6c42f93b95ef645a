#include "base/json_write.h"

#include "base/characters.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void lk_json_writer_init(struct lk_json_writer *w, struct lk_buf *out) {
    *w = (struct lk_json_writer){.out = out};
}

static void separate(struct lk_json_writer *w) {
    if (w->comma)
        lk_buf_add_char(w->out, ',');
    w->comma = true;
}

static void open_with(struct lk_json_writer *w, char bracket) {
    separate(w);
    lk_buf_add_char(w->out, bracket);
    w->comma = false;
}

static void close_with(struct lk_json_writer *w, char bracket) {
    lk_buf_add_char(w->out, bracket);
    w->comma = true;
}

void lk_json_begin_object(struct lk_json_writer *w) {
    open_with(w, '{');
}

void lk_json_end_object(struct lk_json_writer *w) {
    close_with(w, '}');
}

void lk_json_begin_array(struct lk_json_writer *w) {
    open_with(w, '[');
}

void lk_json_end_array(struct lk_json_writer *w) {
    close_with(w, ']');
}

static void add_escape(struct lk_buf *out, unsigned char c) {
    switch (c) {
    case '"': lk_buf_add_cstr(out, "\\\""); break;
    case '\\': lk_buf_add_cstr(out, "\\\\"); break;
    case '\b': lk_buf_add_cstr(out, "\\b"); break;
    case '\f': lk_buf_add_cstr(out, "\\f"); break;
    case '\n': lk_buf_add_cstr(out, "\\n"); break;
    case '\r': lk_buf_add_cstr(out, "\\r"); break;
    case '\t': lk_buf_add_cstr(out, "\\t"); break;
    default: lk_buf_addf(out, "\\u%04x", c); break;
    }
}

static lk_characters need_escapes(lk_characters c) {
    return (lk_characters)((c < 0x20) | (c == '"') | (c == '\\'));
}

static void add_quoted(struct lk_buf *out, struct lk_slice text) {
    lk_buf_add_char(out, '"');
    if (!lk_any_character(text, need_escapes)) { /* most need none */
        lk_buf_add(out, text);
        lk_buf_add_char(out, '"');
        return;
    }
    size_t plain = 0; /* start of the run that needs no escape */
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        lk_buf_add(out, lk_slice_make(text.ptr + plain, i - plain));
        add_escape(out, c);
        plain = i + 1;
    }
    if (plain < text.len)
        lk_buf_add(out, lk_slice_make(text.ptr + plain, text.len - plain));
    lk_buf_add_char(out, '"');
}

void lk_json_key_slice(struct lk_json_writer *w, struct lk_slice name) {
    separate(w);
    add_quoted(w->out, name);
    lk_buf_add_char(w->out, ':');
    w->comma = false;
}

void lk_json_key(struct lk_json_writer *w, const char *name) {
    separate(w);
    lk_buf_add_char(w->out, '"');
    lk_buf_add_cstr(w->out, name);
    lk_buf_add(w->out, (struct lk_slice)LK_SLICE("\":"));
    w->comma = false;
}

void lk_json_string(struct lk_json_writer *w, struct lk_slice text) {
    separate(w);
    add_quoted(w->out, text);
}

void lk_json_int(struct lk_json_writer *w, int64_t value) {
    char digits[20];
    size_t at = sizeof(digits);
    uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
    separate(w);
    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0)
        digits[--at] = '-';
    lk_buf_add(w->out, lk_slice_make(digits + at, sizeof(digits) - at));
}

void lk_json_bool(struct lk_json_writer *w, bool value) {
    separate(w);
    lk_buf_add_cstr(w->out, value ? "true" : "false");
}

void lk_json_null(struct lk_json_writer *w) {
    separate(w);
    lk_buf_add_cstr(w->out, "null");
}

void lk_json_raw(struct lk_json_writer *w, struct lk_slice json) {
    separate(w);
    lk_buf_add(w->out, json);
}

void lk_json_double(struct lk_json_writer *w, double value) {
    if (!isfinite(value)) {
        lk_json_null(w);
        return;
    }
    char text[32];
    size_t len = lk_json_format_double(value, text);
    separate(w);
    lk_buf_add(w->out, lk_slice_make(text, len));
}

size_t lk_json_format_double(double value, char out[32]) {
    if (value == 0) {
        memcpy(out, "0", 2); /* ECMAScript prints -0 as 0 too */
        return 1;
    }
    char scientific[32]; /* d.ddde[+-]xx with the fewest digits that read back the same */
    for (int precision = 0; precision <= 16; precision++) {
        snprintf(scientific, sizeof(scientific), "%.*e", precision, value);
        if (strtod(scientific, NULL) == value)
            break;
    }
    char digits[20];
    int count = 0;
    const char *p = scientific;
    const char *sign = "";
    if (*p == '-') {
        sign = "-";
        p++;
    }
    for (; *p != '\0' && *p != 'e'; p++) {
        if (*p != '.')
            digits[count++] = *p;
    }
    digits[count] = '\0';
    int point = (int)strtol(p + 1, NULL, 10) + 1; /* the value is 0.digits * 10^point */
    int len;
    if (point >= count && point <= 21)
        len = snprintf(out, 32, "%s%s%.*s", sign, digits, point - count, "000000000000000000000");
    else if (point > 0 && point < count)
        len = snprintf(out, 32, "%s%.*s.%s", sign, point, digits, digits + point);
    else if (point > -6 && point <= 0)
        len = snprintf(out, 32, "%s0.%.*s%s", sign, -point, "000000", digits);
    else
        len = snprintf(out, 32, "%s%c%s%se%+d", sign, digits[0], count > 1 ? "." : "", digits + 1, point - 1);
    return (size_t)len;
}
