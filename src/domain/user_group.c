#include "domain/user_group.h"

#include "domain/group_rows.h"
#include "domain/rules.h"
#include "domain/sso_provider.h"
#include "domain/user_rows.h"
#include "store/sso_provider.h"

static const uint32_t may_read_groups = LK_ACCOUNT_PERMISSION_BIT(LK_READ_USERS_AND_GROUPS) |
                                        LK_ACCOUNT_PERMISSION_BIT(LK_VIEW_USER_AND_USER_GROUPS_AND_API_KEYS) |
                                        LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_API_KEYS);

static const struct lk_intent reading = {0};

/* Which provider a group is linked to, and how. One that is gone since leaves no link. */
static int read_link(struct lk_call *call, const struct lk_group_row *row, struct lk_sso_link *link) {
    if (!row->has_provider)
        return 0;
    struct lk_provider_row provider = {0};
    int code = lk_store_provider_find(call->db, &row->account_id, &row->provider_id, call->arena, &provider);
    if (code != 0)
        return lk_fail_store(call, code == LK_ENOTFOUND ? LK_ECORRUPT : code);
    link->kind = lk_sso_kind_find(provider.kind);
    code = lk_arena_copy(call->arena, lk_slice_cstr(lk_id_format(&row->provider_id).text), &link->provider_id);
    return code == 0 ? 0 : lk_fail_memory(call);
}

int lk_to_group(struct lk_call *call, const struct lk_group_row *row, struct lk_user_group *ret) {
    struct lk_user_group group = {
        .id = row->id,
        .account_id = row->account_id,
        .name = row->name,
        .description = row->description,
        .created_at = row->created_at,
        .updated_at = row->updated_at,
    };
    int code = lk_group_settings_read(call, row->settings, &group.notifications, &group.sso);
    if (code == 0)
        code = read_link(call, row, &group.sso);
    if (code == 0)
        *ret = group;
    return code;
}

int lk_to_groups(struct lk_call *call, const struct lk_group_row *rows, size_t len, struct lk_user_group **ret) {
    struct lk_user_group *groups = lk_arena_calloc(call->arena, len, sizeof(*groups));
    if (groups == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < len; i++) {
        int code = lk_to_group(call, &rows[i], &groups[i]);
        if (code != 0)
            return code;
    }
    *ret = groups;
    return 0;
}

int lk_no_group(struct lk_call *call, int code, struct lk_slice id) {
    return lk_problem_set(call->problem, code, "No User Group exists with the id %s", lk_show(id).text);
}

int lk_find_group(struct lk_call *call, int code, struct lk_slice id, struct lk_group_row *ret) {
    struct lk_id group;
    if (lk_id_parse(id, &group) != 0)
        return lk_no_group(call, code, id);
    int found = lk_store_group_find(call->db, &call->actor->account_id, &group, call->arena, ret);
    if (found == LK_ENOTFOUND)
        return lk_no_group(call, code, id);
    return found == 0 ? 0 : lk_fail_store(call, found);
}

int lk_user_group_get(struct lk_call *call, struct lk_slice id, struct lk_user_group *ret) {
    struct lk_group_row row = {0};
    int code = lk_require(call, may_read_groups, &reading);
    if (code == 0)
        code = lk_find_group(call, LK_ENOTFOUND, id, &row);
    return code != 0 ? code : lk_to_group(call, &row, ret);
}

int lk_user_group_get_by_name(struct lk_call *call, struct lk_slice name, struct lk_user_group *ret) {
    int code = lk_require(call, may_read_groups, &reading);
    if (code != 0)
        return code;
    struct lk_group_row row = {0};
    code = lk_store_group_find_by_name(call->db, &call->actor->account_id, name, call->arena, &row);
    if (code == LK_ENOTFOUND)
        return lk_problem_set(call->problem, code, "No User Group exists with the name %s", lk_show(name).text);
    if (code != 0)
        return lk_fail_store(call, code);
    return lk_to_group(call, &row, ret);
}

int lk_user_group_list(struct lk_call *call, struct lk_page page, struct lk_user_group **ret, size_t *ret_len,
                       struct lk_page_info *ret_info) {
    int code = lk_require(call, may_read_groups, &reading);
    if (code == 0)
        code = lk_page_check(call, &page);
    if (code != 0)
        return code;
    int64_t total;
    struct lk_group_row *rows = NULL;
    size_t len;
    code = lk_store_group_count(call->db, &call->actor->account_id, &total);
    if (code == 0)
        code = lk_store_group_list(call->db, &call->actor->account_id, page.limit, page.offset, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    code = lk_to_groups(call, rows, len, ret);
    if (code != 0)
        return code;
    *ret_len = len;
    lk_page_finish(page, total, len, ret_info);
    return 0;
}

int lk_user_group_permissions(struct lk_call *call, const struct lk_id *group, struct lk_permissions *ret) {
    struct lk_group_row row = {0};
    int code = lk_store_group_find(call->db, &call->actor->account_id, group, call->arena, &row);
    if (code == 0)
        code = lk_permissions_read(row.permissions, call->arena, ret);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

int lk_user_group_notifications(struct lk_call *call, const struct lk_user_group *group, const struct lk_notifications **ret) {
    int code = lk_require_read_users(call);
    if (code == 0)
        *ret = &group->notifications;
    return code;
}

int lk_user_group_users(struct lk_call *call, const struct lk_id *group, struct lk_page page, struct lk_user **ret, size_t *ret_len,
                        struct lk_page_info *ret_info) {
    int code = lk_require_read_users(call);
    if (code == 0)
        code = lk_page_check(call, &page);
    if (code != 0)
        return code;
    int64_t total;
    struct lk_user_row *rows = NULL;
    size_t len;
    code = lk_store_user_count_of_group(call->db, group, &total);
    if (code == 0)
        code = lk_store_user_list_of_group(call->db, group, page.limit, page.offset, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    code = lk_to_users(call, rows, len, ret);
    if (code != 0)
        return code;
    *ret_len = len;
    lk_page_finish(page, total, len, ret_info);
    return 0;
}
