#include "api/graphql_context.h"
#include "api/resolvers.h"
#include "domain/user_group.h"

static const struct lk_user_group *group_of(const void *source) {
    return source;
}

static int query_user_group(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_user_group *group = LK_ARENA_NEW(call->arena, struct lk_user_group);
    struct lk_slice id = gql_value_text(gql_argument(call, "userGroupId"));
    int code = group == NULL ? LK_ENOMEM : lk_user_group_get(&lk_context(call)->call, id, group);
    return code == 0 ? lk_out_object(ret, group) : lk_fail(call, code);
}

static int query_user_group_by_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_user_group *group = LK_ARENA_NEW(call->arena, struct lk_user_group);
    struct lk_slice name = gql_value_text(gql_argument(call, "name"));
    int code = group == NULL ? LK_ENOMEM : lk_user_group_get_by_name(&lk_context(call)->call, name, group);
    return code == 0 ? lk_out_object(ret, group) : lk_fail(call, code);
}

static int query_user_groups(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_user_group *groups;
    size_t len;
    struct lk_page_info info;
    int code = lk_user_group_list(&lk_context(call)->call, lk_page_argument(call), &groups, &len, &info);
    return code == 0 ? lk_out_connection(call, ret, &info, groups, len, sizeof(*groups)) : lk_fail(call, code);
}

static int group_id(struct gql_call *call, const void *source, struct gql_out *ret) {
    return lk_out_id(call, ret, &group_of(source)->id);
}

static int group_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, group_of(source)->name);
}

static int group_description(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, group_of(source)->description);
}

static int group_permissions(struct gql_call *call, const void *source, struct gql_out *ret) {
    struct lk_permissions *permissions = LK_ARENA_NEW(call->arena, struct lk_permissions);
    int code = permissions == NULL ? LK_ENOMEM : lk_user_group_permissions(&lk_context(call)->call, &group_of(source)->id, permissions);
    return code == 0 ? lk_out_object(ret, permissions) : lk_fail(call, code);
}

static const struct gql_binding rows[] = {
    {"Query", "userGroup", query_user_group},
    {"Query", "userGroupByName", query_user_group_by_name},
    {"Query", "userGroups", query_user_groups},
    {"UserGroup", "id", group_id},
    {"UserGroup", "name", group_name},
    {"UserGroup", "description", group_description},
    {"UserGroup", "permissions", group_permissions},
    {"UserGroupConnection", "pageInfo", lk_connection_page_info},
    {"UserGroupConnection", "nodes", lk_connection_nodes},
};

struct lk_bindings lk_group_bindings(void) {
    return (struct lk_bindings){rows, sizeof(rows) / sizeof(rows[0])};
}
