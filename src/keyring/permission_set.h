/*
 * Permission sets in the form that verification asks: what the groups of a key give together, built once and shared by every key in the same groups.
 *
 * A set is immutable. A reader that got one from lk_verify may use it and every slice in it until its next quiescent point.
 *
 * This room does not know the names of permissions; whoever opens the keyring lends it a vocabulary.
 */
#ifndef KEYRING_PERMISSION_SET_H
#define KEYRING_PERMISSION_SET_H

#include "base/error.h"
#include "base/id.h"

#include <stdint.h>

#define LK_VOCABULARY_ACCOUNT_MAX 32
#define LK_VOCABULARY_TYPES_MAX 8
#define LK_VOCABULARY_ACTIONS_MAX 16

/* The names that permissions have; a name's place is its number, and its bit. Everything lent stays as it is for as long as what uses it. */
struct lk_vocabulary {
    const struct lk_slice *account; /* account permissions */
    size_t account_len;             /* at most LK_VOCABULARY_ACCOUNT_MAX */
    const struct lk_slice *types;   /* types of application permission; the first covers all others */
    size_t types_len;               /* at most LK_VOCABULARY_TYPES_MAX */
    const struct lk_slice *actions; /* of application permissions */
    size_t actions_len;             /* at most LK_VOCABULARY_ACTIONS_MAX */
    struct lk_slice literal_scope;  /* the scope that no wildcard covers; may be empty */
};

/* An application permission: these actions on this type in these applications. */
struct lk_grant_app {
    unsigned type;    /* number in the vocabulary */
    uint32_t actions; /* bits */
    bool all_apps;
    const struct lk_slice *app_ids; /* ignored with all_apps */
    size_t app_ids_len;
};

/* What one group gives. */
struct lk_grants {
    uint32_t account;      /* bits as granted: what answers show */
    uint32_t account_held; /* bits as held: with those that they cover; what expressions ask */
    const struct lk_slice *scopes;
    size_t scopes_len;
    const struct lk_grant_app *apps;
    size_t apps_len;
};

/* One application's actions, by type. */
struct lk_set_app {
    struct lk_slice id;
    uint16_t actions[LK_VOCABULARY_TYPES_MAX];
};

struct lk_permission_set {
    uint32_t account; /* bits as granted */
    uint32_t account_held;
    const struct lk_id *groups; /* sorted; those that exist */
    size_t groups_len;
    const struct lk_slice *scopes; /* sorted, no duplicates, wildcards among them */
    size_t scopes_len;
    /* For answers, made once. The header values are the group ids and the scope names joined by commas, percent-encoded as docs/openapi.yaml says.
     * json is three members of an object: "userGroupIds":[...],"accountPermissions":[...],"scopes":[...] */
    char account_text[LK_ID_TEXT]; /* the account's id */
    struct lk_slice groups_header;
    struct lk_slice scopes_header;
    struct lk_slice json;
    /* For evaluation. */
    bool every_scope;             /* holds `*` */
    const struct lk_slice *stems; /* of `invoices.*` the part `invoices.`; sorted */
    size_t stems_len;
    uint16_t every_app[LK_VOCABULARY_TYPES_MAX];
    const struct lk_set_app *apps; /* sorted by id */
    size_t apps_len;
};

/* Builds the union of grants, all of one account, into one block that ret owns. groups is sorted; grants[i] belongs to groups[i], and a NULL one is a group that does not
 * exist. LK_ENOMEM. */
int lk_permission_set_build(const struct lk_vocabulary *vocabulary, const struct lk_id *account, const struct lk_id *groups,
                            const struct lk_grants *const *grants, size_t len, struct lk_permission_set **ret);

/* NULL is fine. */
void lk_permission_set_free(struct lk_permission_set *set);

/* Whether the set holds a scope. literal: it is the one that no wildcard covers. wanted may itself end in a wildcard. Any thread. */
bool lk_permission_set_has_scope(const struct lk_permission_set *set, struct lk_slice wanted, bool literal);

/* Whether the set gives an action on a type in an application; every: in every application (app is then ignored). Any thread. */
bool lk_permission_set_has_app(const struct lk_permission_set *set, bool every, struct lk_slice app, unsigned type, unsigned action);

#endif
