#include "cli/grid.h"

#include "base/utf8.h"

#include <sys/ioctl.h>
#include <unistd.h>

#define GAP 2
#define COLUMN_LEAST 8
#define TERMINAL_WIDTH 80 /* of a terminal that does not say how wide it is, such as a serial line */
#define ELLIPSIS "\xE2\x80\xA6"

struct range {
    uint32_t first, last;
};

static bool in_ranges(uint32_t c, const struct range *ranges, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    }
    return false;
}

/* Places a character takes: the blocks of combining marks and of wide characters, no finer. */
static size_t width_of(uint32_t c) {
    static const struct range none[] = {{0x300, 0x36F},   {0x200B, 0x200D}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
                                        {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
    static const struct range two[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},   {0xAC00, 0xD7A3},
                                       {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
                                       {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
    if (in_ranges(c, none, sizeof(none) / sizeof(none[0])))
        return 0;
    return in_ranges(c, two, sizeof(two) / sizeof(two[0])) ? 2 : 1;
}

/* The next character of visible text, which is well-formed. */
static struct lk_slice next_character(struct lk_slice *text, size_t *ret_width) {
    uint32_t c = 0;
    int len = lk_utf8_decode(*text, &c);
    size_t bytes = len > 0 ? (size_t)len : 1;
    struct lk_slice character = lk_slice_make(text->ptr, bytes);
    *text = lk_slice_make(text->ptr + bytes, text->len - bytes);
    *ret_width = width_of(c);
    return character;
}

static size_t text_width(struct lk_slice text) {
    size_t sum = 0;
    while (text.len > 0) {
        size_t width;
        next_character(&text, &width);
        sum += width;
    }
    return sum;
}

static void measure(struct cli_grid *grid, const struct lk_slice *cells, size_t rows) {
    for (size_t i = 0; i < rows * grid->columns; i++) {
        size_t width = text_width(cells[i]);
        if (width > grid->widest[i % grid->columns])
            grid->widest[i % grid->columns] = width;
    }
}

/* Takes a place from the widest column until a line fits. */
static void fit(size_t *widths, size_t columns, size_t limit) {
    size_t sum = GAP * (columns - 1);
    for (size_t i = 0; i < columns; i++)
        sum += widths[i];
    while (sum > limit) {
        size_t widest = 0;
        for (size_t i = 1; i < columns; i++) {
            if (widths[i] > widths[widest])
                widest = i;
        }
        if (widths[widest] <= COLUMN_LEAST)
            return;
        widths[widest]--;
        sum--;
    }
}

/* Writes at most width places of text; returns how many. */
static size_t write_cell(struct lk_buf *out, struct lk_slice text, size_t width) {
    size_t whole = text_width(text);
    if (whole <= width) {
        lk_buf_add(out, text);
        return whole;
    }
    size_t written = 0;
    while (text.len > 0) {
        size_t character_width;
        struct lk_slice character = next_character(&text, &character_width);
        if (written + character_width + 1 > width)
            break;
        lk_buf_add(out, character);
        written += character_width;
    }
    lk_buf_add_cstr(out, ELLIPSIS);
    return written + 1;
}

void cli_grid_write(struct cli_grid *grid, const struct lk_slice *cells, size_t rows, struct lk_buf *out) {
    const size_t columns = grid->columns;
    size_t widths[CLI_GRID_COLUMNS_MAX];
    measure(grid, cells, rows);
    memcpy(widths, grid->widest, sizeof(widths));
    if (grid->width > 0)
        fit(widths, columns, grid->width);
    for (size_t row = 0; row < rows; row++) {
        size_t owed = 0; /* spaces before the next text: none at the end of a line */
        for (size_t i = 0; i < columns; i++) {
            struct lk_slice cell = cells[row * columns + i];
            size_t written = 0;
            if (cell.len > 0) {
                lk_buf_addf(out, "%*s", (int)owed, "");
                written = write_cell(out, cell, widths[i]);
                owed = 0;
            }
            owed += widths[i] - written + GAP;
        }
        lk_buf_add_char(out, '\n');
    }
}

size_t cli_terminal_width(void) {
    struct winsize size;
    if (isatty(STDOUT_FILENO) == 0)
        return 0;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : TERMINAL_WIDTH;
}
