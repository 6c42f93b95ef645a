/* The operations of the domain that test_fault.c runs with failures in them, and the database that they find. */
#ifndef LK_TESTS_FAULT_OPERATIONS_H
#define LK_TESTS_FAULT_OPERATIONS_H

#include "fixture.h"

#include "base/ip.h"

struct prepared {
    struct fixture *f;
    struct lk_arena arena;                                                                                           /* of one attempt */
    struct lk_slice account, other_account, group, other_group, key, user, application, entry, provider, change_set; /* ids */
    struct lk_id key_id, user_id, group_id;
    struct lk_slice token, old_token;
    struct lk_ip client_ip; /* the IP allow list has it */
    char *state;            /* what is in the database */
};

struct operation {
    const char *name;
    int (*run)(struct prepared *p, struct lk_call *call);
    bool reads;         /* changes nothing */
    long values_spared; /* so many damaged values are no failure of it */
};

extern const struct operation operations[];
extern const size_t operations_len;

/* Set-up and tear-down of a test, whose state is a struct prepared. */
int prepare(void **state);
int release(void **state);

/* All that is in the database, as text for free(). */
char *state_of(struct prepared *p);

#endif
