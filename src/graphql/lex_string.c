/* The two forms of StringValue (2.9.4): quoted strings with escapes, and block strings with their indentation removed. */
#include "graphql/lexer.h"

#include "base/error.h"
#include "base/utf8.h"

#include <stdint.h>

/* --- quoted strings --- */

/* The source from pos on, units UTF-16 code units of it (a character more rather than half of one): the part of an escape that messages
 * quote. */
static struct lk_slice quote(const struct gql_lexer *lexer, size_t pos, size_t units) {
    size_t end = pos;
    while (end < lexer->source.len && units > 0) {
        uint32_t code = 0;
        int len = lk_utf8_decode(lk_slice_make(lexer->source.ptr + end, lexer->source.len - end), &code);
        if (len < 1)
            break;
        end += (size_t)len;
        units -= code > 0xffff && units > 1 ? 2 : 1;
    }
    return lk_slice_make(lexer->source.ptr + pos, end - pos);
}

static int bad_unicode_escape(const struct gql_lexer *lexer, size_t pos, size_t units) {
    struct lk_slice text = quote(lexer, pos, units);
    return gql_syntax_error(lexer->errors, pos, "Invalid Unicode escape sequence: \"%.*s\".", (int)text.len, text.ptr);
}

static int32_t hex_digit(int c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

static bool is_scalar_value(uint32_t code) {
    return code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
}

/* \u{...} at *pos: up to eight digits. */
static int variable_escape(const struct gql_lexer *lexer, size_t *pos, uint32_t *ret) {
    uint32_t code = 0;
    size_t size = 3;
    while (size < 12) {
        int c = gql_lexer_byte(lexer, *pos + size++);
        if (c == '}') {
            if (size < 5 || !is_scalar_value(code))
                break;
            *pos += size;
            *ret = code;
            return 0;
        }
        int32_t digit = hex_digit(c);
        if (digit < 0)
            break;
        code = code << 4 | (uint32_t)digit;
        if (code > INT32_MAX)
            break;
    }
    return bad_unicode_escape(lexer, *pos, size);
}

/* Four hexadecimal digits at pos, or UINT32_MAX. */
static uint32_t four_digits(const struct gql_lexer *lexer, size_t pos) {
    uint32_t code = 0;
    for (size_t i = 0; i < 4; i++) {
        int32_t digit = hex_digit(gql_lexer_byte(lexer, pos + i));
        if (digit < 0)
            return UINT32_MAX;
        code = code << 4 | (uint32_t)digit;
    }
    return code;
}

/* \uXXXX at *pos, or a surrogate pair of two of them. */
static int fixed_escape(const struct gql_lexer *lexer, size_t *pos, uint32_t *ret) {
    uint32_t code = four_digits(lexer, *pos + 2);
    if (is_scalar_value(code)) {
        *pos += 6;
        *ret = code;
        return 0;
    }
    if (code >= 0xd800 && code <= 0xdbff && gql_lexer_byte(lexer, *pos + 6) == '\\' && gql_lexer_byte(lexer, *pos + 7) == 'u') {
        uint32_t low = four_digits(lexer, *pos + 8);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *pos += 12;
            *ret = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            return 0;
        }
    }
    return bad_unicode_escape(lexer, *pos, 6);
}

static int simple_escape(const struct gql_lexer *lexer, size_t *pos, uint32_t *ret) {
    uint32_t code = 0;
    switch (gql_lexer_byte(lexer, *pos + 1)) {
    case '"': code = '"'; break;
    case '\\': code = '\\'; break;
    case '/': code = '/'; break;
    case 'b': code = '\b'; break;
    case 'f': code = '\f'; break;
    case 'n': code = '\n'; break;
    case 'r': code = '\r'; break;
    case 't': code = '\t'; break;
    default: {
        struct lk_slice text = quote(lexer, *pos, 2);
        return gql_syntax_error(lexer->errors, *pos, "Invalid character escape sequence: \"%.*s\".", (int)text.len, text.ptr);
    }
    }
    *pos += 2;
    *ret = code;
    return 0;
}

static int read_escape(const struct gql_lexer *lexer, size_t *pos, uint32_t *ret) {
    if (gql_lexer_byte(lexer, *pos + 1) != 'u')
        return simple_escape(lexer, pos, ret);
    if (gql_lexer_byte(lexer, *pos + 2) == '{')
        return variable_escape(lexer, pos, ret);
    return fixed_escape(lexer, pos, ret);
}

/* Finds the closing quote, checking every escape on the way. *ret_escapes tells whether there is any. */
static int scan_string(const struct gql_lexer *lexer, size_t *ret_end, bool *ret_escapes) {
    size_t pos = lexer->pos + 1;
    bool escapes = false;
    for (;;) {
        int c = gql_lexer_byte(lexer, pos);
        if (c == '"')
            break;
        if (c == -1 || c == '\n' || c == '\r')
            return gql_syntax_error(lexer->errors, pos, "Unterminated string.");
        if (c != '\\') {
            pos++;
            continue;
        }
        uint32_t code;
        escapes = true;
        int status = read_escape(lexer, &pos, &code);
        if (status < 0)
            return status;
    }
    *ret_end = pos;
    *ret_escapes = escapes;
    return 0;
}

/* The value of the string's inside. An escape is never shorter than what it stands for, so the source's length is room enough. */
static int resolve_escapes(const struct gql_lexer *lexer, size_t pos, size_t end, struct lk_slice *ret) {
    char *out = lk_arena_alloc(lexer->arena, end - pos);
    if (out == NULL)
        return LK_ENOMEM;
    size_t len = 0;
    while (pos < end) {
        if (lexer->source.ptr[pos] != '\\') {
            out[len++] = lexer->source.ptr[pos++];
            continue;
        }
        uint32_t code = 0;
        int status = read_escape(lexer, &pos, &code);
        if (status < 0)
            return status;
        len += (size_t)lk_utf8_encode(code, out + len);
    }
    *ret = lk_slice_make(out, len);
    return 0;
}

int gql_lexer_string(struct gql_lexer *lexer, struct gql_token *ret) {
    size_t end = 0;
    bool escapes = false;
    int code = scan_string(lexer, &end, &escapes);
    if (code < 0)
        return code;
    struct lk_slice value = lk_slice_make(lexer->source.ptr + lexer->pos + 1, end - lexer->pos - 1);
    if (escapes) {
        code = resolve_escapes(lexer, lexer->pos + 1, end, &value);
        if (code < 0)
            return code;
    }
    ret->kind = GQL_TOK_STRING;
    ret->text = value;
    lexer->pos = end + 1;
    return 0;
}

/* --- block strings --- */

static bool triple_quote(const struct gql_lexer *lexer, size_t pos) {
    return gql_lexer_byte(lexer, pos) == '"' && gql_lexer_byte(lexer, pos + 1) == '"' && gql_lexer_byte(lexer, pos + 2) == '"';
}

/* Where the closing quotes of the block string whose inside begins at pos are, or the end of the source. */
static size_t find_block_end(const struct gql_lexer *lexer, size_t pos) {
    while (pos < lexer->source.len && !triple_quote(lexer, pos))
        pos += lexer->source.ptr[pos] == '\\' && triple_quote(lexer, pos + 1) ? 4 : 1;
    return pos < lexer->source.len ? pos : lexer->source.len;
}

/* Copies the raw value between pos and end to out, with \""" undone and line ends made LF. Returns its length, never more than the source's. */
static size_t copy_raw_block(const struct gql_lexer *lexer, size_t pos, size_t end, char *out) {
    size_t len = 0;
    while (pos < end) {
        char c = lexer->source.ptr[pos];
        if (c == '\\' && triple_quote(lexer, pos + 1)) {
            pos++;
            memcpy(out + len, lexer->source.ptr + pos, 3);
            len += 3;
            pos += 3;
        } else if (c == '\r') {
            out[len++] = '\n';
            pos += gql_lexer_byte(lexer, pos + 1) == '\n' ? 2 : 1;
        } else {
            out[len++] = c;
            pos++;
        }
    }
    return len;
}

/* The line at *rest, which is moved behind its LF; false when there is none left. *rest.ptr NULL marks the end. */
static bool next_line(struct lk_slice *rest, struct lk_slice *ret) {
    if (rest->ptr == NULL)
        return false;
    const char *end = memchr(rest->ptr, '\n', rest->len);
    if (end == NULL) {
        *ret = *rest;
        *rest = (struct lk_slice){NULL, 0};
        return true;
    }
    size_t len = (size_t)(end - rest->ptr);
    *ret = lk_slice_make(rest->ptr, len);
    *rest = lk_slice_make(end + 1, rest->len - len - 1);
    return true;
}

static size_t leading_space(struct lk_slice line) {
    size_t n = 0;
    while (n < line.len && (line.ptr[n] == ' ' || line.ptr[n] == '\t'))
        n++;
    return n;
}

/* BlockStringValue() of 2.9.4, in place: cuts the common indentation of all lines but the first, and blank lines at both ends. */
static size_t dedent(char *text, size_t len) {
    size_t indent = SIZE_MAX;
    size_t first = SIZE_MAX; /* first and last line with anything on it */
    size_t last = 0;
    size_t number = 0;
    struct lk_slice line;
    for (struct lk_slice rest = {text, len}; next_line(&rest, &line); number++) {
        size_t space = leading_space(line);
        if (space == line.len)
            continue;
        if (first == SIZE_MAX)
            first = number;
        last = number;
        if (number > 0 && space < indent)
            indent = space;
    }
    if (first == SIZE_MAX)
        return 0;
    size_t out = 0;
    number = 0;
    for (struct lk_slice rest = {text, len}; next_line(&rest, &line) && number <= last; number++) {
        if (number < first)
            continue;
        size_t cut = number == 0 ? 0 : indent < line.len ? indent : line.len;
        if (number > first)
            text[out++] = '\n';
        memmove(text + out, line.ptr + cut, line.len - cut);
        out += line.len - cut;
    }
    return out;
}

int gql_lexer_block_string(struct gql_lexer *lexer, struct gql_token *ret) {
    size_t start = lexer->pos + 3;
    size_t close = find_block_end(lexer, start);
    if (close == lexer->source.len)
        return gql_syntax_error(lexer->errors, close, "Unterminated string.");
    char *out = lk_arena_alloc(lexer->arena, close - start);
    if (out == NULL)
        return LK_ENOMEM;
    size_t len = copy_raw_block(lexer, start, close, out);
    lexer->pos = close + 3;
    ret->kind = GQL_TOK_BLOCK_STRING;
    ret->text = lk_slice_make(out, dedent(out, len));
    return 0;
}
