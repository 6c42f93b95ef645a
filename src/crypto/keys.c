#include "crypto/keys.h"

#include "crypto/hkdf.h"

#include <sodium.h>
#include <stdio.h>

struct lk_keys {
    struct lk_mac_key lookup;
    struct lk_mac_key audit;
    struct lk_mac_key session;
    struct lk_mac_key check;
    uint8_t sealing[LK_KEY_BYTES];
    unsigned version;
    size_t older_len;
    struct lk_mac_key older[LK_OLDER_LOOKUPS_MAX];
};

/* The number in info is that of this derivation, not of the master key: it is known before the database is. */
static void derive(const struct lk_master *master, const char *purpose, uint8_t out[LK_KEY_BYTES]) {
    char info[64];
    int len = snprintf(info, sizeof info, "latchkey/%s/1", purpose);
    struct lk_slice secret = {(const char *)lk_master_bytes(master), LK_MASTER_BYTES};
    lk_hkdf(lk_slice_make(NULL, 0), secret, lk_slice_make(info, (size_t)len), out, LK_KEY_BYTES);
}

static void derive_mac(const struct lk_master *master, const char *purpose, struct lk_mac_key *ret) {
    uint8_t key[LK_KEY_BYTES];
    derive(master, purpose, key);
    lk_mac_key_set(ret, lk_slice_make((const char *)key, sizeof key));
    sodium_memzero(key, sizeof key);
}

int lk_keys_derive(const struct lk_master *master, struct lk_keys **ret) {
    struct lk_keys *keys = sodium_malloc(sizeof *keys);
    if (keys == NULL)
        return LK_ENOMEM;
    derive_mac(master, "lookup", &keys->lookup);
    derive_mac(master, "audit", &keys->audit);
    derive_mac(master, "session", &keys->session);
    derive_mac(master, "check", &keys->check);
    derive(master, "sealing", keys->sealing);
    keys->version = 1;
    keys->older_len = 0;
    sodium_mprotect_readonly(keys);
    *ret = keys;
    return 0;
}

void lk_keys_free(struct lk_keys *keys) {
    sodium_free(keys);
}

void lk_keys_derive_one(const struct lk_master *master, enum lk_key_purpose purpose, uint8_t out[LK_KEY_BYTES]) {
    static const char *const names[] = {
        [LK_KEY_LOOKUP] = "lookup", [LK_KEY_SEALING] = "sealing", [LK_KEY_AUDIT] = "audit", [LK_KEY_SESSION] = "session"};
    derive(master, names[purpose], out);
}

void lk_keys_set_version(struct lk_keys *keys, unsigned version) {
    sodium_mprotect_readwrite(keys);
    keys->version = version;
    sodium_memzero(keys->older, sizeof keys->older);
    keys->older_len = 0;
    sodium_mprotect_readonly(keys);
}

int lk_keys_add_older_lookup(struct lk_keys *keys, const uint8_t lookup[LK_KEY_BYTES]) {
    if (keys->older_len == LK_OLDER_LOOKUPS_MAX)
        return LK_ELIMIT;
    sodium_mprotect_readwrite(keys);
    lk_mac_key_set(&keys->older[keys->older_len++], lk_slice_make((const char *)lookup, LK_KEY_BYTES));
    sodium_mprotect_readonly(keys);
    return 0;
}

unsigned lk_keys_version(const struct lk_keys *keys) {
    return keys->version;
}

size_t lk_keys_older_lookups(const struct lk_keys *keys) {
    return keys->older_len;
}

const struct lk_mac_key *lk_keys_older_lookup(const struct lk_keys *keys, size_t index) {
    return &keys->older[index];
}

const struct lk_mac_key *lk_keys_mac(const struct lk_keys *keys, enum lk_key_purpose purpose) {
    switch (purpose) {
    case LK_KEY_LOOKUP: return &keys->lookup;
    case LK_KEY_AUDIT: return &keys->audit;
    case LK_KEY_SESSION: return &keys->session;
    case LK_KEY_SEALING: break;
    }
    return NULL;
}

const uint8_t *lk_keys_sealing(const struct lk_keys *keys) {
    return keys->sealing;
}

void lk_keys_check(const struct lk_keys *keys, uint8_t out[LK_MAC_BYTES]) {
    lk_mac(&keys->check, lk_slice_cstr("the master key of this database"), out);
}
