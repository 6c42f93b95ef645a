/* Creating, changing and deleting groups, their permissions and their members. */
#include "crypto/random.h"
#include "domain/group_rows.h"
#include "domain/group_set.h"
#include "domain/lockout.h"
#include "domain/rules.h"
#include "domain/sso_provider.h"
#include "domain/user_rows.h"
#include "store/application.h"
#include "store/group_member.h"
#include "store/sso_provider.h"

#include <inttypes.h>
#include <stdlib.h>

static const uint32_t may_manage_groups = LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_USERS_AND_GROUPS);

/* A group while it is changed. */
struct draft {
    struct lk_group_row row;
    struct lk_notifications notifications;
    struct lk_sso_link sso;
    struct lk_permissions permissions;
};

/* Users that an operation adds or takes away. */
struct members {
    struct lk_user_row *rows;
    size_t len;
};

static int load(struct lk_call *call, struct lk_slice id, struct draft *ret) {
    int code = lk_find_group(call, LK_ENOTFOUND, id, &ret->row);
    if (code != 0)
        return code;
    struct lk_user_group group;
    code = lk_to_group(call, &ret->row, &group);
    if (code != 0)
        return code;
    ret->notifications = group.notifications;
    ret->sso = group.sso;
    code = lk_permissions_read(ret->row.permissions, call->arena, &ret->permissions);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

/* ---- The audit's document ---- */

static void write_members(struct lk_json_writer *w, const char *name, const struct members *members) {
    if (members == NULL || members->len == 0)
        return;
    lk_json_key(w, name);
    lk_json_begin_array(w);
    for (size_t i = 0; i < members->len; i++) {
        lk_json_begin_object(w);
        lk_json_key(w, "id");
        lk_json_string(w, lk_slice_cstr(lk_id_format(&members->rows[i].id).text));
        lk_json_key(w, "email");
        lk_json_string(w, members->rows[i].email);
        lk_json_end_object(w);
    }
    lk_json_end_array(w);
}

static int group_document(struct lk_call *call, const struct draft *draft, const struct members *added, const struct members *removed,
                          struct lk_slice *ret) {
    struct lk_slice settings;
    int code = lk_group_settings_write(call, &draft->notifications, &draft->sso, true, &settings);
    if (code != 0)
        return code;
    struct lk_buf document = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &document);
    lk_json_begin_object(&w);
    lk_json_key(&w, "name");
    lk_json_string(&w, draft->row.name);
    lk_json_key(&w, "description");
    if (draft->row.description.ptr == NULL)
        lk_json_null(&w);
    else
        lk_json_string(&w, draft->row.description);
    lk_json_key(&w, "permissions");
    lk_json_raw(&w, draft->row.permissions);
    lk_json_key(&w, "settings");
    lk_json_raw(&w, settings);
    if (draft->row.has_provider) {
        lk_json_key(&w, "ssoProviderId");
        lk_json_string(&w, lk_slice_cstr(lk_id_format(&draft->row.provider_id).text));
    }
    write_members(&w, "addedUsers", added);
    write_members(&w, "removedUsers", removed);
    lk_json_end_object(&w);
    return lk_take_document(call, &document, ret);
}

static int audit(struct lk_call *call, const char *operation, const struct draft *before, const struct draft *after,
                 const struct members *added, const struct members *removed) {
    const struct lk_group_row *row = after != NULL ? &after->row : &before->row;
    struct lk_audit_change change = {
        .operation = operation, .resource_type = "USER_GROUP", .resource_id = &row->id, .resource_name = row->name};
    int code = before == NULL ? 0 : group_document(call, before, NULL, NULL, &change.before);
    if (code == 0 && after != NULL)
        code = group_document(call, after, added, removed, &change.after);
    return code != 0 ? code : lk_audit_append(call, &change);
}

/* ---- What the input asks for ---- */

static int check_applications(struct lk_call *call, const struct lk_permissions *permissions) {
    for (size_t i = 0; i < permissions->apps_len; i++) {
        const struct lk_texts *ids = &permissions->apps[i].app_ids;
        for (size_t j = 0; j < ids->len; j++) {
            struct lk_id id;
            struct lk_application_row application;
            int code = lk_id_parse(ids->items[j], &id);
            if (code == 0)
                code = lk_store_application_find(call->db, &call->actor->account_id, &id, call->arena, &application);
            if (code == LK_EINVAL || code == LK_ENOTFOUND)
                return lk_problem_set(call->problem, LK_EINVAL, "Invalid %s permission: no application exists with the id %s",
                                      lk_app_type_name(permissions->apps[i].type), lk_show(ids->items[j]).text);
            if (code != 0)
                return lk_fail_store(call, code);
        }
    }
    return 0;
}

static int copy_texts(struct lk_call *call, struct lk_texts *texts) {
    struct lk_slice *items = lk_arena_calloc(call->arena, texts->len, sizeof(*items));
    if (items == NULL)
        return lk_fail_memory(call);
    if (texts->len > 0)
        memcpy(items, texts->items, texts->len * sizeof(*items));
    texts->items = items;
    return 0;
}

/* A copy whose lists may be sorted. */
static int copy_permissions(struct lk_call *call, const struct lk_permissions *from, struct lk_permissions *ret) {
    struct lk_permissions copy = *from;
    copy.apps = lk_arena_calloc(call->arena, from->apps_len, sizeof(*copy.apps));
    if (copy.apps == NULL)
        return lk_fail_memory(call);
    int code = copy_texts(call, &copy.scopes);
    for (size_t i = 0; i < from->apps_len && code == 0; i++) {
        copy.apps[i] = from->apps[i];
        code = copy_texts(call, &copy.apps[i].app_ids);
        if (code == 0)
            code = copy_texts(call, &copy.apps[i].env_ids);
        if (code == 0)
            code = copy_texts(call, &copy.apps[i].ids);
    }
    if (code == 0)
        *ret = copy;
    return code;
}

/* Gives the draft these permissions, after all rules; the grant rule is about what it did not have. */
static int set_permissions(struct lk_call *call, struct draft *draft, const struct lk_permissions *wanted, const struct lk_intent *intent) {
    struct lk_permissions permissions;
    int code = lk_permissions_validate(wanted, call->problem);
    if (code == 0)
        code = copy_permissions(call, wanted, &permissions);
    if (code != 0)
        return code;
    lk_permissions_normalise(&permissions);
    code = check_applications(call, &permissions);
    if (code == 0)
        code = lk_require_grantable(call, &permissions, &draft->permissions, "these permissions are", intent);
    if (code != 0)
        return code;
    draft->permissions = permissions;
    draft->row.manages = lk_permissions_hold(&permissions, LK_MANAGE_USERS_AND_GROUPS);
    return lk_permissions_text(call, &permissions, &draft->row.permissions);
}

static int set_link(struct lk_call *call, struct draft *draft, const struct lk_sso_link *link) {
    draft->sso = *link;
    draft->row.has_provider = link->kind != LK_SSO_NONE;
    if (link->kind == LK_SSO_NONE)
        return 0;
    struct lk_provider_row provider;
    int code = lk_sso_link_check(call, link);
    if (code != 0)
        return code;
    code = lk_id_parse(link->provider_id, &draft->row.provider_id);
    if (code == 0)
        code = lk_store_provider_find(call->db, &call->actor->account_id, &draft->row.provider_id, call->arena, &provider);
    if (code == LK_EINVAL || code == LK_ENOTFOUND)
        return lk_problem_set(call->problem, LK_EINVAL, "Provider does not exist");
    if (code != 0)
        return lk_fail_store(call, code);
    if (lk_sso_kind_find(provider.kind) != link->kind)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid ssoSetting: the provider is of type %.*s", (int)provider.kind.len,
                              provider.kind.ptr);
    return 0;
}

/* Everything of the input but the users, into the draft; what was not given stays. */
static int apply_input(struct lk_call *call, const struct lk_user_group_input *input, struct draft *draft, const struct lk_intent *intent) {
    int code = 0;
    if (input->name_given) {
        code = lk_check_name(call, "user group name", input->name);
        draft->row.name = input->name;
    }
    if (code == 0 && input->description_given) {
        code = lk_check_text(call, "description", input->description, LK_DESCRIPTION_MAX);
        draft->row.description = input->description;
    }
    if (code == 0 && input->sso_given)
        code = set_link(call, draft, &input->sso);
    if (code == 0 && input->notifications_given) {
        draft->notifications = input->notifications;
        code = copy_texts(call, &draft->notifications.emails);
        if (code == 0)
            code = lk_notifications_check(call, &draft->notifications);
    }
    if (code == 0)
        code = lk_group_settings_write(call, &draft->notifications, &draft->sso, false, &draft->row.settings);
    if (code == 0 && input->permissions != NULL)
        code = set_permissions(call, draft, input->permissions, intent);
    return code;
}

/* ---- Members ---- */

static int compare_users(const void *a, const void *b) {
    return memcmp(((const struct lk_user_row *)a)->id.bytes, ((const struct lk_user_row *)b)->id.bytes, LK_ID_BYTES);
}

/* The users of these ids, without duplicates, in order of id. */
static int find_users(struct lk_call *call, const struct lk_slice *ids, size_t len, struct members *ret) {
    if (len > LK_GROUP_USERS_MAX)
        return lk_problem_set(call->problem, LK_EINVAL, "Too many userIds: %zu, and at most %d are allowed; addUserToUserGroup adds more",
                              len, LK_GROUP_USERS_MAX);
    struct lk_user_row *rows = lk_arena_calloc(call->arena, len, sizeof(*rows));
    if (rows == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < len; i++) {
        if (ids[i].ptr == NULL)
            return lk_problem_set(call->problem, LK_EINVAL, "Invalid userIds: an id must not be null");
        int code = lk_find_user(call, LK_EINVAL, ids[i], &rows[i]);
        if (code != 0)
            return code;
    }
    qsort(rows, len, sizeof(*rows), compare_users);
    size_t kept = 0;
    for (size_t i = 0; i < len; i++) {
        if (kept == 0 || !lk_id_equal(&rows[kept - 1].id, &rows[i].id))
            rows[kept++] = rows[i];
    }
    *ret = (struct members){rows, kept};
    return 0;
}

/* Those of a that are not in b; both in order of id. */
static int subtract(struct lk_call *call, const struct members *a, const struct members *b, struct members *ret) {
    struct lk_user_row *rows = lk_arena_calloc(call->arena, a->len, sizeof(*rows));
    if (rows == NULL)
        return lk_fail_memory(call);
    size_t len = 0;
    size_t j = 0;
    for (size_t i = 0; i < a->len; i++) {
        while (j < b->len && compare_users(&b->rows[j], &a->rows[i]) < 0)
            j++;
        if (j == b->len || compare_users(&b->rows[j], &a->rows[i]) != 0)
            rows[len++] = a->rows[i];
    }
    *ret = (struct members){rows, len};
    return 0;
}

static int members_now(struct lk_call *call, const struct lk_id *group, struct members *ret) {
    int64_t count = 0;
    int code = lk_store_user_count_of_group(call->db, group, &count);
    if (code == 0 && count > LK_GROUP_REPLACED_MAX)
        return lk_problem_set(call->problem, LK_ELIMIT,
                              "Too many users: %" PRId64 " are in the user group, and userIds can take the place of at most %d. Use "
                              "addUserToUserGroup and removeUserFromUserGroup",
                              count, LK_GROUP_REPLACED_MAX);
    if (code == 0)
        code = lk_store_user_list_of_group(call->db, group, INT64_MAX, 0, call->arena, &ret->rows, &ret->len);
    if (code != 0)
        return lk_fail_store(call, code);
    if (ret->len > 1)
        qsort(ret->rows, ret->len, sizeof(*ret->rows), compare_users);
    return 0;
}

/* Who comes in and who leaves when the input's users become the group's. */
static int plan_members(struct lk_call *call, const struct lk_user_group_input *input, const struct lk_id *group, struct members *ret_added,
                        struct members *ret_removed) {
    struct members wanted = {0};
    struct members present = {0};
    int code = find_users(call, input->user_ids, input->user_ids_len, &wanted);
    if (code == 0)
        code = members_now(call, group, &present);
    if (code == 0)
        code = subtract(call, &wanted, &present, ret_added);
    return code != 0 ? code : subtract(call, &present, &wanted, ret_removed);
}

static bool same_link(const struct lk_sso_link *a, const struct lk_sso_link *b) {
    return a->kind == b->kind && lk_slice_equal(a->provider_id, b->provider_id) && lk_slice_equal(a->group_name, b->group_name) &&
           lk_slice_equal(a->group_dn, b->group_dn);
}

/* A user who comes in gets all that the group holds, and so does whoever is in the provider's group that it is linked to. before is NULL for a new
 * group. */
static int require_members_grantable(struct lk_call *call, const struct draft *before, const struct draft *draft,
                                     const struct members *added, const struct lk_intent *intent) {
    bool linked = draft->sso.kind != LK_SSO_NONE && (before == NULL || !same_link(&before->sso, &draft->sso));
    if (added->len == 0 && !linked)
        return 0;
    return lk_require_grantable(call, &draft->permissions, NULL, "the user group holds", intent);
}

/* What a user is in must fit into a group set, or the user could not be changed or deleted any more. */
static int add_member(struct lk_call *call, const struct lk_id *group, const struct lk_user_row *user) {
    int64_t groups;
    int code = lk_store_group_count_of_user(call->db, &user->id, &groups);
    if (code == 0 && groups >= LK_GROUP_SET_MAX)
        return lk_problem_set(call->problem, LK_ELIMIT, "Too many User Groups: %s is in %d, and a user can be in at most so many",
                              lk_show(user->email).text, LK_GROUP_SET_MAX);
    if (code == 0)
        code = lk_store_member_add(call->db, group, &user->id);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

static int store_members(struct lk_call *call, const struct lk_id *group, const struct members *added, const struct members *removed) {
    int code = 0;
    for (size_t i = 0; i < added->len && code == 0; i++)
        code = add_member(call, group, &added->rows[i]);
    for (size_t i = 0; i < removed->len && code == 0; i++) {
        code = lk_store_member_remove(call->db, group, &removed->rows[i].id);
        if (code != 0)
            return lk_fail_store(call, code);
    }
    return code;
}

/* ---- The operations ---- */

static int name_taken(struct lk_call *call, struct lk_slice name) {
    return lk_problem_set(call->problem, LK_ECONFLICT, "A user group already exists with the name %.*s", (int)name.len, name.ptr);
}

int lk_user_group_create(struct lk_call *call, const struct lk_user_group_input *input, struct lk_user_group *ret) {
    const struct lk_intent intent = {.operation = LK_AUDIT_CREATE, .resource_type = "USER_GROUP", .resource_name = input->name};
    int code = lk_require(call, may_manage_groups, &intent);
    if (code != 0)
        return code;
    struct draft draft = {
        .row = {.id = lk_id_new(), .account_id = call->actor->account_id, .created_at = call->now_ms, .updated_at = call->now_ms}};
    struct members added;
    const struct members none = {NULL, 0};
    struct lk_user_group_input whole = *input;
    whole.name_given = true;
    code = lk_permissions_text(call, &draft.permissions, &draft.row.permissions);
    if (code == 0)
        code = apply_input(call, &whole, &draft, &intent);
    if (code == 0)
        code = find_users(call, input->user_ids, input->user_ids_len, &added);
    if (code == 0)
        code = require_members_grantable(call, NULL, &draft, &added, &intent);
    if (code != 0)
        return code;
    code = lk_store_group_insert(call->db, &draft.row);
    if (code != 0)
        return code == LK_ECONFLICT ? name_taken(call, draft.row.name) : lk_fail_store(call, code);
    code = store_members(call, &draft.row.id, &added, &none);
    if (code == 0)
        code = lk_changed(call, LK_CHANGE_GROUP_WRITTEN, &draft.row.id);
    if (code == 0)
        code = audit(call, LK_AUDIT_CREATE, NULL, &draft, &added, NULL);
    return code != 0 ? code : lk_to_group(call, &draft.row, ret);
}

/* Stores a changed group and its members, and asks what must hold afterwards. */
static int store_change(struct lk_call *call, const struct draft *before, struct draft *after, const struct members *added,
                        const struct members *removed) {
    struct lk_lockout lockout;
    int code = lk_lockout_before(call, &before->permissions, &lockout);
    if (code != 0)
        return code;
    after->row.updated_at = call->now_ms;
    code = lk_store_group_update(call->db, &after->row);
    if (code != 0)
        return code == LK_ECONFLICT ? name_taken(call, after->row.name) : lk_fail_store(call, code);
    code = store_members(call, &after->row.id, added, removed);
    lk_permissions_changed(call);
    if (code == 0)
        code = lk_lockout_after(call, &lockout, NULL);
    /* The keys in it may be in very many combinations of groups, of which each is made anew: not for a user more, or another description. */
    if (code == 0 && !lk_slice_equal(before->row.permissions, after->row.permissions))
        code = lk_changed(call, LK_CHANGE_GROUP_WRITTEN, &after->row.id);
    return code != 0 ? code : audit(call, LK_AUDIT_UPDATE, before, after, added, removed);
}

/* What every change of a group that exists begins with. */
static int begin_change(struct lk_call *call, struct lk_slice id, struct lk_intent *intent, struct draft *ret) {
    *intent = (struct lk_intent){.operation = LK_AUDIT_UPDATE, .resource_type = "USER_GROUP", .resource_name = id};
    int code = lk_require(call, may_manage_groups, intent);
    if (code == 0)
        code = load(call, id, ret);
    if (code == 0) {
        intent->resource_id = &ret->row.id;
        intent->resource_name = ret->row.name;
    }
    return code;
}

int lk_user_group_update(struct lk_call *call, struct lk_slice id, const struct lk_user_group_input *input, struct lk_user_group *ret) {
    struct lk_intent intent;
    struct draft before;
    int code = begin_change(call, id, &intent, &before);
    if (code != 0)
        return code;
    struct draft after = before;
    struct members added = {NULL, 0};
    struct members removed = {NULL, 0};
    code = apply_input(call, input, &after, &intent);
    if (code == 0 && input->users_given)
        code = plan_members(call, input, &before.row.id, &added, &removed);
    if (code == 0)
        code = require_members_grantable(call, &before, &after, &added, &intent);
    if (code == 0)
        code = store_change(call, &before, &after, &added, &removed);
    return code != 0 ? code : lk_to_group(call, &after.row, ret);
}

int lk_user_group_delete(struct lk_call *call, struct lk_slice id) {
    const struct lk_intent intent = {.operation = LK_AUDIT_DELETE, .resource_type = "USER_GROUP", .resource_name = id};
    struct draft draft;
    struct lk_lockout lockout;
    int code = lk_require(call, may_manage_groups, &intent);
    if (code == 0)
        code = load(call, id, &draft);
    if (code == 0)
        code = lk_lockout_before(call, &draft.permissions, &lockout);
    if (code != 0)
        return code;
    code = lk_store_group_delete(call->db, &draft.row.id);
    if (code != 0)
        return lk_fail_store(call, code);
    lk_permissions_changed(call);
    code = lk_lockout_after(call, &lockout, NULL);
    if (code == 0)
        code = lk_changed(call, LK_CHANGE_GROUP_REMOVED, &draft.row.id);
    return code != 0 ? code : audit(call, LK_AUDIT_DELETE, &draft, NULL, NULL, NULL);
}

/* Changes the permissions of a group, and nothing else. */
static int change_permissions(struct lk_call *call, const struct draft *before, const struct lk_permissions *wanted,
                              const struct lk_intent *intent, struct draft *ret) {
    const struct members none = {NULL, 0};
    *ret = *before;
    int code = set_permissions(call, ret, wanted, intent);
    return code != 0 ? code : store_change(call, before, ret, &none, &none);
}

int lk_user_group_set_permissions(struct lk_call *call, struct lk_slice id, const struct lk_permissions *permissions,
                                  struct lk_permissions *ret) {
    struct lk_intent intent;
    struct draft before;
    struct draft after;
    int code = begin_change(call, id, &intent, &before);
    if (code == 0)
        code = change_permissions(call, &before, permissions, &intent, &after);
    if (code == 0)
        *ret = after.permissions;
    return code;
}

/* What a group has and more, which holds no scopes. */
static int join_permissions(struct lk_call *call, const struct lk_permissions *has, const struct lk_permissions *more,
                            struct lk_permissions *ret) {
    struct lk_permissions all = *has;
    all.account |= more->account;
    all.apps_len = has->apps_len + more->apps_len;
    all.apps = lk_arena_calloc(call->arena, all.apps_len, sizeof(*all.apps));
    if (all.apps == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < all.apps_len; i++)
        all.apps[i] = i < has->apps_len ? has->apps[i] : more->apps[i - has->apps_len];
    int code = copy_permissions(call, &all, ret);
    if (code == 0)
        lk_permissions_normalise(ret); /* what the group has already is not one more */
    return code;
}

/* Adds to the permissions of a group. more is as given, and judged before it is mixed with what is there. */
static int add_permissions(struct lk_call *call, struct lk_slice id, const struct lk_permissions *more, struct lk_user_group *ret) {
    struct lk_intent intent;
    struct draft before;
    struct draft after;
    struct lk_permissions all = {0};
    int code = begin_change(call, id, &intent, &before);
    if (code == 0 && more->apps_len > 0)
        code = lk_permissions_validate(more, call->problem);
    if (code == 0)
        code = join_permissions(call, &before.permissions, more, &all);
    if (code == 0)
        code = change_permissions(call, &before, &all, &intent, &after);
    return code != 0 ? code : lk_to_group(call, &after.row, ret);
}

int lk_user_group_add_account_permission(struct lk_call *call, struct lk_slice id, enum lk_account_permission permission,
                                         struct lk_user_group *ret) {
    const struct lk_permissions more = {.account = LK_ACCOUNT_PERMISSION_BIT(permission)};
    return add_permissions(call, id, &more, ret);
}

int lk_user_group_add_app_permission(struct lk_call *call, struct lk_slice id, const struct lk_app_permission *permission,
                                     struct lk_user_group *ret) {
    struct lk_app_permission one = *permission;
    const struct lk_permissions more = {.apps = &one, .apps_len = 1};
    return add_permissions(call, id, &more, ret);
}

/* One user in or out. */
static int change_member(struct lk_call *call, struct lk_slice id, struct lk_slice user, bool add, struct lk_user_group *ret) {
    struct lk_intent intent;
    struct draft before;
    struct lk_user_row row;
    bool present;
    int code = begin_change(call, id, &intent, &before);
    if (code == 0)
        code = lk_find_user(call, LK_ENOTFOUND, user, &row);
    if (code != 0)
        return code;
    code = lk_store_member_has(call->db, &before.row.id, &row.id, &present);
    if (code != 0)
        return lk_fail_store(call, code);
    if (present == add)
        return lk_problem_set(call->problem, LK_ECONFLICT,
                              add ? "The user is already in the user group" : "The user is not in the user group");
    struct draft after = before;
    const struct members one = {&row, 1};
    const struct members none = {NULL, 0};
    code = add ? require_members_grantable(call, &before, &after, &one, &intent) : 0;
    if (code == 0)
        code = store_change(call, &before, &after, add ? &one : &none, add ? &none : &one);
    return code != 0 ? code : lk_to_group(call, &after.row, ret);
}

int lk_user_group_add_user(struct lk_call *call, struct lk_slice id, struct lk_slice user, struct lk_user_group *ret) {
    return change_member(call, id, user, true, ret);
}

int lk_user_group_remove_user(struct lk_call *call, struct lk_slice id, struct lk_slice user, struct lk_user_group *ret) {
    return change_member(call, id, user, false, ret);
}
