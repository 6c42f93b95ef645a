#include "domain/account.h"

#include "crypto/random.h"
#include "domain/account_register.h"
#include "domain/api_key.h"
#include "domain/default_groups.h"
#include "domain/rules.h"
#include "store/account.h"

static struct lk_rate_limit rate_of(const struct lk_account_row *row) {
    return (struct lk_rate_limit){row->rate_limit, row->rate_window_ms / 1000};
}

static void to_account(const struct lk_account_row *row, struct lk_account *ret) {
    *ret = (struct lk_account){.id = row->id, .name = row->name, .created_at = row->created_at, .rate = rate_of(row)};
}

/* What the audit keeps of an account: the row as given, its credits as they are now in the database. */
static int account_document(struct lk_call *call, const struct lk_account_row *account, struct lk_slice *ret) {
    const struct lk_rate_limit rate = rate_of(account);
    struct lk_credits_row credits = {0};
    bool counted = false;
    int code = lk_credits_find(call, LK_CREDITS_OF_ACCOUNT, &account->id, &counted, &credits);
    if (code != 0)
        return code;
    struct lk_buf document = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &document);
    lk_json_begin_object(&w);
    lk_json_key(&w, "name");
    lk_json_string(&w, account->name);
    lk_rate_limit_document(&w, &rate);
    lk_credits_document(&w, counted ? &credits : NULL);
    lk_json_end_object(&w);
    return lk_take_document(call, &document, ret);
}

static int audit_created(struct lk_call *call, const struct lk_account_row *account) {
    struct lk_audit_change change = {
        .operation = LK_AUDIT_CREATE, .resource_type = "ACCOUNT", .resource_id = &account->id, .resource_name = account->name};
    int code = account_document(call, account, &change.after);
    return code != 0 ? code : lk_audit_append(call, &change);
}

static int insert_group(struct lk_call *call, const struct lk_default_group *group, struct lk_id *ret) {
    struct lk_group_row row = {
        .id = lk_id_new(),
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
    return lk_changed(call, LK_CHANGE_GROUP_WRITTEN, &row.id);
}

int lk_account_create(struct lk_call *call, const struct lk_id *id, struct lk_slice name, bool operator_account, struct lk_account *ret,
                      struct lk_id *ret_admin_group) {
    int code = lk_check_name(call, "account name", name);
    if (code != 0)
        return code;
    struct lk_account_row row = {.id = id == NULL ? lk_id_new() : *id, .name = name, .created_at = call->now_ms};
    lk_audit_start(call, &row);
    code = lk_store_account_insert(call->db, &row);
    if (code == LK_ECONFLICT)
        return lk_problem_set(call->problem, code, "An account already exists with the id %s", lk_id_format(&row.id).text);
    if (code != 0)
        return lk_fail_store(call, code);
    code = lk_register_created(call, &row.id);
    if (code == 0)
        code = lk_act_as_system(call, &row.id);
    if (code == 0)
        code = audit_created(call, &row);
    if (code == 0)
        code = lk_changed(call, LK_CHANGE_ACCOUNT_WRITTEN, &row.id);
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
    to_account(&row, ret);
    *ret_admin_group = ids[0];
    return 0;
}

int lk_account_get(struct lk_call *call, struct lk_account *ret) {
    struct lk_account_row row;
    int code = lk_store_account_find(call->db, &call->actor->account_id, call->arena, &row);
    if (code != 0)
        return lk_fail_store(call, code == LK_ENOTFOUND ? LK_ECORRUPT : code);
    to_account(&row, ret);
    return 0;
}

int lk_account_credits(struct lk_call *call, const struct lk_id *account, bool *ret_has, struct lk_credits *ret) {
    return lk_credits_get(call, LK_CREDITS_OF_ACCOUNT, account, ret_has, ret);
}

static int apply_input(struct lk_call *call, const struct lk_account_input *input, struct lk_account_row *row) {
    if (input->name.ptr != NULL) {
        int code = lk_check_name(call, "account name", input->name);
        if (code != 0)
            return code;
        row->name = input->name;
    }
    if (!input->rate_given)
        return 0;
    int code = input->has_rate ? lk_rate_limit_check(call, &input->rate) : 0;
    if (code != 0)
        return code;
    row->rate_limit = input->has_rate ? input->rate.limit : 0;
    row->rate_window_ms = input->has_rate ? input->rate.window_seconds * 1000 : 0;
    return 0;
}

static int store_input(struct lk_call *call, const struct lk_account_input *input, const struct lk_account_row *after) {
    int code = lk_store_account_update(call->db, after);
    if (code != 0)
        return lk_fail_store(call, code);
    if (!input->credits_given)
        return 0;
    return lk_credits_store(call, LK_CREDITS_OF_ACCOUNT, &after->id, input->has_credits ? &input->credits : NULL);
}

int lk_account_update(struct lk_call *call, struct lk_slice account, const struct lk_account_input *input, struct lk_account *ret) {
    const struct lk_intent intent = {
        .operation = LK_AUDIT_UPDATE, .resource_type = "ACCOUNT", .resource_id = &call->actor->account_id, .resource_name = account};
    struct lk_account_row before;
    int code = lk_require_own_account(call, account, &intent);
    if (code == 0)
        code = lk_require(call, LK_ACCOUNT_PERMISSION_BIT(LK_ADMINISTER_OTHER_ACCOUNT_FUNCTIONS), &intent);
    if (code != 0)
        return code;
    code = lk_store_account_find(call->db, &call->actor->account_id, call->arena, &before);
    if (code != 0)
        return lk_fail_store(call, code == LK_ENOTFOUND ? LK_ECORRUPT : code);
    struct lk_account_row after = before;
    code = apply_input(call, input, &after);
    struct lk_audit_change change = {
        .operation = LK_AUDIT_UPDATE, .resource_type = "ACCOUNT", .resource_id = &after.id, .resource_name = after.name};
    if (code == 0)
        code = account_document(call, &before, &change.before);
    if (code == 0)
        code = store_input(call, input, &after);
    if (code == 0)
        code = account_document(call, &after, &change.after);
    if (code == 0)
        code = lk_audit_append(call, &change);
    if (code == 0)
        code = lk_changed(call, input->credits_given ? LK_CHANGE_ACCOUNT_CREDITS : LK_CHANGE_ACCOUNT_WRITTEN, &after.id);
    if (code == 0)
        to_account(&after, ret);
    return code;
}

/* Operators act on accounts that are not theirs, so what they do is in the log of their own; a new account's log begins with its creation too. */
static int require_operator(struct lk_call *call, const struct lk_intent *intent) {
    return lk_require_scope(call, lk_slice_cstr(LK_SCOPE_OPERATOR), intent);
}

static int audit_operator(struct lk_call *call, const char *operation, const struct lk_account *account) {
    struct lk_audit_change change = {
        .operation = operation, .resource_type = "ACCOUNT", .resource_id = &account->id, .resource_name = account->name};
    return lk_audit_append(call, &change);
}

/* As the system in the new account. */
static int create_first_key(struct lk_call *call, struct lk_slice name, const struct lk_id *group, struct lk_slice *ret_token) {
    struct lk_id_text group_id = lk_id_format(group);
    struct lk_slice ids[1] = {lk_slice_cstr(group_id.text)};
    struct lk_api_key_input input = {.name = name, .groups_given = true, .group_ids = ids, .group_ids_len = 1};
    struct lk_api_key key;
    return lk_api_key_create(call, (struct lk_slice){NULL, 0}, &input, &key, ret_token);
}

int lk_account_provision(struct lk_call *call, struct lk_slice name, struct lk_slice key_name, struct lk_account *ret,
                         struct lk_slice *ret_token) {
    const struct lk_intent intent = {.operation = LK_AUDIT_CREATE, .resource_type = "ACCOUNT", .resource_name = name};
    int code = require_operator(call, &intent);
    if (code != 0)
        return code;
    struct lk_actor *actor = call->actor;
    struct lk_account account;
    struct lk_id group;
    struct lk_slice token;
    code = lk_account_create(call, NULL, name, false, &account, &group);
    if (code == 0)
        code = create_first_key(call, key_name, &group, &token);
    call->actor = actor;
    if (code == 0)
        code = audit_operator(call, LK_AUDIT_CREATE, &account);
    if (code != 0)
        return code;
    *ret = account;
    *ret_token = token;
    return 0;
}

static int no_account(struct lk_call *call) {
    return lk_problem_set(call->problem, LK_ENOTFOUND, "Account does not exist");
}

static int group_goes(void *context, const struct lk_group_permissions_row *group) {
    return lk_changed(context, LK_CHANGE_GROUP_REMOVED, &group->id);
}

/* Deletes it with all that is in it. */
static int delete_account(struct lk_call *call, const struct lk_account_row *row) {
    int code = lk_changed(call, LK_CHANGE_ACCOUNT_REMOVED, &row->id);
    if (code != 0)
        return code;
    code = lk_store_group_each(call->db, &row->id, group_goes, call);
    if (code == 0)
        code = lk_store_account_delete(call->db, &row->id);
    return code == 0 ? lk_register_deleted(call, row) : lk_fail_store(call, code);
}

int lk_account_delete(struct lk_call *call, struct lk_slice id) {
    const struct lk_intent intent = {.operation = LK_AUDIT_DELETE, .resource_type = "ACCOUNT", .resource_name = id};
    int code = require_operator(call, &intent);
    if (code != 0)
        return code;
    struct lk_account account;
    struct lk_account_row row;
    if (lk_id_parse(id, &account.id) != 0)
        return no_account(call);
    if (lk_id_equal(&account.id, &call->actor->account_id))
        return lk_problem_set(call->problem, LK_ECONFLICT, "An operator's own account cannot be deleted");
    code = lk_store_account_find(call->db, &account.id, call->arena, &row);
    if (code == LK_ENOTFOUND)
        return no_account(call);
    if (code != 0)
        return lk_fail_store(call, code);
    code = delete_account(call, &row);
    lk_permissions_changed(call);
    if (code != 0)
        return code;
    account.name = row.name;
    return audit_operator(call, LK_AUDIT_DELETE, &account);
}

int lk_account_list(struct lk_call *call, struct lk_page page, struct lk_account **ret, size_t *ret_len, struct lk_page_info *ret_info) {
    static const struct lk_intent reading = {0};
    int code = require_operator(call, &reading);
    if (code == 0)
        code = lk_page_check(call, &page);
    if (code != 0)
        return code;
    int64_t total;
    struct lk_account_row *rows;
    size_t len;
    code = lk_store_account_count(call->db, &total);
    if (code == 0)
        code = lk_store_account_list(call->db, page.limit, page.offset, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    struct lk_account *accounts = lk_arena_calloc(call->arena, len, sizeof(*accounts));
    if (accounts == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < len; i++)
        to_account(&rows[i], &accounts[i]);
    *ret = accounts;
    *ret_len = len;
    lk_page_finish(page, total, len, ret_info);
    return 0;
}
