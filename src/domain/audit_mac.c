#include "domain/audit_mac.h"

/* What a MAC of the audit key is over, as its first byte, so that none can stand for another. 4 is a backup's (domain/backup.c). An end of kind 3 is
 * from before there was a register: that a database has none although its accounts' ends are of kind 8 shows that it was taken away. */
enum mac_kind {
    MAC_START = 1,
    MAC_ENTRY = 2,
    MAC_UNREGISTERED_END = 3,
    MAC_REGISTER_START = 5,
    MAC_REGISTER_ROW = 6,
    MAC_REGISTER_END = 7,
    MAC_END = 8,
};

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

void lk_audit_mac_start(const struct lk_mac_key *key, const struct lk_id *account, uint8_t out[LK_MAC_BYTES]) {
    struct lk_mac mac;
    begin(&mac, key, MAC_START);
    add_bytes(&mac, account->bytes, LK_ID_BYTES);
    lk_mac_end(&mac, out);
}

void lk_audit_mac_entry(const struct lk_mac_key *key, const uint8_t previous[LK_MAC_BYTES], const struct lk_audit_row *row,
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

static void end_mac(const struct lk_mac_key *key, enum mac_kind kind, const struct lk_account_row *account, uint8_t out[LK_MAC_BYTES]) {
    struct lk_mac mac;
    begin(&mac, key, kind);
    add_bytes(&mac, account->id.bytes, LK_ID_BYTES);
    add_int(&mac, account->audit_seq);
    add_bytes(&mac, account->audit_mac, LK_MAC_BYTES);
    lk_mac_end(&mac, out);
}

void lk_audit_mac_end(const struct lk_mac_key *key, const struct lk_account_row *account, uint8_t out[LK_MAC_BYTES]) {
    end_mac(key, MAC_END, account, out);
}

static bool is_sealed(const struct lk_mac_key *key, enum mac_kind kind, const struct lk_account_row *account) {
    uint8_t seal[LK_MAC_BYTES];
    end_mac(key, kind, account, seal);
    return lk_secret_equal(seal, account->audit_seal, sizeof(seal));
}

bool lk_audit_end_is_sealed(const struct lk_mac_key *key, const struct lk_account_row *account) {
    return is_sealed(key, MAC_END, account);
}

bool lk_audit_end_is_sealed_unregistered(const struct lk_mac_key *key, const struct lk_account_row *account) {
    return is_sealed(key, MAC_UNREGISTERED_END, account);
}

void lk_audit_end_move(const struct lk_mac_key *from, const struct lk_mac_key *to, struct lk_account_row *account) {
    if (!lk_audit_end_is_sealed(from, account))
        return;
    if (account->audit_seq == 0)
        lk_audit_mac_start(to, &account->id, account->audit_mac);
    lk_audit_mac_end(to, account, account->audit_seal);
}

void lk_register_mac_start(const struct lk_mac_key *key, uint8_t out[LK_MAC_BYTES]) {
    struct lk_mac mac;
    begin(&mac, key, MAC_REGISTER_START);
    lk_mac_end(&mac, out);
}

void lk_register_mac_row(const struct lk_mac_key *key, const uint8_t previous[LK_MAC_BYTES], const struct lk_register_row *row,
                         uint8_t out[LK_MAC_BYTES]) {
    struct lk_mac mac;
    begin(&mac, key, MAC_REGISTER_ROW);
    add_bytes(&mac, previous, LK_MAC_BYTES);
    add_int(&mac, row->position);
    add_bytes(&mac, row->account_id.bytes, LK_ID_BYTES);
    add_int(&mac, row->has_end ? 1 : 0);
    if (row->has_end) {
        add_int(&mac, row->end_seq);
        add_bytes(&mac, row->end_mac, LK_MAC_BYTES);
    }
    lk_mac_end(&mac, out);
}

void lk_register_mac_end(const struct lk_mac_key *key, const struct lk_register_end_row *end, uint8_t out[LK_MAC_BYTES]) {
    struct lk_mac mac;
    begin(&mac, key, MAC_REGISTER_END);
    add_int(&mac, end->position);
    add_bytes(&mac, end->mac, LK_MAC_BYTES);
    lk_mac_end(&mac, out);
}

bool lk_register_end_is_sealed(const struct lk_mac_key *key, const struct lk_register_end_row *end) {
    uint8_t seal[LK_MAC_BYTES];
    lk_register_mac_end(key, end, seal);
    return lk_secret_equal(seal, end->seal, sizeof(seal));
}

void lk_register_end_move(const struct lk_mac_key *from, const struct lk_mac_key *to, struct lk_register_end_row *end) {
    if (!lk_register_end_is_sealed(from, end))
        return;
    if (end->position == 0)
        lk_register_mac_start(to, end->mac);
    lk_register_mac_end(to, end, end->seal);
}
