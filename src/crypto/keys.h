/*
 * The keys of the server, derived from the master key with HKDF-SHA-256 (RFC 5869; no salt; info "latchkey/<purpose>/1"; 32 bytes each), in locked pages,
 * and the lookup keys of older master keys under which some digests still are. Read-only once the database was opened: any number of threads may use
 * them at once.
 */
#ifndef LK_CRYPTO_KEYS_H
#define LK_CRYPTO_KEYS_H

#include "crypto/mac.h"
#include "crypto/master.h"

enum lk_key_purpose {
    LK_KEY_LOOKUP,  /* digests of presented tokens: crypto/digest.h */
    LK_KEY_SEALING, /* secrets at rest: crypto/seal.h */
    LK_KEY_AUDIT,   /* the audit chain */
    LK_KEY_SESSION, /* session tokens */
};

#define LK_KEY_BYTES 32

struct lk_keys;

/* Most older lookup keys: they cost whoever presents an unknown token as many more looks, and for each up to eight digests. */
#define LK_OLDER_LOOKUPS_MAX 7

/* Derives them all, as version 1 and without older ones; master may be freed afterwards. 0 or LK_ENOMEM. (Pages that the limit on locked memory does not
 * let be locked are used all the same.) */
int lk_keys_derive(const struct lk_master *master, struct lk_keys **ret);

/* One of them alone, for who seals it. The caller wipes it. */
void lk_keys_derive_one(const struct lk_master *master, enum lk_key_purpose purpose, uint8_t out[LK_KEY_BYTES]);

/* Sets the version, 1 to 255, and forgets older keys. While no other thread has keys. */
void lk_keys_set_version(struct lk_keys *keys, unsigned version);

/* Adds an older lookup key, that of the version after the one that was added last, up to the one before the present. While no other thread has keys. 0, or
 * LK_ELIMIT when there are LK_OLDER_LOOKUPS_MAX. */
int lk_keys_add_older_lookup(struct lk_keys *keys, const uint8_t lookup[LK_KEY_BYTES]);

/* Wipes and frees. NULL is fine. */
void lk_keys_free(struct lk_keys *keys);

/* Which of the master keys that this database has had they are from, from 1: stored beside what was made with them. At most 255. */
unsigned lk_keys_version(const struct lk_keys *keys);

/* The MAC key for LK_KEY_LOOKUP, LK_KEY_AUDIT or LK_KEY_SESSION (NULL for LK_KEY_SEALING, which is none). Lives as long as keys. */
const struct lk_mac_key *lk_keys_mac(const struct lk_keys *keys, enum lk_key_purpose purpose);

/* How many older lookup keys there are, mostly none, and one of them. */
size_t lk_keys_older_lookups(const struct lk_keys *keys);
const struct lk_mac_key *lk_keys_older_lookup(const struct lk_keys *keys, size_t index);

/* The 32 bytes of the sealing key, for crypto/seal.c. */
const uint8_t *lk_keys_sealing(const struct lk_keys *keys);

/* A value that only this master key gives and that tells nothing about it: kept in the database, it shows at start that the key is the wrong one.
 * Compare with lk_secret_equal. */
void lk_keys_check(const struct lk_keys *keys, uint8_t out[LK_MAC_BYTES]);

#endif
