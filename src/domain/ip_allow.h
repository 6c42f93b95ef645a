/* The list of addresses from which an account's users may log in. See domain/call.h for how operations run and fail. */
#ifndef DOMAIN_IP_ALLOW_H
#define DOMAIN_IP_ALLOW_H

#include "domain/call.h"

/* Most entries of one account. */
#define LK_IP_ALLOW_MAX 1000

struct lk_ip_allow {
    struct lk_id id;
    struct lk_id account_id;
    struct lk_slice block;       /* an address or CIDR block, canonical */
    struct lk_slice description; /* ptr NULL for none */
    bool active;
    int64_t created_at;
};

/* A member that was absent has given = false. */
struct lk_ip_allow_input {
    bool block_given; /* needed to create */
    struct lk_slice block;
    bool description_given;
    struct lk_slice description; /* ptr NULL: none */
    bool active_given;           /* a new one is active */
    bool active;
};

/* All of these need MANAGE_IP_WHITELIST. LK_EINVAL for what is no address or block, LK_ECONFLICT when it is on the list, LK_ENOTFOUND "IP allow list entry
 * does not exist". */
int lk_ip_allow_create(struct lk_call *call, const struct lk_ip_allow_input *input, struct lk_ip_allow *ret);
int lk_ip_allow_update(struct lk_call *call, struct lk_slice id, const struct lk_ip_allow_input *input, struct lk_ip_allow *ret);
int lk_ip_allow_delete(struct lk_call *call, struct lk_slice id);
int lk_ip_allow_get(struct lk_call *call, struct lk_slice id, struct lk_ip_allow *ret);

/* A page in order of the block's text. */
int lk_ip_allow_list(struct lk_call *call, struct lk_page page, struct lk_ip_allow **ret, size_t *ret_len, struct lk_page_info *ret_info);

/* Whether an account lets users log in from a remote address: it has no active entry, or one that holds the address. No permission is asked. */
int lk_ip_allow_admits(struct lk_call *call, const struct lk_id *account, struct lk_slice remote, bool *ret);

#endif
