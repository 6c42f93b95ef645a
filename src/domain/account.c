#include "domain/account.h"

#include "crypto/random.h"
#include "domain/default_groups.h"
#include "domain/rules.h"
#include "store/account.h"

static int audit_created(struct lk_call *call, const struct lk_account_row *account) {
    struct lk_buf document = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &document);
    lk_json_begin_object(&w);
    lk_json_key(&w, "name");
    lk_json_string(&w, account->name);
    lk_json_end_object(&w);
    struct lk_audit_change change = {
        .operation = LK_AUDIT_CREATE, .resource_type = "ACCOUNT", .resource_id = &account->id, .resource_name = account->name};
    int code = lk_take_document(call, &document, &change.after);
    return code != 0 ? code : lk_audit_append(call, &change);
}

static int insert_group(struct lk_call *call, const struct lk_default_group *group, struct lk_id *ret) {
    struct lk_group_row row = {
        .id = lk_random_id(),
        .account_id = call->actor->account_id,
        .name = lk_slice_cstr(group->name),
        .description = lk_slice_cstr(group->description),
        .manages = lk_permissions_hold(&group->permissions, LK_MANAGE_USERS_AND_GROUPS),
        .settings = LK_SLICE("{}"),
        .created_at = call->now_ms,
        .updated_at = call->now_ms,
    };
    int code = lk_permissions_text(call, &group->permissions, &row.permissions);
    if (code != 0)
        return code;
    code = lk_store_group_insert(call->db, &row);
    if (code != 0)
        return lk_fail_store(call, code);
    *ret = row.id;
    return 0;
}

int lk_account_create(struct lk_call *call, const struct lk_id *id, struct lk_slice name, bool operator_account, struct lk_account *ret,
                      struct lk_id *ret_admin_group) {
    int code = lk_check_name(call, "account name", name);
    if (code != 0)
        return code;
    struct lk_account_row row = {.id = id == NULL ? lk_random_id() : *id, .name = name, .created_at = call->now_ms};
    lk_audit_start(call, &row);
    code = lk_store_account_insert(call->db, &row);
    if (code == LK_ECONFLICT)
        return lk_problem_set(call->problem, code, "An account already exists with the id %s", lk_id_format(&row.id).text);
    if (code != 0)
        return lk_fail_store(call, code);
    code = lk_act_as_system(call, &row.id);
    if (code != 0)
        return code;
    code = audit_created(call, &row);
    if (code != 0)
        return code;
    struct lk_default_group groups[LK_DEFAULT_GROUPS];
    struct lk_id ids[LK_DEFAULT_GROUPS];
    if (lk_default_groups(operator_account, call->arena, groups) != 0)
        return lk_fail_memory(call);
    for (size_t i = 0; i < LK_DEFAULT_GROUPS; i++) {
        code = insert_group(call, &groups[i], &ids[i]);
        if (code != 0)
            return code;
    }
    *ret = (struct lk_account){.id = row.id, .name = row.name, .created_at = row.created_at};
    *ret_admin_group = ids[0];
    return 0;
}

int lk_account_get(struct lk_call *call, struct lk_account *ret) {
    struct lk_account_row row;
    int code = lk_store_account_find(call->db, &call->actor->account_id, call->arena, &row);
    if (code != 0)
        return lk_fail_store(call, code == LK_ENOTFOUND ? LK_ECORRUPT : code);
    *ret = (struct lk_account){.id = row.id, .name = row.name, .created_at = row.created_at};
    return 0;
}
