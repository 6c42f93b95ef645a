#include "keyring/verify.h"

#include "crypto/token.h"
#include "keyring/internal.h"

const char *lk_verify_code_name(enum lk_verify_code code) {
    static const char *const names[LK_VERIFY_CODES] = {
        "MALFORMED",    "NOT_FOUND",      "DISABLED", "EXPIRED", "IP_NOT_ALLOWED", "INSUFFICIENT_PERMISSIONS",
        "RATE_LIMITED", "USAGE_EXCEEDED", "VALID",
    };
    return names[code];
}

void lk_verifier_init(struct lk_verifier *verifier, struct lk_keyring *keyring, struct lk_usage *usage) {
    *verifier = (struct lk_verifier){.keyring = keyring, .usage = usage};
}

/* What a key was at one moment. */
struct snapshot {
    const struct lk_entry *entry;
    uint64_t state;
    struct lk_permission_set *set;
    struct lk_account *account;
};

/* Constant in the bytes: how much of a digest is right cannot be told from the time. */
static bool same_digest(const void *context, uint32_t ref, const void *key) {
    return lk_cells_same_digest(&lk_cells_at(context, ref)->digest, key);
}

/*
 * Finds what is in force for a digest.
 *
 * The set is loaded (acquire) after the slot, and the slot again after the set. If it still holds the same number, the entry was in force when the
 * set was loaded: numbers are not used again while this reader is inside. The state is read last; it only loses rights while its
 * entry is in force, so what it allows now was allowed then too. If the slot changed, the writer has gone on, and so does the search: lock-free.
 */
static bool find(const struct lk_keyring *keyring, const struct lk_digest *digest, struct snapshot *ret) {
    static const struct lk_digest nobody;
    for (;;) {
        struct lk_table_place place;
        if (!lk_table_find(&keyring->by_digest, lk_hash_digest(digest), same_digest, &keyring->cells, digest, &place)) {
            /* A miss compares too, as a hit does; the answer is no whatever comes of it. */
            volatile bool compared = lk_cells_same_digest(&nobody, digest);
            (void)compared;
            return false;
        }
        const struct lk_entry *entry = lk_cells_at(&keyring->cells, place.ref);
        __builtin_prefetch(lk_cells_text_at(&keyring->cells, entry->text)); /* the name is looked at last */
        const struct lk_set_place *set = lk_place_at(keyring, entry->set);
        ret->entry = entry;
        ret->set = atomic_load_explicit(&set->set, memory_order_acquire);
        ret->account = set->account;
        uint32_t again = atomic_load_explicit(lk_table_slot(&place), memory_order_acquire);
        ret->state = atomic_load_explicit(&entry->state, memory_order_acquire);
        if (again == place.ref)
            return !atomic_load_explicit(&ret->account->gone, memory_order_acquire);
    }
}

static int64_t end_of(uint64_t state) {
    static const int64_t forever = (int64_t)(UINT64_MAX >> 1 >> LK_ENTRY_FLAGS);
    int64_t end = (int64_t)(state >> LK_ENTRY_FLAGS);
    return end == forever ? LK_KEYRING_FOREVER : end;
}

static struct lk_rate account_rate(const struct lk_account *account) {
    uint64_t word = atomic_load_explicit(&account->rate, memory_order_relaxed);
    return lk_rate_of_word(word);
}

/* The one that will refuse first; of two with as much left, the one that does so for longer. A retry_ms of -1, never, is the longest. */
static const struct lk_rate_state *nearer(const struct lk_rate_state *a, const struct lk_rate_state *b) {
    if (a->remaining != b->remaining)
        return a->remaining < b->remaining ? a : b;
    if (a->retry_ms != b->retry_ms)
        return (uint64_t)a->retry_ms > (uint64_t)b->retry_ms ? a : b;
    return a->reset_ms >= b->reset_ms ? a : b;
}

/* Takes from the key's rate and its account's, account_has, or from neither. */
static bool take_rates(const struct lk_verify_request *request, struct lk_rare *rare, struct lk_account *account,
                       struct lk_rate account_has, struct lk_verify_answer *ret) {
    bool key_has = rare != NULL && rare->rate.limit != 0;
    struct lk_rate_state key_state = {0};
    struct lk_rate_state state;
    if (key_has) {
        bool allowed = lk_rate_take(&rare->state->rate, &rare->rate, request->cost, request->mono_ns, &key_state);
        ret->has_rate = true;
        ret->rate = key_state;
        if (!allowed) {
            if (account_has.limit != 0 && lk_rate_would_refuse(&account->state, &account_has, request->cost, request->mono_ns, &state))
                ret->rate = *nearer(&key_state, &state);
            return false;
        }
    }
    if (account_has.limit == 0)
        return true;
    bool allowed = lk_rate_take(&account->state, &account_has, request->cost, request->mono_ns, &state);
    if (!allowed && key_has)
        lk_rate_give_back(&rare->state->rate, &rare->rate, request->cost);
    ret->rate = key_has && allowed ? *nearer(&key_state, &state) : state;
    ret->has_rate = true;
    return allowed;
}

/* What was taken from both: who has no credits left uses up nobody's rate. */
static void give_back_rates(const struct lk_verify_request *request, struct lk_rare *rare, struct lk_account *account,
                            struct lk_rate account_has, struct lk_verify_answer *ret) {
    if (rare != NULL && rare->rate.limit != 0)
        lk_rate_give_back(&rare->state->rate, &rare->rate, request->cost);
    if (account_has.limit != 0)
        lk_rate_give_back(&account->state, &account_has, request->cost);
    struct lk_verify_request look = *request;
    look.cost = 0;
    take_rates(&look, rare, account, account_has, ret);
}

/* Takes from the key's credits and its account's, or from neither. */
static bool take_credits(const struct lk_verify_request *request, struct lk_rare *rare, struct lk_account *account,
                         struct lk_verify_answer *ret) {
    bool key_has = rare != NULL && rare->has_credits;
    bool account_has = atomic_load_explicit(&account->has_credits, memory_order_acquire);
    if (!key_has && !account_has)
        return true;
    ret->has_credits = true;
    if (key_has && account_has)
        return lk_credits_take_both(&rare->state->balance.credits, &account->balance.credits, request->cost, &ret->credits_left);
    uint64_t word;
    bool taken = lk_credits_take(key_has ? &rare->state->balance.credits : &account->balance.credits, request->cost, &word);
    ret->credits_left = lk_credits_balance(word);
    return taken;
}

/* From DISABLED on, in the order of enum lk_verify_code. */
static enum lk_verify_code judge(const struct lk_verify_request *request, const struct snapshot *key, struct lk_rare *rare,
                                 struct lk_verify_answer *ret) {
    ret->expires_at = end_of(key->state);
    if ((key->state & LK_ENTRY_DISABLED) != 0)
        return LK_VERIFY_DISABLED;
    if (request->now_ms >= ret->expires_at)
        return LK_VERIFY_EXPIRED;
    if (rare != NULL && rare->ips != NULL && (request->ip == NULL || !lk_ip_list_has(rare->ips, request->ip)))
        return LK_VERIFY_IP_NOT_ALLOWED;
    if (request->require != NULL && !lk_expression_holds(request->require, key->set))
        return LK_VERIFY_INSUFFICIENT_PERMISSIONS;
    struct lk_rate account_has = account_rate(key->account);
    bool has_rate = rare != NULL || account_has.limit != 0;
    if (has_rate && !take_rates(request, rare, key->account, account_has, ret))
        return LK_VERIFY_RATE_LIMITED;
    if (take_credits(request, rare, key->account, ret))
        return LK_VERIFY_VALID;
    give_back_rates(request, rare, key->account, account_has, ret);
    return LK_VERIFY_USAGE_EXCEEDED;
}

static void describe(const struct lk_cells *cells, const struct snapshot *key, const struct lk_rare *rare, struct lk_verify_answer *ret) {
    ret->known = true;
    ret->key_id = key->entry->id;
    ret->account_id = key->account->id;
    ret->name = lk_cells_name(cells, key->entry, key->state);
    ret->set = key->set;
    if (rare != NULL)
        ret->metadata = lk_slice_make(rare->metadata, rare->metadata_len);
}

/* Few secrets are still known by an older lookup key, and only after the master key was rotated. */
static bool find_token(const struct lk_keyring *keyring, struct lk_slice token, const struct lk_digest *digest, struct snapshot *ret) {
    if (find(keyring, digest, ret))
        return true;
    for (size_t i = 0; i < lk_keys_older_lookups(keyring->keys); i++) {
        struct lk_digest older;
        lk_digest_token_older(keyring->keys, i, token, &older);
        if (find(keyring, &older, ret))
            return true;
    }
    return false;
}

static enum lk_verify_code decide(const struct lk_keyring *keyring, const struct lk_verify_request *request, const struct lk_digest *digest,
                                  struct lk_verify_answer *ret) {
    struct snapshot key;
    if (!find_token(keyring, request->token, digest, &key) ||
        (request->account != NULL && !lk_id_equal(request->account, &key.account->id)))
        return lk_token_is_damaged(request->token) ? LK_VERIFY_MALFORMED : LK_VERIFY_NOT_FOUND;
    struct lk_rare *rare = lk_cells_rare(&keyring->cells, key.entry, key.state);
    enum lk_verify_code code = judge(request, &key, rare, ret);
    describe(&keyring->cells, &key, rare, ret);
    return code;
}

static void finish(struct lk_verifier *verifier, const struct lk_verify_request *request, enum lk_verify_code code,
                   struct lk_verify_answer *ret) {
    ret->code = code;
    _Atomic uint64_t *count = &verifier->outcomes[code];
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1, memory_order_relaxed);
    if (!ret->known || verifier->usage == NULL)
        return;
    if (verifier->only_touches)
        lk_usage_add(verifier->usage, &ret->key_id, &ret->account_id, LK_USAGE_TOUCH, request->now_ms);
    else if (request->cost > 0)
        lk_usage_add(verifier->usage, &ret->key_id, &ret->account_id, code, request->now_ms);
}

/* Asks at once for all memory that the look-up will probably wait for: the index, and the entry where it is at home. */
static void prefetch(const struct lk_keyring *keyring, const struct lk_digest *digest) {
    uint64_t hash = lk_hash_digest(digest);
    lk_table_prefetch(&keyring->by_digest, hash);
    lk_cells_prefetch(&keyring->cells, hash);
}

static void foresee(const struct lk_keyring *keyring, struct lk_slice token, struct lk_foreseen *ret) {
    ret->malformed = lk_token_check(token) == LK_TOKEN_MALFORMED;
    if (!ret->malformed)
        lk_digest_token(keyring->keys, token, &ret->digest);
}

enum lk_verify_code lk_verify(struct lk_verifier *verifier, const struct lk_verify_request *request, struct lk_verify_answer *ret) {
    const struct lk_foreseen *foreseen = request->foreseen;
    struct lk_foreseen now;
    if (foreseen == NULL) {
        foresee(verifier->keyring, request->token, &now);
        if (!now.malformed)
            prefetch(verifier->keyring, &now.digest);
        foreseen = &now;
    }
    *ret = (struct lk_verify_answer){0};
    enum lk_verify_code code = foreseen->malformed ? LK_VERIFY_MALFORMED : decide(verifier->keyring, request, &foreseen->digest, ret);
    finish(verifier, request, code, ret);
    return code;
}

/* Tokens whose memory is fetched together: enough to keep the memory busy, few enough that nothing fetched is pushed out again. */
#define ROUND 16

static void foresee_round(const struct lk_keyring *keyring, const struct lk_slice *tokens, size_t len, struct lk_foreseen *const *ret) {
    for (size_t i = 0; i < len; i++) {
        foresee(keyring, tokens[i], ret[i]);
        if (!ret[i]->malformed)
            prefetch(keyring, &ret[i]->digest);
    }
    const struct lk_entry *guesses[ROUND];
    for (size_t i = 0; i < len; i++) {
        uint32_t ref = ret[i]->malformed ? 0 : lk_table_guess(&keyring->by_digest, lk_hash_digest(&ret[i]->digest));
        guesses[i] = ref == 0 ? NULL : lk_cells_at(&keyring->cells, ref);
        __builtin_prefetch(guesses[i]);
    }
    for (size_t i = 0; i < len; i++) {
        if (guesses[i] != NULL)
            __builtin_prefetch(lk_cells_text_at(&keyring->cells, guesses[i]->text));
    }
}

void lk_verify_foresee(const struct lk_keyring *keyring, const struct lk_slice *tokens, size_t len, struct lk_foreseen *const *ret) {
    for (size_t i = 0; i < len; i += ROUND)
        foresee_round(keyring, tokens + i, len - i < ROUND ? len - i : ROUND, ret + i);
}

static void verify_round(struct lk_verifier *verifier, const struct lk_verify_request *requests, size_t len, struct lk_verify_answer *ret) {
    struct lk_slice tokens[ROUND];
    struct lk_foreseen foreseen[ROUND];
    struct lk_foreseen *pointers[ROUND];
    for (size_t i = 0; i < len; i++) {
        tokens[i] = requests[i].token;
        pointers[i] = &foreseen[i];
    }
    foresee_round(verifier->keyring, tokens, len, pointers);
    for (size_t i = 0; i < len; i++) {
        struct lk_verify_request request = requests[i];
        request.foreseen = &foreseen[i];
        lk_verify(verifier, &request, &ret[i]);
    }
}

void lk_verify_batch(struct lk_verifier *verifier, const struct lk_verify_request *requests, size_t len, struct lk_verify_answer *ret) {
    for (size_t i = 0; i < len; i += ROUND)
        verify_round(verifier, requests + i, len - i < ROUND ? len - i : ROUND, ret + i);
}
