/* Finding and listing keys. */
#include "domain/group_rows.h"
#include "domain/key_limits.h"
#include "domain/key_metadata.h"
#include "domain/rules.h"
#include "store/key_old_secret.h"

static const uint32_t may_read_keys =
    LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_API_KEYS) | LK_ACCOUNT_PERMISSION_BIT(LK_VIEW_USER_AND_USER_GROUPS_AND_API_KEYS);

int lk_require_read_keys(struct lk_call *call) {
    static const struct lk_intent reading = {0};
    return lk_require(call, may_read_keys, &reading);
}

int lk_to_key(struct lk_call *call, const struct lk_key_row *row, struct lk_api_key *ret) {
    struct lk_api_key key = {
        .id = row->id,
        .account_id = row->account_id,
        .name = row->name,
        .preview = row->preview,
        .enabled = row->enabled,
        .created_at = row->created_at,
        .created_by = row->created_by,
        .updated_at = row->updated_at,
        .has_expiry = row->has_expiry,
        .expires_at = row->expires_at,
        .rate = {row->rate_limit, row->rate_window_ms / 1000},
        .weak = row->weak,
    };
    int code = lk_metadata_read(call, row->metadata, &key.metadata, &key.metadata_len);
    if (code == 0)
        code = lk_allowed_ips_read(call, row->allowed_ips, &key.allowed_ips, &key.allowed_ips_len);
    if (code == 0)
        *ret = key;
    return code;
}

static int no_key(struct lk_call *call) {
    return lk_problem_set(call->problem, LK_ENOTFOUND, "API key does not exist");
}

int lk_find_key(struct lk_call *call, struct lk_slice id, struct lk_key_row *ret) {
    struct lk_id key;
    if (lk_id_parse(id, &key) != 0)
        return no_key(call);
    int code = lk_store_key_find(call->db, &call->actor->account_id, &key, call->arena, ret);
    if (code == LK_ENOTFOUND)
        return no_key(call);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

static bool is_actor(const struct lk_call *call, struct lk_slice id) {
    struct lk_id key;
    return call->actor->kind == LK_ACTOR_KEY && lk_id_parse(id, &key) == 0 && lk_id_equal(&key, &call->actor->id);
}

int lk_api_key_get(struct lk_call *call, struct lk_slice id, struct lk_api_key *ret) {
    int code = is_actor(call, id) ? 0 : lk_require_read_keys(call);
    if (code != 0)
        return code;
    struct lk_key_row row = {0};
    code = lk_find_key(call, id, &row);
    return code != 0 ? code : lk_to_key(call, &row, ret);
}

int lk_api_key_get_by_name(struct lk_call *call, struct lk_slice name, struct lk_api_key *ret) {
    int code = lk_require_read_keys(call);
    if (code != 0)
        return code;
    struct lk_key_row row = {0};
    code = lk_store_key_find_by_name(call->db, &call->actor->account_id, name, call->arena, &row);
    if (code == LK_ENOTFOUND)
        return no_key(call);
    return code != 0 ? lk_fail_store(call, code) : lk_to_key(call, &row, ret);
}

/* In lower case, as the store has it. */
static int to_lower(struct lk_call *call, struct lk_slice text, struct lk_slice *ret) {
    char *lower = lk_arena_strdup(call->arena, text);
    if (lower == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < text.len; i++) {
        if (lower[i] >= 'A' && lower[i] <= 'Z')
            lower[i] = (char)(lower[i] + ('a' - 'A'));
    }
    *ret = lk_slice_make(lower, text.len);
    return 0;
}

static int to_store_filter(struct lk_call *call, const struct lk_api_key_filter *filter, struct lk_id *group, struct lk_key_filter *ret) {
    *ret = (struct lk_key_filter){
        .account = &call->actor->account_id,
        .enabled = -1,
        .has_expires_before = filter->expires_before_given,
        .expires_before = filter->expires_before,
        .has_expires_after = filter->expires_after_given,
        .expires_after = filter->expires_after,
        .has_unused_since = filter->unused_since_given,
        .unused_since = filter->unused_since,
    };
    if (filter->enabled_given)
        ret->enabled = filter->enabled;
    if (filter->group_id.ptr != NULL) {
        if (lk_id_parse(filter->group_id, group) != 0)
            return lk_no_group(call, LK_EINVAL, filter->group_id);
        ret->group = group;
    }
    if (filter->name_contains.len > LK_NAME_MAX)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid filter: no name is longer than %d bytes", LK_NAME_MAX);
    return filter->name_contains.len == 0 ? 0 : to_lower(call, filter->name_contains, &ret->name_part);
}

static enum lk_key_order store_order(enum lk_api_key_field field) {
    static const enum lk_key_order orders[] = {
        [LK_API_KEY_NAME] = LK_KEYS_BY_NAME,
        [LK_API_KEY_CREATED_AT] = LK_KEYS_BY_CREATION,
        [LK_API_KEY_EXPIRES_AT] = LK_KEYS_BY_EXPIRY,
        [LK_API_KEY_LAST_USED_AT] = LK_KEYS_BY_USE,
    };
    return orders[field];
}

int lk_api_key_list(struct lk_call *call, const struct lk_api_key_filter *filter, struct lk_api_key_sort sort, struct lk_page page,
                    struct lk_api_key **ret, size_t *ret_len, struct lk_page_info *ret_info) {
    struct lk_id group;
    struct lk_key_filter store_filter;
    int code = lk_require_read_keys(call);
    if (code == 0)
        code = lk_page_check(call, &page);
    if (code == 0)
        code = to_store_filter(call, filter, &group, &store_filter);
    if (code != 0)
        return code;
    int64_t total;
    struct lk_key_row *rows = NULL;
    size_t len;
    code = lk_store_key_count(call->db, &store_filter, &total);
    if (code == 0)
        code = lk_store_key_list(call->db, &store_filter, store_order(sort.field), sort.descending, page.limit, page.offset, call->arena,
                                 &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    struct lk_api_key *keys = lk_arena_calloc(call->arena, len, sizeof(*keys));
    if (keys == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < len && code == 0; i++)
        code = lk_to_key(call, &rows[i], &keys[i]);
    if (code != 0)
        return code;
    *ret = keys;
    *ret_len = len;
    lk_page_finish(page, total, len, ret_info);
    return 0;
}

int lk_api_key_groups(struct lk_call *call, const struct lk_id *key, struct lk_page page, struct lk_user_group **ret, size_t *ret_len,
                      struct lk_page_info *ret_info) {
    int code = lk_page_check(call, &page);
    if (code != 0)
        return code;
    int64_t total;
    struct lk_group_row *rows = NULL;
    size_t len;
    code = lk_store_group_count_of_key(call->db, key, &total);
    if (code == 0)
        code = lk_store_group_list_of_key(call->db, key, page.limit, page.offset, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    code = lk_to_groups(call, rows, len, ret);
    if (code != 0)
        return code;
    *ret_len = len;
    lk_page_finish(page, total, len, ret_info);
    return 0;
}

int lk_api_key_permissions(struct lk_call *call, const struct lk_id *key, struct lk_permissions *ret) {
    struct lk_group_permissions_row *rows;
    size_t len;
    int code = lk_store_group_permissions_of_key(call->db, key, call->arena, &rows, &len);
    return code != 0 ? lk_fail_store(call, code) : lk_read_union(call, rows, len, ret);
}

int lk_api_key_credits(struct lk_call *call, const struct lk_id *key, bool *ret_has, struct lk_credits *ret) {
    return lk_credits_get(call, LK_CREDITS_OF_KEY, key, ret_has, ret);
}

_Static_assert(LK_OLD_SECRETS_MAX == LK_STORED_OLD_SECRETS_MAX, "the same limit in both rooms");

int lk_api_key_old_secrets(struct lk_call *call, const struct lk_id *key, struct lk_old_secret ret[LK_OLD_SECRETS_MAX], size_t *ret_len) {
    struct lk_old_secret_row rows[LK_STORED_OLD_SECRETS_MAX];
    size_t len;
    int code = lk_store_old_secret_list(call->db, key, call->now_ms, call->arena, rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    for (size_t i = 0; i < len; i++)
        ret[i] = (struct lk_old_secret){rows[i].preview, rows[i].ends_at};
    *ret_len = len;
    return 0;
}
