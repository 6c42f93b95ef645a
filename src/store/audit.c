#include "store/audit.h"

#include "store/row.h"

#define COLUMNS_WITH(documents)                                                                                                    \
    "account_id, seq, set_id, set_position, created_at, actor_kind, actor_id, actor_name, operation, resource_type, resource_id, " \
    "resource_name, failure, " documents ", request_url, request_path, request_method, request_remote, response_status, "          \
    "key_version, mac"
#define COLUMNS COLUMNS_WITH("before_doc, after_doc")
#define COLUMNS_WITHOUT_DOCUMENTS COLUMNS_WITH("NULL, NULL")

int lk_store_audit_insert(struct lk_db *db, const struct lk_audit_row *row) {
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO audit_entry (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
                                          "$12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)");
    lk_bind_id(stmt, 1, &row->account_id);
    lk_bind_int(stmt, 2, row->seq);
    lk_bind_id(stmt, 3, &row->set_id);
    lk_bind_int(stmt, 4, row->set_position);
    lk_bind_int(stmt, 5, row->created_at);
    lk_bind_text(stmt, 6, row->actor_kind);
    lk_bind_id(stmt, 7, row->has_actor_id ? &row->actor_id : NULL);
    lk_bind_text(stmt, 8, row->actor_name);
    lk_bind_text(stmt, 9, row->operation);
    lk_bind_text(stmt, 10, row->resource_type);
    lk_bind_id(stmt, 11, row->has_resource_id ? &row->resource_id : NULL);
    lk_bind_text(stmt, 12, row->resource_name);
    lk_bind_text(stmt, 13, row->failure);
    lk_bind_text(stmt, 14, row->before_doc);
    lk_bind_text(stmt, 15, row->after_doc);
    lk_bind_text(stmt, 16, row->request_url);
    lk_bind_text(stmt, 17, row->request_path);
    lk_bind_text(stmt, 18, row->request_method);
    lk_bind_text(stmt, 19, row->request_remote);
    lk_bind_int(stmt, 20, row->response_status);
    lk_bind_int(stmt, 21, row->key_version);
    lk_row_bind(stmt, 22, row->mac, sizeof(row->mac));
    return lk_run(stmt);
}

/* A column that is an id or NULL. */
static int read_optional_id(struct lk_stmt *stmt, int index, bool *ret_has, struct lk_id *ret) {
    *ret_has = !lk_column_is_null(stmt, index);
    return *ret_has ? lk_column_id(stmt, index, ret) : 0;
}

static int read_texts(struct lk_stmt *stmt, struct lk_arena *arena, struct lk_audit_row *row) {
    struct {
        int index;
        struct lk_slice *text;
    } columns[] = {
        {5, &row->actor_kind},     {7, &row->actor_name},    {8, &row->operation},       {9, &row->resource_type},
        {11, &row->resource_name}, {12, &row->failure},      {13, &row->before_doc},     {14, &row->after_doc},
        {15, &row->request_url},   {16, &row->request_path}, {17, &row->request_method}, {18, &row->request_remote},
    };
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        int code = lk_row_text(stmt, columns[i].index, arena, columns[i].text);
        if (code != 0)
            return code;
    }
    return 0;
}

static int read_columns(struct lk_stmt *stmt, struct lk_arena *arena, void *ret) {
    struct lk_audit_row *row = ret;
    row->seq = lk_column_int(stmt, 1);
    row->set_position = lk_column_int(stmt, 3);
    row->created_at = lk_column_int(stmt, 4);
    row->response_status = lk_column_int(stmt, 19);
    row->key_version = lk_column_int(stmt, 20);
    int code = lk_column_id(stmt, 0, &row->account_id);
    if (code == 0)
        code = lk_column_id(stmt, 2, &row->set_id);
    if (code == 0)
        code = read_optional_id(stmt, 6, &row->has_actor_id, &row->actor_id);
    if (code == 0)
        code = read_optional_id(stmt, 10, &row->has_resource_id, &row->resource_id);
    if (code == 0)
        code = lk_row_bytes(stmt, 21, row->mac, sizeof(row->mac));
    return code != 0 ? code : read_texts(stmt, arena, row);
}

int lk_store_audit_set_len(struct lk_db *db, const struct lk_id *account, const struct lk_id *set, int64_t *ret) {
    /* Their positions are 0, 1, 2 ...: the last one is found at once, however many a request writes. */
    struct lk_stmt *stmt =
        lk_db_stmt(db, "SELECT coalesce(max(set_position) + 1, 0) FROM audit_entry WHERE account_id = $1 AND set_id = $2");
    lk_bind_id(stmt, 1, account);
    lk_bind_id(stmt, 2, set);
    return lk_row_count(stmt, ret);
}

int lk_store_audit_next(struct lk_db *db, const struct lk_id *account, int64_t after, struct lk_arena *arena, struct lk_audit_row *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT " COLUMNS " FROM audit_entry WHERE account_id = $1 AND seq > $2 ORDER BY seq LIMIT 1");
    lk_bind_id(stmt, 1, account);
    lk_bind_int(stmt, 2, after);
    return lk_row_one(stmt, read_columns, arena, ret, sizeof(*ret));
}

int lk_store_audit_last(struct lk_db *db, const struct lk_id *account, int64_t *ret_seq, uint8_t ret_mac[LK_STORED_MAC_BYTES]) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT seq, mac FROM audit_entry WHERE account_id = $1 ORDER BY seq DESC LIMIT 1");
    lk_bind_id(stmt, 1, account);
    int code = lk_step(stmt);
    if (code <= 0)
        return code == 0 ? LK_ENOTFOUND : code;
    int64_t seq = lk_column_int(stmt, 0);
    code = lk_row_bytes(stmt, 1, ret_mac, LK_STORED_MAC_BYTES);
    lk_stmt_reset(stmt);
    if (code == 0)
        *ret_seq = seq;
    return code;
}

int lk_store_audit_count(struct lk_db *db, int64_t *ret) {
    return lk_row_count(lk_db_stmt(db, "SELECT count(*) FROM audit_entry"), ret);
}

static int read_list(struct lk_stmt *stmt, struct lk_arena *arena, struct lk_audit_row **ret, size_t *ret_len) {
    struct lk_row_list list = {.arena = arena, .item_size = sizeof(struct lk_audit_row)};
    int code = lk_row_all(stmt, read_columns, &list);
    if (code == 0) {
        *ret = list.items;
        *ret_len = list.len;
    }
    return code;
}

/* The sets of an account in a range of time, by their first entries. What more is asked decides which index finds them: that of time, of actors or of
 * resources; the rest is looked at in each. */
#define SETS " FROM audit_entry f WHERE f.account_id = $1 AND f.set_position = 0 AND f.created_at >= $2 AND f.created_at < $3"
#define ENTRY " AND ($6 IS NULL OR e.resource_type = $6) AND ($7 IS NULL OR e.operation = $7)"
#define ANY_RESOURCE " AND ($5 IS NULL OR e.resource_id = $5)"
#define HAVING_ENTRY                                                            \
    " AND (($6 IS NULL AND $7 IS NULL) OR EXISTS (SELECT 1 FROM audit_entry e " \
    "WHERE e.account_id = f.account_id AND e.set_id = f.set_id" ANY_RESOURCE ENTRY "))"
#define OF_TIME SETS " AND ($4 IS NULL OR f.actor_id = $4)" HAVING_ENTRY
#define OF_ACTOR SETS " AND f.actor_id = $4" HAVING_ENTRY
/* The entries first, then their sets: a resource has few, and those of a kind are found in one walk along an index. + 0 keeps the index of time out of the choice. */
#define BY_ENTRIES(resource)                                                                                                   \
    " FROM audit_entry f WHERE f.account_id = $1 AND f.set_position = 0 AND f.created_at + 0 >= $2 AND f.created_at + 0 < $3 " \
    "AND ($4 IS NULL OR f.actor_id = $4) AND f.seq IN (SELECT (SELECT x.seq FROM audit_entry x "                               \
    "WHERE x.account_id = $1 AND x.set_id = e.set_id AND x.set_position = 0) FROM audit_entry e "                              \
    "WHERE e.account_id = $1" resource ENTRY ")"
#define OF_RESOURCE BY_ENTRIES(" AND e.resource_id = $5")
#define OF_KIND BY_ENTRIES(ANY_RESOURCE)
#define LIST(sets, time)                                                                                                          \
    "SELECT " COLUMNS_WITHOUT_DOCUMENTS " FROM audit_entry WHERE account_id = $1 AND seq IN (SELECT f.seq" sets " ORDER BY " time \
    " DESC, f.seq DESC LIMIT $8 OFFSET $9) ORDER BY created_at DESC, seq DESC"

enum way { ALL, BY_RESOURCE, BY_ACTOR, BY_KIND, BY_TIME };

static const struct {
    const char *list;
    const char *count;
} ways[] = {
    [ALL] = {LIST(SETS, "f.created_at"), "SELECT count(*)" SETS},
    [BY_RESOURCE] = {LIST(OF_RESOURCE, "f.created_at + 0"), "SELECT count(*)" OF_RESOURCE},
    [BY_ACTOR] = {LIST(OF_ACTOR, "f.created_at"), "SELECT count(*)" OF_ACTOR},
    [BY_KIND] = {LIST(OF_KIND, "f.created_at + 0"), "SELECT count(*)" OF_KIND},
    [BY_TIME] = {LIST(OF_TIME, "f.created_at"), "SELECT count(*)" OF_TIME},
};

static bool is_filtered(const struct lk_audit_set_filter *filter) {
    return filter->actor != NULL || filter->resource != NULL || filter->resource_type.ptr != NULL || filter->operation.ptr != NULL;
}

static void bind_range(struct lk_stmt *stmt, const struct lk_audit_set_filter *filter) {
    lk_bind_id(stmt, 1, filter->account);
    lk_bind_int(stmt, 2, filter->from);
    lk_bind_int(stmt, 3, filter->to);
}

static void bind_sets(struct lk_stmt *stmt, const struct lk_audit_set_filter *filter) {
    bind_range(stmt, filter);
    if (!is_filtered(filter))
        return;
    lk_bind_id(stmt, 4, filter->actor);
    lk_bind_id(stmt, 5, filter->resource);
    lk_bind_text(stmt, 6, filter->resource_type);
    lk_bind_text(stmt, 7, filter->operation);
}

/* Of a kind: to look into a set of that time takes some ten times as long as to pass by an entry of the log. */
static int choose_by_time(struct lk_db *db, const struct lk_audit_set_filter *filter, enum way *ret) {
    int64_t is_long;
    struct lk_stmt *stmt =
        lk_db_stmt(db, "SELECT (SELECT count(*)" SETS ") * 10 > (SELECT max(seq) FROM audit_entry WHERE account_id = $1)");
    bind_range(stmt, filter);
    int code = lk_row_count(stmt, &is_long);
    if (code == 0)
        *ret = is_long != 0 ? BY_KIND : BY_TIME;
    return code;
}

static int choose_way(struct lk_db *db, const struct lk_audit_set_filter *filter, enum way *ret) {
    if (is_filtered(filter) && filter->resource == NULL && filter->actor == NULL)
        return choose_by_time(db, filter, ret);
    *ret = filter->resource != NULL ? BY_RESOURCE : filter->actor != NULL ? BY_ACTOR : ALL;
    return 0;
}

int lk_store_audit_list_sets(struct lk_db *db, const struct lk_audit_set_filter *filter, int64_t limit, int64_t offset,
                             struct lk_arena *arena, struct lk_audit_row **ret, size_t *ret_len) {
    enum way way;
    int code = choose_way(db, filter, &way);
    if (code != 0)
        return code;
    struct lk_stmt *stmt = lk_db_stmt(db, ways[way].list);
    bind_sets(stmt, filter);
    lk_bind_int(stmt, 8, limit);
    lk_bind_int(stmt, 9, offset);
    return read_list(stmt, arena, ret, ret_len);
}

int lk_store_audit_count_sets(struct lk_db *db, const struct lk_audit_set_filter *filter, int64_t *ret) {
    enum way way;
    int code = choose_way(db, filter, &way);
    if (code != 0)
        return code;
    struct lk_stmt *stmt = lk_db_stmt(db, ways[way].count);
    bind_sets(stmt, filter);
    return lk_row_count(stmt, ret);
}

#define OF_SET " FROM audit_entry WHERE account_id = $1 AND set_id = $2 AND ($3 IS NULL OR resource_id = $3)"

static void bind_set(struct lk_stmt *stmt, const struct lk_id *account, const struct lk_id *set, const struct lk_id *resource) {
    lk_bind_id(stmt, 1, account);
    lk_bind_id(stmt, 2, set);
    lk_bind_id(stmt, 3, resource);
}

int lk_store_audit_list_of_set(struct lk_db *db, const struct lk_id *account, const struct lk_id *set, const struct lk_id *resource,
                               bool documents, int64_t limit, int64_t offset, struct lk_arena *arena, struct lk_audit_row **ret,
                               size_t *ret_len) {
    struct lk_stmt *stmt = documents
                               ? lk_db_stmt(db, "SELECT " COLUMNS OF_SET " ORDER BY set_position LIMIT $4 OFFSET $5")
                               : lk_db_stmt(db, "SELECT " COLUMNS_WITHOUT_DOCUMENTS OF_SET " ORDER BY set_position LIMIT $4 OFFSET $5");
    bind_set(stmt, account, set, resource);
    lk_bind_int(stmt, 4, limit);
    lk_bind_int(stmt, 5, offset);
    return read_list(stmt, arena, ret, ret_len);
}

int lk_store_audit_count_of_set(struct lk_db *db, const struct lk_id *account, const struct lk_id *set, const struct lk_id *resource,
                                int64_t *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT count(*)" OF_SET);
    bind_set(stmt, account, set, resource);
    return lk_row_count(stmt, ret);
}
