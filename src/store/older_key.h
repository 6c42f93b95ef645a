/* Rows of older_key, the version of the master key, and what of api_key is under it. Contract: see store/account.h. */
#ifndef STORE_OLDER_KEY_H
#define STORE_OLDER_KEY_H

#include "store/account.h"
#include "store/api_key.h"

/* What is left of a master key that was replaced. */
struct lk_older_key_row {
    int64_t version;
    struct lk_slice sealed_audit;
    int64_t register_end;
    struct lk_slice sealed_lookup; /* ptr NULL: no secret is found by it any more */
    bool lookup_has_end;
    int64_t lookup_ends_at;
    int64_t replaced_at;
};

/* Writes the row, whether it was there or not. */
int lk_store_older_key_set(struct lk_db *db, const struct lk_older_key_row *row);

/* The row with the least version above `after`. */
int lk_store_older_key_next(struct lk_db *db, int64_t after, struct lk_arena *arena, struct lk_older_key_row *ret);

/* The one under which a row of account_register was written. LK_ENOTFOUND: it was under the present one. */
int lk_store_older_key_of_place(struct lk_db *db, int64_t position, struct lk_arena *arena, struct lk_older_key_row *ret);

/* Which master key the database belongs to: its version, and that with the value that tells a wrong one. */
int lk_store_key_version(struct lk_db *db, int64_t *ret);
int lk_store_key_version_set(struct lk_db *db, int64_t version, const uint8_t check[LK_STORED_MAC_BYTES]);

/* What of a key is under the keys of the server. */
struct lk_key_secret_row {
    struct lk_id id;
    struct lk_id account_id;
    uint8_t digest[LK_STORED_DIGEST_BYTES];
    int64_t digest_version;
    struct lk_slice sealed; /* ptr NULL: none */
};

/* That of the key with the least id above `after` (NULL: the first). */
int lk_store_key_secret_next(struct lk_db *db, const struct lk_id *after, struct lk_arena *arena, struct lk_key_secret_row *ret);

/* Writes digest, digest_version and sealed; when the key was changed last stays as it is. */
int lk_store_key_secret_set(struct lk_db *db, const struct lk_key_secret_row *row);

/* The key with the least id above `after` (NULL: the first) that has old secrets. */
int lk_store_old_secret_key_next(struct lk_db *db, const struct lk_id *after, struct lk_arena *arena, struct lk_id *ret);

/* The digest of an old secret. */
struct lk_old_digest_row {
    uint8_t bytes[LK_STORED_DIGEST_BYTES];
};

/* Those of a key, ended ones too. */
int lk_store_old_digest_list(struct lk_db *db, const struct lk_id *key, struct lk_arena *arena, struct lk_old_digest_row **ret,
                             size_t *ret_len);

/* Puts another digest in the place of one; of which version it is stays. */
int lk_store_old_digest_set(struct lk_db *db, const struct lk_id *key, const struct lk_old_digest_row *from,
                            const uint8_t to[LK_STORED_DIGEST_BYTES]);

/* How many old secrets (key_old_secret) with a digest of that version have not ended by now, and when the last of them ends. */
int lk_store_old_secret_count(struct lk_db *db, int64_t version, int64_t now_ms, int64_t *ret, int64_t *ret_last);

#endif
