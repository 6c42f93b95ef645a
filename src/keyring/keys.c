/* Entries of keys, and the rare things behind them. */
#include "base/clock.h"
#include "keyring/internal.h"

#include <stdlib.h>

#define END_MAX (((int64_t)1 << (63 - LK_ENTRY_FLAGS)) - 1)

/* ---- finding ---- */

static bool same_digest(const void *context, uint32_t ref, const void *key) {
    return memcmp(&lk_cells_at(context, ref)->digest, key, LK_DIGEST_BYTES) == 0;
}

static bool same_ref(const void *context, uint32_t ref, const void *key) {
    (void)context;
    return ref == *(const uint32_t *)key;
}

/* The entries of one key. */
struct entries {
    const struct lk_id *id;
    size_t len;
    uint32_t refs[LK_KEYRING_DIGESTS_MAX];
};

/* Never says yes, so that the search goes on to the last. */
static bool collect(const void *context, uint32_t ref, const void *key) {
    struct entries *entries = *(struct entries *const *)key;
    if (entries->len < LK_KEYRING_DIGESTS_MAX && lk_id_equal(&lk_cells_at(context, ref)->id, entries->id))
        entries->refs[entries->len++] = ref;
    return false;
}

static struct entries entries_of(const struct lk_keyring *keyring, const struct lk_id *id) {
    struct entries entries = {.id = id};
    struct entries *pointer = &entries;
    struct lk_table_place place;
    (void)lk_table_find(&keyring->by_id, lk_hash_id(id), collect, &keyring->cells, &pointer, &place);
    return entries;
}

static uint64_t state_of(const struct lk_entry *entry) {
    return atomic_load_explicit(&entry->state, memory_order_relaxed);
}

static struct lk_rare *rare_of(const struct lk_keyring *keyring, uint32_t ref) {
    const struct lk_entry *entry = lk_cells_at(&keyring->cells, ref);
    return lk_cells_rare(&keyring->cells, entry, state_of(entry));
}

/* ---- rare things ---- */

static void state_release(struct lk_keyring *keyring, struct lk_key_state *state) {
    if (state == NULL || --state->refs > 0)
        return;
    lk_credits_forget(keyring, &state->balance);
    lk_small_free(keyring, state);
}

static void rare_free(struct lk_keyring *keyring, struct lk_rare *rare) {
    if (rare == NULL)
        return;
    state_release(keyring, rare->state);
    lk_small_free(keyring, rare->ips);
    lk_small_free(keyring, rare);
}

static int rare_fill(struct lk_keyring *keyring, const struct lk_keyring_key *key, struct lk_rare *rare, struct lk_problem *problem) {
    rare->rate = key->rate;
    rare->has_credits = key->has_credits;
    rare->metadata_len = key->metadata.len;
    if (key->metadata.len > 0)
        memcpy(rare->metadata, key->metadata.ptr, key->metadata.len);
    if (key->allowed_ips_len > 0) {
        int code = lk_ip_list_compile(key->allowed_ips, key->allowed_ips_len, &rare->ips, problem);
        if (code != 0)
            return code;
        lk_small_adopt(keyring, rare->ips);
    }
    if (key->rate.limit == 0 && !key->has_credits)
        return 0;
    rare->state = lk_small_alloc(keyring, sizeof *rare->state);
    if (rare->state == NULL)
        return LK_ENOMEM;
    rare->state->refs = 1;
    lk_credits_set(&rare->state->balance.credits, key->set_credits ? key->credits : 0);
    return 0;
}

/* *ret is NULL for a key that has nothing rare. */
static int rare_new(struct lk_keyring *keyring, const struct lk_keyring_key *key, struct lk_rare **ret, struct lk_problem *problem) {
    if (key->allowed_ips_len == 0 && key->rate.limit == 0 && !key->has_credits && key->metadata.len == 0) {
        *ret = NULL;
        return 0;
    }
    struct lk_rare *rare = lk_small_alloc(keyring, sizeof *rare + key->metadata.len);
    if (rare == NULL)
        return LK_ENOMEM;
    int code = rare_fill(keyring, key, rare, problem);
    if (code != 0) {
        rare_free(keyring, rare);
        return code;
    }
    *ret = rare;
    return 0;
}

/* ---- staging ---- */

static int check(const struct lk_keyring_key *key, struct lk_problem *problem) {
    if (key->name.len > LK_KEYRING_NAME_MAX)
        return lk_problem_set(problem, LK_EINVAL, "The name of a key is at most %d bytes", LK_KEYRING_NAME_MAX);
    if (key->digests_len == 0 || key->digests_len > LK_KEYRING_DIGESTS_MAX)
        return lk_problem_set(problem, LK_EINVAL, "A key has 1 to %d secrets", LK_KEYRING_DIGESTS_MAX);
    if (key->groups_len > LK_KEYRING_GROUPS_MAX)
        return lk_problem_set(problem, LK_ELIMIT, "A key is in at most %d user groups", LK_KEYRING_GROUPS_MAX);
    if (key->rate.limit != 0 && key->rate.window_ms == 0)
        return lk_problem_set(problem, LK_EINVAL, "A rate limit needs a window of at least 1 ms");
    return 0;
}

static uint64_t state_word(const struct lk_keyring_key *key, int64_t ends_at, const struct lk_rare *rare) {
    int64_t end = ends_at < key->expires_at ? ends_at : key->expires_at;
    end = end < 0 ? 0 : end > END_MAX ? END_MAX : end;
    return (uint64_t)end << LK_ENTRY_FLAGS | (uint64_t)key->name.len << LK_ENTRY_NAME | (key->enabled ? 0 : LK_ENTRY_DISABLED) |
           (rare == NULL ? 0 : LK_ENTRY_RARE);
}

static uint32_t entry_new(struct lk_keyring *keyring, const struct lk_keyring_key *key, const struct lk_keyring_digest *digest,
                          struct lk_set_slot *slot, struct lk_rare *rare) {
    uint32_t ref = lk_cells_new(&keyring->cells, lk_hash_digest(&digest->digest), key->name, rare);
    if (ref == 0)
        return 0;
    struct lk_entry *entry = lk_cells_at(&keyring->cells, ref);
    entry->digest = digest->digest;
    entry->id = key->id;
    entry->set = slot->number;
    atomic_store_explicit(&entry->state, state_word(key, digest->ends_at, rare), memory_order_relaxed);
    slot->refs++;
    if (rare != NULL)
        rare->refs++;
    return ref;
}

/* An entry that no index leads to. */
static void entry_drop(struct lk_keyring *keyring, uint32_t ref) {
    struct lk_set_slot *slot = lk_place_at(keyring, lk_cells_at(&keyring->cells, ref)->set)->slot;
    lk_entry_free(keyring, ref);
    lk_slot_release(keyring, slot);
}

void lk_key_unstage(struct lk_keyring *keyring, struct lk_staged *staged) {
    for (size_t i = 0; i < LK_KEYRING_DIGESTS_MAX && staged->key_refs[i] != 0; i++) {
        entry_drop(keyring, staged->key_refs[i]);
        keyring->staged_entries--;
    }
}

static int stage_entries(struct lk_keyring *keyring, const struct lk_keyring_key *key, struct lk_set_slot *slot, struct lk_staged *ret,
                         struct lk_problem *problem) {
    struct lk_rare *rare;
    int code = rare_new(keyring, key, &rare, problem);
    if (code != 0)
        return code;
    *ret = (struct lk_staged){.kind = LK_STAGED_KEY,
                              .id = key->id,
                              .set_credits = key->has_credits && key->set_credits,
                              .credits = key->set_credits && key->credits > 0 ? key->credits : 0};
    for (size_t i = 0; i < key->digests_len; i++) {
        uint32_t ref = entry_new(keyring, key, &key->digests[i], slot, rare);
        if (ref == 0) {
            if (i == 0)
                rare_free(keyring, rare);
            lk_key_unstage(keyring, ret);
            return LK_ENOMEM;
        }
        ret->key_refs[i] = ref;
        keyring->staged_entries++;
    }
    return 0;
}

int lk_key_stage(struct lk_keyring *keyring, const struct lk_keyring_key *key, struct lk_staged *ret, struct lk_problem *problem) {
    int code = check(key, problem);
    if (code != 0)
        return code;
    size_t inserts = keyring->staged_entries + key->digests_len;
    if (lk_table_reserve(&keyring->by_digest, inserts) != 0 || lk_table_reserve(&keyring->by_id, inserts) != 0)
        return LK_ENOMEM;
    struct lk_set_slot *slot;
    code = lk_slot_find(keyring, key, &slot);
    if (code != 0)
        return code;
    code = stage_entries(keyring, key, slot, ret, problem);
    lk_slot_release(keyring, slot);
    return code;
}

/* ---- committing ---- */

static bool find_by_digest(const struct lk_keyring *keyring, const struct lk_digest *digest, struct lk_table_place *ret) {
    return lk_table_find(&keyring->by_digest, lk_hash_digest(digest), same_digest, &keyring->cells, digest, ret);
}

static bool find_by_id(const struct lk_keyring *keyring, uint32_t ref, struct lk_table_place *ret) {
    return lk_table_find(&keyring->by_id, lk_hash_id(&lk_cells_at(&keyring->cells, ref)->id), same_ref, NULL, &ref, ret);
}

void lk_entry_free(struct lk_keyring *keyring, uint32_t ref) {
    struct lk_rare *rare = rare_of(keyring, ref);
    if (rare != NULL && --rare->refs == 0)
        rare_free(keyring, rare);
    lk_cells_free(&keyring->cells, ref);
}

/* After both indexes forgot it. */
static void entry_retire(struct lk_keyring *keyring, uint32_t ref) {
    struct lk_entry *entry = lk_cells_at(&keyring->cells, ref);
    atomic_store_explicit(&entry->state, state_of(entry) & ~(uint64_t)LK_ENTRY_LINKED, memory_order_release);
    lk_retire(keyring, LK_RETIRED_ENTRY, ref, NULL);
    lk_slot_release(keyring, lk_place_at(keyring, entry->set)->slot);
}

void lk_entry_unlink(struct lk_keyring *keyring, uint32_t ref) {
    struct lk_table_place place;
    if (find_by_digest(keyring, &lk_cells_at(&keyring->cells, ref)->digest, &place))
        lk_table_remove(&keyring->by_digest, &place);
    if (find_by_id(keyring, ref, &place))
        lk_table_remove(&keyring->by_id, &place);
    lk_stat_add(&keyring->stat_entries, -1);
    entry_retire(keyring, ref);
}

static void link_new(struct lk_keyring *keyring, uint32_t ref) {
    const struct lk_entry *entry = lk_cells_at(&keyring->cells, ref);
    lk_table_insert(&keyring->by_id, lk_hash_id(&entry->id), ref);
    lk_table_insert(&keyring->by_digest, lk_hash_digest(&entry->digest), ref);
    lk_stat_add(&keyring->stat_entries, 1);
}

/* Drops a number from a list of entries. */
static void forget(struct entries *entries, uint32_t ref) {
    for (size_t i = 0; i < entries->len; i++) {
        if (entries->refs[i] == ref)
            entries->refs[i] = entries->refs[--entries->len];
    }
}

static void link_entry(struct lk_keyring *keyring, uint32_t ref, struct entries *before) {
    struct lk_entry *entry = lk_cells_at(&keyring->cells, ref);
    atomic_store_explicit(&entry->state, state_of(entry) | LK_ENTRY_LINKED, memory_order_relaxed);
    struct lk_table_place digest_place;
    struct lk_table_place id_place;
    if (!find_by_digest(keyring, &entry->digest, &digest_place)) {
        link_new(keyring, ref);
        return;
    }
    uint32_t old = digest_place.ref;
    if (!lk_id_equal(&lk_cells_at(&keyring->cells, old)->id, &entry->id)) { /* another key's: it goes over */
        struct entries others = entries_of(keyring, &lk_cells_at(&keyring->cells, old)->id);
        lk_entry_unlink(keyring, old);
        lk_stat_add(&keyring->stat_keys, others.len == 1 ? -1 : 0);
        link_new(keyring, ref);
        return;
    }
    if (find_by_id(keyring, old, &id_place))
        lk_table_replace(&id_place, ref);
    lk_table_replace(&digest_place, ref);
    forget(before, old);
    entry_retire(keyring, old);
}

/* What the key had so far, or NULL. */
static struct lk_rare *rare_before(const struct lk_keyring *keyring, const struct entries *before) {
    return before->len == 0 ? NULL : rare_of(keyring, before->refs[0]);
}

/* Not only when its state is freed, which may be long after: of a balance that ended nothing is to be told when the key has another one. */
static void end_credits(struct lk_keyring *keyring, struct lk_rare *rare) {
    if (rare != NULL && rare->state != NULL)
        lk_credits_forget(keyring, &rare->state->balance);
}

/* The key goes on counting where it was, unless it did not count then. */
static void adopt_state(struct lk_keyring *keyring, const struct lk_staged *staged, const struct entries *before) {
    struct lk_rare *rare = rare_of(keyring, staged->key_refs[0]);
    struct lk_rare *old = rare_before(keyring, before);
    if (rare == NULL || rare->state == NULL) {
        end_credits(keyring, old);
        return;
    }
    if (old == NULL || old->state == NULL)
        return;
    state_release(keyring, rare->state);
    rare->state = old->state;
    rare->state->refs++;
    if (old->rate.limit == 0)
        atomic_store_explicit(&rare->state->rate, 0, memory_order_relaxed);
    lk_rate_change(&rare->state->rate, &old->rate, &rare->rate, lk_clock_mono_ns());
    if (staged->set_credits || !rare->state->balance.counted)
        lk_credits_set(&rare->state->balance.credits, staged->credits);
}

static void follow_credits(struct lk_keyring *keyring, const struct lk_staged *staged) {
    const struct lk_rare *rare = rare_of(keyring, staged->key_refs[0]);
    if (rare == NULL || rare->state == NULL)
        return;
    if (rare->has_credits)
        lk_credits_follow(keyring, &rare->state->balance, false, staged);
    else
        lk_credits_forget(keyring, &rare->state->balance);
}

void lk_key_commit(struct lk_keyring *keyring, struct lk_staged *staged) {
    struct entries before = entries_of(keyring, &staged->id);
    if (before.len == 0)
        lk_stat_add(&keyring->stat_keys, 1);
    adopt_state(keyring, staged, &before);
    follow_credits(keyring, staged);
    for (size_t i = 0; i < LK_KEYRING_DIGESTS_MAX && staged->key_refs[i] != 0; i++) {
        link_entry(keyring, staged->key_refs[i], &before);
        keyring->staged_entries--;
    }
    for (size_t i = 0; i < before.len; i++)
        lk_entry_unlink(keyring, before.refs[i]);
}

void lk_key_remove(struct lk_keyring *keyring, const struct lk_id *id) {
    struct entries entries = entries_of(keyring, id);
    end_credits(keyring, rare_before(keyring, &entries));
    for (size_t i = 0; i < entries.len; i++)
        lk_entry_unlink(keyring, entries.refs[i]);
    if (entries.len > 0)
        lk_stat_add(&keyring->stat_keys, -1);
}

void lk_key_disable(struct lk_keyring *keyring, const struct lk_id *id) {
    struct entries entries = entries_of(keyring, id);
    for (size_t i = 0; i < entries.len; i++) {
        struct lk_entry *entry = lk_cells_at(&keyring->cells, entries.refs[i]);
        atomic_store_explicit(&entry->state, state_of(entry) | LK_ENTRY_DISABLED, memory_order_release);
    }
}

struct lk_set_slot *lk_key_slot(const struct lk_keyring *keyring, const struct lk_id *id) {
    struct entries entries = entries_of(keyring, id);
    return entries.len == 0 ? NULL : lk_place_at(keyring, lk_cells_at(&keyring->cells, entries.refs[0])->set)->slot;
}

struct lk_balance *lk_key_balance(const struct lk_keyring *keyring, const struct lk_id *id) {
    struct entries entries = entries_of(keyring, id);
    struct lk_rare *rare = entries.len == 0 ? NULL : rare_of(keyring, entries.refs[0]);
    return rare == NULL || !rare->has_credits ? NULL : &rare->state->balance;
}
