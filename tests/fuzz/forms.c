/* Percent-encoding, query strings, multipart bodies, media types. The input's first line is the Content-Type, the rest the body. */
#include "http/url.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct lk_slice part, struct lk_slice whole) {
    if (part.len > 0 && (part.ptr < whole.ptr || part.ptr + part.len > whole.ptr + whole.len))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    /* Memory of the exact size, so that the sanitizer sees a read past its end. */
    char *copy = malloc(size == 0 ? 1 : size);
    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    const char *end = size == 0 ? NULL : memchr(copy, '\n', size);
    const size_t line_len = end == NULL ? size : (size_t)(end - copy);
    const struct lk_slice line = lk_slice_make(copy, line_len);
    const struct lk_slice body = lk_slice_make(copy + line_len, size - line_len);
    struct lk_arena arena;
    lk_arena_init(&arena, (size_t)16 << 20);

    struct lk_slice value = {NULL, 0};
    if (http_percent_decode(line, true, &arena, &value) == 0 && value.len > line.len)
        abort();
    if (http_form_get(body, "query", &arena, &value) == 0 && value.len > body.len)
        abort();
    if (http_multipart_get(line, body, "query", &value) == 0)
        check_inside(value, body);
    (void)http_media_type_is(line, "application/json");
    check_inside(http_media_type_param(line, "charset"), line);
    if (http_accept_quality(line, "application/json") > 1000 || http_accept_quality(line, "gzip") > 1000)
        abort();

    lk_arena_free(&arena);
    free(copy);
    return 0;
}
