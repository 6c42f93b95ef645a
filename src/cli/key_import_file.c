/* latchkey key import: the two forms of its file. */
#include "base/utf8.h"
#include "cli/csv.h"
#include "cli/key_import.h"

#include <strings.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static int out_of_memory(struct cli_session *session) {
    return lk_problem_set(&session->problem, LK_ENOMEM, "Out of memory");
}

/* --- JSON lines --- */

/* Whether an object has what each row needs and nothing that no row has. The rest the server knows. */
static int check_members(const struct lk_json *object, struct lk_problem *problem) {
    static const char *const known[] = {"name",     "key",        "userGroupIds", "expiresAt", "enabled",
                                        "metadata", "allowedIps", "rateLimit",    "credits"};
    for (size_t i = 0; i < object->object.len; i++) {
        struct lk_slice name = object->object.members[i].name;
        bool found = false;
        for (size_t j = 0; j < LEN(known) && !found; j++)
            found = lk_slice_is(name, known[j]);
        if (!found)
            return lk_problem_set(problem, LK_EINVAL, "there is no member \"%.*s\" of ImportApiKeyInput", cli_whole(name, 60), name.ptr);
    }
    const struct lk_json *name = lk_json_get(object, "name");
    const struct lk_json *key = lk_json_get(object, "key");
    if (name != NULL && name->type == LK_JSON_STRING && key != NULL && key->type == LK_JSON_STRING)
        return 0;
    return lk_problem_set(problem, LK_EINVAL, "name and key are needed, and are strings");
}

static void write_object(struct import *import, const struct lk_json *object) {
    lk_json_begin_object(&import->w);
    for (size_t i = 0; i < object->object.len; i++) {
        lk_json_key_slice(&import->w, object->object.members[i].name);
        cli_write_json(&import->w, &object->object.members[i].value);
    }
    if (lk_json_get(object, "userGroupIds") == NULL)
        import_write_default_groups(import);
    lk_json_end_object(&import->w);
}

/* What the parser says of a line, without its own count of lines, which stops at one. */
static const char *where_in_line(const char *sentence) {
    static const char counted[] = "malformed JSON at line 1 ";
    return strncmp(sentence, counted, strlen(counted)) == 0 ? sentence + strlen(counted) : sentence;
}

static int add_json_line(struct import *import, struct lk_slice line, size_t number) {
    struct lk_json *object = NULL;
    struct lk_problem problem = {0};
    int code = import_begin_row(import, number);
    if (code != 0)
        return code;
    code = lk_json_parse(line, &import->scratch, &object, &problem);
    if (code == LK_ENOMEM)
        return out_of_memory(import->session);
    if (code != 0 || object->type != LK_JSON_OBJECT) {
        const char *why = code != 0 ? where_in_line(problem.text) : "a key is written {\"name\":…,\"key\":…}";
        const char *error = lk_arena_printf(&import->scratch, "it is not a JSON object: %s", why);
        return error == NULL ? out_of_memory(import->session) : import_refuse_row(import, error);
    }
    const struct lk_json *name = lk_json_get(object, "name");
    if (name != NULL && name->type == LK_JSON_STRING)
        code = import_name_row(import, name->string);
    if (code != 0)
        return code;
    if (check_members(object, &problem) != 0)
        return import_refuse_row(import, problem.text);
    write_object(import, object);
    return import_end_row(import);
}

int import_json_lines(struct import *import, struct lk_slice text) {
    int code = 0;
    for (size_t number = 1; text.len > 0 && code == 0; number++) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
        struct lk_slice line = lk_slice_trim(lk_slice_make(text.ptr, len));
        lk_arena_reset(&import->scratch);
        if (line.len > 0)
            code = add_json_line(import, line, number);
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

static bool is_nearly(struct lk_slice text, const char *name) {
    text = lk_slice_trim(text);
    return text.len == strlen(name) && strncasecmp(text.ptr, name, text.len) == 0;
}

/* What is wrong with the name of a column, which is none of ours. It is not shown: in a file that names no columns it may be a key. */
static const char *column_fault(struct lk_slice name, size_t columns_len) {
    for (unsigned column = 0; column < COLUMNS; column++) {
        if (is_nearly(name, column_names[column]))
            return "has a capital letter or a space";
    }
    if (name.len == 0)
        return "is empty";
    if (columns_len == 1 && (memchr(name.ptr, ';', name.len) != NULL || memchr(name.ptr, '\t', name.len) != NULL))
        return "holds several: commas must stand between them";
    return "is none of these";
}

static int read_header(struct import *import, struct cli_csv *csv, struct header *ret) {
    struct cli_session *session = import->session;
    struct lk_slice fields[CLI_CSV_FIELDS_MAX];
    bool seen[COLUMNS] = {false};
    int code = cli_csv_next(csv, &import->scratch, fields, &ret->len, &session->problem);
    if (code < 0)
        return code;
    if (code == 0)
        return lk_problem_set(&session->problem, LK_EINVAL,
                              "There is nothing in the file: its first line names the columns, name and key among them");
    for (size_t i = 0; i < ret->len; i++) {
        unsigned column = 0;
        while (column < COLUMNS && !lk_slice_is(fields[i], column_names[column]))
            column++;
        if (column == COLUMNS || seen[column])
            return lk_problem_set(&session->problem, LK_EINVAL,
                                  "The first line must name the columns, each once: name and key, and if you like groups and expires; its "
                                  "column %zu %s",
                                  i + 1, column < COLUMNS ? "is there already" : column_fault(fields[i], ret->len));
        seen[column] = true;
        ret->columns[i] = (enum column)column;
    }
    if (seen[COLUMN_NAME] && seen[COLUMN_KEY])
        return 0;
    return lk_problem_set(&session->problem, LK_EINVAL, "The first line must name the columns, and name and key among them");
}

/* Whether what is left of a file is CSV, to its end. */
static int check_syntax(struct cli_session *session, struct cli_csv csv) {
    struct lk_slice fields[CLI_CSV_FIELDS_MAX];
    size_t len = 0;
    int found = 1;
    struct lk_arena arena;
    lk_arena_init(&arena, CLI_ARENA_MAX);
    while (found == 1) {
        lk_arena_reset(&arena);
        found = cli_csv_next(&csv, &arena, fields, &len, &session->problem);
    }
    lk_arena_free(&arena);
    return found;
}

/* What the functions below return, with the session's problem set, when only this row is wrong. */
#define ROW_IS_WRONG 1

static int ask_for_group(struct import *import, struct lk_slice name, struct import_group *ret) {
    struct cli_session *session = import->session;
    struct import_group group = {.name = lk_arena_strdup(&session->arena, name)};
    struct cli_found found = {0};
    if (group.name == NULL)
        return out_of_memory(session);
    int code = cli_find(session, &cli_kind_group, group.name, &found);
    if (code != 0 && code != LK_ENOTFOUND)
        return code;
    if (code == LK_ENOTFOUND)
        group.error = lk_arena_strdup(&session->arena, lk_slice_cstr(session->problem.text));
    if ((code == LK_ENOTFOUND && group.error == NULL) || lk_arena_copy(&session->arena, found.id, &group.id) != 0)
        return out_of_memory(session);
    *ret = group;
    return 0;
}

/* The id of a group that a row names. Many rows name the same few: each is asked for once. */
static int find_group(struct import *import, struct lk_slice name, struct lk_slice *ret) {
    struct import_group *group = NULL;
    for (size_t i = 0; i < IMPORT_GROUPS && group == NULL && import->named[i].name != NULL; i++) {
        if (lk_slice_is(name, import->named[i].name))
            group = &import->named[i];
    }
    if (group == NULL) {
        group = &import->named[import->named_len % IMPORT_GROUPS];
        int code = ask_for_group(import, name, group);
        if (code != 0)
            return code;
        import->named_len++;
    }
    *ret = group->id;
    if (group->error == NULL)
        return 0;
    lk_problem_set(&import->session->problem, LK_ENOTFOUND, "%s", group->error);
    return ROW_IS_WRONG;
}

/* "readers; writers": names or ids. */
static int write_groups(struct import *import, struct lk_slice text) {
    lk_json_key(&import->w, "userGroupIds");
    lk_json_begin_array(&import->w);
    while (text.len > 0) {
        const char *end = memchr(text.ptr, ';', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
        struct lk_slice id = {NULL, 0};
        int code = find_group(import, lk_slice_trim(lk_slice_make(text.ptr, len)), &id);
        if (code != 0)
            return code;
        lk_json_string(&import->w, id);
        len += end != NULL;
        text = lk_slice_make(text.ptr + len, text.len - len);
    }
    lk_json_end_array(&import->w);
    return 0;
}

static int write_expiry(struct import *import, struct lk_slice text) {
    struct cli_session *session = import->session;
    const char *copy = lk_arena_strdup(&import->scratch, text);
    struct lk_problem problem;
    if (copy == NULL)
        return out_of_memory(session);
    if (cli_key_write_expiry(copy, &import->w, &problem) == 0)
        return 0;
    lk_problem_set(&session->problem, LK_EINVAL, "expires: %s", problem.text);
    return ROW_IS_WRONG;
}

static int write_fields(struct import *import, const struct header *header, const struct lk_slice *fields) {
    int code = 0;
    bool groups = false;
    lk_json_begin_object(&import->w);
    for (size_t i = 0; i < header->len && code == 0; i++) {
        enum column column = header->columns[i];
        if (column == COLUMN_NAME || column == COLUMN_KEY) {
            lk_json_key(&import->w, column_names[column]);
            lk_json_string(&import->w, fields[i]);
        } else if (column == COLUMN_GROUPS && fields[i].len > 0) {
            groups = true;
            code = write_groups(import, fields[i]);
        } else if (column == COLUMN_EXPIRES && fields[i].len > 0) {
            code = write_expiry(import, fields[i]);
        }
    }
    if (!groups)
        import_write_default_groups(import);
    lk_json_end_object(&import->w);
    return code;
}

/* Whether a record can be a row, as far as one sees without knowing what its fields mean. */
static int check_record(struct cli_session *session, const struct header *header, const struct lk_slice *fields, size_t len) {
    if (len != header->len) {
        lk_problem_set(&session->problem, LK_EINVAL, "it has %zu fields where the first line has %zu", len, header->len);
        return ROW_IS_WRONG;
    }
    for (size_t i = 0; i < len; i++) {
        if (!lk_utf8_valid(fields[i])) {
            lk_problem_set(&session->problem, LK_EINVAL, "its %s is not UTF-8: save the file as that", column_names[header->columns[i]]);
            return ROW_IS_WRONG;
        }
    }
    return 0;
}

static int add_record(struct import *import, const struct header *header, const struct lk_slice *fields, size_t len, size_t line) {
    struct cli_session *session = import->session;
    int code = import_begin_row(import, line);
    for (size_t i = 0; code == 0 && i < header->len && i < len; i++) {
        if (header->columns[i] == COLUMN_NAME && lk_utf8_valid(fields[i]))
            code = import_name_row(import, fields[i]);
    }
    if (code != 0)
        return code;
    code = check_record(session, header, fields, len);
    if (code == 0)
        code = write_fields(import, header, fields);
    if (code == ROW_IS_WRONG)
        return import_refuse_row(import, session->problem.text);
    return code == 0 ? import_end_row(import) : code;
}

int import_csv(struct import *import, struct lk_slice text) {
    struct cli_session *session = import->session;
    struct cli_csv csv = {.rest = text, .line = 1};
    struct header header = {.len = 0};
    struct lk_slice fields[CLI_CSV_FIELDS_MAX];
    size_t len = 0;
    int code = read_header(import, &csv, &header);
    if (code == 0)
        code = check_syntax(session, csv);
    while (code == 0) {
        lk_arena_reset(&import->scratch);
        int found = cli_csv_next(&csv, &import->scratch, fields, &len, &session->problem);
        if (found <= 0)
            return found;
        code = add_record(import, &header, fields, len, csv.first);
    }
    return code;
}
