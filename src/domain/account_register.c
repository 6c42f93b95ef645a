#include "domain/account_register.h"

#include "domain/audit_mac.h"
#include "domain/rules.h"

#define ADOPT_ARENA_MAX (size_t)(1 << 20)

/* Appends a row of which account and end are given. end is moved, but not sealed. */
static int append(struct lk_db *db, const struct lk_mac_key *key, struct lk_register_end_row *end, struct lk_register_row *row) {
    row->position = end->position + 1;
    lk_register_mac_row(key, end->mac, row, row->mac);
    int code = lk_store_register_insert(db, row);
    if (code != 0)
        return code;
    end->position = row->position;
    memcpy(end->mac, row->mac, sizeof(row->mac));
    return 0;
}

static int write_end(struct lk_db *db, const struct lk_mac_key *key, struct lk_register_end_row *end) {
    lk_register_mac_end(key, end, end->seal);
    return lk_store_register_end_set(db, end);
}

static int append_sealed(struct lk_call *call, struct lk_register_row *row) {
    const struct lk_mac_key *key = lk_keys_mac(call->domain->keys, LK_KEY_AUDIT);
    struct lk_register_end_row end;
    int code = lk_store_register_end_find(call->db, call->arena, &end);
    if (code == LK_ENOTFOUND || (code == 0 && !lk_register_end_is_sealed(key, &end)))
        return lk_problem_set(call->problem, LK_ECORRUPT, "The list of accounts is not as it was written: see `latchkey audit verify`");
    if (code == 0)
        code = append(call->db, key, &end, row);
    if (code == 0)
        code = write_end(call->db, key, &end);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

int lk_register_created(struct lk_call *call, const struct lk_id *account) {
    struct lk_register_row row = {.account_id = *account};
    return append_sealed(call, &row);
}

int lk_register_deleted(struct lk_call *call, const struct lk_account_row *account) {
    struct lk_register_row row = {.account_id = account->id, .has_end = true, .end_seq = account->audit_seq};
    /* An end that was not as it was written stays one that no log has: to record it would make good what was done to it. */
    if (lk_audit_end_is_sealed(lk_keys_mac(call->domain->keys, LK_KEY_AUDIT), account))
        memcpy(row.end_mac, account->audit_mac, sizeof(row.end_mac));
    return append_sealed(call, &row);
}

/* --- a database that has none --- */

struct adoption {
    struct lk_db *db;
    const struct lk_mac_key *key;
    struct lk_arena arena; /* of one account at a time */
    struct lk_register_end_row end;
    bool had_one; /* the database has had a register before */
};

static int adopt_account(struct adoption *adoption, struct lk_account_row *account) {
    struct lk_register_row row = {.account_id = account->id};
    adoption->had_one = lk_audit_end_is_sealed(adoption->key, account);
    if (adoption->had_one)
        return LK_ECORRUPT;
    int code = append(adoption->db, adoption->key, &adoption->end, &row);
    /* An end that somebody has changed is found as long as it has no seal. */
    if (code != 0 || !lk_audit_end_is_sealed_unregistered(adoption->key, account))
        return code;
    lk_audit_mac_end(adoption->key, account, account->audit_seal);
    return lk_store_account_set_audit(adoption->db, account);
}

static int adopt_accounts(struct adoption *adoption) {
    struct lk_account_row account;
    struct lk_id last;
    const struct lk_id *after = NULL;
    int code;
    while ((code = lk_store_register_account_next(adoption->db, after, &adoption->arena, &account)) == 0) {
        code = adopt_account(adoption, &account);
        if (code != 0)
            return code;
        last = account.id;
        after = &last;
        lk_arena_reset(&adoption->arena);
    }
    return code == LK_ENOTFOUND ? 0 : code;
}

static int adopt_ended(struct adoption *adoption, const struct lk_id *account) {
    struct lk_register_row created = {.account_id = *account};
    struct lk_register_row deleted = {.account_id = *account, .has_end = true};
    int code = lk_store_audit_last(adoption->db, account, &deleted.end_seq, deleted.end_mac);
    if (code == 0)
        code = append(adoption->db, adoption->key, &adoption->end, &created);
    return code != 0 ? code : append(adoption->db, adoption->key, &adoption->end, &deleted);
}

static int adopt_deleted_accounts(struct adoption *adoption) {
    struct lk_id account;
    const struct lk_id *after = NULL;
    int code;
    while ((code = lk_store_register_stranger_in_log(adoption->db, after, &adoption->arena, &account)) == 0) {
        code = adopt_ended(adoption, &account);
        if (code != 0)
            return code;
        after = &account;
        lk_arena_reset(&adoption->arena);
    }
    return code == LK_ENOTFOUND ? 0 : code;
}

static int adoption_problem(const struct adoption *adoption, int code, struct lk_problem *problem) {
    if (adoption->had_one)
        return lk_problem_set(problem, code, "The list of accounts was taken out of the database: restore a backup");
    return lk_problem_set(problem, code, "The list of accounts cannot be made: %s",
                          code == LK_EFULL || code == LK_EIO ? lk_db_message(adoption->db) : lk_error_text(code));
}

int lk_register_adopt(struct lk_db *db, const struct lk_keys *keys, struct lk_problem *problem) {
    struct adoption adoption = {.db = db, .key = lk_keys_mac(keys, LK_KEY_AUDIT)};
    lk_arena_init(&adoption.arena, ADOPT_ARENA_MAX);
    lk_register_mac_start(adoption.key, adoption.end.mac);
    int code = adopt_accounts(&adoption);
    if (code == 0)
        code = adopt_deleted_accounts(&adoption);
    if (code == 0)
        code = write_end(db, adoption.key, &adoption.end);
    lk_arena_free(&adoption.arena);
    return code == 0 ? 0 : adoption_problem(&adoption, code, problem);
}
