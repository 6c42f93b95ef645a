/* Balances of keys and accounts, in a ring that the writer walks to find those which the database has not. */
#include "keyring/internal.h"

static void add(struct lk_keyring *keyring, struct lk_balance *balance, bool of_account, const struct lk_id *id) {
    struct lk_balance *at = keyring->credits_at;
    balance->counted = true;
    balance->told = false;
    balance->of_account = of_account;
    balance->id = *id;
    balance->next = at == NULL ? balance : at;
    balance->previous = at == NULL ? balance : at->previous;
    balance->next->previous = balance;
    balance->previous->next = balance;
    keyring->credits_at = balance;
    keyring->credits_len++;
}

void lk_credits_forget(struct lk_keyring *keyring, struct lk_balance *balance) {
    if (!balance->counted)
        return;
    balance->counted = false;
    balance->next->previous = balance->previous;
    balance->previous->next = balance->next;
    if (keyring->credits_at == balance)
        keyring->credits_at = balance->next == balance ? NULL : balance->next;
    keyring->credits_len--;
}

void lk_credits_follow(struct lk_keyring *keyring, struct lk_balance *balance, bool of_account, const struct lk_staged *staged) {
    if (!balance->counted)
        add(keyring, balance, of_account, &staged->id);
    if (staged->set_credits)
        lk_credits_keep(balance, staged->credits);
}

/* What the flush was told before, in this batch, is not what the database has at its end. */
void lk_credits_keep(struct lk_balance *balance, int64_t credits) {
    balance->kept = credits;
    balance->told = false;
}

static bool sets_balance(const struct lk_staged *staged, bool of_account) {
    if (of_account)
        return staged->kind == LK_STAGED_ACCOUNT && staged->set_credits;
    return staged->kind == LK_STAGED_CREDITS || (staged->kind == LK_STAGED_KEY && staged->set_credits);
}

/* Whether the batch sets a balance: then it is not ours to say what it is. */
static bool is_being_set(const struct lk_keyring *keyring, const struct lk_balance *balance) {
    for (size_t i = 0; i < keyring->staged_len; i++) {
        const struct lk_staged *staged = &keyring->staged[i];
        if (sets_balance(staged, balance->of_account) && lk_id_equal(&staged->id, &balance->id))
            return true;
    }
    return false;
}

size_t lk_keyring_spent(struct lk_keyring *keyring, size_t looks, struct lk_keyring_balance *ret, size_t max, bool *ret_done) {
    size_t len = 0;
    while (looks > 0 && len < max && keyring->credits_seen < keyring->credits_len) {
        struct lk_balance *balance = keyring->credits_at;
        int64_t credits = lk_credits_left(&balance->credits);
        balance->told = credits != balance->kept && !is_being_set(keyring, balance);
        if (balance->told)
            ret[len++] = (struct lk_keyring_balance){balance->of_account, balance->id, credits};
        keyring->credits_at = balance->next;
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
        const struct lk_id *id = &balances[i].id;
        struct lk_balance *balance = balances[i].of_account ? lk_account_balance(keyring, id) : lk_key_balance(keyring, id);
        if (balance != NULL && balance->told)
            lk_credits_keep(balance, balances[i].credits);
    }
}
