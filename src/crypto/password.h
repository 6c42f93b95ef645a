/*
 * Hashes of human passwords: Argon2id version 1.3 (RFC 9106), 64 MiB, 3 passes, 1 lane, 16-byte random salt; the text form "$argon2id$v=19$m=65536,t=3,p=1$…". One
 * takes about a tenth of a second and 64 MiB: on the background thread only, one at a time. (API keys are random and need no slow hash.)
 */
#ifndef LK_CRYPTO_PASSWORD_H
#define LK_CRYPTO_PASSWORD_H

#include "base/error.h"
#include "base/slice.h"

/* Longest password, bytes. */
#define LK_PASSWORD_MAX 1024

/* Room for a hash, NUL included. */
#define LK_PASSWORD_HASH_SIZE 128

/* Hashes password into out as a NUL-terminated text. 0, LK_ELIMIT (longer than LK_PASSWORD_MAX) or LK_ENOMEM; out is undefined on failure. */
int lk_password_hash(struct lk_slice password, char out[LK_PASSWORD_HASH_SIZE]);

/* 0 when hash was made from password, LK_EUNAUTH when not, LK_ECORRUPT when hash is no hash of ours, LK_ENOMEM. */
int lk_password_verify(struct lk_slice hash, struct lk_slice password);

/* Whether hash was made with other parameters than lk_password_hash uses now (or is no hash): make it again after the next good login. */
bool lk_password_outdated(struct lk_slice hash);

#endif
