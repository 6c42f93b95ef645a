/*
 * What a user group has beside its permissions: notification settings and what its link to an identity provider says. Stored as one JSON document:
 *     {"notifications":{...as NotificationSettings...},"sso":{"groupName":...,"groupDN":...}}
 * members that are not set are left out.
 */
#ifndef DOMAIN_GROUP_SETTINGS_H
#define DOMAIN_GROUP_SETTINGS_H

#include "domain/permission.h"

#define LK_GROUP_EMAILS_MAX 100
#define LK_SETTING_BYTES_MAX 2048

/* Texts with ptr NULL and booleans that are not given are null. */
struct lk_notifications {
    bool members_given; /* sendNotificationToMembers */
    bool members;
    bool new_members_given; /* sendMailToNewMembers */
    bool new_members;
    struct lk_texts emails; /* groupEmailAddresses */
    bool slack_given;       /* slackNotificationSetting is an object */
    struct lk_slice slack_channel;
    struct lk_slice slack_webhook;
    struct lk_slice teams_webhook; /* microsoftTeamsWebhookUrl */
    struct lk_slice pager_duty_key;
};

enum lk_sso_kind { LK_SSO_NONE, LK_SSO_LDAP, LK_SSO_SAML };

/* The link of a group to a provider. */
struct lk_sso_link {
    enum lk_sso_kind kind;
    struct lk_slice provider_id; /* as text */
    struct lk_slice group_name;
    struct lk_slice group_dn; /* LDAP only */
};

struct lk_call;

/* The rules for both (LK_EINVAL); whether the provider exists is not asked. */
int lk_notifications_check(struct lk_call *call, const struct lk_notifications *notifications);
int lk_sso_link_check(struct lk_call *call, const struct lk_sso_link *link);

/* The stored document, in the arena. With for_audit, addresses and keys that let one post messages are replaced by "(set)". */
int lk_group_settings_write(struct lk_call *call, const struct lk_notifications *notifications, const struct lk_sso_link *link,
                            bool for_audit, struct lk_slice *ret);

/* Reads it; link gets group_name and group_dn only. LK_ECORRUPT, LK_ENOMEM (problem set). */
int lk_group_settings_read(struct lk_call *call, struct lk_slice document, struct lk_notifications *ret, struct lk_sso_link *ret_link);

#endif
