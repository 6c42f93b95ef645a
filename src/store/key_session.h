/* Rows of key_session: sessions that an API key opened. Contract: see store/account.h. */
#ifndef STORE_KEY_SESSION_H
#define STORE_KEY_SESSION_H

#include "store/account.h"
#include "store/api_key.h"
#include "store/db.h"

struct lk_key_session_row {
    uint8_t digest[LK_STORED_MAC_BYTES];
    struct lk_id key_id;
    uint8_t secret_digest[LK_STORED_DIGEST_BYTES];
    int64_t created_at;
    int64_t used_at;
    int64_t expires_at;
    int64_t ends_at;
};

int lk_store_key_session_insert(struct lk_db *db, const struct lk_key_session_row *row);
int lk_store_key_session_find(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES], struct lk_key_session_row *ret);

/* It was used. */
int lk_store_key_session_use(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES], int64_t used_at, int64_t expires_at);

/* Not finding it is no error. */
int lk_store_key_session_delete(struct lk_db *db, const uint8_t digest[LK_STORED_MAC_BYTES]);

int lk_store_key_session_delete_of_key(struct lk_db *db, const struct lk_id *key);

/* Leaves a key the `keep` sessions that were used last; at most limit go. */
int lk_store_key_session_trim(struct lk_db *db, const struct lk_id *key, int64_t keep, int64_t limit);

/* At most limit rows that expired at now_ms or before. */
int lk_store_key_session_purge(struct lk_db *db, int64_t now_ms, int64_t limit);

#endif
