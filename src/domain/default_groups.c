#include "domain/default_groups.h"

#define ACTION(action) ((uint32_t)1 << LK_ACTION_##action)
#define CRUD (ACTION(CREATE) | ACTION(READ) | ACTION(UPDATE) | ACTION(DELETE))

/* Bits of the filter types, as lk_filter_type_name numbers them. */
#define FILTER_ALL 1U
#define ENVIRONMENTS_PRODUCTION 1U
#define ENVIRONMENTS_NON_PRODUCTION 2U
#define WORKFLOWS_PRODUCTION 1U
#define WORKFLOWS_NON_PRODUCTION 2U
#define WORKFLOWS_TEMPLATES 4U
#define PIPELINES_PRODUCTION 1U
#define PIPELINES_NON_PRODUCTION 2U

struct app_row {
    enum lk_app_type type;
    uint32_t filter_types;
    uint32_t actions;
};

static const struct app_row administrator_apps[] = {
    {LK_APP_ALL, 0, CRUD | ACTION(EXECUTE_PIPELINE) | ACTION(EXECUTE_WORKFLOW)},
};

static const struct app_row production_apps[] = {
    {LK_APP_PIPELINE, PIPELINES_PRODUCTION, CRUD},
    {LK_APP_SERVICE, FILTER_ALL, CRUD},
    {LK_APP_PROVISIONER, FILTER_ALL, CRUD},
    {LK_APP_ENV, ENVIRONMENTS_PRODUCTION, CRUD},
    {LK_APP_WORKFLOW, WORKFLOWS_TEMPLATES | WORKFLOWS_PRODUCTION, CRUD},
    {LK_APP_DEPLOYMENT, ENVIRONMENTS_PRODUCTION, ACTION(READ) | ACTION(EXECUTE_PIPELINE) | ACTION(EXECUTE_WORKFLOW)},
};

static const struct app_row non_production_apps[] = {
    {LK_APP_PIPELINE, PIPELINES_NON_PRODUCTION, CRUD},
    {LK_APP_SERVICE, FILTER_ALL, CRUD},
    {LK_APP_PROVISIONER, FILTER_ALL, CRUD},
    {LK_APP_ENV, ENVIRONMENTS_NON_PRODUCTION, CRUD},
    {LK_APP_WORKFLOW, WORKFLOWS_TEMPLATES | WORKFLOWS_NON_PRODUCTION, CRUD},
    {LK_APP_DEPLOYMENT, ENVIRONMENTS_NON_PRODUCTION, ACTION(READ) | ACTION(EXECUTE_PIPELINE) | ACTION(EXECUTE_WORKFLOW)},
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static int set_apps(struct lk_permissions *permissions, const struct app_row *rows, size_t len, struct lk_arena *arena) {
    permissions->apps = lk_arena_calloc(arena, len, sizeof(*permissions->apps));
    if (permissions->apps == NULL)
        return LK_ENOMEM;
    permissions->apps_len = len;
    for (size_t i = 0; i < len; i++) {
        permissions->apps[i].type = rows[i].type;
        permissions->apps[i].all_apps = true;
        permissions->apps[i].filter_types = rows[i].filter_types;
        permissions->apps[i].actions = rows[i].actions;
    }
    lk_permissions_normalise(permissions);
    return 0;
}

static int set_scopes(struct lk_permissions *permissions, bool operator_account, struct lk_arena *arena) {
    permissions->scopes.items = lk_arena_calloc(arena, 2, sizeof(struct lk_slice));
    if (permissions->scopes.items == NULL)
        return LK_ENOMEM;
    permissions->scopes.items[permissions->scopes.len++] = lk_slice_cstr("*");
    if (operator_account)
        permissions->scopes.items[permissions->scopes.len++] = lk_slice_cstr(LK_SCOPE_OPERATOR);
    return 0;
}

int lk_default_groups(bool operator_account, struct lk_arena *arena, struct lk_default_group ret[LK_DEFAULT_GROUPS]) {
    ret[0] =
        (struct lk_default_group){"Account Administrator", "May do everything in the account", {.account = LK_ACCOUNT_PERMISSIONS_ALL}};
    ret[1] = (struct lk_default_group){"Production Support", "Works on production, in all applications", {0}};
    ret[2] = (struct lk_default_group){"Non-Production Support", "Works on everything but production, in all applications", {0}};
    int code = set_scopes(&ret[0].permissions, operator_account, arena);
    if (code == 0)
        code = set_apps(&ret[0].permissions, administrator_apps, LENGTH(administrator_apps), arena);
    if (code == 0)
        code = set_apps(&ret[1].permissions, production_apps, LENGTH(production_apps), arena);
    if (code == 0)
        code = set_apps(&ret[2].permissions, non_production_apps, LENGTH(non_production_apps), arena);
    return code;
}
