#include "graphql/collect.h"

#include "graphql/introspect.h"
#include "graphql/print.h"

#include <stdlib.h>

/* Fragments within fragments within inline fragments of one selection set: more than a person writes, less than a stack holds. */
#define NESTING_MAX 500

/* Selections gone through in one execution: each fragment anew for each place it is spread in, so that a document may ask for as many as the
 * square of its size and yet for no result. More than any document has by itself. */
#define SELECTIONS_MAX 4000000

/* Up to so many fields are grouped by comparing, more of them by sorting. */
#define FEW_FIELDS 16

/* A fragment, and the round in which it was visited last. */
struct gql_mark {
    const struct gql_fragment *fragment;
    size_t round;
};

static int compare_mark(const void *a, const void *b) {
    const struct gql_mark *left = a;
    const struct gql_mark *right = b;
    return lk_slice_compare(left->fragment->name.text, right->fragment->name.text);
}

static int compare_mark_name(const void *name, const void *mark) {
    return lk_slice_compare(*(const struct lk_slice *)name, ((const struct gql_mark *)mark)->fragment->name.text);
}

int gql_collector_init(struct gql_collector *collector, const struct gql_document *document) {
    size_t len = 0;
    for (const struct gql_fragment *fragment = document->fragments; fragment != NULL; fragment = fragment->next)
        len++;
    struct gql_mark *marks = lk_arena_calloc(collector->arena, len, sizeof(*marks));
    if (marks == NULL)
        return LK_ENOMEM;
    size_t i = 0;
    for (const struct gql_fragment *fragment = document->fragments; fragment != NULL; fragment = fragment->next)
        marks[i++].fragment = fragment;
    qsort(marks, len, sizeof(*marks), compare_mark);
    collector->fragments = marks;
    collector->fragments_len = len;
    return 0;
}

/* The collection that is going on. */
struct run {
    struct gql_collector *collector;
    struct gql_plan *plan;
    struct gql_node *first;
    struct gql_node **tail;
    size_t len;
    unsigned nesting;
};

/* --- @skip and @include --- */

static const struct gql_directive *find_directive(const struct gql_selection *selection, const char *name) {
    for (const struct gql_directive *directive = selection->directives; directive != NULL; directive = directive->next) {
        if (lk_slice_is(directive->name.text, name))
            return directive;
    }
    return NULL;
}

/* The value of a directive's `if`, in *ret. 0, LK_EINVAL with the plan faulty, or LK_ENOMEM. */
static int read_condition(struct run *run, const struct gql_directive *directive, bool *ret) {
    const struct gql_argument *argument = directive->arguments;
    const struct gql_literal *literal = argument != NULL && argument->next == NULL ? argument->value : NULL;
    const struct gql_value *variable =
        literal != NULL && literal->kind == GQL_LIT_VARIABLE ? gql_variable(run->collector->variables, literal->text) : NULL;
    if (literal != NULL && literal->kind == GQL_LIT_BOOLEAN) {
        *ret = literal->boolean;
        return 0;
    }
    if (variable != NULL && variable->kind == GQL_BOOLEAN) {
        *ret = variable->boolean;
        return 0;
    }
    struct gql_collector *collector = run->collector;
    const struct gql_directive_def *def = gql_schema_directive(collector->schema, directive->name.text);
    struct gql_value arguments;
    int code = gql_coerce_arguments(def->arguments, def->arguments_len, directive->arguments, directive->name.at, collector->variables,
                                    collector->arena, &arguments, &run->plan->fault);
    if (code != 0) {
        run->plan->faulty = code == LK_EINVAL;
        return code;
    }
    const struct gql_value *value = gql_value_get(&arguments, "if");
    *ret = value != NULL && value->kind == GQL_BOOLEAN && value->boolean;
    return 0;
}

/* Whether the selection takes part. 1, 0 or negative as above. */
static int is_included(struct run *run, const struct gql_selection *selection) {
    bool condition = false;
    const struct gql_directive *directive = find_directive(selection, "skip");
    int code = directive == NULL ? 0 : read_condition(run, directive, &condition);
    if (code != 0 || (directive != NULL && condition))
        return code;
    directive = find_directive(selection, "include");
    code = directive == NULL ? 0 : read_condition(run, directive, &condition);
    return code != 0 ? code : directive == NULL || condition;
}

/* --- selections --- */

static bool condition_matches(const struct run *run, struct lk_slice on) {
    if (on.ptr == NULL)
        return true;
    const struct gql_type *type = gql_schema_type(run->collector->schema, on);
    if (type == NULL || type == run->plan->type)
        return type != NULL;
    return (type->kind == GQL_INTERFACE || type->kind == GQL_UNION) && gql_type_is_possible(type, run->plan->type);
}

static int collect_selections(struct run *run, const struct gql_selection *selections);

static int collect_spread(struct run *run, const struct gql_selection *selection) {
    struct gql_collector *collector = run->collector;
    struct gql_mark *mark =
        bsearch(&selection->name.text, collector->fragments, collector->fragments_len, sizeof(*mark), compare_mark_name);
    if (mark == NULL || mark->round == collector->round)
        return 0;
    int included = is_included(run, selection);
    if (included <= 0)
        return included;
    mark->round = collector->round;
    return condition_matches(run, mark->fragment->on.text) ? collect_selections(run, mark->fragment->selections) : 0;
}

static int collect_one(struct run *run, const struct gql_selection *selection) {
    if (selection->kind == GQL_SEL_SPREAD)
        return collect_spread(run, selection);
    int included = is_included(run, selection);
    if (included <= 0)
        return included;
    if (selection->kind == GQL_SEL_INLINE)
        return condition_matches(run, selection->on.text) ? collect_selections(run, selection->selections) : 0;
    struct gql_node *node = lk_arena_alloc(run->collector->arena, sizeof(*node));
    if (node == NULL)
        return LK_ENOMEM;
    *node = (struct gql_node){.selection = selection, .order = run->len++};
    *run->tail = node;
    run->tail = &node->next;
    return 0;
}

static int collect_selections(struct run *run, const struct gql_selection *selections) {
    if (run->nesting == NESTING_MAX) {
        run->plan->faulty = true;
        return gql_fault_set(&run->plan->fault, run->collector->arena, "Fragments are nested deeper than %d levels.", NESTING_MAX);
    }
    run->nesting++;
    int code = 0;
    for (; selections != NULL && code == 0; selections = selections->next) {
        if (run->collector->visited == SELECTIONS_MAX) {
            run->plan->faulty = true;
            return gql_fault_set(&run->plan->fault, run->collector->arena, "Fragments repeat more than %d selections.", SELECTIONS_MAX);
        }
        run->collector->visited++;
        code = collect_one(run, selections);
    }
    run->nesting--;
    return code;
}

/* --- grouping --- */

static struct lk_slice response_key(const struct gql_selection *selection) {
    return selection->alias.text.ptr != NULL ? selection->alias.text : selection->name.text;
}

/* A group of a first node, or NULL. */
static struct gql_group *make_group(const struct run *run, struct gql_node *node) {
    const struct gql_collector *collector = run->collector;
    struct gql_group *group = LK_ARENA_NEW(collector->arena, struct gql_group);
    if (group == NULL)
        return NULL;
    group->key = response_key(node->selection);
    group->parent = run->plan->type;
    group->field = gql_type_field(collector->schema, run->plan->type, node->selection->name.text);
    if (group->field != NULL) {
        group->resolve = gql_introspection_resolver(run->plan->type, group->field);
        if (group->resolve == NULL)
            group->resolve = group->field->resolve;
        if (group->resolve == NULL)
            group->resolve = collector->default_resolver;
    }
    group->nodes = node;
    group->last = node;
    group->nodes_len = 1;
    return group;
}

static void add_to_group(struct gql_group *group, struct gql_node *node) {
    group->last->next = node;
    group->last = node;
    group->nodes_len++;
}

static int group_few(struct run *run) {
    struct gql_group **tail = &run->plan->groups;
    struct gql_node *next;
    for (struct gql_node *node = run->first; node != NULL; node = next) {
        next = node->next;
        node->next = NULL;
        struct gql_group *group = run->plan->groups;
        struct lk_slice key = response_key(node->selection);
        while (group != NULL && !lk_slice_equal(group->key, key))
            group = group->next;
        if (group != NULL) {
            add_to_group(group, node);
            continue;
        }
        group = make_group(run, node);
        if (group == NULL)
            return LK_ENOMEM;
        *tail = group;
        tail = &group->next;
    }
    return 0;
}

static int compare_nodes(const void *a, const void *b) {
    const struct gql_node *left = *(struct gql_node *const *)a;
    const struct gql_node *right = *(struct gql_node *const *)b;
    int order = lk_slice_compare(response_key(left->selection), response_key(right->selection));
    if (order != 0)
        return order;
    return left->order < right->order ? -1 : left->order > right->order;
}

/* Equal keys stand together after sorting; each group then takes its place where its first node stood. */
static int group_many(struct run *run) {
    struct lk_arena *arena = run->collector->arena;
    struct gql_node **sorted = lk_arena_calloc(arena, run->len, sizeof(struct gql_node *));
    struct gql_group **places = lk_arena_calloc(arena, run->len, sizeof(struct gql_group *));
    if (sorted == NULL || places == NULL)
        return LK_ENOMEM;
    size_t len = 0;
    for (struct gql_node *node = run->first; node != NULL; node = node->next)
        sorted[len++] = node;
    qsort(sorted, len, sizeof(struct gql_node *), compare_nodes);
    struct gql_group *group = NULL;
    for (size_t i = 0; i < len; i++) {
        sorted[i]->next = NULL;
        if (group != NULL && lk_slice_equal(group->key, response_key(sorted[i]->selection))) {
            add_to_group(group, sorted[i]);
            continue;
        }
        group = make_group(run, sorted[i]);
        if (group == NULL)
            return LK_ENOMEM;
        places[sorted[i]->order] = group;
    }
    struct gql_group **tail = &run->plan->groups;
    for (size_t i = 0; i < len; i++) {
        if (places[i] == NULL)
            continue;
        *tail = places[i];
        tail = &places[i]->next;
    }
    return 0;
}

static int start(struct run *run, struct gql_collector *collector, const struct gql_type *type) {
    struct gql_plan *plan = LK_ARENA_NEW(collector->arena, struct gql_plan);
    if (plan == NULL)
        return LK_ENOMEM;
    plan->type = type;
    collector->round++;
    *run = (struct run){.collector = collector, .plan = plan};
    run->tail = &run->first;
    return 0;
}

static int finish(struct run *run, int code, struct gql_plan **ret) {
    if (code == 0)
        code = run->len <= FEW_FIELDS ? group_few(run) : group_many(run);
    if (code == LK_ENOMEM)
        return code;
    *ret = run->plan;
    return 0;
}

int gql_collect(struct gql_collector *collector, const struct gql_type *type, const struct gql_node *nodes, struct gql_plan **ret) {
    struct run run;
    int code = start(&run, collector, type);
    for (; nodes != NULL && code == 0; nodes = nodes->next)
        code = collect_selections(&run, nodes->selection->selections);
    return finish(&run, code, ret);
}

int gql_collect_root(struct gql_collector *collector, const struct gql_type *type, const struct gql_selection *selections,
                     struct gql_plan **ret) {
    struct run run;
    int code = start(&run, collector, type);
    if (code == 0)
        code = collect_selections(&run, selections);
    return finish(&run, code, ret);
}
