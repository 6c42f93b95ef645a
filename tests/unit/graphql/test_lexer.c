/* Tokens: the lexical grammar, and graphql-js's words for what is not in it. */
#include "parse_case.h"

#include "graphql/lexer.h"

static const struct parse_case cases[] = {
    {"{ a(b: 0123) }", "Invalid number, unexpected digit after 0: \"1\".", 1, 9},
    {"{ a(b: -) }", "Invalid number, expected digit but got: \")\".", 1, 9},
    {"{ a(b: 1.) }", "Invalid number, expected digit but got: \")\".", 1, 10},
    {"{ a(b: 1.5e) }", "Invalid number, expected digit but got: \")\".", 1, 12},
    {"{ a(b: 1e+) }", "Invalid number, expected digit but got: \")\".", 1, 11},
    {"{ a(b: 1.x) }", "Invalid number, expected digit but got: \"x\".", 1, 10},
    {"{ a(b: 1x) }", "Invalid number, expected digit but got: \"x\".", 1, 9},
    {"{ a(b: 1.2.3) }", "Invalid number, expected digit but got: \".\".", 1, 11},
    {"{ a(b: +1) }", "Unexpected character: \"+\".", 1, 8},
    {"{ a(b: .1) }", "Unexpected character: \".\".", 1, 8},
    {"{a(b:0xF)}", "Invalid number, expected digit but got: \"x\".", 1, 7},
    {"{ a(b: 1", "Expected Name, found <EOF>.", 1, 9},
    {"{ a(b: \"x) }", "Unterminated string.", 1, 13},
    {"{ a(b: \"x\ny\") }", "Unterminated string.", 1, 10},
    {"{ a(b: \"\\q\") }", "Invalid character escape sequence: \"\\q\".", 1, 9},
    {"{ a(b: \"\\u12\") }", "Invalid Unicode escape sequence: \"\\u12\")\".", 1, 9},
    {"{ a(b: \"\\u{}\") }", "Invalid Unicode escape sequence: \"\\u{}\".", 1, 9},
    {"{ a(b: \"\\uD83D\") }", "Invalid Unicode escape sequence: \"\\uD83D\".", 1, 9},
    {"{ a(b: \"\\uDE00\\uD83D\") }", "Invalid Unicode escape sequence: \"\\uDE00\".", 1, 9},
    {"{ a(b: \"\\u{110000}\") }", "Invalid Unicode escape sequence: \"\\u{110000}\".", 1, 9},
    {"{ a(b: \"\\u{D800}\") }", "Invalid Unicode escape sequence: \"\\u{D800}\".", 1, 9},
    {"{ a(b: \"\\u{0000000041}\") }", "Invalid Unicode escape sequence: \"\\u{000000004\".", 1, 9},
    {"{ a(b: \"\\u{FFFFFFFF}\") }", "Invalid Unicode escape sequence: \"\\u{FFFFFFFF\".", 1, 9},
    {"{ a(b: \"\\u{12é\") }", "Invalid Unicode escape sequence: \"\\u{12é\".", 1, 9},
    {"{ a(b: \"\\", "Invalid character escape sequence: \"\\\".", 1, 9},
    {"{ a(b: \"\"\"x) }", "Unterminated string.", 1, 15},
    {"{ a(b: 'x') }", "Unexpected single quote character ('), did you mean to use a double quote (\")?", 1, 8},
    {"{ ? }", "Unexpected character: \"?\".", 1, 3},
    {"{ é }", "Unexpected character: U+00E9.", 1, 3},
    {"{ 😀 }", "Unexpected character: U+1F600.", 1, 3},
    {"{ \a }", "Unexpected character: U+0007.", 1, 3},
    {"{ a . b }", "Unexpected character: \".\".", 1, 5},
    {"{ a .. b }", "Unexpected character: \".\".", 1, 5},
    {"# é😀\r\n{ ? }", "Unexpected character: \"?\".", 2, 3},
    {"\r\r\n\n ?", "Unexpected character: \"?\".", 4, 2},
    {"é😀 {", "Unexpected character: U+00E9.", 1, 1},
};

static void test_errors(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_parse_case(&cases[i]);
}

struct fixture {
    struct lk_arena arena;
    struct gql_errors errors;
    struct gql_lexer lexer;
};

static void begin(struct fixture *f, struct lk_slice source) {
    lk_arena_init(&f->arena, 1 << 20);
    gql_errors_init(&f->errors, &f->arena, NULL);
    f->lexer = (struct gql_lexer){source, 0, &f->arena, &f->errors};
}

static void end(struct fixture *f) {
    lk_arena_free(&f->arena);
}

static void test_all_kinds(void **state) {
    (void)state;
    static const enum gql_token_kind kinds[] = {
        GQL_TOK_BANG,   GQL_TOK_DOLLAR, GQL_TOK_AMP,       GQL_TOK_PAREN_L,   GQL_TOK_PAREN_R,      GQL_TOK_SPREAD, GQL_TOK_COLON,
        GQL_TOK_EQUALS, GQL_TOK_AT,     GQL_TOK_BRACKET_L, GQL_TOK_BRACKET_R, GQL_TOK_BRACE_L,      GQL_TOK_PIPE,   GQL_TOK_BRACE_R,
        GQL_TOK_NAME,   GQL_TOK_INT,    GQL_TOK_FLOAT,     GQL_TOK_STRING,    GQL_TOK_BLOCK_STRING, GQL_TOK_EOF,    GQL_TOK_EOF};
    struct fixture f;
    struct gql_token token;
    begin(&f, lk_slice_cstr("\xef\xbb\xbf!$&()...:=@[]{|}, \t\r\n# a comment {\n _a1 -0\xef\xbb\xbf 1.5e-3 \"s\" \"\"\"b\"\"\" # end"));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        assert_int_equal(gql_lexer_next(&f.lexer, &token), 0);
        assert_int_equal(token.kind, kinds[i]);
    }
    end(&f);
}

/* source is one token with this value. */
static void check_value(const char *source, const char *value, size_t len) {
    struct fixture f;
    struct gql_token token;
    begin(&f, lk_slice_cstr(source));
    assert_int_equal(gql_lexer_next(&f.lexer, &token), 0);
    assert_int_equal(token.text.len, len);
    assert_memory_equal(token.text.ptr, value, len);
    assert_int_equal(gql_lexer_next(&f.lexer, &token), 0);
    assert_int_equal(token.kind, GQL_TOK_EOF);
    end(&f);
}

static void test_strings(void **state) {
    (void)state;
    check_value("\"\"", "", 0);
    check_value("\"a\xc3\xa9\"", "a\xc3\xa9", 3);
    check_value("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8);
    check_value("\"\\u0041\\u00e9\\u{1F600}\\uD83D\\uDE00\"", "A\xc3\xa9\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 11);
    check_value("\"\\u{00000041}\\u{0}\"", "A\0", 2);
}

static void test_block_strings(void **state) {
    (void)state;
    check_value("\"\"\"\"\"\"", "", 0);
    check_value("\"\"\" \n\n\"\"\"", "", 0);
    check_value("\"\"\" a \"\"\"", " a ", 3);
    check_value("\"\"\"\n    Hello,\n      World!\n\n    Yours\n  \"\"\"", "Hello,\n  World!\n\nYours", 22);
    check_value("\"\"\"first\n  second\r\n\t third\r  fourth\"\"\"", "first\nsecond\nthird\nfourth", 25);
    check_value("\"\"\"a \\\"\"\" b \\n \\u0041\"\"\"", "a \"\"\" b \\n \\u0041", 17);
    check_value("\"\"\"\n    a\n  \n    b\"\"\"", "a\n\nb", 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_all_kinds),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_block_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
