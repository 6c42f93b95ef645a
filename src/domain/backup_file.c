#include "domain/backup_file.h"

#include "crypto/mac.h"

#include <string.h>

static const char magic[17] = "latchkey backup\n";
#define MAGIC_BYTES 16
#define FORMAT_VERSION 1
#define DATABASE_MAX ((uint64_t)INT64_MAX - LK_BACKUP_HEADER_BYTES - LK_BACKUP_TRAILER_BYTES)

/* What the MAC of the audit key is over, as its first byte: see domain/audit.c for the others. */
#define MAC_BACKUP 4

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
    struct lk_backup_header header = {.schema_version = (unsigned)get(&at, 4), .created_at = (int64_t)get(&at, 8)};
    header.database_len = get(&at, 8);
    if (header.database_len > DATABASE_MAX)
        return lk_problem_set(problem, LK_ECORRUPT, "%s is damaged (it is said to hold more than any file can)", name);
    memcpy(header.keys_check, at, LK_MAC_BYTES);
    *ret = header;
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

/* --- the reader --- */

void lk_backup_reader_init(struct lk_backup_reader *reader, const char *name) {
    *reader = (struct lk_backup_reader){.name = name};
    lk_checksum_begin(&reader->checksum);
}

/* Takes off bytes what of them lies before the end-th byte of the file. */
static struct lk_slice take_until(struct lk_backup_reader *reader, uint64_t end, struct lk_slice *bytes) {
    uint64_t left = end - reader->received;
    struct lk_slice part = lk_slice_make(bytes->ptr, bytes->len < left ? bytes->len : (size_t)left);
    *bytes = lk_slice_make(bytes->ptr + part.len, bytes->len - part.len);
    reader->received += part.len;
    return part;
}

static int take_header(struct lk_backup_reader *reader, struct lk_slice *bytes, struct lk_problem *problem) {
    uint8_t *at = reader->header_bytes + reader->received;
    struct lk_slice part = take_until(reader, LK_BACKUP_HEADER_BYTES, bytes);
    memcpy(at, part.ptr, part.len);
    lk_checksum_add(&reader->checksum, part);
    if (reader->received < LK_BACKUP_HEADER_BYTES)
        return 0;
    return lk_backup_header_read(reader->header_bytes, reader->name, &reader->header, problem);
}

int lk_backup_reader_take(struct lk_backup_reader *reader, struct lk_slice bytes, struct lk_slice *ret_database,
                          struct lk_problem *problem) {
    if (reader->received < LK_BACKUP_HEADER_BYTES) {
        int code = take_header(reader, &bytes, problem);
        if (code != 0)
            return code;
    }
    *ret_database = lk_slice_make(bytes.ptr, 0);
    if (bytes.len == 0)
        return 0;
    uint64_t trailer_at = LK_BACKUP_HEADER_BYTES + reader->header.database_len;
    if (reader->received < trailer_at) {
        *ret_database = take_until(reader, trailer_at, &bytes);
        lk_checksum_add(&reader->checksum, *ret_database);
    }
    if (bytes.len > 0) {
        uint8_t *at = reader->trailer + (reader->received - trailer_at);
        struct lk_slice part = take_until(reader, trailer_at + LK_BACKUP_TRAILER_BYTES, &bytes);
        memcpy(at, part.ptr, part.len);
    }
    return bytes.len == 0 ? 0 : lk_problem_set(problem, LK_ECORRUPT, "%s is longer than the backup in it", reader->name);
}

int lk_backup_reader_end(struct lk_backup_reader *reader, struct lk_problem *problem) {
    if (reader->received < LK_BACKUP_HEADER_BYTES ||
        reader->received < LK_BACKUP_HEADER_BYTES + reader->header.database_len + LK_BACKUP_TRAILER_BYTES)
        return lk_problem_set(problem, LK_ECORRUPT, "%s is cut short", reader->name);
    uint8_t sum[LK_CHECKSUM_BYTES];
    lk_checksum_end(&reader->checksum, sum);
    if (memcmp(sum, reader->trailer, sizeof(sum)) == 0)
        return 0;
    return lk_problem_set(problem, LK_ECORRUPT, "%s is damaged (its checksum is another)", reader->name);
}

int lk_backup_reader_check_seal(const struct lk_backup_reader *reader, const struct lk_keys *keys, struct lk_problem *problem) {
    uint8_t seal[LK_MAC_BYTES];
    lk_backup_seal(keys, reader->trailer, seal);
    if (lk_secret_equal(seal, reader->trailer + LK_CHECKSUM_BYTES, sizeof(seal)))
        return 0;
    return lk_problem_set(problem, LK_ECORRUPT, "%s was altered after the server made it (its seal is another)", reader->name);
}
