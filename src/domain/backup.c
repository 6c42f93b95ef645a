#include "domain/backup.h"

#include "base/clock.h"
#include "domain/rules.h"
#include "store/account.h"
#include "store/key_session.h"
#include "store/session.h"

int lk_backup_permit(struct lk_call *call) {
    const struct lk_intent intent = {.operation = LK_AUDIT_BACKUP, .resource_type = "SERVER", .resource_name = LK_SLICE("server")};
    int code = lk_require_scope(call, lk_slice_cstr(LK_SCOPE_OPERATOR), &intent);
    if (code != 0)
        return code;
    const struct lk_audit_change change = {.operation = LK_AUDIT_BACKUP, .resource_type = "SERVER", .resource_name = LK_SLICE("server")};
    return lk_audit_append(call, &change);
}

static int restored_document(struct lk_call *call, int64_t backup_at, struct lk_slice *ret) {
    char time[25];
    struct lk_buf document = {0};
    struct lk_json_writer w;
    lk_clock_format(backup_at, time);
    lk_json_writer_init(&w, &document);
    lk_json_begin_object(&w);
    lk_json_key(&w, "backupAt");
    lk_json_string(&w, lk_slice_cstr(time));
    lk_json_end_object(&w);
    return lk_take_document(call, &document, ret);
}

int lk_backup_restored(struct lk_call *call, int64_t backup_at) {
    struct lk_audit_change change = {.operation = LK_AUDIT_RESTORE, .resource_type = "SERVER", .resource_name = LK_SLICE("server")};
    int code = restored_document(call, backup_at, &change.after);
    if (code != 0)
        return code;
    code = lk_store_session_purge(call->db, INT64_MAX, INT64_MAX);
    if (code == 0)
        code = lk_store_key_session_purge(call->db, INT64_MAX, INT64_MAX);
    if (code != 0)
        return lk_fail_store(call, code);
    struct lk_id last;
    const struct lk_id *after = NULL;
    struct lk_account_row row;
    while ((code = lk_store_account_next(call->db, after, call->arena, &row)) == 0) {
        code = lk_act_as_system(call, &row.id);
        if (code == 0)
            code = lk_audit_append(call, &change);
        if (code != 0)
            return code;
        last = row.id;
        after = &last;
    }
    return code == LK_ENOTFOUND ? 0 : lk_fail_store(call, code);
}
