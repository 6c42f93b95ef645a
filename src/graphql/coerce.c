/* Literals and arguments to values (3.12, 6.4.1). */
#include "graphql/coerce.h"

#include "graphql/print.h"

#include <errno.h>
#include <stdlib.h>

enum gql_scalar gql_scalar_of(const struct gql_type *type) {
    if (!type->builtin || type->kind != GQL_SCALAR)
        return GQL_SCALAR_CUSTOM;
    static const char *const names[] = {
        [GQL_SCALAR_INT] = "Int",         [GQL_SCALAR_FLOAT] = "Float", [GQL_SCALAR_STRING] = "String",
        [GQL_SCALAR_BOOLEAN] = "Boolean", [GQL_SCALAR_ID] = "ID",
    };
    for (int i = GQL_SCALAR_INT; i <= GQL_SCALAR_ID; i++) {
        if (lk_slice_is(type->name, names[i]))
            return (enum gql_scalar)i;
    }
    return GQL_SCALAR_CUSTOM;
}

int gql_fault_set(struct gql_fault *fault, struct lk_arena *arena, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *message = gql_format(arena, format, args);
    va_end(args);
    if (message == NULL)
        return LK_ENOMEM;
    *fault = (struct gql_fault){.message = message, .code = "BAD_USER_INPUT"};
    return LK_EINVAL;
}

static int compare_member(const void *key, const void *member) {
    const struct lk_slice *name = key;
    return lk_slice_compare(*name, ((const struct gql_value_member *)member)->name);
}

const struct gql_value *gql_variable(const struct gql_value *variables, struct lk_slice name) {
    if (variables == NULL || variables->object.len == 0)
        return NULL;
    const struct gql_value_member *found = bsearch(&name, variables->object.members, variables->object.len, sizeof(*found), compare_member);
    return found == NULL ? NULL : &found->value;
}

/* What one literal is read with. */
struct reader {
    const struct gql_value *variables;
    struct lk_arena *arena;
};

static int read_typed(const struct reader *r, const struct gql_type *type, const struct gql_literal *literal, struct gql_value *ret);

/* --- leaves --- */

/* The number's text ends in NUL in the arena, because the C library wants it so. */
static int read_real(const struct reader *r, struct lk_slice text, struct gql_value *ret) {
    char *copy = lk_arena_strdup(r->arena, text);
    if (copy == NULL)
        return LK_ENOMEM;
    *ret = (struct gql_value){.kind = GQL_FLOAT, .real = strtod(copy, NULL)};
    return 0;
}

/* An integer of up to 64 bits; LK_ELIMIT when it is larger. */
static int read_integer(struct lk_slice text, int64_t *ret) {
    char copy[24];
    if (text.len >= sizeof(copy))
        return LK_ELIMIT;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    errno = 0;
    long long value = strtoll(copy, NULL, 10);
    if (errno == ERANGE)
        return LK_ELIMIT;
    *ret = value;
    return 0;
}

static int read_untyped(const struct reader *r, const struct gql_literal *literal, struct gql_value *ret);

static int read_untyped_list(const struct reader *r, const struct gql_literal *literal, struct gql_value *ret) {
    size_t len = 0;
    for (const struct gql_literal *item = literal->items; item != NULL; item = item->next)
        len++;
    struct gql_value *items = lk_arena_calloc(r->arena, len, sizeof(*items));
    if (items == NULL)
        return LK_ENOMEM;
    size_t i = 0;
    for (const struct gql_literal *item = literal->items; item != NULL; item = item->next, i++) {
        int code = read_untyped(r, item, &items[i]);
        if (code == LK_EINVAL) /* a variable without a value */
            items[i] = (struct gql_value){.kind = GQL_NULL};
        else if (code != 0)
            return code;
    }
    *ret = (struct gql_value){.kind = GQL_LIST, .list = {items, len}};
    return 0;
}

static int read_untyped_object(const struct reader *r, const struct gql_literal *literal, struct gql_value *ret) {
    size_t room = 0;
    for (const struct gql_object_field *field = literal->fields; field != NULL; field = field->next)
        room++;
    struct gql_value_member *members = lk_arena_calloc(r->arena, room, sizeof(*members));
    if (members == NULL)
        return LK_ENOMEM;
    size_t len = 0;
    for (const struct gql_object_field *field = literal->fields; field != NULL; field = field->next) {
        int code = read_untyped(r, field->value, &members[len].value);
        if (code == LK_EINVAL) /* a variable without a value: the member is absent */
            continue;
        if (code != 0)
            return code;
        members[len++].name = field->name.text;
    }
    *ret = (struct gql_value){.kind = GQL_OBJECT, .object = {members, len}};
    return 0;
}

/* A custom scalar takes any literal as it is. LK_EINVAL only for a variable without a value. */
static int read_untyped(const struct reader *r, const struct gql_literal *literal, struct gql_value *ret) {
    switch (literal->kind) {
    case GQL_LIT_VARIABLE: {
        const struct gql_value *value = gql_variable(r->variables, literal->text);
        if (value == NULL)
            return LK_EINVAL;
        *ret = *value;
        return 0;
    }
    case GQL_LIT_NULL: *ret = (struct gql_value){.kind = GQL_NULL}; return 0;
    case GQL_LIT_INT: {
        int64_t integer;
        if (read_integer(literal->text, &integer) != 0)
            return read_real(r, literal->text, ret);
        *ret = (struct gql_value){.kind = GQL_INT, .integer = integer};
        return 0;
    }
    case GQL_LIT_FLOAT: return read_real(r, literal->text, ret);
    case GQL_LIT_STRING:
    case GQL_LIT_ENUM: *ret = (struct gql_value){.kind = GQL_STRING, .text = literal->text}; return 0;
    case GQL_LIT_BOOLEAN: *ret = (struct gql_value){.kind = GQL_BOOLEAN, .boolean = literal->boolean}; return 0;
    case GQL_LIT_LIST: return read_untyped_list(r, literal, ret);
    case GQL_LIT_OBJECT: return read_untyped_object(r, literal, ret);
    }
    return LK_EINVAL;
}

static int read_int(const struct gql_literal *literal, struct gql_value *ret) {
    int64_t integer;
    if (literal->kind != GQL_LIT_INT || read_integer(literal->text, &integer) != 0 || integer > INT32_MAX || integer < INT32_MIN)
        return LK_EINVAL;
    *ret = (struct gql_value){.kind = GQL_INT, .integer = integer};
    return 0;
}

static int read_scalar(const struct reader *r, const struct gql_type *type, const struct gql_literal *literal, struct gql_value *ret) {
    enum gql_literal_kind kind = literal->kind;
    switch (gql_scalar_of(type)) {
    case GQL_SCALAR_INT: return read_int(literal, ret);
    case GQL_SCALAR_FLOAT: return kind == GQL_LIT_INT || kind == GQL_LIT_FLOAT ? read_real(r, literal->text, ret) : LK_EINVAL;
    case GQL_SCALAR_BOOLEAN: return kind == GQL_LIT_BOOLEAN ? read_untyped(r, literal, ret) : LK_EINVAL;
    case GQL_SCALAR_STRING: return kind == GQL_LIT_STRING ? read_untyped(r, literal, ret) : LK_EINVAL;
    case GQL_SCALAR_ID:
        if (kind != GQL_LIT_STRING && kind != GQL_LIT_INT)
            return LK_EINVAL;
        *ret = (struct gql_value){.kind = GQL_STRING, .text = literal->text};
        return 0;
    case GQL_SCALAR_CUSTOM: break;
    }
    return read_untyped(r, literal, ret);
}

static int read_enum(const struct gql_type *type, const struct gql_literal *literal, struct gql_value *ret) {
    if (literal->kind != GQL_LIT_ENUM || gql_type_enum_value(type, literal->text) == NULL)
        return LK_EINVAL;
    *ret = (struct gql_value){.kind = GQL_ENUM, .text = literal->text};
    return 0;
}

/* --- lists and objects --- */

static bool lacks_value(const struct reader *r, const struct gql_literal *literal) {
    return literal->kind == GQL_LIT_VARIABLE && gql_variable(r->variables, literal->text) == NULL;
}

static int read_list(const struct reader *r, const struct gql_type *type, const struct gql_literal *literal, struct gql_value *ret) {
    bool single = literal->kind != GQL_LIT_LIST; /* stands for a list of one */
    const struct gql_literal *first = single ? literal : literal->items;
    size_t len = 0;
    for (const struct gql_literal *item = first; item != NULL; item = single ? NULL : item->next)
        len++;
    struct gql_value *items = lk_arena_calloc(r->arena, len, sizeof(*items));
    if (items == NULL)
        return LK_ENOMEM;
    const struct gql_literal *item = first;
    for (size_t i = 0; i < len; i++, item = item->next) {
        if (!single && lacks_value(r, item)) {
            if (type->of->kind == GQL_NON_NULL_TYPE)
                return LK_EINVAL;
            items[i] = (struct gql_value){.kind = GQL_NULL};
            continue;
        }
        int code = read_typed(r, type->of, item, &items[i]);
        if (code != 0)
            return code;
    }
    *ret = (struct gql_value){.kind = GQL_LIST, .list = {items, len}};
    return 0;
}

static const struct gql_literal *object_member(const struct gql_literal *literal, struct lk_slice name) {
    const struct gql_literal *found = NULL;
    for (const struct gql_object_field *field = literal->fields; field != NULL; field = field->next) {
        if (lk_slice_equal(field->name.text, name))
            found = field->value; /* the last one counts where validation did not refuse the repetition */
    }
    return found;
}

static int read_object(const struct reader *r, const struct gql_type *type, const struct gql_literal *literal, struct gql_value *ret) {
    if (literal->kind != GQL_LIT_OBJECT)
        return LK_EINVAL;
    struct gql_value_member *members = lk_arena_calloc(r->arena, type->inputs_len, sizeof(*members));
    if (members == NULL)
        return LK_ENOMEM;
    size_t len = 0;
    for (size_t i = 0; i < type->inputs_len; i++) {
        const struct gql_input *input = &type->inputs[i];
        const struct gql_literal *given = object_member(literal, input->name);
        if (given != NULL && !lacks_value(r, given)) {
            int code = read_typed(r, input->type, given, &members[len].value);
            if (code != 0)
                return code;
        } else if (input->default_value != NULL) {
            members[len].value = *input->default_value;
        } else if (input->type->kind == GQL_NON_NULL_TYPE) {
            return LK_EINVAL;
        } else {
            continue;
        }
        members[len++].name = input->name;
    }
    if (type->one_of && (len != 1 || members[0].value.kind == GQL_NULL))
        return LK_EINVAL;
    *ret = (struct gql_value){.kind = GQL_OBJECT, .object = {members, len}};
    return 0;
}

static int read_typed(const struct reader *r, const struct gql_type *type, const struct gql_literal *literal, struct gql_value *ret) {
    if (literal->kind == GQL_LIT_VARIABLE) { /* coerced already, to a type that validation found to fit */
        const struct gql_value *value = gql_variable(r->variables, literal->text);
        if (value == NULL || (value->kind == GQL_NULL && type->kind == GQL_NON_NULL_TYPE))
            return LK_EINVAL;
        *ret = *value;
        return 0;
    }
    if (literal->kind == GQL_LIT_NULL) {
        if (type->kind == GQL_NON_NULL_TYPE)
            return LK_EINVAL;
        *ret = (struct gql_value){.kind = GQL_NULL};
        return 0;
    }
    switch (type->kind) {
    case GQL_NON_NULL_TYPE: return read_typed(r, type->of, literal, ret);
    case GQL_LIST_TYPE: return read_list(r, type, literal, ret);
    case GQL_INPUT_OBJECT: return read_object(r, type, literal, ret);
    case GQL_ENUM_TYPE: return read_enum(type, literal, ret);
    case GQL_SCALAR: return read_scalar(r, type, literal, ret);
    case GQL_OBJECT_TYPE:
    case GQL_INTERFACE:
    case GQL_UNION: break; /* not input types */
    }
    return LK_EINVAL;
}

int gql_coerce_literal(const struct gql_type *type, const struct gql_literal *literal, const struct gql_value *variables,
                       struct lk_arena *arena, struct gql_value *ret) {
    struct reader r = {variables, arena};
    struct gql_value value;
    int code = read_typed(&r, type, literal, &value);
    if (code == 0)
        *ret = value;
    return code;
}

/* --- arguments --- */

/* The fault of an argument whose type is required or non-null; what says how it fell short. what may be NULL: memory was out. */
static int argument_fault(const struct gql_input *def, const char *kind, const char *what, gql_pos at, struct lk_arena *arena,
                          struct gql_fault *fault) {
    const char *type = gql_type_text(def->type, arena);
    if (type == NULL || what == NULL)
        return LK_ENOMEM;
    int code = gql_fault_set(fault, arena, "Argument \"%.*s\" of %s type \"%s\" %s", GQL_SHOWN(def->name), kind, type, what);
    if (code == LK_EINVAL) {
        fault->located = true;
        fault->at = at;
    }
    return code;
}

static int invalid_fault(const struct gql_input *def, const struct gql_literal *literal, struct lk_arena *arena, struct gql_fault *fault) {
    struct lk_buf buf = {0};
    gql_print_literal(literal, &buf);
    int code = buf.failed ? LK_ENOMEM
                          : gql_fault_set(fault, arena, "Argument \"%.*s\" has invalid value %.*s.", GQL_SHOWN(def->name), GQL_SHOWN(buf));
    lk_buf_free(&buf);
    if (code == LK_EINVAL) {
        fault->located = true;
        fault->at = literal->at;
    }
    return code;
}

static const struct gql_argument *find_argument(const struct gql_argument *given, struct lk_slice name) {
    const struct gql_argument *found = NULL;
    for (; given != NULL; given = given->next) {
        if (lk_slice_equal(given->name.text, name))
            found = given; /* the last one, as for object members above */
    }
    return found;
}

/* One argument. 0 with *ret, 1 when it is absent, LK_EINVAL with *fault or LK_ENOMEM. */
static int read_argument(const struct reader *r, const struct gql_input *def, const struct gql_argument *given, gql_pos node_at,
                         struct gql_value *ret, struct gql_fault *fault) {
    bool non_null = def->type->kind == GQL_NON_NULL_TYPE;
    const struct gql_argument *argument = find_argument(given, def->name);
    const struct gql_literal *literal = argument == NULL ? NULL : argument->value;
    if (literal == NULL || lacks_value(r, literal)) {
        if (def->default_value != NULL) {
            *ret = *def->default_value;
            return 0;
        }
        if (!non_null)
            return 1;
        if (literal == NULL)
            return argument_fault(def, "required", "was not provided.", node_at, r->arena, fault);
        const char *what = lk_arena_printf(r->arena, "was provided the variable \"$%.*s\" which was not provided a runtime value.",
                                           GQL_SHOWN(literal->text));
        return argument_fault(def, "required", what, literal->at, r->arena, fault);
    }
    bool is_null =
        literal->kind == GQL_LIT_VARIABLE ? gql_variable(r->variables, literal->text)->kind == GQL_NULL : literal->kind == GQL_LIT_NULL;
    if (is_null && non_null)
        return argument_fault(def, "non-null", "must not be null.", literal->at, r->arena, fault);
    int code = read_typed(r, def->type, literal, ret);
    return code == LK_EINVAL ? invalid_fault(def, literal, r->arena, fault) : code;
}

int gql_coerce_arguments(const struct gql_input *defs, size_t defs_len, const struct gql_argument *given, gql_pos node_at,
                         const struct gql_value *variables, struct lk_arena *arena, struct gql_value *ret, struct gql_fault *fault) {
    struct reader r = {variables, arena};
    struct gql_value_member *members = lk_arena_calloc(arena, defs_len, sizeof(*members));
    if (members == NULL)
        return LK_ENOMEM;
    size_t len = 0;
    for (size_t i = 0; i < defs_len; i++) {
        int code = read_argument(&r, &defs[i], given, node_at, &members[len].value, fault);
        if (code < 0)
            return code;
        if (code == 0)
            members[len++].name = defs[i].name;
    }
    *ret = (struct gql_value){.kind = GQL_OBJECT, .object = {members, len}};
    return 0;
}
