/* JSON texts: what is read can be written, and what was written reads back as the same text. */
#include "base/json_read.h"
#include "base/json_write.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_value(struct lk_json_writer *w, const struct lk_json *value) {
    switch (value->type) {
    case LK_JSON_NULL: lk_json_null(w); break;
    case LK_JSON_BOOL: lk_json_bool(w, value->boolean); break;
    case LK_JSON_INT: lk_json_int(w, value->integer); break;
    case LK_JSON_REAL: lk_json_double(w, value->real); break;
    case LK_JSON_STRING: lk_json_string(w, value->string); break;
    case LK_JSON_ARRAY:
        lk_json_begin_array(w);
        for (size_t i = 0; i < value->array.len; i++)
            write_value(w, &value->array.items[i]);
        lk_json_end_array(w);
        break;
    case LK_JSON_OBJECT:
        lk_json_begin_object(w);
        for (size_t i = 0; i < value->object.len; i++) {
            lk_json_key_slice(w, value->object.members[i].name);
            write_value(w, &value->object.members[i].value);
        }
        lk_json_end_object(w);
        break;
    }
}

/* Whether text was read; out is then what it is when written again. */
static bool rewrite(struct lk_slice text, struct lk_buf *out) {
    struct lk_arena arena;
    lk_arena_init(&arena, (size_t)64 << 20);
    struct lk_json *value = NULL;
    struct lk_problem problem = {0};
    bool read = lk_json_parse(text, &arena, &value, &problem) == 0;
    if (read) {
        struct lk_json_writer w;
        lk_json_writer_init(&w, out);
        write_value(&w, value);
    } else if (problem.code == 0 || problem.text[0] == '\0') {
        abort();
    }
    lk_arena_free(&arena);
    return read;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct lk_buf once = {0};
    struct lk_buf twice = {0};
    if (rewrite(lk_slice_make((const char *)data, size), &once)) {
        if (once.failed || !rewrite(lk_buf_slice(&once), &twice) || !lk_slice_equal(lk_buf_slice(&once), lk_buf_slice(&twice)))
            abort();
    }
    lk_buf_free(&once);
    lk_buf_free(&twice);
    return 0;
}
