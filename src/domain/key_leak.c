#include "domain/key_leak.h"

#include "domain/rules.h"
#include "store/api_key.h"

#define SOURCE_MAX 64

static struct lk_slice cut(struct lk_slice text, size_t max) {
    size_t len = text.len < max ? text.len : max;
    while (len > 0 && len < text.len && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
        len--;
    return lk_slice_make(text.ptr, len);
}

static int after_document(struct lk_call *call, const struct lk_leak *leak, struct lk_slice *ret) {
    struct lk_buf document = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &document);
    lk_json_begin_object(&w);
    lk_json_key(&w, "enabled");
    lk_json_bool(&w, false);
    lk_json_key(&w, "leak");
    lk_json_begin_object(&w);
    lk_json_key(&w, "reportedBy");
    lk_json_string(&w, leak->reported_by);
    if (leak->url.len > 0) {
        lk_json_key(&w, "url");
        lk_json_string(&w, cut(leak->url, LK_LEAK_URL_MAX));
    }
    if (leak->source.len > 0) {
        lk_json_key(&w, "source");
        lk_json_string(&w, cut(leak->source, SOURCE_MAX));
    }
    lk_json_end_object(&w);
    lk_json_end_object(&w);
    return lk_take_document(call, &document, ret);
}

int lk_api_key_disable_leaked(struct lk_call *call, const struct lk_id *account, const struct lk_id *key, const struct lk_leak *leak) {
    int code = lk_act_as_system(call, account);
    if (code != 0)
        return code;
    call->actor->name = leak->reported_by;
    struct lk_key_row row = {0};
    code = lk_store_key_find(call->db, account, key, call->arena, &row);
    if (code == LK_ENOTFOUND)
        return lk_problem_set(call->problem, code, "API key does not exist");
    if (code == 0 && !row.enabled)
        return 0;
    row.enabled = false;
    row.updated_at = call->now_ms;
    if (code == 0)
        code = lk_store_key_update(call->db, &row);
    if (code != 0)
        return lk_fail_store(call, code);
    lk_permissions_changed(call);
    struct lk_slice after;
    code = after_document(call, leak, &after);
    if (code != 0)
        return code;
    const struct lk_audit_change change = {
        .operation = LK_AUDIT_UPDATE,
        .resource_type = "API_KEY",
        .resource_id = &row.id,
        .resource_name = row.name,
        .before = LK_SLICE("{\"enabled\":true}"),
        .after = after,
    };
    code = lk_audit_append(call, &change);
    return code != 0 ? code : lk_changed(call, LK_CHANGE_KEY_WRITTEN, &row.id);
}
