/*
 * Backups: who may take one, the file that holds one, and what it means to restore one.
 *
 * The file, integers big-endian:
 *
 *     offset  bytes
 *          0     16  "latchkey backup\n"
 *         16      4  version of this format, 1
 *         20      4  version of the database's schema (store/migrate.h)
 *         24      8  when the database was as it is here, ms since 1970
 *         32      8  n, bytes of the database
 *         40     32  which master key it belongs to (lk_keys_check), which tells nothing about that key
 *         72      n  the SQLite database
 *       72+n     32  SHA-256 of all before: finds damage, without any key
 *      104+n     32  a MAC of that under the audit key: finds what was altered by somebody who does not have the master key
 *
 * The master key is not in it. Keys are in it as they are in the database: digests, and secrets that are sealed.
 */
#ifndef DOMAIN_BACKUP_H
#define DOMAIN_BACKUP_H

#include "crypto/checksum.h"
#include "crypto/keys.h"
#include "domain/call.h"

#define LK_BACKUP_HEADER_BYTES 72
#define LK_BACKUP_TRAILER_BYTES (LK_CHECKSUM_BYTES + LK_MAC_BYTES)

struct lk_backup_header {
    unsigned schema_version;
    int64_t created_at;
    uint64_t database_len;
    uint8_t keys_check[LK_MAC_BYTES];
};

void lk_backup_header_write(const struct lk_backup_header *header, uint8_t out[LK_BACKUP_HEADER_BYTES]);

/* LK_EINVAL when it is no backup or one of another format, with a sentence that begins with name. */
int lk_backup_header_read(const uint8_t bytes[LK_BACKUP_HEADER_BYTES], const char *name, struct lk_backup_header *ret,
                          struct lk_problem *problem);

/* The trailer's second half. */
void lk_backup_seal(const struct lk_keys *keys, const uint8_t checksum[LK_CHECKSUM_BYTES], uint8_t out[LK_MAC_BYTES]);

/* Whether the actor may take a backup, which holds every account: it needs the operator's scope. Audited, refused or not: BACKUP, SERVER. */
int lk_backup_permit(struct lk_call *call);

/* In a database that was restored: ends all sessions, and writes into every account's audit log that it is now as it was at backup_at. Needs no actor;
 * within begin and end of an operation. */
int lk_backup_restored(struct lk_call *call, int64_t backup_at);

#endif
