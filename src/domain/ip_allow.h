/* The account's IP allow list: blocks of addresses that its users may log in from. See domain/call.h for how operations run and fail. */
#ifndef DOMAIN_IP_ALLOW_H
#define DOMAIN_IP_ALLOW_H

#include "domain/call.h"

/* Most entries of one account. */
#define LK_IP_ALLOW_MAX 1000

struct lk_ip_allow {
    struct lk_id id;
    struct lk_slice cidr;        /* in its one spelling: "192.0.2.0/24" */
    struct lk_slice description; /* ptr NULL for none */
    bool active;
    int64_t created_at;
    int64_t updated_at;
};

/* What a client gave. */
struct lk_ip_allow_input {
    struct lk_slice cidr; /* an address or a block; ptr NULL: not given, which an update may do */
    bool description_given;
    struct lk_slice description; /* ptr NULL: none */
    bool active_given;           /* else: active, or as it was */
    bool active;
};

/* All need MANAGE_IP_WHITELIST. LK_EINVAL names the wrong part of the block; LK_ECONFLICT "The IP allow list has X already", and
 * when users could log in from fewer addresses and this would lock the account out (domain/lockout.h); LK_ELIMIT past LK_IP_ALLOW_MAX; LK_ENOTFOUND "IP allow entry does not exist". */
int lk_ip_allow_create(struct lk_call *call, const struct lk_ip_allow_input *input, struct lk_ip_allow *ret);
int lk_ip_allow_update(struct lk_call *call, struct lk_slice id, const struct lk_ip_allow_input *input, struct lk_ip_allow *ret);
int lk_ip_allow_delete(struct lk_call *call, struct lk_slice id);

/* A page in order of address. */
int lk_ip_allow_list(struct lk_call *call, struct lk_page page, struct lk_ip_allow **ret, size_t *ret_len, struct lk_page_info *ret_info);

/* Whether the list of an account admits call->client_ip: it has no active entry, or one whose block the address is in. Needs no actor. */
int lk_ip_allow_admits(struct lk_call *call, const struct lk_id *account, bool *ret);

#endif
