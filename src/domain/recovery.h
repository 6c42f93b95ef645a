/* The way back into an account that nobody can administer any more, for who has the machine (latchkey recover). */
#ifndef DOMAIN_RECOVERY_H
#define DOMAIN_RECOVERY_H

#include "domain/api_key.h"

struct lk_recovery {
    struct lk_api_key key;
    struct lk_slice token;
    struct lk_id group_id; /* the one group that the key is in */
    struct lk_slice group_name;
    bool group_made;
};

/* Makes a key named key_name that holds what the first key of an account held: in the oldest group of the actor's account that holds all that Account Administrator is
 * made with, whatever it is called. Without one such a group is made, "Account Administrator" or, where that name is taken, with a number behind it. The actor is
 * the system (lk_act_as_system).
 *
 * The operators' account is the one of which a group holds the scope latchkey.operator or, when no group of the server does, the oldest one: what is made there
 * holds the scope too. */
int lk_account_recover(struct lk_call *call, struct lk_slice key_name, struct lk_recovery *ret);

#endif
