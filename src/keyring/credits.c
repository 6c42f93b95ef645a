/* Keys with credits, in a ring that the writer walks to find balances which the database has not. */
#include "keyring/internal.h"

static void add(struct lk_keyring *keyring, struct lk_key_state *state, const struct lk_id *id) {
    struct lk_key_state *at = keyring->credits_at;
    state->counted = true;
    state->id = *id;
    state->next = at == NULL ? state : at;
    state->previous = at == NULL ? state : at->previous;
    state->next->previous = state;
    state->previous->next = state;
    keyring->credits_at = state;
    keyring->credits_len++;
}

void lk_credits_forget(struct lk_keyring *keyring, struct lk_key_state *state) {
    if (!state->counted)
        return;
    state->counted = false;
    state->next->previous = state->previous;
    state->previous->next = state->next;
    if (keyring->credits_at == state)
        keyring->credits_at = state->next == state ? NULL : state->next;
    keyring->credits_len--;
}

void lk_credits_follow(struct lk_keyring *keyring, const struct lk_rare *rare, const struct lk_staged *staged) {
    if (rare == NULL || rare->state == NULL)
        return; /* a state that the key no longer has is forgotten when it is freed */
    if (!rare->has_credits) {
        lk_credits_forget(keyring, rare->state);
        return;
    }
    if (!rare->state->counted)
        add(keyring, rare->state, &staged->id);
    if (staged->set_credits)
        rare->state->kept = staged->credits;
}

/* Whether the batch sets the balance of a key: then it is not ours to say what it is. */
static bool is_being_set(const struct lk_keyring *keyring, const struct lk_id *id) {
    for (size_t i = 0; i < keyring->staged_len; i++) {
        const struct lk_staged *staged = &keyring->staged[i];
        bool sets = staged->kind == LK_STAGED_CREDITS || (staged->kind == LK_STAGED_KEY && staged->set_credits);
        if (sets && lk_id_equal(&staged->id, id))
            return true;
    }
    return false;
}

size_t lk_keyring_spent(struct lk_keyring *keyring, size_t looks, struct lk_keyring_balance *ret, size_t max, bool *ret_done) {
    size_t len = 0;
    while (looks > 0 && len < max && keyring->credits_seen < keyring->credits_len) {
        const struct lk_key_state *state = keyring->credits_at;
        int64_t credits = atomic_load_explicit(&state->credits, memory_order_relaxed);
        if (credits != state->kept && !is_being_set(keyring, &state->id))
            ret[len++] = (struct lk_keyring_balance){state->id, credits};
        keyring->credits_at = state->next;
        keyring->credits_seen++;
        looks--;
    }
    *ret_done = keyring->credits_seen >= keyring->credits_len;
    if (*ret_done)
        keyring->credits_seen = 0;
    return len;
}

void lk_keyring_kept(struct lk_keyring *keyring, const struct lk_keyring_balance *balances, size_t len) {
    for (size_t i = 0; i < len; i++) {
        bool has_credits = false;
        struct lk_key_state *state = lk_key_state(keyring, &balances[i].key, &has_credits);
        if (has_credits)
            state->kept = balances[i].credits;
    }
}
