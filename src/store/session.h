/* Rows of session. Contract: see store/account.h. */
#ifndef STORE_SESSION_H
#define STORE_SESSION_H

#include "store/account.h"
#include "store/db.h"

struct lk_session_row {
    struct lk_id user_id;
    struct lk_id account_id; /* of the user; read only */
    int64_t created_at;
    int64_t expires_at;
};

int lk_store_session_insert(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES], const struct lk_session_row *row);
int lk_store_session_find(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES], struct lk_session_row *ret);

/* LK_ENOTFOUND. */
int lk_store_session_delete(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES]);
int lk_store_session_delete_of_user(struct lk_db *db, const struct lk_id *user);

/* Those that ended at or before now_ms. */
int lk_store_session_delete_expired(struct lk_db *db, int64_t now_ms);

#endif
