/* Groups, accounts, and the interned sets between them and keys. */
#include "base/clock.h"
#include "keyring/internal.h"

#include <stdlib.h>

static const struct lk_id *node_id_of_group(const struct lk_node *node) {
    return &((const struct lk_group *)node)->id;
}

/* ---- groups ---- */

static struct lk_group *group_find(const struct lk_keyring *keyring, const struct lk_id *id) {
    for (struct lk_node *node = lk_map_bucket(&keyring->groups, lk_hash_id(id)); node != NULL; node = node->next) {
        if (lk_id_equal(node_id_of_group(node), id))
            return (struct lk_group *)node;
    }
    return NULL;
}

/* One that does not exist yet is made, and gives nothing until it does. */
static struct lk_group *group_get(struct lk_keyring *keyring, const struct lk_id *id) {
    struct lk_group *group = group_find(keyring, id);
    if (group != NULL)
        return group;
    group = lk_small_alloc(keyring, sizeof *group);
    if (group == NULL)
        return NULL;
    group->id = *id;
    group->node.hash = lk_hash_id(id);
    lk_map_add(&keyring->groups, &group->node);
    return group;
}

/* Frees one that nothing needs any more. */
static void group_tidy(struct lk_keyring *keyring, struct lk_group *group) {
    if (group->refs > 0 || group->members != NULL || group->current != NULL)
        return;
    lk_map_remove(&keyring->groups, &group->node);
    lk_small_free(keyring, group);
}

/* ---- accounts ---- */

static struct lk_account *account_find(const struct lk_keyring *keyring, const struct lk_id *id) {
    for (struct lk_node *node = lk_map_bucket(&keyring->accounts, lk_hash_id(id)); node != NULL; node = node->next) {
        struct lk_account *account = (struct lk_account *)node;
        if (!account->leaving && lk_id_equal(&account->id, id))
            return account;
    }
    return NULL;
}

static struct lk_account *account_get(struct lk_keyring *keyring, const struct lk_id *id) {
    struct lk_account *account = account_find(keyring, id);
    if (account != NULL)
        return account;
    account = lk_small_alloc(keyring, sizeof *account);
    if (account == NULL)
        return NULL;
    account->id = *id;
    account->node.hash = lk_hash_id(id);
    lk_map_add(&keyring->accounts, &account->node);
    return account;
}

static void account_tidy(struct lk_keyring *keyring, struct lk_account *account) {
    if (account->refs > 0 || (account->exists && !atomic_load_explicit(&account->gone, memory_order_relaxed)))
        return;
    lk_map_remove(&keyring->accounts, &account->node);
    lk_small_free(keyring, account);
}

static void account_release(struct lk_keyring *keyring, struct lk_account *account) {
    account->refs--;
    account_tidy(keyring, account);
}

/* input NULL: it is removed. */
static int stage_account(struct lk_keyring *keyring, struct lk_account *account, const struct lk_keyring_account *input) {
    struct lk_staged *staged = lk_staged_next(keyring);
    if (staged == NULL)
        return LK_ENOMEM;
    *staged = (struct lk_staged){.kind = LK_STAGED_ACCOUNT_REMOVE, .id = account->id};
    staged->account.account = account;
    if (input != NULL) {
        staged->kind = LK_STAGED_ACCOUNT;
        staged->set_credits = input->has_credits && input->set_credits;
        staged->credits = staged->set_credits && input->credits > 0 ? input->credits : 0;
        staged->account.rate = input->rate.limit == 0 ? 0 : (uint64_t)input->rate.limit << 32 | input->rate.window_ms;
        staged->account.has_credits = input->has_credits;
    }
    account->refs++;
    keyring->staged_len++;
    return 0;
}

int lk_account_stage(struct lk_keyring *keyring, const struct lk_keyring_account *input) {
    struct lk_account *account = account_get(keyring, &input->id);
    if (account == NULL)
        return LK_ENOMEM;
    int code = stage_account(keyring, account, input);
    account_tidy(keyring, account);
    return code;
}

int lk_account_remove_stage(struct lk_keyring *keyring, const struct lk_id *id) {
    struct lk_account *account = account_find(keyring, id);
    if (account == NULL)
        return 0;
    int code = stage_account(keyring, account, NULL);
    account->leaving = code == 0;
    return code;
}

void lk_account_unstage(struct lk_keyring *keyring, struct lk_staged *staged) {
    if (staged->kind == LK_STAGED_ACCOUNT_REMOVE)
        staged->account.account->leaving = false;
    account_release(keyring, staged->account.account);
}

static void commit_rate(struct lk_account *account, uint64_t rate) {
    const struct lk_rate before = lk_rate_of_word(atomic_load_explicit(&account->rate, memory_order_relaxed));
    const struct lk_rate after = lk_rate_of_word(rate);
    if (before.limit == 0) /* what an earlier rate has counted is not held against this one */
        atomic_store_explicit(&account->state, 0, memory_order_relaxed);
    atomic_store_explicit(&account->rate, rate, memory_order_release);
    lk_rate_change(&account->state, &before, &after, lk_clock_mono_ns());
}

/* The balance is set before the account is said to have one. */
static void commit_credits(struct lk_keyring *keyring, struct lk_account *account, const struct lk_staged *staged) {
    if (staged->account.has_credits) {
        if (staged->set_credits || !account->balance.counted)
            lk_credits_set(&account->balance.credits, staged->credits);
        lk_credits_follow(keyring, &account->balance, true, staged);
    } else {
        lk_credits_forget(keyring, &account->balance);
    }
    atomic_store_explicit(&account->has_credits, staged->account.has_credits, memory_order_release);
}

void lk_account_commit(struct lk_keyring *keyring, struct lk_staged *staged) {
    struct lk_account *account = staged->account.account;
    if (staged->kind == LK_STAGED_ACCOUNT) {
        lk_stat_add(&keyring->stat_accounts, account->exists ? 0 : 1);
        account->exists = true;
        commit_rate(account, staged->account.rate);
        commit_credits(keyring, account, staged);
    } else {
        lk_stat_add(&keyring->stat_accounts, account->exists ? -1 : 0);
        atomic_store_explicit(&account->gone, true, memory_order_release);
        lk_credits_forget(keyring, &account->balance);
        keyring->sweep_left = keyring->cells.entries_used;
    }
    account_release(keyring, account);
}

struct lk_balance *lk_account_balance(const struct lk_keyring *keyring, const struct lk_id *id) {
    struct lk_account *account = account_find(keyring, id);
    return account == NULL || !account->balance.counted ? NULL : &account->balance;
}

/* ---- sets ---- */

int lk_groups_open(struct lk_keyring *keyring) {
    keyring->places_free = LK_NO_PLACE;
    keyring->places = calloc(LK_SET_CHUNKS, sizeof(struct lk_set_place *));
    if (keyring->places == NULL || lk_map_open(&keyring->groups) != 0 || lk_map_open(&keyring->slots) != 0 ||
        lk_map_open(&keyring->accounts) != 0)
        return LK_ENOMEM;
    return 0;
}

/* What each set may take beside the bound of all: who has many keys in small groups of their own is not held up. */
#define SET_BYTES ((size_t)8 << 10)

static bool has_room(const struct lk_keyring *keyring, size_t sets, size_t bytes) {
    size_t room = sets * SET_BYTES;
    return bytes <= room || bytes - room <= keyring->sets_max;
}

static int build_set(struct lk_keyring *keyring, const struct lk_set_slot *slot, struct lk_permission_set **ret) {
    struct lk_id ids[LK_KEYRING_GROUPS_MAX];
    const struct lk_grants *grants[LK_KEYRING_GROUPS_MAX];
    for (size_t i = 0; i < slot->len; i++) {
        ids[i] = slot->members[i].group->id;
        grants[i] = slot->members[i].group->latest;
    }
    int code = lk_permission_set_build(keyring->vocabulary, &slot->account->id, ids, grants, slot->len, ret);
    if (code == 0)
        lk_small_adopt(keyring, *ret);
    return code;
}

static uint32_t place_take(struct lk_keyring *keyring) {
    uint32_t number = keyring->places_free;
    if (number != LK_NO_PLACE) {
        keyring->places_free = lk_place_at(keyring, number)->next_free;
        return number;
    }
    size_t chunk = keyring->places_used >> LK_SET_CHUNK_BITS;
    if (chunk == LK_SET_CHUNKS)
        return LK_NO_PLACE;
    if (keyring->places[chunk] == NULL) {
        keyring->places[chunk] = lk_small_alloc(keyring, sizeof(struct lk_set_place) << LK_SET_CHUNK_BITS);
        if (keyring->places[chunk] == NULL)
            return LK_NO_PLACE;
    }
    return keyring->places_used++;
}

static void place_give(struct lk_keyring *keyring, uint32_t number) {
    struct lk_set_place *place = lk_place_at(keyring, number);
    place->slot = NULL;
    place->next_free = keyring->places_free;
    keyring->places_free = number;
}

static void join_groups(struct lk_set_slot *slot) {
    for (size_t i = 0; i < slot->len; i++) {
        struct lk_member *member = &slot->members[i];
        member->slot = slot;
        member->next = member->group->members;
        member->link = &member->group->members;
        if (member->next != NULL)
            member->next->link = &member->next;
        member->group->members = member;
    }
}

static void leave_groups(struct lk_keyring *keyring, struct lk_set_slot *slot) {
    for (size_t i = 0; i < slot->len; i++) {
        struct lk_member *member = &slot->members[i];
        *member->link = member->next;
        if (member->next != NULL)
            member->next->link = member->link;
        group_tidy(keyring, member->group);
    }
}

static int compare_ids(const void *a, const void *b) {
    return memcmp(a, b, LK_ID_BYTES);
}

static uint64_t hash_list(const struct lk_id *account, const struct lk_id *groups, size_t len) {
    uint64_t hash = lk_hash_id(account);
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ lk_hash_id(&groups[i])) * 0x9E3779B97F4A7C15;
    return hash ^ hash >> 32;
}

static bool is_slot(const struct lk_set_slot *slot, const struct lk_account *account, const struct lk_id *groups, size_t len) {
    if (slot->account != account || slot->len != len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!lk_id_equal(&slot->members[i].group->id, &groups[i]))
            return false;
    }
    return true;
}

/* The same, where groups of the slot that are forgotten count no more. */
static bool was_slot(const struct lk_set_slot *slot, const struct lk_account *account, const struct lk_id *groups, size_t len) {
    size_t same = 0;
    for (size_t i = 0; i < slot->len; i++) {
        const struct lk_group *group = slot->members[i].group;
        if (group->forgotten)
            continue;
        if (same == len || !lk_id_equal(&group->id, &groups[same]))
            return false;
        same++;
    }
    return slot->account == account && same == len;
}

/* Gives the slot its place and its set. */
static int slot_publish(struct lk_keyring *keyring, struct lk_set_slot *slot) {
    struct lk_account *account = slot->account;
    int code = build_set(keyring, slot, &slot->latest);
    if (code != 0)
        return code;
    size_t bytes = account->set_bytes + lk_small_size(slot->latest);
    slot->number = LK_NO_PLACE;
    if (!has_room(keyring, account->sets + 1, bytes))
        code = LK_ELIMIT;
    else
        slot->number = place_take(keyring);
    if (slot->number == LK_NO_PLACE) {
        lk_small_free(keyring, slot->latest);
        return code != 0 ? code : LK_ENOMEM;
    }
    account->sets++;
    account->set_bytes = bytes;
    struct lk_set_place *place = lk_place_at(keyring, slot->number);
    place->slot = slot;
    place->account = slot->account;
    /* No entry names the place yet. */
    atomic_store_explicit(&place->set, slot->latest, memory_order_release);
    return 0;
}

static int slot_new(struct lk_keyring *keyring, struct lk_account *account, const struct lk_id *groups, size_t len, uint64_t hash,
                    struct lk_set_slot **ret) {
    struct lk_set_slot *slot = lk_small_alloc(keyring, sizeof *slot + len * sizeof slot->members[0]);
    if (slot == NULL)
        return LK_ENOMEM;
    slot->node.hash = hash;
    slot->account = account;
    bool whole = true;
    for (; slot->len < len && whole; slot->len += whole) {
        slot->members[slot->len].group = group_get(keyring, &groups[slot->len]);
        whole = slot->members[slot->len].group != NULL;
    }
    join_groups(slot); /* those that were had: the others stay out, and all leave again below */
    int code = whole ? slot_publish(keyring, slot) : LK_ENOMEM;
    if (code != 0) {
        leave_groups(keyring, slot);
        lk_small_free(keyring, slot);
        return code;
    }
    account->refs++;
    slot->refs = 1;
    lk_map_add(&keyring->slots, &slot->node);
    lk_stat_add(&keyring->stat_sets, 1);
    *ret = slot;
    return 0;
}

/* One that is there; NULL: none. */
static struct lk_set_slot *slot_of(const struct lk_keyring *keyring, const struct lk_account *account, const struct lk_id *groups,
                                   size_t len, uint64_t hash) {
    for (struct lk_node *node = lk_map_bucket(&keyring->slots, hash); node != NULL; node = node->next) {
        struct lk_set_slot *slot = (struct lk_set_slot *)node;
        if (slot->node.hash == hash && is_slot(slot, account, groups, len))
            return slot;
    }
    return NULL;
}

/* A key that only has lost groups which are gone keeps its set: nothing that must always be possible, to disable it above all, may need another. */
int lk_slot_find(struct lk_keyring *keyring, const struct lk_keyring_key *key, struct lk_set_slot **ret) {
    struct lk_id sorted[LK_KEYRING_GROUPS_MAX] = {{{0}}};
    const size_t len = key->groups_len;
    if (len > 0)
        memcpy(sorted, key->groups, len * sizeof sorted[0]);
    qsort(sorted, len, sizeof sorted[0], compare_ids);
    struct lk_account *account = account_get(keyring, &key->account_id);
    if (account == NULL)
        return LK_ENOMEM;
    uint64_t hash = hash_list(&key->account_id, sorted, len);
    struct lk_set_slot *slot = slot_of(keyring, account, sorted, len, hash);
    if (slot == NULL) {
        slot = lk_key_slot(keyring, &key->id);
        if (slot != NULL && !was_slot(slot, account, sorted, len))
            slot = NULL;
    }
    if (slot != NULL) {
        slot->refs++;
        *ret = slot;
        return 0;
    }
    int code = slot_new(keyring, account, sorted, len, hash, ret);
    if (code != 0)
        account_tidy(keyring, account);
    return code;
}

void lk_slot_release(struct lk_keyring *keyring, struct lk_set_slot *slot) {
    if (--slot->refs > 0)
        return;
    lk_map_remove(&keyring->slots, &slot->node);
    slot->account->sets--;
    slot->account->set_bytes -= lk_small_size(slot->latest);
    leave_groups(keyring, slot);
    lk_stat_add(&keyring->stat_sets, -1);
    lk_retire(keyring, LK_RETIRED_SLOT, 0, slot);
}

void lk_slot_free(struct lk_keyring *keyring, struct lk_set_slot *slot) {
    account_release(keyring, slot->account);
    lk_small_free(keyring, slot->latest);
    place_give(keyring, slot->number);
    lk_small_free(keyring, slot);
}

static int stage_set(struct lk_keyring *keyring, struct lk_set_slot *slot) {
    struct lk_staged *staged = lk_staged_next(keyring);
    if (staged == NULL)
        return LK_ENOMEM;
    struct lk_permission_set *set;
    int code = build_set(keyring, slot, &set);
    if (code != 0)
        return code;
    struct lk_account *account = slot->account;
    size_t before = lk_small_size(slot->latest);
    size_t bytes = account->set_bytes - before + lk_small_size(set);
    if (bytes > account->set_bytes && !has_room(keyring, account->sets, bytes)) {
        lk_small_free(keyring, set);
        return LK_ELIMIT;
    }
    account->set_bytes = bytes;
    keyring->staged_bytes += lk_small_size(set);
    *staged = (struct lk_staged){.kind = LK_STAGED_SET, .set = {slot, set, slot->latest}};
    slot->latest = set;
    slot->refs++;
    keyring->staged_len++;
    return 0;
}

void lk_set_unstage(struct lk_keyring *keyring, struct lk_staged *staged) {
    staged->set.slot->account->set_bytes += lk_small_size(staged->set.before) - lk_small_size(staged->set.set);
    staged->set.slot->latest = staged->set.before;
    keyring->staged_bytes -= lk_small_size(staged->set.set);
    lk_small_free(keyring, staged->set.set);
    lk_slot_release(keyring, staged->set.slot);
}

void lk_set_commit(struct lk_keyring *keyring, struct lk_staged *staged) {
    struct lk_set_place *place = lk_place_at(keyring, staged->set.slot->number);
    struct lk_permission_set *old = atomic_load_explicit(&place->set, memory_order_relaxed);
    keyring->staged_bytes -= lk_small_size(staged->set.set);
    atomic_store_explicit(&place->set, staged->set.set, memory_order_release);
    lk_retire(keyring, LK_RETIRED_SET, 0, old);
    lk_slot_release(keyring, staged->set.slot);
}

/* ---- changes of groups ---- */

/* Where a copy's arrays and bytes go: the sums first, then the same walk again. */
static size_t grants_arrays(const struct lk_grants *grants) {
    size_t size = sizeof *grants + grants->scopes_len * sizeof(struct lk_slice) + grants->apps_len * sizeof(struct lk_grant_app);
    for (size_t i = 0; i < grants->apps_len; i++)
        size += grants->apps[i].app_ids_len * sizeof(struct lk_slice);
    return size;
}

static size_t grants_bytes(const struct lk_grants *grants) {
    size_t size = 0;
    for (size_t i = 0; i < grants->scopes_len; i++)
        size += grants->scopes[i].len;
    for (size_t a = 0; a < grants->apps_len; a++) {
        for (size_t i = 0; i < grants->apps[a].app_ids_len; i++)
            size += grants->apps[a].app_ids[i].len;
    }
    return size;
}

static void copy_slices(struct lk_slice *to, const struct lk_slice *from, size_t len, char **bytes) {
    for (size_t i = 0; i < len; i++) {
        to[i] = lk_slice_make(*bytes, from[i].len);
        if (from[i].len > 0)
            memcpy(*bytes, from[i].ptr, from[i].len);
        *bytes += from[i].len;
    }
}

static struct lk_grants *grants_copy(struct lk_keyring *keyring, const struct lk_grants *grants) {
    size_t arrays = grants_arrays(grants);
    char *block = lk_small_alloc(keyring, arrays + grants_bytes(grants));
    if (block == NULL)
        return NULL;
    char *bytes = block + arrays;
    struct lk_grants *copy = (struct lk_grants *)(void *)block;
    struct lk_grant_app *apps = (struct lk_grant_app *)(void *)(copy + 1);
    struct lk_slice *slices = (struct lk_slice *)(void *)(apps + grants->apps_len);
    *copy = *grants;
    copy->scopes = slices;
    copy_slices(slices, grants->scopes, grants->scopes_len, &bytes);
    slices += grants->scopes_len;
    copy->apps = apps;
    for (size_t i = 0; i < grants->apps_len; i++) {
        apps[i] = grants->apps[i];
        apps[i].app_ids = slices;
        copy_slices(slices, grants->apps[i].app_ids, grants->apps[i].app_ids_len, &bytes);
        slices += grants->apps[i].app_ids_len;
    }
    return copy;
}

static int stage_version(struct lk_keyring *keyring, struct lk_group *group, const struct lk_grants *grants) {
    struct lk_staged *staged = lk_staged_next(keyring);
    if (staged == NULL)
        return LK_ENOMEM;
    struct lk_grants *version = grants == NULL ? NULL : grants_copy(keyring, grants);
    if (grants != NULL && version == NULL)
        return LK_ENOMEM;
    *staged = (struct lk_staged){.kind = LK_STAGED_GROUP, .group = {group, version, group->latest, false}};
    group->latest = version;
    group->refs++;
    keyring->staged_len++;
    return 0;
}

/* One request may change a group many times, and each time makes all its sets: they are kept until the commit, the ones between as well. */
int lk_group_stage(struct lk_keyring *keyring, const struct lk_id *id, const struct lk_grants *grants) {
    struct lk_group *group = grants == NULL ? group_find(keyring, id) : group_get(keyring, id);
    if (group == NULL)
        return grants == NULL ? 0 : LK_ENOMEM;
    bool many = keyring->staged_bytes > keyring->sets_max;
    int code = stage_version(keyring, group, grants);
    if (code != 0) {
        group_tidy(keyring, group);
        return code;
    }
    for (struct lk_member *member = group->members; member != NULL && code == 0; member = member->next) {
        if (member->slot->account->leaving) /* nobody will look at them any more, and they may be many */
            continue;
        code = many ? LK_ELIMIT : stage_set(keyring, member->slot);
    }
    return code;
}

int lk_group_forget_stage(struct lk_keyring *keyring, const struct lk_id *id) {
    struct lk_group *group = group_find(keyring, id);
    const size_t at = keyring->staged_len;
    int code = lk_group_stage(keyring, id, NULL);
    if (code != 0 || group == NULL)
        return code;
    keyring->staged[at].group.forget = !group->forgotten;
    group->forgotten = true;
    return 0;
}

void lk_group_unstage(struct lk_keyring *keyring, struct lk_staged *staged) {
    struct lk_group *group = staged->group.group;
    group->latest = staged->group.before;
    if (staged->group.forget)
        group->forgotten = false;
    lk_small_free(keyring, staged->group.version);
    group->refs--;
    group_tidy(keyring, group);
}

void lk_group_commit(struct lk_keyring *keyring, struct lk_staged *staged) {
    struct lk_group *group = staged->group.group;
    int change = (staged->group.version != NULL) - (group->current != NULL);
    lk_stat_add(&keyring->stat_groups, change);
    lk_small_free(keyring, group->current);
    group->current = staged->group.version;
    group->refs--;
    group_tidy(keyring, group);
}

/* ---- the end ---- */

static void free_nodes(struct lk_keyring *keyring, struct lk_map *map, void (*each)(struct lk_keyring *keyring, struct lk_node *node)) {
    lk_map_settle(map);
    for (size_t i = 0; map->buckets != NULL && i <= map->mask; i++) {
        for (struct lk_node *node = map->buckets[i], *next; node != NULL; node = next) {
            next = node->next;
            each(keyring, node);
        }
    }
    free(map->buckets);
}

static void end_slot(struct lk_keyring *keyring, struct lk_node *node) {
    lk_small_free(keyring, ((struct lk_set_slot *)node)->latest);
    lk_small_free(keyring, node);
}

static void end_group(struct lk_keyring *keyring, struct lk_node *node) {
    lk_small_free(keyring, ((struct lk_group *)node)->current);
    lk_small_free(keyring, node);
}

static void end_account(struct lk_keyring *keyring, struct lk_node *node) {
    lk_small_free(keyring, node);
}

void lk_groups_close(struct lk_keyring *keyring) {
    free_nodes(keyring, &keyring->slots, end_slot);
    free_nodes(keyring, &keyring->groups, end_group);
    free_nodes(keyring, &keyring->accounts, end_account);
    for (size_t i = 0; keyring->places != NULL && i < LK_SET_CHUNKS && keyring->places[i] != NULL; i++)
        lk_small_free(keyring, keyring->places[i]);
    free(keyring->places);
}
