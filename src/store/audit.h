/* Rows of audit_entry. Contract: see store/account.h. */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "base/arena.h"
#include "store/account.h"
#include "store/db.h"

struct lk_audit_row {
    struct lk_id account_id;
    int64_t seq;
    struct lk_id set_id;
    int64_t set_position;
    int64_t created_at;
    struct lk_slice actor_kind;
    bool has_actor_id;
    struct lk_id actor_id;
    struct lk_slice actor_name;
    struct lk_slice operation;
    struct lk_slice resource_type;
    bool has_resource_id;
    struct lk_id resource_id;
    struct lk_slice resource_name;
    struct lk_slice failure;    /* ptr NULL for none */
    struct lk_slice before_doc; /* ptr NULL for none */
    struct lk_slice after_doc;
    struct lk_slice request_url;
    struct lk_slice request_path;
    struct lk_slice request_method;
    struct lk_slice request_remote;
    int64_t response_status;
    int64_t key_version;
    uint8_t mac[LK_STORED_MAC_BYTES];
};

int lk_store_audit_insert(struct lk_db *db, const struct lk_audit_row *row);

/* How many entries a set has in an account. */
int lk_store_audit_set_len(struct lk_db *db, const struct lk_id *account, const struct lk_id *set, int64_t *ret);

/* The entry with the least number above `after`. */
int lk_store_audit_next(struct lk_db *db, const struct lk_id *account, int64_t after, struct lk_arena *arena, struct lk_audit_row *ret);

/* The number and MAC of an account's last entry. */
int lk_store_audit_last(struct lk_db *db, const struct lk_id *account, int64_t *ret_seq, uint8_t ret_mac[LK_STORED_MAC_BYTES]);

/* How many entries there are, of all accounts. */
int lk_store_audit_count(struct lk_db *db, int64_t *ret);

/* Which change sets of an account: from <= created_at < to, and what is given besides. */
struct lk_audit_set_filter {
    const struct lk_id *account;
    int64_t from, to;
    const struct lk_id *actor; /* NULL: any */
    /* Of one of its entries, all together; NULL and ptr NULL: any. */
    const struct lk_id *resource;
    struct lk_slice resource_type;
    struct lk_slice operation;
};

/* The first entries of these sets without their documents, newest first, and how many there are. */
int lk_store_audit_list_sets(struct lk_db *db, const struct lk_audit_set_filter *filter, int64_t limit, int64_t offset,
                             struct lk_arena *arena, struct lk_audit_row **ret, size_t *ret_len);
int lk_store_audit_count_sets(struct lk_db *db, const struct lk_audit_set_filter *filter, int64_t *ret);

/* The entries of one set in their order, with their documents (which may be large) or without; those of one resource only when resource is not NULL. */
int lk_store_audit_list_of_set(struct lk_db *db, const struct lk_id *account, const struct lk_id *set, const struct lk_id *resource,
                               bool documents, int64_t limit, int64_t offset, struct lk_arena *arena, struct lk_audit_row **ret,
                               size_t *ret_len);
int lk_store_audit_count_of_set(struct lk_db *db, const struct lk_id *account, const struct lk_id *set, const struct lk_id *resource,
                                int64_t *ret);

#endif
