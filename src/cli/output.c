/* What a command prints: tables and records for people, JSON for programs. */
#include "base/clock.h"
#include "base/utf8.h"
#include "cli/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

const struct lk_json *cli_at(const struct lk_json *value, const char *path) {
    char name[64];
    while (value != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        if (len >= sizeof(name))
            return NULL;
        memcpy(name, path, len);
        name[len] = '\0';
        value = lk_json_get(value, name);
        path += path[len] == '.' ? len + 1 : len;
    }
    return value;
}

/* --- JSON --- */

void cli_write_text(struct lk_json_writer *w, struct lk_slice text) {
    struct lk_buf whole;
    lk_buf_init(&whole, 0);
    while (text.len > 0) {
        uint32_t character = 0;
        int len = lk_utf8_decode(text, &character);
        size_t step = len > 0 ? (size_t)len : 1;
        lk_buf_add(&whole, len > 0 ? lk_slice_make(text.ptr, step) : lk_slice_cstr("\xEF\xBF\xBD"));
        text = lk_slice_make(text.ptr + step, text.len - step);
    }
    lk_json_string(w, lk_buf_slice(&whole));
    w->out->failed = w->out->failed || whole.failed;
    lk_buf_free(&whole);
}

void cli_write_json(struct lk_json_writer *w, const struct lk_json *value) {
    if (value == NULL) {
        lk_json_null(w);
        return;
    }
    switch (value->type) {
    case LK_JSON_NULL: lk_json_null(w); break;
    case LK_JSON_BOOL: lk_json_bool(w, value->boolean); break;
    case LK_JSON_INT: lk_json_int(w, value->integer); break;
    case LK_JSON_REAL: lk_json_double(w, value->real); break;
    case LK_JSON_STRING: lk_json_string(w, value->string); break;
    case LK_JSON_ARRAY:
        lk_json_begin_array(w);
        for (size_t i = 0; i < value->array.len; i++)
            cli_write_json(w, &value->array.items[i]);
        lk_json_end_array(w);
        break;
    case LK_JSON_OBJECT:
        lk_json_begin_object(w);
        for (size_t i = 0; i < value->object.len; i++) {
            lk_json_key_slice(w, value->object.members[i].name);
            cli_write_json(w, &value->object.members[i].value);
        }
        lk_json_end_object(w);
        break;
    }
}

/* Prints what write appended and wipes it, since it may hold a secret. */
static int print_and_wipe(struct cli_session *session, struct lk_buf *out) {
    int code = cli_print(out, &session->problem);
    if (out->cap > 0)
        explicit_bzero(out->ptr, out->cap);
    lk_buf_free(out);
    return code;
}

static int print_json(struct cli_session *session, const struct lk_json *value) {
    struct lk_buf out;
    lk_buf_init(&out, 0);
    struct lk_json_writer w;
    lk_json_writer_init(&w, &out);
    cli_write_json(&w, value);
    lk_buf_add_char(&out, '\n');
    return print_and_wipe(session, &out);
}

/* --- text --- */

void cli_add_printable(struct lk_buf *out, struct lk_slice text) {
    while (text.len > 0) {
        uint32_t character = 0;
        int len = lk_utf8_decode(text, &character);
        size_t step = len > 0 ? (size_t)len : 1;
        if (len <= 0 || character < 0x20 || (character >= 0x7F && character < 0xA0) || character == 0x2028 || character == 0x2029 ||
            (character >= 0x202A && character <= 0x202E) || (character >= 0x2066 && character <= 0x2069))
            lk_buf_addf(out, "\\u{%x}", len > 0 ? character : (unsigned char)text.ptr[0]);
        else
            lk_buf_add(out, lk_slice_make(text.ptr, step));
        text = lk_slice_make(text.ptr + step, text.len - step);
    }
}

int cli_whole(struct lk_slice text, size_t most) {
    size_t len = 0;
    while (len < text.len) {
        uint32_t character = 0;
        int step = lk_utf8_decode(lk_slice_make(text.ptr + len, text.len - len), &character);
        if (step <= 0 || len + (size_t)step > most)
            break;
        len += (size_t)step;
    }
    return (int)len;
}

void cli_add_word(struct lk_buf *out, const char *text) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@%+=,-";
    if (text[0] != '\0' && text[strspn(text, plain)] == '\0') {
        lk_buf_add_cstr(out, text);
        return;
    }
    lk_buf_add_char(out, '\'');
    for (;;) {
        size_t len = strcspn(text, "'");
        cli_add_printable(out, lk_slice_make(text, len));
        if (text[len] == '\0')
            break;
        lk_buf_add_cstr(out, "'\\''");
        text += len + 1;
    }
    lk_buf_add_char(out, '\'');
}

static void add_scalar(struct lk_buf *out, const struct lk_json *value, enum cli_column_kind kind) {
    char time[25];
    switch (value->type) {
    case LK_JSON_STRING: cli_add_printable(out, value->string); break;
    case LK_JSON_BOOL: lk_buf_add_cstr(out, value->boolean ? "yes" : "no"); break;
    case LK_JSON_INT:
        if (kind == CLI_COLUMN_TIME) {
            lk_clock_format(value->integer, time);
            lk_buf_addf(out, "%.19sZ", time);
        } else {
            lk_buf_addf(out, "%lld", (long long)value->integer);
        }
        break;
    case LK_JSON_REAL: lk_buf_addf(out, "%g", value->real); break;
    case LK_JSON_NULL:
    case LK_JSON_ARRAY:
    case LK_JSON_OBJECT: break;
    }
}

/* The value at a path as text; what arrays on the way hold is joined with commas. `{key value}` objects print as key=value. */
static void add_at(struct lk_buf *out, const struct lk_json *value, const char *path, enum cli_column_kind kind) {
    if (value == NULL)
        return;
    if (value->type == LK_JSON_ARRAY) {
        for (size_t i = 0; i < value->array.len; i++) {
            if (i > 0)
                lk_buf_add_cstr(out, ", ");
            add_at(out, &value->array.items[i], path, kind);
        }
        return;
    }
    if (*path == '\0') {
        const struct lk_json *key = lk_json_get(value, "key");
        if (key != NULL) {
            add_scalar(out, key, kind);
            lk_buf_add_char(out, '=');
            value = lk_json_get(value, "value");
        }
        if (value != NULL)
            add_scalar(out, value, kind);
        return;
    }
    char name[64];
    size_t len = strcspn(path, ".");
    if (len >= sizeof(name))
        return;
    memcpy(name, path, len);
    name[len] = '\0';
    add_at(out, lk_json_get(value, name), path + len + (path[len] == '.' ? 1 : 0), kind);
}

/* --- lists --- */

void cli_list_begin(const struct cli_column *columns, size_t columns_len, const char *empty, struct cli_list *ret) {
    *ret = (struct cli_list){.columns = columns, .empty = empty, .grid = {.columns = columns_len, .width = cli_terminal_width()}};
}

/* The cells of a table's next rows, row by row and the titles first if there was none yet, in arena. */
static struct lk_slice *make_cells(const struct cli_list *list, const struct lk_json *items, size_t len, struct lk_arena *arena,
                                   size_t *ret_rows) {
    const size_t columns_len = list->grid.columns;
    const size_t titles = list->len == 0 ? columns_len : 0;
    struct lk_slice *cells = lk_arena_calloc(arena, (len + 1) * columns_len, sizeof(*cells));
    if (cells == NULL)
        return NULL;
    for (size_t i = 0; i < titles; i++)
        cells[i] = lk_slice_cstr(list->columns[i].title);
    struct lk_buf cell;
    lk_buf_init(&cell, 0);
    bool failed = false;
    for (size_t i = 0; i < len * columns_len && !failed; i++) {
        const struct cli_column *column = &list->columns[i % columns_len];
        lk_buf_clear(&cell);
        add_at(&cell, &items[i / columns_len], column->path, column->kind);
        failed = cell.failed || lk_arena_copy(arena, lk_buf_slice(&cell), &cells[titles + i]) != 0;
    }
    lk_buf_free(&cell);
    *ret_rows = len + (titles > 0);
    return failed ? NULL : cells;
}

static void write_rows(struct cli_list *list, const struct lk_json *items, size_t len, struct lk_buf *out) {
    struct lk_arena arena;
    lk_arena_init(&arena, CLI_ARENA_MAX);
    size_t rows = 0;
    const struct lk_slice *cells = make_cells(list, items, len, &arena, &rows);
    if (cells != NULL)
        cli_grid_write(&list->grid, cells, rows, out);
    out->failed = out->failed || cells == NULL;
    lk_arena_free(&arena);
}

static void write_items(const struct cli_list *list, const struct lk_json *items, size_t len, struct lk_buf *out) {
    for (size_t i = 0; i < len; i++) {
        struct lk_json_writer w;
        lk_json_writer_init(&w, out);
        lk_buf_add_char(out, list->len + i == 0 ? '[' : ',');
        cli_write_json(&w, &items[i]);
    }
}

int cli_list_add(struct cli_session *session, struct cli_list *list, const struct lk_json *items, size_t len) {
    struct lk_buf out;
    if (len == 0)
        return 0;
    lk_buf_init(&out, 0);
    if (session->json)
        write_items(list, items, len, &out);
    else
        write_rows(list, items, len, &out);
    list->len += len;
    return print_and_wipe(session, &out);
}

int cli_list_end(struct cli_session *session, const struct cli_list *list) {
    if (!session->json) {
        if (list->len == 0)
            fprintf(stderr, "%s\n", list->empty);
        return 0;
    }
    struct lk_buf out;
    lk_buf_init(&out, 0);
    lk_buf_add_cstr(&out, list->len == 0 ? "[]\n" : "]\n");
    return print_and_wipe(session, &out);
}

/* --- records --- */

int cli_print_object(struct cli_session *session, const struct lk_json *object, const struct cli_column *columns, size_t columns_len) {
    if (object == NULL || object->type != LK_JSON_OBJECT)
        return cli_no_result(session, 200);
    if (session->json)
        return print_json(session, object);
    struct lk_buf out;
    lk_buf_init(&out, 0);
    for (size_t i = 0; i < columns_len; i++) {
        size_t before = out.len;
        lk_buf_addf(&out, "%-12s ", columns[i].title);
        size_t title_end = out.len;
        add_at(&out, object, columns[i].path, columns[i].kind);
        if (out.len == title_end) /* there is nothing to say */
            lk_buf_truncate(&out, before);
        else
            lk_buf_add_char(&out, '\n');
    }
    return print_and_wipe(session, &out);
}

int cli_confirm(struct cli_session *session, const char *format, ...) {
    if (cli_args_flag(session->args, "yes") || isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0)
        return 0;
    char text[LK_PROBLEM_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct lk_buf question;
    lk_buf_init(&question, 0);
    cli_add_printable(&question, lk_slice_cstr(text));
    fprintf(stderr, "%.*s [y/N] ", (int)question.len, question.ptr);
    lk_buf_free(&question);
    int answer = getchar();
    for (int rest = answer; rest != '\n' && rest != EOF;) /* what was typed behind it answers no further question */
        rest = getchar();
    if (answer == 'y' || answer == 'Y')
        return 0;
    return lk_problem_set(&session->problem, LK_EFORBIDDEN, "Stopped; this was not deleted");
}
