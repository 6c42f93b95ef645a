/*
 * The master key's rotation: another one takes its place, and what was kept under the one before is put under it.
 *
 * Every secret that is sealed is sealed anew and found by a new digest. Of old secrets of rotated keys there is a digest alone: that is digested in its turn by the new
 * lookup key, and they go on being found by the lookup keys from that of their time on, until they end. The audit log stays as it was written: its entries are checked by the audit key of their time,
 * and from now on the ends of the logs, and so all that is before them, stand under the new one. Both older keys are kept sealed under the new sealing
 * key (store/older_key.h). Sessions end.
 *
 * Who has the older master key alone can then open nothing, and forge nothing, that is in the database from now on.
 */
#ifndef DOMAIN_MASTER_KEY_H
#define DOMAIN_MASTER_KEY_H

#include "crypto/keys.h"
#include "domain/call.h"

/* Gives keys what the database knows of them, before they are used for it: their version, and the older lookup keys from the first by which some secret is found at now_ms. They
 * are those that it belongs to (domain/migrate.h). 0, or what the store gave, or LK_ECORRUPT, with a sentence in problem. */
int lk_master_key_read(struct lk_db *db, struct lk_keys *keys, int64_t now_ms, struct lk_problem *problem);

/* The audit key of an older version. The caller wipes it. 0; LK_ENOTFOUND: there never was such a version; LK_ECORRUPT: what is kept of it was changed. */
int lk_master_key_older_audit(struct lk_db *db, const struct lk_keys *keys, int64_t version, struct lk_arena *arena,
                              struct lk_mac_key *ret);

struct lk_master_rotation {
    const struct lk_master *old_master;                 /* the one that the keys of the call's domain are from */
    struct lk_keys *new_keys;                           /* just derived from the new one; get their version and the older lookup keys */
    void (*progress)(void *context, int64_t keys_done); /* NULL: nobody asks */
    void *context;
    /* What came of it: */
    unsigned version;    /* of the new master key */
    int64_t keys;        /* API keys whose secret is under it */
    int64_t keys_left;   /* whose secret is not, because no sealed one is there that opens: they stay good, and cannot be revealed */
    int64_t old_secrets; /* of rotated keys, good for a while */
};

/* Rotates. In a transaction that the caller has begun, on a database that nobody serves; when it is committed, the database belongs to the new keys, and call's
 * domain and the old keys are no longer good for it. Needs no actor. LK_ELIMIT when there were 254 rotations, or when a secret would be found by more than
 * LK_OLDER_LOOKUPS_MAX older lookup keys; LK_ECORRUPT when an older key cannot be opened. After a failure the caller rolls back. */
int lk_master_key_rotate(struct lk_call *call, struct lk_master_rotation *rotation);

#endif
