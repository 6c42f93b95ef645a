/* Rows of ip_allow. Contract: see store/account.h. */
#ifndef STORE_IP_ALLOW_H
#define STORE_IP_ALLOW_H

#include "base/arena.h"
#include "base/ip.h"
#include "store/db.h"

struct lk_ip_allow_row {
    struct lk_id id;
    struct lk_id account_id;
    struct lk_slice cidr;
    struct lk_ip_range range;
    struct lk_slice description; /* ptr NULL for none */
    bool active;
    int64_t created_at;
    int64_t updated_at;
};

/* insert and update: LK_ECONFLICT when the account has that block. update writes cidr, range, description, active and updated_at. */
int lk_store_ip_allow_insert(struct lk_db *db, const struct lk_ip_allow_row *row);
int lk_store_ip_allow_update(struct lk_db *db, const struct lk_ip_allow_row *row);

/* LK_ENOTFOUND. */
int lk_store_ip_allow_delete(struct lk_db *db, const struct lk_id *id);

int lk_store_ip_allow_find(struct lk_db *db, const struct lk_id *account, const struct lk_id *id, struct lk_arena *arena,
                           struct lk_ip_allow_row *ret);

/* In order of address, then prefix: all, or the active ones only. */
int lk_store_ip_allow_list(struct lk_db *db, const struct lk_id *account, bool active_only, int64_t limit, int64_t offset,
                           struct lk_arena *arena, struct lk_ip_allow_row **ret, size_t *ret_len);
int lk_store_ip_allow_count(struct lk_db *db, const struct lk_id *account, int64_t *ret);

#endif
