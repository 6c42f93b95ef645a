/* JSON texts: what is read can be written, and what was written reads back as the same text. */
#include "cli/session.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
        cli_write_json(&w, value);
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
