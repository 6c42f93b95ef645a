/*
 * Lists of keys: which ones, in which order, by indexes. The ids of a page come first, then their rows one by one: so what is skipped and sorted is small, and
 * a page is at most a hundred look-ups. (By expiry, the SQLite of Debian 12 also looks up each row that it skips: it does not see that an index of an expression
 * holds all that is asked.)
 *
 * There is no index of when keys were last used: every use of a key would have to move it. That order is found by sorting the rows of api_key_use, which
 * are few bytes each.
 */
#include "store/api_key.h"

#include "store/row.h"

/* What the index api_key_expiry says. */
#define EXPIRY "coalesce(k.expires_at, 9223372036854775807)"

/* Not by LIKE, which begins anew at each letter of a name, one by one: of long names of one letter a hundred thousand took seconds. */
#define FILTER                                                                                                             \
    " AND ($4 IS NULL OR instr(lower(k.name), $4) > 0) AND ($5 < 0 OR k.enabled = $5)"                                     \
    " AND ($7 IS NULL OR k.expires_at < $7)"                                                                               \
    " AND ($8 IS NULL OR (k.created_at < $8 AND NOT EXISTS (SELECT 1 FROM api_key_use u WHERE u.account_id = k.account_id" \
    " AND u.api_key_id = k.id AND u.last_used_at >= $8)))"                                                                 \
    " AND ($9 IS NULL OR k.expires_at > $9)"

/* Which keys: all of the account, or those of a group, looked up one by one, since there may be few of them among many. more: what is joined besides. */
#define OF_ACCOUNT(more) " FROM api_key k " more "WHERE k.account_id = $1"
#define OF_GROUP(more) \
    " FROM api_key_group m CROSS JOIN api_key k ON k.id = m.api_key_id " more "WHERE m.group_id = $6 AND k.account_id = $1"
#define USE "CROSS JOIN api_key_use o ON o.account_id = k.account_id AND o.api_key_id = k.id "
#define ID "SELECT k.id"
#define COUNT "SELECT count(*)"

#define KEYS ID OF_ACCOUNT("")
#define USES "SELECT o.api_key_id FROM api_key_use o WHERE o.account_id = $1"
#define PAGE " LIMIT $2 OFFSET $3"

#define BY_NAME(keys) \
    { keys " ORDER BY k.name" PAGE, keys " ORDER BY k.name DESC" PAGE }
#define BY_CREATION(keys) \
    { keys " ORDER BY k.created_at, k.id" PAGE, keys " ORDER BY k.created_at DESC, k.id DESC" PAGE }
#define BY_EXPIRY(keys) \
    { keys " ORDER BY " EXPIRY ", k.id" PAGE, keys " ORDER BY " EXPIRY " DESC, k.id DESC" PAGE }
#define BY_USE(uses)                                                                \
    {                                                                               \
        uses " ORDER BY o.last_used_at NULLS FIRST, o.api_key_id" PAGE,             \
            uses " ORDER BY o.last_used_at DESC NULLS LAST, o.api_key_id DESC" PAGE \
    }

/* Of those that fit, all have to be looked at to count them: they come from the index api_key_list, which holds what is asked, and are sorted. An index
 * in the right order would lead to each key's row instead, one by one. The operators keep such an index out of the choice. */
#define SORTED_NAME(keys) \
    { keys " ORDER BY k.name || ''" PAGE, keys " ORDER BY k.name || '' DESC" PAGE }
#define SORTED_CREATION(keys) \
    { keys " ORDER BY k.created_at + 0, k.id" PAGE, keys " ORDER BY k.created_at + 0 DESC, k.id DESC" PAGE }
#define SORTED_EXPIRY(keys)                                                                       \
    {                                                                                             \
        keys " ORDER BY coalesce(k.expires_at + 0, 9223372036854775807), k.id" PAGE,              \
            keys " ORDER BY coalesce(k.expires_at + 0, 9223372036854775807) DESC, k.id DESC" PAGE \
    }

/* By order, then whether it is descending. */
static const char *const all[LK_KEY_ORDERS][2] = {
    [LK_KEYS_BY_NAME] = BY_NAME(KEYS),
    [LK_KEYS_BY_CREATION] = BY_CREATION(KEYS),
    [LK_KEYS_BY_EXPIRY] = BY_EXPIRY(KEYS),
    [LK_KEYS_BY_USE] = BY_USE(USES),
};

#define SORTED(keys, uses)                                                                                                               \
    {                                                                                                                                    \
        [LK_KEYS_BY_NAME] = SORTED_NAME(keys), [LK_KEYS_BY_CREATION] = SORTED_CREATION(keys), [LK_KEYS_BY_EXPIRY] = SORTED_EXPIRY(keys), \
        [LK_KEYS_BY_USE] = BY_USE(uses),                                                                                                 \
    }

static const char *const filtered[LK_KEY_ORDERS][2] = SORTED(ID OF_ACCOUNT("") FILTER, ID OF_ACCOUNT(USE) FILTER);
static const char *const of_group[LK_KEY_ORDERS][2] = SORTED(ID OF_GROUP("") FILTER, ID OF_GROUP(USE) FILTER);

/* Parameters 4 to 9. */
static void bind_filter(struct lk_stmt *stmt, const struct lk_key_filter *filter) {
    lk_bind_text(stmt, 4, filter->name_part);
    lk_bind_int(stmt, 5, filter->enabled);
    if (filter->group != NULL)
        lk_bind_id(stmt, 6, filter->group);
    if (filter->has_expires_before)
        lk_bind_int(stmt, 7, filter->expires_before);
    if (filter->has_unused_since)
        lk_bind_int(stmt, 8, filter->unused_since);
    if (filter->has_expires_after)
        lk_bind_int(stmt, 9, filter->expires_after);
}

/* Whether all keys of the account are meant: then an index is enough to count and to skip. */
static bool is_open(const struct lk_key_filter *filter) {
    return filter->name_part.ptr == NULL && filter->group == NULL && filter->enabled < 0 && !filter->has_expires_before &&
           !filter->has_expires_after && !filter->has_unused_since;
}

static int list_ids(struct lk_db *db, const struct lk_key_filter *filter, enum lk_key_order order, bool descending, int64_t limit,
                    int64_t offset, struct lk_row_list *ids) {
    bool open = is_open(filter);
    const char *const(*orders)[2] = open ? all : filter->group != NULL ? of_group : filtered;
    struct lk_stmt *stmt = lk_db_stmt(db, orders[order][descending]);
    lk_bind_id(stmt, 1, filter->account);
    lk_bind_int(stmt, 2, limit);
    lk_bind_int(stmt, 3, offset);
    if (!open)
        bind_filter(stmt, filter);
    int code;
    while ((code = lk_step(stmt)) == 1) {
        struct lk_id *id = lk_row_list_add(ids);
        code = id == NULL ? LK_ENOMEM : lk_column_id(stmt, 0, id);
        if (code != 0) {
            lk_stmt_reset(stmt);
            return code;
        }
    }
    return code;
}

int lk_store_key_list(struct lk_db *db, const struct lk_key_filter *filter, enum lk_key_order order, bool descending, int64_t limit,
                      int64_t offset, struct lk_arena *arena, struct lk_key_row **ret, size_t *ret_len) {
    struct lk_row_list ids = {.arena = arena, .item_size = sizeof(struct lk_id)};
    int code = list_ids(db, filter, order, descending, limit, offset, &ids);
    if (code != 0)
        return code;
    struct lk_key_row *rows = lk_arena_calloc(arena, ids.len, sizeof(*rows));
    if (rows == NULL)
        return LK_ENOMEM;
    for (size_t i = 0; i < ids.len && code == 0; i++)
        code = lk_store_key_find(db, filter->account, &((const struct lk_id *)ids.items)[i], arena, &rows[i]);
    if (code != 0)
        return code == LK_ENOTFOUND ? LK_ECORRUPT : code;
    *ret = rows;
    *ret_len = ids.len;
    return 0;
}

/* Most keys of other accounts that are counted before those of the account are. */
#define OTHERS_MAX 1000

/* All keys of an account. SQLite counts a whole table by its pages, in a hundredth of the time that it takes to count a part of it row by row: where few keys are
 * other accounts', these are counted instead. */
static int count_all(struct lk_db *db, const struct lk_id *account, int64_t *ret) {
    int64_t others = 0;
    int64_t total = 0;
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT count(*) FROM (SELECT 1 FROM api_key WHERE account_id < $1 "
                                          "UNION ALL SELECT 1 FROM api_key WHERE account_id > $1 LIMIT $2)");
    lk_bind_id(stmt, 1, account);
    lk_bind_int(stmt, 2, OTHERS_MAX);
    int code = lk_row_count(stmt, &others);
    if (code == 0 && others == OTHERS_MAX) {
        stmt = lk_db_stmt(db, "SELECT count(*) FROM api_key WHERE account_id = $1");
        lk_bind_id(stmt, 1, account);
        return lk_row_count(stmt, ret);
    }
    if (code == 0)
        code = lk_row_count(lk_db_stmt(db, "SELECT count(*) FROM api_key"), &total);
    if (code == 0)
        *ret = total - others;
    return code;
}

int lk_store_key_count(struct lk_db *db, const struct lk_key_filter *filter, int64_t *ret) {
    if (is_open(filter))
        return count_all(db, filter->account, ret);
    struct lk_stmt *stmt = lk_db_stmt(db, filter->group != NULL ? COUNT OF_GROUP("") FILTER : COUNT OF_ACCOUNT("") FILTER);
    lk_bind_id(stmt, 1, filter->account);
    bind_filter(stmt, filter);
    return lk_row_count(stmt, ret);
}
