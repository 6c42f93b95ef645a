#include "domain/backup.h"

#include "base/clock.h"
#include "domain/rules.h"
#include "store/account.h"
#include "store/key_session.h"
#include "store/session.h"

static const char magic[17] = "latchkey backup\n";
#define MAGIC_BYTES 16
#define FORMAT_VERSION 1

/* What the MAC of the audit key is over, as its first byte: see domain/audit.c for the others. */
#define MAC_BACKUP 4

/* --- the file --- */

static uint8_t *put(uint8_t *at, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    return at + bytes;
}

static uint64_t get(const uint8_t **at, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | (*at)[i];
    *at += bytes;
    return value;
}

void lk_backup_header_write(const struct lk_backup_header *header, uint8_t out[LK_BACKUP_HEADER_BYTES]) {
    memcpy(out, magic, MAGIC_BYTES);
    uint8_t *at = put(out + MAGIC_BYTES, FORMAT_VERSION, 4);
    at = put(at, header->schema_version, 4);
    at = put(at, (uint64_t)header->created_at, 8);
    at = put(at, header->database_len, 8);
    memcpy(at, header->keys_check, LK_MAC_BYTES);
}

int lk_backup_header_read(const uint8_t bytes[LK_BACKUP_HEADER_BYTES], const char *name, struct lk_backup_header *ret,
                          struct lk_problem *problem) {
    if (memcmp(bytes, magic, MAGIC_BYTES) != 0)
        return lk_problem_set(problem, LK_EINVAL, "%s is not a backup that latchkey made", name);
    const uint8_t *at = bytes + MAGIC_BYTES;
    uint64_t format = get(&at, 4);
    if (format != FORMAT_VERSION)
        return lk_problem_set(problem, LK_EINVAL,
                              "%s is a backup of format %llu, this latchkey knows format %d: use the latchkey that made it", name,
                              (unsigned long long)format, FORMAT_VERSION);
    ret->schema_version = (unsigned)get(&at, 4);
    ret->created_at = (int64_t)get(&at, 8);
    ret->database_len = get(&at, 8);
    memcpy(ret->keys_check, at, LK_MAC_BYTES);
    return 0;
}

void lk_backup_seal(const struct lk_keys *keys, const uint8_t checksum[LK_CHECKSUM_BYTES], uint8_t out[LK_MAC_BYTES]) {
    static const char kind = MAC_BACKUP;
    struct lk_mac mac;
    lk_mac_begin(&mac, lk_keys_mac(keys, LK_KEY_AUDIT));
    lk_mac_add(&mac, lk_slice_make(&kind, 1));
    lk_mac_add(&mac, lk_slice_make((const char *)checksum, LK_CHECKSUM_BYTES));
    lk_mac_end(&mac, out);
}

/* --- the operations --- */

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
