/*
 * The master key: 32 random bytes from which every other key of the server is derived (crypto/keys.h). In a file it is these 32 bytes and nothing
 * else, mode 0600; in the environment it is text. In memory it sits in pages that are locked, guarded and left out of core dumps.
 */
#ifndef LK_CRYPTO_MASTER_H
#define LK_CRYPTO_MASTER_H

#include "base/error.h"
#include "base/slice.h"

#include <stdint.h>

#define LK_MASTER_BYTES 32

struct lk_master;

/* Makes a new random key and writes it to path, mode 0600 whatever the umask. It never replaces a file: LK_ECONFLICT when path exists, in whatever form.
 * When it returns 0 the file is whole and durable (file and directory synced); otherwise there is none. ret may be NULL. Also LK_EIO, LK_EFULL,
 * LK_EFORBIDDEN, LK_ENOTFOUND (no such directory), LK_ENOMEM. problem says what to do; it never holds the key. */
int lk_master_create(const char *path, struct lk_master **ret, struct lk_problem *problem);

/* Reads path. LK_ENOTFOUND; LK_EFORBIDDEN when it cannot be read, is no regular file, or others than its owner and the process's user may use it;
 * LK_ECORRUPT when it is not exactly 32 bytes; LK_EIO, LK_ENOMEM. */
int lk_master_load(const char *path, struct lk_master **ret, struct lk_problem *problem);

/* Reads the key from text: 43 characters of base64url (44 of standard base64, padded, are understood too) or 64 hexadecimal digits, blanks around them ignored.
 * LK_EINVAL (problem does not repeat the text) or LK_ENOMEM. The caller wipes text. */
int lk_master_parse(struct lk_slice text, struct lk_master **ret, struct lk_problem *problem);

/* Wipes and frees. NULL is fine. */
void lk_master_free(struct lk_master *master);

/* The 32 bytes; live as long as master. */
const uint8_t *lk_master_bytes(const struct lk_master *master);

#endif
