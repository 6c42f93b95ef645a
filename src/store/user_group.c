#include "store/user_group.h"

#include "store/row.h"

#define COLUMNS \
    "g.id, g.account_id, g.name, g.description, g.permissions, g.manages, g.sso_provider_id, g.settings, g.created_at, g.updated_at"

int lk_store_group_insert(struct lk_db *db, const struct lk_group_row *row) {
    struct lk_stmt *stmt =
        lk_db_stmt(db, "INSERT INTO user_group (id, account_id, name, description, permissions, manages, sso_provider_id, settings, "
                       "created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
    lk_bind_id(stmt, 1, &row->id);
    lk_bind_id(stmt, 2, &row->account_id);
    lk_bind_text(stmt, 3, row->name);
    lk_bind_text(stmt, 4, row->description);
    lk_bind_text(stmt, 5, row->permissions);
    lk_bind_int(stmt, 6, row->manages);
    lk_bind_id(stmt, 7, row->has_provider ? &row->provider_id : NULL);
    lk_bind_text(stmt, 8, row->settings);
    lk_bind_int(stmt, 9, row->created_at);
    lk_bind_int(stmt, 10, row->updated_at);
    return lk_run(stmt);
}

int lk_store_group_update(struct lk_db *db, const struct lk_group_row *row) {
    struct lk_stmt *stmt =
        lk_db_stmt(db, "UPDATE user_group SET name = $1, description = $2, permissions = $3, manages = $4, sso_provider_id = $5, "
                       "settings = $6, updated_at = $7 WHERE id = $8");
    lk_bind_text(stmt, 1, row->name);
    lk_bind_text(stmt, 2, row->description);
    lk_bind_text(stmt, 3, row->permissions);
    lk_bind_int(stmt, 4, row->manages);
    lk_bind_id(stmt, 5, row->has_provider ? &row->provider_id : NULL);
    lk_bind_text(stmt, 6, row->settings);
    lk_bind_int(stmt, 7, row->updated_at);
    lk_bind_id(stmt, 8, &row->id);
    return lk_run(stmt);
}

int lk_store_group_delete(struct lk_db *db, const struct lk_id *id) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM user_group WHERE id = $1");
    lk_bind_id(stmt, 1, id);
    int code = lk_run(stmt);
    return code == 0 && lk_db_changes(db) == 0 ? LK_ENOTFOUND : code;
}

static int read_columns(struct lk_stmt *stmt, struct lk_arena *arena, void *ret) {
    struct lk_group_row *row = ret;
    int code = lk_column_id(stmt, 0, &row->id);
    if (code == 0)
        code = lk_column_id(stmt, 1, &row->account_id);
    if (code == 0)
        code = lk_row_text(stmt, 2, arena, &row->name);
    if (code == 0)
        code = lk_row_text(stmt, 3, arena, &row->description);
    if (code == 0)
        code = lk_row_text(stmt, 4, arena, &row->permissions);
    if (code == 0)
        code = lk_row_text(stmt, 7, arena, &row->settings);
    row->manages = lk_column_int(stmt, 5) != 0;
    row->has_provider = !lk_column_is_null(stmt, 6);
    if (code == 0 && row->has_provider)
        code = lk_column_id(stmt, 6, &row->provider_id);
    row->created_at = lk_column_int(stmt, 8);
    row->updated_at = lk_column_int(stmt, 9);
    return code;
}

static int read_one(struct lk_stmt *stmt, struct lk_arena *arena, struct lk_group_row *ret) {
    return lk_row_one(stmt, read_columns, arena, ret, sizeof(*ret));
}

static int read_list(struct lk_stmt *stmt, struct lk_arena *arena, struct lk_group_row **ret, size_t *ret_len) {
    struct lk_row_list list = {.arena = arena, .item_size = sizeof(struct lk_group_row)};
    int code = lk_row_all(stmt, read_columns, &list);
    if (code == 0) {
        *ret = list.items;
        *ret_len = list.len;
    }
    return code;
}

int lk_store_group_find(struct lk_db *db, const struct lk_id *account, const struct lk_id *id, struct lk_arena *arena,
                        struct lk_group_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM user_group g WHERE g.id = $1 AND g.account_id = $2");
    lk_bind_id(stmt, 1, id);
    lk_bind_id(stmt, 2, account);
    return read_one(stmt, arena, ret);
}

int lk_store_group_find_by_name(struct lk_db *db, const struct lk_id *account, struct lk_slice name, struct lk_arena *arena,
                                struct lk_group_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM user_group g WHERE g.account_id = $1 AND g.name = $2");
    lk_bind_id(stmt, 1, account);
    lk_bind_text(stmt, 2, name);
    return read_one(stmt, arena, ret);
}

/* A statement whose parameters are an id, a limit and an offset. */
static struct lk_stmt *bind_page(struct lk_stmt *stmt, const struct lk_id *id, int64_t limit, int64_t offset) {
    lk_bind_id(stmt, 1, id);
    lk_bind_int(stmt, 2, limit);
    lk_bind_int(stmt, 3, offset);
    return stmt;
}

static int count(struct lk_stmt *stmt, const struct lk_id *id, int64_t *ret) {
    lk_bind_id(stmt, 1, id);
    return lk_row_count(stmt, ret);
}

int lk_store_group_list(struct lk_db *db, const struct lk_id *account, int64_t limit, int64_t offset, struct lk_arena *arena,
                        struct lk_group_row **ret, size_t *ret_len) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM user_group g WHERE g.id IN (SELECT id FROM user_group "
                                          "WHERE account_id = $1 ORDER BY name LIMIT $2 OFFSET $3) ORDER BY g.name");
    return read_list(bind_page(stmt, account, limit, offset), arena, ret, ret_len);
}

int lk_store_group_count(struct lk_db *db, const struct lk_id *account, int64_t *ret) {
    return count(lk_db_stmt(db, "SELECT count(*) FROM user_group WHERE account_id = $1"), account, ret);
}

int lk_store_group_list_of_key(struct lk_db *db, const struct lk_id *key, int64_t limit, int64_t offset, struct lk_arena *arena,
                               struct lk_group_row **ret, size_t *ret_len) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM api_key_group kg JOIN user_group g ON g.id = kg.group_id "
                                          "WHERE kg.api_key_id = $1 ORDER BY g.name LIMIT $2 OFFSET $3");
    return read_list(bind_page(stmt, key, limit, offset), arena, ret, ret_len);
}

int lk_store_group_count_of_key(struct lk_db *db, const struct lk_id *key, int64_t *ret) {
    return count(lk_db_stmt(db, "SELECT count(*) FROM api_key_group WHERE api_key_id = $1"), key, ret);
}

int lk_store_group_list_of_user(struct lk_db *db, const struct lk_id *user, int64_t limit, int64_t offset, struct lk_arena *arena,
                                struct lk_group_row **ret, size_t *ret_len) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM group_member m JOIN user_group g ON g.id = m.group_id "
                                          "WHERE m.user_id = $1 ORDER BY g.name LIMIT $2 OFFSET $3");
    return read_list(bind_page(stmt, user, limit, offset), arena, ret, ret_len);
}

int lk_store_group_count_of_user(struct lk_db *db, const struct lk_id *user, int64_t *ret) {
    return count(lk_db_stmt(db, "SELECT count(*) FROM group_member WHERE user_id = $1"), user, ret);
}

static int read_permissions(struct lk_stmt *stmt, const struct lk_id *id, struct lk_arena *arena, struct lk_group_permissions_row **ret,
                            size_t *ret_len) {
    struct lk_row_list list = {.arena = arena, .item_size = sizeof(struct lk_group_permissions_row)};
    lk_bind_id(stmt, 1, id);
    int code;
    while ((code = lk_step(stmt)) == 1) {
        struct lk_group_permissions_row *row = lk_row_list_add(&list);
        code = row == NULL ? LK_ENOMEM : lk_column_id(stmt, 0, &row->id);
        if (code == 0)
            code = lk_row_text(stmt, 1, arena, &row->name);
        if (code == 0)
            code = lk_row_text(stmt, 2, arena, &row->permissions);
        if (code != 0) {
            lk_stmt_reset(stmt);
            return code;
        }
    }
    if (code == 0) {
        *ret = list.items;
        *ret_len = list.len;
    }
    return code;
}

int lk_store_group_permissions_of_key(struct lk_db *db, const struct lk_id *key, struct lk_arena *arena,
                                      struct lk_group_permissions_row **ret, size_t *ret_len) {
    struct lk_stmt *stmt =
        lk_db_stmt(db, "SELECT g.id, g.name, g.permissions FROM api_key_group kg JOIN user_group g ON g.id = kg.group_id "
                       "WHERE kg.api_key_id = $1 ORDER BY kg.group_id");
    return read_permissions(stmt, key, arena, ret, ret_len);
}

int lk_store_group_permissions_of_user(struct lk_db *db, const struct lk_id *user, struct lk_arena *arena,
                                       struct lk_group_permissions_row **ret, size_t *ret_len) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT g.id, g.name, g.permissions FROM group_member m JOIN user_group g ON g.id = m.group_id "
                                          "WHERE m.user_id = $1 ORDER BY m.group_id");
    return read_permissions(stmt, user, arena, ret, ret_len);
}

/* Calls each with the rows of a statement whose columns are id, name and permissions. */
static int visit(struct lk_stmt *stmt, lk_group_each each, void *context) {
    int code;
    while ((code = lk_step(stmt)) == 1) {
        struct lk_group_permissions_row row = {.name = lk_column_text(stmt, 1), .permissions = lk_column_text(stmt, 2)};
        code = lk_column_id(stmt, 0, &row.id);
        if (code == 0)
            code = each(context, &row);
        if (code != 0) {
            lk_stmt_reset(stmt);
            break;
        }
    }
    return code;
}

int lk_store_group_each(struct lk_db *db, const struct lk_id *account, lk_group_each each, void *context) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT id, name, permissions FROM user_group WHERE account_id = $1 ORDER BY created_at, id");
    lk_bind_id(stmt, 1, account);
    return visit(stmt, each, context);
}

/* Users first: a group has few of them, and may have a hundred thousand keys, all of which are limited. */
#define KEPT                                                                                                                \
    "((($2 > 0 OR NOT EXISTS (SELECT 1 FROM ip_allow WHERE account_id = $1 AND status = 'ACTIVE')) "                        \
    "AND EXISTS (SELECT 1 FROM group_member m JOIN user_login l ON l.user_id = m.user_id WHERE m.group_id = g.id "          \
    "AND l.password_hash IS NOT NULL)) "                                                                                    \
    "OR EXISTS (SELECT 1 FROM api_key_group kg JOIN api_key k ON k.id = kg.api_key_id WHERE kg.group_id = g.id "            \
    "AND k.enabled = 1 AND (k.expires_at IS NULL OR ($2 = 2 AND k.expires_at > $3)) AND (k.allowed_ips IS NULL OR $2 = 2) " \
    "AND ($4 IS NULL OR k.id <> $4)))"

_Static_assert(LK_KEEPERS_UNLIMITED == 0 && LK_KEEPERS_USERS == 1 && LK_KEEPERS_ALL == 2, "as the statement has them");

static int visit_kept(struct lk_stmt *stmt, const struct lk_id *account, enum lk_keepers keepers, const struct lk_id *except,
                      int64_t now_ms, lk_group_each each, void *context) {
    lk_bind_id(stmt, 1, account);
    lk_bind_int(stmt, 2, keepers);
    lk_bind_int(stmt, 3, now_ms);
    lk_bind_id(stmt, 4, except);
    return visit(stmt, each, context);
}

int lk_store_group_each_keeper(struct lk_db *db, const struct lk_id *account, enum lk_keepers keepers, const struct lk_id *except,
                               int64_t now_ms, lk_group_each each, void *context) {
    /* First those that an index leads to: an administrator's group is one of them, and the texts of the others need not be searched. */
    struct lk_stmt *managing =
        lk_db_stmt(db, "SELECT g.id, g.name, g.permissions FROM user_group g WHERE g.account_id = $1 AND g.manages = 1 "
                       "AND " KEPT);
    int code = visit_kept(managing, account, keepers, except, now_ms, each, context);
    if (code != 0)
        return code;
    struct lk_stmt *others =
        lk_db_stmt(db, "SELECT g.id, g.name, g.permissions FROM user_group g WHERE g.account_id = $1 AND g.manages = 0 "
                       "AND (g.permissions LIKE '%\"MANAGE_API_KEYS\"%' OR g.permissions LIKE '%\"latchkey.operator\"%') "
                       "AND " KEPT);
    return visit_kept(others, account, keepers, except, now_ms, each, context);
}

static int read_id(struct lk_stmt *stmt, struct lk_arena *arena, void *ret) {
    (void)arena;
    return lk_column_id(stmt, 0, ret);
}

int lk_store_group_list_naming(struct lk_db *db, const struct lk_id *account, struct lk_slice application, struct lk_arena *arena,
                               struct lk_id **ret, size_t *ret_len) {
    /* "_" of an id matches any character here: a few more groups are looked into than need be. */
    struct lk_stmt *stmt =
        lk_db_stmt(db, "SELECT g.id FROM user_group g WHERE g.account_id = $1 AND g.permissions LIKE '%\"' || $2 || '\"%'");
    lk_bind_id(stmt, 1, account);
    lk_bind_text(stmt, 2, application);
    struct lk_row_list list = {.arena = arena, .item_size = sizeof(struct lk_id)};
    int code = lk_row_all(stmt, read_id, &list);
    if (code == 0) {
        *ret = list.items;
        *ret_len = list.len;
    }
    return code;
}
