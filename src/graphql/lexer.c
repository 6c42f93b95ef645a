#include "graphql/lexer.h"

#include "base/error.h"
#include "base/utf8.h"

#include <stdio.h>

int gql_syntax_errorv(struct gql_errors *errors, size_t at, const char *format, va_list args) {
    const char *text = gql_format(errors->arena, format, args);
    if (text == NULL)
        return LK_ENOMEM;
    gql_pos where = (gql_pos)at;
    gql_errors_add(errors, &where, 1, "Syntax Error: %s", text);
    return errors->out_of_memory ? LK_ENOMEM : LK_EINVAL;
}

int gql_syntax_error(struct gql_errors *errors, size_t at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int code = gql_syntax_errorv(errors, at, format, args);
    va_end(args);
    return code;
}

const char *gql_token_kind_text(enum gql_token_kind kind) {
    switch (kind) {
    case GQL_TOK_EOF: return "<EOF>";
    case GQL_TOK_BANG: return "\"!\"";
    case GQL_TOK_DOLLAR: return "\"$\"";
    case GQL_TOK_AMP: return "\"&\"";
    case GQL_TOK_PAREN_L: return "\"(\"";
    case GQL_TOK_PAREN_R: return "\")\"";
    case GQL_TOK_SPREAD: return "\"...\"";
    case GQL_TOK_COLON: return "\":\"";
    case GQL_TOK_EQUALS: return "\"=\"";
    case GQL_TOK_AT: return "\"@\"";
    case GQL_TOK_BRACKET_L: return "\"[\"";
    case GQL_TOK_BRACKET_R: return "\"]\"";
    case GQL_TOK_BRACE_L: return "\"{\"";
    case GQL_TOK_PIPE: return "\"|\"";
    case GQL_TOK_BRACE_R: return "\"}\"";
    case GQL_TOK_NAME: return "Name";
    case GQL_TOK_INT: return "Int";
    case GQL_TOK_FLOAT: return "Float";
    case GQL_TOK_STRING: return "String";
    case GQL_TOK_BLOCK_STRING: return "BlockString";
    }
    return "";
}

static bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

static bool is_name_start(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* A character as messages show it: quoted when printable ASCII, else as a code point, or <EOF>. */
struct shown {
    char text[16];
};

static struct shown show_char(const struct gql_lexer *lexer, size_t pos) {
    struct shown out;
    int c = gql_lexer_byte(lexer, pos);
    uint32_t code = 0;
    if (c < 0)
        snprintf(out.text, sizeof(out.text), "<EOF>");
    else if (c == '"')
        snprintf(out.text, sizeof(out.text), "'\"'");
    else if (c >= 0x20 && c <= 0x7e)
        snprintf(out.text, sizeof(out.text), "\"%c\"", c);
    else if (lk_utf8_decode(lk_slice_make(lexer->source.ptr + pos, lexer->source.len - pos), &code) > 0)
        snprintf(out.text, sizeof(out.text), "U+%04X", (unsigned)code);
    else
        snprintf(out.text, sizeof(out.text), "U+FFFD");
    return out;
}

static size_t skip_comment(const struct gql_lexer *lexer, size_t pos) {
    while (pos < lexer->source.len && lexer->source.ptr[pos] != '\n' && lexer->source.ptr[pos] != '\r')
        pos++;
    return pos;
}

/* Past all ignored tokens (2.1.7). */
static size_t skip_ignored(const struct gql_lexer *lexer, size_t pos) {
    for (;;) {
        switch (gql_lexer_byte(lexer, pos)) {
        case '\t':
        case ' ':
        case ',':
        case '\n':
        case '\r': pos++; break;
        case '#': pos = skip_comment(lexer, pos); break;
        case 0xef: /* U+FEFF, the byte order mark, is ignored wherever it stands */
            if (gql_lexer_byte(lexer, pos + 1) != 0xbb || gql_lexer_byte(lexer, pos + 2) != 0xbf)
                return pos;
            pos += 3;
            break;
        default: return pos;
        }
    }
}

static int expected_digit(const struct gql_lexer *lexer, size_t pos) {
    return gql_syntax_error(lexer->errors, pos, "Invalid number, expected digit but got: %s.", show_char(lexer, pos).text);
}

/* One or more digits from *pos on. */
static int read_digits(const struct gql_lexer *lexer, size_t *pos) {
    if (!is_digit(gql_lexer_byte(lexer, *pos)))
        return expected_digit(lexer, *pos);
    while (is_digit(gql_lexer_byte(lexer, *pos)))
        ++*pos;
    return 0;
}

/* The part before fraction and exponent: no leading zeros. */
static int read_integer_part(const struct gql_lexer *lexer, size_t *pos) {
    if (gql_lexer_byte(lexer, *pos) == '-')
        ++*pos;
    if (gql_lexer_byte(lexer, *pos) != '0')
        return read_digits(lexer, pos);
    ++*pos;
    if (is_digit(gql_lexer_byte(lexer, *pos)))
        return gql_syntax_error(lexer->errors, *pos, "Invalid number, unexpected digit after 0: %s.", show_char(lexer, *pos).text);
    return 0;
}

static int read_number(struct gql_lexer *lexer, struct gql_token *ret) {
    size_t pos = lexer->pos;
    bool real = false;
    int code = read_integer_part(lexer, &pos);
    if (code == 0 && gql_lexer_byte(lexer, pos) == '.') {
        real = true;
        pos++;
        code = read_digits(lexer, &pos);
    }
    if (code == 0 && (gql_lexer_byte(lexer, pos) == 'e' || gql_lexer_byte(lexer, pos) == 'E')) {
        real = true;
        pos++;
        if (gql_lexer_byte(lexer, pos) == '+' || gql_lexer_byte(lexer, pos) == '-')
            pos++;
        code = read_digits(lexer, &pos);
    }
    if (code < 0)
        return code;
    if (gql_lexer_byte(lexer, pos) == '.' || is_name_start(gql_lexer_byte(lexer, pos)))
        return expected_digit(lexer, pos);
    ret->kind = real ? GQL_TOK_FLOAT : GQL_TOK_INT;
    ret->text = lk_slice_make(lexer->source.ptr + lexer->pos, pos - lexer->pos);
    lexer->pos = pos;
    return 0;
}

static int read_name(struct gql_lexer *lexer, struct gql_token *ret) {
    size_t pos = lexer->pos + 1;
    while (is_name_start(gql_lexer_byte(lexer, pos)) || is_digit(gql_lexer_byte(lexer, pos)))
        pos++;
    ret->kind = GQL_TOK_NAME;
    ret->text = lk_slice_make(lexer->source.ptr + lexer->pos, pos - lexer->pos);
    lexer->pos = pos;
    return 0;
}

static int punctuator(struct gql_lexer *lexer, enum gql_token_kind kind, size_t len, struct gql_token *ret) {
    ret->kind = kind;
    ret->text = (struct lk_slice){NULL, 0};
    lexer->pos += len;
    return 0;
}

static int unexpected_char(const struct gql_lexer *lexer) {
    if (gql_lexer_byte(lexer, lexer->pos) == '\'')
        return gql_syntax_error(lexer->errors, lexer->pos,
                                "Unexpected single quote character ('), did you mean to use a double quote (\")?");
    return gql_syntax_error(lexer->errors, lexer->pos, "Unexpected character: %s.", show_char(lexer, lexer->pos).text);
}

int gql_lexer_next(struct gql_lexer *lexer, struct gql_token *ret) {
    lexer->pos = skip_ignored(lexer, lexer->pos);
    ret->at = (gql_pos)lexer->pos;
    int c = gql_lexer_byte(lexer, lexer->pos);
    switch (c) {
    case -1: return punctuator(lexer, GQL_TOK_EOF, 0, ret);
    case '!': return punctuator(lexer, GQL_TOK_BANG, 1, ret);
    case '$': return punctuator(lexer, GQL_TOK_DOLLAR, 1, ret);
    case '&': return punctuator(lexer, GQL_TOK_AMP, 1, ret);
    case '(': return punctuator(lexer, GQL_TOK_PAREN_L, 1, ret);
    case ')': return punctuator(lexer, GQL_TOK_PAREN_R, 1, ret);
    case ':': return punctuator(lexer, GQL_TOK_COLON, 1, ret);
    case '=': return punctuator(lexer, GQL_TOK_EQUALS, 1, ret);
    case '@': return punctuator(lexer, GQL_TOK_AT, 1, ret);
    case '[': return punctuator(lexer, GQL_TOK_BRACKET_L, 1, ret);
    case ']': return punctuator(lexer, GQL_TOK_BRACKET_R, 1, ret);
    case '{': return punctuator(lexer, GQL_TOK_BRACE_L, 1, ret);
    case '|': return punctuator(lexer, GQL_TOK_PIPE, 1, ret);
    case '}': return punctuator(lexer, GQL_TOK_BRACE_R, 1, ret);
    case '.':
        if (gql_lexer_byte(lexer, lexer->pos + 1) == '.' && gql_lexer_byte(lexer, lexer->pos + 2) == '.')
            return punctuator(lexer, GQL_TOK_SPREAD, 3, ret);
        return unexpected_char(lexer);
    case '"':
        if (gql_lexer_byte(lexer, lexer->pos + 1) == '"' && gql_lexer_byte(lexer, lexer->pos + 2) == '"')
            return gql_lexer_block_string(lexer, ret);
        return gql_lexer_string(lexer, ret);
    default: break;
    }
    if (is_digit(c) || c == '-')
        return read_number(lexer, ret);
    if (is_name_start(c))
        return read_name(lexer, ret);
    return unexpected_char(lexer);
}
