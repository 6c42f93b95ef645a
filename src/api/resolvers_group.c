#include "api/graphql_context.h"
#include "api/resolvers.h"
#include "domain/user_group.h"

static const struct lk_user_group *group_of(const void *source) {
    return source;
}

static int query_user_group(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_user_group *group = LK_ARENA_NEW(call->arena, struct lk_user_group);
    int code = group == NULL ? LK_ENOMEM : lk_user_group_get(&lk_context(call)->call, lk_text_argument(call, "userGroupId"), group);
    return code == 0 ? lk_out_object(ret, group) : lk_fail(call, code);
}

static int query_user_group_by_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_user_group *group = LK_ARENA_NEW(call->arena, struct lk_user_group);
    int code = group == NULL ? LK_ENOMEM : lk_user_group_get_by_name(&lk_context(call)->call, lk_text_argument(call, "name"), group);
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

static int group_users(struct gql_call *call, const void *source, struct gql_out *ret) {
    struct lk_user *users;
    size_t len;
    struct lk_page_info info;
    int code = lk_user_group_users(&lk_context(call)->call, &group_of(source)->id, lk_page_argument(call), &users, &len, &info);
    return code == 0 ? lk_out_connection(call, ret, &info, users, len, sizeof(*users)) : lk_fail(call, code);
}

/* --- the link to a provider: source is the struct lk_sso_link --- */

static int group_sso_setting(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    const struct lk_sso_link *link = &group_of(source)->sso;
    if (link->kind == LK_SSO_NONE)
        return lk_out_object(ret, NULL);
    ret->type_name = link->kind == LK_SSO_LDAP ? "LDAPSettings" : "SAMLSettings";
    return lk_out_object(ret, link);
}

static int group_is_linked(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_bool(ret, group_of(source)->sso.kind != LK_SSO_NONE);
}

static int link_provider_id(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, ((const struct lk_sso_link *)source)->provider_id);
}

static int link_group_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, ((const struct lk_sso_link *)source)->group_name);
}

static int link_group_dn(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, ((const struct lk_sso_link *)source)->group_dn);
}

/* --- notifications: always an object, since clients look into it unasked --- */

static const struct lk_notifications *notifications_of(const void *source) {
    return source;
}

static int group_notifications(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct lk_notifications *notifications;
    int code = lk_user_group_notifications(&lk_context(call)->call, group_of(source), &notifications);
    return code == 0 ? lk_out_object(ret, notifications) : lk_fail(call, code);
}

static int notify_members(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return notifications_of(source)->members_given ? lk_out_bool(ret, notifications_of(source)->members) : 0;
}

static int notify_new_members(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return notifications_of(source)->new_members_given ? lk_out_bool(ret, notifications_of(source)->new_members) : 0;
}

static int notify_emails(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct lk_texts *emails = &notifications_of(source)->emails;
    return lk_out_texts(call, ret, emails->items, emails->len);
}

static int notify_slack(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_object(ret, notifications_of(source)->slack_given ? source : NULL);
}

static int notify_slack_channel(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, notifications_of(source)->slack_channel);
}

static int notify_slack_webhook(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, notifications_of(source)->slack_webhook);
}

static int notify_teams(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, notifications_of(source)->teams_webhook);
}

static int notify_pager_duty(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, notifications_of(source)->pager_duty_key);
}

static const struct gql_binding rows[] = {
    {"Query", "userGroup", query_user_group},
    {"Query", "userGroupByName", query_user_group_by_name},
    {"Query", "userGroups", query_user_groups},
    {"UserGroup", "id", group_id},
    {"UserGroup", "name", group_name},
    {"UserGroup", "description", group_description},
    {"UserGroup", "users", group_users},
    {"UserGroup", "ssoSetting", group_sso_setting},
    {"UserGroup", "importedByScim", lk_out_false},
    {"UserGroup", "isSSOLinked", group_is_linked},
    {"UserGroup", "notificationSettings", group_notifications},
    {"UserGroup", "permissions", group_permissions},
    {"LDAPSettings", "ssoProviderId", link_provider_id},
    {"LDAPSettings", "groupName", link_group_name},
    {"LDAPSettings", "groupDN", link_group_dn},
    {"SAMLSettings", "ssoProviderId", link_provider_id},
    {"SAMLSettings", "groupName", link_group_name},
    {"NotificationSettings", "sendNotificationToMembers", notify_members},
    {"NotificationSettings", "sendMailToNewMembers", notify_new_members},
    {"NotificationSettings", "groupEmailAddresses", notify_emails},
    {"NotificationSettings", "slackNotificationSetting", notify_slack},
    {"NotificationSettings", "microsoftTeamsWebhookUrl", notify_teams},
    {"NotificationSettings", "pagerDutyIntegrationKey", notify_pager_duty},
    {"SlackNotificationSetting", "slackChannelName", notify_slack_channel},
    {"SlackNotificationSetting", "slackWebhookURL", notify_slack_webhook},
    {"UserGroupConnection", "pageInfo", lk_connection_page_info},
    {"UserGroupConnection", "nodes", lk_connection_nodes},
};

struct lk_bindings lk_group_bindings(void) {
    return (struct lk_bindings){rows, sizeof(rows) / sizeof(rows[0])};
}
