/*
 * Rules on fragments (5.5): FragmentsOnCompositeTypes, UniqueFragmentNames, KnownFragmentNames, PossibleFragmentSpreads, NoFragmentCycles,
 * NoUnusedFragments.
 */
#include "graphql/validate_internal.h"

#include "base/buf.h"

void gql_v_fragment_on_composite(struct gql_v *v, const struct gql_fragment *fragment) {
    const struct gql_type *type = gql_schema_type(v->schema, fragment->on.text);
    if (type != NULL && !gql_v_is_composite(type))
        gql_v_error_at(v, fragment->on.at, "Fragment \"%.*s\" cannot condition on non composite type \"%.*s\".",
                       GQL_SHOWN(fragment->name.text), GQL_SHOWN(fragment->on.text));
}

void gql_v_inline_on_composite(struct gql_v *v, const struct gql_selection *fragment) {
    if (fragment->on.text.ptr == NULL)
        return;
    const struct gql_type *type = gql_schema_type(v->schema, fragment->on.text);
    if (type != NULL && !gql_v_is_composite(type))
        gql_v_error_at(v, fragment->on.at, "Fragment cannot condition on non composite type \"%.*s\".", GQL_SHOWN(fragment->on.text));
}

void gql_v_unique_fragment_name(struct gql_v *v, const struct gql_fragment *fragment) {
    struct lk_slice name = fragment->name.text;
    size_t *first = v->stop ? NULL : gql_v_map_put(v, v->arena, &v->fragment_names, name);
    if (first == NULL)
        return;
    if (*first == GQL_V_NONE)
        *first = fragment->name.at;
    else
        gql_v_error(v, (gql_pos[]){(gql_pos)*first, fragment->name.at}, 2, "There can be only one fragment named \"%.*s\".",
                    GQL_SHOWN(name));
}

void gql_v_known_fragment(struct gql_v *v, const struct gql_selection *spread) {
    if (gql_v_fragment_named(v, spread->name.text) == NULL)
        gql_v_error_at(v, spread->name.at, "Unknown fragment \"%.*s\".", GQL_SHOWN(spread->name.text));
}

/* --- PossibleFragmentSpreads --- */

static bool overlap(const struct gql_type *a, const struct gql_type *b) {
    if (a == b)
        return true;
    bool a_abstract = gql_v_is_abstract(a);
    bool b_abstract = gql_v_is_abstract(b);
    if (a_abstract && b_abstract) {
        for (size_t i = 0; i < a->possible_len; i++)
            if (gql_type_is_possible(b, a->possible[i]))
                return true;
        return false;
    }
    if (a_abstract)
        return gql_type_is_possible(a, b);
    return b_abstract && gql_type_is_possible(b, a);
}

void gql_v_possible_inline(struct gql_v *v, const struct gql_selection *fragment) {
    if (!gql_v_is_composite(v->type) || v->parent == NULL || overlap(v->type, v->parent))
        return;
    gql_v_error_at(v, fragment->at, "Fragment cannot be spread here as objects of type \"%.*s\" can never be of type \"%.*s\".",
                   GQL_SHOWN(v->parent->name), GQL_SHOWN(v->type->name));
}

void gql_v_possible_spread(struct gql_v *v, const struct gql_selection *spread) {
    const struct gql_v_fragment *fragment = gql_v_fragment_named(v, spread->name.text);
    const struct gql_type *type = fragment == NULL ? NULL : fragment->type;
    if (!gql_v_is_composite(type) || v->parent == NULL || overlap(type, v->parent))
        return;
    gql_v_error_at(v, spread->at, "Fragment \"%.*s\" cannot be spread here as objects of type \"%.*s\" can never be of type \"%.*s\".",
                   GQL_SHOWN(spread->name.text), GQL_SHOWN(v->parent->name), GQL_SHOWN(type->name));
}

/* --- NoFragmentCycles: a depth-first search with its own stack, which visits each name once --- */

struct cycle_frame {
    const struct gql_v_fragment *fragment;
    size_t next; /* spread to follow */
};

static bool cycles_init(struct gql_v *v) {
    if (v->cycle_visited != NULL)
        return true;
    v->cycle_index = gql_v_calloc(v, v->names_len, sizeof(*v->cycle_index));
    v->cycle_path = gql_v_calloc(v, v->names_len + 1, sizeof(const struct gql_selection *));
    v->cycle_visited = gql_v_calloc(v, v->names_len, sizeof(*v->cycle_visited));
    if (v->stop)
        return false;
    for (size_t i = 0; i < v->names_len; i++)
        v->cycle_index[i] = GQL_V_NONE;
    return true;
}

/* The names that the cycle goes through are cut after so many bytes: a cycle may be as long as the document. */
enum { VIA_MAX = 1000 };

static void report_cycle(struct gql_v *v, size_t from, size_t to) {
    size_t len = to - from;
    gql_pos *at = gql_v_calloc(v, len, sizeof(*at));
    if (at == NULL)
        return;
    struct lk_buf via = {0};
    for (size_t i = 0; i < len; i++) {
        const struct gql_selection *spread = v->cycle_path[from + i];
        at[i] = spread->at;
        if (i + 1 == len || via.len > VIA_MAX)
            continue;
        lk_buf_addf(&via, "%s\"%.*s\"", i == 0 ? " via " : ", ", GQL_SHOWN(spread->name.text));
        if (via.len > VIA_MAX)
            lk_buf_add_cstr(&via, "...");
    }
    const struct gql_selection *last = v->cycle_path[to - 1];
    if (via.failed)
        gql_v_fail(v);
    gql_v_error(v, at, len, "Cannot spread fragment \"%.*s\" within itself%.*s.", GQL_SHOWN(last->name.text), GQL_SHOWN(via));
    lk_buf_free(&via);
}

/* Enters a fragment if its name is new; path_len spreads lead to it. */
static bool enter_fragment(struct gql_v *v, const struct gql_v_fragment *fragment, size_t path_len) {
    if (v->cycle_visited[fragment->name])
        return false;
    v->cycle_visited[fragment->name] = true;
    if (fragment->scope.spreads_len == 0)
        return false;
    v->cycle_index[fragment->name] = path_len;
    return true;
}

void gql_v_fragment_cycles(struct gql_v *v, size_t fragment) {
    if (v->stop || !cycles_init(v) || !enter_fragment(v, &v->fragments[fragment], 0))
        return;
    struct cycle_frame *stack = NULL;
    size_t cap = 0;
    stack = gql_v_grow(v, stack, 0, &cap, sizeof(*stack));
    if (stack == NULL)
        return;
    size_t depth = 1; /* frames; depth - 1 spreads are on the path */
    stack[0] = (struct cycle_frame){&v->fragments[fragment], 0};
    while (depth > 0 && !v->stop) {
        struct cycle_frame *frame = &stack[depth - 1];
        if (frame->next == frame->fragment->scope.spreads_len) {
            v->cycle_index[frame->fragment->name] = GQL_V_NONE;
            depth--;
            continue;
        }
        const struct gql_v_spread *spread = &frame->fragment->scope.spreads[frame->next++];
        size_t cycle = v->cycle_index[spread->name];
        v->cycle_path[depth - 1] = spread->node;
        if (cycle != GQL_V_NONE) {
            report_cycle(v, cycle, depth);
            continue;
        }
        size_t target = v->names[spread->name].fragment;
        if (target == GQL_V_NONE || !enter_fragment(v, &v->fragments[target], depth))
            continue;
        stack = gql_v_grow(v, stack, depth, &cap, sizeof(*stack));
        if (stack == NULL)
            return;
        stack[depth++] = (struct cycle_frame){&v->fragments[target], 0};
    }
}

/* --- NoUnusedFragments --- */

void gql_v_unused_fragments(struct gql_v *v) {
    const struct gql_v_reach *reach = gql_v_reachable(v, v->operations, v->operations_len);
    bool *used = reach == NULL ? NULL : gql_v_calloc(v, v->names_len, sizeof(*used));
    if (used == NULL)
        return;
    for (size_t i = 0; i < reach->fragments_len; i++)
        used[v->fragments[reach->fragments[i]].name] = true;
    for (size_t i = 0; i < v->fragments_len && !v->stop; i++) {
        const struct gql_fragment *def = v->fragments[i].def;
        if (!used[v->fragments[i].name])
            gql_v_error_at(v, def->at, "Fragment \"%.*s\" is never used.", GQL_SHOWN(def->name.text));
    }
}
