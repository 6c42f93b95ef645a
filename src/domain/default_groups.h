/* The three user groups that every account begins with. For this room. */
#ifndef DOMAIN_DEFAULT_GROUPS_H
#define DOMAIN_DEFAULT_GROUPS_H

#include "domain/permission.h"

#define LK_DEFAULT_GROUPS 3

struct lk_default_group {
    const char *name;
    const char *description;
    struct lk_permissions permissions; /* normalised; static texts, lists in the arena */
};

/* Fills in all three, Account Administrator first; with operator_account it holds the scope of operators too. LK_ENOMEM. */
int lk_default_groups(bool operator_account, struct lk_arena *arena, struct lk_default_group ret[LK_DEFAULT_GROUPS]);

#endif
