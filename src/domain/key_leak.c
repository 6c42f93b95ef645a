#include "domain/key_leak.h"

#include "domain/key_rows.h"
#include "domain/rules.h"

#define SOURCE_MAX 64

static struct lk_slice cut(struct lk_slice text, size_t max) {
    size_t len = text.len < max ? text.len : max;
    while (len > 0 && len < text.len && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
        len--;
    return lk_slice_make(text.ptr, len);
}

static int after_document(struct lk_call *call, const struct lk_leak *leak, struct lk_slice key, struct lk_slice *ret) {
    struct lk_buf document = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &document);
    lk_json_begin_object(&w);
    if (key.ptr == NULL) {
        lk_json_key(&w, "enabled");
        lk_json_bool(&w, false);
    } else {
        lk_json_key(&w, "key");
        lk_json_raw(&w, key);
    }
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

static int disable(struct lk_call *call, struct lk_key_row *row) {
    row->enabled = false;
    row->leaked = true;
    row->updated_at = call->now_ms;
    int code = lk_store_key_set_leaked(call->db, row);
    if (code != 0)
        return lk_fail_store(call, code);
    lk_permissions_changed(call);
    return lk_changed(call, LK_CHANGE_KEY_WRITTEN, &row->id);
}

int lk_api_key_disable_leaked(struct lk_call *call, struct lk_slice token, const struct lk_leak *leak, struct lk_id *ret_key) {
    struct lk_key_row row = {0};
    bool old = false;
    int code = lk_key_find_by_token(call, token, &row, &old);
    if (code == 0)
        code = lk_act_as_system(call, &row.account_id);
    if (code != 0)
        return code;
    call->actor->name = leak->reported_by;
    *ret_key = row.id;
    if (!row.enabled && row.leaked && !old)
        return 0;
    struct lk_slice before = lk_slice_cstr(row.enabled ? "{\"enabled\":true}" : "{\"enabled\":false}");
    struct lk_slice left = {NULL, 0};
    struct lk_slice after;
    code = old ? lk_key_end_old_secret(call, &row, token, &before, &left) : disable(call, &row);
    if (code == 0)
        code = after_document(call, leak, left, &after);
    return code == 0 ? lk_key_audit(call, LK_AUDIT_UPDATE, &row, before, after) : code;
}
