/* The mutations on user groups. */
#include "api/errors.h"
#include "api/graphql_context.h"
#include "api/permission_input.h"
#include "api/resolvers.h"
#include "domain/user_group.h"

/* --- input --- */

static void read_sso_link(const struct gql_value *link, enum lk_sso_kind kind, struct lk_sso_link *ret) {
    ret->kind = kind;
    ret->provider_id = gql_value_text(gql_value_get(link, "ssoProviderId"));
    ret->group_name = gql_value_text(gql_value_get(link, "groupName"));
    ret->group_dn = gql_value_text(gql_value_get(link, "groupDN"));
}

static int read_sso_setting(struct gql_call *call, struct lk_user_group_input *ret) {
    const struct gql_value *setting = lk_input(call, "ssoSetting");
    const struct gql_value *ldap = gql_value_get(setting, "ldapSettings");
    const struct gql_value *saml = gql_value_get(setting, "samlSettings");
    ret->sso_given = setting != NULL;
    if (!gql_value_is_null(ldap) && !gql_value_is_null(saml))
        return gql_fail(call, LK_CODE_BAD_USER_INPUT, "ssoSetting must be either ldapSettings or samlSettings, not both");
    if (!gql_value_is_null(ldap))
        read_sso_link(ldap, LK_SSO_LDAP, &ret->sso);
    if (!gql_value_is_null(saml))
        read_sso_link(saml, LK_SSO_SAML, &ret->sso);
    return 0;
}

static void read_given_bool(const struct gql_value *value, bool *ret_given, bool *ret) {
    *ret_given = !gql_value_is_null(value);
    *ret = *ret_given && value->boolean;
}

static int read_notifications(struct gql_call *call, struct lk_user_group_input *ret) {
    const struct gql_value *settings = lk_input(call, "notificationSettings");
    struct lk_notifications *to = &ret->notifications;
    ret->notifications_given = settings != NULL;
    if (gql_value_is_null(settings))
        return 0;
    read_given_bool(gql_value_get(settings, "sendNotificationToMembers"), &to->members_given, &to->members);
    read_given_bool(gql_value_get(settings, "sendMailToNewMembers"), &to->new_members_given, &to->new_members);
    const struct gql_value *slack = gql_value_get(settings, "slackNotificationSetting");
    to->slack_given = !gql_value_is_null(slack);
    to->slack_channel = gql_value_text(gql_value_get(slack, "slackChannelName"));
    to->slack_webhook = gql_value_text(gql_value_get(slack, "slackWebhookURL"));
    to->teams_webhook = gql_value_text(gql_value_get(settings, "microsoftTeamsWebhookUrl"));
    to->pager_duty_key = gql_value_text(gql_value_get(settings, "pagerDutyIntegrationKey"));
    return lk_texts_value(call, gql_value_get(settings, "groupEmailAddresses"), &to->emails.items, &to->emails.len);
}

static int read_group_permissions(struct gql_call *call, struct lk_user_group_input *ret) {
    const struct gql_value *value = lk_input(call, "permissions");
    if (gql_value_is_null(value))
        return 0;
    struct lk_permissions *permissions = LK_ARENA_NEW(call->arena, struct lk_permissions);
    int code = permissions == NULL ? lk_fail(call, LK_ENOMEM) : lk_read_permissions(call, value, permissions);
    ret->permissions = permissions;
    return code;
}

static int read_group_input(struct gql_call *call, struct lk_user_group_input *ret) {
    ret->name = lk_input_text(call, "name");
    ret->name_given = ret->name.ptr != NULL;
    ret->description_given = lk_input(call, "description") != NULL;
    ret->description = lk_input_text(call, "description");

    const struct gql_value *users = lk_input(call, "userIds");
    struct lk_slice *ids = NULL;
    ret->users_given = users != NULL;
    int code = lk_texts_value(call, users, &ids, &ret->user_ids_len);
    ret->user_ids = ids;
    if (code == 0)
        code = read_sso_setting(call, ret);
    if (code == 0)
        code = read_notifications(call, ret);
    if (code == 0)
        code = read_group_permissions(call, ret);
    return code;
}

/* --- mutations --- */

static int create_user_group(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_user_group *group = LK_ARENA_NEW(call->arena, struct lk_user_group);
    if (group == NULL)
        return lk_fail(call, LK_ENOMEM);
    struct lk_user_group_input input;
    memset(&input, 0, sizeof(input));
    int code = read_group_input(call, &input);
    if (code != 0)
        return code;
    code = lk_user_group_create(&lk_context(call)->call, &input, group);
    return code == 0 ? lk_out_payload(call, ret, group) : lk_fail(call, code);
}

static int update_user_group(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_user_group *group = LK_ARENA_NEW(call->arena, struct lk_user_group);
    if (group == NULL)
        return lk_fail(call, LK_ENOMEM);
    struct lk_user_group_input input;
    memset(&input, 0, sizeof(input));
    int code = read_group_input(call, &input);
    if (code != 0)
        return code;
    code = lk_user_group_update(&lk_context(call)->call, lk_input_text(call, "userGroupId"), &input, group);
    return code == 0 ? lk_out_payload(call, ret, group) : lk_fail(call, code);
}

static int delete_user_group(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    int code = lk_user_group_delete(&lk_context(call)->call, lk_input_text(call, "userGroupId"));
    return code == 0 ? lk_out_payload(call, ret, NULL) : lk_fail(call, code);
}

static int update_permissions(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    if (gql_value_is_null(gql_argument(call, "input")))
        return gql_fail(call, LK_CODE_BAD_USER_INPUT, "input must not be null");
    struct lk_permissions *now = LK_ARENA_NEW(call->arena, struct lk_permissions);
    if (now == NULL)
        return lk_fail(call, LK_ENOMEM);
    struct lk_permissions wanted;
    int code = lk_read_permissions(call, lk_input(call, "permissions"), &wanted);
    if (code != 0)
        return code;
    code = lk_user_group_set_permissions(&lk_context(call)->call, lk_input_text(call, "userGroupId"), &wanted, now);
    return code == 0 ? lk_out_payload(call, ret, now) : lk_fail(call, code);
}

static int add_user(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_user_group *group = LK_ARENA_NEW(call->arena, struct lk_user_group);
    if (group == NULL)
        return lk_fail(call, LK_ENOMEM);
    int code = lk_user_group_add_user(&lk_context(call)->call, lk_input_text(call, "userGroupId"), lk_input_text(call, "userId"), group);
    return code == 0 ? lk_out_payload(call, ret, group) : lk_fail(call, code);
}

static int remove_user(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_user_group *group = LK_ARENA_NEW(call->arena, struct lk_user_group);
    if (group == NULL)
        return lk_fail(call, LK_ENOMEM);
    int code = lk_user_group_remove_user(&lk_context(call)->call, lk_input_text(call, "userGroupId"), lk_input_text(call, "userId"), group);
    return code == 0 ? lk_out_payload(call, ret, group) : lk_fail(call, code);
}

static int add_account_permission(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_slice name = lk_input_text(call, "accountPermission");
    if (name.ptr == NULL)
        return gql_fail(call, LK_CODE_BAD_USER_INPUT, "accountPermission must not be null");
    struct lk_user_group *group = LK_ARENA_NEW(call->arena, struct lk_user_group);
    if (group == NULL)
        return lk_fail(call, LK_ENOMEM);
    int permission = lk_account_permission_find(name);
    if (permission < 0)
        return lk_fail(call, LK_EINTERNAL);
    int code = lk_user_group_add_account_permission(&lk_context(call)->call, lk_input_text(call, "userGroupId"),
                                                    (enum lk_account_permission)permission, group);
    return code == 0 ? lk_out_payload(call, ret, group) : lk_fail(call, code);
}

static int add_app_permission(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    const struct gql_value *value = lk_input(call, "appPermission");
    if (gql_value_is_null(value))
        return gql_fail(call, LK_CODE_BAD_USER_INPUT, "appPermission must not be null");
    struct lk_user_group *group = LK_ARENA_NEW(call->arena, struct lk_user_group);
    if (group == NULL)
        return lk_fail(call, LK_ENOMEM);
    struct lk_app_permission permission;
    int code = lk_read_app_permission(call, value, &permission);
    if (code != 0)
        return code;
    code = lk_user_group_add_app_permission(&lk_context(call)->call, lk_input_text(call, "userGroupId"), &permission, group);
    return code == 0 ? lk_out_payload(call, ret, group) : lk_fail(call, code);
}

static const struct gql_binding rows[] = {
    {"Mutation", "createUserGroup", create_user_group},
    {"Mutation", "updateUserGroup", update_user_group},
    {"Mutation", "deleteUserGroup", delete_user_group},
    {"Mutation", "updateUserGroupPermissions", update_permissions},
    {"Mutation", "addUserToUserGroup", add_user},
    {"Mutation", "removeUserFromUserGroup", remove_user},
    {"Mutation", "addAccountPermission", add_account_permission},
    {"Mutation", "addAppPermission", add_app_permission},
    {"CreateUserGroupPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"CreateUserGroupPayload", "userGroup", lk_payload_object},
    {"UpdateUserGroupPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"UpdateUserGroupPayload", "userGroup", lk_payload_object},
    {"DeleteUserGroupPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"UpdateUserGroupPermissionsPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"UpdateUserGroupPermissionsPayload", "permissions", lk_payload_object},
    {"AddUserToUserGroupPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"AddUserToUserGroupPayload", "userGroup", lk_payload_object},
    {"RemoveUserFromUserGroupPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"RemoveUserFromUserGroupPayload", "userGroup", lk_payload_object},
    {"AddAccountPermissionPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"AddAccountPermissionPayload", "userGroup", lk_payload_object},
    {"AddAppPermissionPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"AddAppPermissionPayload", "userGroup", lk_payload_object},
};

struct lk_bindings lk_group_change_bindings(void) {
    return (struct lk_bindings){rows, sizeof(rows) / sizeof(rows[0])};
}
