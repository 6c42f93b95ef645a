/*
 * The executor (section 6). Results are written straight into the answer; when a null has to take the place of something half written, the
 * buffer is cut back to where that began. A function that executes returns 0, RAISED (a field error looks for the nearest nullable place) or
 * LK_ENOMEM, which ends the execution.
 */
#include "graphql/execute.h"

#include "graphql/collect.h"

enum { RAISED = 1 };

/* Deepest nesting of objects: keeps the recursion off the end of the stack. */
#define DEPTH_MAX 500

/* Locations of one error: merged fields have one each, and a hostile document a hundred thousand. */
#define LOCATIONS_MAX 100

struct executor {
    const struct gql_execution *execution;
    struct gql_collector collector;
    struct lk_arena *arena;
    struct lk_json_writer w;
    struct gql_errors errors;
    struct gql_value variables;
    unsigned depth;
    struct gql_error *raised; /* the error under way; its path is NULL until it is located */
    bool located;
};

/* --- errors --- */

static int raise_error(struct executor *ex, const struct gql_fault *fault) {
    struct gql_error *error = LK_ARENA_NEW(ex->arena, struct gql_error);
    if (error == NULL)
        return LK_ENOMEM;
    error->message = fault->message;
    error->code = fault->code;
    if (fault->located) {
        gql_pos *at = lk_arena_alloc(ex->arena, sizeof(*at));
        if (at == NULL)
            return LK_ENOMEM;
        *at = fault->at;
        error->locations = at;
        error->locations_len = 1;
    }
    ex->raised = error;
    ex->located = false;
    return RAISED;
}

static int raise_fault(struct executor *ex, struct gql_fault *fault) {
    if (ex->execution->no_codes)
        fault->code = NULL;
    return raise_error(ex, fault);
}

/* Raises what a gql_fault_set made, as a mistake of the server. */
static int raise_internal(struct executor *ex, int code, struct gql_fault *fault) {
    if (code == LK_ENOMEM)
        return code;
    fault->code = "INTERNAL";
    return raise_fault(ex, fault);
}

/* An arena copy of a path that lives on the stack. */
static int copy_path(struct lk_arena *arena, const struct gql_path *path, const struct gql_path **ret) {
    const struct gql_path *first = NULL;
    const struct gql_path **link = &first;
    for (; path != NULL; path = path->parent) {
        struct gql_path *step = lk_arena_alloc(arena, sizeof(*step));
        if (step == NULL)
            return LK_ENOMEM;
        *step = *path;
        step->parent = NULL;
        *link = step;
        link = &step->parent;
    }
    *ret = first;
    return 0;
}

/* Gives the raised error its path, and the positions of its field unless it has its own. Only the innermost place does so. */
static int locate(struct executor *ex, const struct gql_group *group, const struct gql_path *path) {
    if (ex->located)
        return 0;
    struct gql_error *error = ex->raised;
    if (error->locations_len == 0) {
        size_t len = group->nodes_len < LOCATIONS_MAX ? group->nodes_len : LOCATIONS_MAX;
        gql_pos *locations = lk_arena_calloc(ex->arena, len, sizeof(*locations));
        if (locations == NULL)
            return LK_ENOMEM;
        const struct gql_node *node = group->nodes;
        for (size_t i = 0; i < len; i++, node = node->next)
            locations[i] = node->selection->at;
        error->locations = locations;
        error->locations_len = len;
    }
    ex->located = true;
    return copy_path(ex->arena, path, &error->path);
}

/* Field errors are as many as the result has nulls for them, so their number needs no limit of its own. */
static void record(struct executor *ex) {
    *ex->errors.tail = ex->raised;
    ex->errors.tail = &ex->raised->next;
    ex->errors.count++;
    ex->raised = NULL;
}

/* The place of one value in the answer. */
struct place {
    size_t len;
    bool comma;
};

static struct place place_of(const struct executor *ex) {
    return (struct place){ex->w.out->len, ex->w.comma};
}

static void take_back(struct executor *ex, struct place place) {
    lk_buf_truncate(ex->w.out, place.len);
    ex->w.comma = place.comma;
}

/* The end of a field or a list item: a raised error goes further up from a non-null type, else it is recorded and null stands for the value. */
static int settle(struct executor *ex, const struct gql_group *group, const struct gql_type *type, const struct gql_path *path,
                  struct place place, int code) {
    if (code != RAISED)
        return code;
    code = locate(ex, group, path);
    if (code != 0)
        return code;
    if (type->kind == GQL_NON_NULL_TYPE)
        return RAISED;
    take_back(ex, place);
    record(ex);
    lk_json_null(&ex->w);
    return 0;
}

/* --- values --- */

static int complete(struct executor *ex, struct gql_group *group, const struct gql_type *type, const struct gql_out *out,
                    const struct gql_path *path);
static int execute_plan(struct executor *ex, const struct gql_plan *plan, const void *source, const struct gql_path *path);

/* "Parent.field" for %.*s.%.*s */
#define FIELD_ARGS(group) (int)(group)->parent->name.len, (group)->parent->name.ptr, (int)(group)->field->name.len, (group)->field->name.ptr

static int complete_list(struct executor *ex, struct gql_group *group, const struct gql_type *type, const struct gql_out *out,
                         const struct gql_path *path) {
    if (out->kind != GQL_OUT_LIST) {
        struct gql_fault fault;
        int code = gql_fault_set(&fault, ex->arena, "Expected Iterable, but did not find one for field \"%.*s.%.*s\".", FIELD_ARGS(group));
        return raise_internal(ex, code, &fault);
    }
    lk_json_begin_array(&ex->w);
    for (size_t i = 0; i < out->items_len; i++) {
        struct gql_path step = {.parent = path, .index = i};
        struct place place = place_of(ex);
        int code = complete(ex, group, type->of, &out->items[i], &step);
        code = settle(ex, group, type->of, &step, place, code);
        if (code != 0)
            return code;
    }
    lk_json_end_array(&ex->w);
    return 0;
}

/* The object type that a value of an abstract type has. 0 with *ret, or as above. */
static int resolve_type(struct executor *ex, const struct gql_group *group, const struct gql_type *type, const struct gql_out *out,
                        const struct gql_type **ret) {
    int len = (int)type->name.len;
    const char *name = type->name.ptr;
    struct gql_fault fault;
    int code;
    if (out->type_name == NULL) {
        code =
            gql_fault_set(&fault, ex->arena,
                          "Abstract type \"%.*s\" must resolve to an Object type at runtime for field \"%.*s.%.*s\". Either the \"%.*s\" "
                          "type should provide a \"resolveType\" function or each possible type should provide an \"isTypeOf\" function.",
                          len, name, FIELD_ARGS(group), len, name);
        return raise_internal(ex, code, &fault);
    }
    const struct gql_type *object = gql_schema_type(ex->execution->schema, lk_slice_cstr(out->type_name));
    if (object == NULL)
        code =
            gql_fault_set(&fault, ex->arena, "Abstract type \"%.*s\" was resolved to a type \"%s\" that does not exist inside the schema.",
                          len, name, out->type_name);
    else if (object->kind != GQL_OBJECT_TYPE)
        code =
            gql_fault_set(&fault, ex->arena, "Abstract type \"%.*s\" was resolved to a non-object type \"%s\".", len, name, out->type_name);
    else if (!gql_type_is_possible(type, object))
        code =
            gql_fault_set(&fault, ex->arena, "Runtime Object type \"%s\" is not a possible type for \"%.*s\".", out->type_name, len, name);
    else {
        *ret = object;
        return 0;
    }
    return raise_internal(ex, code, &fault);
}

static int find_plan(struct executor *ex, struct gql_group *group, const struct gql_type *type, struct gql_plan **ret) {
    for (struct gql_plan *plan = group->plans; plan != NULL; plan = plan->next) {
        if (plan->type == type) {
            *ret = plan;
            return 0;
        }
    }
    struct gql_plan *plan;
    int code = gql_collect(&ex->collector, type, group->nodes, &plan);
    if (code != 0)
        return code;
    plan->next = group->plans;
    group->plans = plan;
    *ret = plan;
    return 0;
}

static int complete_object(struct executor *ex, struct gql_group *group, const struct gql_type *type, const struct gql_out *out,
                           const struct gql_path *path) {
    struct gql_fault fault;
    if (out->kind != GQL_OUT_OBJECT) {
        int code = gql_fault_set(&fault, ex->arena, "Expected value of type \"%.*s\".", GQL_SHOWN(type->name));
        return raise_internal(ex, code, &fault);
    }
    if (ex->depth == DEPTH_MAX) {
        int code = gql_fault_set(&fault, ex->arena, "The result is nested deeper than %d levels.", DEPTH_MAX);
        return code == LK_ENOMEM ? code : raise_fault(ex, &fault);
    }
    if (type->kind != GQL_OBJECT_TYPE) {
        int code = resolve_type(ex, group, type, out, &type);
        if (code != 0)
            return code;
    }
    struct gql_plan *plan;
    int code = find_plan(ex, group, type, &plan);
    if (code != 0)
        return code;
    if (plan->faulty)
        return raise_fault(ex, &plan->fault);
    ex->depth++;
    code = execute_plan(ex, plan, out->object, path);
    ex->depth--;
    return code;
}

static int complete(struct executor *ex, struct gql_group *group, const struct gql_type *type, const struct gql_out *out,
                    const struct gql_path *path) {
    struct gql_fault fault;
    if (out->kind == GQL_OUT_NULL) {
        if (type->kind != GQL_NON_NULL_TYPE) {
            lk_json_null(&ex->w);
            return 0;
        }
        int code = gql_fault_set(&fault, ex->arena, "Cannot return null for non-nullable field %.*s.%.*s.", FIELD_ARGS(group));
        return raise_internal(ex, code, &fault);
    }
    if (type->kind == GQL_NON_NULL_TYPE)
        type = type->of;
    if (type->kind == GQL_LIST_TYPE)
        return complete_list(ex, group, type, out, path);
    if (!gql_type_is_leaf(type))
        return complete_object(ex, group, type, out, path);
    int code = gql_write_leaf(type, out, &ex->w, ex->arena, &fault);
    return code == LK_EINVAL ? raise_fault(ex, &fault) : code;
}

/* --- fields --- */

int gql_fail(struct gql_call *call, const char *code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    call->error_message = gql_format(call->arena, format, args); /* NULL, when memory is out, still fails the field */
    va_end(args);
    call->error_code = code;
    return LK_EINVAL;
}

/* Raises what a resolver or a hook failed with. What is not said by gql_fail is not for the client. */
static int raise_failure(struct executor *ex, const char *message, const char *code) {
    struct gql_fault fault = {.message = message, .code = code};
    if (message != NULL)
        return raise_error(ex, &fault);
    fault = (struct gql_fault){.message = "Internal server error", .code = "INTERNAL"};
    return raise_fault(ex, &fault);
}

static int read_arguments(struct executor *ex, struct gql_group *group) {
    if (group->state == GQL_ARGUMENTS_UNREAD) {
        const struct gql_selection *selection = group->nodes->selection;
        int code = gql_coerce_arguments(group->field->arguments, group->field->arguments_len, selection->arguments, selection->at,
                                        &ex->variables, ex->arena, &group->arguments, &group->fault);
        if (code == LK_ENOMEM)
            return code;
        group->state = code == 0 ? GQL_ARGUMENTS_READY : GQL_ARGUMENTS_FAULTY;
    }
    return group->state == GQL_ARGUMENTS_READY ? 0 : raise_fault(ex, &group->fault);
}

static int run_field(struct executor *ex, struct gql_group *group, const void *source, const struct gql_path *path) {
    int code = read_arguments(ex, group);
    if (code != 0)
        return code;
    if (group->resolve == NULL)
        return raise_failure(ex, NULL, NULL);
    if (ex->execution->go_on != NULL && !gql_type_is_leaf(gql_type_named(group->field->type)) &&
        !ex->execution->go_on(ex->execution->context))
        return LK_ELIMIT;
    struct gql_call call = {
        .schema = ex->execution->schema,
        .parent = group->parent,
        .field = group->field,
        .arguments = &group->arguments,
        .arena = ex->arena,
        .context = ex->execution->context,
    };
    struct gql_out out = {.kind = GQL_OUT_NULL};
    code = group->resolve(&call, source, &out);
    if (code < 0)
        return raise_failure(ex, call.error_message, call.error_code);
    return complete(ex, group, group->field->type, &out, path);
}

static int execute_field(struct executor *ex, struct gql_group *group, const void *source, const struct gql_path *parent) {
    if (ex->w.out->failed)
        return LK_ENOMEM;
    struct gql_path path = {.parent = parent, .key = group->key};
    lk_json_key_slice(&ex->w, group->key);
    struct place place = place_of(ex);
    int code = run_field(ex, group, source, &path);
    return settle(ex, group, group->field->type, &path, place, code);
}

static int execute_plan(struct executor *ex, const struct gql_plan *plan, const void *source, const struct gql_path *path) {
    lk_json_begin_object(&ex->w);
    for (struct gql_group *group = plan->groups; group != NULL; group = group->next) {
        if (group->field == NULL) /* validation refuses unknown fields; an unvalidated document just has none of them */
            continue;
        int code = execute_field(ex, group, source, path);
        if (code != 0)
            return code;
    }
    lk_json_end_object(&ex->w);
    return 0;
}

/* --- operations --- */

/* A root field of a mutation, between its hooks. */
static int execute_mutation_field(struct executor *ex, struct gql_group *group) {
    const struct gql_execution *execution = ex->execution;
    struct gql_path path = {.key = group->key};
    struct gql_call call = {
        .schema = execution->schema, .parent = group->parent, .field = group->field, .arena = ex->arena, .context = execution->context};
    lk_json_key_slice(&ex->w, group->key);
    struct place place = place_of(ex);
    int code;
    if (execution->before_field != NULL && execution->before_field(&call) < 0) {
        code = raise_failure(ex, call.error_message, call.error_code);
        return settle(ex, group, group->field->type, &path, place, code);
    }
    code = ex->w.out->failed ? LK_ENOMEM : run_field(ex, group, execution->root, &path);
    /* An error of a field below that became null there leaves the rest of the answer, which then must be true. */
    bool failed = code != 0 || ex->w.out->failed;
    code = settle(ex, group, group->field->type, &path, place, code);
    if (execution->after_field == NULL || execution->after_field(&call, failed) >= 0 || code != 0)
        return code;
    take_back(ex, place);
    code = raise_failure(ex, call.error_message, call.error_code);
    return settle(ex, group, group->field->type, &path, place, code);
}

static int execute_mutation(struct executor *ex, const struct gql_plan *plan) {
    lk_json_begin_object(&ex->w);
    for (struct gql_group *group = plan->groups; group != NULL; group = group->next) {
        int code = group->field == NULL ? 0 : execute_mutation_field(ex, group);
        if (code != 0)
            return code;
    }
    lk_json_end_object(&ex->w);
    return 0;
}

static int raise_no_root(struct executor *ex, const struct gql_operation *operation) {
    static const char *const kinds[] = {[GQL_QUERY] = "query", [GQL_MUTATION] = "mutation", [GQL_SUBSCRIPTION] = "subscription"};
    struct gql_fault fault;
    int code = gql_fault_set(&fault, ex->arena, "Schema is not configured to execute %s operation.", kinds[operation->kind]);
    if (code == LK_ENOMEM)
        return code;
    fault.located = true;
    fault.at = operation->at;
    return raise_fault(ex, &fault);
}

static int execute_operation(struct executor *ex, const struct gql_operation *operation) {
    const struct gql_type *root = gql_schema_root(ex->execution->schema, operation->kind);
    if (root == NULL)
        return raise_no_root(ex, operation);
    struct gql_plan *plan;
    int code = gql_collect_root(&ex->collector, root, operation->selections, &plan);
    if (code != 0)
        return code;
    if (plan->faulty)
        return raise_fault(ex, &plan->fault);
    if (operation->kind == GQL_MUTATION)
        return execute_mutation(ex, plan);
    return execute_plan(ex, plan, ex->execution->root, NULL);
}

/* Writes the data member's value. What no field caught makes all of it null. */
static int write_data(struct executor *ex, const struct gql_operation *operation) {
    struct place place = place_of(ex);
    int code = execute_operation(ex, operation);
    if (code != RAISED)
        return code;
    take_back(ex, place);
    record(ex);
    lk_json_null(&ex->w);
    return 0;
}

const struct gql_operation *gql_find_operation(const struct gql_document *document, struct lk_slice name, struct gql_errors *errors) {
    struct gql_error *error;
    const struct gql_operation *found = NULL;
    if (name.ptr == NULL) {
        found = document->operations;
        if (found != NULL && found->next == NULL)
            return found;
        error = gql_errors_add(errors, NULL, 0,
                               found == NULL ? "Must provide an operation."
                                             : "Must provide operation name if query contains multiple operations.");
    } else {
        for (const struct gql_operation *operation = document->operations; operation != NULL; operation = operation->next) {
            if (operation->name.text.ptr != NULL && lk_slice_equal(operation->name.text, name))
                found = operation;
        }
        if (found != NULL)
            return found;
        error = gql_errors_add(errors, NULL, 0, "Unknown operation named \"%.*s\".", GQL_SHOWN(name));
    }
    if (error != NULL)
        error->code = "BAD_USER_INPUT";
    return NULL;
}

/* Finds the operation and its variables. 0, LK_EINVAL after adding request errors, or LK_ENOMEM. */
static int prepare(struct executor *ex, const struct gql_operation **ret) {
    const struct gql_execution *execution = ex->execution;
    const struct gql_operation *operation = gql_find_operation(execution->document, execution->operation_name, &ex->errors);
    if (operation == NULL && ex->errors.first != NULL && execution->no_codes)
        ex->errors.first->code = NULL;
    if (operation == NULL)
        return ex->errors.out_of_memory ? LK_ENOMEM : LK_EINVAL;
    if (operation->kind == GQL_SUBSCRIPTION) {
        gql_errors_add(&ex->errors, &operation->at, 1, "Subscriptions are not supported.");
        return ex->errors.out_of_memory ? LK_ENOMEM : LK_EINVAL;
    }
    int code = gql_coerce_variables(execution->schema, operation, execution->variables, !execution->no_suggestions, ex->arena, &ex->errors,
                                    &ex->variables);
    if (code == 0)
        code = gql_collector_init(&ex->collector, execution->document);
    if (code == 0)
        *ret = operation;
    return code;
}

/* Puts `"errors":[...]` and what follows it before position at of the answer. They are written behind its end first, where its limit holds for them
 * too: each names the path to it, and the keys of that may be most of the document. */
static int insert_errors(struct executor *ex, size_t at, const char *after) {
    struct lk_buf *out = ex->w.out;
    size_t end = out->len;
    struct lk_json_writer w;
    lk_json_writer_init(&w, out);
    lk_json_key(&w, "errors");
    gql_errors_write(&ex->errors, ex->execution->document->source, &w);
    lk_buf_add_cstr(out, after);
    struct lk_buf text = {0};
    int code = out->failed ? LK_ENOMEM : lk_buf_add(&text, lk_slice_make(out->ptr + end, out->len - end));
    if (code == 0 && text.len > 0) {
        memmove(out->ptr + at + text.len, out->ptr + at, end - at);
        memcpy(out->ptr + at, text.ptr, text.len);
    }
    lk_buf_free(&text);
    return code == 0 ? 0 : LK_ENOMEM;
}

static int respond(struct executor *ex, struct gql_outcome *ret) {
    struct lk_buf *out = ex->w.out;
    const struct gql_operation *operation = NULL;
    lk_buf_add_char(out, '{');
    size_t start = out->len;
    int code = prepare(ex, &operation);
    struct gql_outcome outcome = {.ran = code == 0};
    if (code == 0) {
        lk_json_key(&ex->w, "data");
        code = write_data(ex, operation);
    } else if (code == LK_EINVAL) {
        code = 0;
    }
    if (code == 0 && ex->errors.count > 0)
        code = insert_errors(ex, start, outcome.ran ? "," : "");
    lk_buf_add_char(out, '}');
    if (code != 0 || out->failed)
        return code == LK_ELIMIT ? code : LK_ENOMEM;
    outcome.error_count = ex->errors.count;
    *ret = outcome;
    return 0;
}

int gql_execute(const struct gql_execution *execution, struct lk_buf *out, struct gql_outcome *ret) {
    struct executor ex = {
        .execution = execution,
        .arena = execution->arena,
        .collector = {.schema = execution->schema, .default_resolver = execution->default_resolver, .arena = execution->arena},
    };
    ex.collector.variables = &ex.variables;
    ex.variables.kind = GQL_OBJECT;
    lk_json_writer_init(&ex.w, out);
    gql_errors_init(&ex.errors, execution->arena, execution->no_codes ? NULL : "BAD_USER_INPUT");
    ex.errors.conceal = execution->conceal;
    size_t start = out->len;
    bool failed = out->failed;
    int code = respond(&ex, ret);
    if (code != 0) {
        lk_buf_truncate(out, start);
        out->failed = failed;
    }
    return code;
}
