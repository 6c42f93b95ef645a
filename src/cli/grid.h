/* Aligned columns for people. Widths are those of a terminal: wide characters take two places, combining ones none. */
#ifndef LK_CLI_GRID_H
#define LK_CLI_GRID_H

#include "base/buf.h"

#define CLI_GRID_COLUMNS_MAX 16

struct cli_grid {
    size_t columns;
    size_t width;                        /* most places of a line; 0: no limit */
    size_t widest[CLI_GRID_COLUMNS_MAX]; /* the places of the longest cell of each column so far */
};

/* Writes rows of cells (rows * grid->columns of them, row by row, in UTF-8 without control characters) under one another. Each column is as wide as its longest cell
 * so far: what is written in parts may stand wider in a later one. Where a line would be longer than grid->width, the widest columns are cut and their longer cells
 * end in an ellipsis; no column is cut below eight places. */
void cli_grid_write(struct cli_grid *grid, const struct lk_slice *cells, size_t rows, struct lk_buf *out);

/* Columns of the terminal that standard output is; 0 when it is none. */
size_t cli_terminal_width(void);

#endif
