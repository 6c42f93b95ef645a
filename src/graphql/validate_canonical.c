/*
 * Arguments made comparable for field merging: two lists of arguments are the same when they have the same names with the same values in any
 * order, and so for the fields of object values. Each value becomes a text that equal values share: a letter for the kind and, where texts could
 * run into each other, their length. A field's arguments are prepared once.
 */
#include "graphql/validate_internal.h"

#include "base/buf.h"

#include <stdlib.h>

static void add_text(struct lk_buf *buf, char kind, struct lk_slice text) {
    lk_buf_addf(buf, "%c%zu:", kind, text.len);
    lk_buf_add(buf, text);
}

static void add_literal(const struct gql_literal *literal, struct lk_buf *buf);

struct sorted_field {
    const struct gql_object_field *field;
    size_t order; /* in the literal: equal names keep it */
};

static int by_field_name(const void *a, const void *b) {
    const struct sorted_field *x = a;
    const struct sorted_field *y = b;
    int order = lk_slice_compare(x->field->name.text, y->field->name.text);
    return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

static void add_object(const struct gql_literal *literal, struct lk_buf *buf) {
    size_t len = 0;
    for (const struct gql_object_field *f = literal->fields; f != NULL; f = f->next)
        len++;
    struct sorted_field *fields = calloc(len + 1, sizeof(*fields));
    if (fields == NULL) {
        buf->failed = true;
        return;
    }
    size_t i = 0;
    for (const struct gql_object_field *f = literal->fields; f != NULL; f = f->next, i++)
        fields[i] = (struct sorted_field){f, i};
    qsort(fields, len, sizeof(*fields), by_field_name);
    lk_buf_addf(buf, "{%zu:", len);
    for (i = 0; i < len; i++) {
        add_text(buf, '.', fields[i].field->name.text);
        add_literal(fields[i].field->value, buf);
    }
    free(fields);
}

static void add_literal(const struct gql_literal *literal, struct lk_buf *buf) {
    switch (literal->kind) {
    case GQL_LIT_VARIABLE: add_text(buf, '$', literal->text); break;
    case GQL_LIT_INT: add_text(buf, 'i', literal->text); break;
    case GQL_LIT_FLOAT: add_text(buf, 'f', literal->text); break;
    case GQL_LIT_STRING: add_text(buf, literal->block ? 'b' : 's', literal->text); break;
    case GQL_LIT_ENUM: add_text(buf, 'e', literal->text); break;
    case GQL_LIT_BOOLEAN: lk_buf_add_char(buf, literal->boolean ? 't' : 'n'); break;
    case GQL_LIT_NULL: lk_buf_add_char(buf, '0'); break;
    case GQL_LIT_LIST:
        lk_buf_add_char(buf, '[');
        for (const struct gql_literal *item = literal->items; item != NULL; item = item->next)
            add_literal(item, buf);
        lk_buf_add_char(buf, ']');
        break;
    case GQL_LIT_OBJECT: add_object(literal, buf); break;
    }
}

static bool canonical(struct gql_v *v, const struct gql_literal *literal, struct lk_slice *ret) {
    struct lk_buf buf = {0};
    add_literal(literal, &buf);
    bool done = !buf.failed && lk_arena_copy(&v->work, lk_buf_slice(&buf), ret) == 0;
    lk_buf_free(&buf);
    if (!done)
        gql_v_fail(v);
    return done;
}

struct sorted_argument {
    struct gql_v_argument argument;
    size_t order;
};

static int by_argument_name(const void *a, const void *b) {
    const struct sorted_argument *x = a;
    const struct sorted_argument *y = b;
    int order = lk_slice_compare(x->argument.name, y->argument.name);
    return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

/* Fills `sorted`: of equal names the last argument stays. */
static bool sort_arguments(struct gql_v *v, struct gql_v_arguments *arguments) {
    struct sorted_argument *sorting = lk_arena_calloc(&v->work, arguments->len, sizeof(*sorting));
    arguments->sorted = lk_arena_calloc(&v->work, arguments->len, sizeof(*arguments->sorted));
    if (sorting == NULL || arguments->sorted == NULL) {
        gql_v_fail(v);
        return false;
    }
    for (size_t i = 0; i < arguments->len; i++)
        sorting[i] = (struct sorted_argument){arguments->written[i], i};
    qsort(sorting, arguments->len, sizeof(*sorting), by_argument_name);
    for (size_t i = 0; i < arguments->len; i++) {
        bool again = i + 1 < arguments->len && lk_slice_equal(sorting[i].argument.name, sorting[i + 1].argument.name);
        if (!again)
            arguments->sorted[arguments->sorted_len++] = sorting[i].argument;
    }
    return true;
}

static bool prepare(struct gql_v *v, struct gql_v_arguments *arguments) {
    size_t len = 0;
    for (const struct gql_argument *a = arguments->field->arguments; a != NULL; a = a->next)
        len++;
    arguments->written = lk_arena_calloc(&v->work, len, sizeof(*arguments->written));
    if (arguments->written == NULL) {
        gql_v_fail(v);
        return false;
    }
    for (const struct gql_argument *a = arguments->field->arguments; a != NULL; a = a->next) {
        struct gql_v_argument *written = &arguments->written[arguments->len++];
        written->name = a->name.text;
        if (!canonical(v, a->value, &written->value))
            return false;
    }
    return sort_arguments(v, arguments);
}

const struct gql_v_arguments *gql_v_arguments_of(struct gql_v *v, const struct gql_selection *field) {
    size_t known = gql_v_map_get(v, &v->arguments, (struct lk_slice){(const char *)&field, sizeof(field)});
    if (known != GQL_V_NONE)
        return v->prepared[known];
    struct gql_v_arguments *arguments = lk_arena_calloc(&v->work, 1, sizeof(*arguments));
    if (arguments == NULL) {
        gql_v_fail(v);
        return NULL;
    }
    arguments->field = field;
    if (!prepare(v, arguments))
        return NULL;
    const struct gql_v_arguments **prepared = gql_v_grow(v, v->prepared, v->prepared_len, &v->prepared_cap, sizeof(*prepared));
    struct lk_slice key = {(const char *)&arguments->field, sizeof(arguments->field)};
    size_t *slot = prepared == NULL ? NULL : gql_v_map_put(v, &v->work, &v->arguments, key);
    if (slot == NULL)
        return NULL;
    v->prepared = prepared;
    prepared[v->prepared_len] = arguments;
    *slot = v->prepared_len++;
    return arguments;
}

bool gql_v_types_conflict(const struct gql_type *a, const struct gql_type *b) {
    while (a != b) {
        bool list = a->kind == GQL_LIST_TYPE || b->kind == GQL_LIST_TYPE;
        bool non_null = a->kind == GQL_NON_NULL_TYPE || b->kind == GQL_NON_NULL_TYPE;
        if (!list && !non_null)
            return gql_type_is_leaf(a) || gql_type_is_leaf(b);
        if (a->kind != b->kind)
            return true;
        a = a->of;
        b = b->of;
    }
    return false;
}
