/* latchkey key import */
#include "cli/csv.h"
#include "cli/key_command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Keys in one request, and most bytes of a file. */
#define BATCH 500
#define FILE_MAX ((size_t)256 << 20)

/* The keys of one request while they are collected: members of ImportApiKeyInput, as JSON. */
struct batch {
    struct lk_buf keys;
    struct lk_json_writer w;
    size_t len;
    struct lk_buf groups; /* "userGroupIds" for keys that name none themselves: a JSON array, or empty */
    struct lk_json *results;
    size_t results_len;
    size_t results_cap;
    size_t refused;
};

static int out_of_memory(struct cli_session *session) {
    return lk_problem_set(&session->problem, LK_ENOMEM, "Out of memory");
}

/* --- the file --- */

static int read_file(struct cli_session *session, const char *path, struct lk_buf *out) {
    int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return lk_problem_set(&session->problem, LK_EFORBIDDEN, "Cannot read %.200s: %s", path, strerror(errno));
    char piece[16384];
    ssize_t got;
    int code = 0;
    while ((got = read(fd, piece, sizeof(piece))) > 0 && code == 0) {
        if (lk_buf_add(out, lk_slice_make(piece, (size_t)got)) != 0)
            code = lk_problem_set(&session->problem, LK_ELIMIT, "%.200s is too large: at most %zu MiB", path, FILE_MAX >> 20);
    }
    if (got < 0)
        code = lk_problem_set(&session->problem, LK_EIO, "Cannot read %.200s: %s", path, strerror(errno));
    explicit_bzero(piece, sizeof(piece));
    close(fd);
    return code;
}

/* --- requests --- */

static int append_results(struct cli_session *session, struct batch *batch, const struct lk_json *results) {
    if (results == NULL || results->type != LK_JSON_ARRAY || results->array.len != batch->len)
        return lk_problem_set(&session->problem, LK_EIO, "The server's answer has not a result for each key");
    if (batch->results_len + results->array.len > batch->results_cap) {
        size_t cap = 2 * (batch->results_len + results->array.len);
        struct lk_json *larger = lk_arena_calloc(&session->arena, cap, sizeof(*larger));
        if (larger == NULL)
            return out_of_memory(session);
        if (batch->results_len > 0)
            memcpy(larger, batch->results, batch->results_len * sizeof(*larger));
        batch->results = larger;
        batch->results_cap = cap;
    }
    for (size_t i = 0; i < results->array.len; i++) {
        const struct lk_json *error = lk_json_get(&results->array.items[i], "error");
        batch->refused += error != NULL && error->type == LK_JSON_STRING;
        batch->results[batch->results_len++] = results->array.items[i];
    }
    return 0;
}

static int send(struct cli_session *session, struct batch *batch) {
    if (batch->len == 0)
        return 0;
    struct lk_buf variables;
    struct lk_json_writer w;
    const struct lk_json *data = NULL;
    lk_buf_init(&variables, 0);
    lk_json_writer_init(&w, &variables);
    lk_json_end_array(&batch->w);
    int code = cli_key_begin_input(session, &w);
    if (code == 0) {
        lk_json_key(&w, "keys");
        lk_json_raw(&w, lk_buf_slice(&batch->keys));
        cli_key_end_input(&w);
        variables.failed = variables.failed || batch->keys.failed;
        code =
            cli_graphql(session, "mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { results { uuid name error } } }",
                        &variables, &data);
    }
    if (variables.cap > 0)
        explicit_bzero(variables.ptr, variables.cap);
    lk_buf_free(&variables);
    if (code == 0)
        code = append_results(session, batch, cli_at(data, "importApiKeys.results"));
    batch->len = 0;
    return code;
}

/* A place for the next key in the batch, which is sent when it is full. */
static int next(struct cli_session *session, struct batch *batch) {
    int code = batch->len == BATCH ? send(session, batch) : 0;
    if (code == 0 && batch->len == 0) {
        lk_buf_clear(&batch->keys);
        lk_json_writer_init(&batch->w, &batch->keys);
        lk_json_begin_array(&batch->w);
    }
    batch->len += code == 0;
    return code;
}

static void write_default_groups(struct batch *batch) {
    if (batch->groups.len == 0)
        return;
    lk_json_key(&batch->w, "userGroupIds");
    lk_json_raw(&batch->w, lk_buf_slice(&batch->groups));
}

/* --- JSON lines --- */

/* Whether an object is what the server takes. The server's own words about one that is not would show the key. */
static int check_members(struct cli_session *session, const struct lk_json *object, size_t number) {
    static const char *const known[] = {"name",     "key",        "userGroupIds", "expiresAt", "enabled",
                                        "metadata", "allowedIps", "rateLimit",    "credits"};
    for (size_t i = 0; i < object->object.len; i++) {
        struct lk_slice name = object->object.members[i].name;
        bool found = false;
        for (size_t j = 0; j < LEN(known) && !found; j++)
            found = lk_slice_is(name, known[j]);
        if (!found)
            return lk_problem_set(&session->problem, LK_EINVAL, "line %zu: there is no member \"%.*s\" of ImportApiKeyInput", number,
                                  (int)(name.len > 60 ? 60 : name.len), name.ptr);
    }
    const struct lk_json *name = lk_json_get(object, "name");
    const struct lk_json *key = lk_json_get(object, "key");
    if (name != NULL && name->type == LK_JSON_STRING && key != NULL && key->type == LK_JSON_STRING)
        return 0;
    return lk_problem_set(&session->problem, LK_EINVAL, "line %zu: name and key are needed, and are strings", number);
}

static int add_json_line(struct cli_session *session, struct batch *batch, struct lk_slice line, size_t number) {
    struct lk_json *object;
    struct lk_problem problem = {0};
    int code = lk_json_parse(line, &session->arena, &object, &problem);
    if (code != 0 || object->type != LK_JSON_OBJECT)
        return lk_problem_set(&session->problem, LK_EINVAL, "line %zu is not a JSON object: %s", number,
                              code != 0 ? problem.text : "a key is written {\"name\":…,\"key\":…}");
    code = check_members(session, object, number);
    if (code == 0)
        code = next(session, batch);
    if (code != 0)
        return code;
    lk_json_begin_object(&batch->w);
    for (size_t i = 0; i < object->object.len; i++) {
        lk_json_key_slice(&batch->w, object->object.members[i].name);
        cli_write_json(&batch->w, &object->object.members[i].value);
    }
    if (lk_json_get(object, "userGroupIds") == NULL)
        write_default_groups(batch);
    lk_json_end_object(&batch->w);
    return 0;
}

static int add_json_lines(struct cli_session *session, struct batch *batch, struct lk_slice text) {
    int code = 0;
    for (size_t number = 1; text.len > 0 && code == 0; number++) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
        struct lk_slice line = lk_slice_trim(lk_slice_make(text.ptr, len));
        if (line.len > 0)
            code = add_json_line(session, batch, line, number);
        len += end != NULL;
        text = lk_slice_make(text.ptr + len, text.len - len);
    }
    return code;
}

/* --- CSV --- */

enum column { COLUMN_NAME, COLUMN_KEY, COLUMN_GROUPS, COLUMN_EXPIRES, COLUMNS };

static const char *const column_names[COLUMNS] = {"name", "key", "groups", "expires"};

struct header {
    enum column columns[CLI_CSV_FIELDS_MAX];
    size_t len;
};

static int read_header(struct cli_session *session, struct cli_csv *csv, struct header *ret) {
    struct lk_slice fields[CLI_CSV_FIELDS_MAX];
    bool seen[COLUMNS] = {false};
    int code = cli_csv_next(csv, &session->arena, fields, &ret->len, &session->problem);
    if (code < 0)
        return code;
    for (size_t i = 0; code == 1 && i < ret->len; i++) {
        unsigned column = 0;
        while (column < COLUMNS && !lk_slice_is(fields[i], column_names[column]))
            column++;
        if (column == COLUMNS || seen[column])
            return lk_problem_set(&session->problem, LK_EINVAL,
                                  "The first line must name the columns, each once: name and key, and if you like groups and expires");
        seen[column] = true;
        ret->columns[i] = (enum column)column;
    }
    if (code == 1 && seen[COLUMN_NAME] && seen[COLUMN_KEY])
        return 0;
    return lk_problem_set(&session->problem, LK_EINVAL, "The first line must name the columns, and name and key among them");
}

/* "readers; writers": names or ids. */
static int write_groups(struct cli_session *session, struct batch *batch, struct lk_slice text) {
    lk_json_key(&batch->w, "userGroupIds");
    lk_json_begin_array(&batch->w);
    while (text.len > 0) {
        const char *end = memchr(text.ptr, ';', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
        struct lk_slice name = lk_slice_trim(lk_slice_make(text.ptr, len));
        const char *copy = lk_arena_strdup(&session->arena, name);
        struct cli_found found = {0};
        if (copy == NULL)
            return out_of_memory(session);
        int code = cli_find(session, &cli_kind_group, copy, &found);
        if (code != 0)
            return code;
        lk_json_string(&batch->w, found.id);
        len += end != NULL;
        text = lk_slice_make(text.ptr + len, text.len - len);
    }
    lk_json_end_array(&batch->w);
    return 0;
}

static int write_field(struct cli_session *session, struct batch *batch, enum column column, struct lk_slice text, bool *ret_groups) {
    const char *copy;
    switch (column) {
    case COLUMN_NAME:
    case COLUMN_KEY:
        lk_json_key(&batch->w, column_names[column]);
        lk_json_string(&batch->w, text);
        return 0;
    case COLUMN_GROUPS: *ret_groups = text.len > 0; return text.len == 0 ? 0 : write_groups(session, batch, text);
    case COLUMN_EXPIRES:
        copy = lk_arena_strdup(&session->arena, text);
        if (copy == NULL)
            return out_of_memory(session);
        return text.len == 0 ? 0 : cli_key_write_expiry(session, "expires", copy, &batch->w);
    case COLUMNS: break;
    }
    return LK_EINTERNAL;
}

static int add_record(struct cli_session *session, struct batch *batch, const struct header *header, const struct lk_slice *fields) {
    bool groups = false;
    int code = next(session, batch);
    if (code != 0)
        return code;
    lk_json_begin_object(&batch->w);
    for (size_t i = 0; i < header->len && code == 0; i++)
        code = write_field(session, batch, header->columns[i], fields[i], &groups);
    if (!groups)
        write_default_groups(batch);
    lk_json_end_object(&batch->w);
    return code;
}

static int add_csv(struct cli_session *session, struct batch *batch, struct lk_slice text) {
    struct cli_csv csv = {text, 1};
    struct header header = {.len = 0};
    struct lk_slice fields[CLI_CSV_FIELDS_MAX];
    size_t len = 0;
    int code = read_header(session, &csv, &header);
    while (code == 0) {
        size_t line = csv.line;
        int found = cli_csv_next(&csv, &session->arena, fields, &len, &session->problem);
        if (found <= 0)
            return found;
        code = len == header.len ? add_record(session, batch, &header, fields)
                                 : lk_problem_set(&session->problem, LK_EINVAL, "line %zu: %zu fields where the first line has %zu", line,
                                                  len, header.len);
    }
    return code;
}

/* --- the command --- */

static int import_text(struct cli_session *session, struct batch *batch, struct lk_slice text) {
    static const struct lk_slice mark = LK_SLICE("\xEF\xBB\xBF"); /* that some programs put before UTF-8 */
    if (lk_slice_starts_with(text, mark.ptr))
        text = lk_slice_make(text.ptr + mark.len, text.len - mark.len);
    struct lk_slice begin = lk_slice_trim(text);
    bool json = begin.len > 0 && begin.ptr[0] == '{';
    int code = json ? add_json_lines(session, batch, text) : add_csv(session, batch, text);
    return code == 0 ? send(session, batch) : code;
}

static int write_option_groups(struct cli_session *session, struct batch *batch) {
    if (!cli_option_given(session, "group"))
        return 0;
    struct lk_json_writer w;
    lk_json_writer_init(&w, &batch->groups);
    return cli_write_found(session, &w, &cli_kind_group, "group");
}

static int report(struct cli_session *session, const struct batch *batch) {
    static const struct cli_column columns[] = {
        {"NAME", "name", CLI_COLUMN_TEXT},
        {"ID", "uuid", CLI_COLUMN_TEXT},
        {"REFUSED BECAUSE", "error", CLI_COLUMN_TEXT},
    };
    int code = cli_print_list(session, batch->results, batch->results_len, columns, LEN(columns), "There are no keys in the file.");
    if (code == 0 && batch->refused > 0) {
        fprintf(stderr, "%zu of %zu keys were refused; the others are there.\n", batch->refused, batch->results_len);
        return CLI_FAILED;
    }
    return code;
}

/* What was sent before a failure is there: that must not go unsaid. */
static void say_how_far(const struct batch *batch) {
    if (batch->results_len > 0)
        fprintf(stderr, "The first %zu keys of the file were sent, and %zu of them are there.\n", batch->results_len,
                batch->results_len - batch->refused);
}

static int import(struct cli_session *session) {
    if (cli_need_word(session, "FILE") != 0)
        return CLI_USAGE;
    struct lk_buf text;
    struct batch batch = {.len = 0};
    lk_buf_init(&text, FILE_MAX);
    lk_buf_init(&batch.keys, 0);
    lk_buf_init(&batch.groups, 0);
    int code = read_file(session, session->args->words[0], &text);
    if (code == 0)
        code = write_option_groups(session, &batch);
    if (code == 0)
        code = import_text(session, &batch, lk_buf_slice(&text));
    if (code != 0)
        say_how_far(&batch);
    struct lk_buf *const secrets[] = {&text, &batch.keys};
    for (size_t i = 0; i < LEN(secrets); i++) {
        if (secrets[i]->cap > 0)
            explicit_bzero(secrets[i]->ptr, secrets[i]->cap);
        lk_buf_free(secrets[i]);
    }
    lk_buf_free(&batch.groups);
    return code == 0 ? report(session, &batch) : code;
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
        "A key is 16 to 512 visible ASCII characters. One that is refused leaves the others; the exit code is then 1.\n",
    .examples = "  latchkey key import keys.csv --group readers\n",
    .words = 1,
    .options_kind = CLI_OPTIONS_CLIENT,
    .options = options,
    .options_len = LEN(options),
    .act = import,
};
