/* Rows of session. Contract: see store/account.h. */
#ifndef STORE_SESSION_H
#define STORE_SESSION_H

#include "base/arena.h"
#include "store/account.h"
#include "store/db.h"

struct lk_session_row {
    uint8_t digest[LK_STORED_MAC_BYTES];
    int64_t position;
    struct lk_id user_id;
    int64_t created_at;
    int64_t used_at;
    int64_t expires_at;
    int64_t ends_at;
};

/* A session's row and its user. */
struct lk_session_user_row {
    struct lk_session_row session;
    struct lk_id account_id;
    struct lk_slice email;
};

int lk_store_session_insert(struct lk_db *db, const struct lk_session_row *row);

/* The row of a token in an account (NULL: the one at position 0). */
int lk_store_session_find(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES], const struct lk_id *account, struct lk_arena *arena,
                          struct lk_session_user_row *ret);

/* All rows of a token in the order of their positions, at most limit. */
int lk_store_session_list(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES], int64_t limit, struct lk_arena *arena,
                          struct lk_session_user_row **ret, size_t *ret_len);

/* The token was used. */
int lk_store_session_use(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES], int64_t used_at, int64_t expires_at);

/* All rows of a token. Not finding any is no error. */
int lk_store_session_delete(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES]);

/* All rows of a user but those of one token (NULL: of none). */
int lk_store_session_delete_of_user(struct lk_db *db, const struct lk_id *user, const uint8_t *but);

/* At most limit rows that expired at now_ms or before. */
int lk_store_session_purge(struct lk_db *db, int64_t now_ms, int64_t limit);

#endif
