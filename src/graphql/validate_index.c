/*
 * What each operation and fragment uses, and what is reachable from where. Everything is noted once for each definition, so that rules which
 * follow fragments do not walk the tree again. Following fragments from many operations is still a product of the two numbers; graphql-js's
 * budget (gql_v_spend) bounds it, and sets of fragments that were followed once are remembered.
 */
#include "graphql/validate_internal.h"

#include <stdlib.h>

/* --- names --- */

static size_t name_id(struct gql_v *v, struct lk_slice text) {
    size_t *id = gql_v_map_put(v, v->arena, &v->name_index, text);
    if (id == NULL)
        return GQL_V_NONE;
    if (*id != GQL_V_NONE)
        return *id;
    struct gql_v_name *names = gql_v_grow(v, v->names, v->names_len, &v->names_cap, sizeof(*names));
    if (names == NULL)
        return GQL_V_NONE;
    v->names = names;
    names[v->names_len] = (struct gql_v_name){text, GQL_V_NONE};
    *id = v->names_len;
    return v->names_len++;
}

struct gql_v_fragment *gql_v_fragment_named(const struct gql_v *v, struct lk_slice name) {
    size_t id = gql_v_map_get(v, &v->name_index, name);
    size_t fragment = id == GQL_V_NONE ? GQL_V_NONE : v->names[id].fragment;
    return fragment == GQL_V_NONE ? NULL : &v->fragments[fragment];
}

/* --- spreads --- */

struct set_stack {
    const struct gql_selection **sets;
    size_t len;
    size_t cap;
};

static bool push_set(struct gql_v *v, struct set_stack *stack, const struct gql_selection *set) {
    const struct gql_selection **sets = gql_v_grow(v, stack->sets, stack->len, &stack->cap, sizeof(*sets));
    if (sets == NULL)
        return false;
    stack->sets = sets;
    stack->sets[stack->len++] = set;
    return true;
}

static bool add_spread(struct gql_v *v, struct gql_v_scope *scope, const struct gql_selection *node) {
    struct gql_v_spread *spreads = gql_v_grow(v, scope->spreads, scope->spreads_len, &scope->spreads_cap, sizeof(*spreads));
    size_t name = spreads == NULL ? GQL_V_NONE : name_id(v, node->name.text);
    if (name == GQL_V_NONE)
        return false;
    scope->spreads = spreads;
    spreads[scope->spreads_len++] = (struct gql_v_spread){node, name};
    return true;
}

static void collect_spreads(struct gql_v *v, struct set_stack *stack, struct gql_v_scope *scope) {
    stack->len = 0;
    if (!push_set(v, stack, scope->selections))
        return;
    while (stack->len > 0) {
        const struct gql_selection *selection = stack->sets[--stack->len];
        for (; selection != NULL; selection = selection->next) {
            v->selections++;
            bool done = true;
            if (selection->kind == GQL_SEL_SPREAD)
                done = add_spread(v, scope, selection);
            else if (selection->selections != NULL)
                done = push_set(v, stack, selection->selections);
            if (!done)
                return;
        }
    }
}

/* --- the index --- */

static bool make_tables(struct gql_v *v) {
    for (const struct gql_operation *o = v->document->operations; o != NULL; o = o->next)
        v->operations_len++;
    for (const struct gql_fragment *f = v->document->fragments; f != NULL; f = f->next)
        v->fragments_len++;
    v->operations = gql_v_calloc(v, v->operations_len, sizeof(*v->operations));
    v->fragments = gql_v_calloc(v, v->fragments_len, sizeof(*v->fragments));
    return !v->stop;
}

static void index_fragment(struct gql_v *v, size_t i, const struct gql_fragment *def) {
    struct gql_v_fragment *fragment = &v->fragments[i];
    size_t name = name_id(v, def->name.text);
    if (name == GQL_V_NONE)
        return;
    v->names[name].fragment = i;
    *fragment = (struct gql_v_fragment){
        .def = def, .type = gql_schema_type(v->schema, def->on.text), .name = name, .scope.selections = def->selections};
}

void gql_v_index(struct gql_v *v) {
    if (!make_tables(v))
        return;
    size_t i = 0;
    for (const struct gql_fragment *f = v->document->fragments; f != NULL && !v->stop; f = f->next)
        index_fragment(v, i++, f);
    i = 0;
    for (const struct gql_operation *o = v->document->operations; o != NULL; o = o->next)
        v->operations[i++] = (struct gql_v_operation){.def = o, .scope.selections = o->selections};
    struct set_stack stack = {0};
    for (i = 0; i < v->operations_len && !v->stop; i++) {
        collect_spreads(v, &stack, &v->operations[i].scope);
        gql_v_collect_operation(v, &v->operations[i]);
    }
    for (i = 0; i < v->fragments_len && !v->stop; i++) {
        collect_spreads(v, &stack, &v->fragments[i].scope);
        gql_v_collect_fragment(v, &v->fragments[i]);
    }
}

/* --- reachability --- */

bool gql_v_spend(struct gql_v *v, size_t work) {
    if (work > v->fragment_work) {
        gql_v_abort(v);
        return false;
    }
    v->fragment_work -= work;
    return true;
}

/* Names that are met while spreads are followed, each once. One serves all searches, so that none costs what it does not meet. */
struct gql_v_met {
    size_t *names;
    size_t len;
    size_t *rounds; /* by name: the search that met it last */
    size_t round;
};

/* Begins a search; NULL after stop. */
static struct gql_v_met *begin_search(struct gql_v *v) {
    struct gql_v_met *met = v->met;
    if (met == NULL) {
        met = gql_v_calloc(v, 1, sizeof(*met));
        size_t *names = gql_v_calloc(v, v->names_len, sizeof(*names));
        size_t *rounds = gql_v_calloc(v, v->names_len, sizeof(*rounds));
        if (v->stop)
            return NULL;
        *met = (struct gql_v_met){.names = names, .rounds = rounds};
        v->met = met;
    }
    met->len = 0;
    met->round++;
    return met;
}

static void meet(struct gql_v_met *met, const struct gql_v_scope *scope) {
    for (size_t i = 0; i < scope->spreads_len; i++) {
        size_t name = scope->spreads[i].name;
        if (met->rounds[name] != met->round)
            met->names[met->len++] = name;
        met->rounds[name] = met->round;
    }
}

static int by_number(const void *a, const void *b) {
    const size_t *x = a;
    const size_t *y = b;
    return (*x > *y) - (*x < *y);
}

/* Follows the names to their ends, in the order in which they are met. */
static bool follow(struct gql_v *v, struct gql_v_met *met, struct gql_v_reach *reach) {
    if (!gql_v_spend(v, met->len))
        return false;
    for (size_t i = 0; i < met->len; i++) {
        size_t fragment = v->names[met->names[i]].fragment;
        if (fragment == GQL_V_NONE)
            continue;
        const struct gql_v_scope *scope = &v->fragments[fragment].scope;
        if (!gql_v_spend(v, scope->spreads_len))
            return false;
        meet(met, scope);
    }
    reach->fragments = gql_v_calloc(v, met->len, sizeof(*reach->fragments));
    for (size_t i = 0; reach->fragments != NULL && i < met->len; i++)
        if (v->names[met->names[i]].fragment != GQL_V_NONE)
            reach->fragments[reach->fragments_len++] = v->names[met->names[i]].fragment;
    return reach->fragments != NULL;
}

/* The remembered reach of the sorted names, or a new and still empty one (then *ret_new). NULL after stop. */
static struct gql_v_reach *reach_slot(struct gql_v *v, const size_t *sorted, size_t len, bool *ret_new) {
    struct lk_slice key = {(const char *)sorted, len * sizeof(*sorted)};
    size_t *slot = gql_v_map_put(v, v->arena, &v->reach_index, key);
    if (slot == NULL)
        return NULL;
    *ret_new = *slot == GQL_V_NONE;
    if (!*ret_new)
        return &v->reaches[*slot];
    struct gql_v_reach *reaches = gql_v_grow(v, v->reaches, v->reaches_len, &v->reaches_cap, sizeof(*reaches));
    if (reaches == NULL)
        return NULL;
    v->reaches = reaches;
    reaches[v->reaches_len] = (struct gql_v_reach){0};
    *slot = v->reaches_len;
    return &reaches[v->reaches_len++];
}

struct gql_v_reach *gql_v_reachable(struct gql_v *v, const struct gql_v_operation *operations, size_t len) {
    struct gql_v_met *met = begin_search(v);
    if (met == NULL)
        return NULL;
    for (size_t i = 0; i < len; i++)
        meet(met, &operations[i].scope);
    size_t *sorted = gql_v_calloc(v, met->len, sizeof(*sorted));
    if (sorted == NULL)
        return NULL;
    memcpy(sorted, met->names, met->len * sizeof(*sorted));
    qsort(sorted, met->len, sizeof(*sorted), by_number);
    bool is_new = false;
    struct gql_v_reach *reach = reach_slot(v, sorted, met->len, &is_new);
    return reach != NULL && (!is_new || follow(v, met, reach)) ? reach : NULL;
}

static bool gather_usages(struct gql_v *v, struct gql_v_reach *reach) {
    size_t total = 0;
    if (!gql_v_spend(v, reach->fragments_len))
        return false;
    for (size_t i = 0; i < reach->fragments_len; i++) {
        size_t len = v->fragments[reach->fragments[i]].scope.usages_len;
        if (!gql_v_spend(v, len))
            return false;
        total += len;
    }
    reach->usages = gql_v_calloc(v, total, sizeof(*reach->usages));
    if (reach->usages == NULL)
        return false;
    for (size_t i = 0; i < reach->fragments_len; i++) {
        const struct gql_v_scope *scope = &v->fragments[reach->fragments[i]].scope;
        if (scope->usages_len > 0)
            memcpy(reach->usages + reach->usages_len, scope->usages, scope->usages_len * sizeof(*scope->usages));
        reach->usages_len += scope->usages_len;
    }
    reach->usages_known = true;
    return true;
}

bool gql_v_operation_usages(struct gql_v *v, const struct gql_v_operation *operation, struct gql_v_usage **ret, size_t *ret_len) {
    struct gql_v_reach *reach = gql_v_reachable(v, operation, 1);
    if (reach == NULL || (!reach->usages_known && !gather_usages(v, reach)) || !gql_v_spend(v, reach->usages_len))
        return false;
    const struct gql_v_scope *own = &operation->scope;
    struct gql_v_usage *usages = gql_v_calloc(v, own->usages_len + reach->usages_len, sizeof(*usages));
    if (usages == NULL)
        return false;
    if (own->usages_len > 0)
        memcpy(usages, own->usages, own->usages_len * sizeof(*usages));
    if (reach->usages_len > 0)
        memcpy(usages + own->usages_len, reach->usages, reach->usages_len * sizeof(*usages));
    *ret = usages;
    *ret_len = own->usages_len + reach->usages_len;
    return true;
}
