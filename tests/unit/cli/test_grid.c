#include "../unit.h"

#include "cli/grid.h"

static void adds(struct cli_grid *grid, const struct lk_slice *cells, size_t rows, const char *wanted) {
    struct lk_buf out;
    lk_buf_init(&out, 0);
    cli_grid_write(grid, cells, rows, &out);
    assert_false(out.failed);
    assert_int_equal(lk_buf_add_char(&out, '\0'), 0);
    assert_string_equal(out.ptr, wanted);
    lk_buf_free(&out);
}

static void writes(const struct lk_slice *cells, size_t rows, size_t columns, size_t width, const char *wanted) {
    struct cli_grid grid = {.columns = columns, .width = width};
    adds(&grid, cells, rows, wanted);
}

static void columns_stand_under_one_another(void **state) {
    (void)state;
    const struct lk_slice cells[] = {LK_SLICE("ID"), LK_SLICE("NAME"), LK_SLICE("X"), LK_SLICE("1"), LK_SLICE("long name"),
                                     LK_SLICE("y"),  LK_SLICE("22"),   LK_SLICE("z"), LK_SLICE("")};
    writes(cells, 3, 3, 0, "ID  NAME       X\n1   long name  y\n22  z\n");
}

static void empty_cells_leave_no_space_at_the_end(void **state) {
    (void)state;
    const struct lk_slice cells[] = {LK_SLICE("A"), LK_SLICE("B"), LK_SLICE("C"), LK_SLICE("1"), LK_SLICE(""),
                                     LK_SLICE(""),  LK_SLICE(""),  LK_SLICE(""),  LK_SLICE("3")};
    writes(cells, 3, 3, 0, "A  B  C\n1\n      3\n");
}

/* U+65E5 takes two places, U+0301 none. */
static void widths_are_those_of_a_terminal(void **state) {
    (void)state;
    const struct lk_slice cells[] = {LK_SLICE("\xE6\x97\xA5\xE6\x9C\xAC"), LK_SLICE("x"), LK_SLICE("e\xCC\x81tudes"), LK_SLICE("y")};
    writes(cells, 2, 2, 0, "\xE6\x97\xA5\xE6\x9C\xAC    x\ne\xCC\x81tudes  y\n");
}

static void the_widest_column_is_cut_to_fit(void **state) {
    (void)state;
    const struct lk_slice cells[] = {LK_SLICE("short"), LK_SLICE("a text of twenty-six bytes"), LK_SLICE("b"), LK_SLICE("fits in here")};
    writes(cells, 2, 2, 20, "short  a text of tw\xE2\x80\xA6\nb      fits in here\n");
    const struct lk_slice wide[] = {LK_SLICE("12345"), LK_SLICE("\xE6\x97\xA5\xE6\x97\xA5\xE6\x97\xA5\xE6\x97\xA5\xE6\x97\xA5")};
    writes(wide, 1, 2, 15, "12345  \xE6\x97\xA5\xE6\x97\xA5\xE6\x97\xA5\xE2\x80\xA6\n");
}

static void no_column_is_cut_to_nothing(void **state) {
    (void)state;
    const struct lk_slice cells[] = {LK_SLICE("0123456789"), LK_SLICE("0123456789")};
    writes(cells, 1, 2, 1, "0123456\xE2\x80\xA6  0123456\xE2\x80\xA6\n");
}

/* What comes in parts: a later one may widen a column, none narrows one, and no line is longer than the terminal. */
static void columns_widen_as_they_go(void **state) {
    (void)state;
    const struct lk_slice first[] = {LK_SLICE("ID"), LK_SLICE("NAME"), LK_SLICE("1"), LK_SLICE("ab")};
    const struct lk_slice second[] = {LK_SLICE("12345"), LK_SLICE("c")};
    const struct lk_slice third[] = {LK_SLICE("2"), LK_SLICE("a text of twenty-six bytes")};
    struct cli_grid grid = {.columns = 2};
    adds(&grid, first, 2, "ID  NAME\n1   ab\n");
    adds(&grid, second, 1, "12345  c\n");
    adds(&grid, third, 1, "2      a text of twenty-six bytes\n");
    struct cli_grid narrow = {.columns = 2, .width = 20};
    adds(&narrow, first, 2, "ID  NAME\n1   ab\n");
    adds(&narrow, second, 1, "12345  c\n");
    adds(&narrow, third, 1, "2      a text of tw\xE2\x80\xA6\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_stand_under_one_another), cmocka_unit_test(empty_cells_leave_no_space_at_the_end),
        cmocka_unit_test(widths_are_those_of_a_terminal),  cmocka_unit_test(the_widest_column_is_cut_to_fit),
        cmocka_unit_test(no_column_is_cut_to_nothing),     cmocka_unit_test(columns_widen_as_they_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
