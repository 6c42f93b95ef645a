#include "../unit.h"

#include "base/buf.h"
#include "cli/csv.h"

#include <stdio.h>

/* All records, fields in brackets, or the problem. */
static const char *read_all(const char *text) {
    static char out[512];
    struct lk_arena arena;
    struct lk_slice fields[CLI_CSV_FIELDS_MAX];
    struct lk_problem problem = {0};
    struct cli_csv csv = {.rest = lk_slice_cstr(text), .line = 1};
    size_t len = 0;
    size_t used = 0;
    int code;
    lk_arena_init(&arena, 1 << 20);
    out[0] = '\0';
    while ((code = cli_csv_next(&csv, &arena, fields, &len, &problem)) == 1) {
        for (size_t i = 0; i < len; i++)
            used += (size_t)snprintf(out + used, sizeof(out) - used, "[%.*s]", (int)fields[i].len, fields[i].ptr);
        used += (size_t)snprintf(out + used, sizeof(out) - used, "%zu;", csv.line);
    }
    if (code < 0)
        snprintf(out, sizeof(out), "%s", problem.text);
    lk_arena_free(&arena);
    return out;
}

static void test_records(void **state) {
    (void)state;
    assert_string_equal(read_all(""), "");
    assert_string_equal(read_all("\n\r\n\n"), "");
    assert_string_equal(read_all("a"), "[a]2;");
    assert_string_equal(read_all("a,b\nc,d\n"), "[a][b]2;[c][d]3;");
    assert_string_equal(read_all("a,b\r\n\r\nc,d\r\n"), "[a][b]2;[c][d]4;");
    assert_string_equal(read_all(",\n"), "[][]2;");
    assert_string_equal(read_all("a b, c\n"), "[a b][ c]2;");
    assert_string_equal(read_all("a\rb,c"), "[a\rb][c]2;");
}

static void test_quotes(void **state) {
    (void)state;
    assert_string_equal(read_all("\"a,b\",\"c\"\"d\"\n"), "[a,b][c\"d]2;");
    assert_string_equal(read_all("\"a\nb\",c\nd,e"), "[a\nb][c]3;[d][e]4;");
    assert_string_equal(read_all("\"\",\"\""), "[][]2;");
    assert_string_equal(read_all("a\"b,c"), "[a\"b][c]2;");
}

static void test_mistakes(void **state) {
    (void)state;
    assert_string_equal(read_all("a\n\"b"), "line 2: a quote is opened and not closed");
    assert_string_equal(read_all("\"a\"b"), "line 1: a comma must follow a closing quote");
    assert_string_equal(read_all(",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,"), "line 1: it has more than 32 fields");
}

/* Empty lines before it are not a record's, the lines in its quotes are. */
static void test_lines(void **state) {
    (void)state;
    struct lk_arena arena;
    struct lk_slice fields[CLI_CSV_FIELDS_MAX];
    struct cli_csv csv = {.rest = lk_slice_cstr("a\n\n\n\"b\nc\"\nd\n"), .line = 1};
    size_t len = 0;
    lk_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < 3; i++) {
        static const size_t first[] = {1, 4, 6};
        assert_int_equal(cli_csv_next(&csv, &arena, fields, &len, NULL), 1);
        assert_int_equal(csv.first, first[i]);
    }
    lk_arena_free(&arena);
}

/* A quoted field takes the memory that it needs, however much of the file is behind it. */
static void test_memory(void **state) {
    (void)state;
    struct lk_buf text = {0};
    struct lk_arena arena;
    struct lk_slice fields[CLI_CSV_FIELDS_MAX];
    size_t len = 0;
    size_t records = 0;
    for (int i = 0; i < 4000; i++)
        lk_buf_add_cstr(&text, "\"a quoted name\"\n");
    struct cli_csv csv = {.rest = lk_buf_slice(&text), .line = 1};
    lk_arena_init(&arena, 1 << 20);
    while (cli_csv_next(&csv, &arena, fields, &len, NULL) == 1)
        records++;
    assert_int_equal(records, 4000);
    lk_arena_free(&arena);
    lk_buf_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_records), cmocka_unit_test(test_quotes), cmocka_unit_test(test_mistakes),
                                       cmocka_unit_test(test_lines), cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
