/*
 * API keys: create, update, delete, find, list, reveal, rotate, import. See domain/call.h for how operations run and fail.
 *
 * The token is made here, handed out once, and kept only as a keyed digest (to recognise it) and sealed (to reveal it).
 */
#ifndef DOMAIN_API_KEY_H
#define DOMAIN_API_KEY_H

#include "domain/call.h"
#include "domain/credits.h"
#include "domain/rate_limit.h"
#include "domain/user_group.h"

/* Most bytes of a name; most entries of a key's metadata, and most bytes of one's key and value. */
#define LK_NAME_MAX 255
#define LK_METADATA_MAX 50
#define LK_METADATA_KEY_MAX 64
#define LK_METADATA_VALUE_MAX 1024

/* Most entries of an allow list, most keys that one request imports, most old secrets of a key at once, longest overlap of a rotation. */
#define LK_ALLOWED_IPS_MAX 100
#define LK_IMPORT_MAX 1000
#define LK_OLD_SECRETS_MAX 3
#define LK_OVERLAP_MAX_SECONDS 7776000 /* 90 days */

struct lk_metadata {
    struct lk_slice key;
    struct lk_slice value;
};

/* One key as it is shown. */
struct lk_api_key {
    struct lk_id id;
    struct lk_id account_id;
    struct lk_slice name;
    struct lk_slice preview; /* "lk_…" and the token's last four characters; without "lk_" when it was imported and has not our form */
    bool enabled;
    int64_t created_at;
    struct lk_slice created_by; /* name of the key or user that made it; "system" for init */
    int64_t updated_at;
    bool has_expiry;
    int64_t expires_at;
    const struct lk_metadata *metadata; /* sorted by key */
    size_t metadata_len;
    const struct lk_slice *allowed_ips; /* blocks; none: from anywhere */
    size_t allowed_ips_len;
    struct lk_rate_limit rate;
    bool weak; /* its present secret was imported and is easy to guess (crypto/strength.h) */
};

/* A replaced secret that is still accepted. */
struct lk_old_secret {
    struct lk_slice preview;
    int64_t ends_at;
};

/* What a client gave. A member that was absent has given = false; one that was null has given = true and is empty (no groups, no expiry, enabled). */
struct lk_api_key_input {
    struct lk_slice name;
    bool groups_given;
    const struct lk_slice *group_ids; /* as text; an item with ptr NULL was null */
    size_t group_ids_len;
    bool expiry_given;
    bool has_expiry;
    int64_t expires_at;
    bool enabled_given;
    bool enabled;
    bool metadata_given;
    const struct lk_metadata *metadata;
    size_t metadata_len;
    bool ips_given;
    const struct lk_slice *allowed_ips; /* an item with ptr NULL was null */
    size_t allowed_ips_len;
    bool rate_given;
    struct lk_rate_limit rate; /* has_rate false: none */
    bool has_rate;
    bool credits_given;
    bool has_credits;
    struct lk_credits_input credits;
};

/* All of these take the account that the client named (22 characters, or ptr NULL for none), and need MANAGE_API_KEYS.
 *
 * create: ret is the new key, ret_token its secret (74 characters in the arena): the only time it is given without a reveal. LK_EINVAL for a bad name,
 * group id, expiry or metadata; LK_ECONFLICT when the name is taken; LK_EFORBIDDEN when the groups hold what the actor does not.
 * update: replaces the name; the rest where given. LK_ENOTFOUND "API key does not exist". Groups that are new to the key must hold nothing that the
 * actor lacks; to enable a key, to let it live longer, or to lift a limit of it (addresses, rate, credits), none of its groups may.
 * delete: the key is refused from the commit on.
 * update and delete: LK_ECONFLICT when it would lock the account out (domain/lockout.h). The caller's own key may be limited to addresses that hold the caller's, and to
 * a time, whoever is left.
 * reveal: opens the seal. Audited. A key that holds more than the actor is not revealed. */
int lk_api_key_create(struct lk_call *call, struct lk_slice account, const struct lk_api_key_input *input, struct lk_api_key *ret,
                      struct lk_slice *ret_token);
int lk_api_key_update(struct lk_call *call, struct lk_slice account, struct lk_slice id, const struct lk_api_key_input *input,
                      struct lk_api_key *ret);
int lk_api_key_delete(struct lk_call *call, struct lk_slice account, struct lk_slice id);

/* Ends what a token is: its key is deleted or, when it is an old secret that a rotation left, only that is refused from the commit on (RFC 7009 revokes the token, not
 * what else its owner has). A key may do so with its own tokens whatever it holds; else it needs MANAGE_API_KEYS. LK_ENOTFOUND when it opens no key of the
 * actor's account. */
int lk_api_key_revoke(struct lk_call *call, struct lk_slice token);
int lk_api_key_reveal(struct lk_call *call, struct lk_slice account, struct lk_slice id, struct lk_slice *ret_token);

/* Gives the key a new secret; id and all else of it stay. The secret so far is accepted for overlap_seconds more: with 0 it is refused from the commit on,
 * and so are older ones that were still accepted. ret_token is the new secret. Audited as LK_AUDIT_ROTATE. A key that holds more than the actor is not
 * rotated. LK_EINVAL for an overlap below 0 or above LK_OVERLAP_MAX_SECONDS, or any when the key is disabled and its secret leaked; LK_ECONFLICT, with the time when there is room, when the key has
 * LK_OLD_SECRETS_MAX old secrets already. */
int lk_api_key_rotate(struct lk_call *call, struct lk_slice account, struct lk_slice id, int64_t overlap_seconds, struct lk_api_key *ret,
                      struct lk_slice *ret_token);

struct lk_import_input {
    struct lk_slice token; /* 16 to 512 visible ASCII characters; of the form of ours only a whole one */
    struct lk_api_key_input key;
};

/* What came of one: error with ptr NULL when the key is there. */
struct lk_import_result {
    struct lk_id id;
    struct lk_slice name;
    struct lk_slice error;
};

/* Makes keys whose secrets come from elsewhere, each by the rules of create. One that is refused leaves the rest. ret has len elements in the same
 * order. Each is audited as LK_AUDIT_IMPORT. Fails as a whole above LK_IMPORT_MAX (LK_EINVAL), without the permission, and for what is
 * nobody's mistake. */
int lk_api_key_import(struct lk_call *call, struct lk_slice account, const struct lk_import_input *inputs, size_t len,
                      struct lk_import_result **ret);

/* The credits of a key that a function here returned; *ret_has false: it is not counted. And its old secrets that are still accepted, the first to end first. */
int lk_api_key_credits(struct lk_call *call, const struct lk_id *key, bool *ret_has, struct lk_credits *ret);
int lk_api_key_old_secrets(struct lk_call *call, const struct lk_id *key, struct lk_old_secret ret[LK_OLD_SECRETS_MAX], size_t *ret_len);

/* Forgets old secrets that have ended, of at most `most` keys. For the server: call has no actor, and it is a changing operation (domain/call.h). *ret_more:
 * there may be more. */
int lk_api_keys_sweep(struct lk_call *call, size_t most, bool *ret_more);

/* Reading keys of the actor's account needs MANAGE_API_KEYS or VIEW_USER_AND_USER_GROUPS_AND_API_KEYS; the actor's own key is always shown to it.
 * LK_ENOTFOUND "API key does not exist". */
int lk_api_key_get(struct lk_call *call, struct lk_slice id, struct lk_api_key *ret);
int lk_api_key_get_by_name(struct lk_call *call, struct lk_slice name, struct lk_api_key *ret);

/* Which keys to list; zeroed: all. */
struct lk_api_key_filter {
    struct lk_slice name_contains; /* ASCII case ignored; empty: any */
    struct lk_slice group_id;      /* as text; ptr NULL: any */
    bool enabled_given;
    bool enabled;
    bool expires_before_given; /* have an expiry before then */
    int64_t expires_before;
    bool expires_after_given; /* have an expiry after then */
    int64_t expires_after;
    bool unused_since_given; /* were made before then, and not used since */
    int64_t unused_since;
};

/* Zeroed: by name. Keys that never expire come after all others, those that were never used before them; descending turns it round. */
struct lk_api_key_sort {
    enum lk_api_key_field { LK_API_KEY_NAME, LK_API_KEY_CREATED_AT, LK_API_KEY_EXPIRES_AT, LK_API_KEY_LAST_USED_AT } field;
    bool descending;
};

/* A page. LK_EINVAL for a negative limit or offset. */
int lk_api_key_list(struct lk_call *call, const struct lk_api_key_filter *filter, struct lk_api_key_sort sort, struct lk_page page,
                    struct lk_api_key **ret, size_t *ret_len, struct lk_page_info *ret_info);

/* A page of the groups of a key that a function above returned, in order of name, and the union of their permissions. */
int lk_api_key_groups(struct lk_call *call, const struct lk_id *key, struct lk_page page, struct lk_user_group **ret, size_t *ret_len,
                      struct lk_page_info *ret_info);
int lk_api_key_permissions(struct lk_call *call, const struct lk_id *key, struct lk_permissions *ret);

#endif
