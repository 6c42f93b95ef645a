/*
 * The GraphQL engine alone: a JSON line in, a JSON line out. Every field resolves by its type, so that another implementation given the same
 * rule must give the same answer; see usage below and tests/gql.
 */
#include "base/json_read.h"
#include "graphql/execute.h"
#include "graphql/parse.h"

#include <stdio.h>
#include <stdlib.h>

#define ARENA_MAX ((size_t)1 << 30)

static const char usage[] =
    "usage: gqlrun [--validate-only | --failing] < requests > answers\n"
    "\n"
    "Reads lines {\"schema\": SDL, \"query\": ..., \"variables\": ..., \"operationName\": ...} and answers each with one line,\n"
    "{\"data\":...} or {\"errors\":[...]} or both. Errors of the schema and of the JSON are answered the same way; empty lines are "
    "skipped.\n"
    "With --validate-only nothing is executed: {\"errors\":[...]}, empty when the query is valid.\n"
    "With --failing fields are null, fail, or give a list whose second item is null when the bytes of their names add up to 0, 1 or 2\n"
    "beyond a multiple of 8.\n"
    "\n"
    "Fields resolve by type: Int 2, Float 3.14, String \"str\", ID \"id\", Boolean true, a custom scalar \"str\", an enum its first\n"
    "value, a list two items, an object an object, a union its first and an interface its last object type in order of name.\n";

/* One line's work. The schema is kept from line to line while its text stays the same. */
struct run {
    bool validate_only;
    bool failing;
    struct lk_arena arena; /* of one line */
    struct lk_buf out;
    struct lk_buf sdl; /* what schema was built from */
    struct gql_schema *schema;
};

/* --- resolving --- */

static const struct gql_type *choose_object(const struct gql_type *type) {
    const struct gql_type *chosen = NULL;
    for (size_t i = 0; i < type->possible_len; i++) {
        const struct gql_type *candidate = type->possible[i];
        int order = chosen == NULL ? 0 : lk_slice_compare(candidate->name, chosen->name);
        if (chosen == NULL || (type->kind == GQL_UNION ? order < 0 : order > 0))
            chosen = candidate;
    }
    return chosen;
}

static void resolve_scalar(const struct gql_type *type, struct gql_out *ret) {
    *ret = (struct gql_out){.kind = GQL_OUT_STRING, .text = LK_SLICE("str")};
    if (!type->builtin)
        return;
    if (lk_slice_is(type->name, "Int"))
        *ret = (struct gql_out){.kind = GQL_OUT_INT, .integer = 2};
    else if (lk_slice_is(type->name, "Float"))
        *ret = (struct gql_out){.kind = GQL_OUT_FLOAT, .real = 3.14};
    else if (lk_slice_is(type->name, "Boolean"))
        *ret = (struct gql_out){.kind = GQL_OUT_BOOLEAN, .boolean = true};
    else if (lk_slice_is(type->name, "ID"))
        ret->text = (struct lk_slice)LK_SLICE("id");
}

static int resolve_list(struct gql_call *call, const struct gql_type *type, struct gql_out *ret);

static int resolve_by_type(struct gql_call *call, const struct gql_type *type, struct gql_out *ret) {
    switch (type->kind) {
    case GQL_NON_NULL_TYPE: return resolve_by_type(call, type->of, ret);
    case GQL_LIST_TYPE: return resolve_list(call, type->of, ret);
    case GQL_SCALAR: resolve_scalar(type, ret); return 0;
    case GQL_ENUM_TYPE: *ret = (struct gql_out){.kind = GQL_OUT_STRING, .text = type->values[0].name}; return 0;
    case GQL_OBJECT_TYPE: *ret = (struct gql_out){.kind = GQL_OUT_OBJECT}; return 0;
    case GQL_INTERFACE:
    case GQL_UNION: {
        const struct gql_type *object = choose_object(type);
        if (object == NULL)
            return 0; /* an interface without objects has no value but null */
        *ret = (struct gql_out){.kind = GQL_OUT_OBJECT, .type_name = lk_arena_strdup(call->arena, object->name)};
        return ret->type_name == NULL ? LK_ENOMEM : 0;
    }
    case GQL_INPUT_OBJECT: break;
    }
    return LK_EINTERNAL;
}

static int resolve_list(struct gql_call *call, const struct gql_type *type, struct gql_out *ret) {
    struct gql_out *items = lk_arena_calloc(call->arena, 2, sizeof(*items));
    int code = items == NULL ? LK_ENOMEM : 0;
    for (size_t i = 0; i < 2 && code == 0; i++)
        code = resolve_by_type(call, type, &items[i]);
    *ret = (struct gql_out){.kind = GQL_OUT_LIST, .items = items, .items_len = 2};
    return code;
}

static int resolve(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    return resolve_by_type(call, call->field->type, ret);
}

/* The rule of --failing: what becomes of null and of errors is the engine's to say. */
static int resolve_or_fail(struct gql_call *call, const void *source, struct gql_out *ret) {
    unsigned sum = 0;
    for (size_t i = 0; i < call->field->name.len; i++)
        sum += (unsigned char)call->field->name.ptr[i];
    if (sum % 8 == 0) {
        *ret = (struct gql_out){.kind = GQL_OUT_NULL};
        return 0;
    }
    if (sum % 8 == 1)
        return LK_EINTERNAL;
    int code = resolve(call, source, ret);
    if (code == 0 && sum % 8 == 2 && ret->kind == GQL_OUT_LIST)
        ret->items[1] = (struct gql_out){.kind = GQL_OUT_NULL};
    return code;
}

/* --- answering --- */

static void answer_errors(struct run *run, const struct gql_errors *errors, struct lk_slice source) {
    struct lk_json_writer w;
    lk_json_writer_init(&w, &run->out);
    lk_json_begin_object(&w);
    lk_json_key(&w, "errors");
    gql_errors_write(errors, source, &w);
    lk_json_end_object(&w);
}

static void answer_message(struct run *run, const char *message) {
    struct gql_errors errors;
    gql_errors_init(&errors, &run->arena, NULL);
    gql_errors_add(&errors, NULL, 0, "%s", message);
    answer_errors(run, &errors, (struct lk_slice)LK_SLICE(""));
}

/* 0, or negative with errors or without memory. */
static int use_schema(struct run *run, struct lk_slice sdl, struct gql_errors *errors) {
    if (run->schema != NULL && lk_slice_equal(lk_buf_slice(&run->sdl), sdl))
        return 0;
    gql_schema_free(run->schema);
    run->schema = NULL;
    lk_buf_clear(&run->sdl);
    int code = lk_buf_add(&run->sdl, sdl);
    return code != 0 ? code : gql_schema_build(sdl, &run->schema, errors);
}

static int execute(struct run *run, const struct gql_document *document, const struct lk_json *request) {
    const struct lk_json *name = lk_json_get(request, "operationName");
    const struct lk_json *variables = lk_json_get(request, "variables");
    struct gql_execution execution = {
        .schema = run->schema,
        .document = document,
        .variables = variables == NULL || variables->type == LK_JSON_NULL ? NULL : variables,
        .arena = &run->arena,
        .default_resolver = run->failing ? resolve_or_fail : resolve,
        .no_codes = true,
    };
    if (name != NULL && name->type == LK_JSON_STRING)
        execution.operation_name = name->string;
    struct gql_outcome outcome;
    return gql_execute(&execution, &run->out, &outcome);
}

/* Answers one request. 0, or LK_ENOMEM. */
static int answer(struct run *run, const struct lk_json *request) {
    struct gql_errors errors;
    gql_errors_init(&errors, &run->arena, NULL);
    struct lk_slice source = lk_json_text(lk_json_get(request, "schema"));
    int code = use_schema(run, source, &errors);
    struct gql_document *document = NULL;
    if (code == 0) {
        source = lk_json_text(lk_json_get(request, "query"));
        code = gql_parse(source, &(struct gql_parse_limits){0}, &run->arena, &document, &errors);
    }
    if (code == 0)
        code = gql_validate(run->schema, document, NULL, &run->arena, &errors);
    if (code == LK_ENOMEM || errors.out_of_memory)
        return LK_ENOMEM;
    if (code == 0 && !run->validate_only)
        return execute(run, document, request);
    answer_errors(run, &errors, source);
    return 0;
}

static int answer_line(struct run *run, struct lk_slice line) {
    if (lk_slice_trim(line).len == 0)
        return 0;
    lk_buf_clear(&run->out);
    lk_arena_reset(&run->arena);
    struct lk_json *request;
    struct lk_problem problem;
    if (lk_json_parse(line, &run->arena, &request, &problem) != 0)
        answer_message(run, problem.text);
    else if (answer(run, request) != 0)
        answer_message(run, "out of memory");
    lk_buf_add_char(&run->out, '\n');
    if (run->out.failed)
        return LK_ENOMEM;
    size_t written = fwrite(run->out.ptr, 1, run->out.len, stdout);
    return written == run->out.len && fflush(stdout) == 0 ? 0 : LK_EIO;
}

int main(int argc, char **argv) {
    struct run run = {0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--validate-only") == 0) {
            run.validate_only = true;
        } else if (strcmp(argv[i], "--failing") == 0) {
            run.failing = true;
        } else {
            fputs(usage, stderr);
            return 2;
        }
    }
    lk_arena_init(&run.arena, ARENA_MAX);
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    int code = 0;
    while (code == 0 && (len = getline(&line, &room, stdin)) >= 0)
        code = answer_line(&run, lk_slice_make(line, (size_t)len));
    if (code != 0)
        fprintf(stderr, "gqlrun: %s\n", lk_error_text(code));
    free(line);
    gql_schema_free(run.schema);
    lk_buf_free(&run.sdl);
    lk_buf_free(&run.out);
    lk_arena_free(&run.arena);
    return code == 0 ? 0 : 1;
}
