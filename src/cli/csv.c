#include "cli/csv.h"

static bool ends_line(struct lk_slice rest) {
    return rest.len == 0 || rest.ptr[0] == '\n' || (rest.ptr[0] == '\r' && (rest.len == 1 || rest.ptr[1] == '\n'));
}

static void skip(struct cli_csv *csv, size_t len) {
    csv->rest = lk_slice_make(csv->rest.ptr + len, csv->rest.len - len);
}

static void skip_line_end(struct cli_csv *csv) {
    if (csv->rest.len > 0 && csv->rest.ptr[0] == '\r')
        skip(csv, 1);
    if (csv->rest.len > 0)
        skip(csv, 1);
    csv->line++;
}

/* How many bytes are up to the quote that closes a field; all of text when none does. */
static size_t quoted_len(struct lk_slice text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '"')
            continue;
        if (i + 1 == text.len || text.ptr[i + 1] != '"')
            return i;
        i++;
    }
    return text.len;
}

static int read_quoted(struct cli_csv *csv, struct lk_arena *arena, struct lk_slice *ret, struct lk_problem *problem) {
    skip(csv, 1);
    size_t quoted = quoted_len(csv->rest);
    if (quoted == csv->rest.len)
        return lk_problem_set(problem, LK_EINVAL, "line %zu: a quote is opened and not closed", csv->line);
    char *out = lk_arena_alloc(arena, quoted);
    size_t len = 0;
    if (out == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    for (size_t i = 0; i < quoted; i++) {
        csv->line += csv->rest.ptr[i] == '\n';
        out[len++] = csv->rest.ptr[i];
        i += csv->rest.ptr[i] == '"';
    }
    skip(csv, quoted + 1);
    *ret = lk_slice_make(out, len);
    return 0;
}

static int read_field(struct cli_csv *csv, struct lk_arena *arena, struct lk_slice *ret, struct lk_problem *problem) {
    if (csv->rest.len > 0 && csv->rest.ptr[0] == '"')
        return read_quoted(csv, arena, ret, problem);
    struct lk_slice begin = csv->rest;
    while (!ends_line(csv->rest) && csv->rest.ptr[0] != ',')
        skip(csv, 1);
    *ret = lk_slice_make(begin.ptr, begin.len - csv->rest.len);
    return 0;
}

int cli_csv_next(struct cli_csv *csv, struct lk_arena *arena, struct lk_slice ret[CLI_CSV_FIELDS_MAX], size_t *ret_len,
                 struct lk_problem *problem) {
    size_t len = 0;
    while (csv->rest.len > 0 && ends_line(csv->rest))
        skip_line_end(csv);
    if (csv->rest.len == 0)
        return 0;
    csv->first = csv->line;
    for (;;) {
        if (len == CLI_CSV_FIELDS_MAX)
            return lk_problem_set(problem, LK_ELIMIT, "line %zu: it has more than %d fields", csv->line, CLI_CSV_FIELDS_MAX);
        int code = read_field(csv, arena, &ret[len++], problem);
        if (code != 0)
            return code;
        if (ends_line(csv->rest))
            break;
        if (csv->rest.ptr[0] != ',')
            return lk_problem_set(problem, LK_EINVAL, "line %zu: a comma must follow a closing quote", csv->line);
        skip(csv, 1);
    }
    skip_line_end(csv);
    *ret_len = len;
    return 1;
}
