/* multipart/form-data (RFC 7578, RFC 2046 section 5.1). */
#include "http/url.h"

#define BOUNDARY_MAX 70 /* RFC 2046 */

static struct lk_slice from(struct lk_slice text, size_t len) {
    return lk_slice_make(text.ptr + len, text.len - len);
}

static bool find(struct lk_slice text, struct lk_slice what, size_t *ret) {
    const char *at = text.len < what.len ? NULL : memmem(text.ptr, text.len, what.ptr, what.len);
    if (at == NULL)
        return false;
    *ret = (size_t)(at - text.ptr);
    return true;
}

/* What follows a delimiter on its line: white space and CRLF before a part, -- after the last. False when neither. */
static bool end_delimiter(struct lk_slice *text, bool *ret_last) {
    if (lk_slice_starts_with(*text, "--")) {
        *ret_last = true;
        return true;
    }
    while (text->len > 0 && (text->ptr[0] == ' ' || text->ptr[0] == '\t'))
        *text = from(*text, 1);
    if (!lk_slice_starts_with(*text, "\r\n"))
        return false;
    *text = from(*text, 2);
    *ret_last = false;
    return true;
}

/* Cuts a part's header off text, its empty line included. */
static bool cut_header(struct lk_slice *text, struct lk_slice *ret) {
    static const struct lk_slice end = LK_SLICE("\r\n\r\n");
    if (lk_slice_starts_with(*text, "\r\n")) {
        *ret = lk_slice_make(text->ptr, 0);
        *text = from(*text, 2);
        return true;
    }
    size_t len = 0;
    if (!find(*text, end, &len))
        return false;
    *ret = lk_slice_make(text->ptr, len);
    *text = from(*text, len + end.len);
    return true;
}

/* Whether a part's header says Content-Disposition: form-data; name="<name>". */
static bool is_named(struct lk_slice header, const char *name) {
    static const struct lk_slice field_name = LK_SLICE("content-disposition");
    while (header.len > 0) {
        const char *line_end = memchr(header.ptr, '\n', header.len);
        size_t len = line_end == NULL ? header.len : (size_t)(line_end - header.ptr) + 1;
        struct lk_slice line = lk_slice_make(header.ptr, len);
        header = from(header, len);
        const char *colon = memchr(line.ptr, ':', line.len);
        if (colon == NULL || !lk_slice_equal_nocase(lk_slice_make(line.ptr, (size_t)(colon - line.ptr)), field_name))
            continue;
        struct lk_slice value = lk_slice_trim(from(line, field_name.len + 1));
        return http_media_type_is(value, "form-data") && lk_slice_is(http_media_type_param(value, "name"), name);
    }
    return false;
}

/* Writes CRLF -- boundary; returns its length, 0 when there is no usable boundary. */
static size_t make_delimiter(struct lk_slice content_type, char out[BOUNDARY_MAX + 4]) {
    struct lk_slice boundary = http_media_type_param(content_type, "boundary");
    if (!http_media_type_is(content_type, "multipart/form-data") || boundary.len == 0 || boundary.len > BOUNDARY_MAX)
        return 0;
    memcpy(out, "\r\n--", 4);
    memcpy(out + 4, boundary.ptr, boundary.len);
    return boundary.len + 4;
}

int http_multipart_get(struct lk_slice content_type, struct lk_slice body, const char *name, struct lk_slice *ret) {
    char text[BOUNDARY_MAX + 4];
    struct lk_slice delimiter = {text, make_delimiter(content_type, text)};
    if (delimiter.len == 0)
        return LK_EINVAL;
    struct lk_slice first = from(delimiter, 2); /* the first may be without the CRLF */
    size_t at = 0;
    if (body.len >= first.len && memcmp(body.ptr, first.ptr, first.len) == 0)
        body = from(body, first.len);
    else if (find(body, delimiter, &at))
        body = from(body, at + delimiter.len);
    else
        return LK_EINVAL;
    struct lk_slice content = {0};
    bool found = false;
    for (;;) { /* to the end even when found: a cut-off body is malformed */
        bool last = false;
        struct lk_slice header;
        if (!end_delimiter(&body, &last))
            return LK_EINVAL;
        if (last) {
            if (found)
                *ret = content;
            return found ? 0 : LK_ENOTFOUND;
        }
        if (!cut_header(&body, &header) || !find(body, delimiter, &at))
            return LK_EINVAL;
        if (!found && is_named(header, name)) {
            content = lk_slice_make(body.ptr, at);
            found = true;
        }
        body = from(body, at + delimiter.len);
    }
}
