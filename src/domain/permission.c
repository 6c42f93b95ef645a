#include "domain/permission.h"

static const char *const account_names[LK_ACCOUNT_PERMISSIONS] = {
    "CREATE_AND_DELETE_APPLICATION",
    "READ_USERS_AND_GROUPS",
    "MANAGE_USERS_AND_GROUPS",
    "MANAGE_TEMPLATE_LIBRARY",
    "ADMINISTER_OTHER_ACCOUNT_FUNCTIONS",
    "VIEW_AUDITS",
    "MANAGE_TAGS",
    "MANAGE_ACCOUNT_DEFAULTS",
    "ADMINISTER_CE",
    "VIEW_CE",
    "MANAGE_CLOUD_PROVIDERS",
    "MANAGE_CONNECTORS",
    "MANAGE_APPLICATION_STACKS",
    "MANAGE_DELEGATES",
    "MANAGE_ALERT_NOTIFICATION_RULES",
    "MANAGE_DELEGATE_PROFILES",
    "MANAGE_CONFIG_AS_CODE",
    "MANAGE_SECRETS",
    "MANAGE_SECRET_MANAGERS",
    "MANAGE_AUTHENTICATION_SETTINGS",
    "MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS",
    "VIEW_USER_AND_USER_GROUPS_AND_API_KEYS",
    "MANAGE_IP_WHITELIST",
    "MANAGE_DEPLOYMENT_FREEZES",
    "ALLOW_DEPLOYMENTS_DURING_FREEZE",
    "MANAGE_PIPELINE_GOVERNANCE_STANDARDS",
    "MANAGE_API_KEYS",
    "CREATE_CUSTOM_DASHBOARDS",
    "MANAGE_CUSTOM_DASHBOARDS",
    "MANAGE_SSH_AND_WINRM",
    "MANAGE_RESTRICTED_ACCESS",
};

static const char *const app_type_names[LK_APP_TYPES] = {"ALL",      "ENV",        "SERVICE",     "WORKFLOW",
                                                         "PIPELINE", "DEPLOYMENT", "PROVISIONER", "TEMPLATE"};

static const char *const action_names[LK_ACTIONS] = {
    "CREATE", "READ", "UPDATE", "DELETE", "EXECUTE", "EXECUTE_WORKFLOW", "EXECUTE_PIPELINE", "ROLLBACK_WORKFLOW", "ABORT_WORKFLOW",
};

#define FILTER_TYPES_MAX 4

static const char *const filter_names[LK_APP_TYPES][FILTER_TYPES_MAX] = {
    [LK_APP_ENV] = {"PRODUCTION_ENVIRONMENTS", "NON_PRODUCTION_ENVIRONMENTS"},
    [LK_APP_SERVICE] = {"ALL"},
    [LK_APP_WORKFLOW] = {"PRODUCTION_WORKFLOWS", "NON_PRODUCTION_WORKFLOWS", "WORKFLOW_TEMPLATES", "ALL_WORKFLOWS"},
    [LK_APP_PIPELINE] = {"PRODUCTION_PIPELINES", "NON_PRODUCTION_PIPELINES", "ALL_PIPELINES"},
    [LK_APP_DEPLOYMENT] = {"PRODUCTION_ENVIRONMENTS", "NON_PRODUCTION_ENVIRONMENTS"},
    [LK_APP_PROVISIONER] = {"ALL"},
    [LK_APP_TEMPLATE] = {"ALL"},
};

/* Filter types of which any one set, wholly held, reaches everything of the type: the word for all, or both kinds of environment. */
static const uint32_t filter_everything[LK_APP_TYPES] = {
    [LK_APP_ENV] = 3,        [LK_APP_SERVICE] = 1,     [LK_APP_WORKFLOW] = 8, [LK_APP_PIPELINE] = 4,
    [LK_APP_DEPLOYMENT] = 3, [LK_APP_PROVISIONER] = 1, [LK_APP_TEMPLATE] = 1,
};

static const char *name_at(const char *const *names, size_t len, unsigned index) {
    return index < len ? names[index] : NULL;
}

static int find_name(const char *const *names, size_t len, struct lk_slice name) {
    for (size_t i = 0; i < len; i++) {
        if (names[i] != NULL && lk_slice_is(name, names[i]))
            return (int)i;
    }
    return LK_EINVAL;
}

const char *lk_account_permission_name(unsigned permission) {
    return name_at(account_names, LK_ACCOUNT_PERMISSIONS, permission);
}

const char *lk_app_type_name(unsigned type) {
    return name_at(app_type_names, LK_APP_TYPES, type);
}

const char *lk_action_name(unsigned action) {
    return name_at(action_names, LK_ACTIONS, action);
}

const char *lk_filter_type_name(enum lk_app_type type, unsigned bit) {
    return name_at(filter_names[type], FILTER_TYPES_MAX, bit);
}

int lk_account_permission_find(struct lk_slice name) {
    return find_name(account_names, LK_ACCOUNT_PERMISSIONS, name);
}

int lk_app_type_find(struct lk_slice name) {
    return find_name(app_type_names, LK_APP_TYPES, name);
}

int lk_action_find(struct lk_slice name) {
    return find_name(action_names, LK_ACTIONS, name);
}

int lk_filter_type_find(enum lk_app_type type, struct lk_slice name) {
    return find_name(filter_names[type], FILTER_TYPES_MAX, name);
}

uint32_t lk_account_permissions_expand(uint32_t bits) {
    if ((bits & LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS)) != 0)
        bits |= LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_API_KEYS) | LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_USERS_AND_GROUPS) |
                LK_ACCOUNT_PERMISSION_BIT(LK_READ_USERS_AND_GROUPS) | LK_ACCOUNT_PERMISSION_BIT(LK_VIEW_USER_AND_USER_GROUPS_AND_API_KEYS);
    return bits;
}

bool lk_permissions_hold(const struct lk_permissions *permissions, enum lk_account_permission permission) {
    return (lk_account_permissions_expand(permissions->account) & LK_ACCOUNT_PERMISSION_BIT(permission)) != 0;
}

bool lk_scope_covers(struct lk_slice granted, struct lk_slice wanted) {
    if (lk_slice_equal(granted, wanted))
        return true;
    if (granted.len == 0 || granted.ptr[granted.len - 1] != '*' || lk_slice_is(wanted, LK_SCOPE_OPERATOR))
        return false;
    struct lk_slice stem = lk_slice_make(granted.ptr, granted.len - 1); /* "invoices." or nothing */
    return wanted.len > stem.len && (stem.len == 0 || memcmp(wanted.ptr, stem.ptr, stem.len) == 0);
}

bool lk_permissions_hold_scope(const struct lk_permissions *permissions, struct lk_slice scope) {
    for (size_t i = 0; i < permissions->scopes.len; i++) {
        if (lk_scope_covers(permissions->scopes.items[i], scope))
            return true;
    }
    return false;
}

/* Comparisons that one question may still take: a client chooses the sizes of both sides, so their product must not decide how long the store
 * thread works. When none are left the answer is no, which is always safe here. */
#define COVER_STEPS_MAX ((size_t)4000000)

struct budget {
    size_t steps;
};

static bool spend(struct budget *budget, size_t steps) {
    if (budget->steps < steps) {
        budget->steps = 0;
        return false;
    }
    budget->steps -= steps;
    return true;
}

/* Whether sorted list a contains all of sorted list b. */
static bool contains_all(const struct lk_texts *a, const struct lk_texts *b, struct budget *budget) {
    if (b->len > a->len || !spend(budget, a->len + b->len))
        return false;
    size_t i = 0;
    for (size_t j = 0; j < b->len; j++) {
        while (i < a->len && lk_slice_compare(a->items[i], b->items[j]) < 0)
            i++;
        if (i == a->len || !lk_slice_equal(a->items[i], b->items[j]))
            return false;
    }
    return true;
}

bool lk_app_permission_is_whole(const struct lk_app_permission *permission) {
    uint32_t everything = filter_everything[permission->type];
    return (permission->filter_types & everything) == everything;
}

static bool filter_reaches(const struct lk_app_permission *held, const struct lk_app_permission *wanted, struct budget *budget) {
    if (lk_app_permission_is_whole(held))
        return true;
    return (wanted->filter_types & ~held->filter_types) == 0 && contains_all(&held->env_ids, &wanted->env_ids, budget) &&
           contains_all(&held->ids, &wanted->ids, budget);
}

static bool reaches(const struct lk_app_permission *held, const struct lk_app_permission *wanted, struct budget *budget) {
    if (!held->all_apps && (wanted->all_apps || !contains_all(&held->app_ids, &wanted->app_ids, budget)))
        return false;
    if (held->type == LK_APP_ALL)
        return true;
    return held->type == wanted->type && filter_reaches(held, wanted, budget);
}

/* What a held permission lets its holder grant. Account Administrator holds six of the nine actions on everything; the others (EXECUTE,
 * ROLLBACK_WORKFLOW, ABORT_WORKFLOW) are about the same workflows and pipelines, and would be nobody's to grant if those six did not stand for all. */
static uint32_t grantable_actions(const struct lk_app_permission *held) {
    static const uint32_t administrator = 1U << LK_ACTION_CREATE | 1U << LK_ACTION_READ | 1U << LK_ACTION_UPDATE | 1U << LK_ACTION_DELETE |
                                          1U << LK_ACTION_EXECUTE_WORKFLOW | 1U << LK_ACTION_EXECUTE_PIPELINE;
    bool all = held->type == LK_APP_ALL && (held->actions & administrator) == administrator;
    return all ? (1U << LK_ACTIONS) - 1 : held->actions;
}

/* Takes from *missing the actions that a set gives on what is wanted; of a set that is held those too that its holder may grant. */
static bool take_covered(const struct lk_permissions *set, bool held, const struct lk_app_permission *wanted, struct budget *budget,
                         uint32_t *missing) {
    for (size_t i = 0; i < set->apps_len && *missing != 0; i++) {
        if (!spend(budget, 1))
            return false;
        uint32_t actions = held ? grantable_actions(&set->apps[i]) : set->apps[i].actions;
        if ((actions & *missing) != 0 && reaches(&set->apps[i], wanted, budget))
            *missing &= ~actions;
    }
    return true;
}

static bool apps_cover(const struct lk_permissions *held, const struct lk_permissions *existing, const struct lk_app_permission *wanted,
                       struct budget *budget) {
    uint32_t missing = wanted->actions;
    return take_covered(held, true, wanted, budget, &missing) && take_covered(existing, false, wanted, budget, &missing) && missing == 0;
}

static bool scopes_cover(const struct lk_permissions *held, const struct lk_permissions *existing, const struct lk_permissions *wanted,
                         struct budget *budget, struct lk_slice *missing) {
    for (size_t i = 0; i < wanted->scopes.len; i++) {
        struct lk_slice scope = wanted->scopes.items[i];
        if (!spend(budget, held->scopes.len + existing->scopes.len) ||
            !(lk_permissions_hold_scope(held, scope) || lk_permissions_hold_scope(existing, scope))) {
            *missing = scope;
            return false;
        }
    }
    return true;
}

bool lk_permissions_cover(const struct lk_permissions *held, const struct lk_permissions *existing, const struct lk_permissions *wanted,
                          struct lk_slice *what) {
    static const struct lk_permissions nothing;
    struct lk_slice missing = {NULL, 0};
    struct budget budget = {COVER_STEPS_MAX};
    if (existing == NULL)
        existing = &nothing;
    uint32_t bits = wanted->account & ~lk_account_permissions_expand(held->account) & ~lk_account_permissions_expand(existing->account);
    if (bits != 0) {
        missing = lk_slice_cstr(lk_account_permission_name((unsigned)__builtin_ctz(bits)));
    } else if (scopes_cover(held, existing, wanted, &budget, &missing)) {
        for (size_t i = 0; i < wanted->apps_len; i++) {
            if (!apps_cover(held, existing, &wanted->apps[i], &budget)) {
                missing = lk_slice_cstr(lk_app_type_name(wanted->apps[i].type));
                break;
            }
        }
    }
    if (missing.ptr == NULL)
        return true;
    if (what != NULL)
        *what = missing;
    return false;
}
