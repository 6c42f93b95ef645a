#include "keyring/internal.h"

#include <stdlib.h>

/* Entries that a change looks at while keys of a removed account are being found: a few microseconds of reading in order. And those that each batch does, so that they are found
 * where nothing changes, too: there is one every second. */
#define SWEEP_STEP 512
#define SWEEP_BATCH 2048

static uint64_t hash_of_entry_digest(const void *context, uint32_t ref) {
    return lk_hash_digest(&lk_cells_at(context, ref)->digest);
}

static uint64_t hash_of_entry_id(const void *context, uint32_t ref) {
    return lk_hash_id(&lk_cells_at(context, ref)->id);
}

static void note_tables(struct lk_keyring *keyring) {
    atomic_store_explicit(&keyring->stat_table_bytes, lk_table_bytes(&keyring->by_digest) + lk_table_bytes(&keyring->by_id),
                          memory_order_relaxed);
    atomic_store_explicit(&keyring->stat_growing, lk_table_growing(&keyring->by_digest) || lk_table_growing(&keyring->by_id),
                          memory_order_relaxed);
}

int lk_keyring_open(const struct lk_keys *keys, const struct lk_vocabulary *vocabulary, size_t keys_expected, struct lk_keyring **ret) {
    struct lk_keyring *keyring = calloc(1, sizeof *keyring);
    if (keyring == NULL)
        return LK_ENOMEM;
    keyring->keys = keys;
    keyring->vocabulary = vocabulary;
    keyring->sweep_at = 1;
    keyring->sets_max = SIZE_MAX;
    keyring->staged = calloc(LK_KEYRING_STAGED_READY, sizeof keyring->staged[0]);
    keyring->staged_cap = LK_KEYRING_STAGED_READY;
    keyring->retired = calloc(LK_RETIRED_MAX, sizeof keyring->retired[0]);
    if (keyring->staged == NULL || keyring->retired == NULL || lk_groups_open(keyring) != 0)
        goto err1;
    lk_maker_open(&keyring->maker);
    if (lk_cells_open(&keyring->cells, &keyring->maker, keys_expected) != 0)
        goto err2;
    if (lk_table_open(&keyring->by_digest, keys_expected, hash_of_entry_digest, &keyring->cells, &keyring->maker) != 0)
        goto err3;
    if (lk_table_open(&keyring->by_id, keys_expected, hash_of_entry_id, &keyring->cells, &keyring->maker) != 0)
        goto err4;
    note_tables(keyring);
    *ret = keyring;
    return 0;

err4:
    lk_table_close(&keyring->by_digest);
err3:
    lk_cells_close(&keyring->cells);
err2:
    lk_maker_close(&keyring->maker);
err1:
    lk_groups_close(keyring);
    free(keyring->retired);
    free(keyring->staged);
    free(keyring);
    return LK_ENOMEM;
}

static bool is_linked(const struct lk_entry *entry) {
    return (atomic_load_explicit(&entry->state, memory_order_relaxed) & LK_ENTRY_LINKED) != 0;
}

void lk_keyring_close(struct lk_keyring *keyring) {
    if (keyring == NULL)
        return;
    lk_keyring_abort(keyring);
    lk_retire_flush(keyring);
    for (uint32_t ref = 1; ref < keyring->cells.entries_used; ref++) {
        if (is_linked(lk_cells_at(&keyring->cells, ref)))
            lk_entry_free(keyring, ref);
    }
    lk_table_close(&keyring->by_id);
    lk_table_close(&keyring->by_digest);
    lk_cells_close(&keyring->cells);
    lk_maker_close(&keyring->maker);
    lk_groups_close(keyring);
    free(keyring->retired);
    free(keyring->staged);
    free(keyring);
}

void lk_keyring_bound(struct lk_keyring *keyring, size_t bytes) {
    keyring->sets_max = bytes;
}

void lk_keyring_alone(struct lk_keyring *keyring) {
    keyring->maker.none = true;
}

/* ---- staging ---- */

struct lk_staged *lk_staged_next(struct lk_keyring *keyring) {
    if (keyring->staged_len == keyring->staged_cap) {
        struct lk_staged *larger = reallocarray(keyring->staged, keyring->staged_cap * 2, sizeof larger[0]);
        if (larger == NULL)
            return NULL;
        keyring->staged = larger;
        keyring->staged_cap *= 2;
    }
    return &keyring->staged[keyring->staged_len];
}

static int stage_simple(struct lk_keyring *keyring, enum lk_staged_kind kind, const struct lk_id *id, int64_t credits) {
    struct lk_staged *staged = lk_staged_next(keyring);
    if (staged == NULL)
        return LK_ENOMEM;
    *staged = (struct lk_staged){.kind = kind, .id = *id, .credits = credits};
    keyring->staged_len++;
    return 0;
}

static int stage_key(struct lk_keyring *keyring, const struct lk_keyring_key *key, struct lk_problem *problem) {
    struct lk_staged *staged = lk_staged_next(keyring);
    if (staged == NULL)
        return LK_ENOMEM;
    int code = lk_key_stage(keyring, key, staged, problem);
    if (code == LK_ENOMEM && !key->enabled) /* what matters of it needs no memory: the key is refused from now on */
        return stage_simple(keyring, LK_STAGED_DISABLE, &key->id, 0);
    if (code == 0)
        keyring->staged_len++;
    return code;
}

static int stage_one(struct lk_keyring *keyring, const struct lk_keyring_change *change, struct lk_problem *problem) {
    switch (change->kind) {
    case LK_KEYRING_KEY: return stage_key(keyring, change->key, problem);
    case LK_KEYRING_KEY_REMOVE: return stage_simple(keyring, LK_STAGED_REMOVE, &change->id, 0);
    case LK_KEYRING_KEY_DISABLE: return stage_simple(keyring, LK_STAGED_DISABLE, &change->id, 0);
    case LK_KEYRING_KEY_CREDITS: return stage_simple(keyring, LK_STAGED_CREDITS, &change->id, change->credits < 0 ? 0 : change->credits);
    case LK_KEYRING_GROUP: return lk_group_stage(keyring, &change->group->id, &change->group->grants);
    case LK_KEYRING_GROUP_REMOVE: return lk_group_stage(keyring, &change->id, NULL);
    case LK_KEYRING_GROUP_FORGET: return lk_group_forget_stage(keyring, &change->id);
    case LK_KEYRING_ACCOUNT: return lk_account_stage(keyring, change->account);
    case LK_KEYRING_ACCOUNT_REMOVE: return lk_account_remove_stage(keyring, &change->id);
    }
    return LK_EINTERNAL;
}

void lk_keyring_begin(struct lk_keyring *keyring) {
    lk_keyring_abort(keyring);
}

size_t lk_keyring_mark(const struct lk_keyring *keyring) {
    return keyring->staged_len;
}

static void unstage_one(struct lk_keyring *keyring, struct lk_staged *staged) {
    switch (staged->kind) {
    case LK_STAGED_KEY: lk_key_unstage(keyring, staged); break;
    case LK_STAGED_GROUP: lk_group_unstage(keyring, staged); break;
    case LK_STAGED_SET: lk_set_unstage(keyring, staged); break;
    case LK_STAGED_ACCOUNT:
    case LK_STAGED_ACCOUNT_REMOVE: lk_account_unstage(keyring, staged); break;
    case LK_STAGED_REMOVE:
    case LK_STAGED_DISABLE:
    case LK_STAGED_CREDITS: break;
    }
}

void lk_keyring_unstage(struct lk_keyring *keyring, size_t mark) {
    while (keyring->staged_len > mark)
        unstage_one(keyring, &keyring->staged[--keyring->staged_len]);
}

void lk_keyring_abort(struct lk_keyring *keyring) {
    lk_keyring_unstage(keyring, 0);
}

int lk_keyring_stage(struct lk_keyring *keyring, const struct lk_keyring_change *changes, size_t len, struct lk_problem *problem) {
    size_t mark = lk_keyring_mark(keyring);
    for (size_t i = 0; i < len; i++) {
        int code = stage_one(keyring, &changes[i], problem);
        if (code == 0)
            continue;
        lk_keyring_unstage(keyring, mark);
        if (code == LK_ENOMEM)
            (void)lk_problem_set(problem, code, "Out of memory");
        else if (code == LK_ELIMIT && (problem == NULL || problem->code != code))
            (void)lk_problem_set(
                problem, code,
                "Too much memory: the API keys of the account are in too many different combinations of large user groups, or "
                "too many of these are changed at once. Make the groups smaller, or put more keys into the same ones");
        return code;
    }
    return 0;
}

/* ---- committing ---- */

static void set_credits(struct lk_keyring *keyring, const struct lk_staged *staged) {
    struct lk_balance *balance = lk_key_balance(keyring, &staged->id);
    if (balance == NULL)
        return;
    lk_credits_set(&balance->credits, staged->credits);
    lk_credits_keep(balance, staged->credits);
}

static void commit_one(struct lk_keyring *keyring, struct lk_staged *staged) {
    switch (staged->kind) {
    case LK_STAGED_KEY: lk_key_commit(keyring, staged); break;
    case LK_STAGED_REMOVE: lk_key_remove(keyring, &staged->id); break;
    case LK_STAGED_DISABLE: lk_key_disable(keyring, &staged->id); break;
    case LK_STAGED_CREDITS: set_credits(keyring, staged); break;
    case LK_STAGED_GROUP: lk_group_commit(keyring, staged); break;
    case LK_STAGED_SET: lk_set_commit(keyring, staged); break;
    case LK_STAGED_ACCOUNT:
    case LK_STAGED_ACCOUNT_REMOVE: lk_account_commit(keyring, staged); break;
    }
}

/* Frees keys of accounts that are gone: readers refuse them already. */
static void sweep(struct lk_keyring *keyring, size_t looks) {
    for (size_t i = 0; i < looks && keyring->sweep_left > 0; i++, keyring->sweep_left--) {
        if (keyring->sweep_at >= keyring->cells.entries_used)
            keyring->sweep_at = 1;
        const struct lk_entry *entry = lk_cells_at(&keyring->cells, keyring->sweep_at++);
        if (is_linked(entry) && atomic_load_explicit(&lk_place_at(keyring, entry->set)->account->gone, memory_order_relaxed))
            lk_key_remove(keyring, &entry->id);
    }
}

void lk_keyring_commit(struct lk_keyring *keyring) {
    for (size_t i = 0; i < keyring->staged_len; i++) {
        commit_one(keyring, &keyring->staged[i]);
        lk_table_step(keyring->steps++ % 2 == 0 ? &keyring->by_digest : &keyring->by_id);
        sweep(keyring, SWEEP_STEP);
    }
    sweep(keyring, SWEEP_BATCH);
    keyring->staged_len = 0;
    note_tables(keyring);
}

int lk_keyring_apply(struct lk_keyring *keyring, const struct lk_keyring_change *changes, size_t len, struct lk_problem *problem) {
    lk_keyring_begin(keyring);
    int code = lk_keyring_stage(keyring, changes, len, problem);
    if (code == 0)
        lk_keyring_commit(keyring);
    return code;
}

/* ---- looking ---- */

static uint64_t read_stat(const _Atomic uint64_t *stat) {
    return atomic_load_explicit(stat, memory_order_relaxed);
}

void lk_keyring_stats(const struct lk_keyring *keyring, struct lk_keyring_stats *ret) {
    *ret = (struct lk_keyring_stats){
        .keys = read_stat(&keyring->stat_keys),
        .entries = read_stat(&keyring->stat_entries),
        .groups = read_stat(&keyring->stat_groups),
        .sets = read_stat(&keyring->stat_sets),
        .accounts = read_stat(&keyring->stat_accounts),
        .bytes = read_stat(&keyring->stat_table_bytes) + read_stat(&keyring->cells.bytes) + read_stat(&keyring->stat_small_bytes) +
                 atomic_load_explicit(&keyring->maker.stock_len, memory_order_relaxed) * LK_PAGES_CHUNK,
        .growing = atomic_load_explicit(&keyring->stat_growing, memory_order_relaxed),
    };
}
