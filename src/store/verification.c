/* Keys and what there may be several of for a key are tables in the same order, so that a pass over all needs neither a sort nor a look-up for each
 * key. */
#include "store/verification.h"

#include "store/row.h"

#define KEY_COLUMNS "id, account_id, name, digest, enabled, expires_at, metadata, allowed_ips, rate_limit, rate_window_ms"

/* Rows that belong to keys, in order of key; the first column is the key's id. */
struct followers {
    struct lk_stmt *stmt;
    bool present; /* a row was read that is not yet used */
    struct lk_id key;
    int (*take)(struct lk_stmt *stmt, struct lk_verification_key *key);
};

static int next_follower(struct followers *followers) {
    int code = lk_step(followers->stmt);
    followers->present = code == 1;
    return code <= 0 ? code : lk_column_id(followers->stmt, 0, &followers->key);
}

/* Takes the rows of this key. */
static int follow(struct followers *followers, struct lk_verification_key *key) {
    int code = 0;
    while (code == 0 && followers->present && memcmp(followers->key.bytes, key->id.bytes, LK_ID_BYTES) <= 0) {
        if (lk_id_equal(&followers->key, &key->id))
            code = followers->take(followers->stmt, key);
        if (code == 0)
            code = next_follower(followers);
    }
    return code;
}

static int take_group(struct lk_stmt *stmt, struct lk_verification_key *key) {
    if (key->groups_len == LK_VERIFICATION_GROUPS_MAX)
        return LK_ECORRUPT;
    return lk_column_id(stmt, 1, &key->groups[key->groups_len++]);
}

static int take_credits(struct lk_stmt *stmt, struct lk_verification_key *key) {
    key->has_credits = true;
    key->credits = lk_column_int(stmt, 1);
    return 0;
}

static int take_old_secret(struct lk_stmt *stmt, struct lk_verification_key *key) {
    if (key->old_secrets_len == LK_VERIFICATION_OLD_SECRETS_MAX)
        return LK_ECORRUPT;
    struct lk_verification_secret *secret = &key->old_secrets[key->old_secrets_len++];
    secret->ends_at = lk_column_int(stmt, 2);
    return lk_row_bytes(stmt, 1, secret->digest, sizeof(secret->digest));
}

static int read_key(struct lk_stmt *stmt, struct lk_verification_key *key) {
    int code = lk_column_id(stmt, 0, &key->id);
    if (code == 0)
        code = lk_column_id(stmt, 1, &key->account_id);
    if (code == 0)
        code = lk_row_bytes(stmt, 3, key->digest, sizeof(key->digest));
    key->name = lk_column_text(stmt, 2);
    key->enabled = lk_column_int(stmt, 4) != 0;
    key->has_expiry = !lk_column_is_null(stmt, 5);
    key->expires_at = lk_column_int(stmt, 5);
    key->metadata = lk_column_text(stmt, 6);
    key->allowed_ips = lk_column_text(stmt, 7);
    key->rate_limit = lk_column_int(stmt, 8);
    key->rate_window_ms = lk_column_int(stmt, 9);
    key->groups_len = 0;
    key->has_credits = false;
    key->credits = 0;
    key->old_secrets_len = 0;
    return code;
}

enum { FOLLOWERS = 3 };

/* The statements of one pass: of one key when $1 is bound. */
struct pass {
    struct lk_stmt *keys;
    struct followers followers[FOLLOWERS];
};

static int read_rest(struct pass *pass, struct lk_verification_key *key) {
    int code = 0;
    for (size_t i = 0; i < FOLLOWERS && code == 0; i++)
        code = follow(&pass->followers[i], key);
    return code;
}

/* Gives each key with what belongs to it; the statements are reset at the end. *ret_count is how many keys there were. */
static int join(struct pass *pass, lk_verification_key_each each, void *context, uint64_t *ret_count) {
    struct lk_verification_key key = {0};
    uint64_t count = 0;
    int code = 0;
    for (size_t i = 0; i < FOLLOWERS && code == 0; i++)
        code = next_follower(&pass->followers[i]);
    while (code == 0) {
        code = lk_step(pass->keys);
        if (code <= 0)
            break;
        count++;
        code = read_key(pass->keys, &key);
        if (code == 0)
            code = read_rest(pass, &key);
        if (code == 0)
            code = each(context, &key);
    }
    lk_stmt_reset(pass->keys);
    for (size_t i = 0; i < FOLLOWERS; i++)
        lk_stmt_reset(pass->followers[i].stmt);
    *ret_count = count;
    return code;
}

#define GROUPS "SELECT api_key_id, group_id FROM api_key_group"
#define CREDITS "SELECT api_key_id, remaining FROM key_credits"
#define OLD_SECRETS "SELECT api_key_id, digest, ends_at FROM key_old_secret"

int lk_store_verification_key(struct lk_db *db, const struct lk_id *id, lk_verification_key_each each, void *context) {
    struct pass pass = {
        lk_db_stmt(db, "SELECT " KEY_COLUMNS " FROM api_key WHERE id = $1"),
        {{.stmt = lk_db_stmt(db, GROUPS " WHERE api_key_id = $1 ORDER BY group_id"), .take = take_group},
         {.stmt = lk_db_stmt(db, CREDITS " WHERE api_key_id = $1"), .take = take_credits},
         {.stmt = lk_db_stmt(db, OLD_SECRETS " WHERE api_key_id = $1"), .take = take_old_secret}},
    };
    lk_bind_id(pass.keys, 1, id);
    for (size_t i = 0; i < FOLLOWERS; i++)
        lk_bind_id(pass.followers[i].stmt, 1, id);
    uint64_t count;
    int code = join(&pass, each, context, &count);
    return code == 0 && count == 0 ? LK_ENOTFOUND : code;
}

int lk_store_verification_keys(struct lk_db *db, lk_verification_key_each each, void *context) {
    struct pass pass = {
        lk_db_stmt(db, "SELECT " KEY_COLUMNS " FROM api_key ORDER BY id"),
        {{.stmt = lk_db_stmt(db, GROUPS " ORDER BY api_key_id, group_id"), .take = take_group},
         {.stmt = lk_db_stmt(db, CREDITS " ORDER BY api_key_id"), .take = take_credits},
         {.stmt = lk_db_stmt(db, OLD_SECRETS " ORDER BY api_key_id"), .take = take_old_secret}},
    };
    uint64_t count;
    return join(&pass, each, context, &count);
}

static int each_group(struct lk_stmt *stmt, lk_verification_group_each each, void *context, uint64_t *ret_count) {
    uint64_t count = 0;
    int code;
    while ((code = lk_step(stmt)) == 1) {
        struct lk_verification_group group = {.permissions = lk_column_text(stmt, 1)};
        count++;
        code = lk_column_id(stmt, 0, &group.id);
        if (code == 0)
            code = each(context, &group);
        if (code != 0)
            break;
    }
    lk_stmt_reset(stmt);
    *ret_count = count;
    return code;
}

int lk_store_verification_group(struct lk_db *db, const struct lk_id *id, lk_verification_group_each each, void *context) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT id, permissions FROM user_group WHERE id = $1");
    lk_bind_id(stmt, 1, id);
    uint64_t count;
    int code = each_group(stmt, each, context, &count);
    return code == 0 && count == 0 ? LK_ENOTFOUND : code;
}

int lk_store_verification_groups(struct lk_db *db, lk_verification_group_each each, void *context) {
    uint64_t count;
    return each_group(lk_db_stmt(db, "SELECT id, permissions FROM user_group ORDER BY id"), each, context, &count);
}

static int each_account(struct lk_stmt *stmt, lk_verification_account_each each, void *context, uint64_t *ret_count) {
    uint64_t count = 0;
    int code;
    while ((code = lk_step(stmt)) == 1) {
        struct lk_verification_account account = {
            .rate_limit = lk_column_int(stmt, 1),
            .rate_window_ms = lk_column_int(stmt, 2),
            .has_credits = !lk_column_is_null(stmt, 3),
            .credits = lk_column_int(stmt, 3),
        };
        count++;
        code = lk_column_id(stmt, 0, &account.id);
        if (code == 0)
            code = each(context, &account);
        if (code != 0)
            break;
    }
    lk_stmt_reset(stmt);
    *ret_count = count;
    return code;
}

#define ACCOUNTS "SELECT id, rate_limit, rate_window_ms, remaining FROM account LEFT JOIN account_credits ON account_id = id"

int lk_store_verification_account(struct lk_db *db, const struct lk_id *id, lk_verification_account_each each, void *context) {
    struct lk_stmt *stmt = lk_db_stmt(db, ACCOUNTS " WHERE id = $1");
    lk_bind_id(stmt, 1, id);
    uint64_t count;
    int code = each_account(stmt, each, context, &count);
    return code == 0 && count == 0 ? LK_ENOTFOUND : code;
}

int lk_store_verification_accounts(struct lk_db *db, lk_verification_account_each each, void *context) {
    uint64_t count;
    return each_account(lk_db_stmt(db, ACCOUNTS " ORDER BY id"), each, context, &count);
}

int lk_store_verification_key_count(struct lk_db *db, int64_t *ret) {
    return lk_row_count(lk_db_stmt(db, "SELECT count(*) FROM api_key"), ret);
}
