/* What a permission set may be, and the one form that it is kept in. */
#include "crypto/token.h"
#include "domain/permission.h"

#include <stdlib.h>

#define ACTION(action) ((uint32_t)1 << LK_ACTION_##action)

/* Actions that a type does not take. */
static uint32_t refused_actions(enum lk_app_type type) {
    switch (type) {
    case LK_APP_ALL: return 0;
    case LK_APP_DEPLOYMENT: return ACTION(CREATE) | ACTION(UPDATE) | ACTION(DELETE);
    default:
        return ACTION(EXECUTE) | ACTION(EXECUTE_WORKFLOW) | ACTION(EXECUTE_PIPELINE) | ACTION(ROLLBACK_WORKFLOW) | ACTION(ABORT_WORKFLOW);
    }
}

static int check_ids(const struct lk_texts *ids, const char *what, const char *type, struct lk_problem *problem) {
    if (ids->len > LK_FILTER_IDS_MAX)
        return lk_problem_set(problem, LK_EINVAL, "Invalid %s permission: it names %zu ids of %s, and at most %d are allowed", type,
                              ids->len, what, LK_FILTER_IDS_MAX);
    for (size_t i = 0; i < ids->len; i++) {
        const struct lk_slice *id = &ids->items[i];
        bool good = id->len > 0 && id->len <= LK_FILTER_ID_BYTES_MAX;
        for (size_t c = 0; good && c < id->len; c++)
            good = id->ptr[c] > 0x20 && id->ptr[c] < 0x7F;
        if (!good)
            return lk_problem_set(problem, LK_EINVAL, "Invalid %s permission: an id of %s must be 1 to %d visible ASCII characters", type,
                                  what, LK_FILTER_ID_BYTES_MAX);
    }
    return 0;
}

static int check_filters(const struct lk_app_permission *app, const char *type, struct lk_problem *problem) {
    uint32_t own = (uint32_t)1 << app->type;
    for (unsigned other = 0; other < LK_APP_TYPES; other++) {
        if (other != app->type && (app->filters_given & (uint32_t)1 << other) != 0)
            return lk_problem_set(problem, LK_EINVAL, "Invalid %s permission: it does not take the filter of %s", type,
                                  lk_app_type_name(other));
    }
    if (app->type == LK_APP_ALL)
        return 0;
    bool empty = app->filter_types == 0 && app->env_ids.len == 0 && app->ids.len == 0;
    if ((app->filters_given & own) == 0 || empty)
        return lk_problem_set(problem, LK_EINVAL, "Invalid %s permission: it needs its own filter, with ids or filter types", type);
    if (app->all_apps && (app->ids.len > 0 || app->env_ids.len > 0))
        return lk_problem_set(problem, LK_EINVAL, "Invalid %s permission: specific ids need specific appIds, not all applications", type);
    int code = check_ids(&app->env_ids, "environments", type, problem);
    return code != 0 ? code : check_ids(&app->ids, "the filter", type, problem);
}

static int check_app(const struct lk_app_permission *app, struct lk_problem *problem) {
    const char *type = lk_app_type_name(app->type);
    if (app->actions == 0)
        return lk_problem_set(problem, LK_EINVAL, "Invalid %s permission: actions must not be empty", type);
    uint32_t refused = app->actions & refused_actions(app->type);
    if (refused != 0)
        return lk_problem_set(problem, LK_EINVAL, "Invalid %s permission: it does not take the action %s", type,
                              lk_action_name((unsigned)__builtin_ctz(refused)));
    if (app->all_apps && app->app_ids.len > 0)
        return lk_problem_set(problem, LK_EINVAL, "Invalid %s permission: applications takes either filterType ALL or appIds, not both",
                              type);
    if (!app->all_apps && app->app_ids.len == 0)
        return lk_problem_set(problem, LK_EINVAL, "Invalid %s permission: applications needs filterType ALL or appIds", type);
    int code = check_ids(&app->app_ids, "applications", type, problem);
    return code != 0 ? code : check_filters(app, type, problem);
}

static int check_scopes(const struct lk_texts *scopes, struct lk_problem *problem) {
    if (scopes->len > LK_SCOPES_MAX)
        return lk_problem_set(problem, LK_EINVAL, "Too many scopes: %zu, and at most %d are allowed", scopes->len, LK_SCOPES_MAX);
    for (size_t i = 0; i < scopes->len; i++) {
        struct lk_slice scope = scopes->items[i];
        if (!lk_scope_is_spelled(scope))
            return lk_problem_set(
                problem, LK_EINVAL,
                "Invalid scope: one is 1 to %d letters, digits and ._-:/ and may end in .* or be *, like invoices.read or invoices.*",
                LK_SCOPE_BYTES_MAX);
        if (lk_token_within(scope))
            return lk_problem_set(problem, LK_EINVAL, "Invalid scope: it holds an API key, and is shown to people who must not have it");
        if (lk_scope_is_reserved(scope) || lk_account_permission_find(scope) >= 0)
            return lk_problem_set(problem, LK_EINVAL, "Invalid scope %.*s: the name means something else in permission expressions",
                                  (int)scope.len, scope.ptr);
    }
    return 0;
}

static size_t texts_bytes(const struct lk_texts *texts) {
    size_t bytes = 0;
    for (size_t i = 0; i < texts->len; i++)
        bytes += texts->items[i].len + 3; /* quotes and a comma */
    return bytes;
}

int lk_permissions_validate(const struct lk_permissions *permissions, struct lk_problem *problem) {
    uint32_t both = LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_USERS_AND_GROUPS) | LK_ACCOUNT_PERMISSION_BIT(LK_READ_USERS_AND_GROUPS);
    if ((permissions->account & both) == LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_USERS_AND_GROUPS))
        return lk_problem_set(problem, LK_EINVAL, "MANAGE_USERS_AND_GROUPS can be set only together with READ_USERS_AND_GROUPS");
    int code = check_scopes(&permissions->scopes, problem);
    if (code != 0)
        return code;
    if (permissions->apps_len > LK_APP_PERMISSIONS_MAX)
        return lk_problem_set(problem, LK_EINVAL, "Too many application permissions: %zu, and at most %d are allowed",
                              permissions->apps_len, LK_APP_PERMISSIONS_MAX);
    size_t bytes = texts_bytes(&permissions->scopes);
    for (size_t i = 0; i < permissions->apps_len; i++) {
        const struct lk_app_permission *app = &permissions->apps[i];
        code = check_app(app, problem);
        if (code != 0)
            return code;
        bytes += texts_bytes(&app->app_ids) + texts_bytes(&app->env_ids) + texts_bytes(&app->ids);
    }
    if (bytes > LK_PERMISSIONS_BYTES_MAX)
        return lk_problem_set(problem, LK_EINVAL, "Too many permissions: the ids and scopes of a user group may take %d bytes",
                              LK_PERMISSIONS_BYTES_MAX);
    return 0;
}

static int compare_texts(const void *a, const void *b) {
    return lk_slice_compare(*(const struct lk_slice *)a, *(const struct lk_slice *)b);
}

static void normalise_texts(struct lk_texts *texts) {
    if (texts->len < 2)
        return;
    qsort(texts->items, texts->len, sizeof(*texts->items), compare_texts);
    size_t kept = 1;
    for (size_t i = 1; i < texts->len; i++) {
        if (!lk_slice_equal(texts->items[i], texts->items[kept - 1]))
            texts->items[kept++] = texts->items[i];
    }
    texts->len = kept;
}

static int compare_lists(const struct lk_texts *a, const struct lk_texts *b) {
    for (size_t i = 0; i < a->len && i < b->len; i++) {
        int order = lk_slice_compare(a->items[i], b->items[i]);
        if (order != 0)
            return order;
    }
    return (a->len > b->len) - (a->len < b->len);
}

static int compare_apps(const void *left, const void *right) {
    const struct lk_app_permission *a = left;
    const struct lk_app_permission *b = right;
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    if (a->all_apps != b->all_apps)
        return a->all_apps ? -1 : 1;
    if (a->filter_types != b->filter_types)
        return a->filter_types < b->filter_types ? -1 : 1;
    int order = compare_lists(&a->app_ids, &b->app_ids);
    if (order == 0)
        order = compare_lists(&a->env_ids, &b->env_ids);
    return order != 0 ? order : compare_lists(&a->ids, &b->ids);
}

static int compare_apps_and_actions(const void *left, const void *right) {
    const struct lk_app_permission *a = left;
    const struct lk_app_permission *b = right;
    int order = compare_apps(a, b);
    return order != 0 ? order : (a->actions > b->actions) - (a->actions < b->actions);
}

/* Whether no two application permissions of a normalised set differ in their actions only. */
static bool is_folded(const struct lk_permissions *permissions) {
    for (size_t i = 1; i < permissions->apps_len; i++) {
        if (compare_apps(&permissions->apps[i - 1], &permissions->apps[i]) == 0)
            return false;
    }
    return true;
}

/* Sorts application permissions; those that compare as equal become one, with the actions of all. */
static void fold_apps(struct lk_permissions *permissions, int (*compare)(const void *left, const void *right)) {
    if (permissions->apps_len < 2)
        return;
    qsort(permissions->apps, permissions->apps_len, sizeof(*permissions->apps), compare);
    size_t kept = 1;
    for (size_t i = 1; i < permissions->apps_len; i++) {
        struct lk_app_permission *last = &permissions->apps[kept - 1];
        if (compare(last, &permissions->apps[i]) == 0)
            last->actions |= permissions->apps[i].actions;
        else
            permissions->apps[kept++] = permissions->apps[i];
    }
    permissions->apps_len = kept;
}

void lk_permissions_normalise(struct lk_permissions *permissions) {
    normalise_texts(&permissions->scopes);
    for (size_t i = 0; i < permissions->apps_len; i++) {
        struct lk_app_permission *app = &permissions->apps[i];
        normalise_texts(&app->app_ids);
        normalise_texts(&app->env_ids);
        normalise_texts(&app->ids);
        app->filters_given = app->type == LK_APP_ALL ? 0 : (uint32_t)1 << app->type;
    }
    fold_apps(permissions, compare_apps_and_actions);
}

int lk_permissions_union(const struct lk_permissions *sets, size_t sets_len, struct lk_arena *arena, struct lk_permissions *ret) {
    if (sets_len == 1 && is_folded(&sets[0])) {
        *ret = sets[0];
        return 0;
    }
    size_t scopes = 0;
    size_t apps = 0;
    for (size_t i = 0; i < sets_len; i++) {
        scopes += sets[i].scopes.len;
        apps += sets[i].apps_len;
    }
    struct lk_permissions all = {
        .scopes.items = lk_arena_calloc(arena, scopes, sizeof(struct lk_slice)),
        .apps = lk_arena_calloc(arena, apps, sizeof(struct lk_app_permission)),
    };
    if (all.scopes.items == NULL || all.apps == NULL)
        return LK_ENOMEM;
    for (size_t i = 0; i < sets_len; i++) {
        all.account |= sets[i].account;
        for (size_t s = 0; s < sets[i].scopes.len; s++)
            all.scopes.items[all.scopes.len++] = sets[i].scopes.items[s];
        for (size_t a = 0; a < sets[i].apps_len; a++)
            all.apps[all.apps_len++] = sets[i].apps[a];
    }
    /* The sets are normalised, and so are the lists inside their application permissions, which stay shared. */
    normalise_texts(&all.scopes);
    fold_apps(&all, compare_apps);
    *ret = all;
    return 0;
}
