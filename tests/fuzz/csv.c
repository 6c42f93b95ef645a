/* Comma-separated values: refused with the line that is wrong, or read to the end; and what was read, written with every field quoted, is read as the same. */
#include "fuzz.h"

#include "base/buf.h"
#include "cli/csv.h"

#define RECORDS_MAX 64

struct record {
    struct lk_slice fields[CLI_CSV_FIELDS_MAX];
    size_t len;
};

/* The first records of a text; whether all of it could be read. */
static bool read_all(struct lk_slice text, struct lk_arena *arena, struct record *ret, size_t *ret_len) {
    struct cli_csv csv = {text, 1};
    *ret_len = 0;
    for (;;) {
        struct record record = {.len = 0};
        struct lk_problem problem = {0};
        struct lk_slice before = csv.rest;
        size_t line = csv.line;
        int code = cli_csv_next(&csv, arena, record.fields, &record.len, &problem);
        holds(csv.line >= line && csv.rest.len <= before.len, "it goes on");
        if (code < 0) {
            holds(problem.code == code && strncmp(problem.text, "line ", 5) == 0, "a refusal names the line");
            return false;
        }
        if (code == 0)
            return true;
        holds(record.len >= 1 && record.len <= CLI_CSV_FIELDS_MAX && csv.rest.len < before.len, "a record has fields");
        if (*ret_len < RECORDS_MAX)
            ret[(*ret_len)++] = record;
    }
}

static void write_quoted(struct lk_buf *out, const struct record *record) {
    for (size_t i = 0; i < record->len; i++) {
        lk_buf_add_char(out, i == 0 ? '"' : ',');
        if (i > 0)
            lk_buf_add_char(out, '"');
        for (size_t j = 0; j < record->fields[i].len; j++) {
            if (record->fields[i].ptr[j] == '"')
                lk_buf_add_char(out, '"');
            lk_buf_add_char(out, record->fields[i].ptr[j]);
        }
        lk_buf_add_char(out, '"');
    }
    lk_buf_add(out, lk_slice_cstr("\r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct record records[RECORDS_MAX], again[RECORDS_MAX];
    struct lk_arena arena;
    struct lk_buf quoted;
    size_t len, again_len;
    char *copy = exact_copy(data, size);
    lk_arena_init(&arena, (size_t)256 << 20);
    lk_buf_init(&quoted, 0);
    (void)read_all(lk_slice_make(copy, size), &arena, records, &len);
    for (size_t i = 0; i < len; i++)
        write_quoted(&quoted, &records[i]);
    holds(!quoted.failed, "there is memory");
    holds(read_all(lk_buf_slice(&quoted), &arena, again, &again_len) && again_len == len, "what is quoted can be read");
    for (size_t i = 0; i < len; i++) {
        holds(again[i].len == records[i].len, "a record has as many fields when they are quoted");
        for (size_t j = 0; j < records[i].len; j++)
            holds(lk_slice_equal(again[i].fields[j], records[i].fields[j]), "a field says the same when it is quoted");
    }
    lk_buf_free(&quoted);
    lk_arena_free(&arena);
    free(copy);
    return 0;
}
