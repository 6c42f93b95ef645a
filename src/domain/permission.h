/*
 * Permission sets: what a group gives, and what a key or user has by the union over its groups.
 *
 * Three parts: account permissions (a bit each), scopes (names of the operator's own making, where `invoices.*` gives every scope that begins
 * with `invoices.` and `*` every scope but `latchkey.operator`), and application permissions. Nothing here touches the database.
 *
 * The stored form is a JSON document, canonical (one set has one text):
 *     {"account":["MANAGE_API_KEYS"],"scopes":["invoices.*"],
 *      "apps":[{"type":"ENV","apps":"ALL","actions":["READ"],"filterTypes":["PRODUCTION_ENVIRONMENTS"],"envIds":[...],"ids":[...]}]}
 */
#ifndef DOMAIN_PERMISSION_H
#define DOMAIN_PERMISSION_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json_write.h"
#include "base/scope.h"

#include <stdint.h>

/* AccountPermissionType, in the order of the reference; the value is the bit's number. */
enum lk_account_permission {
    LK_CREATE_AND_DELETE_APPLICATION,
    LK_READ_USERS_AND_GROUPS,
    LK_MANAGE_USERS_AND_GROUPS,
    LK_MANAGE_TEMPLATE_LIBRARY,
    LK_ADMINISTER_OTHER_ACCOUNT_FUNCTIONS,
    LK_VIEW_AUDITS,
    LK_MANAGE_TAGS,
    LK_MANAGE_ACCOUNT_DEFAULTS,
    LK_ADMINISTER_CE,
    LK_VIEW_CE,
    LK_MANAGE_CLOUD_PROVIDERS,
    LK_MANAGE_CONNECTORS,
    LK_MANAGE_APPLICATION_STACKS,
    LK_MANAGE_DELEGATES,
    LK_MANAGE_ALERT_NOTIFICATION_RULES,
    LK_MANAGE_DELEGATE_PROFILES,
    LK_MANAGE_CONFIG_AS_CODE,
    LK_MANAGE_SECRETS,
    LK_MANAGE_SECRET_MANAGERS,
    LK_MANAGE_AUTHENTICATION_SETTINGS,
    LK_MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS,
    LK_VIEW_USER_AND_USER_GROUPS_AND_API_KEYS,
    LK_MANAGE_IP_WHITELIST,
    LK_MANAGE_DEPLOYMENT_FREEZES,
    LK_ALLOW_DEPLOYMENTS_DURING_FREEZE,
    LK_MANAGE_PIPELINE_GOVERNANCE_STANDARDS,
    LK_MANAGE_API_KEYS,
    LK_CREATE_CUSTOM_DASHBOARDS,
    LK_MANAGE_CUSTOM_DASHBOARDS,
    LK_MANAGE_SSH_AND_WINRM,
    LK_MANAGE_RESTRICTED_ACCESS,
    LK_ACCOUNT_PERMISSIONS /* how many */
};

#define LK_ACCOUNT_PERMISSION_BIT(permission) ((uint32_t)1 << (permission))
#define LK_ACCOUNT_PERMISSIONS_ALL (((uint32_t)1 << LK_ACCOUNT_PERMISSIONS) - 1)

/* AppPermissionType. */
enum lk_app_type {
    LK_APP_ALL,
    LK_APP_ENV,
    LK_APP_SERVICE,
    LK_APP_WORKFLOW,
    LK_APP_PIPELINE,
    LK_APP_DEPLOYMENT,
    LK_APP_PROVISIONER,
    LK_APP_TEMPLATE,
    LK_APP_TYPES /* how many */
};

/* Actions; the value is the bit's number. */
enum lk_action {
    LK_ACTION_CREATE,
    LK_ACTION_READ,
    LK_ACTION_UPDATE,
    LK_ACTION_DELETE,
    LK_ACTION_EXECUTE,
    LK_ACTION_EXECUTE_WORKFLOW,
    LK_ACTION_EXECUTE_PIPELINE,
    LK_ACTION_ROLLBACK_WORKFLOW,
    LK_ACTION_ABORT_WORKFLOW,
    LK_ACTIONS /* how many */
};

/* Names as the GraphQL enums spell them; static; NULL outside the range. */
const char *lk_account_permission_name(unsigned permission);
const char *lk_app_type_name(unsigned type);
const char *lk_action_name(unsigned action);

/* The name of bit number `bit` of a filter of this type ("PRODUCTION_ENVIRONMENTS"; "ALL" for services, provisioners and templates), or NULL past the last. */
const char *lk_filter_type_name(enum lk_app_type type, unsigned bit);

/* The inverses: the number, or LK_EINVAL for a name that is none. */
int lk_account_permission_find(struct lk_slice name);
int lk_app_type_find(struct lk_slice name);
int lk_action_find(struct lk_slice name);
int lk_filter_type_find(enum lk_app_type type, struct lk_slice name);

struct lk_texts {
    struct lk_slice *items;
    size_t len;
};

/* One application permission. From a client it is as given; after lk_permissions_normalise its lists are sorted and without duplicates. */
struct lk_app_permission {
    enum lk_app_type type;
    uint32_t actions;        /* bits of enum lk_action */
    bool all_apps;           /* applications {filterType: ALL} */
    struct lk_texts app_ids; /* applications {appIds} */
    uint32_t filters_given;  /* bit per lk_app_type: filters that the client gave (services, envs, ...); only that of `type` may be */
    uint32_t filter_types;   /* of the filter that belongs to type: bits as lk_filter_type_name numbers them */
    struct lk_texts env_ids; /* its envIds (environments, deployments, workflows, pipelines) */
    struct lk_texts ids;     /* its serviceIds, provisionerIds, templateIds, workflowIds or pipelineIds */
};

struct lk_permissions {
    uint32_t account; /* bits of enum lk_account_permission */
    struct lk_texts scopes;
    struct lk_app_permission *apps;
    size_t apps_len;
};

/* Limits of one group's set; the document holds at most LK_PERMISSIONS_BYTES_MAX bytes. */
#define LK_SCOPES_MAX 500
#define LK_APP_PERMISSIONS_MAX 200
#define LK_FILTER_IDS_MAX 500
#define LK_FILTER_ID_BYTES_MAX 64
#define LK_PERMISSIONS_BYTES_MAX 65536

/* The scope that makes an operator (accounts are created and deleted with it). No wildcard covers it. */
#define LK_SCOPE_OPERATOR "latchkey.operator"

/* The rules of the reference, each with its own sentence (LK_EINVAL). Does not know which ids exist.
 *
 * A scope is made of letters, digits and `._-:/`, may end in `.*` or be `*`, and is no word that a permission expression reads otherwise: AND, OR,
 * NOT, an account permission, anything that begins with `app:`. It holds no API key. */
int lk_permissions_validate(const struct lk_permissions *permissions, struct lk_problem *problem);

/* Sorts and removes duplicates, in place (the lists must be writable). Application permissions that differ in their actions only stay apart: clients
 * compare what they read with what they have set. */
void lk_permissions_normalise(struct lk_permissions *permissions);

/* Whether a set holds an account permission, by itself or through one that covers it: MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS covers
 * MANAGE_API_KEYS, MANAGE_USERS_AND_GROUPS, READ_USERS_AND_GROUPS and VIEW_USER_AND_USER_GROUPS_AND_API_KEYS. */
bool lk_permissions_hold(const struct lk_permissions *permissions, enum lk_account_permission permission);

/* Whether a granted scope (which may end in a wildcard) covers a wanted one (which may too). */
bool lk_scope_covers(struct lk_slice granted, struct lk_slice wanted);
bool lk_permissions_hold_scope(const struct lk_permissions *permissions, struct lk_slice scope);

/* account bits with those that they cover added. */
uint32_t lk_account_permissions_expand(uint32_t bits);

/* The grant rule: whether everything in `wanted` follows from `held`, or is in `existing` (NULL: nothing), which is there already; all normalised. Conservative with application permissions: it says no unless
 * each action of each wanted one is given whole by one held permission, and when comparing would take too long. All that Account Administrator
 * holds on an application (type ALL, CREATE READ UPDATE DELETE EXECUTE_WORKFLOW EXECUTE_PIPELINE) covers the other actions there, when it is held. On no, what (may be NULL) is set
 * to the name of the first thing that is missing: text that lives as long as wanted. */
bool lk_permissions_cover(const struct lk_permissions *held, const struct lk_permissions *existing, const struct lk_permissions *wanted,
                          struct lk_slice *what);

/* Whether its filter reaches everything of its type in its applications. (An ALL permission has no filter.) */
bool lk_app_permission_is_whole(const struct lk_app_permission *permission);

/* The union of normalised sets, in which application permissions that differ in their actions only are one. Its lists are in the arena or, of a single
 * set, that set's own: not to be changed. Its texts are those of the sets. LK_ENOMEM. */
int lk_permissions_union(const struct lk_permissions *sets, size_t sets_len, struct lk_arena *arena, struct lk_permissions *ret);

/* The canonical document of a normalised set, as one JSON value. */
void lk_permissions_write(const struct lk_permissions *permissions, struct lk_json_writer *w);

/* Reads it back into the arena. LK_ECORRUPT when it is not one of ours; LK_ENOMEM. */
int lk_permissions_read(struct lk_slice document, struct lk_arena *arena, struct lk_permissions *ret);

#endif
