/* The groups that a client names for a key or a user. For this room. */
#ifndef DOMAIN_GROUP_SET_H
#define DOMAIN_GROUP_SET_H

#include "domain/rules.h"

/* Most groups of one key or user. */
#define LK_GROUP_SET_MAX 100

/* Groups of the actor's account, without duplicates, in order of id. */
struct lk_group_set {
    struct lk_group_permissions_row rows[LK_GROUP_SET_MAX];
    size_t len;
};

/* Finds the groups of these ids (texts; ptr NULL is refused). LK_EINVAL names the id that is none. what is "a key" or "a user". */
int lk_group_set_find(struct lk_call *call, const struct lk_slice *ids, size_t len, const char *what, struct lk_group_set *ret);

/* From the rows of a stored key or user. LK_ECORRUPT when there are too many. */
int lk_group_set_take(struct lk_call *call, const struct lk_group_permissions_row *rows, size_t len, struct lk_group_set *ret);

/* The grant rule over the groups of a set that are not in `known` (NULL: over all). Groups that the actor is in give nothing it lacks. */
int lk_group_set_require_grantable(struct lk_call *call, const struct lk_group_set *set, const struct lk_group_set *known,
                                   const struct lk_intent *intent);

/* The member "userGroups" of a document of the audit. */
void lk_group_set_write(const struct lk_group_set *set, struct lk_json_writer *w);

#endif
