#include "domain/audit.h"

#include "crypto/mac.h"
#include "crypto/random.h"
#include "domain/rules.h"
#include "store/audit.h"

/* What a MAC of the audit key is over, as its first byte, so that none can stand for another. 4 is a backup's (domain/backup.c). */
enum mac_kind { MAC_START = 1, MAC_ENTRY = 2, MAC_END = 3 };

static const struct lk_mac_key *audit_key(const struct lk_call *call) {
    return lk_keys_mac(call->domain->keys, LK_KEY_AUDIT);
}

static void begin(struct lk_mac *mac, const struct lk_mac_key *key, enum mac_kind kind) {
    char first = (char)kind;
    lk_mac_begin(mac, key);
    lk_mac_add(mac, lk_slice_make(&first, 1));
}

static void add_bytes(struct lk_mac *mac, const void *bytes, size_t len) {
    lk_mac_add(mac, lk_slice_make(bytes, len));
}

static void add_int(struct lk_mac *mac, int64_t value) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
    add_bytes(mac, bytes, sizeof(bytes));
}

/* The length stands before the bytes, -1 for NULL, so that a border between two texts cannot move. */
static void add_text(struct lk_mac *mac, struct lk_slice text) {
    add_int(mac, text.ptr == NULL ? -1 : (int64_t)text.len);
    lk_mac_add(mac, text);
}

static void add_optional_id(struct lk_mac *mac, bool has, const struct lk_id *id) {
    add_text(mac, has ? lk_slice_make((const char *)id->bytes, LK_ID_BYTES) : lk_slice_make(NULL, 0));
}

/* What stands before the first entry. */
static void start_mac(const struct lk_mac_key *key, const struct lk_id *account, uint8_t out[LK_MAC_BYTES]) {
    struct lk_mac mac;
    begin(&mac, key, MAC_START);
    add_bytes(&mac, account->bytes, LK_ID_BYTES);
    lk_mac_end(&mac, out);
}

/* The canonical form of an entry: its columns in the order of the table. */
static void entry_mac(const struct lk_mac_key *key, const uint8_t previous[LK_MAC_BYTES], const struct lk_audit_row *row,
                      uint8_t out[LK_MAC_BYTES]) {
    struct lk_mac mac;
    begin(&mac, key, MAC_ENTRY);
    add_bytes(&mac, previous, LK_MAC_BYTES);
    add_bytes(&mac, row->account_id.bytes, LK_ID_BYTES);
    add_int(&mac, row->seq);
    add_bytes(&mac, row->set_id.bytes, LK_ID_BYTES);
    add_int(&mac, row->set_position);
    add_int(&mac, row->created_at);
    add_text(&mac, row->actor_kind);
    add_optional_id(&mac, row->has_actor_id, &row->actor_id);
    add_text(&mac, row->actor_name);
    add_text(&mac, row->operation);
    add_text(&mac, row->resource_type);
    add_optional_id(&mac, row->has_resource_id, &row->resource_id);
    add_text(&mac, row->resource_name);
    add_text(&mac, row->failure);
    add_text(&mac, row->before_doc);
    add_text(&mac, row->after_doc);
    add_text(&mac, row->request_url);
    add_text(&mac, row->request_path);
    add_text(&mac, row->request_method);
    add_text(&mac, row->request_remote);
    add_int(&mac, row->response_status);
    add_int(&mac, row->key_version);
    lk_mac_end(&mac, out);
}

static void end_mac(const struct lk_mac_key *key, const struct lk_account_row *account, uint8_t out[LK_MAC_BYTES]) {
    struct lk_mac mac;
    begin(&mac, key, MAC_END);
    add_bytes(&mac, account->id.bytes, LK_ID_BYTES);
    add_int(&mac, account->audit_seq);
    add_bytes(&mac, account->audit_mac, LK_MAC_BYTES);
    lk_mac_end(&mac, out);
}

void lk_audit_start(const struct lk_call *call, struct lk_account_row *account) {
    account->audit_seq = 0;
    start_mac(audit_key(call), &account->id, account->audit_mac);
    end_mac(audit_key(call), account, account->audit_seal);
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
        .key_version = lk_keys_version(call->domain->keys, LK_KEY_AUDIT),
    };
    if (row.has_resource_id)
        row.resource_id = *change->resource_id;
    code = next_position(call, &account.id, &row.set_position);
    if (code != 0)
        return lk_fail_store(call, code);
    row.set_id = call->change_set;
    entry_mac(audit_key(call), account.audit_mac, &row, row.mac);
    code = lk_store_audit_insert(call->db, &row);
    if (code != 0)
        return lk_fail_store(call, code);
    account.audit_seq = row.seq;
    memcpy(account.audit_mac, row.mac, sizeof(row.mac));
    end_mac(audit_key(call), &account, account.audit_seal);
    code = lk_store_account_set_audit(call->db, &account);
    if (code != 0)
        return lk_fail_store(call, code);
    atomic_fetch_add_explicit(&call->domain->audit_entries, 1, memory_order_relaxed);
    return 0;
}

uint64_t lk_audit_appended(const struct lk_domain *domain) {
    return atomic_load_explicit(&domain->audit_entries, memory_order_relaxed);
}

int lk_audit_denied(struct lk_call *call, const char *operation, const char *resource_type, struct lk_slice resource_name) {
    struct lk_shown name = lk_show(resource_name);
    struct lk_audit_change change = {
        .operation = operation,
        .resource_type = resource_type,
        .resource_name = lk_slice_cstr(name.text),
        .failure = LK_SLICE("User not authorized"),
    };
    return lk_audit_append(call, &change);
}

/* One step of the check: the entry after number `seq`, whose MAC is previous. Returns 1 when it is as written (seq and previous then move on), 0 with
 * ret filled in when it is not or when there is none, or negative. */
static int verify_next(struct lk_call *call, const struct lk_account_row *account, int64_t *seq, uint8_t previous[LK_MAC_BYTES],
                       struct lk_audit_finding *ret) {
    struct lk_audit_row row;
    int code = lk_store_audit_next(call->db, &account->id, *seq, call->arena, &row);
    if (code == LK_ENOTFOUND) {
        ret->intact = *seq == account->audit_seq && lk_secret_equal(previous, account->audit_mac, LK_MAC_BYTES);
        ret->reason = ret->intact ? NULL : "the end was cut off";
        ret->sequence = *seq + 1;
        return 0;
    }
    if (code != 0)
        return code;
    ret->entries++;
    ret->sequence = *seq + 1;
    if (row.seq != *seq + 1) {
        ret->reason = "missing";
        return 0;
    }
    uint8_t mac[LK_MAC_BYTES];
    entry_mac(audit_key(call), previous, &row, mac);
    if (!lk_secret_equal(mac, row.mac, sizeof(mac))) {
        ret->reason = "changed";
        return 0;
    }
    if (row.seq > account->audit_seq) {
        ret->reason = "beyond the end";
        return 0;
    }
    *seq = row.seq;
    memcpy(previous, mac, sizeof(mac));
    return 1;
}

static int verify_account(struct lk_call *call, const struct lk_account_row *account, struct lk_audit_finding *ret) {
    ret->account_id = account->id;
    ret->intact = false;
    uint8_t seal[LK_MAC_BYTES];
    end_mac(audit_key(call), account, seal);
    if (!lk_secret_equal(seal, account->audit_seal, sizeof(seal))) {
        ret->sequence = account->audit_seq;
        ret->reason = "the end was changed";
        return 0;
    }
    uint8_t previous[LK_MAC_BYTES];
    start_mac(audit_key(call), &account->id, previous);
    int64_t seq = 0;
    int code;
    /* Rows live in an arena of this step's own, so that a long log does not fill the call's. */
    struct lk_arena *outer = call->arena;
    struct lk_arena inner;
    lk_arena_init(&inner, (size_t)64 << 20);
    call->arena = &inner;
    do {
        lk_arena_reset(&inner);
        code = verify_next(call, account, &seq, previous, ret);
    } while (code == 1);
    lk_arena_free(&inner);
    call->arena = outer;
    return code == 0 ? 0 : lk_fail_store(call, code);
}

int lk_audit_verify(struct lk_call *call, const struct lk_id *account, struct lk_audit_finding *ret) {
    struct lk_audit_finding finding = {.intact = true};
    struct lk_account_row row;
    int code;
    if (account != NULL) {
        code = lk_store_account_find(call->db, account, call->arena, &row);
        if (code == LK_ENOTFOUND)
            return lk_problem_set(call->problem, code, "Account does not exist");
        if (code == 0)
            code = verify_account(call, &row, &finding);
        else
            code = lk_fail_store(call, code);
        if (code == 0)
            *ret = finding;
        return code;
    }
    struct lk_id last;
    const struct lk_id *after = NULL;
    while (finding.intact && (code = lk_store_account_next(call->db, after, call->arena, &row)) != LK_ENOTFOUND) {
        if (code != 0)
            return lk_fail_store(call, code);
        code = verify_account(call, &row, &finding);
        if (code != 0)
            return code;
        last = row.id;
        after = &last;
    }
    *ret = finding;
    return 0;
}
