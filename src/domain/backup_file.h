/*
 * The file that holds a backup. Integers are big-endian:
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
#ifndef DOMAIN_BACKUP_FILE_H
#define DOMAIN_BACKUP_FILE_H

#include "base/error.h"
#include "crypto/checksum.h"
#include "crypto/keys.h"

#define LK_BACKUP_HEADER_BYTES 72
#define LK_BACKUP_TRAILER_BYTES (LK_CHECKSUM_BYTES + LK_MAC_BYTES)

struct lk_backup_header {
    unsigned schema_version;
    int64_t created_at;
    uint64_t database_len; /* with header and trailer at most INT64_MAX, as the offsets of files are */
    uint8_t keys_check[LK_MAC_BYTES];
};

void lk_backup_header_write(const struct lk_backup_header *header, uint8_t out[LK_BACKUP_HEADER_BYTES]);

/* LK_EINVAL when it is no backup or one of another format, LK_ECORRUPT when no file is as long as it says; with a sentence that begins with name. */
int lk_backup_header_read(const uint8_t bytes[LK_BACKUP_HEADER_BYTES], const char *name, struct lk_backup_header *ret,
                          struct lk_problem *problem);

/* The trailer's second half. */
void lk_backup_seal(const struct lk_keys *keys, const uint8_t checksum[LK_CHECKSUM_BYTES], uint8_t out[LK_MAC_BYTES]);

/* A backup that comes in pieces of any size, from a file or a server. Of one thread; holds no resource. */
struct lk_backup_reader {
    const char *name; /* what its sentences begin with; the caller's */
    uint64_t received;
    struct lk_backup_header header; /* once LK_BACKUP_HEADER_BYTES are received */
    uint8_t header_bytes[LK_BACKUP_HEADER_BYTES];
    uint8_t trailer[LK_BACKUP_TRAILER_BYTES];
    struct lk_checksum checksum;
};

void lk_backup_reader_init(struct lk_backup_reader *reader, const char *name);

/* Takes what comes next. *ret_database is what of it belongs to the database: a part of bytes, maybe empty. After a failure (that of the header, or
 * LK_ECORRUPT: there is more than there should be) the reader can only be initialised anew. */
int lk_backup_reader_take(struct lk_backup_reader *reader, struct lk_slice bytes, struct lk_slice *ret_database,
                          struct lk_problem *problem);

/* No more comes: LK_ECORRUPT when that was not all, or the checksum is another. */
int lk_backup_reader_end(struct lk_backup_reader *reader, struct lk_problem *problem);

/* Of a backup that was read to its end: LK_ECORRUPT when keys did not seal it. */
int lk_backup_reader_check_seal(const struct lk_backup_reader *reader, const struct lk_keys *keys, struct lk_problem *problem);

#endif
