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

#endif
