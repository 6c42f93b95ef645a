#include "api/graphql_context.h"
#include "api/resolvers.h"
#include "domain/permission.h"

/* The source of UserGroupPermissions and AccountPermissions is a struct lk_permissions; of ApplicationPermission and all its filters the struct
 * lk_app_permission they are part of. */

static const struct lk_permissions *permissions_of(const void *source) {
    return source;
}

static const struct lk_app_permission *app_permission_of(const void *source) {
    return source;
}

/* The names of the set bits of a mask, in the order of the bits. */
static int out_names(struct gql_call *call, struct gql_out *ret, uint32_t bits, unsigned count, const char *(*name)(unsigned)) {
    struct gql_out *list = lk_out_list(call, ret, (size_t)__builtin_popcount(bits));
    if (list == NULL)
        return LK_ENOMEM;
    for (unsigned bit = 0; bit < count; bit++) {
        if ((bits & (uint32_t)1 << bit) != 0)
            lk_out_cstr(list++, name(bit));
    }
    return 0;
}

static int permissions_apps(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct lk_permissions *permissions = permissions_of(source);
    return lk_out_objects(call, ret, permissions->apps, permissions->apps_len, sizeof(*permissions->apps));
}

static int permissions_scopes(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct lk_permissions *permissions = permissions_of(source);
    return lk_out_texts(call, ret, permissions->scopes.items, permissions->scopes.len);
}

static int account_types(struct gql_call *call, const void *source, struct gql_out *ret) {
    return out_names(call, ret, permissions_of(source)->account, LK_ACCOUNT_PERMISSIONS, lk_account_permission_name);
}

static int app_type(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_cstr(ret, lk_app_type_name(app_permission_of(source)->type));
}

static int app_actions(struct gql_call *call, const void *source, struct gql_out *ret) {
    return out_names(call, ret, app_permission_of(source)->actions, LK_ACTIONS, lk_action_name);
}

/* The filter of one type of permission; null on the others. */
static int out_filter(const void *source, enum lk_app_type type, struct gql_out *ret) {
    return lk_out_object(ret, app_permission_of(source)->type == type ? source : NULL);
}

static int app_services(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_filter(source, LK_APP_SERVICE, ret);
}

static int app_provisioners(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_filter(source, LK_APP_PROVISIONER, ret);
}

static int app_templates(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_filter(source, LK_APP_TEMPLATE, ret);
}

static int app_environments(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_filter(source, LK_APP_ENV, ret);
}

static int app_deployments(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_filter(source, LK_APP_DEPLOYMENT, ret);
}

static int app_workflows(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_filter(source, LK_APP_WORKFLOW, ret);
}

static int app_pipelines(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_filter(source, LK_APP_PIPELINE, ret);
}

static int applications_filter_type(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_cstr(ret, app_permission_of(source)->all_apps ? "ALL" : NULL);
}

static int applications_ids(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct lk_texts *ids = &app_permission_of(source)->app_ids;
    return lk_out_texts(call, ret, ids->items, ids->len);
}

/* services, provisioners and templates: the only filter type is ALL, bit 0. */
static int filter_type(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    const struct lk_app_permission *permission = app_permission_of(source);
    return lk_out_cstr(ret, permission->filter_types == 0 ? NULL : lk_filter_type_name(permission->type, 0));
}

static int filter_types(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct lk_app_permission *permission = app_permission_of(source);
    struct gql_out *list = lk_out_list(call, ret, (size_t)__builtin_popcount(permission->filter_types));
    if (list == NULL)
        return LK_ENOMEM;
    const char *name;
    for (unsigned bit = 0; (name = lk_filter_type_name(permission->type, bit)) != NULL; bit++) {
        if ((permission->filter_types & (uint32_t)1 << bit) != 0)
            lk_out_cstr(list++, name);
    }
    return 0;
}

static int filter_env_ids(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct lk_texts *ids = &app_permission_of(source)->env_ids;
    return lk_out_texts(call, ret, ids->items, ids->len);
}

static int filter_ids(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct lk_texts *ids = &app_permission_of(source)->ids;
    return lk_out_texts(call, ret, ids->items, ids->len);
}

static const struct gql_binding rows[] = {
    {"UserGroupPermissions", "accountPermissions", lk_out_same_source},
    {"UserGroupPermissions", "appPermissions", permissions_apps},
    {"UserGroupPermissions", "scopes", permissions_scopes},
    {"AccountPermissions", "accountPermissionTypes", account_types},
    {"ApplicationPermission", "permissionType", app_type},
    {"ApplicationPermission", "applications", lk_out_same_source},
    {"ApplicationPermission", "actions", app_actions},
    {"ApplicationPermission", "services", app_services},
    {"ApplicationPermission", "provisioners", app_provisioners},
    {"ApplicationPermission", "templates", app_templates},
    {"ApplicationPermission", "environments", app_environments},
    {"ApplicationPermission", "deployments", app_deployments},
    {"ApplicationPermission", "workflows", app_workflows},
    {"ApplicationPermission", "pipelines", app_pipelines},
    {"AppFilter", "filterType", applications_filter_type},
    {"AppFilter", "appIds", applications_ids},
    {"ServicePermissionFilter", "filterType", filter_type},
    {"ServicePermissionFilter", "serviceIds", filter_ids},
    {"ProvisionerPermissionFilter", "filterType", filter_type},
    {"ProvisionerPermissionFilter", "provisionerIds", filter_ids},
    {"TemplatePermissionFilter", "filterType", filter_type},
    {"TemplatePermissionFilter", "templateIds", filter_ids},
    {"EnvPermissionFilter", "filterTypes", filter_types},
    {"EnvPermissionFilter", "envIds", filter_env_ids},
    {"DeploymentPermissionFilter", "filterTypes", filter_types},
    {"DeploymentPermissionFilter", "envIds", filter_env_ids},
    {"WorkflowPermissionFilter", "filterTypes", filter_types},
    {"WorkflowPermissionFilter", "envIds", filter_env_ids},
    {"WorkflowPermissionFilter", "workflowIds", filter_ids},
    {"PipelinePermissionFilter", "filterTypes", filter_types},
    {"PipelinePermissionFilter", "envIds", filter_env_ids},
    {"PipelinePermissionFilter", "pipelineIds", filter_ids},
};

struct lk_bindings lk_permission_bindings(void) {
    return (struct lk_bindings){rows, sizeof(rows) / sizeof(rows[0])};
}
