#include "domain/audit.h"

#include "crypto/random.h"
#include "domain/audit_mac.h"
#include "domain/rules.h"

static const struct lk_mac_key *audit_key(const struct lk_call *call) {
    return lk_keys_mac(call->domain->keys, LK_KEY_AUDIT);
}

void lk_audit_start(const struct lk_call *call, struct lk_account_row *account) {
    account->audit_seq = 0;
    lk_audit_mac_start(audit_key(call), &account->id, account->audit_mac);
    lk_audit_mac_end(audit_key(call), account, account->audit_seal);
}

/* Text that the column takes: never NULL, and not longer than the log should keep. */
static struct lk_slice origin_text(struct lk_slice text) {
    if (text.ptr == NULL)
        return lk_slice_make("", 0);
    if (text.len > LK_ORIGIN_MAX) {
        text.len = LK_ORIGIN_MAX;
        while (text.len > 0 && ((unsigned char)text.ptr[text.len] & 0xC0U) == 0x80U)
            text.len--;
    }
    return text;
}

static const char *actor_kind_name(enum lk_actor_kind kind) {
    switch (kind) {
    case LK_ACTOR_SYSTEM: return "SYSTEM";
    case LK_ACTOR_KEY: return "API_KEY";
    case LK_ACTOR_USER: return "USER";
    }
    return "UNKNOWN";
}

/* Which place in the request's set the next entry has. */
static int next_position(struct lk_call *call, const struct lk_id *account, int64_t *ret) {
    if (lk_id_is_zero(&call->change_set)) {
        call->change_set = lk_id_new();
        *ret = 0;
        return 0;
    }
    return lk_store_audit_set_len(call->db, account, &call->change_set, ret);
}

/* An end that was not as it was written gets no new seal, or the next entry would make what was done to it good. */
static void move_end(const struct lk_mac_key *key, struct lk_account_row *account, const struct lk_audit_row *row) {
    bool was_sealed = lk_audit_end_is_sealed(key, account);
    account->audit_seq = row->seq;
    memcpy(account->audit_mac, row->mac, sizeof(row->mac));
    if (was_sealed)
        lk_audit_mac_end(key, account, account->audit_seal);
}

int lk_audit_append(struct lk_call *call, const struct lk_audit_change *change) {
    const struct lk_actor *actor = call->actor;
    struct lk_account_row account;
    int code = lk_store_account_find(call->db, &actor->account_id, call->arena, &account);
    if (code != 0)
        return lk_fail_store(call, code == LK_ENOTFOUND ? LK_ECORRUPT : code);
    struct lk_audit_row row = {
        .account_id = account.id,
        .seq = account.audit_seq + 1,
        .created_at = call->now_ms,
        .actor_kind = lk_slice_cstr(actor_kind_name(actor->kind)),
        .has_actor_id = actor->kind != LK_ACTOR_SYSTEM,
        .actor_id = actor->id,
        .actor_name = actor->name,
        .operation = lk_slice_cstr(change->operation),
        .resource_type = lk_slice_cstr(change->resource_type),
        .has_resource_id = change->resource_id != NULL,
        .resource_name = origin_text(change->resource_name),
        .failure = change->failure,
        .before_doc = change->before,
        .after_doc = change->after,
        .request_url = origin_text(call->origin.url),
        .request_path = origin_text(call->origin.path),
        .request_method = origin_text(call->origin.method),
        .request_remote = origin_text(call->origin.remote),
        .response_status = call->origin.status,
        .key_version = lk_keys_version(call->domain->keys),
    };
    if (row.has_resource_id)
        row.resource_id = *change->resource_id;
    code = next_position(call, &account.id, &row.set_position);
    if (code != 0)
        return lk_fail_store(call, code);
    row.set_id = call->change_set;
    lk_audit_mac_entry(audit_key(call), account.audit_mac, &row, row.mac);
    code = lk_store_audit_insert(call->db, &row);
    if (code != 0)
        return lk_fail_store(call, code);
    move_end(audit_key(call), &account, &row);
    code = lk_store_account_set_audit(call->db, &account);
    if (code != 0)
        return lk_fail_store(call, code);
    call->domain->audit_pending++;
    return 0;
}

void lk_audit_committed(struct lk_domain *domain, bool kept) {
    atomic_fetch_add_explicit(&domain->audit_entries, kept ? domain->audit_pending : 0, memory_order_relaxed);
    domain->audit_pending = 0;
}

uint64_t lk_audit_appended(const struct lk_domain *domain) {
    return atomic_load_explicit(&domain->audit_entries, memory_order_relaxed);
}
