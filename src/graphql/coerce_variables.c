/*
 * Variables from JSON (6.1.2, graphql-js's getVariableValues and coerceInputValue). All that is wrong is reported, up to a limit. A value is
 * written even where a part of it failed; the caller drops it when there were errors.
 */
#include "graphql/coerce.h"

#include "graphql/print.h"
#include "graphql/suggest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ERRORS_MAX 50

struct reader {
    struct lk_arena *arena;
    struct gql_errors *errors;
    const struct gql_variable *variable;
    size_t count; /* errors so far, over all variables */
    bool suggest;
};

/* --- errors --- */

/* Counts an error: 0 when it may be added, LK_ELIMIT after adding that there are too many. */
static int count_error(struct reader *r) {
    if (r->count++ < ERRORS_MAX)
        return 0;
    gql_errors_add(r->errors, NULL, 0, "Too many errors processing variables, error limit reached. Execution aborted.");
    return r->errors->out_of_memory ? LK_ENOMEM : LK_ELIMIT;
}

static void print_path(const struct gql_path *path, struct lk_buf *buf) {
    if (path == NULL)
        return;
    print_path(path->parent, buf);
    if (path->key.ptr == NULL) {
        lk_buf_addf(buf, "[%zu]", path->index);
    } else {
        lk_buf_add_char(buf, '.');
        lk_buf_add(buf, path->key);
    }
}

/* Reports what is in text (which it frees) about value. 0, LK_ELIMIT when no more are wanted, or LK_ENOMEM. */
static int report(struct reader *r, const struct gql_path *path, const struct lk_json *value, struct lk_buf *text) {
    struct lk_buf buf = {0};
    int code = count_error(r);
    if (code != 0)
        goto done;
    struct lk_slice name = r->variable->name.text;
    gql_inspect_json(value, &buf);
    if (path != NULL) {
        lk_buf_add_cstr(&buf, " at \"");
        lk_buf_add(&buf, name);
        print_path(path, &buf);
        lk_buf_add_char(&buf, '"');
    }
    lk_buf_add_cstr(&buf, "; ");
    lk_buf_add(&buf, lk_buf_slice(text));
    code = LK_ENOMEM;
    if (text->failed || buf.failed)
        goto done;
    for (size_t i = 0; i < buf.len; i++)
        if (buf.ptr[i] == '\0') /* in a name that was sent: the message would end there */
            buf.ptr[i] = '?';
    gql_pos at = r->variable->at;
    if (gql_errors_add(r->errors, &at, 1, "Variable \"$%.*s\" got invalid value %.*s", GQL_SHOWN(name), GQL_SHOWN(buf)) != NULL)
        code = 0;
done:
    lk_buf_free(&buf);
    lk_buf_free(text);
    return code;
}

static void add_name(struct lk_buf *text, const char *before, struct lk_slice name, const char *after) {
    lk_buf_add_cstr(text, before);
    lk_buf_add(text, name);
    lk_buf_add_cstr(text, after);
}

/* --- leaves --- */

/* "before" and the inspected value. */
static int report_value(struct reader *r, const struct gql_path *path, const struct lk_json *value, const char *before) {
    struct lk_buf text = {0};
    lk_buf_add_cstr(&text, before);
    gql_inspect_json(value, &text);
    return report(r, path, value, &text);
}

static bool is_integral(const struct lk_json *value) {
    return value->type == LK_JSON_INT || (value->type == LK_JSON_REAL && isfinite(value->real) && value->real == trunc(value->real));
}

static int read_int(struct reader *r, const struct lk_json *value, const struct gql_path *path, struct gql_value *ret) {
    if (!is_integral(value))
        return report_value(r, path, value, "Int cannot represent non-integer value: ");
    double real = value->type == LK_JSON_INT ? (double)value->integer : value->real;
    if (real > INT32_MAX || real < INT32_MIN)
        return report_value(r, path, value, "Int cannot represent non 32-bit signed integer value: ");
    *ret = (struct gql_value){.kind = GQL_INT, .integer = (int64_t)real};
    return 0;
}

static int read_id(struct reader *r, const struct lk_json *value, const struct gql_path *path, struct gql_value *ret) {
    struct lk_slice text;
    if (value->type == LK_JSON_STRING) {
        text = value->string;
    } else if (is_integral(value)) {
        char digits[32];
        size_t len = value->type == LK_JSON_REAL ? lk_json_format_double(value->real, digits)
                                                 : (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)value->integer);
        int code = lk_arena_copy(r->arena, lk_slice_make(digits, len), &text);
        if (code != 0)
            return code;
    } else {
        return report_value(r, path, value, "ID cannot represent value: ");
    }
    *ret = (struct gql_value){.kind = GQL_STRING, .text = text};
    return 0;
}

/* A custom scalar takes any JSON as it is. */
static int read_any(struct reader *r, const struct lk_json *value, struct gql_value *ret) {
    switch (value->type) {
    case LK_JSON_NULL: *ret = (struct gql_value){.kind = GQL_NULL}; return 0;
    case LK_JSON_BOOL: *ret = (struct gql_value){.kind = GQL_BOOLEAN, .boolean = value->boolean}; return 0;
    case LK_JSON_INT: *ret = (struct gql_value){.kind = GQL_INT, .integer = value->integer}; return 0;
    case LK_JSON_REAL: *ret = (struct gql_value){.kind = GQL_FLOAT, .real = value->real}; return 0;
    case LK_JSON_STRING: *ret = (struct gql_value){.kind = GQL_STRING, .text = value->string}; return 0;
    case LK_JSON_ARRAY: {
        size_t len = value->array.len;
        struct gql_value *items = lk_arena_calloc(r->arena, len, sizeof(*items));
        int code = items == NULL ? LK_ENOMEM : 0;
        for (size_t i = 0; i < len && code == 0; i++)
            code = read_any(r, &value->array.items[i], &items[i]);
        if (code == 0)
            *ret = (struct gql_value){.kind = GQL_LIST, .list = {items, len}};
        return code;
    }
    case LK_JSON_OBJECT: {
        size_t len = value->object.len;
        struct gql_value_member *members = lk_arena_calloc(r->arena, len, sizeof(*members));
        int code = members == NULL ? LK_ENOMEM : 0;
        for (size_t i = 0; i < len && code == 0; i++) {
            members[i].name = value->object.members[i].name;
            code = read_any(r, &value->object.members[i].value, &members[i].value);
        }
        if (code == 0)
            *ret = (struct gql_value){.kind = GQL_OBJECT, .object = {members, len}};
        return code;
    }
    }
    return LK_EINTERNAL;
}

static int read_scalar(struct reader *r, const struct gql_type *type, const struct lk_json *value, const struct gql_path *path,
                       struct gql_value *ret) {
    switch (gql_scalar_of(type)) {
    case GQL_SCALAR_INT: return read_int(r, value, path, ret);
    case GQL_SCALAR_ID: return read_id(r, value, path, ret);
    case GQL_SCALAR_FLOAT:
        if (value->type != LK_JSON_INT && value->type != LK_JSON_REAL)
            return report_value(r, path, value, "Float cannot represent non numeric value: ");
        *ret = (struct gql_value){.kind = GQL_FLOAT, .real = value->type == LK_JSON_INT ? (double)value->integer : value->real};
        return 0;
    case GQL_SCALAR_STRING:
        if (value->type != LK_JSON_STRING)
            return report_value(r, path, value, "String cannot represent a non string value: ");
        break;
    case GQL_SCALAR_BOOLEAN:
        if (value->type != LK_JSON_BOOL)
            return report_value(r, path, value, "Boolean cannot represent a non boolean value: ");
        break;
    case GQL_SCALAR_CUSTOM: break;
    }
    return read_any(r, value, ret);
}

static struct lk_slice enum_value_name(const void *type, size_t index) {
    return ((const struct gql_type *)type)->values[index].name;
}

static struct lk_slice input_name(const void *type, size_t index) {
    return ((const struct gql_type *)type)->inputs[index].name;
}

static int read_enum(struct reader *r, const struct gql_type *type, const struct lk_json *value, const struct gql_path *path,
                     struct gql_value *ret) {
    if (value->type == LK_JSON_STRING && gql_type_enum_value(type, value->string) != NULL) {
        *ret = (struct gql_value){.kind = GQL_ENUM, .text = value->string};
        return 0;
    }
    struct lk_buf text = {0};
    struct lk_buf shown = {0};
    if (value->type == LK_JSON_STRING) {
        lk_buf_add(&shown, value->string);
        add_name(&text, "Value \"", value->string, "\" does not exist in \"");
        add_name(&text, "", type->name, "\" enum.");
    } else {
        gql_inspect_json(value, &shown);
        add_name(&text, "Enum \"", type->name, "\" cannot represent non-string value: ");
        add_name(&text, "", lk_buf_slice(&shown), ".");
    }
    if (r->suggest)
        gql_suggest(lk_buf_slice(&shown), enum_value_name, type, type->values_len, "the enum value ", &text);
    if (shown.failed)
        text.failed = true;
    lk_buf_free(&shown);
    return report(r, path, value, &text);
}

/* --- lists and objects --- */

static int read_value(struct reader *r, const struct gql_type *type, const struct lk_json *value, const struct gql_path *path,
                      struct gql_value *ret);

static int read_list(struct reader *r, const struct gql_type *type, const struct lk_json *value, const struct gql_path *path,
                     struct gql_value *ret) {
    bool single = value->type != LK_JSON_ARRAY; /* stands for a list of one, and has no step in the path */
    size_t len = single ? 1 : value->array.len;
    struct gql_value *items = lk_arena_calloc(r->arena, len, sizeof(*items));
    if (items == NULL)
        return LK_ENOMEM;
    for (size_t i = 0; i < len; i++) {
        struct gql_path step = {.parent = path, .index = i};
        int code = read_value(r, type->of, single ? value : &value->array.items[i], single ? path : &step, &items[i]);
        if (code != 0)
            return code;
    }
    *ret = (struct gql_value){.kind = GQL_LIST, .list = {items, len}};
    return 0;
}

static const struct lk_json *object_member(const struct lk_json *object, struct lk_slice name) {
    for (size_t i = 0; i < object->object.len; i++) {
        if (lk_slice_equal(object->object.members[i].name, name))
            return &object->object.members[i].value;
    }
    return NULL;
}

static int report_missing(struct reader *r, const struct gql_input *input, const struct lk_json *value, const struct gql_path *path) {
    struct lk_buf text = {0};
    add_name(&text, "Field \"", input->name, "\" of required type \"");
    gql_type_print(input->type, &text);
    lk_buf_add_cstr(&text, "\" was not provided.");
    return report(r, path, value, &text);
}

static int report_unknown(struct reader *r, const struct gql_type *type, const struct lk_json *value, const struct gql_path *path) {
    for (size_t i = 0; i < value->object.len; i++) {
        struct lk_slice name = value->object.members[i].name;
        if (gql_type_input(type, name) != NULL)
            continue;
        struct lk_buf text = {0};
        add_name(&text, "Field \"", name, "\" is not defined by type \"");
        add_name(&text, "", type->name, "\".");
        if (r->suggest)
            gql_suggest(name, input_name, type, type->inputs_len, "", &text);
        int code = report(r, path, value, &text);
        if (code != 0)
            return code;
    }
    return 0;
}

static int check_one_of(struct reader *r, const struct gql_type *type, const struct gql_value_member *members, size_t len,
                        const struct lk_json *value, const struct gql_path *path) {
    struct lk_buf text = {0};
    if (len != 1) {
        add_name(&text, "Exactly one key must be specified for OneOf type \"", type->name, "\".");
        int code = report(r, path, value, &text);
        if (code != 0)
            return code;
    }
    const struct lk_json *given = len == 0 ? NULL : object_member(value, members[0].name);
    if (given == NULL || given->type != LK_JSON_NULL)
        return 0;
    struct gql_path step = {.parent = path, .key = members[0].name};
    text = (struct lk_buf){0};
    add_name(&text, "Field \"", members[0].name, "\" must be non-null.");
    return report(r, &step, given, &text);
}

static int read_object(struct reader *r, const struct gql_type *type, const struct lk_json *value, const struct gql_path *path,
                       struct gql_value *ret) {
    if (value->type != LK_JSON_OBJECT) {
        struct lk_buf text = {0};
        add_name(&text, "Expected type \"", type->name, "\" to be an object.");
        return report(r, path, value, &text);
    }
    struct gql_value_member *members = lk_arena_calloc(r->arena, type->inputs_len, sizeof(*members));
    if (members == NULL)
        return LK_ENOMEM;
    size_t len = 0;
    for (size_t i = 0; i < type->inputs_len; i++) {
        const struct gql_input *input = &type->inputs[i];
        const struct lk_json *given = object_member(value, input->name);
        int code = 0;
        if (given != NULL) {
            struct gql_path step = {.parent = path, .key = input->name};
            code = read_value(r, input->type, given, &step, &members[len].value);
            members[len++].name = input->name;
        } else if (input->default_value != NULL) {
            members[len++] = (struct gql_value_member){input->name, *input->default_value};
        } else if (input->type->kind == GQL_NON_NULL_TYPE) {
            code = report_missing(r, input, value, path);
        }
        if (code != 0)
            return code;
    }
    int code = report_unknown(r, type, value, path);
    if (code == 0 && type->one_of)
        code = check_one_of(r, type, members, len, value, path);
    if (code == 0)
        *ret = (struct gql_value){.kind = GQL_OBJECT, .object = {members, len}};
    return code;
}

/* Recursion follows the JSON's nesting (bounded by its reader) and the type's. */
static int read_value(struct reader *r, const struct gql_type *type, const struct lk_json *value, const struct gql_path *path,
                      struct gql_value *ret) {
    if (value->type == LK_JSON_NULL) {
        *ret = (struct gql_value){.kind = GQL_NULL};
        if (type->kind != GQL_NON_NULL_TYPE)
            return 0;
        struct lk_buf text = {0};
        lk_buf_add_cstr(&text, "Expected non-nullable type \"");
        gql_type_print(type, &text);
        lk_buf_add_cstr(&text, "\" not to be null.");
        return report(r, path, value, &text);
    }
    switch (type->kind) {
    case GQL_NON_NULL_TYPE: return read_value(r, type->of, value, path, ret);
    case GQL_LIST_TYPE: return read_list(r, type, value, path, ret);
    case GQL_INPUT_OBJECT: return read_object(r, type, value, path, ret);
    case GQL_ENUM_TYPE: return read_enum(r, type, value, path, ret);
    case GQL_SCALAR: return read_scalar(r, type, value, path, ret);
    case GQL_OBJECT_TYPE:
    case GQL_INTERFACE:
    case GQL_UNION: break; /* not input types */
    }
    return LK_EINTERNAL;
}

/* --- variables --- */

/* An error about the variable itself, `Variable "$x" <before> "<type>" <after>`, at a position of its definition. */
static int report_variable(struct reader *r, const char *before, const char *after, gql_pos at) {
    int code = count_error(r);
    if (code != 0)
        return code;
    struct lk_buf type = {0};
    gql_ref_print(r->variable->type, &type);
    struct lk_slice name = r->variable->name.text;
    const struct gql_error *added = NULL;
    if (!type.failed)
        added = gql_errors_add(r->errors, &at, 1, "Variable \"$%.*s\" %s \"%.*s\" %s", GQL_SHOWN(name), before, GQL_SHOWN(type), after);
    lk_buf_free(&type);
    return added == NULL ? LK_ENOMEM : 0;
}

/* One variable. 0 with *ret, 1 when it has no value, or negative; errors that were reported do not show in the code. */
static int read_variable(struct reader *r, const struct gql_schema *schema, const struct lk_json *given, struct gql_value *ret) {
    const struct gql_variable *variable = r->variable;
    const struct gql_type *type;
    if (gql_type_from_ref(schema, variable->type, r->arena, &type) < 0)
        return LK_ENOMEM;
    if (type == NULL || !gql_type_is_input(type)) {
        int code = report_variable(r, "expected value of type", "which cannot be used as an input type.", variable->type->at);
        return code == 0 ? 1 : code;
    }
    bool non_null = type->kind == GQL_NON_NULL_TYPE;
    int code = 1;
    if (given == NULL && variable->default_value != NULL) {
        code = gql_coerce_literal(type, variable->default_value, NULL, r->arena, ret);
        return code == LK_EINVAL ? 1 : code; /* validation has refused such a default */
    }
    if (given == NULL && non_null)
        code = report_variable(r, "of required type", "was not provided.", variable->at);
    else if (given != NULL && given->type == LK_JSON_NULL && non_null)
        code = report_variable(r, "of non-null type", "must not be null.", variable->at);
    else if (given != NULL)
        return read_value(r, type, given, NULL, ret);
    return code == 0 ? 1 : code;
}

static int compare_json_member(const void *a, const void *b) {
    const struct lk_json_member *const *left = a;
    const struct lk_json_member *const *right = b;
    return lk_slice_compare((*left)->name, (*right)->name);
}

static int compare_value_member(const void *a, const void *b) {
    return lk_slice_compare(((const struct gql_value_member *)a)->name, ((const struct gql_value_member *)b)->name);
}

static int compare_name(const void *name, const void *member) {
    const struct lk_json_member *const *found = member;
    return lk_slice_compare(*(const struct lk_slice *)name, (*found)->name);
}

/* The members of json sorted by name, so that many variables are found in many members fast. */
static int sort_members(const struct lk_json *json, struct lk_arena *arena, const struct lk_json_member ***ret, size_t *ret_len) {
    size_t len = json == NULL || json->type != LK_JSON_OBJECT ? 0 : json->object.len;
    const struct lk_json_member **sorted = lk_arena_calloc(arena, len, sizeof(struct lk_json_member *));
    if (sorted == NULL)
        return LK_ENOMEM;
    for (size_t i = 0; i < len; i++)
        sorted[i] = &json->object.members[i];
    qsort(sorted, len, sizeof(struct lk_json_member *), compare_json_member);
    *ret = sorted;
    *ret_len = len;
    return 0;
}

int gql_coerce_variables(const struct gql_schema *schema, const struct gql_operation *operation, const struct lk_json *json, bool suggest,
                         struct lk_arena *arena, struct gql_errors *errors, struct gql_value *ret) {
    size_t room = 0;
    for (const struct gql_variable *variable = operation->variables; variable != NULL; variable = variable->next)
        room++;
    const struct lk_json_member **given;
    size_t given_len;
    struct gql_value_member *members = lk_arena_calloc(arena, room, sizeof(*members));
    int code = members == NULL ? LK_ENOMEM : sort_members(json, arena, &given, &given_len);
    if (code != 0)
        return code;
    struct reader r = {.arena = arena, .errors = errors, .suggest = suggest};
    size_t len = 0;
    for (const struct gql_variable *variable = operation->variables; variable != NULL; variable = variable->next) {
        r.variable = variable;
        const struct lk_json_member *const *found =
            bsearch(&variable->name.text, given, given_len, sizeof(struct lk_json_member *), compare_name);
        code = read_variable(&r, schema, found == NULL ? NULL : &(*found)->value, &members[len].value);
        if (code == LK_ELIMIT)
            return LK_EINVAL;
        if (code < 0)
            return code;
        if (code == 0)
            members[len++].name = variable->name.text;
    }
    if (r.count > 0)
        return LK_EINVAL;
    qsort(members, len, sizeof(*members), compare_value_member);
    *ret = (struct gql_value){.kind = GQL_OBJECT, .object = {members, len}};
    return 0;
}
