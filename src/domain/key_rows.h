/* Keys from their rows, for the other files of this room. */
#ifndef DOMAIN_KEY_ROWS_H
#define DOMAIN_KEY_ROWS_H

#include "domain/api_key.h"
#include "domain/group_set.h"
#include "store/api_key.h"

/* As shown; texts are shared with the row. */
int lk_to_key(struct lk_call *call, const struct lk_key_row *row, struct lk_api_key *ret);

/* A key of the actor's account by its id as text. LK_ENOTFOUND "API key does not exist". */
int lk_find_key(struct lk_call *call, struct lk_slice id, struct lk_key_row *ret);

/* What reading keys of the actor's account needs. LK_EFORBIDDEN. */
int lk_require_read_keys(struct lk_call *call);

/* Which key a token opens, and whether by an old secret that a rotation left. LK_ENOTFOUND "API key does not exist" when it opens none. */
int lk_key_find_by_token(struct lk_call *call, struct lk_slice token, struct lk_key_row *ret, bool *ret_old);

/* Ends the old secret that a token is, at once: the key keeps its others. ret_before and ret_after are the key's documents for the audit, which is the caller's. */
int lk_key_end_old_secret(struct lk_call *call, struct lk_key_row *row, struct lk_slice token, struct lk_slice *ret_before,
                          struct lk_slice *ret_after);

/* What every changing operation asks first. */
int lk_key_require_manage(struct lk_call *call, struct lk_slice account, const struct lk_intent *intent);

/* What an operation that hands out a secret of a key asks first: that the actor manages keys and holds everything that this key has. ret and ret_groups: the key. They
 * may be written on failure. */
int lk_key_require_secret(struct lk_call *call, struct lk_slice account, struct lk_slice id, const char *operation, struct lk_key_row *ret,
                          struct lk_group_set *ret_groups);

int lk_key_groups(struct lk_call *call, const struct lk_id *key, struct lk_group_set *ret);

/* What the audit keeps of a key, read from the database as it is now but for the row and groups: everything but the secrets. */
int lk_key_document(struct lk_call *call, const struct lk_key_row *row, const struct lk_group_set *groups, struct lk_slice *ret);
int lk_key_audit(struct lk_call *call, const char *operation, const struct lk_key_row *row, struct lk_slice before, struct lk_slice after);

/* The key is created, by the rules of lk_api_key_create, with this token, or with ptr NULL with a new one. Before it, lk_key_require_manage. operation is for the
 * audit. ret_token is the token. */
int lk_key_insert(struct lk_call *call, const char *operation, const struct lk_api_key_input *input, struct lk_slice token,
                  struct lk_key_row *ret, struct lk_slice *ret_token);

/* A secret in the forms in which it is stored. */
struct lk_key_secret {
    struct lk_slice token; /* in the arena */
    struct lk_slice preview;
    bool weak; /* easy to guess; one that is made here never is */
    uint8_t digest[LK_STORED_DIGEST_BYTES];
    unsigned digest_version;
    struct lk_slice sealed;
};

/* Prepares the secret of a key; token with ptr NULL makes a new one. */
int lk_key_secret(struct lk_call *call, const struct lk_id *key, const struct lk_id *account, struct lk_slice token,
                  struct lk_key_secret *ret);

#endif
