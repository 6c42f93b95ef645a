/* latchkey key import: the rows of a file, to the server in batches. A row that is refused leaves the others. */
#include "cli/key_import.h"
#include "api/errors.h"
#include "cli/ending.h"
#include "cli/refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Most bytes of a file. */
#define FILE_MAX ((size_t)256 << 20)

static int out_of_memory(struct cli_session *session) {
    return lk_problem_set(&session->problem, LK_ENOMEM, "Out of memory");
}

/* --- rows --- */

int import_begin_row(struct import *import, size_t line) {
    if (import->len == import->cap) {
        size_t cap = import->cap == 0 ? IMPORT_BATCH : 2 * import->cap;
        struct import_row *larger = lk_arena_calloc(&import->session->arena, cap, sizeof(*larger));
        if (larger == NULL)
            return out_of_memory(import->session);
        if (import->len > 0)
            memcpy(larger, import->rows, import->len * sizeof(*larger));
        import->rows = larger;
        import->cap = cap;
    }
    lk_json_writer_init(&import->w, &import->keys);
    import->waiting[import->waiting_len] = (struct import_waiting){.row = import->len, .from = import->keys.len};
    import->rows[import->len++] = (struct import_row){.line = line};
    return 0;
}

int import_name_row(struct import *import, struct lk_slice name) {
    int code = lk_arena_copy(&import->session->arena, name, &import->rows[import->len - 1].name);
    return code == 0 ? 0 : out_of_memory(import->session);
}

/* For a row of any time; error need not outlive the call. Of columns that were mistaken for each other one is the key, the name perhaps, which is refused then. */
static int refuse(struct import *import, struct import_row *row, const char *error) {
    struct lk_arena *arena = &import->session->arena;
    char *text = lk_arena_printf(arena, "line %zu: %s", row->line, error);
    char *name = row->name.ptr == NULL ? NULL : lk_arena_strdup(arena, row->name);
    if (text == NULL || (name == NULL && row->name.ptr != NULL))
        return out_of_memory(import->session);
    lk_conceal_tokens(text);
    if (name != NULL) {
        lk_conceal_tokens(name);
        row->name.ptr = name;
    }
    row->error = text;
    import->refused++;
    return 0;
}

int import_refuse_row(struct import *import, const char *error) {
    lk_buf_truncate(&import->keys, import->waiting[import->waiting_len].from);
    return refuse(import, &import->rows[import->len - 1], error);
}

void import_write_default_groups(struct import *import) {
    if (import->groups.len == 0)
        return;
    lk_json_key(&import->w, "userGroupIds");
    lk_json_raw(&import->w, lk_buf_slice(&import->groups));
}

/* --- being stopped --- */

/* What a signal that ends the import says, since what was sent is there: NULL before anything was. */
static const char *volatile the_words;

static void say_words(void) {
    const char *words = the_words;
    ssize_t written = words == NULL ? 0 : write(STDERR_FILENO, words, strlen(words));
    (void)written; /* nobody is left to tell */
}

/* Makes the words anew, beside those that a signal may be about to say. */
static void prepare_words(const struct import *import) {
    static char room[2][256];
    static unsigned turn;
    char *words = room[turn++ % 2];
    int len =
        snprintf(words, sizeof(room[0]), "Of the keys of the file %zu were sent, and %zu of them are there", import->sent, import->there);
    if (import->waiting_len > 0)
        snprintf(words + len, sizeof(room[0]) - (size_t)len, "; of %zu that were on their way it is not known", import->waiting_len);
    strncat(words, ". Import the file again: what is there is refused, the rest is not.\n", sizeof(room[0]) - strlen(words) - 1);
    the_words = words;
}

/* --- requests --- */

static int write_variables(struct import *import, struct lk_buf *out) {
    struct lk_json_writer w;
    lk_json_writer_init(&w, out);
    cli_key_begin_input(&w);
    lk_json_key(&w, "keys");
    lk_json_begin_array(&w);
    for (size_t i = 0; i < import->waiting_len; i++)
        lk_json_raw(&w, lk_slice_make(import->keys.ptr + import->waiting[i].from, import->waiting[i].len));
    lk_json_end_array(&w);
    out->failed = out->failed || import->keys.failed;
    return cli_key_end_input(import->session, &w);
}

static int take_results(struct import *import, const struct lk_json *results) {
    if (results == NULL || results->type != LK_JSON_ARRAY || results->array.len != import->waiting_len)
        return lk_problem_set(&import->session->problem, LK_EIO, "The server's answer has not a result for each key");
    import->sent += import->waiting_len;
    for (size_t i = 0; i < results->array.len; i++) {
        struct import_row *row = &import->rows[import->waiting[i].row];
        struct lk_slice error = lk_json_text(lk_json_get(&results->array.items[i], "error"));
        struct lk_slice id = lk_json_text(lk_json_get(&results->array.items[i], "uuid"));
        const char *text = error.len > 0 ? lk_arena_strdup(&import->scratch, error) : NULL;
        import->there += id.len > 0;
        if (lk_arena_copy(&import->session->arena, id, &row->id) != 0 ||
            (error.len > 0 && (text == NULL || refuse(import, row, text) != 0)))
            return out_of_memory(import->session);
    }
    import->waiting_len = 0;
    prepare_words(import);
    return 0;
}

/* The number in "keys[12].enabled", whose path in the key is then *ret_rest; -1 for another path. */
static long waiting_at(struct lk_slice path, struct lk_slice *ret_rest) {
    static const char prefix[] = "keys[";
    char *end = NULL;
    if (!lk_slice_starts_with(path, prefix) || memchr(path.ptr, ']', path.len) == NULL)
        return -1;
    long number = strtol(path.ptr + strlen(prefix), &end, 10);
    size_t used = (size_t)(end - path.ptr) + 1;
    used += used < path.len && path.ptr[used] == '.';
    *ret_rest = lk_slice_make(path.ptr + used, path.len - used);
    return number;
}

/* A sentence that ends in the value which it is about, without that: it may be the key, in the wrong place. */
static struct lk_slice without_value(struct lk_slice sentence) {
    static const char mark[] = " value: ";
    const char *at = sentence.len == 0 ? NULL : memmem(sentence.ptr, sentence.len, mark, strlen(mark));
    return at == NULL ? sentence : lk_slice_make(sentence.ptr, (size_t)(at - sentence.ptr) + strlen(" value"));
}

/* Refuses the row that an error of the server's is about, when it is about one that was not refused yet. */
static int refuse_for(struct import *import, struct lk_slice message) {
    struct cli_refusal refusal;
    const char *text = NULL;
    const char *hint = NULL;
    long at = cli_refusal_read(message, &refusal) ? waiting_at(refusal.path, &refusal.path) : -1;
    if (at < 0 || (size_t)at >= import->waiting_len || import->rows[import->waiting[at].row].error != NULL)
        return 0;
    refusal.reason = without_value(refusal.reason);
    if (cli_refusal_tell(import->session, &refusal, &text, &hint) == 0 && hint != NULL)
        text = lk_arena_printf(&import->scratch, "%s; %s", text, hint);
    return text == NULL ? out_of_memory(import->session) : refuse(import, &import->rows[import->waiting[at].row], text);
}

/* Takes the refused ones out of those that wait. */
static void drop_refused(struct import *import) {
    size_t kept = 0;
    for (size_t i = 0; i < import->waiting_len; i++) {
        if (import->rows[import->waiting[i].row].error == NULL)
            import->waiting[kept++] = import->waiting[i];
    }
    import->waiting_len = kept;
}

/* A request with values that are not of their types is refused as a whole: what the server says is wrong with which row is taken out. 0 when the rest may be sent
 * again, else failure, which the request came back with. */
static int take_refusals(struct import *import, int failure) {
    const struct lk_json *errors = import->session->errors;
    size_t before = import->waiting_len;
    int code = 0;
    for (size_t i = 0; code == 0 && errors != NULL && i < errors->array.len; i++)
        code = refuse_for(import, lk_json_text(lk_json_get(&errors->array.items[i], "message")));
    drop_refused(import);
    if (code != 0)
        return code;
    return import->waiting_len < before ? 0 : failure;
}

static int send_once(struct import *import) {
    static const char document[] =
        "mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { results { uuid name error } } }";
    const struct lk_json *data = NULL;
    struct lk_buf variables;
    lk_buf_init(&variables, 0);
    import->session->errors = NULL;
    int code = write_variables(import, &variables);
    prepare_words(import);
    if (code == 0)
        code = cli_graphql(import->session, document, &variables, &data);
    lk_buf_free(&variables);
    if (code == 0)
        return take_results(import, cli_at(data, "importApiKeys.results"));
    return code == LK_EINVAL ? take_refusals(import, code) : code;
}

static int send_waiting(struct import *import) {
    int code = 0;
    while (code == 0 && import->waiting_len > 0)
        code = send_once(import);
    if (code == 0) /* sent or refused, all of them */
        lk_buf_clear(&import->keys);
    return code;
}

int import_end_row(struct import *import) {
    struct import_waiting *last = &import->waiting[import->waiting_len++];
    last->len = import->keys.len - last->from;
    return import->waiting_len == IMPORT_BATCH || import->keys.len >= IMPORT_BYTES ? send_waiting(import) : 0;
}

/* --- the report --- */

static struct lk_json_member member(const char *name, struct lk_slice text, bool known) {
    struct lk_json_member made = {.name = lk_slice_cstr(name), .value = {.type = known ? LK_JSON_STRING : LK_JSON_NULL}};
    if (known)
        made.value.string = text;
    return made;
}

/* A row as importApiKeys answers it. */
static int make_entry(struct import *import, const struct import_row *row, struct lk_json *ret) {
    const struct lk_json_member members[] = {
        member("uuid", row->id, row->id.len > 0),
        member("name", row->name, row->name.ptr != NULL),
        member("error", lk_slice_cstr(row->error), row->error != NULL),
    };
    struct lk_json_member *copy = lk_arena_calloc(&import->scratch, LEN(members), sizeof(*copy));
    if (copy == NULL)
        return out_of_memory(import->session);
    memcpy(copy, members, sizeof(members));
    *ret = (struct lk_json){.type = LK_JSON_OBJECT, .object = {copy, LEN(members)}};
    return 0;
}

/* A table has no room for sentences: what was refused, each in full. */
static int tell_refused(struct import *import) {
    struct lk_buf out;
    lk_buf_init(&out, 0);
    for (size_t i = 0; i < import->len; i++) {
        if (import->rows[i].error == NULL)
            continue;
        cli_add_printable(&out, lk_slice_cstr(import->rows[i].error));
        lk_buf_add_char(&out, '\n');
    }
    fprintf(stderr, "%.*s", (int)out.len, out.len > 0 ? out.ptr : "");
    bool failed = out.failed;
    lk_buf_free(&out);
    return failed ? out_of_memory(import->session) : 0;
}

/* Prints some of the rows. */
static int print_some(struct import *import, const struct import_row *rows, size_t rows_len, struct cli_list *list) {
    struct lk_json entries[IMPORT_BATCH];
    size_t len = 0;
    int code = 0;
    lk_arena_reset(&import->scratch);
    for (size_t i = 0; i < rows_len && code == 0; i++) {
        if (import->session->json || rows[i].error == NULL)
            code = make_entry(import, &rows[i], &entries[len++]);
    }
    return code == 0 ? cli_list_add(import->session, list, entries, len) : code;
}

/* People get a table of what is there, programs an entry for each row of the file. */
static int print_rows(struct import *import) {
    static const struct cli_column columns[] = {{"NAME", "name", CLI_COLUMN_TEXT}, {"ID", "uuid", CLI_COLUMN_TEXT}};
    struct cli_session *session = import->session;
    struct cli_list list;
    int code = 0;
    cli_list_begin(columns, LEN(columns), "There are no keys in the file.", &list);
    for (size_t at = 0; at < import->len && code == 0; at += IMPORT_BATCH) {
        size_t left = import->len - at;
        code = print_some(import, &import->rows[at], left < IMPORT_BATCH ? left : IMPORT_BATCH, &list);
    }
    if (code == 0 && (session->json || import->len == 0 || list.len > 0))
        code = cli_list_end(session, &list);
    return code == 0 && !session->json ? tell_refused(import) : code;
}

static int report(struct import *import) {
    int code = print_rows(import);
    if (code != 0 || import->refused == 0)
        return code;
    fprintf(stderr, "Refused %zu of %zu keys, imported %zu.\n", import->refused, import->len, import->len - import->refused);
    return CLI_FAILED;
}

/* What was sent before a failure is there: that must not go unsaid. */
static void say_how_far(const struct import *import) {
    if (import->sent > 0)
        fprintf(stderr, "Of the keys of the file %zu were sent, and %zu of them are there.\n", import->sent, import->there);
}

/* --- the command --- */

static int read_file(struct cli_session *session, const char *path, struct lk_buf *out) {
    const bool streamed = strcmp(path, "-") == 0;
    const char *name = streamed ? "the standard input" : path;
    int fd = streamed ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return lk_problem_set(&session->problem, LK_EFORBIDDEN, "Cannot read %.200s: %s", name, strerror(errno));
    char piece[16384];
    ssize_t got;
    int code = 0;
    while ((got = cli_read(fd, piece, sizeof(piece))) > 0 && code == 0) {
        if (lk_buf_add(out, lk_slice_make(piece, (size_t)got)) != 0)
            code = lk_problem_set(&session->problem, LK_ELIMIT, "What %.200s holds is too large: at most %zu MiB", name, FILE_MAX >> 20);
    }
    if (got < 0)
        code = lk_problem_set(&session->problem, LK_EIO, "Cannot read %.200s: %s", name, strerror(errno));
    explicit_bzero(piece, sizeof(piece));
    close(fd);
    return code;
}

static int import_text(struct import *import, struct lk_slice text) {
    static const struct lk_slice mark = LK_SLICE("\xEF\xBB\xBF");                         /* that some programs put before UTF-8 */
    if (lk_slice_starts_with(text, "\xFF\xFE") || lk_slice_starts_with(text, "\xFE\xFF")) /* and before UTF-16 */
        return lk_problem_set(&import->session->problem, LK_EINVAL, "The file is UTF-16: save it as UTF-8");
    if (lk_slice_starts_with(text, mark.ptr))
        text = lk_slice_make(text.ptr + mark.len, text.len - mark.len);
    struct lk_slice begin = lk_slice_trim(text);
    bool json = begin.len > 0 && begin.ptr[0] == '{';
    if (begin.len > 0 && begin.ptr[0] == '[')
        return lk_problem_set(&import->session->problem, LK_EINVAL,
                              "The file is a JSON array: write each of its objects on a line of its own");
    int code = json ? import_json_lines(import, text) : import_csv(import, text);
    return code == 0 ? send_waiting(import) : code;
}

static int write_option_groups(struct import *import) {
    struct lk_json_writer w;
    if (!cli_option_given(import->session, "group"))
        return 0;
    lk_json_writer_init(&w, &import->groups);
    return cli_write_found(import->session, &w, &cli_kind_group, "group");
}

static int import_file(struct import *import, const char *path, struct lk_buf *text) {
    int code = read_file(import->session, path, text);
    if (code == 0)
        code = write_option_groups(import);
    if (code == 0)
        code = import_text(import, lk_buf_slice(text));
    if (code == 0)
        code = report(import);
    if (code < 0)
        say_how_far(import);
    return code;
}

static int run_import(struct cli_session *session) {
    if (cli_need_word(session, "FILE") != 0)
        return CLI_USAGE;
    struct lk_buf text;
    struct import import = {.session = session};
    lk_buf_init(&text, FILE_MAX);
    lk_arena_init(&import.scratch, CLI_ARENA_MAX);
    session->answers = &import.scratch;
    struct cli_ending ending;
    int code = cli_connect(session);
    cli_ending_begin(say_words, &ending);
    if (code == 0)
        code = import_file(&import, session->args->words[0], &text);
    cli_ending_end(&ending);
    session->answers = &session->arena;
    lk_arena_free(&import.scratch);
    lk_buf_free(&text); /* wiped, as is the next: secrets */
    lk_buf_free(&import.keys);
    lk_buf_free(&import.groups);
    return code;
}

static const struct cli_option options[] = {
    {"group", "GROUP", "A user group, by name or id, for keys of the file that name none.", true},
};

const struct cli_command cli_key_import_command = {
    .name = "key import",
    .usage = "FILE [--group GROUP]...",
    .summary = "Take over keys that were made elsewhere.",
    .help =
        "FILE (- for standard input) is either CSV, whose first line names its columns: name, key, and if you like groups (names or ids,\n"
        "separated by semicolons) and expires; or JSON lines, each an object with name, key and any member of ImportApiKeyInput.\n"
        "A key is 16 to 512 visible ASCII characters. A row that is refused leaves the others: what is wrong with each is said with its\n"
        "line, and the exit code is 1. Of a file that is no CSV, or names other columns, nothing is sent.\n",
    .examples = "  latchkey key import keys.csv --group readers\n",
    .words = 1,
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = options,
    .options_len = LEN(options),
    .act = run_import,
};
