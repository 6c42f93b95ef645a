#include "domain/application.h"

#include "crypto/random.h"
#include "domain/rules.h"
#include "domain/user_group.h"
#include "store/application.h"

#include <stdlib.h>

/* Most memory that changing one group takes. */
#define SCRATCH_MAX ((size_t)16 << 20)

static const uint32_t may_change_applications = LK_ACCOUNT_PERMISSION_BIT(LK_CREATE_AND_DELETE_APPLICATION);

static const uint32_t may_read_applications =
    LK_ACCOUNT_PERMISSION_BIT(LK_CREATE_AND_DELETE_APPLICATION) | LK_ACCOUNT_PERMISSION_BIT(LK_READ_USERS_AND_GROUPS) |
    LK_ACCOUNT_PERMISSION_BIT(LK_VIEW_USER_AND_USER_GROUPS_AND_API_KEYS) | LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_API_KEYS);

static void to_application(const struct lk_application_row *row, struct lk_application *ret) {
    *ret = (struct lk_application){
        .id = row->id,
        .account_id = row->account_id,
        .name = row->name,
        .description = row->description,
        .created_at = row->created_at,
        .has_creator = row->has_creator,
        .creator = row->created_by,
        .updated_at = row->updated_at,
    };
}

static int no_application(struct lk_call *call) {
    return lk_problem_set(call->problem, LK_ENOTFOUND, "Application does not exist");
}

static int find(struct lk_call *call, struct lk_slice id, struct lk_application_row *ret) {
    struct lk_id application;
    if (lk_id_parse(id, &application) != 0)
        return no_application(call);
    int code = lk_store_application_find(call->db, &call->actor->account_id, &application, call->arena, ret);
    if (code == LK_ENOTFOUND)
        return no_application(call);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

/* ---- Changes ---- */

static int application_document(struct lk_call *call, const struct lk_application_row *row, struct lk_slice *ret) {
    struct lk_buf document = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &document);
    lk_json_begin_object(&w);
    lk_json_key(&w, "name");
    lk_json_string(&w, row->name);
    lk_json_key(&w, "description");
    if (row->description.ptr == NULL)
        lk_json_null(&w);
    else
        lk_json_string(&w, row->description);
    lk_json_end_object(&w);
    return lk_take_document(call, &document, ret);
}

static int audit(struct lk_call *call, const char *operation, const struct lk_application_row *before,
                 const struct lk_application_row *after) {
    const struct lk_application_row *row = after != NULL ? after : before; /* one of them is there */
    struct lk_audit_change change = {
        .operation = operation, .resource_type = "APPLICATION", .resource_id = &row->id, .resource_name = row->name};
    int code = before == NULL ? 0 : application_document(call, before, &change.before);
    if (code == 0 && after != NULL)
        code = application_document(call, after, &change.after);
    return code != 0 ? code : lk_audit_append(call, &change);
}

static int apply_input(struct lk_call *call, const struct lk_application_input *input, struct lk_application_row *row) {
    if (input->name_given) {
        int code = lk_check_name(call, "application name", input->name);
        if (code != 0)
            return code;
        row->name = input->name;
    }
    if (input->manual_triggers)
        return lk_problem_set(call->problem, LK_EINVAL,
                              "Invalid isManualTriggerAuthorized: nothing is triggered here, so it can only be false");
    if (!input->description_given)
        return 0;
    row->description = input->description;
    return lk_check_text(call, "description", input->description, LK_DESCRIPTION_MAX);
}

static int stored(struct lk_call *call, int code, const struct lk_application_row *row) {
    /* Clients look for the first two words to go on with the one that is there. */
    if (code == LK_ECONFLICT)
        return lk_problem_set(call->problem, code, "Duplicate name: an application already exists with the name %.*s", (int)row->name.len,
                              row->name.ptr);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

int lk_application_create(struct lk_call *call, const struct lk_application_input *input, struct lk_application *ret) {
    const struct lk_intent intent = {.operation = LK_AUDIT_CREATE, .resource_type = "APPLICATION", .resource_name = input->name};
    int code = lk_require(call, may_change_applications, &intent);
    if (code != 0)
        return code;
    struct lk_application_row row = {
        .id = lk_id_new(),
        .account_id = call->actor->account_id,
        .created_at = call->now_ms,
        .has_creator = call->actor->kind == LK_ACTOR_USER,
        .created_by = call->actor->id,
        .updated_at = call->now_ms,
    };
    struct lk_application_input whole = *input;
    whole.name_given = true;
    code = apply_input(call, &whole, &row);
    if (code == 0)
        code = stored(call, lk_store_application_insert(call->db, &row), &row);
    if (code == 0)
        code = audit(call, LK_AUDIT_CREATE, NULL, &row);
    if (code == 0)
        to_application(&row, ret);
    return code;
}

int lk_application_update(struct lk_call *call, struct lk_slice id, const struct lk_application_input *input, struct lk_application *ret) {
    const struct lk_intent intent = {.operation = LK_AUDIT_UPDATE, .resource_type = "APPLICATION", .resource_name = id};
    struct lk_application_row before = {0};
    int code = lk_require(call, may_change_applications, &intent);
    if (code == 0)
        code = find(call, id, &before);
    if (code != 0)
        return code;
    struct lk_application_row after = before;
    after.updated_at = call->now_ms;
    code = apply_input(call, input, &after);
    if (code == 0)
        code = stored(call, lk_store_application_update(call->db, &after), &after);
    if (code == 0)
        code = audit(call, LK_AUDIT_UPDATE, &before, &after);
    if (code == 0)
        to_application(&after, ret);
    return code;
}

/* Takes an id out of a list. Returns whether it was there. */
static bool drop_text(struct lk_texts *texts, struct lk_slice text) {
    for (size_t i = 0; i < texts->len; i++) {
        if (lk_slice_equal(texts->items[i], text)) {
            memmove(&texts->items[i], &texts->items[i + 1], (texts->len - i - 1) * sizeof(*texts->items));
            texts->len--;
            return true;
        }
    }
    return false;
}

/* Takes an application out of a group's permissions, and those away that named nothing else. Whether that changed it is *ret. */
static int forget_in_group(struct lk_call *call, struct lk_group_row *row, struct lk_slice application, bool *ret) {
    struct lk_permissions permissions;
    int code = lk_permissions_read(row->permissions, call->arena, &permissions);
    if (code != 0)
        return lk_fail_store(call, code);
    bool changed = false;
    size_t kept = 0;
    for (size_t i = 0; i < permissions.apps_len; i++) {
        struct lk_app_permission *app = &permissions.apps[i];
        changed = drop_text(&app->app_ids, application) || changed;
        if (app->all_apps || app->app_ids.len > 0)
            permissions.apps[kept++] = *app;
    }
    permissions.apps_len = kept;
    *ret = changed;
    if (!changed)
        return 0;
    lk_permissions_normalise(&permissions);
    struct lk_audit_change change = {.operation = LK_AUDIT_UPDATE,
                                     .resource_type = "USER_GROUP",
                                     .resource_id = &row->id,
                                     .resource_name = row->name,
                                     .before = row->permissions};
    code = lk_permissions_text(call, &permissions, &row->permissions);
    if (code != 0)
        return code;
    change.after = row->permissions;
    row->updated_at = call->now_ms;
    code = lk_store_group_update(call->db, row);
    return code != 0 ? lk_fail_store(call, code) : lk_audit_append(call, &change);
}

/* In all groups, one by one in memory of their own: an account may have more of them than a request has memory for. */
static int forget_in_groups(struct lk_call *call, const struct lk_id *groups, size_t len, struct lk_slice application) {
    struct lk_arena *own = call->arena;
    struct lk_arena scratch;
    int code = 0;
    lk_arena_init(&scratch, SCRATCH_MAX);
    for (size_t i = 0; i < len && code == 0; i++) {
        struct lk_group_row row;
        bool changed = false;
        lk_arena_reset(&scratch);
        call->arena = &scratch;
        code = lk_store_group_find(call->db, &call->actor->account_id, &groups[i], &scratch, &row);
        code = code != 0 ? lk_fail_store(call, code) : forget_in_group(call, &row, application, &changed);
        call->arena = own;
        if (code == 0 && changed)
            code = lk_changed(call, LK_CHANGE_GROUP_WRITTEN, &groups[i]);
    }
    lk_arena_free(&scratch);
    return code;
}

int lk_application_delete(struct lk_call *call, struct lk_slice id) {
    const struct lk_intent intent = {.operation = LK_AUDIT_DELETE, .resource_type = "APPLICATION", .resource_name = id};
    struct lk_application_row row = {0};
    int code = lk_require(call, may_change_applications, &intent);
    if (code == 0)
        code = find(call, id, &row);
    if (code != 0)
        return code;
    struct lk_id *groups = NULL;
    size_t len = 0;
    code = lk_store_group_list_naming(call->db, &row.account_id, id, call->arena, &groups, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    code = audit(call, LK_AUDIT_DELETE, &row, NULL);
    if (code == 0)
        code = forget_in_groups(call, groups, len, id);
    if (code != 0)
        return code;
    lk_permissions_changed(call);
    code = lk_store_application_delete(call->db, &row.id);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

/* ---- Reading ---- */

/* Which applications the actor may read: all, or those of these ids (sorted, without duplicates). */
struct reach {
    bool all;
    struct lk_texts ids;
};

static int compare_texts(const void *a, const void *b) {
    return lk_slice_compare(*(const struct lk_slice *)a, *(const struct lk_slice *)b);
}

static void sort_texts(struct lk_texts *texts) {
    if (texts->len == 0)
        return;
    qsort(texts->items, texts->len, sizeof(struct lk_slice), compare_texts);
    size_t kept = 0;
    for (size_t i = 0; i < texts->len; i++) {
        if (kept == 0 || !lk_slice_equal(texts->items[kept - 1], texts->items[i]))
            texts->items[kept++] = texts->items[i];
    }
    texts->len = kept;
}

static int find_reach(struct lk_call *call, struct reach *ret) {
    static const struct lk_intent reading = {0};
    *ret = (struct reach){0};
    int code = lk_require(call, may_read_applications, &reading);
    ret->all = code == 0;
    if (code != LK_EFORBIDDEN)
        return code;
    const struct lk_permissions *held = &call->actor->permissions;
    size_t len = 0;
    for (size_t i = 0; i < held->apps_len; i++)
        len += held->apps[i].app_ids.len;
    ret->ids.items = lk_arena_calloc(call->arena, len, sizeof(struct lk_slice));
    if (ret->ids.items == NULL)
        return lk_fail_memory(call);
    bool some = false;
    for (size_t i = 0; i < held->apps_len; i++) {
        const struct lk_app_permission *app = &held->apps[i];
        if ((app->actions & (uint32_t)1 << LK_ACTION_READ) == 0)
            continue;
        some = true;
        ret->all = ret->all || app->all_apps;
        for (size_t j = 0; j < app->app_ids.len; j++)
            ret->ids.items[ret->ids.len++] = app->app_ids.items[j];
    }
    if (!some)
        return code; /* as lk_require refused it */
    *call->problem = (struct lk_problem){0};
    sort_texts(&ret->ids);
    return 0;
}

static bool reaches_id(const struct reach *reach, struct lk_slice id) {
    return reach->all ||
           (reach->ids.len > 0 && bsearch(&id, reach->ids.items, reach->ids.len, sizeof(struct lk_slice), compare_texts) != NULL);
}

static bool reaches(const struct reach *reach, const struct lk_application_row *row) {
    struct lk_id_text text = lk_id_format(&row->id);
    return reaches_id(reach, lk_slice_cstr(text.text));
}

/* Leaves of what is reached what has one of the ids. */
static int narrow(struct lk_call *call, const struct lk_texts *ids, struct reach *reach) {
    if (ids->len > LK_APPLICATION_IDS_MAX)
        return lk_problem_set(call->problem, LK_EINVAL, "At most %d ids of applications can be asked for at once", LK_APPLICATION_IDS_MAX);
    struct lk_texts both = {.items = lk_arena_calloc(call->arena, ids->len, sizeof(struct lk_slice))};
    if (both.items == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < ids->len; i++) {
        if (reaches_id(reach, ids->items[i]))
            both.items[both.len++] = ids->items[i];
    }
    sort_texts(&both);
    *reach = (struct reach){.ids = both};
    return 0;
}

/* Programs that were written for another API take an application for gone by the first words. To who reads some alone it may be there: it is not said. */
static int not_seen(struct lk_call *call, const struct reach *reach) {
    return reach->all ? lk_problem_set(call->problem, LK_ENOTFOUND, "User not authorized: Application does not exist")
                      : no_application(call);
}

int lk_application_get(struct lk_call *call, struct lk_slice id, struct lk_application *ret) {
    struct reach reach;
    struct lk_application_row row = {0};
    int code = find_reach(call, &reach);
    if (code != 0)
        return code;
    code = find(call, id, &row);
    if (code == LK_ENOTFOUND || (code == 0 && !reaches(&reach, &row)))
        return not_seen(call, &reach);
    if (code == 0)
        to_application(&row, ret);
    return code;
}

int lk_application_is_gone(struct lk_call *call, struct lk_slice id, bool *ret) {
    struct reach reach;
    struct lk_application_row row;
    int code = find_reach(call, &reach);
    if (code != 0)
        return code;
    if (!reach.all)
        return lk_problem_set(call->problem, LK_EFORBIDDEN, "User not authorized");
    code = find(call, id, &row);
    if (code != 0 && code != LK_ENOTFOUND)
        return code;
    *ret = code != 0;
    return 0;
}

int lk_application_get_by_name(struct lk_call *call, struct lk_slice name, struct lk_application *ret) {
    struct reach reach;
    struct lk_application_row row = {0};
    int code = find_reach(call, &reach);
    if (code != 0)
        return code;
    code = lk_store_application_find_by_name(call->db, &call->actor->account_id, name, call->arena, &row);
    if (code != 0 && code != LK_ENOTFOUND)
        return lk_fail_store(call, code);
    if (code == LK_ENOTFOUND || !reaches(&reach, &row))
        return not_seen(call, &reach);
    to_application(&row, ret);
    return 0;
}

static int compare_names(const void *a, const void *b) {
    return lk_slice_compare(((const struct lk_application_row *)a)->name, ((const struct lk_application_row *)b)->name);
}

/* The applications of these ids in order of name. */
static int list_some(struct lk_call *call, const struct lk_texts *ids, struct lk_application_row **ret, size_t *ret_len) {
    struct lk_application_row *rows = lk_arena_calloc(call->arena, ids->len, sizeof(*rows));
    if (rows == NULL)
        return lk_fail_memory(call);
    size_t len = 0;
    for (size_t i = 0; i < ids->len; i++) {
        int code = find(call, ids->items[i], &rows[len]);
        if (code == 0)
            len++;
        else if (code != LK_ENOTFOUND)
            return code;
    }
    if (len > 1)
        qsort(rows, len, sizeof(*rows), compare_names);
    *ret = rows;
    *ret_len = len;
    return 0;
}

static int list_page(struct lk_call *call, const struct reach *reach, struct lk_page page, struct lk_application_row **ret, size_t *ret_len,
                     int64_t *ret_total) {
    const struct lk_id *account = &call->actor->account_id;
    if (reach->all) {
        int code = lk_store_application_count(call->db, account, ret_total);
        if (code == 0)
            code = lk_store_application_list(call->db, account, page.limit, page.offset, call->arena, ret, ret_len);
        return code == 0 ? 0 : lk_fail_store(call, code);
    }
    size_t len = 0;
    int code = list_some(call, &reach->ids, ret, &len);
    if (code != 0)
        return code;
    *ret_total = (int64_t)len;
    size_t skip = page.offset > (int64_t)len ? len : (size_t)page.offset;
    *ret += skip;
    *ret_len = len - skip < (size_t)page.limit ? len - skip : (size_t)page.limit;
    return 0;
}

int lk_application_list(struct lk_call *call, const struct lk_texts *ids, struct lk_page page, struct lk_application **ret, size_t *ret_len,
                        struct lk_page_info *ret_info) {
    struct reach reach;
    struct lk_application_row *rows = NULL;
    size_t len = 0;
    int64_t total = 0;
    int code = find_reach(call, &reach);
    if (code == 0 && ids != NULL)
        code = narrow(call, ids, &reach);
    if (code == 0)
        code = lk_page_check(call, &page);
    if (code == 0)
        code = list_page(call, &reach, page, &rows, &len, &total);
    if (code != 0)
        return code;
    struct lk_application *applications = lk_arena_calloc(call->arena, len, sizeof(*applications));
    if (applications == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; rows != NULL && i < len; i++)
        to_application(&rows[i], &applications[i]);
    *ret = applications;
    *ret_len = len;
    lk_page_finish(page, total, len, ret_info);
    return 0;
}
