#include "domain/ip_allow.h"

#include "crypto/random.h"
#include "domain/cidr.h"
#include "domain/rules.h"
#include "store/ip_allow.h"

static const uint32_t may_manage_addresses = LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_IP_WHITELIST);

static const struct lk_intent reading = {0};

#define DESCRIPTION_MAX ((size_t)1024)

static void to_entry(const struct lk_ip_allow_row *row, struct lk_ip_allow *ret) {
    *ret = (struct lk_ip_allow){.id = row->id,
                                .account_id = row->account_id,
                                .block = row->block,
                                .description = row->description,
                                .active = row->active,
                                .created_at = row->created_at};
}

static int find(struct lk_call *call, struct lk_slice id, struct lk_ip_allow_row *ret) {
    struct lk_id entry;
    int code = lk_id_parse(id, &entry);
    if (code == 0)
        code = lk_store_ip_allow_find(call->db, &call->actor->account_id, &entry, call->arena, ret);
    if (code == LK_EINVAL || code == LK_ENOTFOUND)
        return lk_problem_set(call->problem, LK_ENOTFOUND, "IP allow list entry does not exist");
    return code == 0 ? 0 : lk_fail_store(call, code);
}

static int entry_document(struct lk_call *call, const struct lk_ip_allow_row *row, struct lk_slice *ret) {
    struct lk_buf document = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &document);
    lk_json_begin_object(&w);
    lk_json_key(&w, "block");
    lk_json_string(&w, row->block);
    lk_json_key(&w, "description");
    if (row->description.ptr == NULL)
        lk_json_null(&w);
    else
        lk_json_string(&w, row->description);
    lk_json_key(&w, "active");
    lk_json_bool(&w, row->active);
    lk_json_end_object(&w);
    return lk_take_document(call, &document, ret);
}

static int audit(struct lk_call *call, const char *operation, const struct lk_ip_allow_row *before, const struct lk_ip_allow_row *after) {
    const struct lk_ip_allow_row *row = after != NULL ? after : before;
    struct lk_audit_change change = {
        .operation = operation, .resource_type = "IP_ALLOW", .resource_id = &row->id, .resource_name = row->block};
    int code = before == NULL ? 0 : entry_document(call, before, &change.before);
    if (code == 0 && after != NULL)
        code = entry_document(call, after, &change.after);
    return code != 0 ? code : lk_audit_append(call, &change);
}

static int apply_input(struct lk_call *call, const struct lk_ip_allow_input *input, struct lk_ip_allow_row *row) {
    if (input->block_given) {
        struct lk_cidr cidr;
        char text[LK_CIDR_TEXT];
        if (lk_cidr_parse(input->block, &cidr) != 0)
            return lk_problem_set(call->problem, LK_EINVAL,
                                  "Invalid address: %s is neither an IP address nor a CIDR block like 192.0.2.0/24",
                                  lk_show(input->block).text);
        lk_cidr_format(&cidr, text);
        if (lk_arena_copy(call->arena, lk_slice_cstr(text), &row->block) != 0)
            return lk_fail_memory(call);
    }
    if (input->active_given)
        row->active = input->active;
    if (!input->description_given)
        return 0;
    row->description = input->description;
    return lk_check_text(call, "description", input->description, DESCRIPTION_MAX);
}

static int stored(struct lk_call *call, int code, const struct lk_ip_allow_row *row) {
    if (code == LK_ECONFLICT)
        return lk_problem_set(call->problem, code, "The IP allow list has %.*s already", (int)row->block.len, row->block.ptr);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

static int require_room(struct lk_call *call) {
    int64_t count;
    int code = lk_store_ip_allow_count(call->db, &call->actor->account_id, &count);
    if (code != 0)
        return lk_fail_store(call, code);
    if (count >= LK_IP_ALLOW_MAX)
        return lk_problem_set(call->problem, LK_EINVAL, "The IP allow list is full: it holds at most %d entries", LK_IP_ALLOW_MAX);
    return 0;
}

int lk_ip_allow_create(struct lk_call *call, const struct lk_ip_allow_input *input, struct lk_ip_allow *ret) {
    const struct lk_intent intent = {.operation = LK_AUDIT_CREATE, .resource_type = "IP_ALLOW", .resource_name = input->block};
    int code = lk_require(call, may_manage_addresses, &intent);
    if (code == 0)
        code = require_room(call);
    if (code != 0)
        return code;
    struct lk_ip_allow_row row = {.id = lk_random_id(), .account_id = call->actor->account_id, .active = true, .created_at = call->now_ms};
    struct lk_ip_allow_input whole = *input;
    whole.block_given = true;
    code = apply_input(call, &whole, &row);
    if (code == 0)
        code = stored(call, lk_store_ip_allow_insert(call->db, &row), &row);
    if (code == 0)
        code = audit(call, LK_AUDIT_CREATE, NULL, &row);
    if (code == 0)
        to_entry(&row, ret);
    return code;
}

int lk_ip_allow_update(struct lk_call *call, struct lk_slice id, const struct lk_ip_allow_input *input, struct lk_ip_allow *ret) {
    const struct lk_intent intent = {.operation = LK_AUDIT_UPDATE, .resource_type = "IP_ALLOW", .resource_name = id};
    struct lk_ip_allow_row before;
    int code = lk_require(call, may_manage_addresses, &intent);
    if (code == 0)
        code = find(call, id, &before);
    if (code != 0)
        return code;
    struct lk_ip_allow_row after = before;
    code = apply_input(call, input, &after);
    if (code == 0)
        code = stored(call, lk_store_ip_allow_update(call->db, &after), &after);
    if (code == 0)
        code = audit(call, LK_AUDIT_UPDATE, &before, &after);
    if (code == 0)
        to_entry(&after, ret);
    return code;
}

int lk_ip_allow_delete(struct lk_call *call, struct lk_slice id) {
    const struct lk_intent intent = {.operation = LK_AUDIT_DELETE, .resource_type = "IP_ALLOW", .resource_name = id};
    struct lk_ip_allow_row row;
    int code = lk_require(call, may_manage_addresses, &intent);
    if (code == 0)
        code = find(call, id, &row);
    if (code != 0)
        return code;
    code = lk_store_ip_allow_delete(call->db, &row.id);
    return code != 0 ? lk_fail_store(call, code) : audit(call, LK_AUDIT_DELETE, &row, NULL);
}

int lk_ip_allow_get(struct lk_call *call, struct lk_slice id, struct lk_ip_allow *ret) {
    struct lk_ip_allow_row row;
    int code = lk_require(call, may_manage_addresses, &reading);
    if (code == 0)
        code = find(call, id, &row);
    if (code == 0)
        to_entry(&row, ret);
    return code;
}

int lk_ip_allow_list(struct lk_call *call, struct lk_page page, struct lk_ip_allow **ret, size_t *ret_len, struct lk_page_info *ret_info) {
    int code = lk_require(call, may_manage_addresses, &reading);
    if (code == 0)
        code = lk_page_check(call, &page);
    if (code != 0)
        return code;
    int64_t total;
    struct lk_ip_allow_row *rows;
    size_t len;
    code = lk_store_ip_allow_count(call->db, &call->actor->account_id, &total);
    if (code == 0)
        code = lk_store_ip_allow_list(call->db, &call->actor->account_id, page.limit, page.offset, call->arena, &rows, &len);
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

int lk_ip_allow_admits(struct lk_call *call, const struct lk_id *account, struct lk_slice remote, bool *ret) {
    struct lk_ip_allow_row *rows;
    size_t len;
    int code = lk_store_ip_allow_list(call->db, account, LK_IP_ALLOW_MAX, 0, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    struct lk_address address;
    bool known = lk_address_parse(remote, &address) == 0;
    bool any = false;
    bool admitted = false;
    for (size_t i = 0; i < len && !admitted; i++) {
        struct lk_cidr cidr;
        if (!rows[i].active)
            continue;
        any = true;
        admitted = known && lk_cidr_parse(rows[i].block, &cidr) == 0 && lk_cidr_has(&cidr, &address);
    }
    *ret = admitted || !any;
    return 0;
}
