#include "crypto/password.h"

#include <errno.h>
#include <sodium.h>

#define PASSES 3
#define MEMORY ((size_t)64 * 1024 * 1024)

_Static_assert(LK_PASSWORD_HASH_SIZE >= crypto_pwhash_argon2id_STRBYTES, "a hash fits");

int lk_password_hash(struct lk_slice password, char out[LK_PASSWORD_HASH_SIZE]) {
    if (password.len > LK_PASSWORD_MAX)
        return LK_ELIMIT;
    const char *text = password.len > 0 ? password.ptr : "";
    return crypto_pwhash_argon2id_str(out, text, password.len, PASSES, MEMORY) == 0 ? 0 : LK_ENOMEM;
}

/* A NUL-terminated copy, which libsodium wants. Whether it fits. */
static bool hash_text(struct lk_slice hash, char out[LK_PASSWORD_HASH_SIZE]) {
    if (hash.len >= LK_PASSWORD_HASH_SIZE)
        return false;
    memset(out, 0, LK_PASSWORD_HASH_SIZE);
    if (hash.len > 0)
        memcpy(out, hash.ptr, hash.len);
    return true;
}

int lk_password_verify(struct lk_slice hash, struct lk_slice password) {
    char text[LK_PASSWORD_HASH_SIZE];
    if (!hash_text(hash, text) || crypto_pwhash_argon2id_str_needs_rehash(text, PASSES, MEMORY) < 0)
        return LK_ECORRUPT;
    if (password.len > LK_PASSWORD_MAX)
        return LK_EUNAUTH;
    /* libsodium says -1 for both; it sets EINVAL for a password that does not match and for nothing else. */
    errno = 0;
    if (crypto_pwhash_argon2id_str_verify(text, password.len > 0 ? password.ptr : "", password.len) == 0)
        return 0;
    return errno == EINVAL ? LK_EUNAUTH : LK_ENOMEM;
}

bool lk_password_outdated(struct lk_slice hash) {
    char text[LK_PASSWORD_HASH_SIZE];
    return !hash_text(hash, text) || crypto_pwhash_argon2id_str_needs_rehash(text, PASSES, MEMORY) != 0;
}
