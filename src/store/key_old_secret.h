/* Rows of key_old_secret: replaced secrets that a key still accepts. Contract: see store/account.h. */
#ifndef STORE_KEY_OLD_SECRET_H
#define STORE_KEY_OLD_SECRET_H

#include "store/api_key.h"

/* Most that a key has at once. */
#define LK_STORED_OLD_SECRETS_MAX 3

struct lk_old_secret_row {
    struct lk_slice preview;
    int64_t ends_at; /* refused from then on */
};

/* The present secret of a key becomes an old one that ends at ends_at. */
int lk_store_old_secret_keep(struct lk_db *db, const struct lk_id *key, int64_t ends_at);

/* Those that have not ended, the first to end first. ret has room for LK_STORED_OLD_SECRETS_MAX; LK_ECORRUPT when there are more. */
int lk_store_old_secret_list(struct lk_db *db, const struct lk_id *key, int64_t now_ms, struct lk_arena *arena,
                             struct lk_old_secret_row *ret, size_t *ret_len);

/* Deletes those of a key that have ended by now; INT64_MAX: all. */
int lk_store_old_secret_clear(struct lk_db *db, const struct lk_id *key, int64_t now_ms);

/* Deletes one by its digest. LK_ENOTFOUND. */
int lk_store_old_secret_delete(struct lk_db *db, const uint8_t digest[LK_STORED_DIGEST_BYTES]);

/* Deletes one that has ended by now, by its digest, whose key it is; nothing when there is none. */
int lk_store_old_secret_forget(struct lk_db *db, const uint8_t digest[LK_STORED_DIGEST_BYTES], int64_t now_ms);

/* A key that has a secret which has ended by now. LK_ENOTFOUND: none has. */
int lk_store_old_secret_ended(struct lk_db *db, int64_t now_ms, struct lk_id *ret_key);

/* The key whose secret has this digest: its present one, or an old one that has not ended. LK_ENOTFOUND. */
int lk_store_key_find_by_secret(struct lk_db *db, const uint8_t digest[LK_STORED_DIGEST_BYTES], int64_t now_ms, struct lk_arena *arena,
                                struct lk_key_row *ret);

#endif
