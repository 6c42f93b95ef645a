/* Keys and their memberships are two tables in the same order, so that a pass over both needs neither a sort nor a look-up for each key. */
#include "store/verification.h"

#include "store/row.h"

#define KEY_COLUMNS "id, account_id, name, digest, enabled, expires_at, metadata"

/* Memberships in order of key, then group; the row that was read last and is not yet used. */
struct memberships {
    struct lk_stmt *stmt;
    bool present;
    struct lk_id key;
    struct lk_id group;
};

static int next_membership(struct memberships *memberships) {
    int code = lk_step(memberships->stmt);
    memberships->present = code == 1;
    if (code <= 0)
        return code;
    code = lk_column_id(memberships->stmt, 0, &memberships->key);
    return code != 0 ? code : lk_column_id(memberships->stmt, 1, &memberships->group);
}

static int read_groups(struct memberships *memberships, struct lk_verification_key *key) {
    key->groups_len = 0;
    while (memberships->present && memcmp(memberships->key.bytes, key->id.bytes, LK_ID_BYTES) <= 0) {
        if (lk_id_equal(&memberships->key, &key->id)) {
            if (key->groups_len == LK_VERIFICATION_GROUPS_MAX)
                return LK_ECORRUPT;
            key->groups[key->groups_len++] = memberships->group;
        }
        int code = next_membership(memberships);
        if (code != 0)
            return code;
    }
    return 0;
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
    return code;
}

/* Gives each key with its groups; both statements are reset at the end. *ret_count is how many keys there were. */
static int join(struct lk_stmt *keys, struct lk_stmt *groups, lk_verification_key_each each, void *context, uint64_t *ret_count) {
    struct memberships memberships = {.stmt = groups};
    struct lk_verification_key key = {0};
    uint64_t count = 0;
    int code = next_membership(&memberships);
    while (code == 0) {
        code = lk_step(keys);
        if (code <= 0)
            break;
        count++;
        code = read_key(keys, &key);
        if (code == 0)
            code = read_groups(&memberships, &key);
        if (code == 0)
            code = each(context, &key);
    }
    lk_stmt_reset(keys);
    lk_stmt_reset(groups);
    *ret_count = count;
    return code;
}

int lk_store_verification_key(struct lk_db *db, const struct lk_id *id, lk_verification_key_each each, void *context) {
    struct lk_stmt *key = lk_db_stmt(db, "SELECT " KEY_COLUMNS " FROM api_key WHERE id = $1");
    struct lk_stmt *groups = lk_db_stmt(db, "SELECT api_key_id, group_id FROM api_key_group WHERE api_key_id = $1 ORDER BY group_id");
    lk_bind_id(key, 1, id);
    lk_bind_id(groups, 1, id);
    uint64_t count;
    int code = join(key, groups, each, context, &count);
    return code == 0 && count == 0 ? LK_ENOTFOUND : code;
}

int lk_store_verification_keys(struct lk_db *db, lk_verification_key_each each, void *context) {
    struct lk_stmt *keys = lk_db_stmt(db, "SELECT " KEY_COLUMNS " FROM api_key ORDER BY id");
    struct lk_stmt *groups = lk_db_stmt(db, "SELECT api_key_id, group_id FROM api_key_group ORDER BY api_key_id, group_id");
    uint64_t count;
    return join(keys, groups, each, context, &count);
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

int lk_store_verification_accounts(struct lk_db *db, lk_verification_account_each each, void *context) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT id FROM account ORDER BY id");
    int code;
    while ((code = lk_step(stmt)) == 1) {
        struct lk_id id;
        code = lk_column_id(stmt, 0, &id);
        if (code == 0)
            code = each(context, &id);
        if (code != 0)
            break;
    }
    lk_stmt_reset(stmt);
    return code;
}

int lk_store_verification_key_count(struct lk_db *db, int64_t *ret) {
    return lk_row_count(lk_db_stmt(db, "SELECT count(*) FROM api_key"), ret);
}
