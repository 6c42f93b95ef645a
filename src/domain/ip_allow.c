#include "domain/ip_allow.h"

#include "crypto/random.h"
#include "domain/key_limits.h"
#include "domain/lockout.h"
#include "domain/rules.h"
#include "domain/user_group.h"
#include "store/ip_allow.h"

static const uint32_t may_manage_list = LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_IP_WHITELIST);
static const char resource_type[] = "IP_ALLOW_ENTRY";
static const struct lk_intent reading = {0};

static void to_entry(const struct lk_ip_allow_row *row, struct lk_ip_allow *ret) {
    *ret = (struct lk_ip_allow){
        .id = row->id,
        .cidr = row->cidr,
        .description = row->description,
        .active = row->active,
        .created_at = row->created_at,
        .updated_at = row->updated_at,
    };
}

static int entry_document(struct lk_call *call, const struct lk_ip_allow_row *row, struct lk_slice *ret) {
    struct lk_buf document = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &document);
    lk_json_begin_object(&w);
    lk_json_key(&w, "cidr");
    lk_json_string(&w, row->cidr);
    lk_json_key(&w, "description");
    if (row->description.ptr == NULL)
        lk_json_null(&w);
    else
        lk_json_string(&w, row->description);
    lk_json_key(&w, "status");
    lk_json_string(&w, lk_slice_cstr(row->active ? "ACTIVE" : "DISABLED"));
    lk_json_end_object(&w);
    return lk_take_document(call, &document, ret);
}

/* Writes the entry of a change; a row that is NULL is not there before or after. */
static int audit(struct lk_call *call, const char *operation, const struct lk_ip_allow_row *before, const struct lk_ip_allow_row *after) {
    const struct lk_ip_allow_row *row = after != NULL ? after : before;
    struct lk_audit_change change = {
        .operation = operation, .resource_type = resource_type, .resource_id = &row->id, .resource_name = row->cidr};
    int code = before == NULL ? 0 : entry_document(call, before, &change.before);
    if (code == 0 && after != NULL)
        code = entry_document(call, after, &change.after);
    return code == 0 ? lk_audit_append(call, &change) : code;
}

/* What was given, into the row. */
static int apply_input(struct lk_call *call, const struct lk_ip_allow_input *input, struct lk_ip_allow_row *row) {
    if (input->cidr.ptr != NULL) {
        struct lk_problem problem = {0};
        char text[LK_IP_RANGE_TEXT];
        if (lk_ip_range_parse(input->cidr, &row->range, &problem) != 0)
            return lk_problem_set(call->problem, LK_EINVAL, "Invalid cidr: %s", problem.text);
        lk_ip_range_format(&row->range, text);
        if (lk_arena_copy(call->arena, lk_slice_cstr(text), &row->cidr) != 0)
            return lk_fail_memory(call);
    }
    if (input->active_given)
        row->active = input->active;
    if (!input->description_given)
        return 0;
    row->description = input->description;
    return lk_check_text(call, "description", input->description, LK_DESCRIPTION_MAX);
}

static int taken(struct lk_call *call, const struct lk_ip_allow_row *row) {
    return lk_problem_set(call->problem, LK_ECONFLICT, "The IP allow list has %.*s already", (int)row->cidr.len, row->cidr.ptr);
}

static int find(struct lk_call *call, struct lk_slice id, struct lk_ip_allow_row *ret) {
    struct lk_id entry;
    int code = lk_id_parse(id, &entry);
    if (code == 0)
        code = lk_store_ip_allow_find(call->db, &call->actor->account_id, &entry, call->arena, ret);
    if (code == LK_EINVAL || code == LK_ENOTFOUND)
        return lk_problem_set(call->problem, LK_ENOTFOUND, "IP allow entry does not exist");
    return code == 0 ? 0 : lk_fail_store(call, code);
}

/* What a change must leave of those who administer the account, if it takes addresses from users: an entry that counted is gone, off, or has fewer, or one is the
 * first that counts. A row that is NULL is not there before or after. */
static int lockout_before(struct lk_call *call, const struct lk_ip_allow_row *before, const struct lk_ip_allow_row *after,
                          struct lk_lockout *ret) {
    bool counted = before != NULL && before->active;
    bool counts = after != NULL && after->active;
    bool narrows = counted && !(counts && lk_range_holds(&after->range, &before->range));
    *ret = (struct lk_lockout){0};
    if (counts && !counted) {
        struct lk_ip_allow_row *others;
        size_t len;
        int code = lk_store_ip_allow_list(call->db, &after->account_id, true, 1, 0, call->arena, &others, &len);
        if (code != 0)
            return lk_fail_store(call, code);
        narrows = len == 0;
    }
    return narrows ? lk_lockout_before_addresses(call, ret) : 0;
}

int lk_ip_allow_create(struct lk_call *call, const struct lk_ip_allow_input *input, struct lk_ip_allow *ret) {
    const struct lk_intent intent = {.operation = LK_AUDIT_CREATE, .resource_type = resource_type, .resource_name = input->cidr};
    struct lk_ip_allow_row row = {.id = lk_id_new(), .active = true, .created_at = call->now_ms, .updated_at = call->now_ms};
    row.account_id = call->actor->account_id;
    struct lk_ip_allow_input whole = *input;
    if (whole.cidr.ptr == NULL)
        whole.cidr = lk_slice_make("", 0);
    struct lk_lockout lockout;
    int64_t count;
    int code = lk_require(call, may_manage_list, &intent);
    if (code == 0)
        code = apply_input(call, &whole, &row);
    if (code == 0)
        code = lockout_before(call, NULL, &row, &lockout);
    if (code != 0)
        return code;
    code = lk_store_ip_allow_count(call->db, &row.account_id, &count);
    if (code == 0 && count >= LK_IP_ALLOW_MAX)
        return lk_problem_set(call->problem, LK_ELIMIT, "The IP allow list is full: it holds at most %d entries", LK_IP_ALLOW_MAX);
    if (code == 0)
        code = lk_store_ip_allow_insert(call->db, &row);
    if (code != 0)
        return code == LK_ECONFLICT ? taken(call, &row) : lk_fail_store(call, code);
    code = lk_lockout_after(call, &lockout, NULL);
    if (code == 0)
        code = audit(call, LK_AUDIT_CREATE, NULL, &row);
    if (code == 0)
        to_entry(&row, ret);
    return code;
}

int lk_ip_allow_update(struct lk_call *call, struct lk_slice id, const struct lk_ip_allow_input *input, struct lk_ip_allow *ret) {
    const struct lk_intent intent = {.operation = LK_AUDIT_UPDATE, .resource_type = resource_type, .resource_name = id};
    struct lk_ip_allow_row before = {0};
    int code = lk_require(call, may_manage_list, &intent);
    if (code == 0)
        code = find(call, id, &before);
    if (code != 0)
        return code;
    struct lk_ip_allow_row after = before;
    struct lk_lockout lockout;
    after.updated_at = call->now_ms;
    code = apply_input(call, input, &after);
    if (code == 0)
        code = lockout_before(call, &before, &after, &lockout);
    if (code != 0)
        return code;
    code = lk_store_ip_allow_update(call->db, &after);
    if (code != 0)
        return code == LK_ECONFLICT ? taken(call, &after) : lk_fail_store(call, code);
    code = lk_lockout_after(call, &lockout, NULL);
    if (code == 0)
        code = audit(call, LK_AUDIT_UPDATE, &before, &after);
    if (code == 0)
        to_entry(&after, ret);
    return code;
}

int lk_ip_allow_delete(struct lk_call *call, struct lk_slice id) {
    const struct lk_intent intent = {.operation = LK_AUDIT_DELETE, .resource_type = resource_type, .resource_name = id};
    struct lk_ip_allow_row row = {0};
    struct lk_lockout lockout;
    int code = lk_require(call, may_manage_list, &intent);
    if (code == 0)
        code = find(call, id, &row);
    if (code == 0)
        code = lockout_before(call, &row, NULL, &lockout);
    if (code != 0)
        return code;
    code = lk_store_ip_allow_delete(call->db, &row.id);
    if (code != 0)
        return lk_fail_store(call, code);
    code = lk_lockout_after(call, &lockout, NULL);
    return code == 0 ? audit(call, LK_AUDIT_DELETE, &row, NULL) : code;
}

int lk_ip_allow_list(struct lk_call *call, struct lk_page page, struct lk_ip_allow **ret, size_t *ret_len, struct lk_page_info *ret_info) {
    int code = lk_require(call, may_manage_list, &reading);
    if (code == 0)
        code = lk_page_check(call, &page);
    if (code != 0)
        return code;
    int64_t total;
    struct lk_ip_allow_row *rows;
    size_t len;
    code = lk_store_ip_allow_count(call->db, &call->actor->account_id, &total);
    if (code == 0)
        code = lk_store_ip_allow_list(call->db, &call->actor->account_id, false, page.limit, page.offset, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    struct lk_ip_allow *entries = lk_arena_calloc(call->arena, len, sizeof(*entries));
    if (entries == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < len; i++)
        to_entry(&rows[i], &entries[i]);
    *ret = entries;
    *ret_len = len;
    lk_page_finish(page, total, len, ret_info);
    return 0;
}

int lk_ip_allow_admits(struct lk_call *call, const struct lk_id *account, bool *ret) {
    struct lk_ip_allow_row *rows;
    size_t len;
    int code = lk_store_ip_allow_list(call->db, account, true, LK_IP_ALLOW_MAX, 0, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    bool admitted = len == 0;
    for (size_t i = 0; i < len && call->client_ip != NULL && !admitted; i++)
        admitted = lk_ip_range_has(&rows[i].range, call->client_ip);
    *ret = admitted;
    return 0;
}
