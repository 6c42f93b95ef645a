/* The check of the audit log: along the register of accounts, then again, at each account's latest row along its log. */
#include "domain/audit_mac.h"
#include "domain/master_key.h"
#include "domain/rules.h"
#include "store/older_key.h"

#include <inttypes.h>
#include <stdio.h>

#define STEP_ARENA_MAX ((size_t)64 << 20)

/* Where the check is. Each step returns 1 to go on, 0 at a finding, or negative. */
struct check {
    struct lk_db *db;
    const struct lk_keys *keys;
    const struct lk_mac_key *key; /* the present one */
    struct lk_mac_key older;      /* the last that was asked for, if older_version is not 0 */
    int64_t older_version;
    int64_t place_version; /* of the rows of the register up to place_end, if that is not 0 */
    int64_t place_end;
    struct lk_arena arena; /* of one step, so that a long log does not fill the call's */
    struct lk_audit_finding finding;
    int64_t live; /* accounts whose row was seen */
};

/* Where a log or the register has to end, and how far the check has come in it. */
struct walk {
    int64_t last_seq;
    uint8_t last_mac[LK_MAC_BYTES];
    int64_t seq;
    uint8_t mac[LK_MAC_BYTES];
};

static int found(struct check *check, int64_t sequence, const char *reason) {
    check->finding.intact = false;
    check->finding.sequence = sequence;
    check->finding.reason = reason;
    return 0;
}

static int found_in_list(struct check *check, const struct lk_id *account, int64_t place, const char *reason) {
    static const struct lk_id unknown;
    check->finding.in_list = true;
    check->finding.account_id = account == NULL ? unknown : *account;
    return found(check, place, reason);
}

/* After which number the next row is looked for: one before the first would be seen too. */
static int64_t after(const struct walk *walk) {
    return walk->seq == 0 ? INT64_MIN : walk->seq;
}

/* Why a row that is there is not the next one, or NULL when it is; the walk then stands on it. */
static const char *step_onto(struct walk *walk, int64_t seq, const uint8_t computed[LK_MAC_BYTES], const uint8_t stored[LK_MAC_BYTES]) {
    if (seq != walk->seq + 1)
        return "missing";
    if (!lk_secret_equal(computed, stored, LK_MAC_BYTES))
        return "changed";
    if (seq > walk->last_seq)
        return "beyond the end";
    walk->seq = seq;
    memcpy(walk->mac, computed, LK_MAC_BYTES);
    return NULL;
}

static bool is_at_the_end(const struct walk *walk) {
    return walk->seq == walk->last_seq && lk_secret_equal(walk->mac, walk->last_mac, LK_MAC_BYTES);
}

/* The key that a row was written under. Of a version that never was it is the present one: under that, the row is not as it was written. */
static int key_of_version(struct check *check, int64_t version, const struct lk_mac_key **ret) {
    *ret = check->key;
    if (version == lk_keys_version(check->keys) || version == 0) /* 0: see older_version */
        return 0;
    if (version != check->older_version) {
        int code = lk_master_key_older_audit(check->db, check->keys, version, &check->arena, &check->older);
        check->older_version = code == 0 ? version : 0;
        if (code != 0)
            return code == LK_ENOTFOUND || code == LK_ECORRUPT ? 0 : code;
    }
    *ret = &check->older;
    return 0;
}

static int key_of_place(struct check *check, int64_t position, const struct lk_mac_key **ret) {
    if (position > check->place_end) {
        struct lk_older_key_row row;
        int code = lk_store_older_key_of_place(check->db, position, &check->arena, &row);
        if (code != 0 && code != LK_ENOTFOUND)
            return code;
        check->place_version = code == 0 ? row.version : lk_keys_version(check->keys);
        check->place_end = code == 0 ? row.register_end : INT64_MAX;
    }
    return key_of_version(check, check->place_version, ret);
}

/* --- the log of an account --- */

/* 2 at the end. */
static int check_entry(struct check *check, const struct lk_id *account, struct walk *walk) {
    struct lk_audit_row row;
    lk_arena_reset(&check->arena);
    int code = lk_store_audit_next(check->db, account, after(walk), &check->arena, &row);
    if (code == LK_ENOTFOUND)
        return is_at_the_end(walk) ? 2 : found(check, walk->seq + 1, "the end was cut off");
    if (code != 0)
        return code;
    check->finding.entries++;
    const struct lk_mac_key *key;
    code = key_of_version(check, row.key_version, &key);
    if (code != 0)
        return code;
    uint8_t mac[LK_MAC_BYTES];
    if (walk->seq == 0)
        lk_audit_mac_start(key, account, walk->mac);
    lk_audit_mac_entry(key, walk->mac, &row, mac);
    const char *reason = step_onto(walk, row.seq, mac, row.mac);
    return reason == NULL ? 1 : found(check, walk->seq + 1, reason);
}

static int check_entries(struct check *check, const struct lk_id *account, struct walk *walk) {
    int code;
    lk_audit_mac_start(check->key, account, walk->mac);
    while ((code = check_entry(check, account, walk)) == 1)
        continue;
    return code == 2 ? 1 : code;
}

static int check_live_log(struct check *check, const struct lk_account_row *account) {
    if (!lk_audit_end_is_sealed(check->key, account))
        return found(check, account->audit_seq, "the end was changed");
    struct walk walk = {.last_seq = account->audit_seq};
    memcpy(walk.last_mac, account->audit_mac, sizeof(walk.last_mac));
    check->live++;
    return check_entries(check, &account->id, &walk);
}

static int check_ended_log(struct check *check, const struct lk_register_row *row) {
    static const uint8_t none[LK_STORED_MAC_BYTES];
    if (lk_secret_equal(row->end_mac, none, sizeof(none))) /* see lk_register_deleted */
        return found(check, row->end_seq, "the end was changed before the account was deleted");
    struct walk walk = {.last_seq = row->end_seq};
    memcpy(walk.last_mac, row->end_mac, sizeof(walk.last_mac));
    return check_entries(check, &row->account_id, &walk);
}

/* row: the account's latest. */
static int check_log(struct check *check, const struct lk_register_row *row) {
    struct lk_account_row account;
    int code = lk_store_account_find(check->db, &row->account_id, &check->arena, &account);
    if (code != 0 && code != LK_ENOTFOUND)
        return code;
    check->finding.account_id = row->account_id;
    if (row->has_end)
        return code == 0 ? found(check, 0, "the account was deleted, but its row is there") : check_ended_log(check, row);
    return code == 0 ? check_live_log(check, &account) : found(check, 0, "the account's row is gone, but no deletion was recorded");
}

/* --- the register --- */

/* 2 at the end. */
static int check_place(struct check *check, struct walk *walk) {
    struct lk_register_row row;
    lk_arena_reset(&check->arena);
    int code = lk_store_register_next(check->db, after(walk), &check->arena, &row);
    if (code == LK_ENOTFOUND)
        return is_at_the_end(walk) ? 2 : found_in_list(check, NULL, walk->seq + 1, "the end was cut off");
    if (code != 0)
        return code;
    const struct lk_mac_key *key;
    code = key_of_place(check, row.position, &key);
    if (code != 0)
        return code;
    uint8_t mac[LK_MAC_BYTES];
    if (walk->seq == 0)
        lk_register_mac_start(key, walk->mac);
    lk_register_mac_row(key, walk->mac, &row, mac);
    const char *reason = step_onto(walk, row.position, mac, row.mac);
    if (reason == NULL)
        return 1;
    return found_in_list(check, row.position == walk->seq + 1 ? &row.account_id : NULL, walk->seq + 1, reason);
}

static int check_register(struct check *check) {
    struct lk_register_end_row end;
    int code = lk_store_register_end_find(check->db, &check->arena, &end);
    if (code == LK_ENOTFOUND)
        return found_in_list(check, NULL, 0, "the end was removed");
    if (code != 0)
        return code;
    if (!lk_register_end_is_sealed(check->key, &end))
        return found_in_list(check, NULL, end.position, "the end was changed");
    struct walk walk = {.last_seq = end.position};
    memcpy(walk.last_mac, end.mac, sizeof(walk.last_mac));
    lk_register_mac_start(check->key, walk.mac);
    while ((code = check_place(check, &walk)) == 1)
        continue;
    return code == 2 ? 1 : code;
}

/* The logs, when the register is known to be as it was written. */
static int check_logs(struct check *check) {
    struct lk_register_row row = {0};
    int code = 1;
    while (code == 1) {
        lk_arena_reset(&check->arena);
        code = lk_store_register_next(check->db, row.position, &check->arena, &row);
        if (code == 0)
            code = row.is_latest ? check_log(check, &row) : 1;
    }
    return code == LK_ENOTFOUND ? 1 : code;
}

/* --- what the register does not know --- */

/* Whoever is counted was seen: only when there are more is it worth the time to look for them. */
static int check_strangers(struct check *check) {
    int64_t accounts = 0;
    int64_t entries = 0;
    int code = lk_store_account_count(check->db, &accounts);
    if (code == 0)
        code = lk_store_audit_count(check->db, &entries);
    if (code != 0 || (accounts == check->live && entries == check->finding.entries))
        return code == 0 ? 1 : code;
    code = lk_store_register_stranger(check->db, &check->arena, &check->finding.account_id);
    if (code == LK_ENOTFOUND)
        code = lk_store_register_stranger_in_log(check->db, NULL, &check->arena, &check->finding.account_id);
    if (code == LK_ENOTFOUND)
        return LK_ECORRUPT; /* a row that no number finds */
    return code == 0 ? found(check, 0, "the account is not in the list of accounts") : code;
}

int lk_audit_verify(struct lk_call *call, struct lk_audit_finding *ret) {
    const struct lk_keys *keys = call->domain->keys;
    struct check check = {.db = call->db, .keys = keys, .key = lk_keys_mac(keys, LK_KEY_AUDIT), .finding = {.intact = true}};
    lk_arena_init(&check.arena, STEP_ARENA_MAX);
    int code = check_register(&check);
    if (code == 1)
        code = check_logs(&check);
    if (code == 1)
        code = check_strangers(&check);
    lk_arena_free(&check.arena);
    explicit_bzero(&check.older, sizeof(check.older));
    if (code < 0)
        return lk_fail_store(call, code);
    *ret = check.finding;
    return 0;
}

struct lk_audit_words lk_audit_words(const struct lk_audit_finding *finding) {
    const struct lk_id_text account = lk_id_format(&finding->account_id);
    const bool is_known = !lk_id_is_zero(&finding->account_id);
    char place[64] = "";
    struct lk_audit_words words;
    if (finding->sequence > 0 && finding->in_list && is_known)
        snprintf(place, sizeof(place), "place %" PRId64 " (account %s): ", finding->sequence, account.text);
    else if (finding->sequence > 0)
        snprintf(place, sizeof(place), "%s %" PRId64 ": ", finding->in_list ? "place" : "entry", finding->sequence);
    snprintf(words.text, sizeof(words.text), "%s%s is not as it was written: %s%s",
             finding->in_list ? "The list of accounts" : "The audit log of account ", finding->in_list ? "" : account.text, place,
             finding->reason);
    return words;
}
