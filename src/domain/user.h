/* Users: people, who inherit permissions from groups as keys do. See domain/call.h for how operations run and fail. */
#ifndef DOMAIN_USER_H
#define DOMAIN_USER_H

#include "domain/call.h"

struct lk_user {
    struct lk_id id;
    struct lk_id account_id;
    struct lk_slice name;
    struct lk_slice email;       /* lower case */
    struct lk_slice external_id; /* ptr NULL for none */
    bool email_verified;
    bool locked;
    int64_t created_at;
};

#endif
