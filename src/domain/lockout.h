/*
 * Nobody may lock an account out. Of each right by which it is administered, a holder stays: managing users and groups, managing API keys, and the scope
 * latchkey.operator. Without the second and the third nobody could give them back, since nobody gives what they do not hold.
 *
 * Who counts is a key that is enabled and has neither an expiry nor a list of addresses, and a user with a password while the account's IP allow list
 * (domain/ip_allow.h) is empty: the others may be good for a second, or from nowhere, and who manages keys or addresses could leave just that. (A key's rate and
 * credits do not count: requests to the server itself take nothing from them.) Where a right is held by such limited ones alone, one that is good now must stay.
 * What the caller itself holds counts as kept when it is a user who could log in from where it is.
 *
 * For the operations that change keys, users and groups, and addresses that users log in from:
 *
 *     lk_lockout_before...   before the change
 *     the change
 *     lk_lockout_after       refuses it, and what was changed is undone
 *
 * Leaks (domain/key_leak.h) are the exception: a key that was found by somebody is disabled, whatever it holds.
 */
#ifndef DOMAIN_LOCKOUT_H
#define DOMAIN_LOCKOUT_H

#include "domain/group_set.h"

/* What a change must leave: rights, a bit each, as lockout.c numbers them. */
struct lk_lockout {
    uint32_t always; /* rights that somebody holds without a limit */
    uint32_t now;    /* rights that somebody holds, if only limited, and now */
    bool addresses;  /* it is the IP allow list that is changed */
    /* NULL, or set after the change: the key that the caller acts by, when its addresses do not hold the caller's any more. It keeps nothing. */
    const struct lk_id *away;
};

/* given: what the group holds that is going to be changed. Rights that are not in it cannot be lost by the change. An account in which nobody holds a right (a new
 * one) is not held up. */
int lk_lockout_before(struct lk_call *call, const struct lk_permissions *given, struct lk_lockout *ret);

/* The same for a key or user that is in these groups. limited: it is (as above), so that with it only what limited ones hold can be lost. */
int lk_lockout_before_groups(struct lk_call *call, const struct lk_group_set *groups, bool limited, struct lk_lockout *ret);

/* The same for a change of the IP allow list by which users can log in from fewer addresses. */
int lk_lockout_before_addresses(struct lk_call *call, struct lk_lockout *ret);

/* LK_ECONFLICT, with what to do, when a right is not held any more as it was. own: the groups of the caller's own key if that is what was changed and it can
 * still be used from where the caller is; what they hold counts as kept, for who limits itself knows what it does. Else NULL. */
int lk_lockout_after(struct lk_call *call, const struct lk_lockout *before, const struct lk_group_set *own);

#endif
