/* Rows of account_register and its end. Contract: see store/account.h. */
#ifndef STORE_ACCOUNT_REGISTER_H
#define STORE_ACCOUNT_REGISTER_H

#include "store/account.h"

/* That an account was created or, with an end, deleted. */
struct lk_register_row {
    int64_t position;
    struct lk_id account_id;
    bool has_end;
    int64_t end_seq;
    uint8_t end_mac[LK_STORED_MAC_BYTES];
    uint8_t mac[LK_STORED_MAC_BYTES];
    bool is_latest; /* when read: no later row is about this account */
};

struct lk_register_end_row {
    int64_t position;
    uint8_t mac[LK_STORED_MAC_BYTES];
    uint8_t seal[LK_STORED_MAC_BYTES];
};

int lk_store_register_insert(struct lk_db *db, const struct lk_register_row *row);

/* The row with the least position above `after`. */
int lk_store_register_next(struct lk_db *db, int64_t after, struct lk_arena *arena, struct lk_register_row *ret);

int lk_store_register_end_find(struct lk_db *db, struct lk_arena *arena, struct lk_register_end_row *ret);

/* Writes the end, whether there was one or not. */
int lk_store_register_end_set(struct lk_db *db, const struct lk_register_end_row *row);

/* The account with the least id that no row is about. */
int lk_store_register_stranger(struct lk_db *db, struct lk_arena *arena, struct lk_id *ret);

/* The account with audit entries, that no row is about, with the least id above `after` (NULL: the first). */
int lk_store_register_stranger_in_log(struct lk_db *db, const struct lk_id *after, struct lk_arena *arena, struct lk_id *ret);

/* The account with the least id above `after` (NULL: the first): id, audit_seq, audit_mac and audit_seal alone, which are there while migrations are under
 * way, whatever later ones add to accounts. */
int lk_store_register_account_next(struct lk_db *db, const struct lk_id *after, struct lk_arena *arena, struct lk_account_row *ret);

#endif
