#include "domain/group_settings.h"

#include "base/json_read.h"
#include "domain/email.h"
#include "domain/rules.h"

static int check_setting(struct lk_call *call, const char *what, struct lk_slice text) {
    return lk_check_text(call, what, text, LK_SETTING_BYTES_MAX);
}

int lk_notifications_check(struct lk_call *call, const struct lk_notifications *notifications) {
    if (notifications->emails.len > LK_GROUP_EMAILS_MAX)
        return lk_problem_set(call->problem, LK_EINVAL, "Too many groupEmailAddresses: %zu, and at most %d are allowed",
                              notifications->emails.len, LK_GROUP_EMAILS_MAX);
    for (size_t i = 0; i < notifications->emails.len; i++) {
        int code = lk_email_check(call, notifications->emails.items[i]); /* nobody is found by it: it stays as it was written */
        if (code != 0)
            return code;
    }
    int code = check_setting(call, "slackChannelName", notifications->slack_channel);
    if (code == 0)
        code = check_setting(call, "slackWebhookURL", notifications->slack_webhook);
    if (code == 0)
        code = check_setting(call, "microsoftTeamsWebhookUrl", notifications->teams_webhook);
    if (code == 0)
        code = check_setting(call, "pagerDutyIntegrationKey", notifications->pager_duty_key);
    return code;
}

int lk_sso_link_check(struct lk_call *call, const struct lk_sso_link *link) {
    if (link->kind == LK_SSO_NONE)
        return 0;
    int code = lk_check_name(call, "groupName", link->group_name);
    if (code == 0 && link->kind == LK_SSO_LDAP)
        code = check_setting(call, "groupDN", link->group_dn);
    if (code == 0 && link->kind == LK_SSO_LDAP && link->group_dn.len == 0)
        code = lk_problem_set(call->problem, LK_EINVAL, "Invalid groupDN: it must not be blank");
    return code;
}

static void write_text(struct lk_json_writer *w, const char *name, struct lk_slice text) {
    if (text.ptr == NULL)
        return;
    lk_json_key(w, name);
    lk_json_string(w, text);
}

static void write_secret(struct lk_json_writer *w, const char *name, struct lk_slice text, bool for_audit) {
    write_text(w, name, for_audit && text.len > 0 ? lk_slice_cstr("(set)") : text);
}

static void write_bool(struct lk_json_writer *w, const char *name, bool given, bool value) {
    if (!given)
        return;
    lk_json_key(w, name);
    lk_json_bool(w, value);
}

static void write_notifications(struct lk_json_writer *w, const struct lk_notifications *n, bool for_audit) {
    lk_json_begin_object(w);
    write_bool(w, "sendNotificationToMembers", n->members_given, n->members);
    write_bool(w, "sendMailToNewMembers", n->new_members_given, n->new_members);
    if (n->emails.len > 0) {
        lk_json_key(w, "groupEmailAddresses");
        lk_json_begin_array(w);
        for (size_t i = 0; i < n->emails.len; i++)
            lk_json_string(w, n->emails.items[i]);
        lk_json_end_array(w);
    }
    if (n->slack_given) {
        lk_json_key(w, "slackNotificationSetting");
        lk_json_begin_object(w);
        write_text(w, "slackChannelName", n->slack_channel);
        write_secret(w, "slackWebhookURL", n->slack_webhook, for_audit);
        lk_json_end_object(w);
    }
    write_secret(w, "microsoftTeamsWebhookUrl", n->teams_webhook, for_audit);
    write_secret(w, "pagerDutyIntegrationKey", n->pager_duty_key, for_audit);
    lk_json_end_object(w);
}

int lk_group_settings_write(struct lk_call *call, const struct lk_notifications *notifications, const struct lk_sso_link *link,
                            bool for_audit, struct lk_slice *ret) {
    struct lk_buf document = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &document);
    lk_json_begin_object(&w);
    lk_json_key(&w, "notifications");
    write_notifications(&w, notifications, for_audit);
    if (link->kind != LK_SSO_NONE) {
        lk_json_key(&w, "sso");
        lk_json_begin_object(&w);
        write_text(&w, "groupName", link->group_name);
        if (link->kind == LK_SSO_LDAP)
            write_text(&w, "groupDN", link->group_dn);
        lk_json_end_object(&w);
    }
    lk_json_end_object(&w);
    return lk_take_document(call, &document, ret);
}

static void read_bool(const struct lk_json *object, const char *name, bool *ret_given, bool *ret) {
    const struct lk_json *value = lk_json_get(object, name);
    *ret_given = value != NULL && value->type == LK_JSON_BOOL;
    *ret = *ret_given && value->boolean;
}

/* ptr NULL when the member is not there. */
static struct lk_slice read_text(const struct lk_json *object, const char *name) {
    const struct lk_json *value = lk_json_get(object, name);
    return value == NULL ? lk_slice_make(NULL, 0) : lk_json_text(value);
}

static int read_emails(struct lk_call *call, const struct lk_json *notifications, struct lk_texts *ret) {
    const struct lk_json *emails = lk_json_get(notifications, "groupEmailAddresses");
    size_t len = emails == NULL || emails->type != LK_JSON_ARRAY ? 0 : emails->array.len;
    struct lk_slice *items = lk_arena_calloc(call->arena, len, sizeof(*items));
    if (items == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < len; i++)
        items[i] = lk_json_text(&emails->array.items[i]);
    *ret = (struct lk_texts){items, len};
    return 0;
}

int lk_group_settings_read(struct lk_call *call, struct lk_slice document, struct lk_notifications *ret, struct lk_sso_link *ret_link) {
    struct lk_json *json;
    int code = lk_json_parse(document, call->arena, &json, NULL);
    if (code != 0 || json->type != LK_JSON_OBJECT)
        return lk_fail_store(call, code == LK_ENOMEM ? code : LK_ECORRUPT);
    const struct lk_json *notifications = lk_json_get(json, "notifications");
    struct lk_notifications n = {0};
    read_bool(notifications, "sendNotificationToMembers", &n.members_given, &n.members);
    read_bool(notifications, "sendMailToNewMembers", &n.new_members_given, &n.new_members);
    const struct lk_json *slack = lk_json_get(notifications, "slackNotificationSetting");
    n.slack_given = slack != NULL;
    n.slack_channel = read_text(slack, "slackChannelName");
    n.slack_webhook = read_text(slack, "slackWebhookURL");
    n.teams_webhook = read_text(notifications, "microsoftTeamsWebhookUrl");
    n.pager_duty_key = read_text(notifications, "pagerDutyIntegrationKey");
    code = read_emails(call, notifications, &n.emails);
    if (code != 0)
        return code;
    const struct lk_json *sso = lk_json_get(json, "sso");
    *ret = n;
    *ret_link = (struct lk_sso_link){.group_name = read_text(sso, "groupName"), .group_dn = read_text(sso, "groupDN")};
    return 0;
}
