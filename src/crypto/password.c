#include "crypto/password.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>

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

/* What a hash of lk_password_hash says. */
struct parsed {
    unsigned passes;
    size_t memory; /* bytes */
    unsigned char salt[crypto_pwhash_argon2id_SALTBYTES];
    unsigned char hash[32];
};

static bool decode(const char *text, size_t len, unsigned char *out, size_t size) {
    size_t got = 0;
    return sodium_base642bin(out, size, text, len, NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 && got == size;
}

static bool parse(const char *text, struct parsed *ret) {
    unsigned kibibytes = 0;
    int used = 0;
    if (sscanf(text, "$argon2id$v=19$m=%7u,t=%3u,p=1$%n", &kibibytes, &ret->passes, &used) != 2 || used == 0)
        return false;
    const char *salt = text + used;
    const char *end = strchr(salt, '$');
    ret->memory = (size_t)kibibytes * 1024;
    return end != NULL && decode(salt, (size_t)(end - salt), ret->salt, sizeof(ret->salt)) &&
           decode(end + 1, strlen(end + 1), ret->hash, sizeof(ret->hash));
}

/* libsodium's own check takes a lack of memory for a wrong password, so it is made in two steps. */
static int verify_parsed(const struct parsed *parsed, struct lk_slice password) {
    unsigned char made[sizeof(parsed->hash)];
    if (crypto_pwhash_argon2id(made, sizeof(made), password.len > 0 ? password.ptr : "", password.len, parsed->salt, parsed->passes,
                               parsed->memory, crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
        return LK_ENOMEM;
    int code = sodium_memcmp(made, parsed->hash, sizeof(made)) == 0 ? 0 : LK_EUNAUTH;
    sodium_memzero(made, sizeof(made));
    return code;
}

int lk_password_verify(struct lk_slice hash, struct lk_slice password) {
    char text[LK_PASSWORD_HASH_SIZE];
    struct parsed parsed;
    if (!hash_text(hash, text))
        return LK_ECORRUPT;
    if (parse(text, &parsed))
        return password.len > LK_PASSWORD_MAX ? LK_EUNAUTH : verify_parsed(&parsed, password);
    /* One that another program made, with another salt or more lanes. */
    if (crypto_pwhash_argon2id_str_needs_rehash(text, PASSES, MEMORY) < 0)
        return LK_ECORRUPT;
    if (password.len > LK_PASSWORD_MAX)
        return LK_EUNAUTH;
    errno = 0;
    if (crypto_pwhash_argon2id_str_verify(text, password.len > 0 ? password.ptr : "", password.len) == 0)
        return 0;
    return errno == EINVAL ? LK_EUNAUTH : LK_ENOMEM;
}

bool lk_password_outdated(struct lk_slice hash) {
    char text[LK_PASSWORD_HASH_SIZE];
    return !hash_text(hash, text) || crypto_pwhash_argon2id_str_needs_rehash(text, PASSES, MEMORY) != 0;
}
