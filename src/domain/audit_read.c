/* Reading the audit log. */
#include "domain/audit.h"

#include "domain/rules.h"
#include "domain/yaml.h"
#include "store/audit.h"

static int require_view(struct lk_call *call) {
    static const struct lk_intent reading = {0};
    return lk_require(call, LK_ACCOUNT_PERMISSION_BIT(LK_VIEW_AUDITS), &reading);
}

static void to_entry(const struct lk_audit_row *row, struct lk_audit_entry *ret) {
    *ret = (struct lk_audit_entry){
        .sequence = row->seq,
        .created_at = row->created_at,
        .operation = row->operation,
        .resource_type = row->resource_type,
        .has_resource_id = row->has_resource_id,
        .resource_id = row->resource_id,
        .resource_name = row->resource_name,
        .failure = row->failure,
    };
}

static enum lk_actor_kind actor_kind(struct lk_slice name) {
    if (lk_slice_is(name, "API_KEY"))
        return LK_ACTOR_KEY;
    return lk_slice_is(name, "USER") ? LK_ACTOR_USER : LK_ACTOR_SYSTEM;
}

static int read_entries(struct lk_call *call, struct lk_change_set *set) {
    struct lk_audit_row *rows;
    size_t len;
    int code =
        lk_store_audit_list_of_set(call->db, &call->actor->account_id, &set->id, NULL, false, LK_CHANGES_MAX, 0, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    set->entries = lk_arena_calloc(call->arena, len, sizeof(*set->entries));
    if (set->entries == NULL)
        return lk_fail_memory(call);
    set->entries_len = len;
    for (size_t i = 0; i < len; i++) {
        to_entry(&rows[i], &set->entries[i]);
        if (set->failure.ptr == NULL)
            set->failure = rows[i].failure;
    }
    return 0;
}

static int to_set(struct lk_call *call, const struct lk_audit_row *first, struct lk_change_set *ret) {
    *ret = (struct lk_change_set){
        .id = first->set_id,
        .created_at = first->created_at,
        .actor_kind = actor_kind(first->actor_kind),
        .actor_name = first->actor_name,
        .url = first->request_url,
        .path = first->request_path,
        .method = first->request_method,
        .remote = first->request_remote,
        .status = first->response_status,
    };
    if (first->has_actor_id)
        ret->actor_id = first->actor_id;
    return read_entries(call, ret);
}

/* false when no set can fit. */
static bool to_store_filter(const struct lk_call *call, const struct lk_audit_filter *filter, struct lk_id *actor, struct lk_id *resource,
                            struct lk_audit_set_filter *ret) {
    *ret = (struct lk_audit_set_filter){
        .account = &call->actor->account_id,
        .from = filter->range.from,
        .to = filter->range.to,
        .actor = filter->actor_id.ptr == NULL ? NULL : actor,
        .resource = filter->resource_id.ptr == NULL ? NULL : resource,
        .resource_type = filter->resource_type,
        .operation = filter->operation,
    };
    return (ret->actor == NULL || lk_id_parse(filter->actor_id, actor) == 0) &&
           (ret->resource == NULL || lk_id_parse(filter->resource_id, resource) == 0);
}

int lk_audit_list(struct lk_call *call, const struct lk_audit_filter *filter, struct lk_page page, struct lk_change_set **ret,
                  size_t *ret_len, struct lk_page_info *ret_info) {
    int code = require_view(call);
    if (code == 0)
        code = lk_page_check(call, &page);
    if (code != 0)
        return code;
    struct lk_id actor;
    struct lk_id resource;
    struct lk_audit_set_filter store_filter;
    int64_t total = 0;
    struct lk_audit_row *rows = NULL;
    size_t len = 0;
    bool any = to_store_filter(call, filter, &actor, &resource, &store_filter);
    if (any)
        code = lk_store_audit_count_sets(call->db, &store_filter, &total);
    if (any && code == 0)
        code = lk_store_audit_list_sets(call->db, &store_filter, page.limit, page.offset, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    struct lk_change_set *sets = lk_arena_calloc(call->arena, len, sizeof(*sets));
    if (sets == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < len && code == 0; i++)
        code = to_set(call, &rows[i], &sets[i]);
    if (code != 0)
        return code;
    *ret = sets;
    *ret_len = len;
    lk_page_finish(page, total, len, ret_info);
    return 0;
}

/* A document as YAML, with the path that it would have; NULL gives NULL. */
static int to_yaml(struct lk_call *call, const struct lk_audit_row *row, struct lk_slice document, struct lk_slice *ret,
                   struct lk_slice *ret_path) {
    if (document.ptr == NULL)
        return 0;
    struct lk_json *json;
    int code = lk_json_parse(document, call->arena, &json, NULL);
    if (code != 0)
        return lk_fail_store(call, code == LK_ENOMEM ? code : LK_ECORRUPT);
    struct lk_buf yaml = {0};
    lk_yaml_write(json, &yaml);
    code = lk_take_document(call, &yaml, ret);
    if (code != 0)
        return code;
    struct lk_buf path = {0};
    lk_buf_add(&path, row->resource_type);
    lk_buf_add_char(&path, '/');
    lk_buf_add(&path, row->resource_name);
    lk_buf_add_cstr(&path, ".yaml");
    return lk_take_document(call, &path, ret_path);
}

static int to_content(struct lk_call *call, const struct lk_audit_row *row, struct lk_change_content *ret) {
    *ret = (struct lk_change_content){.set_id = row->set_id, .has_resource_id = row->has_resource_id, .resource_id = row->resource_id};
    int code = to_yaml(call, row, row->before_doc, &ret->old_yaml, &ret->old_path);
    return code != 0 ? code : to_yaml(call, row, row->after_doc, &ret->new_yaml, &ret->new_path);
}

int lk_audit_contents(struct lk_call *call, struct lk_slice set, struct lk_slice resource, struct lk_page page,
                      struct lk_change_content **ret, size_t *ret_len, struct lk_page_info *ret_info) {
    int code = require_view(call);
    if (code == 0)
        code = lk_page_check(call, &page);
    if (code != 0)
        return code;
    const struct lk_id *account = &call->actor->account_id;
    struct lk_id set_id;
    struct lk_id resource_id;
    int64_t total = 0;
    struct lk_audit_row *rows = NULL;
    size_t len = 0;
    bool any = lk_id_parse(set, &set_id) == 0 && (resource.ptr == NULL || lk_id_parse(resource, &resource_id) == 0);
    const struct lk_id *only = resource.ptr == NULL ? NULL : &resource_id;
    if (any)
        code = lk_store_audit_count_of_set(call->db, account, &set_id, only, &total);
    if (any && code == 0)
        code = lk_store_audit_list_of_set(call->db, account, &set_id, only, true, page.limit, page.offset, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    struct lk_change_content *contents = lk_arena_calloc(call->arena, len, sizeof(*contents));
    if (contents == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < len && code == 0; i++)
        code = to_content(call, &rows[i], &contents[i]);
    if (code != 0)
        return code;
    *ret = contents;
    *ret_len = len;
    lk_page_finish(page, total, len, ret_info);
    return 0;
}
