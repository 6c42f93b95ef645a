/*
 * OverlappingFieldsCanBeMerged (5.3.2), exactly: the conflicts in the words and order of graphql-js. It is run only when validate_merge.c could
 * not rule conflicts out.
 *
 * graphql-js compares, for each selection set as it is visited,
 *   - the fields of the set, inline fragments flattened, in pairs for each response name (collect_within);
 *   - these fields with those of each fragment spread, and of the fragments spread there (fields_and_fragment);
 *   - each two fragments spread, and the fragments spread in them (fragments_between).
 * Two fields that may be merged are compared further by their selection sets in the same way (sets_between). What a selection set holds is
 * collected once; pairs of set and fragment, and of two fragments, are compared once (once more when the first time was between mutually
 * exclusive object types, where only types count).
 *
 * Pairs are still many: a budget of work, graphql-js's own, ends validation with "Validation aborted.". So does nesting beyond DEPTH_MAX, which
 * keeps the recursion off the end of the stack.
 *
 * A conflict below other fields is told in one message for the uppermost pair. Messages are built on the way up in one `findings` for each
 * level, of bounded size: more than REASON_MAX characters are cut, and more than NODES_MAX places a side are dropped, as in graphql-js.
 */
#include "graphql/validate_internal.h"

#include <stdio.h>

enum {
    BUDGET = 500000,
    DEPTH_MAX = 400,
    REASON_MAX = 1000,
    NODES_MAX = 20,
    NAME_KEPT = REASON_MAX + 1, /* of a text that may be cut, so much is copied: one more shows that it is longer */
    REPORTS_MAX = GQL_ERRORS_MAX + 1,
};

struct info { /* a field in a set */
    const struct gql_selection *node;
    const struct gql_type *parent;
    const struct gql_type *type; /* NULL: unknown */
};

struct group {
    struct lk_slice name;
    struct info *fields;
    size_t len;
    size_t cap;
};

struct collected { /* a selection set, inline fragments flattened */
    const struct gql_selection *selections;
    const struct gql_type *parent;
    struct group *groups; /* in order of appearance */
    size_t groups_len;
    size_t groups_cap;
    struct gql_v_map names;
    size_t *fragments; /* names of fragments spread, each once, in order */
    size_t fragments_len;
    size_t fragments_cap;
    struct gql_v_map spreads;
};

/* Conflicts found below one pair of fields, told as one. */
struct findings {
    size_t count;
    char reason[REASON_MAX + 8];
    size_t reason_len; /* of which REASON_MAX + 1 are kept */
    gql_pos nodes[2][NODES_MAX];
    size_t nodes_len[2];
};

struct conflict { /* at the level of the selection set visited */
    struct lk_slice name;
    const char *reason;
    gql_pos *at;
    size_t at_len;
};

struct gql_v_overlap {
    size_t budget;
    unsigned depth;
    unsigned levels;                          /* findings in use */
    struct findings *findings[DEPTH_MAX + 1]; /* made when first needed */
    struct gql_v_map collected;
    struct collected **sets;
    size_t sets_len;
    size_t sets_cap;
    struct gql_v_map compared; /* set and fragment, or two fragments: whether that was as mutually exclusive */
    struct conflict conflicts[REPORTS_MAX];
    size_t conflicts_len;
};

void gql_v_overlap_init(struct gql_v *v) {
    if (v->stop || !gql_v_may_conflict(v) || v->stop)
        return;
    v->overlap = lk_arena_calloc(&v->work, 1, sizeof(*v->overlap));
    if (v->overlap == NULL)
        gql_v_fail(v);
    else
        v->overlap->budget = BUDGET;
}

static bool spend(struct gql_v *v, size_t work) {
    if (v->stop)
        return false;
    if (work > v->overlap->budget) {
        gql_v_abort(v);
        return false;
    }
    v->overlap->budget -= work;
    return true;
}

static bool deeper(struct gql_v *v) {
    if (v->overlap->depth == DEPTH_MAX)
        gql_v_abort(v);
    else
        v->overlap->depth++;
    return !v->stop;
}

/* --- what a selection set holds --- */

static void add_field(struct gql_v *v, struct collected *set, const struct gql_selection *node, const struct gql_type *parent) {
    struct lk_slice name = node->alias.text.ptr != NULL ? node->alias.text : node->name.text;
    size_t *slot = gql_v_map_put(v, &v->work, &set->names, name);
    if (slot == NULL)
        return;
    if (*slot == GQL_V_NONE) {
        struct group *groups = gql_v_grow(v, set->groups, set->groups_len, &set->groups_cap, sizeof(*groups));
        if (groups == NULL)
            return;
        set->groups = groups;
        *slot = set->groups_len++;
        groups[*slot] = (struct group){.name = name};
    }
    struct group *group = &set->groups[*slot];
    struct info *fields = gql_v_grow(v, group->fields, group->len, &group->cap, sizeof(*fields));
    if (fields == NULL)
        return;
    group->fields = fields;
    const struct gql_field *def = gql_v_own_field(v->schema, parent, node->name.text);
    fields[group->len++] = (struct info){node, parent, def == NULL ? NULL : def->type};
}

static void add_spread(struct gql_v *v, struct collected *set, const struct gql_selection *node) {
    size_t *slot = gql_v_map_put(v, &v->work, &set->spreads, node->name.text);
    if (slot == NULL || *slot != GQL_V_NONE)
        return;
    *slot = 0;
    size_t *fragments = gql_v_grow(v, set->fragments, set->fragments_len, &set->fragments_cap, sizeof(*fragments));
    if (fragments == NULL)
        return;
    set->fragments = fragments;
    fragments[set->fragments_len++] = gql_v_map_get(v, &v->name_index, node->name.text);
}

static void collect_into(struct gql_v *v, struct collected *set, const struct gql_selection *selections, const struct gql_type *parent) {
    for (const struct gql_selection *s = selections; s != NULL && !v->stop; s = s->next) {
        switch (s->kind) {
        case GQL_SEL_FIELD: add_field(v, set, s, parent); break;
        case GQL_SEL_SPREAD: add_spread(v, set, s); break;
        case GQL_SEL_INLINE:
            collect_into(v, set, s->selections, s->on.text.ptr == NULL ? parent : gql_schema_type(v->schema, s->on.text));
            break;
        }
    }
}

/* The set's contents, collected once. NULL after stop. */
static struct collected *collect(struct gql_v *v, const struct gql_selection *selections, const struct gql_type *parent) {
    struct gql_v_overlap *o = v->overlap;
    const void *key[2] = {selections, parent};
    size_t known = gql_v_map_get(v, &o->collected, (struct lk_slice){(const char *)key, sizeof(key)});
    if (known != GQL_V_NONE)
        return o->sets[known];
    struct collected *set = lk_arena_calloc(&v->work, 1, sizeof(*set));
    struct collected **sets = set == NULL ? NULL : gql_v_grow(v, o->sets, o->sets_len, &o->sets_cap, sizeof(*sets));
    if (sets == NULL) {
        gql_v_fail(v);
        return NULL;
    }
    o->sets = sets;
    set->selections = selections;
    set->parent = parent;
    /* The first two members are the key, and stay. */
    size_t *slot = gql_v_map_put(v, &v->work, &o->collected, (struct lk_slice){(const char *)set, sizeof(key)});
    if (slot == NULL)
        return NULL;
    *slot = o->sets_len;
    sets[o->sets_len++] = set;
    collect_into(v, set, selections, parent);
    return v->stop ? NULL : set;
}

static struct collected *collect_fragment(struct gql_v *v, size_t name) {
    size_t fragment = v->names[name].fragment;
    if (fragment == GQL_V_NONE)
        return NULL;
    return collect(v, v->fragments[fragment].def->selections, v->fragments[fragment].type);
}

/* --- pairs compared before --- */

struct pair {
    uintptr_t a;
    uintptr_t b;
};

/* Whether the pair was compared in a way that serves; if not, notes that it is now. */
static bool compared_before(struct gql_v *v, struct pair pair, bool exclusive) {
    struct gql_v_overlap *o = v->overlap;
    size_t how = gql_v_map_get(v, &o->compared, (struct lk_slice){(const char *)&pair, sizeof(pair)});
    if (how == 0 || (how == 1 && exclusive))
        return true;
    struct pair *key = lk_arena_alloc(&v->work, sizeof(*key));
    if (key == NULL) {
        gql_v_fail(v);
        return true;
    }
    *key = pair;
    size_t *slot = gql_v_map_put(v, &v->work, &o->compared, (struct lk_slice){(const char *)key, sizeof(*key)});
    if (slot != NULL)
        *slot = exclusive ? 1 : 0;
    return slot == NULL;
}

/* --- telling conflicts --- */

static void append(struct findings *f, const char *text, size_t len) {
    size_t room = f->reason_len > NAME_KEPT ? 0 : NAME_KEPT - f->reason_len;
    size_t kept = len < room ? len : room;
    memcpy(f->reason + f->reason_len, text, kept);
    f->reason_len += kept;
}

static void append_cstr(struct findings *f, const char *text) {
    append(f, text, strlen(text));
}

/* A text of at most REASON_MAX characters, longer ones cut and marked. */
static void append_cut(struct findings *f, struct lk_slice text) {
    append(f, text.ptr, text.len > REASON_MAX ? REASON_MAX : text.len);
    if (text.len > REASON_MAX)
        append_cstr(f, "...");
}

/* Why two fields conflict by themselves. */
struct reason {
    enum { DIFFERENT_FIELDS, DIFFERENT_ARGUMENTS, DIFFERENT_TYPES, SUBFIELDS } kind;
    const struct info *a;
    const struct info *b;
    const struct findings *below; /* SUBFIELDS */
};

static void append_reason(struct gql_v *v, struct findings *f, const struct reason *reason) {
    switch (reason->kind) {
    case DIFFERENT_FIELDS:
        append_cstr(f, "\"");
        append_cut(f, reason->a->node->name.text);
        append_cstr(f, "\" and \"");
        append_cut(f, reason->b->node->name.text);
        append_cstr(f, "\" are different fields");
        break;
    case DIFFERENT_ARGUMENTS: append_cstr(f, "they have differing arguments"); break;
    case DIFFERENT_TYPES:
        append_cstr(f, "they return conflicting types \"");
        append_cstr(f, gql_v_type_text(v, reason->a->type));
        append_cstr(f, "\" and \"");
        append_cstr(f, gql_v_type_text(v, reason->b->type));
        append_cstr(f, "\"");
        break;
    case SUBFIELDS: append_cut(f, lk_slice_make(reason->below->reason, reason->below->reason_len)); break;
    }
}

/* The places of one side of a conflict: its field, then what conflicts below it. */
static size_t places(const struct reason *reason, int side, gql_pos at[NODES_MAX]) {
    at[0] = (side == 0 ? reason->a : reason->b)->node->at;
    if (reason->kind != SUBFIELDS)
        return 1;
    memcpy(at, reason->below->nodes[side], reason->below->nodes_len[side] * sizeof(*at));
    return reason->below->nodes_len[side];
}

/* Adds a conflict to those below the same pair; what would not be shown is left out. */
static void add_finding(struct gql_v *v, struct findings *f, struct lk_slice name, const struct reason *reason) {
    if (f->reason_len <= REASON_MAX) {
        append_cstr(f, f->count == 0 ? "subfields \"" : " and subfields \"");
        append_cut(f, name);
        append_cstr(f, "\" conflict because ");
        append_reason(v, f, reason);
    }
    for (int side = 0; side < 2; side++) {
        gql_pos at[NODES_MAX];
        size_t len = places(reason, side, at);
        size_t room = NODES_MAX - f->nodes_len[side];
        size_t kept = len < room ? len : room; /* the last ones: they are the deepest */
        memcpy(f->nodes[side] + f->nodes_len[side], at + len - kept, kept * sizeof(*at));
        f->nodes_len[side] += kept;
    }
    f->count++;
}

/* Keeps a conflict of the selection set visited. */
static void add_conflict(struct gql_v *v, struct lk_slice name, const struct reason *reason) {
    struct gql_v_overlap *o = v->overlap;
    if (o->conflicts_len == REPORTS_MAX)
        return;
    /* A reason of its own is longer than a text below may be: two cut names and the words around them. */
    char text[2 * (REASON_MAX + 4) + 64];
    int len = 0;
    if (reason->kind == DIFFERENT_FIELDS) {
        struct lk_slice a = reason->a->node->name.text;
        struct lk_slice b = reason->b->node->name.text;
        len = snprintf(text, sizeof(text), "\"%.*s%s\" and \"%.*s%s\" are different fields", (int)(a.len > REASON_MAX ? REASON_MAX : a.len),
                       a.ptr, a.len > REASON_MAX ? "..." : "", (int)(b.len > REASON_MAX ? REASON_MAX : b.len), b.ptr,
                       b.len > REASON_MAX ? "..." : "");
    } else {
        struct findings f = {0};
        append_reason(v, &f, reason);
        bool cut = f.reason_len > REASON_MAX;
        len = snprintf(text, sizeof(text), "%.*s%s", (int)(cut ? REASON_MAX : f.reason_len), f.reason, cut ? "..." : "");
    }
    struct conflict *conflict = &o->conflicts[o->conflicts_len];
    gql_pos sides[2][NODES_MAX];
    size_t left = places(reason, 0, sides[0]);
    size_t right = places(reason, 1, sides[1]);
    *conflict = (struct conflict){.name = name,
                                  .reason = lk_arena_strdup(&v->work, lk_slice_make(text, (size_t)len)),
                                  .at = lk_arena_calloc(&v->work, left + right, sizeof(gql_pos)),
                                  .at_len = left + right};
    if (conflict->reason == NULL || conflict->at == NULL) {
        gql_v_fail(v);
        return;
    }
    memcpy(conflict->at, sides[0], left * sizeof(gql_pos));
    memcpy(conflict->at + left, sides[1], right * sizeof(gql_pos));
    o->conflicts_len++;
}

/* to NULL: the level of the selection set visited. */
static void note(struct gql_v *v, struct findings *to, struct lk_slice name, const struct reason *reason) {
    if (to == NULL)
        add_conflict(v, name, reason);
    else
        add_finding(v, to, name, reason);
}

/* --- comparing two fields --- */

static bool same_arguments(struct gql_v *v, const struct gql_selection *a, const struct gql_selection *b) {
    if (a->arguments == NULL || b->arguments == NULL)
        return a->arguments == b->arguments;
    const struct gql_v_arguments *x = gql_v_arguments_of(v, a);
    const struct gql_v_arguments *y = x == NULL ? NULL : gql_v_arguments_of(v, b);
    if (y == NULL || x->len != y->len)
        return false;
    for (size_t i = 0; i < x->len; i++) {
        if (!spend(v, 1))
            return false;
        size_t low = 0;
        size_t high = y->sorted_len;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (lk_slice_compare(y->sorted[middle].name, x->written[i].name) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        if (low == y->sorted_len || !lk_slice_equal(y->sorted[low].name, x->written[i].name) ||
            !lk_slice_equal(y->sorted[low].value, x->written[i].value))
            return false;
    }
    return true;
}

static void sets_between(struct gql_v *v, struct findings *to, bool exclusive, struct collected *a, struct collected *b);

static const struct gql_type *named_type(const struct info *field) {
    return field->type == NULL ? NULL : gql_type_named(field->type);
}

/* Compares what is below two fields. */
static void compare_below(struct gql_v *v, struct findings *to, bool exclusive, struct lk_slice name, const struct info *a,
                          const struct info *b) {
    struct gql_v_overlap *o = v->overlap;
    struct collected *x = collect(v, a->node->selections, named_type(a));
    struct collected *y = x == NULL ? NULL : collect(v, b->node->selections, named_type(b));
    if (y == NULL || !deeper(v))
        return;
    struct findings *below = o->findings[o->levels];
    if (below == NULL)
        below = o->findings[o->levels] = lk_arena_alloc(&v->work, sizeof(*below));
    if (below == NULL) {
        gql_v_fail(v);
        return;
    }
    below->count = below->reason_len = 0;
    below->nodes_len[0] = below->nodes_len[1] = 1;
    below->nodes[0][0] = a->node->at;
    below->nodes[1][0] = b->node->at;
    o->levels++;
    sets_between(v, below, exclusive, x, y);
    o->levels--;
    o->depth--;
    if (below->count > 0 && !v->stop)
        note(v, to, name, &(struct reason){SUBFIELDS, a, b, below});
}

static bool is_object(const struct gql_type *type) {
    return type != NULL && type->kind == GQL_OBJECT_TYPE;
}

static void compare(struct gql_v *v, struct findings *to, bool exclusive, struct lk_slice name, const struct info *a,
                    const struct info *b) {
    if (!spend(v, 2))
        return;
    exclusive = exclusive || (a->parent != b->parent && is_object(a->parent) && is_object(b->parent));
    if (!exclusive) {
        bool same_field = lk_slice_equal(a->node->name.text, b->node->name.text);
        if (!same_field || !same_arguments(v, a->node, b->node)) {
            if (!v->stop)
                note(v, to, name, &(struct reason){same_field ? DIFFERENT_ARGUMENTS : DIFFERENT_FIELDS, a, b, NULL});
            return;
        }
    }
    if (a->type != NULL && b->type != NULL && gql_v_types_conflict(a->type, b->type))
        note(v, to, name, &(struct reason){DIFFERENT_TYPES, a, b, NULL});
    else if (a->node->selections != NULL && b->node->selections != NULL)
        compare_below(v, to, exclusive, name, a, b);
}

/* --- comparing collections of fields --- */

static void fields_between(struct gql_v *v, struct findings *to, bool exclusive, const struct collected *a, const struct collected *b) {
    if (a->groups_len == 0 || b->groups_len == 0)
        return;
    for (size_t g = 0; g < a->groups_len && spend(v, 1 + gql_v_name_work(a->groups[g].name)); g++) {
        const struct group *left = &a->groups[g];
        size_t other = gql_v_map_get(v, &b->names, left->name);
        if (other == GQL_V_NONE)
            continue;
        const struct group *right = &b->groups[other];
        for (size_t i = 0; i < left->len; i++)
            for (size_t j = 0; j < right->len && !v->stop; j++)
                compare(v, to, exclusive, left->name, &left->fields[i], &right->fields[j]);
    }
}

static void fields_and_fragment(struct gql_v *v, struct findings *to, bool exclusive, struct collected *set, size_t name) {
    if (!spend(v, 1) || set->groups_len == 0)
        return;
    if (compared_before(v, (struct pair){(uintptr_t)set, name}, exclusive))
        return;
    struct collected *other = collect_fragment(v, name);
    if (other == NULL || other == set || !deeper(v))
        return;
    fields_between(v, to, exclusive, set, other);
    for (size_t i = 0; i < other->fragments_len && !v->stop; i++)
        fields_and_fragment(v, to, exclusive, set, other->fragments[i]);
    v->overlap->depth--;
}

static void fragments_between(struct gql_v *v, struct findings *to, bool exclusive, size_t a, size_t b) {
    if (!spend(v, 2) || a == b)
        return;
    /* Names are small numbers, sets are addresses: the two kinds of pairs do not meet. */
    if (compared_before(v, (struct pair){a < b ? a : b, a < b ? b : a}, exclusive))
        return;
    struct collected *x = collect_fragment(v, a);
    struct collected *y = x == NULL ? NULL : collect_fragment(v, b);
    if (y == NULL || !deeper(v))
        return;
    fields_between(v, to, exclusive, x, y);
    for (size_t i = 0; i < y->fragments_len && !v->stop; i++)
        fragments_between(v, to, exclusive, a, y->fragments[i]);
    for (size_t i = 0; i < x->fragments_len && !v->stop; i++)
        fragments_between(v, to, exclusive, x->fragments[i], b);
    v->overlap->depth--;
}

static void sets_between(struct gql_v *v, struct findings *to, bool exclusive, struct collected *a, struct collected *b) {
    fields_between(v, to, exclusive, a, b);
    for (size_t i = 0; i < b->fragments_len && !v->stop; i++)
        fields_and_fragment(v, to, exclusive, a, b->fragments[i]);
    for (size_t i = 0; i < a->fragments_len && !v->stop; i++)
        fields_and_fragment(v, to, exclusive, b, a->fragments[i]);
    for (size_t i = 0; i < a->fragments_len && !v->stop; i++)
        for (size_t j = 0; j < b->fragments_len && !v->stop; j++)
            fragments_between(v, to, exclusive, a->fragments[i], b->fragments[j]);
}

static void collect_within(struct gql_v *v, const struct collected *set) {
    for (size_t g = 0; g < set->groups_len; g++) {
        const struct group *group = &set->groups[g];
        for (size_t i = 0; i < group->len; i++)
            for (size_t j = i + 1; j < group->len && !v->stop; j++)
                compare(v, NULL, false, group->name, &group->fields[i], &group->fields[j]);
    }
}

void gql_v_overlapping_fields(struct gql_v *v, const struct gql_selection *selections) {
    struct gql_v_overlap *o = v->overlap;
    if (o == NULL || (selections->next == NULL && selections->kind != GQL_SEL_INLINE))
        return;
    struct collected *set = collect(v, selections, v->parent);
    if (set == NULL)
        return;
    o->conflicts_len = 0;
    collect_within(v, set);
    if (set->groups_len != 0 || set->fragments_len > 1) {
        for (size_t i = 0; i < set->fragments_len && !v->stop; i++) {
            fields_and_fragment(v, NULL, false, set, set->fragments[i]);
            for (size_t j = i + 1; j < set->fragments_len && !v->stop; j++)
                fragments_between(v, NULL, false, set->fragments[i], set->fragments[j]);
        }
    }
    for (size_t i = 0; i < o->conflicts_len && !v->stop; i++) {
        const struct conflict *c = &o->conflicts[i];
        bool cut = c->name.len > REASON_MAX;
        gql_v_error(v, c->at, c->at_len,
                    "Fields \"%.*s%s\" conflict because %s. Use different aliases on the fields to fetch both if this was intentional.",
                    (int)(cut ? REASON_MAX : c->name.len), c->name.ptr, cut ? "..." : "", c->reason);
    }
}
