/*
 * Streaming JSON writer (RFC 8259), compact: commas are put where they belong, text is escaped as JavaScript's JSON.stringify does it.
 * Failure shows in the buffer (buf->failed). The caller keeps the nesting right.
 */
#ifndef LK_BASE_JSON_WRITE_H
#define LK_BASE_JSON_WRITE_H

#include "base/buf.h"

#include <stdint.h>

struct lk_json_writer {
    struct lk_buf *out;
    bool comma; /* the next value or key needs a comma before it */
};

/* Writes to the end of out, which outlives the writer. */
void lk_json_writer_init(struct lk_json_writer *w, struct lk_buf *out);

void lk_json_begin_object(struct lk_json_writer *w);
void lk_json_end_object(struct lk_json_writer *w);
void lk_json_begin_array(struct lk_json_writer *w);
void lk_json_end_array(struct lk_json_writer *w);

/* A member's name; its value must follow. One that is a C string needs no escapes: it is the code's, or an identifier. */
void lk_json_key(struct lk_json_writer *w, const char *name);
void lk_json_key_slice(struct lk_json_writer *w, struct lk_slice name);

void lk_json_string(struct lk_json_writer *w, struct lk_slice text); /* text is valid UTF-8 */
void lk_json_int(struct lk_json_writer *w, int64_t value);
void lk_json_double(struct lk_json_writer *w, double value); /* as lk_json_format_double; NaN and infinities become null */
void lk_json_bool(struct lk_json_writer *w, bool value);
void lk_json_null(struct lk_json_writer *w);
void lk_json_raw(struct lk_json_writer *w, struct lk_slice json); /* one complete JSON value, as it is */

/* The shortest text that reads back as the same finite double, spelled as ECMAScript's Number::toString spells it (3.14, 1e+21, 100000),
 * with a NUL. Returns its length. */
size_t lk_json_format_double(double value, char out[32]);

#endif
