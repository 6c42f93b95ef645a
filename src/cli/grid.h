/* Aligned columns for people. Widths are those of a terminal: wide characters take two places, combining ones none. */
#ifndef LK_CLI_GRID_H
#define LK_CLI_GRID_H

#include "base/buf.h"

#define CLI_GRID_COLUMNS_MAX 16

/* Writes rows of cells (rows * columns of them, row by row, in UTF-8 without control characters) under one another. Where a line would be longer than
 * width (0: no limit), the widest columns are cut and their longer cells end in an ellipsis; no column is cut below eight places. */
void cli_grid_write(const struct lk_slice *cells, size_t rows, size_t columns, size_t width, struct lk_buf *out);

/* Columns of the terminal that standard output is; 0 when it is none. */
size_t cli_terminal_width(void);

#endif
