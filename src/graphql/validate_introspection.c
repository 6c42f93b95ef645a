/*
 * graphql-js's MaxIntrospectionDepth: below __schema and __type the lists of fields, interfaces, possible types and input fields may not nest
 * three deep, fragments followed, because each level multiplies the answer by the size of the schema.
 *
 * Each fragment gets the number of such lists that nest in it, counted to LISTS_MAX. Fragments may spread each other in cycles; the numbers are
 * therefore raised until none changes, each fragment at most LISTS_MAX times, so the time is linear in the number of spreads.
 */
#include "graphql/validate_internal.h"

enum { LISTS_MAX = 3 };

struct edge { /* a spread of `to` below `lists` lists of `from` */
    size_t from;
    size_t to;
    unsigned lists;
};

struct edges {
    struct edge *items;
    size_t len;
    size_t cap;
};

static bool is_list(struct lk_slice name) {
    return lk_slice_is(name, "fields") || lk_slice_is(name, "interfaces") || lk_slice_is(name, "possibleTypes") ||
           lk_slice_is(name, "inputFields");
}

static unsigned at_most(unsigned lists) {
    return lists > LISTS_MAX ? LISTS_MAX : lists;
}

/* Raises *most to the deepest nesting of lists in the selections, which are below `lists` lists already; with edges, notes the spreads there,
 * else counts them with what is known of their fragments. */
static void measure(struct gql_v *v, const struct gql_selection *selections, unsigned lists, unsigned *most, size_t from,
                    struct edges *edges) {
    for (const struct gql_selection *s = selections; s != NULL && !v->stop; s = s->next) {
        unsigned here = lists;
        if (s->kind == GQL_SEL_SPREAD) {
            const struct gql_v_fragment *fragment = gql_v_fragment_named(v, s->name.text);
            if (fragment == NULL)
                continue;
            size_t to = (size_t)(fragment - v->fragments);
            if (edges == NULL) {
                here = at_most(lists + v->list_depths[to]);
            } else {
                struct edge *items = gql_v_grow(v, edges->items, edges->len, &edges->cap, sizeof(*items));
                if (items == NULL)
                    return;
                edges->items = items;
                items[edges->len++] = (struct edge){from, to, lists};
            }
        } else {
            if (s->kind == GQL_SEL_FIELD && is_list(s->name.text))
                here = at_most(lists + 1);
            measure(v, s->selections, here, most, from, edges);
        }
        if (here > *most)
            *most = here;
    }
}

/* Orders the edges by where they lead: those to fragment f are ordered[start[f]] up to ordered[start[f + 1]]. */
static bool order_edges(struct gql_v *v, const struct edges *edges, struct edge **ret_ordered, size_t **ret_start) {
    struct edge *ordered = gql_v_calloc(v, edges->len, sizeof(*ordered));
    size_t *start = gql_v_calloc(v, v->fragments_len + 2, sizeof(*start));
    if (ordered == NULL || start == NULL)
        return false;
    for (size_t i = 0; i < edges->len; i++)
        start[edges->items[i].to + 2]++;
    for (size_t f = 2; f < v->fragments_len + 2; f++)
        start[f] += start[f - 1];
    for (size_t i = 0; i < edges->len; i++)
        ordered[start[edges->items[i].to + 1]++] = edges->items[i];
    *ret_ordered = ordered;
    *ret_start = start;
    return true;
}

static bool measure_fragments(struct gql_v *v) {
    struct edges edges = {0};
    struct edge *ordered = NULL;
    size_t *start = NULL;
    v->list_depths = gql_v_calloc(v, v->fragments_len, sizeof(*v->list_depths));
    size_t *changed = gql_v_calloc(v, v->fragments_len * (LISTS_MAX + 1), sizeof(*changed));
    if (v->stop)
        return false;
    for (size_t i = 0; i < v->fragments_len && !v->stop; i++)
        measure(v, v->fragments[i].def->selections, 0, &v->list_depths[i], i, &edges);
    if (v->stop || !order_edges(v, &edges, &ordered, &start))
        return false;
    size_t len = 0;
    for (size_t i = 0; i < v->fragments_len; i++)
        if (v->list_depths[i] > 0)
            changed[len++] = i;
    while (len > 0) {
        size_t to = changed[--len];
        for (size_t e = start[to]; e < start[to + 1]; e++) {
            unsigned lists = at_most(ordered[e].lists + v->list_depths[to]);
            if (lists <= v->list_depths[ordered[e].from])
                continue;
            v->list_depths[ordered[e].from] = lists;
            changed[len++] = ordered[e].from;
        }
    }
    return true;
}

bool gql_v_introspection_depth(struct gql_v *v, const struct gql_selection *field) {
    if (v->stop || (!lk_slice_is(field->name.text, "__schema") && !lk_slice_is(field->name.text, "__type")))
        return false;
    if (v->list_depths == NULL && !measure_fragments(v))
        return false;
    unsigned most = 0;
    measure(v, field->selections, 0, &most, 0, NULL);
    if (most >= LISTS_MAX)
        gql_v_error_at(v, field->at, "Maximum introspection depth exceeded");
    return true;
}
