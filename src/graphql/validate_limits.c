/*
 * The limits of struct gql_limits. They come before the rules: a document over a limit gets only the errors that say so, and costs no more.
 *
 * What fragments bring in is measured once for each fragment, children first (an explicit stack orders them; a fragment that is met again while
 * it is being measured counts as empty: NoFragmentCycles reports that). So a fan-out of fragments, exponential when written out, takes linear
 * time; the numbers saturate.
 */
#include "graphql/validate_internal.h"

#include <inttypes.h>

/* What a greater page size counts as, since lists end there, and that of a variable: its default says nothing of what will be sent. */
enum { PAGE_MAX = 100 };

struct measure {
    uint64_t depth;      /* nesting of fields, introspection apart */
    uint64_t nesting;    /* of all fields */
    uint64_t introspect; /* greatest nesting below an introspection field */
    uint64_t complexity;
    uint64_t fields; /* at the top */
};

struct limiter {
    struct gql_v *v;
    struct measure *fragments;
    enum { NEW, BUSY, DONE } * states;
    uint64_t aliases;
    uint64_t directives;
};

static uint64_t add(uint64_t a, uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t multiply(uint64_t a, uint64_t b) {
    return b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

static uint64_t larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

/* --- page sizes --- */

static uint64_t page_of(struct lk_slice text) {
    uint64_t value = 0;
    if (text.len > 0 && text.ptr[0] == '-')
        return 1;
    for (size_t i = 0; i < text.len && value < PAGE_MAX; i++)
        value = value * 10 + (uint64_t)(text.ptr[i] - '0');
    return value < PAGE_MAX ? larger(value, 1) : PAGE_MAX;
}

/* How many objects a field may give, as its `limit` argument says; 1 when it has none. */
static uint64_t page_size(const struct gql_field *def, const struct gql_selection *node) {
    const struct gql_input *input = def == NULL ? NULL : gql_field_argument(def, lk_slice_cstr("limit"));
    if (input == NULL)
        return 1;
    const struct gql_literal *value = input->default_literal;
    for (const struct gql_argument *a = node->arguments; a != NULL; a = a->next)
        if (lk_slice_is(a->name.text, "limit"))
            value = a->value;
    if (value != NULL && value->kind == GQL_LIT_INT)
        return page_of(value->text);
    return value != NULL && value->kind == GQL_LIT_VARIABLE ? PAGE_MAX : 1;
}

/* --- measuring --- */

static struct measure measure_set(const struct limiter *l, const struct gql_selection *selections, const struct gql_type *parent);

static void add_field(const struct limiter *l, struct measure *sum, const struct gql_selection *node, const struct gql_type *parent) {
    struct lk_slice name = node->name.text;
    const struct gql_field *def = gql_v_is_composite(parent) ? gql_type_field(l->v->schema, parent, name) : NULL;
    struct measure below = measure_set(l, node->selections, def == NULL ? NULL : gql_type_named(def->type));
    if (lk_slice_is(name, "__schema") || lk_slice_is(name, "__type"))
        sum->introspect = larger(sum->introspect, below.nesting);
    else if (!lk_slice_starts_with(name, "__"))
        sum->depth = larger(sum->depth, add(below.depth, 1));
    sum->introspect = larger(sum->introspect, below.introspect);
    sum->nesting = larger(sum->nesting, add(below.nesting, 1));
    sum->fields = add(sum->fields, 1);
    sum->complexity = add(sum->complexity, add(1, multiply(page_size(def, node), below.complexity)));
}

static void add_measure(struct measure *sum, const struct measure *part) {
    sum->depth = larger(sum->depth, part->depth);
    sum->nesting = larger(sum->nesting, part->nesting);
    sum->introspect = larger(sum->introspect, part->introspect);
    sum->complexity = add(sum->complexity, part->complexity);
    sum->fields = add(sum->fields, part->fields);
}

static struct measure measure_set(const struct limiter *l, const struct gql_selection *selections, const struct gql_type *parent) {
    struct measure sum = {0};
    for (const struct gql_selection *s = selections; s != NULL; s = s->next) {
        if (s->kind == GQL_SEL_FIELD) {
            add_field(l, &sum, s, parent);
        } else if (s->kind == GQL_SEL_INLINE) {
            struct measure part =
                measure_set(l, s->selections, s->on.text.ptr == NULL ? parent : gql_schema_type(l->v->schema, s->on.text));
            add_measure(&sum, &part);
        } else {
            const struct gql_v_fragment *fragment = gql_v_fragment_named(l->v, s->name.text);
            if (fragment != NULL)
                add_measure(&sum, &l->fragments[fragment - l->v->fragments]);
        }
    }
    return sum;
}

/* Measures the fragments, each after those it spreads. stack has room for a spread of each name and the first. */
struct frame {
    size_t fragment;
    size_t next; /* spread to look at */
};

static void measure_fragment(struct limiter *l, size_t first, struct frame *stack) {
    struct gql_v *v = l->v;
    size_t depth = 1;
    stack[0] = (struct frame){first, 0};
    l->states[first] = BUSY;
    while (depth > 0) {
        struct frame *frame = &stack[depth - 1];
        const struct gql_v_fragment *fragment = &v->fragments[frame->fragment];
        if (frame->next < fragment->scope.spreads_len) {
            size_t target = v->names[fragment->scope.spreads[frame->next++].name].fragment;
            if (target == GQL_V_NONE || l->states[target] != NEW)
                continue;
            l->states[target] = BUSY;
            stack[depth++] = (struct frame){target, 0};
            continue;
        }
        l->fragments[frame->fragment] = measure_set(l, fragment->def->selections, fragment->type);
        l->states[frame->fragment] = DONE;
        depth--;
    }
}

static bool measure_fragments(struct limiter *l) {
    struct gql_v *v = l->v;
    struct frame *stack = gql_v_calloc(v, v->fragments_len, sizeof(*stack));
    l->fragments = gql_v_calloc(v, v->fragments_len, sizeof(*l->fragments));
    l->states = gql_v_calloc(v, v->fragments_len, sizeof(*l->states));
    if (v->stop)
        return false;
    for (size_t i = 0; i < v->fragments_len; i++)
        if (l->states[i] == NEW)
            measure_fragment(l, i, stack);
    return true;
}

/* --- counting and refusing --- */

static void refuse(struct gql_v *v, gql_pos at, const char *what, uint64_t limit) {
    gql_v_error_at(v, at, "%s; the limit is %" PRIu64 ".", what, limit);
    v->limited = true;
}

static void refuse_number(struct gql_v *v, gql_pos at, const char *what, uint64_t number, uint64_t limit) {
    if (limit == 0 || number <= limit)
        return;
    if (number == UINT64_MAX) /* sums stop there */
        gql_v_error_at(v, at, "%s more than can be counted; the limit is %" PRIu64 ".", what, limit);
    else
        gql_v_error_at(v, at, "%s %" PRIu64 "; the limit is %" PRIu64 ".", what, number, limit);
    v->limited = true;
}

static void count_directives(struct limiter *l, const struct gql_directive *directives) {
    unsigned limit = l->v->limits.directives;
    for (const struct gql_directive *d = directives; d != NULL; d = d->next)
        if (++l->directives == (uint64_t)limit + 1 && limit != 0)
            refuse(l->v, d->name.at, "The document has too many directives", limit);
}

static void count_field(struct limiter *l, const struct gql_selection *node) {
    struct gql_v *v = l->v;
    unsigned limit = v->limits.aliases;
    if (node->alias.text.ptr != NULL && ++l->aliases == (uint64_t)limit + 1 && limit != 0)
        refuse(v, node->at, "The document has too many aliases", limit);
    if (!v->limits.no_introspection || (!lk_slice_is(node->name.text, "__schema") && !lk_slice_is(node->name.text, "__type")))
        return;
    gql_v_error_at(v, node->at, "GraphQL introspection has been disabled, but the requested query contained the field \"%.*s\".",
                   GQL_SHOWN(node->name.text));
    v->limited = true;
}

static void count_set(struct limiter *l, const struct gql_selection *selections) {
    for (const struct gql_selection *s = selections; s != NULL && !l->v->stop; s = s->next) {
        count_directives(l, s->directives);
        if (s->kind == GQL_SEL_FIELD)
            count_field(l, s);
        count_set(l, s->selections);
    }
}

static void count_document(struct limiter *l) {
    const struct gql_document *document = l->v->document;
    for (const struct gql_operation *o = document->operations; o != NULL && !l->v->stop; o = o->next) {
        for (const struct gql_variable *d = o->variables; d != NULL; d = d->next)
            count_directives(l, d->directives);
        count_directives(l, o->directives);
        count_set(l, o->selections);
    }
    for (const struct gql_fragment *f = document->fragments; f != NULL && !l->v->stop; f = f->next) {
        count_directives(l, f->directives);
        count_set(l, f->selections);
    }
}

static void check_operation(const struct limiter *l, const struct gql_operation *operation) {
    struct gql_v *v = l->v;
    struct measure sum = measure_set(l, operation->selections, gql_schema_root(v->schema, operation->kind));
    refuse_number(v, operation->at, "The operation is too deep: its fields nest to level", sum.depth, v->limits.depth);
    refuse_number(v, operation->at, "The operation's introspection is too deep: its fields nest to level", sum.introspect,
                  v->limits.introspection_depth);
    refuse_number(v, operation->at, "The operation has too many root fields:", sum.fields, v->limits.root_fields);
    refuse_number(v, operation->at, "The operation is too complex: its cost is", sum.complexity, v->limits.complexity);
}

void gql_v_check_limits(struct gql_v *v) {
    struct limiter l = {.v = v};
    const struct gql_limits *limits = &v->limits;
    if (limits->aliases != 0 || limits->directives != 0 || limits->no_introspection)
        count_document(&l);
    if (v->stop || (limits->depth == 0 && limits->introspection_depth == 0 && limits->root_fields == 0 && limits->complexity == 0))
        return;
    if (!measure_fragments(&l))
        return;
    for (const struct gql_operation *o = v->document->operations; o != NULL && !v->stop; o = o->next)
        check_operation(&l, o);
}
