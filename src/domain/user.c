#include "domain/user.h"

#include "crypto/random.h"
#include "domain/email.h"
#include "domain/group_rows.h"
#include "domain/group_set.h"
#include "domain/lockout.h"
#include "domain/user_rows.h"
#include "store/group_member.h"

static const uint32_t may_manage_users = LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_USERS_AND_GROUPS);

static int groups_of_user(struct lk_call *call, const struct lk_id *user, struct lk_group_set *ret) {
    struct lk_group_permissions_row *rows;
    size_t len;
    int code = lk_store_group_permissions_of_user(call->db, user, call->arena, &rows, &len);
    return code != 0 ? lk_fail_store(call, code) : lk_group_set_take(call, rows, len, ret);
}

static void write_text(struct lk_json_writer *w, const char *name, struct lk_slice text) {
    lk_json_key(w, name);
    if (text.ptr == NULL)
        lk_json_null(w);
    else
        lk_json_string(w, text);
}

/* What the audit keeps of a user. */
static int user_document(struct lk_call *call, const struct lk_user_row *row, const struct lk_group_set *groups, struct lk_slice *ret) {
    struct lk_buf document = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &document);
    lk_json_begin_object(&w);
    write_text(&w, "name", row->name);
    write_text(&w, "email", row->email);
    write_text(&w, "externalUserId", row->external_id);
    lk_group_set_write(groups, &w);
    lk_json_end_object(&w);
    return lk_take_document(call, &document, ret);
}

/* Writes the entry of a change; a row that is NULL is not there before or after. */
static int audit(struct lk_call *call, const char *operation, const struct lk_user_row *before, const struct lk_group_set *groups_before,
                 const struct lk_user_row *after, const struct lk_group_set *groups_after) {
    const struct lk_user_row *row = after != NULL ? after : before; /* one of them is there */
    struct lk_audit_change change = {.operation = operation, .resource_type = "USER", .resource_id = &row->id, .resource_name = row->email};
    int code = before == NULL ? 0 : user_document(call, before, groups_before, &change.before);
    if (code == 0 && after != NULL)
        code = user_document(call, after, groups_after, &change.after);
    return code != 0 ? code : lk_audit_append(call, &change);
}

static int add_to_groups(struct lk_call *call, const struct lk_id *user, const struct lk_group_set *groups) {
    for (size_t i = 0; i < groups->len; i++) {
        int code = lk_store_member_add(call->db, &groups->rows[i].id, user);
        if (code != 0)
            return lk_fail_store(call, code);
    }
    return 0;
}

/* Name and external id of the input, into the row; what was not given stays. */
static int apply_input(struct lk_call *call, const struct lk_user_input *input, struct lk_user_row *row) {
    if (input->name_given) {
        int code = lk_check_name(call, "user name", input->name);
        if (code != 0)
            return code;
        row->name = input->name;
    }
    if (!input->external_id_given)
        return 0;
    row->external_id = input->external_id;
    return lk_check_text(call, "externalUserId", input->external_id, LK_EXTERNAL_ID_MAX);
}

static void to_user(const struct lk_user_row *row, struct lk_user *ret) {
    *ret = (struct lk_user){
        .id = row->id,
        .account_id = row->account_id,
        .name = row->name,
        .email = row->email,
        .external_id = row->external_id,
        .email_verified = row->email_verified,
        .created_at = row->created_at,
        .updated_at = row->updated_at,
    };
}

int lk_to_users(struct lk_call *call, const struct lk_user_row *rows, size_t len, struct lk_user **ret) {
    struct lk_user *users = lk_arena_calloc(call->arena, len, sizeof(*users));
    if (users == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < len; i++)
        to_user(&rows[i], &users[i]);
    *ret = users;
    return 0;
}

int lk_user_create(struct lk_call *call, const struct lk_user_input *input, struct lk_user *ret) {
    const struct lk_intent intent = {.operation = LK_AUDIT_CREATE, .resource_type = "USER", .resource_name = input->email};
    int code = lk_require(call, may_manage_users, &intent);
    if (code != 0)
        return code;
    struct lk_user_row row = {
        .id = lk_id_new(), .account_id = call->actor->account_id, .created_at = call->now_ms, .updated_at = call->now_ms};
    struct lk_group_set groups;
    struct lk_user_input whole = *input;
    whole.name_given = true;
    code = apply_input(call, &whole, &row);
    if (code == 0)
        code = lk_email_check(call, input->email);
    if (code == 0)
        code = lk_email_lower(call, input->email, &row.email);
    if (code == 0)
        code = lk_group_set_find(call, input->group_ids, input->group_ids_len, "a user", &groups);
    if (code == 0)
        code = lk_group_set_require_grantable(call, &groups, NULL, &intent);
    if (code != 0)
        return code;
    code = lk_store_user_insert(call->db, &row);
    if (code == LK_ECONFLICT)
        return lk_problem_set(call->problem, code, "A user already exists with the email %.*s", (int)row.email.len, row.email.ptr);
    if (code != 0)
        return lk_fail_store(call, code);
    code = add_to_groups(call, &row.id, &groups);
    if (code == 0)
        code = audit(call, LK_AUDIT_CREATE, NULL, NULL, &row, &groups);
    if (code == 0)
        to_user(&row, ret);
    return code;
}

static int replace_groups(struct lk_call *call, const struct lk_id *user, const struct lk_group_set *groups) {
    int code = lk_store_member_clear_user(call->db, user);
    return code != 0 ? lk_fail_store(call, code) : add_to_groups(call, user, groups);
}

int lk_user_update(struct lk_call *call, struct lk_slice id, const struct lk_user_input *input, struct lk_user *ret) {
    struct lk_intent intent = {.operation = LK_AUDIT_UPDATE, .resource_type = "USER", .resource_name = id};
    struct lk_user_row before = {0};
    int code = lk_require(call, may_manage_users, &intent);
    if (code == 0)
        code = lk_find_user(call, LK_ENOTFOUND, id, &before);
    if (code != 0)
        return code;
    intent.resource_id = &before.id;
    intent.resource_name = before.email;
    struct lk_user_row after = before;
    after.updated_at = call->now_ms;
    struct lk_group_set old_groups;
    struct lk_group_set new_groups;
    struct lk_lockout lockout;
    code = groups_of_user(call, &before.id, &old_groups);
    if (code == 0)
        code = apply_input(call, input, &after);
    if (code != 0)
        return code;
    if (input->groups_given)
        code = lk_group_set_find(call, input->group_ids, input->group_ids_len, "a user", &new_groups);
    else
        new_groups = old_groups;
    if (code == 0)
        code = lk_group_set_require_grantable(call, &new_groups, &old_groups, &intent);
    if (code == 0)
        code = lk_lockout_before_groups(call, &old_groups, false, &lockout);
    if (code != 0)
        return code;
    code = lk_store_user_update(call->db, &after);
    if (code != 0)
        return lk_fail_store(call, code);
    if (input->groups_given)
        code = replace_groups(call, &before.id, &new_groups);
    lk_permissions_changed(call);
    if (code == 0)
        code = lk_lockout_after(call, &lockout, NULL);
    if (code == 0)
        code = audit(call, LK_AUDIT_UPDATE, &before, &old_groups, &after, &new_groups);
    if (code == 0)
        to_user(&after, ret);
    return code;
}

int lk_user_delete(struct lk_call *call, struct lk_slice id) {
    const struct lk_intent intent = {.operation = LK_AUDIT_DELETE, .resource_type = "USER", .resource_name = id};
    struct lk_user_row row = {0};
    struct lk_group_set groups;
    struct lk_lockout lockout;
    int code = lk_require(call, may_manage_users, &intent);
    if (code == 0)
        code = lk_find_user(call, LK_ENOTFOUND, id, &row);
    if (code == 0)
        code = groups_of_user(call, &row.id, &groups);
    if (code == 0)
        code = lk_lockout_before_groups(call, &groups, false, &lockout);
    if (code != 0)
        return code;
    code = lk_store_user_delete(call->db, &row.id);
    if (code != 0)
        return lk_fail_store(call, code);
    lk_permissions_changed(call);
    code = lk_lockout_after(call, &lockout, NULL);
    return code != 0 ? code : audit(call, LK_AUDIT_DELETE, &row, &groups, NULL, NULL);
}

static int no_user(struct lk_call *call, int code) {
    return lk_problem_set(call->problem, code, "User does not exist");
}

int lk_find_user(struct lk_call *call, int code, struct lk_slice id, struct lk_user_row *ret) {
    struct lk_id user;
    if (lk_id_parse(id, &user) != 0)
        return no_user(call, code);
    int found = lk_store_user_find(call->db, &call->actor->account_id, &user, call->arena, ret);
    if (found == LK_ENOTFOUND)
        return no_user(call, code);
    return found == 0 ? 0 : lk_fail_store(call, found);
}

/* Ends a look-up whose store function gave code. */
static int found(struct lk_call *call, int code, const struct lk_user_row *row, struct lk_user *ret) {
    if (code == LK_ENOTFOUND)
        return no_user(call, code);
    if (code != 0)
        return lk_fail_store(call, code);
    to_user(row, ret);
    return 0;
}

int lk_user_get(struct lk_call *call, struct lk_slice id, struct lk_user *ret) {
    struct lk_user_row row = {0};
    int code = lk_require_read_users(call);
    if (code == 0)
        code = lk_find_user(call, LK_ENOTFOUND, id, &row);
    if (code == 0)
        to_user(&row, ret);
    return code;
}

int lk_user_get_by_name(struct lk_call *call, struct lk_slice name, struct lk_user *ret) {
    struct lk_user_row row = {0};
    int code = lk_require_read_users(call);
    if (code != 0)
        return code;
    code = lk_store_user_find_by_name(call->db, &call->actor->account_id, name, call->arena, &row);
    return found(call, code, &row, ret);
}

int lk_user_get_by_email(struct lk_call *call, struct lk_slice email, struct lk_user *ret) {
    struct lk_user_row row = {0};
    struct lk_slice lower;
    int code = lk_require_read_users(call);
    if (code == 0)
        code = lk_email_lower(call, email, &lower);
    if (code != 0)
        return code;
    code = lk_store_user_find_by_email(call->db, &call->actor->account_id, lower, call->arena, &row);
    return found(call, code, &row, ret);
}

int lk_user_list(struct lk_call *call, struct lk_page page, struct lk_user **ret, size_t *ret_len, struct lk_page_info *ret_info) {
    int code = lk_require_read_users(call);
    if (code == 0)
        code = lk_page_check(call, &page);
    if (code != 0)
        return code;
    int64_t total;
    struct lk_user_row *rows = NULL;
    size_t len;
    code = lk_store_user_count(call->db, &call->actor->account_id, &total);
    if (code == 0)
        code = lk_store_user_list(call->db, &call->actor->account_id, page.limit, page.offset, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    code = lk_to_users(call, rows, len, ret);
    if (code != 0)
        return code;
    *ret_len = len;
    lk_page_finish(page, total, len, ret_info);
    return 0;
}

int lk_user_groups(struct lk_call *call, const struct lk_id *user, struct lk_page page, struct lk_user_group **ret, size_t *ret_len,
                   struct lk_page_info *ret_info) {
    int code = lk_page_check(call, &page);
    if (code != 0)
        return code;
    int64_t total;
    struct lk_group_row *rows = NULL;
    size_t len;
    code = lk_store_group_count_of_user(call->db, user, &total);
    if (code == 0)
        code = lk_store_group_list_of_user(call->db, user, page.limit, page.offset, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    code = lk_to_groups(call, rows, len, ret);
    if (code != 0)
        return code;
    *ret_len = len;
    lk_page_finish(page, total, len, ret_info);
    return 0;
}
