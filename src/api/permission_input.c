#include "api/permission_input.h"

#include "api/errors.h"
#include "api/graphql_context.h"

/* The filter type that says what ids say without it. */
#define SELECTED "SELECTED"

static int refuse_null(struct gql_call *call, const char *list) {
    return gql_fail(call, LK_CODE_BAD_USER_INPUT, "%s must not hold null", list);
}

/* The bits that a list of enum values names; find turns a name into a bit's number. */
static int read_bits(struct gql_call *call, const struct gql_value *list, const char *name, int (*find)(struct lk_slice), uint32_t *ret) {
    uint32_t bits = 0;
    for (size_t i = 0; !gql_value_is_null(list) && i < list->list.len; i++) {
        const struct gql_value *item = &list->list.items[i];
        if (gql_value_is_null(item))
            return refuse_null(call, name);
        int bit = find(gql_value_text(item));
        if (bit < 0)
            return lk_fail(call, LK_EINTERNAL); /* the schema's enum and the domain's differ */
        bits |= (uint32_t)1 << bit;
    }
    *ret = bits;
    return 0;
}

static int read_ids(struct gql_call *call, const struct gql_value *list, const char *name, struct lk_texts *ret) {
    struct lk_slice *items = NULL;
    size_t len = 0;
    int code = lk_texts_value(call, list, &items, &len);
    if (code != 0)
        return code;
    for (size_t i = 0; i < len; i++) {
        if (items[i].ptr == NULL)
            return refuse_null(call, name);
    }
    *ret = (struct lk_texts){items, len};
    return 0;
}

/* --- the filters --- */

/* How the filter of each type of permission spells its members; NULL where it has none. */
static const struct filter_shape {
    const char *filter;
    const char *ids;
    bool one_type; /* filterType instead of filterTypes */
    bool env_ids;
} filter_shapes[LK_APP_TYPES] = {
    [LK_APP_ENV] = {"environments", NULL, false, true},
    [LK_APP_SERVICE] = {"services", "serviceIds", true, false},
    [LK_APP_WORKFLOW] = {"workflows", "workflowIds", false, true},
    [LK_APP_PIPELINE] = {"pipelines", "pipelineIds", false, true},
    [LK_APP_DEPLOYMENT] = {"deployments", NULL, false, true},
    [LK_APP_PROVISIONER] = {"provisioners", "provisionerIds", true, false},
    [LK_APP_TEMPLATE] = {"templates", "templateIds", true, false},
};

static int add_filter_type(struct gql_call *call, enum lk_app_type type, const struct gql_value *name, uint32_t *bits) {
    if (gql_value_is_null(name))
        return refuse_null(call, "filterTypes");
    int bit = lk_filter_type_find(type, gql_value_text(name));
    if (bit < 0)
        return lk_fail(call, LK_EINTERNAL);
    *bits |= (uint32_t)1 << bit;
    return 0;
}

static int read_filter_types(struct gql_call *call, const struct filter_shape *shape, const struct gql_value *filter,
                             struct lk_app_permission *ret) {
    const struct gql_value *types = gql_value_get(filter, shape->one_type ? "filterType" : "filterTypes");
    if (gql_value_is_null(types))
        return 0;
    if (shape->one_type && lk_slice_is(gql_value_text(types), SELECTED))
        return gql_fail(call, LK_CODE_BAD_USER_INPUT, "filterType of %s can only be ALL; ids are given without it", shape->filter);
    if (shape->one_type)
        return add_filter_type(call, ret->type, types, &ret->filter_types);
    int code = 0;
    for (size_t i = 0; i < types->list.len && code == 0; i++)
        code = add_filter_type(call, ret->type, &types->list.items[i], &ret->filter_types);
    return code;
}

static int read_filter(struct gql_call *call, const struct filter_shape *shape, const struct gql_value *filter,
                       struct lk_app_permission *ret) {
    int code = read_filter_types(call, shape, filter, ret);
    if (code == 0 && shape->env_ids)
        code = read_ids(call, gql_value_get(filter, "envIds"), "envIds", &ret->env_ids);
    if (code == 0 && shape->ids != NULL)
        code = read_ids(call, gql_value_get(filter, shape->ids), shape->ids, &ret->ids);
    return code;
}

/* The filter that belongs to the permission's type is read; of the others only that they were given, for the domain to refuse. */
static int read_filters(struct gql_call *call, const struct gql_value *value, struct lk_app_permission *ret) {
    for (unsigned type = 0; type < LK_APP_TYPES; type++) {
        const struct filter_shape *shape = &filter_shapes[type];
        const struct gql_value *filter = shape->filter == NULL ? NULL : gql_value_get(value, shape->filter);
        if (gql_value_is_null(filter))
            continue;
        ret->filters_given |= (uint32_t)1 << type;
        int code = type == ret->type ? read_filter(call, shape, filter, ret) : 0;
        if (code != 0)
            return code;
    }
    return 0;
}

int lk_read_app_permission(struct gql_call *call, const struct gql_value *value, struct lk_app_permission *ret) {
    struct lk_app_permission permission;
    memset(&permission, 0, sizeof(permission));
    int type = lk_app_type_find(gql_value_text(gql_value_get(value, "permissionType")));
    if (type < 0)
        return lk_fail(call, LK_EINTERNAL);
    permission.type = (enum lk_app_type)type;
    const struct gql_value *applications = gql_value_get(value, "applications");
    struct lk_slice filter = gql_value_text(gql_value_get(applications, "filterType"));
    permission.all_apps = filter.ptr != NULL && !lk_slice_is(filter, SELECTED);
    int code = read_ids(call, gql_value_get(applications, "appIds"), "appIds", &permission.app_ids);
    if (code == 0)
        code = read_bits(call, gql_value_get(value, "actions"), "actions", lk_action_find, &permission.actions);
    if (code == 0)
        code = read_filters(call, value, &permission);
    if (code == 0)
        *ret = permission;
    return code;
}

static int read_app_permissions(struct gql_call *call, const struct gql_value *list, struct lk_permissions *ret) {
    if (gql_value_is_null(list) || list->list.len == 0)
        return 0;
    struct lk_app_permission *apps = lk_arena_calloc(call->arena, list->list.len, sizeof(*apps));
    if (apps == NULL)
        return lk_fail(call, LK_ENOMEM);
    for (size_t i = 0; i < list->list.len; i++) {
        const struct gql_value *item = &list->list.items[i];
        int code = gql_value_is_null(item) ? refuse_null(call, "appPermissions") : lk_read_app_permission(call, item, &apps[i]);
        if (code != 0)
            return code;
    }
    ret->apps = apps;
    ret->apps_len = list->list.len;
    return 0;
}

int lk_read_permissions(struct gql_call *call, const struct gql_value *value, struct lk_permissions *ret) {
    struct lk_permissions permissions;
    memset(&permissions, 0, sizeof(permissions));
    const struct gql_value *types = gql_value_get(gql_value_get(value, "accountPermissions"), "accountPermissionTypes");
    int code = read_bits(call, types, "accountPermissionTypes", lk_account_permission_find, &permissions.account);
    if (code == 0)
        code = read_ids(call, gql_value_get(value, "scopes"), "scopes", &permissions.scopes);
    if (code == 0)
        code = read_app_permissions(call, gql_value_get(value, "appPermissions"), &permissions);
    if (code == 0)
        *ret = permissions;
    return code;
}
