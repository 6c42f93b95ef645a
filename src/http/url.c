#include "http/url.h"

#include "http/chars.h"

/* The byte that text begins with, and how many characters spell it; -1 for a broken escape. */
static int decode_one(struct lk_slice text, bool plus_is_space, size_t *ret_len) {
    char c = text.ptr[0];
    *ret_len = 1;
    if (c == '+' && plus_is_space)
        return ' ';
    if (c != '%')
        return (unsigned char)c;
    if (text.len < 3)
        return -1;
    int high = http_char_hex(text.ptr[1]);
    int low = http_char_hex(text.ptr[2]);
    *ret_len = 3;
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static struct lk_slice skip(struct lk_slice text, size_t len) {
    return lk_slice_make(text.ptr + len, text.len - len);
}

int http_percent_decode(struct lk_slice text, bool plus_is_space, struct lk_arena *arena, struct lk_slice *ret) {
    char *out = lk_arena_alloc(arena, text.len);
    if (out == NULL)
        return LK_ENOMEM;
    size_t len = 0;
    while (text.len > 0) {
        size_t used = 0;
        int byte = decode_one(text, plus_is_space, &used);
        if (byte < 0)
            return LK_EINVAL;
        out[len++] = (char)byte;
        text = skip(text, used);
    }
    *ret = lk_slice_make(out, len);
    return 0;
}

/* Whether encoded spells name. A broken escape spells nothing. */
static bool spells(struct lk_slice encoded, const char *name) {
    while (encoded.len > 0) {
        size_t used = 0;
        int byte = decode_one(encoded, true, &used);
        if (byte < 0 || *name == '\0' || byte != (unsigned char)*name)
            return false;
        name++;
        encoded = skip(encoded, used);
    }
    return *name == '\0';
}

/* Cuts what comes before the next mark off text, the mark itself dropped. */
static struct lk_slice cut(struct lk_slice *text, char mark) {
    const char *at = text->len == 0 ? NULL : memchr(text->ptr, mark, text->len);
    size_t len = at == NULL ? text->len : (size_t)(at - text->ptr);
    struct lk_slice head = lk_slice_make(text->ptr, len);
    *text = skip(*text, at == NULL ? len : len + 1);
    return head;
}

int http_form_get(struct lk_slice form, const char *name, struct lk_arena *arena, struct lk_slice *ret) {
    while (form.len > 0) {
        struct lk_slice value = cut(&form, '&');
        bool is_empty = value.len == 0;
        struct lk_slice key = cut(&value, '=');
        if (!is_empty && spells(key, name))
            return http_percent_decode(value, true, arena, ret);
    }
    return LK_ENOTFOUND;
}

size_t http_form_count(struct lk_slice form, const char *name) {
    size_t count = 0;
    while (form.len > 0) {
        struct lk_slice value = cut(&form, '&');
        bool is_empty = value.len == 0;
        if (!is_empty && spells(cut(&value, '='), name))
            count++;
    }
    return count;
}
