/*
 * Whether the fields of a document can be merged (5.3.2), decided quickly. graphql-js compares fields in pairs, which is quadratic; an honest
 * document has no conflict, so it is worth a quick way to know that. Only when this one finds a conflict, or gives up, validate_overlap.c looks
 * for the exact errors in graphql-js's way and within graphql-js's budget.
 *
 * The unit is a set: selection sets whose fields end up in one object of the response. Its fields are gathered, fragments flattened (each once),
 * and grouped by response name. A group is in order when
 *   - the known types of its fields agree with each other (lists, non-nulls, leaf types), which is an equivalence: comparing with one is enough;
 *   - fields that can apply to one object have the same name and arguments, again an equivalence. Fields of different object types can not, so
 *     these need agree only among themselves, unless a field of an interface or union is in the group: then all must agree.
 * The selection sets below the fields of a group make the next sets: all of them for the comparison of types, and, where object types differ,
 * those of each object type (with the interfaces' and unions') for the comparison in full. A set is looked at once: sets are remembered by their
 * members. Work starts at the operations, then at the fragments that nothing spreads, then at what is left (fragments in cycles), because a set
 * that holds a fragment's fields covers the fragment.
 *
 * A document without merging costs each selection once. A hostile one can make many different sets; a budget in proportion to its size ends
 * that. There is no recursion but that of nested inline fragments, which the parser bounds.
 */
#include "graphql/validate_internal.h"

#include <stdlib.h>

enum {
    BUDGET_BASE = 1000000, /* selections flattened */
    BUDGET_FACTOR = 4,     /* and so many for each of the document */
};

struct part {
    const struct gql_selection *selections;
    const struct gql_type *parent; /* NULL: unknown */
};

struct set {
    struct part *parts; /* sorted by selections */
    size_t len;
    bool types_only;
};

struct flat {
    const struct gql_selection *node;
    const struct gql_type *parent;
    const struct gql_type *type; /* of the field, NULL: unknown */
    size_t next;                 /* field of the same group, or GQL_V_NONE */
};

struct group {
    size_t first;
    size_t last;
    size_t len;
    size_t objects;                /* distinct object types among the parents, counted to 2 */
    const struct gql_type *object; /* the first of them */
    bool abstract;                 /* some parent is no object type */
};

struct merge {
    struct gql_v *v;
    size_t budget;
    bool conflict; /* or may be: ends the work */
    struct set *pending;
    size_t pending_len;
    size_t pending_cap;
    struct gql_v_map seen;
    bool *covered;  /* fragments that some set in full has flattened */
    size_t *stamps; /* fragment by name: the last flattening that met it */
    size_t stamp;
    size_t *queue; /* fragments met in this flattening, not yet gathered */
    size_t queue_len;

    /* The set at hand; memory of scratch. */
    struct lk_arena scratch;
    struct flat *fields;
    size_t fields_len;
    size_t fields_cap;
    struct group *groups;
    size_t groups_len;
    size_t groups_cap;
    struct gql_v_map names;
};

static bool spend(struct merge *m, size_t work) {
    if (work > m->budget || m->v->stop) {
        m->conflict = true;
        return false;
    }
    m->budget -= work;
    return true;
}

/* As gql_v_grow, of an arena of ours. */
static void *grow(struct merge *m, struct lk_arena *arena, void *array, size_t len, size_t *cap, size_t size) {
    if (len < *cap)
        return array;
    size_t larger = *cap == 0 ? 16 : *cap * 2;
    void *copy = lk_arena_calloc(arena, larger, size);
    if (copy == NULL) {
        gql_v_fail(m->v);
        m->conflict = true;
        return NULL;
    }
    if (len > 0)
        memcpy(copy, array, len * size);
    *cap = larger;
    return copy;
}

/* --- sets to come --- */

static int by_selections(const void *a, const void *b) {
    const struct part *x = a;
    const struct part *y = b;
    uintptr_t p = (uintptr_t)x->selections;
    uintptr_t q = (uintptr_t)y->selections;
    return (p > q) - (p < q);
}

/* Queues a set unless it was there before. parts may be scratch memory and is sorted. */
static void push_set(struct merge *m, struct part *parts, size_t len, bool types_only) {
    if (len == 0 || !spend(m, len))
        return;
    qsort(parts, len, sizeof(*parts), by_selections);
    /* The key: the parts and, in a byte after them, which comparison. */
    size_t bytes = len * sizeof(*parts);
    char *copy = lk_arena_alloc(&m->v->work, bytes + 1);
    if (copy == NULL) {
        gql_v_fail(m->v);
        m->conflict = true;
        return;
    }
    memcpy(copy, parts, bytes);
    copy[bytes] = (char)types_only;
    size_t *slot = gql_v_map_put(m->v, &m->v->work, &m->seen, lk_slice_make(copy, bytes + 1));
    if (slot == NULL || *slot != GQL_V_NONE) {
        m->conflict |= slot == NULL;
        return;
    }
    *slot = 0;
    struct set *pending = grow(m, &m->v->work, m->pending, m->pending_len, &m->pending_cap, sizeof(*pending));
    if (pending == NULL)
        return;
    m->pending = pending;
    pending[m->pending_len++] = (struct set){(struct part *)(void *)copy, len, types_only};
}

/* --- gathering the fields of a set --- */

static struct group *group_for(struct merge *m, struct lk_slice name) {
    size_t *slot = gql_v_map_put(m->v, &m->scratch, &m->names, name);
    if (slot == NULL) {
        m->conflict = true;
        return NULL;
    }
    if (*slot != GQL_V_NONE)
        return &m->groups[*slot];
    struct group *groups = grow(m, &m->scratch, m->groups, m->groups_len, &m->groups_cap, sizeof(*groups));
    if (groups == NULL)
        return NULL;
    m->groups = groups;
    *slot = m->groups_len;
    groups[m->groups_len] = (struct group){.first = GQL_V_NONE};
    return &groups[m->groups_len++];
}

static bool is_object(const struct gql_type *type) {
    return type != NULL && type->kind == GQL_OBJECT_TYPE;
}

static void note_parent(struct group *group, const struct gql_type *parent) {
    if (!is_object(parent)) {
        group->abstract = true;
    } else if (group->objects == 0) {
        group->objects = 1;
        group->object = parent;
    } else if (group->object != parent) {
        group->objects = 2;
    }
}

static void add_field(struct merge *m, const struct gql_selection *node, const struct gql_type *parent) {
    struct group *group = group_for(m, node->alias.text.ptr != NULL ? node->alias.text : node->name.text);
    struct flat *fields = group == NULL ? NULL : grow(m, &m->scratch, m->fields, m->fields_len, &m->fields_cap, sizeof(*fields));
    if (fields == NULL)
        return;
    m->fields = fields;
    const struct gql_field *def = gql_v_is_composite(parent) ? gql_type_field(m->v->schema, parent, node->name.text) : NULL;
    size_t i = m->fields_len++;
    fields[i] = (struct flat){node, parent, def == NULL ? NULL : def->type, GQL_V_NONE};
    note_parent(group, parent);
    if (group->first == GQL_V_NONE)
        group->first = i;
    else
        fields[group->last].next = i;
    group->last = i;
    group->len++;
}

static void add_fragment(struct merge *m, const struct gql_selection *spread) {
    const struct gql_v_fragment *fragment = gql_v_fragment_named(m->v, spread->name.text);
    if (fragment == NULL || m->stamps[fragment->name] == m->stamp)
        return;
    m->stamps[fragment->name] = m->stamp;
    m->queue[m->queue_len++] = (size_t)(fragment - m->v->fragments);
}

static void gather(struct merge *m, const struct gql_selection *selections, const struct gql_type *parent) {
    for (const struct gql_selection *s = selections; s != NULL && !m->conflict; s = s->next) {
        if (!spend(m, 1 + gql_v_name_work(s->name.text) + gql_v_name_work(s->alias.text) + gql_v_name_work(s->on.text)))
            return;
        switch (s->kind) {
        case GQL_SEL_FIELD: add_field(m, s, parent); break;
        case GQL_SEL_SPREAD: add_fragment(m, s); break;
        case GQL_SEL_INLINE: gather(m, s->selections, s->on.text.ptr == NULL ? parent : gql_schema_type(m->v->schema, s->on.text)); break;
        }
    }
}

static void gather_set(struct merge *m, const struct set *set) {
    lk_arena_reset(&m->scratch);
    m->fields = NULL;
    m->groups = NULL;
    m->fields_len = m->fields_cap = m->groups_len = m->groups_cap = 0;
    m->names = (struct gql_v_map){0};
    m->queue_len = 0;
    m->stamp++;
    for (size_t i = 0; i < set->len && !m->conflict; i++)
        gather(m, set->parts[i].selections, set->parts[i].parent);
    while (m->queue_len > 0 && !m->conflict) {
        size_t fragment = m->queue[--m->queue_len];
        if (!set->types_only)
            m->covered[fragment] = true;
        gather(m, m->v->fragments[fragment].def->selections, m->v->fragments[fragment].type);
    }
}

/* --- checking a group --- */

static bool types_agree(const struct merge *m, const struct group *group) {
    const struct gql_type *known = NULL;
    for (size_t i = group->first; i != GQL_V_NONE; i = m->fields[i].next) {
        const struct gql_type *type = m->fields[i].type;
        if (type != NULL && known != NULL && gql_v_types_conflict(known, type))
            return false;
        if (known == NULL)
            known = type;
    }
    return true;
}

static bool same_call(struct merge *m, const struct gql_selection *a, const struct gql_selection *b) {
    if (!lk_slice_equal(a->name.text, b->name.text))
        return false;
    if (a->arguments == NULL || b->arguments == NULL)
        return a->arguments == b->arguments;
    const struct gql_v_arguments *x = gql_v_arguments_of(m->v, a);
    const struct gql_v_arguments *y = x == NULL ? NULL : gql_v_arguments_of(m->v, b);
    if (y == NULL || x->len != y->len || x->sorted_len != x->len || y->sorted_len != y->len)
        return false; /* a repeated name is an error anyway; the exact rule sees to it */
    for (size_t i = 0; i < x->len; i++)
        if (!lk_slice_equal(x->sorted[i].name, y->sorted[i].name) || !lk_slice_equal(x->sorted[i].value, y->sorted[i].value))
            return false;
    return true;
}

/* Whether all fields of the group that parent admits are the same call; parent NULL admits all. */
static bool calls_agree(struct merge *m, const struct group *group, const struct gql_type *parent) {
    const struct gql_selection *first = NULL;
    for (size_t i = group->first; i != GQL_V_NONE; i = m->fields[i].next) {
        if (parent != NULL && m->fields[i].parent != parent)
            continue;
        if (first != NULL && !same_call(m, first, m->fields[i].node))
            return false;
        if (first == NULL)
            first = m->fields[i].node;
    }
    return true;
}

/* Queues what is below the group's fields; with a parent, only below those of it and of no object type. */
static void push_below(struct merge *m, const struct group *group, const struct gql_type *parent, bool types_only) {
    if (!spend(m, group->len))
        return;
    struct part *parts = lk_arena_calloc(&m->scratch, group->len, sizeof(*parts));
    if (parts == NULL) {
        gql_v_fail(m->v);
        m->conflict = true;
        return;
    }
    size_t len = 0;
    for (size_t i = group->first; i != GQL_V_NONE; i = m->fields[i].next) {
        const struct flat *field = &m->fields[i];
        if (field->node->selections == NULL || (parent != NULL && is_object(field->parent) && field->parent != parent))
            continue;
        const struct gql_type *named = field->type == NULL ? NULL : gql_type_named(field->type);
        parts[len++] = (struct part){field->node->selections, named};
    }
    if (len > 1 || !types_only) /* the types below one field alone are compared in full elsewhere */
        push_set(m, parts, len, types_only);
}

/* A group whose fields belong to several object types: each type apart. */
static void check_apart(struct merge *m, const struct group *group) {
    push_below(m, group, NULL, true);
    struct gql_v_map done = {0};
    for (size_t i = group->first; i != GQL_V_NONE && !m->conflict; i = m->fields[i].next) {
        const struct gql_type *parent = m->fields[i].parent;
        if (!is_object(parent))
            continue;
        size_t *slot = gql_v_map_put(m->v, &m->scratch, &done, parent->name);
        if (slot == NULL) {
            m->conflict = true;
        } else if (*slot == GQL_V_NONE) {
            *slot = 0;
            m->conflict |= !group->abstract && !calls_agree(m, group, parent);
            push_below(m, group, parent, false);
        }
    }
}

static void check_group(struct merge *m, const struct group *group, bool types_only) {
    if (!types_agree(m, group)) {
        m->conflict = true;
        return;
    }
    bool apart = group->objects > 1;
    if (!types_only && (!apart || group->abstract) && !calls_agree(m, group, NULL)) {
        m->conflict = true;
        return;
    }
    if (types_only || !apart)
        push_below(m, group, NULL, types_only);
    else
        check_apart(m, group);
}

static void work_off(struct merge *m) {
    while (m->pending_len > 0 && !m->conflict) {
        struct set set = m->pending[--m->pending_len];
        gather_set(m, &set);
        for (size_t i = 0; i < m->groups_len && !m->conflict; i++)
            check_group(m, &m->groups[i], set.types_only);
    }
}

/* --- the whole document --- */

static void check_root(struct merge *m, const struct gql_selection *selections, const struct gql_type *type) {
    push_set(m, &(struct part){selections, type}, 1, false);
    work_off(m);
}

static void mark_spread(const struct gql_v_scope *scope, bool *spread) {
    for (size_t i = 0; i < scope->spreads_len; i++)
        spread[scope->spreads[i].name] = true;
}

static void check_fragments(struct merge *m, const bool *spread) {
    struct gql_v *v = m->v;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < v->fragments_len && !m->conflict; i++) {
            bool now = round == 1 || !spread[v->fragments[i].name];
            if (!now || m->covered[i])
                continue;
            m->covered[i] = true;
            check_root(m, v->fragments[i].def->selections, v->fragments[i].type);
        }
    }
}

bool gql_v_may_conflict(struct gql_v *v) {
    struct merge m = {.v = v, .budget = BUDGET_BASE + BUDGET_FACTOR * v->selections};
    lk_arena_init(&m.scratch, SIZE_MAX);
    m.covered = gql_v_calloc(v, v->fragments_len, sizeof(*m.covered));
    m.stamps = gql_v_calloc(v, v->names_len, sizeof(*m.stamps));
    m.queue = gql_v_calloc(v, v->names_len, sizeof(*m.queue));
    bool *spread = gql_v_calloc(v, v->names_len, sizeof(*spread));
    if (!v->stop) {
        for (size_t i = 0; i < v->fragments_len; i++)
            mark_spread(&v->fragments[i].scope, spread);
        for (size_t i = 0; i < v->operations_len && !m.conflict; i++)
            check_root(&m, v->operations[i].def->selections, gql_schema_root(v->schema, v->operations[i].def->kind));
        check_fragments(&m, spread);
    }
    lk_arena_free(&m.scratch);
    return m.conflict;
}
