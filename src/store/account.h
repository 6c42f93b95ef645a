/* Rows of account and server. Contract of every function here and in the other aggregates: on the store thread; 0, or what the database gave (store/db.h);
 * LK_ENOTFOUND where one row was asked for and none is there; texts of rows that are read live in the arena. */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H

#include "base/arena.h"
#include "store/db.h"

#define LK_STORED_MAC_BYTES 32

struct lk_account_row {
    struct lk_id id;
    struct lk_slice name;
    int64_t rate_limit; /* units a window for all its keys together; 0: none */
    int64_t rate_window_ms;
    int64_t created_at;
    int64_t audit_seq;
    uint8_t audit_mac[LK_STORED_MAC_BYTES];
    uint8_t audit_seal[LK_STORED_MAC_BYTES];
};

int lk_store_account_insert(struct lk_db *db, const struct lk_account_row *row);
int lk_store_account_find(struct lk_db *db, const struct lk_id *id, struct lk_arena *arena, struct lk_account_row *ret);

/* The account with the least id above `after` (NULL: the first). */
int lk_store_account_next(struct lk_db *db, const struct lk_id *after, struct lk_arena *arena, struct lk_account_row *ret);

/* The one that was made first. */
int lk_store_account_oldest(struct lk_db *db, struct lk_arena *arena, struct lk_account_row *ret);

/* In order of name, then id. */
int lk_store_account_list(struct lk_db *db, int64_t limit, int64_t offset, struct lk_arena *arena, struct lk_account_row **ret,
                          size_t *ret_len);
int lk_store_account_count(struct lk_db *db, int64_t *ret);

/* With all that is in it, but not its audit entries. LK_ENOTFOUND. */
int lk_store_account_delete(struct lk_db *db, const struct lk_id *id);

/* Writes name and rate. */
int lk_store_account_update(struct lk_db *db, const struct lk_account_row *row);

/* Moves the end of the audit chain: id, audit_seq, audit_mac and audit_seal of row. */
int lk_store_account_set_audit(struct lk_db *db, const struct lk_account_row *row);

/* The value that tells a wrong master key (crypto/keys.h lk_keys_check). */
int lk_store_keys_check_find(struct lk_db *db, uint8_t ret[LK_STORED_MAC_BYTES]);
int lk_store_keys_check_insert(struct lk_db *db, const uint8_t check[LK_STORED_MAC_BYTES], int64_t now_ms);

#endif
